"""Cloud rooms and personal rooms (huawei-api 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...app.accounts import Accounts, Naming
from ...app.booking import Actor
from ...app.editing import KEEP, Kept
from ...app.ports import Page
from ...core.ids import SpaceId, UserId
from ...core.secret import Secret
from ...core.spaces import AccessMethod, Space, SpaceKind
from .account_fields import ENTERPRISE_ROOM, NEW_ROOM, ROOM, USER_ROOM
from .codecs import core_id
from .corporation import signed_in_name
from .errors import HuaweiError
from .requests import Request, listing
from .router import Route

ROOMS_MOST = 100  # in one request
OF_ONE_MOST = 32  # that one person may hold
PERSONAL, CLOUD = 0, 1
NORMAL, DISABLED, UNASSIGNED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room with its two ways in."""

    space: Space
    host: AccessMethod
    guest: AccessMethod
    host_link: str = ""
    guest_link: str = ""
    guests_may_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEdit:
    name: str | Kept = KEEP
    host_passcode: Secret | Kept = KEEP
    guest_passcode: Secret | Kept | None = KEEP
    guests_may_start: bool | Kept = KEEP


@dataclass(frozen=True, slots=True)
class RoomQuery:
    """kinds: of space. assigned: True only those somebody holds, False only free ones. enabled: likewise."""

    offset: int = 0
    limit: int = 10
    contains: str | None = None
    kinds: tuple[SpaceKind, ...] = (SpaceKind.PERSONAL_ROOM, SpaceKind.CLOUD_ROOM)
    assigned: bool | None = None
    enabled: bool | None = None


class Rooms(Protocol):
    """What this door needs of the rooms' use cases. Each refuses what the actor may not do (not-permitted) and what
    does not exist in the actor's enterprise (not-found, kind room)."""

    async def mine(self, actor: Actor, query: RoomQuery) -> Page[RoomRecord]: ...

    async def of_user(self, user: UserId) -> list[RoomRecord]: ...

    async def of_enterprise(self, actor: Actor, query: RoomQuery) -> Page[RoomRecord]: ...

    async def change_mine(self, actor: Actor, id: SpaceId, edit: RoomEdit) -> None: ...

    async def create(self, actor: Actor, name: str, number: str | None, size: int | None) -> RoomRecord: ...

    async def assign(self, actor: Actor, user: UserId, ids: Sequence[SpaceId]) -> None: ...

    async def take_back(self, actor: Actor, user: UserId, ids: Sequence[SpaceId]) -> None: ...

    async def delete(self, actor: Actor, ids: Sequence[SpaceId]) -> None: ...


