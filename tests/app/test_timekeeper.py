"""The timekeeper in simulated time: starts, calls, ends, prolonging, reminders, and a stop in the middle of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.app.booking import Booking, ConferenceRecord, OccurrenceEdit, RulesEdit
from parley.app.ports import CallResult, Transaction
from parley.app.rooms import RoomEdit
from parley.core.conferences import Attendee, AttendeeKind, Cycle, OccurrenceState, Series
from parley.core.events import AttendeeCalled
from parley.core.profiles import LegSettings
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.spaces import Role, SpaceKind
from tests.app.conference_floor import ConferenceFloor, at
from tests.app.floor import no_errors
from tests.kit.fake_call_placer import FakeCallPlacer
from tests.kit.held_store import HeldStore
from tests.kit.memory_store import MemoryStore

START = at("2026-01-01 09:00")
BOB = Attendee(name="Bob", address="2002", auto_invite=True)
DORA = Attendee(name="Dora", address="sip:dora@far.example", auto_invite=True, role=Role.HOST, mute=True)


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


async def nine_to_eleven(floor: ConferenceFloor, **fields: Any) -> ConferenceRecord:
    return await floor.book(**{"start": START, "length": 120, **fields})


async def stored(floor: ConferenceFloor, record: ConferenceRecord) -> tuple[str, str | None]:
    """State and end as 09:00."""
    only = await floor.only(record)
    return only.state.value, f"{only.end:%H:%M}" if only.end else None


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
    async with floor.held.transaction() as tx:
        profile = await floor_profile(floor)
        await tx.access_methods.save(replace(record.guest, leg_profile=profile))
        await tx.spaces.save(replace(record.space, leg_profile=profile))
        await tx.access_methods.save(replace(record.host, leg_profile=await floor_profile(floor, host=True)))
    async with floor.running():
        await floor.until("2026-01-01 08:00")
        guest = await floor.guest_enters(record)
        assert guest.waits and await stored(floor, record) == ("booked", None)
        await floor.until("2026-01-01 08:30")
        await floor.host_enters(record)
        assert guest.active and await stored(floor, record) == ("running", "10:30")
        rows = await floor.conferences.attendance(floor.alice, (await floor.only(record)).id)
        assert [f"{row.joined:%H:%M}" for row in rows] == ["08:00", "08:30"]


_profiles: dict[int, dict[bool, str]] = {}


async def floor_profile(floor: ConferenceFloor, host: bool = False) -> Any:
    """Made before the transaction that needs it is opened: see `test_somebody_who_waits_begins_nothing`."""
    return _profiles[id(floor)][host]


@pytest.fixture(autouse=True)
async def profiles(floor: ConferenceFloor) -> None:
    _profiles[id(floor)] = {False: await floor.guests(), True: await floor.profile(needs_activation=False)}


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


# --- calling -------------------------------------------------------------------------------------------------


async def test_the_marked_are_called_into_their_role(floor: ConferenceFloor) -> None:
    """By the door of the role, muted if asked for; the others, and those without an address, are not."""
    others = (replace(BOB, address="1", auto_invite=False), replace(BOB, address=""))
    record = await nine_to_eleven(floor, attendees=(BOB, DORA, *others))
    async with floor.running():
        await floor.until("2026-01-01 09:00")
        guest, host = floor.placer.wishes
        assert (guest.target, guest.name, guest.space) == ("2002", "Bob", record.space.id)
        assert (guest.entry.access_method, host.entry.access_method) == (record.guest.id, record.host.id)
        assert guest.settings == LegSettings()
        assert (host.settings.rx_audio_mute, host.settings.terminal_rx_audio_mute) == (True, True)
        only = await floor.only(record)
        floor.placer.answer("2002", CallResult.ANSWERED)
        floor.placer.answer("sip:dora@far.example", CallResult.REJECTED)
        await floor.wait(300)
        assert [(one.name, one.result, one.tries, one.waits) for one in floor.start.results(only.id)] == [
            ("Bob", CallResult.ANSWERED, 1, False),
            ("Dora", CallResult.REJECTED, 1, False),
        ]
        assert len(floor.placer.wishes) == 2
        assert [
            (e.target, e.result, e.number) for e in floor.events(AttendeeCalled) if isinstance(e, AttendeeCalled)
        ] == [
            ("2002", "answered", record.conference.number),
            ("sip:dora@far.example", "rejected", record.conference.number),
        ]


async def test_busy_and_no_answer_are_tried_twice_more(floor: ConferenceFloor) -> None:
    """A minute apart; then it is given up."""
    record = await nine_to_eleven(floor, attendees=(BOB,))
    async with floor.running():
        await floor.until("2026-01-01 09:00")
        for tries, result in ((1, CallResult.BUSY), (2, CallResult.NO_ANSWER), (3, CallResult.BUSY)):
            assert len(floor.placer.wishes) == tries
            floor.placer.answer("2002", result)
            (state,) = floor.start.results((await floor.only(record)).id)
            assert (state.result, state.tries, state.waits) == (result, tries, tries < 3)
            await floor.wait(59)
            assert len(floor.placer.wishes) == tries
            await floor.wait(1)
        await floor.wait(300)
        assert len(floor.placer.wishes) == 3


async def test_a_full_house_is_asked_again_and_no_rule_is_final(floor: ConferenceFloor) -> None:
    """Our own bounds make a call later, not never; what may not be called is not called."""
    floor.placer.refusals = {
        "2002": Refusal("limit", which="call-out-at-once"),
        "sip:dora@far.example": Refusal("no-outbound-rule", target="x"),
    }
    record = await nine_to_eleven(floor, attendees=(BOB, DORA))
    async with floor.running():
        await floor.until("2026-01-01 09:00:25")
        bob, dora = floor.start.results((await floor.only(record)).id)
        assert (bob.waits, bob.reason, bob.tries) == (True, "limit", 0)
        assert (dora.result, dora.reason, dora.tries) == (CallResult.UNREACHABLE, "no-outbound-rule", 1)
        floor.placer.refusals = {}
        await floor.wait(10)
        assert floor.placer.targets() == ["2002"]


async def test_who_is_inside_already_is_not_called(floor: ConferenceFloor) -> None:
    """The phone of somebody who came early stays silent."""
    record = await nine_to_eleven(floor, attendees=(BOB, replace(BOB, address="2003")))
    async with floor.running():
        await floor.until("2026-01-01 08:55")
        caller = await floor.host_enters(record)
        assert caller.live is not None and caller.live.caller == "sip:2001@phones.example"
        await floor.host_enters(record)  # 2002
        await floor.until("2026-01-01 09:00")
        assert floor.placer.targets() == ["2003"]


async def test_when_it_is_over_nobody_is_called_any_more(floor: ConferenceFloor) -> None:
    """Ringing calls are given up, waiting ones forgotten."""
    record = await nine_to_eleven(floor, attendees=(BOB, DORA))
    async with floor.running():
        await floor.until("2026-01-01 09:00")
        floor.placer.answer("2002", CallResult.BUSY)
        await floor.conferences.cancel(floor.alice, record.conference.number, end_running=True)
        await floor.wait(120)
        assert floor.placer.cancelled == ["sip:dora@far.example"]
        assert floor.placer.targets() == ["2002", "sip:dora@far.example"]
        assert floor.start.results((await floor.only(record)).id) == []


async def test_instant_conferences_call_at_once(floor: ConferenceFloor) -> None:
    """Everybody marked, in the moment of booking."""
    async with floor.running():
        await floor.book(attendees=(BOB,))
        await floor.settle()
        assert floor.placer.targets() == ["2002"]


# --- series --------------------------------------------------------------------------------------------------


def daily(first: str = "2026-01-02", last: str = "2026-01-04", **more: Any) -> Series:
    return Series(Cycle.DAY, date.fromisoformat(first), date.fromisoformat(last), 540, **more)


async def test_a_series_goes_from_occurrence_to_occurrence(floor: ConferenceFloor) -> None:
    """Each begins and ends by itself and calls once; the space stays until the last is over."""
    record = await floor.book(series=daily(), zone="UTC", length=60, attendees=(BOB,))
    async with floor.running():
        for day in (2, 3, 4):
            await floor.until(f"2026-01-0{day} 09:30")
            states = await floor.states(record)
            assert states == ["ended"] * (day - 2) + ["running"] + ["booked"] * (4 - day)
            assert len(floor.placer.wishes) == day - 1
            assert await floor.has_space(record)
        await floor.until("2026-01-04 10:00")
        assert await floor.states(record) == ["ended"] * 3
    assert not await floor.has_space(record)


async def test_each_occurrence_is_announced_once(floor: ConferenceFloor) -> None:
    """So many days ahead as agreed; what is nearer than that at booking, at once; single conferences never."""
    await nine_to_eleven(floor)
    async with floor.running():
        record = await floor.book(series=daily("2026-01-03", "2026-01-06", remind_days=2), zone="UTC")
        await floor.settle()
        assert await floor.notified() == ["booked", "booked"]
        for moment, count in (
            ("2026-01-01 08:59", 0),
            ("2026-01-01 09:00", 1),
            ("2026-01-02 09:00", 2),
            ("2026-01-02 12:00", 2),
            ("2026-01-10 00:00", 4),
        ):
            await floor.until(moment)
            assert (await floor.notified()).count("reminder") == count, moment
        assert all(one.reminded for one in await floor.occurrences(record))
        near = await floor.book(series=daily("2026-01-11", "2026-01-12", remind_days=5), zone="UTC")
        await floor.settle()
        assert [one.reminded for one in await floor.occurrences(near)] == [True, True]


async def test_a_cancelled_occurrence_is_neither_announced_nor_held(floor: ConferenceFloor) -> None:
    """The others are."""
    async with floor.running():
        record = await floor.book(series=daily("2026-01-03", "2026-01-04"), zone="UTC", attendees=(BOB,))
        number, id = record.conference.number, record.occurrences[0].id
        await floor.conferences.cancel_occurrences(floor.alice, number, [id])
        await floor.until("2026-01-05 00:00")
        assert await floor.states(record) == ["cancelled", "ended"]
        assert (await floor.notified()).count("reminder") == 1 and len(floor.placer.wishes) == 1


async def test_an_occurrences_own_rules_hold_while_it_runs(floor: ConferenceFloor) -> None:
    """Before and after, the series' own do."""
    record = await floor.book(series=daily(), zone="UTC", length=60)
    number, id = record.conference.number, record.occurrences[1].id
    edit = OccurrenceEdit(rules=RulesEdit(guests_may_start=True, waiting_room=True))
    await floor.conferences.change_occurrence(floor.alice, number, id, edit)
    async with floor.running():
        for moment, own in (("2026-01-02 09:30", False), ("2026-01-03 09:30", True), ("2026-01-03 10:00", False)):
            await floor.until(moment)
            settings = (await floor.conferences.show(floor.alice, number)).guest.leg_settings
            assert (settings.waiting_room, settings.needs_activation) == (own, not own), moment


