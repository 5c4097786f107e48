"""Cloud rooms and personal rooms: making, listing, changing, giving and taking."""

from __future__ import annotations

from typing import Any

import pytest

from parley.app.ports import Page
from parley.app.rooms import RoomEdit, RoomRecord
from parley.core.ids import TenantId, UserId
from parley.core.profiles import PasscodeMode
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.spaces import Role, SpaceKind
from tests.app.conference_floor import ConferenceFloor, at


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


async def room(
    floor: ConferenceFloor, owner: str | None = "alice", kind: SpaceKind = SpaceKind.CLOUD_ROOM, **edit: Any
) -> RoomRecord:
    return await floor.rooms.create(None, kind, RoomEdit(**edit), UserId(owner) if owner else None)


def names(page: Page[RoomRecord]) -> list[str]:
    return [record.space.name for record in page.items]


async def refused(floor: ConferenceFloor, code: str, use: Any) -> Refusal:
    before = await floor.everything()
    with pytest.raises(Refusal) as refusal:
        await use
    assert refusal.value.code == code
    assert await floor.everything() == before
    return refusal.value


async def test_a_room_has_a_number_a_hosts_passcode_and_an_open_door(floor: ConferenceFloor) -> None:
    """Guests wait for a host and need no passcode until one is set."""
    made = await room(floor, name="Blue", size=20)
    assert made.number == made.guest.uri == made.host.call_id and len(made.number) == 9
    assert (made.guest.own, made.guest.passcode, made.host.role) == (True, None, Role.HOST)
    assert made.host.passcode is not None and made.host.leg_settings.needs_activation is False
    assert not made.guests_may_start
    assert made.space.call_settings.participant_limit == 20
    assert made.space.call_settings.passcode_mode is PasscodeMode.TIMEOUT
    assert await floor.rooms.show(floor.alice, made.space.id) == made
    assert made.owner is not None and made.owner.id == "alice"


async def test_the_owner_changes_it_within_bounds(floor: ConferenceFloor) -> None:
    """Name, passcodes and who may begin; size and switch are the administrators'."""
    id = (await room(floor)).space.id
    edit = RoomEdit(name="会议室", guest_passcode=Secret("1234"), host_passcode=Secret("987654"), guests_may_start=True)
    changed = await floor.rooms.change(floor.alice, id, edit)
    assert changed == await floor.rooms.show(floor.alice, id)
    assert (changed.space.name, changed.guests_may_start) == ("会议室", True)
    assert (changed.guest.passcode, changed.host.passcode) == (Secret("1234"), Secret("987654"))
    assert changed.space.call_settings.passcode_mode is PasscodeMode.REQUIRED
    for code, field, bad in (
        ("passcode-illegal", "guest_passcode", {"guest_passcode": Secret("12")}),
        ("passcode-illegal", "host_passcode", {"host_passcode": Secret("")}),
        ("passcode-equals-host", "guest_passcode", {"guest_passcode": Secret("987654")}),
        ("passcode-equals-host", "guest_passcode", {"host_passcode": Secret("1234")}),
        ("passcode-equals-number", "host_passcode", {"host_passcode": Secret(changed.number)}),
        ("invalid", "name", {"name": "x" * 129}),
        ("invalid", "name", {"name": "a\nb"}),
    ):
        assert (await refused(floor, code, floor.rooms.change(floor.alice, id, RoomEdit(**bad)))).data["field"] == field
    await refused(floor, "not-permitted", floor.rooms.change(floor.alice, id, RoomEdit(size=1000)))
    await refused(floor, "not-permitted", floor.rooms.change(floor.alice, id, RoomEdit(enabled=False)))
    await refused(floor, "invalid", floor.rooms.change(floor.chief, id, RoomEdit(size=0)))
    await refused(floor, "not-found", floor.rooms.change(floor.bob, id, RoomEdit(name="Mine")))
    await refused(floor, "not-found", floor.rooms.change(floor.eve, id, RoomEdit(name="Mine")))
    opened = await floor.rooms.change(floor.alice, id, RoomEdit(guest_passcode=None))
    assert opened.guest.passcode is None


