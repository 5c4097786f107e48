"""Series in simulated time: occurrence after occurrence, announced once each; and who was in them."""

from __future__ import annotations

from typing import Any

import pytest

from parley.app.booking import OccurrenceEdit, RulesEdit
from parley.core.conferences import Attendee, AttendeeKind
from parley.core.spaces import Role
from tests.app.conference_floor import ConferenceFloor, at
from tests.app.conference_times import BOB, daily, nine_to_eleven, stored


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


# --- series --------------------------------------------------------------------------------------------------


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
    edit = OccurrenceEdit(rules=RulesEdit(guests_may_start=True, mute_guests=True))
    await floor.conferences.change_occurrence(floor.alice, number, id, edit)
    async with floor.running():
        for moment, own in (("2026-01-02 09:30", False), ("2026-01-03 09:30", True), ("2026-01-03 10:00", False)):
            await floor.until(moment)
            settings = (await floor.conferences.show(floor.alice, number)).guest.leg_settings
            assert (settings.rx_audio_mute, settings.needs_activation) == (own, not own), moment


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