async def test_the_next_occurrence_takes_over_from_a_prolonged_one(floor: ConferenceFloor) -> None:
    """The people inside stay and belong to the next from its start on."""
    record = await floor.book(series=daily(), zone="UTC", length=1440, rules=RulesEdit(prolong_by=60))
    async with floor.running():
        await floor.until("2026-01-02 12:00")
        host = await floor.host_enters(record)
        await floor.until("2026-01-03 09:00")
        assert host.active
        assert await floor.states(record) == ["ended", "running", "booked"]
        second = (await floor.occurrences(record))[1]
        assert second.begun == at("2026-01-03 09:00") and second.end == at("2026-01-04 09:00")
        first = await floor.conferences.attendance(floor.alice, record.occurrences[0].id)
        then = await floor.conferences.attendance(floor.alice, second.id)
        assert [row.left for row in first] == [second.begun] and [row.left for row in then] == [None]


# --- attendance ----------------------------------------------------------------------------------------------


async def test_every_stay_is_kept_for_history(floor: ConferenceFloor) -> None:
    """Who, when and as what; the invited by the name they were invited with."""
    invited = Attendee(
        name="Bob B.", address="sip:2001@phones.example", user=floor.bob.user, kind=AttendeeKind.TERMINAL
    )
    record = await nine_to_eleven(floor, attendees=(invited,))
    async with floor.running():
        await floor.until("2026-01-01 09:05")
        bob = await floor.host_enters(record)
        await floor.wait(60)
        await floor.guest_enters(record)
        await floor.wait(60)
        await bob.end()
        rows = await floor.conferences.attendance(floor.alice, (await floor.only(record)).id)
        assert [(row.name, row.address, row.role, row.user) for row in rows] == [
            ("Bob B.", "2001@phones.example", Role.HOST, "bob"),
            ("2002@phones.example", "2002@phones.example", Role.GUEST, None),
        ]
        times = [(row.joined, row.left) for row in rows]
        assert times == [
            (at("2026-01-01 09:05"), at("2026-01-01 09:07")),
            (at("2026-01-01 09:06"), None),
        ]
        await floor.until("2026-01-01 11:05")
    rows = await floor.conferences.attendance(floor.alice, (await floor.only(record)).id)
    assert rows[1].left == at("2026-01-01 11:05")


