"""Changing and cancelling: what stays, what moves, who may, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from parley.app.booking import Actor, Booking, ConferenceRecord, OccurrenceEdit, RulesEdit
from parley.app.rooms import RoomEdit
from parley.core.conferences import Attendee, Cycle, OccurrenceState, Series
from parley.core.ids import SpaceId
from parley.core.profiles import EntryScope
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.spaces import Role, SpaceKind
from tests.app.conference_floor import ConferenceFloor, at

TOMORROW = at("2026-01-02 09:00")


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


def mondays(**more: Any) -> Series:
    return Series(Cycle.WEEK, date(2026, 1, 5), date(2026, 1, 31), more.pop("at", 540), points=(1,), **more)


async def series_of(floor: ConferenceFloor, **fields: Any) -> ConferenceRecord:
    return await floor.book(series=mondays(), zone="UTC", length=60, **fields)


async def change(
    floor: ConferenceFloor, record: ConferenceRecord, actor: Actor | None = None, **fields: Any
) -> ConferenceRecord:
    return await floor.conferences.change(actor or floor.alice, record.conference.number, Booking(**fields))


async def change_one(floor: ConferenceFloor, record: ConferenceRecord, index: int, **fields: Any) -> ConferenceRecord:
    id = record.occurrences[index].id
    return await floor.conferences.change_occurrence(
        floor.alice, record.conference.number, id, OccurrenceEdit(**fields)
    )


async def nothing_happens(floor: ConferenceFloor, code: str, use: Any) -> Refusal:
    before = await floor.everything()
    with pytest.raises(Refusal) as refused:
        await use
    assert refused.value.code == code
    assert await floor.everything() == before
    return refused.value


# --- changing ------------------------------------------------------------------------------------------------


async def test_a_change_keeps_what_it_does_not_name(floor: ConferenceFloor) -> None:
    """Number, doors, ids and calendar identity stay; the sequence rises; everybody hears of it."""
    record = await floor.book(
        start=TOMORROW, subject="Old", attendees=(Attendee(name="A"),), guest_passcode=Secret("4711")
    )
    later = TOMORROW + timedelta(hours=2)
    changed = await change(floor, record, start=later, subject="New")
    before, after = record.conference, changed.conference
    assert (after.subject, after.sequence) == ("New", 1)
    assert replace(after, subject="Old", sequence=0) == before
    (only,) = changed.occurrences
    assert replace(only, start=TOMORROW) == record.occurrences[0]
    assert (changed.guest, changed.host) == (record.guest, record.host)
    assert changed.space.name == "New"
    assert await floor.notified() == ["booked", "changed"]
    assert floor.notices.before == record


async def test_a_change_that_changes_nothing_tells_nobody(floor: ConferenceFloor) -> None:
    """Naming what holds is no change: no new sequence, no notice."""
    record = await floor.book(start=TOMORROW, subject="S", length=60)
    assert (
        await change(floor, record, start=TOMORROW, subject="S", length=60, rules=RulesEdit(waiting_room=False))
        == record
    )
    assert await change(floor, record, start=None) == record
    assert await floor.notified() == ["booked"]


async def test_rules_and_passcodes_reach_the_doors(floor: ConferenceFloor) -> None:
    """At once, with the doors' ids kept; a passcode that is no longer needed goes, and comes back as another."""
    record = await floor.book(start=TOMORROW, guest_passcode=Secret("4711"))
    changed = await change(floor, record, rules=RulesEdit(guests_may_start=True, entry_scope=EntryScope.TENANT))
    assert changed.guest.leg_settings.needs_activation is False and changed.guest.passcode == Secret("4711")
    assert changed.space.call_settings.entry_scope is EntryScope.TENANT
    free = await change(floor, record, rules=RulesEdit(guests_need_no_passcode=True))
    assert (free.guest.id, free.guest.passcode) == (record.guest.id, None)
    again = await change(floor, record, rules=RulesEdit(guests_need_no_passcode=False))
    assert again.guest.passcode not in (None, Secret("4711"), record.host.passcode)
    given = await change(floor, record, guest_passcode=Secret("8888"))
    assert given.guest.passcode == Secret("8888")
    assert (await change(floor, record, guest_passcode=None)).guest.passcode not in (None, Secret("8888"))


