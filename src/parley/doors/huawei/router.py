"""Which operation a method and a path name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .fields import Table
from .requests import Request

SEGMENT_MOST = 512

# None: 200 with an empty body; a JSON value: 200 with it; a Reply: as it says.
Handler = Callable[[Request], Awaitable[Any]]


class Auth(Enum):
    """What a request must carry."""

    USER = "a valid access token"
    MAYBE = "an access token, or nothing that counts"
    NONE = "nothing"
    CONTROL = "a control token of the conference in the query"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. template: `/v1/usg/dcs/corp/member/{account}`. tables: of its body, to name fields in errors."""

    method: str
    template: str
    handler: Handler
    auth: Auth = Auth.USER
    tables: tuple[Table, ...] = ()


class Router:
    """All operations. A literal segment wins over a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._nodes: dict[int, list[tuple[tuple[str, ...], dict[str, Route]]]] = {}
        patterns: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            pattern = tuple(route.template.strip("/").split("/"))
            methods = patterns.setdefault(pattern, {})
            if route.method in methods:
                raise ValueError(f"two operations at {route.method} {route.template}")
            methods[route.method] = route
        for pattern, methods in patterns.items():
            self._nodes.setdefault(len(pattern), []).append((pattern, methods))
        for same_length in self._nodes.values():
            same_length.sort(key=lambda node: [part.startswith("{") for part in node[0]])

    def find(self, method: str, segments: Sequence[str]) -> tuple[Route | None, dict[str, str], tuple[str, ...]] | None:
        """(operation, path parameters, methods there are); None: no such path.

        The operation is None where the path exists but not with this method.
        """
        allowed: dict[str, None] = {}
        for pattern, methods in self._nodes.get(len(segments), ()):
            parameters = _matched(pattern, segments)
            if parameters is None:
                continue
            if method in methods:
                return methods[method], parameters, ()
            allowed.update(dict.fromkeys(methods))
        return (None, {}, tuple(allowed)) if allowed else None


def _matched(pattern: tuple[str, ...], segments: Sequence[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for wanted, part in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            if len(part) > SEGMENT_MOST:
                return None
            parameters[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return parameters