async def test_other_spaces_are_none_of_its_business(floor: ConferenceFloor) -> None:
    """A meeting in a plain space writes nothing."""
    await floor.space("plain")
    before = await floor.everything()
    async with floor.running():
        await floor.enter("plain")
        await floor.settle()
    assert await floor.everything() == before


async def test_a_store_that_fails_for_a_while_loses_nobody(floor: ConferenceFloor) -> None:
    """Who came meanwhile is in attendance, and the conference has begun when they came."""
    record = await nine_to_eleven(floor)
    async with floor.running():
        await floor.until("2026-01-01 08:50")
        target = await floor.dial(record.conference.number)
        await target.confirm()
        assert record.host.passcode is not None
        transaction, floor.held.transaction = floor.held.transaction, _broken  # type: ignore[method-assign, assignment]
        await target.type(record.host.passcode.reveal() + "#")
        assert target.active
        await floor.wait(10)
        assert await stored(floor, record) == ("booked", None)
        floor.held.transaction = transaction  # type: ignore[method-assign]
        await floor.wait(30)
        assert await stored(floor, record) == ("running", "10:50")
        only = await floor.only(record)
        assert [row.joined for row in await floor.conferences.attendance(floor.alice, only.id)] == [only.begun]


def _broken() -> Any:
    raise OSError("the disk is full")


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