async def test_everybody_sees_their_own_rooms(floor: ConferenceFloor) -> None:
    """The personal one first; it is the one meant when none is named."""
    await room(floor, name="Cloud 1")
    await room(floor, name="Cloud 2")
    await room(floor, "bob", name="Bob's")
    with pytest.raises(Refusal, match="not-found"):
        await floor.rooms.default(floor.carol)
    assert await floor.rooms.default(floor.alice) == (await floor.rooms.mine(floor.alice)).items[0].space.id
    personal = await room(floor, kind=SpaceKind.PERSONAL_ROOM, name="Alice")
    assert names(await floor.rooms.mine(floor.alice)) == ["Alice", "Cloud 1", "Cloud 2"]
    assert await floor.rooms.default(floor.alice) == personal.space.id
    assert names(await floor.rooms.mine(floor.alice, kind=SpaceKind.CLOUD_ROOM)) == ["Cloud 1", "Cloud 2"]
    page = await floor.rooms.mine(floor.alice, offset=1, limit=1)
    assert (names(page), page.total) == (["Cloud 1"], 3)
    assert names(await floor.rooms.mine(floor.alice, search="cloud 2")) == ["Cloud 2"]
    limit = floor.rooms.create(None, SpaceKind.PERSONAL_ROOM, RoomEdit(), UserId("alice"))
    await refused(floor, "limit", limit)


async def test_administrators_see_the_enterprises_rooms(floor: ConferenceFloor) -> None:
    """By state; others may not, and another tenant's are not among them."""
    await room(floor, name="Given")
    await room(floor, None, name="Free")
    await room(floor, "bob", name="Off", enabled=False)
    await floor.rooms.create(TenantId("other"), SpaceKind.CLOUD_ROOM, RoomEdit(name="Other"))
    use = floor.rooms.of_enterprise
    assert names(await use(floor.chief)) == ["Given", "Free", "Off"]
    for status, expected in (("enabled", ["Given"]), ("unassigned", ["Free"]), ("disabled", ["Off"])):
        assert names(await use(floor.chief, status=status)) == expected
    assert names(await use(floor.eve)) == ["Other"]
    with pytest.raises(Refusal, match="not-permitted"):
        await use(floor.alice)


async def test_rooms_are_given_and_taken_back_together(floor: ConferenceFloor) -> None:
    """All or none; never another's, never a personal one, never more than a user may have."""
    free = [(await room(floor, None)).space.id for _ in range(3)]
    bobs = (await room(floor, "bob")).space.id
    personal = (await room(floor, kind=SpaceKind.PERSONAL_ROOM)).space.id
    give, take = floor.rooms.assign, floor.rooms.take_back
    await refused(floor, "room-assigned", give(floor.chief, UserId("alice"), [free[0], bobs]))
    await refused(floor, "invalid", give(floor.chief, UserId("alice"), [free[0], personal]))
    await refused(floor, "not-found", give(floor.chief, UserId("alice"), [free[0], "none"]))
    await refused(floor, "unknown-reference", give(floor.chief, UserId("eve"), free))
    await refused(floor, "not-permitted", give(floor.alice, UserId("alice"), free))
    await give(floor.chief, UserId("alice"), [*free, free[0]])
    assert (await floor.rooms.mine(floor.alice, kind=SpaceKind.CLOUD_ROOM)).total == 3
    await refused(floor, "not-found", take(floor.chief, UserId("alice"), [free[0], bobs]))
    await take(floor.chief, UserId("alice"), free[:2])
    assert (await floor.rooms.mine(floor.alice, kind=SpaceKind.CLOUD_ROOM)).total == 1
    more = [(await room(floor, None)).space.id for _ in range(32)]
    await refused(floor, "limit", give(floor.chief, UserId("alice"), more))
    await give(floor.chief, UserId("alice"), more[:31])


async def test_a_room_in_use_stays(floor: ConferenceFloor) -> None:
    """With a conference to come it is neither deleted nor taken back."""
    made = (await room(floor)).space.id
    other = (await room(floor)).space.id
    record = await floor.book(start=at("2026-01-02 09:00"), room=made)
    await refused(floor, "in-use", floor.rooms.delete(floor.chief, [other, made]))
    await refused(floor, "in-use", floor.rooms.take_back(floor.chief, UserId("alice"), [made]))
    await refused(floor, "not-permitted", floor.rooms.delete(floor.alice, [other]))
    await floor.conferences.cancel(floor.alice, record.conference.number)
    await floor.rooms.delete(floor.chief, [other, made])
    assert (await floor.rooms.mine(floor.alice)).total == 0


async def test_bad_rooms_are_not_made(floor: ConferenceFloor) -> None:
    """Nothing is left of them."""
    make = floor.rooms.create
    await refused(floor, "invalid", make(None, SpaceKind.SPACE, RoomEdit()))
    await refused(floor, "missing", make(None, SpaceKind.PERSONAL_ROOM, RoomEdit()))
    await refused(floor, "unknown-reference", make(None, SpaceKind.CLOUD_ROOM, RoomEdit(), UserId("ghost")))
    await refused(floor, "invalid", make(None, SpaceKind.CLOUD_ROOM, RoomEdit(size=0)))