async def test_a_past_start_may_stay_but_not_be_chosen(floor: ConferenceFloor) -> None:
    """A new start is checked like that of a booking."""
    record = await floor.book(start=TOMORROW)
    await nothing_happens(floor, "start-in-past", change(floor, record, start=at("2025-12-31 09:00")))
    await nothing_happens(floor, "start-too-far", change(floor, record, start=at("2029-12-31 09:00")))
    for fields, code in (
        ({"length": 5}, "length-out-of-range"),
        ({"media": ()}, "invalid"),
        ({"zone": "x"}, "invalid"),
        ({"subject": "x" * 129}, "subject-too-long"),
        ({"guest_passcode": Secret("1")}, "passcode-illegal"),
        ({"attendees": (Attendee(email="x"),)}, "invalid"),
        ({"series": mondays()}, "series-unexpected"),
        ({"room": SpaceId("any")}, "room-immutable"),
    ):
        await nothing_happens(floor, code, change(floor, record, **fields))


async def test_a_running_conference_is_not_changed(floor: ConferenceFloor) -> None:
    """Nor one that is over, which is not there any more."""
    record = await floor.book()
    await nothing_happens(floor, "already-started", change(floor, record, subject="New"))
    await floor.conferences.cancel(floor.alice, record.conference.number, end_running=True)
    await nothing_happens(floor, "not-found", change(floor, record, subject="New"))


async def test_only_who_manages_it_changes_it(floor: ConferenceFloor) -> None:
    """The invited may look; for others, and for other tenants, it is not there."""
    record = await floor.book(start=TOMORROW, attendees=(Attendee(user=floor.bob.user),))
    await nothing_happens(floor, "not-permitted", change(floor, record, floor.bob, subject="Mine"))
    await nothing_happens(floor, "not-found", change(floor, record, floor.carol, subject="Mine"))
    await nothing_happens(floor, "not-found", change(floor, record, floor.eve, subject="Mine"))
    number = record.conference.number
    await nothing_happens(floor, "not-permitted", floor.conferences.cancel(floor.bob, number))
    assert (await change(floor, record, floor.chief, subject="Chief's")).conference.subject == "Chief's"


# --- series --------------------------------------------------------------------------------------------------


async def test_a_new_rule_keeps_the_occurrences_it_has_in_common(floor: ConferenceFloor) -> None:
    """Their ids stay, so that calendars know them; others go and come."""
    record = await series_of(floor)
    changed = await change(floor, record, series=replace(mondays(), points=(1, 3), last=date(2026, 1, 20)))
    old = {one.slot: one.id for one in record.occurrences}
    new = {one.slot: one.id for one in changed.occurrences}
    assert sorted(f"{slot:%m-%d}" for slot in new if slot) == ["01-05", "01-07", "01-12", "01-14", "01-19"]
    assert {slot for slot in new if slot in old and new[slot] == old[slot]} == {s for s in old if s and s.day < 20}
    moved = await change(floor, record, series=mondays(at=600))
    assert [f"{one.start:%d %H}" for one in moved.occurrences] == ["05 10", "12 10", "19 10", "26 10"]
    assert not {one.id for one in moved.occurrences} & set(old.values())


async def test_a_series_that_has_begun_keeps_its_past(floor: ConferenceFloor) -> None:
    """A change names the old first date; what took place stays, the rest follows the new rule."""
    record = await series_of(floor)
    async with floor.running():
        await floor.until("2026-01-13 00:00")
    changed = await change(floor, record, series=mondays(at=600), length=30)
    assert [(f"{one.start:%d %H}", one.length, one.state.value) for one in changed.occurrences] == [
        ("05 09", 60, "ended"),
        ("12 09", 60, "ended"),
        ("19 10", 30, "booked"),
        ("26 10", 30, "booked"),
    ]
    earlier = replace(mondays(), first=date(2026, 1, 4))
    await nothing_happens(floor, "start-in-past", change(floor, record, series=earlier))
    over = replace(mondays(), last=date(2026, 1, 12))
    await nothing_happens(floor, "series-empty", change(floor, record, series=over))


async def test_a_series_stays_one(floor: ConferenceFloor) -> None:
    """Without its rule it is refused."""
    record = await series_of(floor)
    await nothing_happens(floor, "series-missing", change(floor, record, series=None))


