"""The table of routes, which serves requests and writes the OpenAPI document alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from pydantic import BaseModel

from ....app.booking import Actor
from ....app.sessions import Session
from ....core.refusals import Refusal
from .values import Out

M = TypeVar("M", bound=BaseModel)


class Who(Enum):
    """Who may ask."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed-in"
    NEWCOMER = "newcomer"  # signed in, perhaps with a password that must be changed first
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, checked. ids: those of the path, in order. secure: it came by TLS or from this machine.

    cookie: the text of the session cookie, valid or not. origin: the address that pages are reached by.
    """

    ids: tuple[str, ...] = ()
    query: BaseModel | None = None
    body: BaseModel | None = field(default=None, repr=False)
    session: Session | None = None
    source: str = ""
    transport: Transport | None = None
    cookie: str = field(default="", repr=False)

    def asked(self, model: type[M]) -> M:
        """The query."""
        assert isinstance(self.query, model)
        return self.query

    def sent(self, model: type[M]) -> M:
        """The body."""
        assert isinstance(self.body, model)
        return self.body

    @property
    def who(self) -> Session:
        """Whoever is signed in, on routes that demand it."""
        assert self.session is not None
        return self.session

    @property
    def actor(self) -> Actor:
        user = self.who.user
        return Actor(user.id, user.tenant, user.level, self.source)


@dataclass(frozen=True, slots=True)
class Transport:
    """How a request came. encrypted: by TLS, to us or to a proxy of the settings; local: from this machine."""

    encrypted: bool
    local: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with headers of its own."""

    body: Out | None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Handler = Callable[[Request], Awaitable[Out | Reply | None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. The path is below the API's root; `{...}` stands for one segment.

    answer None: 204. refusals: statuses that this operation may answer, besides those that `who` and `body` bring.
    """

    method: str
    path: str
    handler: Handler
    what: str
    who: Who = Who.ADMINISTRATOR
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[Out] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(part for part in self.path.split("/") if part)

    @property
    def success(self) -> int:
        return self.status if self.answer is not None else 204


class Router:
    """Finds the route of a request. A literal segment wins over a name."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)

    def find(self, method: str, segments: tuple[str, ...]) -> tuple[Route | None, tuple[str, ...], frozenset[str]]:
        """(route, ids of the path, methods that the path has). Raises Refusal not-found: there is no such path."""
        here = [route for route in self.routes if _fits(route.segments, segments)]
        if not here:
            raise Refusal("not-found", kind="path", id="")
        literal = max(sum(not part.startswith("{") for part in route.segments) for route in here)
        here = [r for r in here if sum(not part.startswith("{") for part in r.segments) == literal]
        for route in here:
            if route.method == method:
                ids = [given for part, given in zip(route.segments, segments, strict=True) if part.startswith("{")]
                return route, tuple(ids), frozenset()
        return None, (), frozenset(route.method for route in here)


def _fits(pattern: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return len(pattern) == len(segments) and all(
        part.startswith("{") or part == given for part, given in zip(pattern, segments, strict=True)
    )
