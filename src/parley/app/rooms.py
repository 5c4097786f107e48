"""Cloud rooms and personal rooms: lasting places of a user, with a number, a guests' door and a host's.

A room is a space like any other. Whether guests may begin stands in the space's own settings; the guests' door is the
space's own access method, the host's a second one under the same number.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from ..core.conference_rules import HOST_SETTINGS, check_passcode, check_text
from ..core.conferences import OccurrenceState
from ..core.ids import SpaceId, TenantId, UserId
from ..core.people import User
from ..core.profiles import DeactivationMode, LegSettings
from ..core.refusals import Refusal
from ..core.secret import Secret
from ..core.spaces import AccessMethod, Space, SpaceKind
from .account_rights import check_administers
from .booking import Actor
from .changes import Change, Changes
from .conference_rooms import ROOMS
from .conference_spaces import doors_among, free_number, fresh_passcode, room_call_settings, ways_in
from .editing import KEEP, ExtrasEdit, Kept, found, merged
from .ports import Identifiers, Page, Query, Store, Transaction

ROOMS_OF_USER_MOST = 32
NAME_MOST = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEdit:
    """guest_passcode None: guests need none. size None: no bound of its own."""

    name: str | Kept = KEEP
    guest_passcode: Secret | Kept | None = KEEP
    host_passcode: Secret | Kept = KEEP
    guests_may_start: bool | Kept = KEEP
    size: int | Kept | None = KEEP
    enabled: bool | Kept = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room with its doors and its owner."""

    space: Space
    guest: AccessMethod
    host: AccessMethod
    owner: User | None

    @property
    def number(self) -> str:
        return self.guest.call_id or ""

    @property
    def guests_may_start(self) -> bool:
        return self.space.leg_settings.needs_activation is False


