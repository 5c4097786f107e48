"""The timekeeper in simulated time: conferences begin, are prolonged and end; rooms are dressed for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parley.app.booking import Booking, RulesEdit
from parley.app.rooms import RoomEdit
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.spaces import SpaceKind
from tests.app.conference_floor import ConferenceFloor
from tests.app.conference_times import BOB, DORA, START, nine_to_eleven, stored


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


# --- beginning and end -----------------------------------------------------------------------------------------


async def test_a_conference_nobody_joins_runs_as_booked(floor: ConferenceFloor) -> None:
    """It runs from its start to its booked end, then its space is gone."""
    record = await nine_to_eleven(floor)
    async with floor.running():
        await floor.until("2026-01-01 08:59:59")
        assert await stored(floor, record) == ("booked", None)
        await floor.until("2026-01-01 09:00")
        assert await stored(floor, record) == ("running", "11:00")
        assert (await floor.only(record)).begun is None
        await floor.until("2026-01-01 10:59:59")
        assert await stored(floor, record) == ("running", "11:00")
        await floor.until("2026-01-01 11:00")
        assert await stored(floor, record) == ("ended", "11:00")
    assert not await floor.has_space(record)


@pytest.mark.parametrize(
    ("joins", "ends"),
    [("08:00", "10:00"), ("08:59:30", "10:59"), ("09:00", "11:00"), ("09:30", "11:30"), ("10:59:30", "12:59")],
)
async def test_the_first_join_counts_the_length(floor: ConferenceFloor, joins: str, ends: str) -> None:
    """Booked 9 to 11, first join at 8: it ends at 10. Who comes late has the whole length too."""
    record = await nine_to_eleven(floor)
    async with floor.running():
        await floor.until(f"2026-01-01 {joins}")
        host = await floor.host_enters(record)
        assert await stored(floor, record) == ("running", ends)
        await floor.wait(60)
        other = await floor.host_enters(record)
        assert await stored(floor, record) == ("running", ends), "later ones move nothing"
        await floor.wait(7200 - 61)
        assert host.active and other.active
        await floor.wait(1)
        assert (await stored(floor, record))[0] == "ended"
        assert host.live is None and host.reason is not None and host.reason.value == "meeting-ended"
    assert not await floor.has_space(record)


async def test_who_left_may_come_back_until_the_end(floor: ConferenceFloor) -> None:
    """An empty conference goes on; the end stays where the first join has put it."""
    record = await nine_to_eleven(floor)
    async with floor.running():
        await floor.until("2026-01-01 09:10")
        await (await floor.host_enters(record)).end()
        await floor.until("2026-01-01 10:00")
        assert (await floor.host_enters(record)).active
        assert await stored(floor, record) == ("running", "11:10")


async def test_an_early_gathering_does_not_use_up_the_conference(floor: ConferenceFloor) -> None:
    """Who tries the link at night is sent away after the length, and at nine everything is as booked."""
    record = await nine_to_eleven(floor, attendees=(BOB,))
    async with floor.running():
        await floor.until("2026-01-01 05:00")
        early = await floor.host_enters(record)
        assert await stored(floor, record) == ("running", "07:00")
        await floor.until("2026-01-01 07:00")
        assert early.live is None
        assert await stored(floor, record) == ("booked", None)
        assert await floor.has_space(record) and floor.placer.targets() == []
        await floor.until("2026-01-01 09:00")
        assert await stored(floor, record) == ("running", "11:00")
        assert floor.placer.targets() == ["2002"]


async def test_somebody_who_waits_begins_nothing(floor: ConferenceFloor) -> None:
    """The length counts from the first who is really in; then the waiting are in as well."""
    record = await nine_to_eleven(floor)
    async with floor.running():
        await floor.until("2026-01-01 08:00")
        guest = await floor.guest_enters(record)
        assert guest.waits and await stored(floor, record) == ("booked", None)
        await floor.until("2026-01-01 08:30")
        await floor.host_enters(record)
        assert guest.active and await stored(floor, record) == ("running", "10:30")
        rows = await floor.conferences.attendance(floor.alice, (await floor.only(record)).id)
        assert [f"{row.joined:%H:%M}" for row in rows] == ["08:00", "08:30"]


async def test_with_people_inside_it_is_prolonged_again_and_again(floor: ConferenceFloor) -> None:
    """By the agreed minutes, until nobody is left at an end."""
    record = await nine_to_eleven(floor, rules=RulesEdit(prolong_by=10))
    async with floor.running():
        await floor.until("2026-01-01 09:00")
        host = await floor.host_enters(record)
        await floor.until("2026-01-01 11:00")
        assert await stored(floor, record) == ("running", "11:10")
        await floor.until("2026-01-01 11:29")
        assert await stored(floor, record) == ("running", "11:30") and host.active
        await host.end()
        await floor.until("2026-01-01 11:30")
        assert await stored(floor, record) == ("ended", "11:30")


async def test_an_instant_conference_ends_by_itself(floor: ConferenceFloor) -> None:
    """After its length, people inside or not, when nothing prolongs it."""
    async with floor.running():
        record = await floor.book(length=30)
        host = await floor.host_enters(record)
        await floor.wait(1799)
        assert host.active
        await floor.wait(1)
        assert host.live is None and await stored(floor, record) == ("ended", "00:30")


async def test_a_cancelled_or_moved_one_does_not_start(floor: ConferenceFloor) -> None:
    """What was planned in memory follows what is booked."""
    async with floor.running():
        gone = await nine_to_eleven(floor, attendees=(BOB,))
        moved = await nine_to_eleven(floor, attendees=(DORA,))
        await floor.until("2026-01-01 08:00")
        await floor.conferences.cancel(floor.alice, gone.conference.number)
        change = Booking(start=START + timedelta(hours=1))
        await floor.conferences.change(floor.alice, moved.conference.number, change)
        await floor.until("2026-01-01 09:30")
        assert await floor.states(gone) == ["cancelled"] and await floor.states(moved) == ["booked"]
        assert floor.placer.targets() == []
        await floor.until("2026-01-01 10:00")
        assert floor.placer.targets() == ["sip:dora@far.example"]


async def test_the_start_by_api_begins_and_lets_guests_in(floor: ConferenceFloor) -> None:
    """Its length counts from then; the people to be called are called at the booked start."""
    record = await nine_to_eleven(floor, attendees=(BOB,))
    assert record.host.passcode is not None and record.guest.passcode is not None
    async with floor.running():
        await floor.until("2026-01-01 08:30")
        with pytest.raises(Refusal, match="not-permitted"):
            await floor.conferences.start(record.conference.number, record.guest.passcode)
        started = await floor.conferences.start(record.conference.number, record.host.passcode)
        assert started.guest.leg_settings.needs_activation is False
        assert await stored(floor, record) == ("running", "10:30") and floor.placer.targets() == []
        await floor.until("2026-01-01 09:00")
        assert floor.placer.targets() == ["2002"]
        await floor.conferences.start(record.conference.number, record.host.passcode)
        assert await stored(floor, record) == ("running", "10:30")


# --- rooms ---------------------------------------------------------------------------------------------------


async def test_a_conference_in_a_room_dresses_it_and_leaves_it(floor: ConferenceFloor) -> None:
    """Its rules hold while it runs; then everybody goes and the room is as before. Nobody is called by its number."""
    room = await floor.rooms.create(
        None, SpaceKind.PERSONAL_ROOM, RoomEdit(guest_passcode=Secret("1234"), size=9), floor.alice.user
    )
    rules = RulesEdit(mute_guests=True, guests_may_start=True, participant_limit=5)
    record = await nine_to_eleven(floor, room=room.space.id, attendees=(BOB,), rules=rules)
    async with floor.running():
        await floor.until("2026-01-01 08:00")
        early = await floor.host_enters(record)
        assert await stored(floor, record) == ("booked", None), "a room is used between conferences too"
        await floor.until("2026-01-01 09:00")
        assert early.active and await stored(floor, record) == ("running", "11:00")
        assert floor.placer.targets() == []
        dressed = await floor.rooms.show(floor.alice, room.space.id)
        assert dressed.guest.leg_settings.rx_audio_mute is True
        assert dressed.guest.leg_settings.needs_activation is None, "who may begin is the room's word"
        assert dressed.space.call_settings.participant_limit == 5
        only = await floor.only(record)
        assert len(await floor.conferences.attendance(floor.alice, only.id)) == 1
        await floor.until("2026-01-01 11:00")
        assert early.live is None
    assert await floor.rooms.show(floor.alice, room.space.id) == room


async def test_coming_early_into_a_room_counts_within_half_an_hour(floor: ConferenceFloor) -> None:
    """Then it is for the conference that is about to begin."""
    room = await floor.rooms.create(None, SpaceKind.CLOUD_ROOM, RoomEdit(), floor.alice.user)
    record = await nine_to_eleven(floor, room=room.space.id, random_number=True, attendees=(BOB,))
    async with floor.running():
        await floor.until("2026-01-01 08:30")
        await floor.host_enters(record)
        assert await stored(floor, record) == ("running", "10:30")
        await floor.until("2026-01-01 09:00")
        assert floor.placer.targets() == ["2002"], "a random number in a room calls like one without"
        await floor.until("2026-01-01 10:30")
    assert not (await floor.dial(record.conference.number)).made
    assert await floor.rooms.show(floor.alice, room.space.id) == room


async def test_a_room_without_conferences_is_looked_at_once(floor: ConferenceFloor) -> None:
    """Comings and goings in it cost the store nothing more, and count from the moment something is booked in it."""
    room = await floor.rooms.create(None, SpaceKind.CLOUD_ROOM, RoomEdit(), floor.alice.user)
    typed = room.host.passcode.reveal() + "#" if room.host.passcode is not None else ""

    async def reads_of_a_visit() -> int:
        before = floor.held.reads
        call = await floor.enter(room.number, typed)
        assert call.active
        await call.end()
        return floor.held.reads - before

    await reads_of_a_visit()
    nobody_watches = await reads_of_a_visit()
    async with floor.running():
        assert await reads_of_a_visit() > nobody_watches
        assert await reads_of_a_visit() == nobody_watches
        record = await nine_to_eleven(floor, room=room.space.id, random_number=True)
        await floor.until("2026-01-01 08:45")
        await reads_of_a_visit()
        assert await stored(floor, record) == ("running", "10:45")
