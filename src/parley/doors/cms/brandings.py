"""callBrandingProfiles and ivrBrandingProfiles (cms-api 2.11, 2.12)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.brandings import BrandingEdit, Brandings
from ...core.branding import Branding
from .codecs import Url
from .fields import Field, Parsed, Table, collection, extras_of, values_of
from .requests import Created, Request
from .router import Route
from .xml import Node

_LOCATION = Field(
    "resourceLocation",
    Url("http", "https"),
    "resource_location",
    listed=True,
    note="directory of sound files, fetched ahead; private addresses only as outbound.allowed_private says",
)
CALL_BRANDING = Table(
    "callBrandingProfile",
    "2.12",
    (Field("invitationTemplate", Url("http", "https"), since="1.8", listed=True), _LOCATION),
)
IVR_BRANDING = Table("ivrBrandingProfile", "2.11", (_LOCATION,))


def routes(administration: Administration, cap: int) -> list[Route]:
    """cap: most entries of one page."""
    found: list[Route] = []
    for table, brandings in (
        (CALL_BRANDING, administration.call_brandings),
        (IVR_BRANDING, administration.ivr_brandings),
    ):
        door = _Brandings(table, brandings, cap)
        path = f"{table.name}s"
        found += [
            Route(path, table, get=door.index, post=door.create),
            Route(path + "/{id}", table, get=door.get, put=door.change, delete=door.delete),
        ]
    return found


class _Brandings:
    def __init__(self, table: Table, brandings: Brandings, cap: int) -> None:
        self._table = table
        self._brandings = brandings
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._brandings.page(request.page(self._cap))
        return collection(f"{self._table.name}s", page.total, [self._node(one, listed=True) for one in page.items])

    async def get(self, request: Request) -> Node:
        return self._node(await self._brandings.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = _edit(self._table.parse(request.form, create=True))
        return Created(f"{self._table.name}s/{await self._brandings.create(edit)}")

    async def change(self, request: Request) -> None:
        await self._brandings.change(request.ids[0], _edit(self._table.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._brandings.delete(request.ids[0])

    def _node(self, branding: Branding, *, listed: bool = False) -> Node:
        return self._table.node(branding.id, values_of(branding), extras_of(branding), listed=listed)


def _edit(parsed: Parsed) -> BrandingEdit:
    return BrandingEdit(**parsed.plain(), extras=parsed.extras_edit)