async def test_an_occurrence_moves_within_its_slot(floor: ConferenceFloor) -> None:
    """Between its neighbours, the outer ones by no more than one period; it remembers its slot, counts its changes."""
    record = await series_of(floor)
    moved = await change_one(floor, record, 1, start=at("2026-01-13 15:00"), length=90)
    second = moved.occurrences[1]
    assert (second.start, second.length, second.slot) == (at("2026-01-13 15:00"), 90, at("2026-01-12 09:00"))
    assert (second.changed, second.sequence, moved.conference.sequence) == (True, 1, 0)
    assert await floor.notified() == ["booked", "occurrence-changed"]
    for index, start in (
        (1, "2026-01-05 09:30"),  # the first still runs then
        (1, "2026-01-19 08:30"),  # it would run into the third
        (2, "2026-01-13 16:00"),  # the moved second still runs then
        (3, "2026-02-02 09:01"),
    ):
        use = change_one(floor, moved, index, start=at(start))
        assert (await nothing_happens(floor, "occurrence-out-of-slot", use)).data["field"] == "start"
    await nothing_happens(floor, "start-in-past", change_one(floor, moved, 0, start=at("2025-12-31 09:00")))
    await nothing_happens(floor, "length-out-of-range", change_one(floor, moved, 0, length=1))
    await nothing_happens(floor, "invalid", change_one(floor, moved, 0, rules=RulesEdit(prolong_by=99)))
    assert (await change_one(floor, moved, 3, start=at("2026-02-02 09:00"))).occurrences[3].changed


async def test_what_was_changed_on_its_own_stays_so(floor: ConferenceFloor) -> None:
    """As long as the series names its slot; a change of the whole does not undo it, nor revive what was cancelled."""
    record = await series_of(floor)
    number = record.conference.number
    await change_one(floor, record, 1, start=at("2026-01-13 15:00"), rules=RulesEdit(waiting_room=True))
    await floor.conferences.cancel_occurrences(floor.alice, number, [record.occurrences[2].id])
    changed = await change(floor, record, length=30, subject="New")
    assert [(f"{one.start:%d}", one.length, one.state.value) for one in changed.occurrences] == [
        ("05", 30, "booked"),
        ("13", 60, "booked"),
        ("19", 60, "cancelled"),
        ("26", 30, "booked"),
    ]
    assert changed.occurrences[1].rules == replace(changed.rules, waiting_room=True)
    back = await change_one(floor, changed, 1, rules=RulesEdit(waiting_room=False))
    assert back.occurrences[1].rules is None


async def test_single_conferences_have_no_occurrences_of_their_own(floor: ConferenceFloor) -> None:
    """Neither to change nor to cancel; and a series knows only its own."""
    single, series = await floor.book(start=TOMORROW), await series_of(floor)
    number = single.conference.number
    await nothing_happens(floor, "not-a-series", change_one(floor, single, 0, length=60))
    cancel = floor.conferences.cancel_occurrences
    await nothing_happens(floor, "not-a-series", cancel(floor.alice, number, [single.occurrences[0].id]))
    number = series.conference.number
    await nothing_happens(floor, "not-found", cancel(floor.alice, number, [single.occurrences[0].id]))
    await nothing_happens(floor, "occurrence-list-empty", cancel(floor.alice, number, []))
    both = [series.occurrences[0].id, single.occurrences[0].id]
    await nothing_happens(floor, "not-found", cancel(floor.alice, number, both))


# --- cancelling ----------------------------------------------------------------------------------------------


async def test_a_cancelled_conference_is_gone(floor: ConferenceFloor) -> None:
    """Its space, its number and its place in lists; the notice can still name all of them."""
    record = await floor.book(start=TOMORROW)
    await floor.conferences.cancel(floor.alice, record.conference.number)
    assert (await floor.conference(record)).cancelled and (await floor.conference(record)).sequence == 1
    assert await floor.states(record) == ["cancelled"]
    assert not await floor.has_space(record)
    assert await floor.notified() == ["booked", "cancelled"]
    await nothing_happens(floor, "not-found", floor.conferences.show(floor.alice, record.conference.number))
    await nothing_happens(floor, "not-found", floor.conferences.cancel(floor.alice, record.conference.number))
    assert (await floor.dial(record.conference.number)).made is False


