"""A stop of the server in the middle of everything: each step happens once, and nobody waits for one that fails."""

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

from parley.app.booking import ConferenceRecord, RulesEdit
from parley.app.ports import Transaction
from parley.app.survival import Survival
from parley.core.conferences import Cycle, OccurrenceState, Series
from parley.core.endings import Ending, Reason, Side
from tests.app.conference_floor import ConferenceFloor, at
from tests.app.conference_times import BOB, DORA, daily, nine_to_eleven, stored
from tests.app.floor import no_errors
from tests.kit.fake_call_placer import FakeCallPlacer
from tests.kit.held_store import HeldStore
from tests.kit.memory_store import MemoryStore
from tests.kit.surviving_doors import FakeSurvivingDoors


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


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


def survival(floor: ConferenceFloor, doors: FakeSurvivingDoors) -> Survival:
    return Survival(floor.held, floor.directory, floor.services, {"sip": doors}, 30.0, lambda _tenant: lambda: None)


async def test_a_conference_whose_meeting_survives(floor: ConferenceFloor) -> None:
    """Killed and started again: who is in stays in attendance, nobody is called again, and it ends at its end."""
    record = await nine_to_eleven(floor, attendees=(BOB,))
    survival(floor, FakeSurvivingDoors())
    async with floor.running():
        await floor.until("2026-01-01 09:20")
        host = await floor.host_enters(record)
        host.door.writes = b"host"
        floor.directory.door_changed(host.door)
        leaver = await floor.host_enters(record)
        await floor.wait(2)
    other, doors = ConferenceFloor(store=floor.held, after=floor), FakeSurvivingDoors()
    surviving = survival(other, doors)
    await surviving.take_up()
    surviving.farewell()
    async with other.running():
        assert await stored(other, record) == ("running", "11:20") and other.placer.targets() == []
        only = await other.only(record)
        meeting = other.meeting()
        assert meeting is not None and only.meeting == meeting.meeting
        rows = await other.conferences.attendance(other.alice, only.id)
        assert leaver.leg.id not in other.engine.legs
        assert [row.left and f"{row.left:%H:%M}" for row in rows] == [None, "09:20"]
        await other.until("2026-01-01 11:21")
        assert await stored(other, record) == ("ended", "11:20")
        rows = await other.conferences.attendance(other.alice, only.id)
        assert [row.left and f"{row.left:%H:%M}" for row in rows] == ["11:20", "09:20"]
    assert doors.opened[b"host"].hung_up == Ending(Side.LOCAL, Reason.MEETING_ENDED)
    assert other.meeting() is None


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


async def test_nobody_waits_for_a_step_that_fails(floor: ConferenceFloor) -> None:
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