class Rooms:
    """The use cases. Refusals: not-found, not-permitted, invalid(field), passcode-illegal, passcode-equals-number,
    passcode-equals-host, unknown-reference(user), limit(rooms-of-user), in-use(conference), room-assigned."""

    def __init__(
        self, store: Store, identifiers: Identifiers, changes: Changes, reserved: Collection[str] = ()
    ) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes
        self._reserved = frozenset(reserved)

    # --- reading ---------------------------------------------------------------------------------------------

    async def mine(
        self,
        actor: Actor,
        *,
        offset: int = 0,
        limit: int = 10,
        search: str | None = None,
        kind: SpaceKind | None = None,
    ) -> Page[RoomRecord]:
        """The actor's personal rooms and the cloud rooms assigned to the actor, personal ones first."""
        return await self._page({"owner": actor.user, "tenant": actor.tenant}, kind, None, search, offset, limit)

    async def of_enterprise(
        self,
        actor: Actor,
        *,
        offset: int = 0,
        limit: int = 10,
        search: str | None = None,
        kind: SpaceKind | None = SpaceKind.CLOUD_ROOM,
        status: str | None = None,
    ) -> Page[RoomRecord]:
        """For administrators. status: enabled, disabled or unassigned."""
        check_administers(actor, "manage the enterprise's rooms")
        return await self._page({"tenant": actor.tenant}, kind, status, search, offset, limit)

    async def default(self, actor: Actor) -> SpaceId:
        """The room meant when none is named: the personal one, else the cloud room with the smallest number. Raises
        Refusal not-found."""
        page = await self.mine(actor, limit=ROOMS_OF_USER_MOST + 1)
        if not page.items:
            raise Refusal("not-found", kind="room", id="", field="room")
        return page.items[0].space.id

    async def show(self, actor: Actor, id: str) -> RoomRecord:
        """For its owner and administrators."""
        async with self._store.reading() as tx:
            return await self._own(tx, actor, id)

    async def _page(
        self,
        where: dict[str, object],
        kind: SpaceKind | None,
        status: str | None,
        search: str | None,
        offset: int,
        limit: int,
    ) -> Page[RoomRecord]:
        kinds = (SpaceKind.PERSONAL_ROOM, SpaceKind.CLOUD_ROOM) if kind is None else (kind,)
        rows: list[RoomRecord] = []
        async with self._store.reading() as tx:
            for each in kinds:
                page = await tx.spaces.page(Query(where={**where, "kind": each}, contains=search or None))
                records = [await _record(tx, space) for space in page.items if _has_status(space, status)]
                rows += sorted(records, key=lambda record: (len(record.number), record.number))
        return Page(len(rows), tuple(rows[offset : offset + limit]))

    # --- by the owner ----------------------------------------------------------------------------------------

    async def change(self, actor: Actor, id: str, edit: RoomEdit) -> RoomRecord:
        """Name, passcodes and who may begin: owner or administrator. Size and the switch: administrators."""
        if (edit.size, edit.enabled) != (KEEP, KEEP):
            check_administers(actor, "manage the enterprise's rooms")
        async with self._store.transaction() as tx:
            record = _edited(await self._own(tx, actor, id), edit)
            await tx.spaces.save(record.space)
            await tx.access_methods.save(record.guest)
            await tx.access_methods.save(record.host)
        self._changes.publish(Change("space", record.space.id))
        return record

    # --- by administrators and the command line --------------------------------------------------------------

    async def create(
        self, tenant: TenantId | None, kind: SpaceKind, edit: RoomEdit, owner: UserId | None = None
    ) -> RoomRecord:
        """A room with a random number; a personal one needs an owner, who has no other. Guests need no passcode
        unless one is given."""
        if kind not in ROOMS:
            raise Refusal("invalid", field="kind", error="no room")
        async with self._store.transaction() as tx:
            if kind is SpaceKind.PERSONAL_ROOM and owner is None:
                raise Refusal("missing", field="owner")
            if owner is not None:
                await _check_owner(tx, owner, tenant, kind, 1)
            number = await free_number(tx, self._identifiers, self._reserved)
            space = Space(
                id=SpaceId(self._identifiers.uuid()),
                tenant=tenant,
                owner=owner,
                kind=kind,
                leg_settings=LegSettings(needs_activation=True, deactivation_mode=DeactivationMode.REMAIN),
            )
            host_passcode = fresh_passcode(self._identifiers)
            while host_passcode == edit.guest_passcode:
                host_passcode = fresh_passcode(self._identifiers)
            guest, host = ways_in(space.id, number, None, host_passcode, self._identifiers, own=True)
            guest = replace(guest, leg_settings=LegSettings())
            host = replace(host, leg_settings=HOST_SETTINGS)
            record = _edited(RoomRecord(space, guest, host, await tx.users.get(owner) if owner else None), edit)
            await tx.spaces.add(record.space)
            await tx.access_methods.add(record.guest)
            await tx.access_methods.add(record.host)
        self._changes.publish(Change("space", record.space.id))
        return record

    async def assign(self, actor: Actor, user: UserId, ids: Sequence[str]) -> None:
        """Give unassigned cloud rooms to a user, all or none."""
        check_administers(actor, "manage the enterprise's rooms")
        async with self._store.transaction() as tx:
            rooms = [(await self._own(tx, actor, id)).space for id in dict.fromkeys(ids)]
            for room in rooms:
                if room.kind is not SpaceKind.CLOUD_ROOM:
                    raise Refusal("invalid", field="ids", error="a personal room stays its owner's")
                if room.owner not in {None, user}:
                    raise Refusal("room-assigned", id=room.id)
            fresh = [room for room in rooms if room.owner is None]
            await _check_owner(tx, user, actor.tenant, SpaceKind.CLOUD_ROOM, len(fresh))
            for room in fresh:
                await tx.spaces.save(replace(room, owner=user))
        for room in fresh:
            self._changes.publish(Change("space", room.id))

    async def take_back(self, actor: Actor, user: UserId, ids: Sequence[str]) -> None:
        """All or none; refused while conferences of theirs are booked in them."""
        check_administers(actor, "manage the enterprise's rooms")
        async with self._store.transaction() as tx:
            rooms = [(await self._own(tx, actor, id)).space for id in dict.fromkeys(ids)]
            for room in rooms:
                if room.owner != user or room.kind is not SpaceKind.CLOUD_ROOM:
                    raise Refusal("not-found", kind="room", id=room.id)
                await _check_unused(tx, room)
                await tx.spaces.save(replace(room, owner=None))
        for room in rooms:
            self._changes.publish(Change("space", room.id))

    async def delete(self, actor: Actor, ids: Sequence[str]) -> None:
        """All or none; refused while conferences are booked in them."""
        check_administers(actor, "manage the enterprise's rooms")
        async with self._store.transaction() as tx:
            rooms = [(await self._own(tx, actor, id)).space for id in dict.fromkeys(ids)]
            for room in rooms:
                await _check_unused(tx, room)
                await tx.spaces.delete(room.id)
        for room in rooms:
            self._changes.publish(Change("space", room.id, deleted=True))

    async def _own(self, tx: Transaction, actor: Actor, id: str) -> RoomRecord:
        space = await found(tx.spaces, id, "room")
        allowed = actor.administers or space.owner == actor.user
        if space.kind not in ROOMS or space.tenant != actor.tenant or not allowed:
            raise Refusal("not-found", kind="room", id=id)
        return await _record(tx, space)