# --- stops ---------------------------------------------------------------------------------------------------


def again(floor: ConferenceFloor) -> ConferenceFloor:
    """Another process on the same store, later: the same time, nobody in any meeting."""
    other = ConferenceFloor(store=floor.held)
    other.clock.advance((floor.clock.utc() - other.clock.utc()) / timedelta(seconds=1))
    return other


async def test_what_fell_due_while_it_was_down_starts_if_there_is_time(floor: ConferenceFloor) -> None:
    """At once, with its calls; what has passed whole is missed and never called; what ended has ended."""
    late = await nine_to_eleven(floor, attendees=(BOB,))
    missed = await nine_to_eleven(floor, length=30, attendees=(DORA,))
    series = await floor.book(series=daily("2026-01-01"), zone="UTC", length=30)
    early = await floor.book(length=300)
    floor.clock.advance(9.75 * 3600)
    other = again(floor)
    async with other.running():
        assert await other.states(late) == ["running"] and await other.states(missed) == ["missed"]
        assert await other.states(series) == ["missed", "booked", "booked", "booked"]
        assert await stored(other, early) == ("ended", "05:00")
        assert other.placer.targets() == ["2002"]
        assert not await other.has_space(missed) and await other.has_space(series)
        await other.until("2026-01-01 11:00")
        assert await stored(other, late) == ("ended", "11:00")


