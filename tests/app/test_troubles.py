"""What is wrong now, as whoever watches over the server is told."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from parley.app.troubles import Trouble, Troubles
from tests.kit.manual_clock import ManualClock


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over() -> None:
    """However often it shows in between; it is listed with when it began and how it shows now."""
    clock = ManualClock()
    troubles, began = Troubles(clock), clock.utc()
    with capture_logs() as lines:
        for told in ("locked", "full", "full"):
            troubles.has("the database cannot be written", told)
            clock.advance(1.0)
        assert troubles.now() == (Trouble("the database cannot be written", "full", began),)
        troubles.over("the database cannot be written")
        troubles.over("the database cannot be written")
    assert [line["event"] for line in lines] == [
        "the database cannot be written",
        "over: the database cannot be written",
    ]
    assert lines[1]["seconds"] == timedelta(seconds=3).total_seconds()
    assert troubles.now() == ()


def test_what_nobody_would_tell_is_looked_at_when_somebody_asks() -> None:
    """Room on the disk, for one."""
    free = ["3 MB are free"]
    troubles = Troubles(ManualClock())
    troubles.look("the disk is nearly full", lambda: free[0])
    assert [trouble.told for trouble in troubles.now()] == ["3 MB are free"]
    free[0] = ""
    assert troubles.now() == ()


async def test_what_is_looked_at_is_told_though_nobody_asks() -> None:
    """In the log, within a minute."""
    clock, told = ManualClock(), [""]
    troubles = Troubles(clock)
    troubles.look("the disk is nearly full", lambda: told[0])
    with capture_logs() as lines:
        task = asyncio.create_task(troubles.watch())
        await asyncio.sleep(0)
        told[0] = "3 MB are free"
        clock.advance(59.0)
        await asyncio.sleep(0)
        assert not lines
        clock.advance(1.0)
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [line["event"] for line in lines] == ["the disk is nearly full"]