def _has_status(space: Space, status: str | None) -> bool:
    if status is None:
        return True
    now = "disabled" if not space.enabled else "unassigned" if space.owner is None else "enabled"
    return status == now


async def _record(tx: Transaction, space: Space) -> RoomRecord:
    methods = (await tx.access_methods.page(Query(where={"space": space.id}))).items
    doors = doors_among(methods, None)
    assert doors is not None  # every space has a door of its own
    return RoomRecord(space, *doors, await tx.users.get(space.owner) if space.owner else None)


def _edited(record: RoomRecord, edit: RoomEdit) -> RoomRecord:
    space, guest, host = record.space, record.guest, record.host
    if not isinstance(edit.name, Kept):
        if len(edit.name) > NAME_MOST:
            raise Refusal("invalid", field="name", error=f"more than {NAME_MOST} characters")
        check_text(edit.name, "name")
        space = replace(space, name=edit.name)
    if not isinstance(edit.size, Kept):
        if edit.size is not None and edit.size < 1:
            raise Refusal("invalid", field="size", error="at least 1")
        space = replace(space, size=edit.size)
    if not isinstance(edit.enabled, Kept):
        space = replace(space, enabled=edit.enabled)
    if not isinstance(edit.guests_may_start, Kept):
        settings = replace(space.leg_settings, needs_activation=not edit.guests_may_start)
        space = replace(space, leg_settings=settings)
    if not isinstance(edit.host_passcode, Kept):
        host = replace(host, passcode=_checked(edit.host_passcode, "host_passcode", record.number))
    if not isinstance(edit.guest_passcode, Kept):
        wish = edit.guest_passcode
        guest = replace(guest, passcode=None if wish is None else _checked(wish, "guest_passcode", record.number))
    if guest.passcode is not None and guest.passcode == host.passcode:
        raise Refusal("passcode-equals-host", field="guest_passcode", error="the same as the host's")
    call = replace(
        space.call_settings,
        passcode_mode=room_call_settings(space, guest).passcode_mode,
        participant_limit=room_call_settings(space, guest).participant_limit,
    )
    return replace(
        record,
        space=replace(space, call_settings=call, extras=merged(space.extras, edit.extras)),
        guest=guest,
        host=host,
    )


def _checked(passcode: Secret, field_name: str, number: str) -> Secret:
    check_passcode(passcode, number, None, field_name)
    return passcode


async def _check_owner(tx: Transaction, user: UserId, tenant: TenantId | None, kind: SpaceKind, more: int) -> None:
    owner = await tx.users.get(user)
    if owner is None or owner.tenant != tenant:
        raise Refusal("unknown-reference", kind="user", field="owner")
    has = (await tx.spaces.page(Query(limit=0, where={"owner": user, "kind": kind}))).total
    if has + more > (1 if kind is SpaceKind.PERSONAL_ROOM else ROOMS_OF_USER_MOST):
        raise Refusal("limit", which="rooms-of-user")


async def _check_unused(tx: Transaction, room: Space) -> None:
    conferences = [one.id for one in await tx.conferences.of_space(room.id) if not one.cancelled]
    live = {OccurrenceState.BOOKED, OccurrenceState.RUNNING}
    if conferences and any(one.state in live for one in await tx.occurrences.of(conferences)):
        raise Refusal("in-use", kind="conference")