@dataclass(frozen=True, slots=True)
class RoomDoor:
    """The operations. domain: that of people whose sign-in name has none."""

    rooms: Rooms
    accounts: Accounts
    domain: str

    def routes(self) -> list[Route]:
        mine, all = "/v1/usg/dcs/member/vmr", "/v1/usg/dcs/corp/vmr"
        return [
            Route("GET", mine, self.mine),
            Route("PUT", f"{mine}/{{id}}", self.change_mine, tables=(ROOM,)),
            Route("GET", all, self.of_enterprise),
            Route("POST", all, self.create, tables=(NEW_ROOM,)),
            Route("POST", f"{all}/assign-to-member/{{account}}", self.assign),
            Route("POST", f"{all}/recycle-from-member/{{account}}", self.take_back),
            Route("POST", f"{all}/delete", self.delete),
        ]

    async def mine(self, request: Request) -> Any:
        offset, limit = request.span(10)
        special = request.flag("specialVmr")
        kinds = {None: RoomQuery().kinds, False: (SpaceKind.PERSONAL_ROOM,), True: (SpaceKind.CLOUD_ROOM,)}[special]
        page = await self.rooms.mine(request.actor, RoomQuery(offset, limit, request.text("searchKey", 128), kinds))
        return listing(offset, limit, page.total, [ROOM.render(values(room)) for room in page.items])

    async def change_mine(self, request: Request) -> None:
        parsed = ROOM.parse(request.body)
        guest: Secret | Kept | None = parsed.get("guest_passcode", KEEP)
        if isinstance(guest, Secret) and not guest.reveal():
            guest = None
        host: Secret | Kept = parsed.get("host_passcode", KEEP)
        if isinstance(host, Secret) and not host.reveal():
            raise request.bad("chairPwd", "must be 4 to 16 digits")
        edit = RoomEdit(
            name=parsed.get("name", KEEP),
            host_passcode=host,
            guest_passcode=guest,
            guests_may_start=parsed.get("guests_may_start", KEEP),
        )
        (id,) = _ids((request.parameters["id"],))
        await self.rooms.change_mine(request.actor, id, edit)

    async def of_enterprise(self, request: Request) -> Any:
        offset, limit = request.span(10)
        status = request.integer("status", None, NORMAL, UNASSIGNED)
        # Mode 2 would be webinar rooms, of which there are none.
        kinds = {1: (SpaceKind.CLOUD_ROOM,), 2: ()}[request.integer("vmrMode", CLOUD, 1, 2) or CLOUD]
        query = RoomQuery(
            offset,
            limit,
            request.text("searchKey", 128),
            kinds,
            assigned=None if status in (None, DISABLED) else status == NORMAL,
            enabled=None if status is None else status != DISABLED,
        )
        page = await self.rooms.of_enterprise(request.actor, query)
        owners = await self.accounts.several(request.actor, [one.space.owner for one in page.items if one.space.owner])
        names = {user.id: signed_in_name(user, self.domain) for user in owners}
        rows = []
        for room in page.items:
            owner = room.space.owner
            holder = {"id": owner, "mark": names[owner]} if owner in names else None
            rows.append(ENTERPRISE_ROOM.render({**values(room), "holder": holder}))
        return listing(offset, limit, page.total, rows)

    async def create(self, request: Request) -> Any:
        """Ours: the original sells rooms."""
        parsed = NEW_ROOM.parse(request.body)
        room = await self.rooms.create(
            request.actor, parsed.get("name"), parsed.get("number") or None, parsed.get("size")
        )
        return ENTERPRISE_ROOM.render(values(room))

    async def assign(self, request: Request) -> None:
        user = await self._user(request)
        await self.rooms.assign(request.actor, user, _ids(request.strings(OF_ONE_MOST)))

    async def take_back(self, request: Request) -> None:
        user = await self._user(request)
        await self.rooms.take_back(request.actor, user, _ids(request.strings(OF_ONE_MOST)))

    async def delete(self, request: Request) -> None:
        await self.rooms.delete(request.actor, _ids(request.strings(ROOMS_MOST)))

    async def _user(self, request: Request) -> UserId:
        naming = Naming(request.integer("accountType", 0, 0, 1) or 0)
        return (await self.accounts.find(request.actor, request.parameters["account"], naming)).id


def values(room: RoomRecord) -> dict[str, Any]:
    """By attribute of the tables."""
    space = room.space
    status = DISABLED if not space.enabled else NORMAL if space.owner is not None else UNASSIGNED
    return {
        "id": space.id,
        "number": room.host.call_id or "",
        "name": space.name,
        "guest_passcode": room.guest.passcode,
        "guest_link": room.guest_link,
        "host_passcode": room.host.passcode,
        "host_link": room.host_link,
        "guests_may_start": room.guests_may_start,
        "mode": PERSONAL if space.kind is SpaceKind.PERSONAL_ROOM else CLOUD,
        "size": space.size,
        "status": status,
    }


def user_room(room: RoomRecord) -> dict[str, Any]:
    """As it stands inside a user."""
    known = values(room)
    return {row.attribute: known[row.attribute] for row in USER_ROOM.fields if row.attribute in known}


def _ids(texts: Sequence[str]) -> list[SpaceId]:
    """Raises HuaweiError: one of them can be no room."""
    ids = [core_id(text) for text in texts]
    if None in ids:
        raise HuaweiError("USG.201080020", f"id: {texts[ids.index(None)][:64]} is no room")
    return [SpaceId(id) for id in ids if id is not None]
