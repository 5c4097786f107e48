"""Cloud rooms and personal rooms (huawei-api 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...app.accounts import Accounts, Naming
from ...app.booking import Actor
from ...app.editing import KEEP, Kept
from ...app.rooms import ROOMS_OF_USER_MOST, RoomEdit, RoomRecord, Rooms
from ...core.ids import SpaceId, UserId
from ...core.people import User
from ...core.secret import Secret
from ...core.spaces import SpaceKind
from .account_fields import ENTERPRISE_ROOM, NEW_ROOM, ROOM, USER_ROOM
from .codecs import core_id
from .corporation import signed_in_name
from .errors import HuaweiError
from .fields import extras_of
from .join_links import JoinLinks
from .requests import Request, listing
from .router import Route

ROOMS_MOST = 100  # in one request
PERSONAL, CLOUD = 0, 1
NORMAL, DISABLED, UNASSIGNED = 0, 1, 2
STATUSES = {None: None, NORMAL: "enabled", DISABLED: "disabled", UNASSIGNED: "unassigned"}


@dataclass(frozen=True, slots=True)
class RoomDoor:
    """The operations. domain: that of people whose sign-in name has none."""

    rooms: Rooms
    accounts: Accounts
    links: JoinLinks
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
        kinds = {None: None, False: SpaceKind.PERSONAL_ROOM, True: SpaceKind.CLOUD_ROOM}
        kind = kinds[request.flag("specialVmr")]
        search = request.text("searchKey", 128)
        page = await self.rooms.mine(request.actor, offset=offset, limit=limit, search=search, kind=kind)
        return listing(
            offset, limit, page.total, [ROOM.render(self._values(room), extras_of(room.space)) for room in page.items]
        )

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
            extras=parsed.extras_edit,
        )
        (id,) = _ids((request.parameters["id"],))
        await self.rooms.change(request.actor, id, edit)

    async def of_enterprise(self, request: Request) -> Any:
        offset, limit = request.span(10)
        if request.integer("vmrMode", CLOUD, 1, 2) != CLOUD:
            return listing(offset, limit, 0, [])  # there are no rooms for webinars
        page = await self.rooms.of_enterprise(
            request.actor,
            offset=offset,
            limit=limit,
            search=request.text("searchKey", 128),
            status=STATUSES[request.integer("status", None, NORMAL, UNASSIGNED)],
        )
        return listing(offset, limit, page.total, [self._enterprise_row(room) for room in page.items])

    async def create(self, request: Request) -> Any:
        """Ours: the original sells rooms."""
        if not request.actor.administers:
            raise HuaweiError("USG.000000005", "X-Access-Token: is not an administrator's")
        parsed = NEW_ROOM.parse(request.body)
        edit = RoomEdit(name=parsed.get("name"), size=parsed.get("size", KEEP))
        room = await self.rooms.create(request.actor.tenant, SpaceKind.CLOUD_ROOM, edit)
        return self._enterprise_row(room)

    async def assign(self, request: Request) -> None:
        user = await self._user(request)
        await self.rooms.assign(request.actor, user, _ids(request.strings(ROOMS_OF_USER_MOST)))

    async def take_back(self, request: Request) -> None:
        user = await self._user(request)
        await self.rooms.take_back(request.actor, user, _ids(request.strings(ROOMS_OF_USER_MOST)))

    async def delete(self, request: Request) -> None:
        await self.rooms.delete(request.actor, _ids(request.strings(ROOMS_MOST)))

    def _values(self, room: RoomRecord) -> dict[str, Any]:
        links = {
            "guest_link": self.links.link(room.number, room.guest),
            "host_link": self.links.link(room.number, room.host),
        }
        return {**values(room), **links}

    def _enterprise_row(self, room: RoomRecord) -> Any:
        owner = room.owner
        holder = {"id": owner.id, "mark": signed_in_name(owner, self.domain)} if owner is not None else None
        return ENTERPRISE_ROOM.render({**values(room), "holder": holder})

    async def _user(self, request: Request) -> UserId:
        naming = Naming(request.integer("accountType", 0, 0, 1) or 0)
        return (await self.accounts.find(request.actor, request.parameters["account"], naming)).id


async def rooms_of(rooms: Rooms, user: User, kind: SpaceKind | None = None) -> Sequence[RoomRecord]:
    """The personal room of somebody, and the cloud rooms assigned to that person."""
    page = await rooms.mine(Actor(user.id, user.tenant, user.level), limit=ROOMS_OF_USER_MOST + 1, kind=kind)
    return page.items


def user_room(room: RoomRecord) -> dict[str, Any]:
    """As it stands inside a user."""
    known = values(room)
    return {row.attribute: known[row.attribute] for row in USER_ROOM.fields if row.attribute in known}


def values(room: RoomRecord) -> dict[str, Any]:
    """By attribute of the tables."""
    space = room.space
    status = DISABLED if not space.enabled else NORMAL if space.owner is not None else UNASSIGNED
    return {
        "id": space.id,
        "number": room.number,
        "name": space.name,
        "guest_passcode": room.guest.passcode,
        "host_passcode": room.host.passcode,
        "guests_may_start": room.guests_may_start,
        "mode": PERSONAL if space.kind is SpaceKind.PERSONAL_ROOM else CLOUD,
        "size": space.size,
        "status": status,
    }


def _ids(texts: Sequence[str]) -> list[SpaceId]:
    """Raises HuaweiError: one of them can be no room."""
    ids = [core_id(text) for text in texts]
    if None in ids:
        raise HuaweiError("USG.201080020", f"id: {texts[ids.index(None)][:64]} is no room")
    return [SpaceId(id) for id in ids if id is not None]