async def test_a_running_conference_goes_on_after_a_restart(floor: ConferenceFloor) -> None:
    """Its end stands, nobody is called twice, and whoever was in it left when the server stopped."""
    record = await nine_to_eleven(floor, attendees=(BOB,), rules=RulesEdit(prolong_by=30))
    async with floor.running():
        await floor.until("2026-01-01 09:20")
        await floor.host_enters(record)
        assert floor.placer.targets() == ["2002"]
    floor.clock.advance(600)
    other = again(floor)
    async with other.running():
        assert await stored(other, record) == ("running", "11:20") and other.placer.targets() == []
        only = await other.only(record)
        rows = await other.conferences.attendance(other.alice, only.id)
        assert [row.left for row in rows] == [at("2026-01-01 09:30")]
        await other.host_enters(record)
        await other.until("2026-01-01 11:20")
        assert await stored(other, record) == ("running", "11:50")


class Yielding(HeldStore):
    """Lets others run before each commit, behind it and around each reading, so that a stop can fall in between."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            await asyncio.sleep(0)
            yield tx
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        await asyncio.sleep(0)
        async with super().reading() as tx:
            yield tx


async def life(store: Yielding, placer: FakeCallPlacer, moment: datetime) -> ConferenceFloor:
    """Another process at that time. The phones of an earlier one ring no more."""
    placer.ringing.clear()
    floor = ConferenceFloor(store=store, placer=placer)
    floor.clock.advance((moment - floor.clock.utc()) / timedelta(seconds=1))
    return floor


@pytest.mark.parametrize(("moment", "called_at_least"), [("09:00", 0), ("11:00", 1)])
async def test_killed_at_any_turn_of_a_step_it_is_done_once(moment: str, called_at_least: int) -> None:
    """Before the commit it is done by the next process; behind it nothing of it is done again."""
    seen = set()
    for turns in range(40):
        store, placer = Yielding(MemoryStore()), FakeCallPlacer()
        floor = await life(store, placer, at("2026-01-01 00:00"))
        await floor.people()
        record = await nine_to_eleven(floor, attendees=(BOB,))
        if moment == "11:00":
            floor = await life(store, placer, at("2026-01-01 09:00"))
            async with floor.running():
                assert placer.targets() == ["2002"]
        floor = await life(store, placer, at(f"2026-01-01 {moment}") - timedelta(seconds=1))
        async with floor.running():
            floor.clock.advance(1)
            for _ in range(turns):
                await asyncio.sleep(0)
        killed = (await floor.states(record), len(placer.targets()))
        seen.add((killed[0][0], killed[1]))
        floor = await life(store, placer, at(f"2026-01-01 {moment}") + timedelta(seconds=5))
        async with floor.running():
            if moment == "09:00":
                assert await stored(floor, record) == ("running", "11:00")
                assert (await floor.only(record)).dialled
                # Only who was committed as called and not reached before the stop stays uncalled.
                assert len(placer.targets()) == (1 if killed != (["running"], 0) else 0)
        floor = await life(store, placer, at("2026-01-01 12:00"))
        async with floor.running():
            assert await stored(floor, record) == ("ended", "11:00")
        assert called_at_least <= len(placer.targets()) <= 1
        assert not await floor.has_space(record)
    if moment == "09:00":
        assert seen == {("booked", 0), ("running", 0), ("running", 1)}, "the stops fall everywhere"
    else:
        assert seen == {("running", 1), ("ended", 1)}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2 * 3600), min_size=1, max_size=4), st.randoms(use_true_random=False))
async def test_whenever_it_is_killed_each_step_happens_once(kills: list[int], dice: Any) -> None:
    """Over any kills: every occurrence ends in its one right state, nobody is called twice for one occurrence, and
    nothing is announced twice."""
    store, placer = Yielding(MemoryStore()), FakeCallPlacer()
    begin = at("2026-01-01 00:00")
    floor = await life(store, placer, begin)
    await floor.people()
    single = await floor.book(start=at("2026-01-01 01:00"), length=60, attendees=(BOB,))
    series = await floor.book(
        series=Series(Cycle.DAY, date(2026, 1, 1), date(2026, 1, 2), 90), zone="UTC", length=30, attendees=(DORA,)
    )
    instant = await floor.book(length=45, attendees=(replace(BOB, address="2003"),))
    now = begin
    for kill in sorted(kills):
        floor = await life(store, placer, now)
        with no_errors():
            async with floor.running():
                moment = max(begin + timedelta(seconds=kill), now)
                await floor.clock.run_for((moment - now) / timedelta(seconds=1), turns=dice.randrange(40))
        now = moment + timedelta(seconds=dice.choice([0, 0, 1, 600]))
    floor = await life(store, placer, begin + timedelta(hours=25))
    async with floor.running():
        await floor.wait(3600 * 1.5)
    assert await floor.states(single) in (["ended"], ["missed"])
    assert (await floor.states(series))[0] in {"ended", "missed"} and (await floor.states(series))[1] == "ended"
    assert await floor.states(instant) == ["ended"]
    calls = placer.targets()
    assert calls.count("2002") <= 1 and calls.count("2003") <= 1 and 1 <= calls.count("sip:dora@far.example") <= 2
    first, second = await floor.occurrences(series)
    assert (await floor.notified()).count("reminder") == first.reminded + second.reminded and second.reminded
    for record in (single, series, instant):
        assert not await floor.has_space(record)


async def test_ten_thousand_starts_do_not_wait_for_one_that_fails(floor: ConferenceFloor) -> None:
    """A step that cannot be done keeps nobody waiting and is tried again."""
    bad = await floor.book(series=daily("2026-01-03"), zone="UTC")
    good = [await floor.book(series=daily("2026-01-03"), zone="UTC") for _ in range(5)]
    reminder = floor.notices.reminder

    async def failing(tx: Any, record: ConferenceRecord, occurrence: Any) -> None:
        if record.conference.id == bad.conference.id:
            raise ValueError("no such template")
        await reminder(tx, record, occurrence)

    floor.notices.reminder = failing  # type: ignore[method-assign]
    with no_errors("the timekeeper could not finish a step"):
        async with floor.running():
            await floor.until("2026-01-02 09:00:01")
            assert (await floor.notified()).count("reminder") == 5
            floor.notices.reminder = reminder  # type: ignore[method-assign]
            await floor.wait(60)
            assert (await floor.notified()).count("reminder") == 6
    assert [(await floor.occurrences(one))[0].reminded for one in good] == [True] * 5


async def test_it_sleeps_when_nothing_is_due(floor: ConferenceFloor) -> None:
    """The store is left alone between the hourly readings."""
    await nine_to_eleven(floor, start=at("2026-01-05 09:00"))
    async with floor.running():
        await floor.wait(1)
        before = floor.held.reads
        await floor.wait(3000)
        assert floor.held.reads == before
        await floor.wait(3600)
        assert 0 < floor.held.reads - before < 50
    assert (await floor.states(await floor.book()))[0] == OccurrenceState.RUNNING
