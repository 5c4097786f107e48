"""Plans are sent at once, but not more often than anybody could hear."""

from __future__ import annotations

import asyncio

from parley.backends.engine.pace import EVERY, Pace
from parley.core.ids import MeetingId

ONE, TWO = MeetingId("one"), MeetingId("two")


async def test_the_first_goes_at_once_and_many_more_become_one() -> None:
    """Of a crowd that comes within a moment the worker is told twice."""
    sent: list[MeetingId] = []
    pace = Pace(sent.append)
    for _ in range(50):
        pace.ask(ONE)
    assert sent == [ONE]
    await asyncio.sleep(3 * EVERY)
    assert sent == [ONE, ONE]


async def test_meetings_do_not_wait_for_one_another() -> None:
    """Another meeting's plan goes at once."""
    sent: list[MeetingId] = []
    pace = Pace(sent.append)
    pace.ask(ONE)
    pace.ask(TWO)
    assert sent == [ONE, TWO]


async def test_what_builds_on_a_plan_does_not_overtake_it() -> None:
    """Hurried, the waiting plan goes now and not a second time; with nothing waiting nothing goes."""
    sent: list[MeetingId] = []
    pace = Pace(sent.append)
    pace.hurry(ONE)
    pace.ask(ONE)
    pace.ask(ONE)
    pace.hurry(ONE)
    assert sent == [ONE, ONE]
    await asyncio.sleep(3 * EVERY)
    assert sent == [ONE, ONE]


async def test_a_meeting_that_is_over_is_not_spoken_of_again() -> None:
    """Neither one that was forgotten, nor any after the stop."""
    sent: list[MeetingId] = []
    pace = Pace(sent.append)
    for meeting in (ONE, TWO):
        pace.ask(meeting)
        pace.ask(meeting)
    pace.forget(ONE)
    pace.stop()
    await asyncio.sleep(3 * EVERY)
    assert sent == [ONE, TWO]