async def test_a_running_one_is_ended_only_when_asked_for(floor: ConferenceFloor) -> None:
    """Then everybody in it goes; nobody is told of a cancellation, for it took place."""
    record = await floor.book()
    call = await floor.host_enters(record)
    assert call.active
    number = record.conference.number
    await nothing_happens(floor, "started", floor.conferences.cancel(floor.alice, number))
    assert call.active
    await floor.wait(60)
    await floor.conferences.cancel(floor.alice, number, end_running=True)
    await floor.settle()
    assert call.live is None and call.reason is not None and call.reason.value == "meeting-ended"
    only = await floor.only(record)
    assert (only.state, only.end) == (OccurrenceState.ENDED, at("2026-01-01 00:01"))
    assert await floor.notified() == ["booked"]


async def test_occurrences_are_cancelled_one_by_one(floor: ConferenceFloor) -> None:
    """Each with its notice and sequence; with the last the conference is over."""
    record = await series_of(floor)
    number, ids = record.conference.number, [one.id for one in record.occurrences]
    await floor.conferences.cancel_occurrences(floor.alice, number, [ids[1], ids[1]])
    assert await floor.states(record) == ["booked", "cancelled", "booked", "booked"]
    assert (await floor.occurrences(record))[1].sequence == 1
    assert await floor.notified() == ["booked", "occurrence-cancelled"]
    assert await floor.has_space(record)
    await floor.conferences.cancel_occurrences(floor.alice, number, [ids[0], ids[2], ids[3]])
    assert not await floor.has_space(record)
    await nothing_happens(floor, "not-found", floor.conferences.show(floor.alice, number))


# --- rooms ---------------------------------------------------------------------------------------------------


async def room_of(floor: ConferenceFloor, owner: Actor, **edit: Any) -> Any:
    return await floor.rooms.create(None, SpaceKind.CLOUD_ROOM, RoomEdit(name="Room", **edit), owner.user)


async def test_a_room_brings_its_own_number_and_doors(floor: ConferenceFloor) -> None:
    """The conference's number is the key of later calls and dialled by nobody; the room outlives the conference."""
    room = await room_of(floor, floor.alice)
    record = await floor.book(start=TOMORROW, room=room.space.id, rules=RulesEdit(mute_guests=True))
    assert (record.space.id, record.guest.id, record.host.id) == (room.space.id, room.guest.id, room.host.id)
    assert record.conference.number != room.number and not record.conference.own_space
    assert not (await floor.dial(record.conference.number)).made
    assert (await floor.dial(room.number)).made
    await floor.conferences.cancel(floor.alice, record.conference.number)
    assert await floor.rooms.show(floor.alice, room.space.id) == room


async def test_a_room_with_a_random_number_has_two_more_doors_for_a_while(floor: ConferenceFloor) -> None:
    """They lead into the same room and go with the conference."""
    room = await room_of(floor, floor.alice)
    rules = RulesEdit(guests_need_no_passcode=True, guests_may_start=True)
    record = await floor.book(start=TOMORROW, room=room.space.id, random_number=True, rules=rules)
    assert record.guest.call_id == record.host.call_id == record.conference.number
    assert (record.guest.own, record.guest.role, record.host.role) == (False, Role.GUEST, Role.HOST)
    assert record.guest.passcode is None and record.guest.leg_settings.needs_activation is False
    assert await floor.rooms.show(floor.alice, room.space.id) == room
    changed = await change(floor, record, rules=RulesEdit(guests_need_no_passcode=False), random_number=True)
    assert changed.guest.passcode is not None
    await nothing_happens(floor, "room-immutable", change(floor, record, random_number=False))
    await nothing_happens(floor, "room-immutable", change(floor, record, room=None))
    await floor.conferences.cancel(floor.alice, record.conference.number)
    assert not (await floor.dial(record.conference.number)).made
    assert await floor.rooms.show(floor.alice, room.space.id) == room


