"""Which node a path names, in whatever letter case (cms-api 1.3, 2.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from .fields import Table
from .requests import Created, Request
from .xml import Node

Handler = Callable[[Request], Awaitable[Node | Created | None]]

ID = "{id}"
ID_MOST = 64


@dataclass(frozen=True, slots=True)
class Route:
    """One addressable node. path: segments below /api/v1, ID for an identifier. table: of the object it is about.

    A method without a handler answers invalidOperation.
    """

    path: str
    table: Table | None = None
    get: Handler | None = None
    post: Handler | None = None
    put: Handler | None = None
    delete: Handler | None = None

    def handler(self, method: str) -> Handler | None:
        return {"GET": self.get, "POST": self.post, "PUT": self.put, "DELETE": self.delete}.get(method)


class Router:
    """All routes. A literal segment wins over an identifier, so `participants/*` is not a participant."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[int, list[tuple[tuple[str, ...], Route]]] = {}
        for route in routes:
            pattern = tuple(part if part == ID else part.lower() for part in route.path.split("/"))
            self._routes.setdefault(len(pattern), []).append((pattern, route))
        for same_length in self._routes.values():
            same_length.sort(key=lambda entry: entry[0].count(ID))

    def find(self, segments: Iterable[str]) -> tuple[Route, tuple[str, ...]] | None:
        """The route and the identifiers of a path's segments below /api/v1; None: no such node."""
        parts = tuple(part.lower() for part in segments)
        for pattern, route in self._routes.get(len(parts), ()):
            if all(wanted in (ID, part) for wanted, part in zip(pattern, parts, strict=True)):
                ids = tuple(part for wanted, part in zip(pattern, parts, strict=True) if wanted == ID)
                if all(len(id) <= ID_MOST for id in ids):
                    return route, ids
        return None
