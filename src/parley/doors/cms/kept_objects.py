"""What every kind of object that administrators keep answers: its list, one, making, changing, deleting (cms-api 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from ...app.ports import Page, Query
from .fields import Parsed, Table, collection, extras_of, values_of
from .requests import USAGE, Created, Request
from .router import Route
from .xml import Node

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)


class UseCases(Protocol[E_contra]):
    """The use cases of one kind of object; E is an edit of one."""

    async def get(self, id: str) -> Any: ...

    async def page(self, query: Query) -> Page[Any]: ...

    async def create(self, edit: E_contra) -> str: ...

    async def change(self, id: str, edit: E_contra) -> None: ...

    async def delete(self, id: str) -> None: ...


class ProfileUseCases(UseCases[E_contra], Protocol[E_contra]):
    """Something may refer to such an object, or not."""

    async def page(self, query: Query, used: bool | None = None) -> Page[Any]: ...


def plain(edit: Callable[..., E]) -> Callable[[Parsed], E]:
    """The parameters as they are, and what has no effect beside them."""
    return lambda parsed: edit(**parsed.plain(), extras=parsed.extras_edit)


def with_settings(edit: Callable[..., E]) -> Callable[[Parsed], E]:
    """Of a profile: what it holds is one mapping of its own."""
    return lambda parsed: edit(**parsed.plain(), settings=parsed.under("settings"), extras=parsed.extras_edit)


class Objects(Generic[E]):
    """One kind. path: where its list is, whose element has the same name. edit: what was parsed, as the use cases take
    it. cap: most entries of one page. filters: as in Request.page."""

    def __init__(
        self, path: str, table: Table, kept: UseCases[E], edit: Callable[[Parsed], E], cap: int, **filters: str
    ) -> None:
        self._path = path
        self._table = table
        self._kept = kept
        self._edit = edit
        self._cap = cap
        self._filters = filters

    def routes(self) -> list[Route]:
        return [
            Route(self._path, self._table, get=self.index, post=self.create),
            Route(self._path + "/{id}", self._table, get=self.get, put=self.change, delete=self.delete),
        ]

    async def index(self, request: Request) -> Node:
        page = await self.page(request)
        return collection(self._path, page.total, [self.node(one, listed=True) for one in page.items])

    async def page(self, request: Request) -> Page[Any]:
        return await self._kept.page(request.page(self._cap, **self._filters))

    def node(self, one: Any, *, listed: bool = False) -> Node:
        return self._table.node(one.id, values_of(one), extras_of(one), listed=listed)

    async def get(self, request: Request) -> Node:
        return self.node(await self._kept.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = self._edit(self._table.parse(request.form, create=True))
        return Created(f"{self._path}/{await self._kept.create(edit)}")

    async def change(self, request: Request) -> None:
        await self._kept.change(request.ids[0], self._edit(self._table.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._kept.delete(request.ids[0])


class Profiles(Objects[E]):
    """Objects that others refer to; a list may be of those alone, or of the others."""

    def __init__(
        self, path: str, table: Table, kept: ProfileUseCases[E], edit: Callable[[Parsed], E], cap: int
    ) -> None:
        super().__init__(path, table, kept, edit, cap)
        self._profiles = kept

    async def page(self, request: Request) -> Page[Any]:
        return await self._profiles.page(request.page(self._cap), request.word("usageFilter", USAGE))