async def test_a_room_takes_one_conference_at_a_time(floor: ConferenceFloor) -> None:
    """Spans may touch, not overlap; each occurrence of a series counts, cancelled ones do not."""
    room = await room_of(floor, floor.alice)
    first = await floor.book(start=TOMORROW, length=60, room=room.space.id)
    for start, length in (("08:30", 31), ("09:00", 60), ("09:59", 15), ("08:00", 300)):
        refusal = await floor.refused(
            "room-conflict",
            "room",
            start=at(f"2026-01-02 {start}"),
            length=length,
            room=room.space.id,
            random_number=True,
        )
        assert refusal.data["number"] == first.conference.number and refusal.data["running"] is False
    before = await floor.book(start=at("2026-01-02 08:30"), length=30, room=room.space.id)
    await floor.book(start=at("2026-01-02 10:00"), length=30, room=room.space.id)
    daily = Series(Cycle.DAY, date(2026, 1, 2), date(2026, 1, 4), 570)
    await floor.refused("room-conflict", "room", series=daily, zone="UTC", room=room.space.id)
    await nothing_happens(floor, "room-conflict", change(floor, before, length=60))
    assert (await change(floor, before, length=20)).occurrences[0].length == 20
    await floor.conferences.cancel(floor.alice, first.conference.number)
    await floor.book(start=at("2026-01-02 09:15"), room=room.space.id)
    now = await floor.book(room=room.space.id)
    refusal = await floor.refused("room-conflict", "room", room=room.space.id)
    assert (refusal.data["number"], refusal.data["running"]) == (now.conference.number, True)


async def test_a_room_is_booked_by_its_owner_within_its_size(floor: ConferenceFloor) -> None:
    """Not by others, not when switched off, not for more than it takes, and a plain space is no room."""
    room = (await room_of(floor, floor.alice, size=2)).space.id
    await floor.refused("room-not-owner", "room", actor=floor.bob, room=room)
    await floor.refused("room-not-owner", "room", actor=floor.chief, room=room)
    await floor.refused("not-found", "room", actor=floor.eve, room=room)
    await floor.refused("room-size", "rules.participant_limit", room=room, rules=RulesEdit(participant_limit=3))
    await floor.refused("room-size", "attendees", room=room, attendees=(Attendee(),) * 3)
    record = await floor.book(room=room, start=TOMORROW, rules=RulesEdit(participant_limit=2))
    await nothing_happens(floor, "room-size", change(floor, record, rules=RulesEdit(participant_limit=3)))
    await floor.rooms.change(floor.chief, room, RoomEdit(enabled=False))
    await floor.refused("room-disabled", "room", room=room)
    await floor.refused("not-found", "room", room=SpaceId(await floor.space("plain")))


async def test_what_is_over_is_not_cancelled_but_missed(floor: ConferenceFloor) -> None:
    """A cancellation that comes after a stop, before the timekeeper has looked: dates whose whole time has passed are
    missed, as in people's calendars, where they stay; only those to come are cancelled."""
    days = Series(Cycle.DAY, date(2026, 1, 2), date(2026, 1, 4), 9 * 60)
    record = await floor.book(series=days, zone="UTC", length=30)
    await floor.until("2026-01-02 09:30")
    await floor.conferences.cancel(floor.alice, record.conference.number)
    assert await floor.states(record) == ["missed", "cancelled", "cancelled"]
    assert (await floor.notified())[-1] == "cancelled"
    assert not await floor.has_space(record)


async def test_nobody_is_told_that_what_is_over_is_cancelled(floor: ConferenceFloor) -> None:
    """A single conference whose whole time passed unseen is missed, and no cancellation goes out."""
    record = await floor.book(start=at("2026-01-02 09:00"), length=30)
    await floor.until("2026-01-02 09:30")
    await floor.conferences.cancel(floor.alice, record.conference.number)
    assert await floor.states(record) == ["missed"]
    assert await floor.notified() == ["booked"]


async def test_a_date_that_comes_back_stands_above_its_cancellation(floor: ConferenceFloor) -> None:
    """A date moved twice, taken out of the series and put back is a new occurrence, whose SEQUENCE in calendars is
    above that of the cancellation, or they would go on showing it as cancelled."""
    record = await series_of(floor)
    last = record.occurrences[-1]
    for hours in (1, 2):
        record = await change_one(floor, record, -1, start=last.start + timedelta(hours=hours))
    told = record.conference.sequence + record.occurrences[-1].sequence
    shorter = replace(mondays(), last=date(2026, 1, 20))
    without = await change(floor, record, series=shorter)
    assert last.slot not in [one.slot for one in without.occurrences]
    cancelled = max(told + 1, without.conference.sequence)
    back = await change(floor, without, series=mondays())
    assert back.occurrences[-1].slot == last.slot
    assert back.conference.sequence + back.occurrences[-1].sequence > cancelled
