"""The event log's newest lines and its followers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from parley.app.event_feed import FOLLOWER_LINES, EventFeed
from parley.core.events import Event, LegDeactivated, MeetingStarted
from parley.core.ids import LegId, MeetingId, SpaceId

AT = datetime(2026, 1, 1, tzinfo=UTC)


def feed(kept: int = 10) -> EventFeed:
    """Renders the leg of an event, or nothing."""

    def render(_at: datetime, event: Event) -> list[str]:
        return [f"leg {event.leg}"] if isinstance(event, LegDeactivated) else []

    return EventFeed(render, kept)


def tell(of: EventFeed, *numbers: int) -> None:
    for number in numbers:
        of.take(AT, LegDeactivated(MeetingId("m"), LegId(str(number))))


@pytest.mark.parametrize(("limit", "last"), [(0, []), (-1, []), (2, ["leg 3", "leg 4"]), (99, None)])
def test_the_newest_lines_oldest_first(limit: int, last: list[str] | None) -> None:
    """No more than asked for, and none for none."""
    of = feed()
    tell(of, 1, 2, 3, 4)
    assert of.newest(limit) == (last if last is not None else [f"leg {number}" for number in (1, 2, 3, 4)])


def test_no_more_lines_are_kept_than_set() -> None:
    """The oldest go; events without a line take no place."""
    of = feed(kept=2)
    tell(of, 1, 2)
    of.take(AT, MeetingStarted(MeetingId("m"), SpaceId("s"), "", None))
    tell(of, 3)
    assert of.newest(99) == ["leg 2", "leg 3"]


async def test_followers_get_what_comes_each_on_its_own() -> None:
    """From their beginning on; one that leaves is forgotten."""
    of = feed()
    tell(of, 1)
    first, second = of.follow(), of.follow()
    waiting = [asyncio.ensure_future(anext(first)), asyncio.ensure_future(anext(second))]
    await asyncio.sleep(0)
    tell(of, 2)
    assert await asyncio.gather(*waiting) == ["leg 2"] * 2
    await first.aclose()  # type: ignore[attr-defined]
    tell(of, 3)
    assert await anext(second) == "leg 3"
    await second.aclose()  # type: ignore[attr-defined]
    assert not of._followers


async def test_a_follower_that_is_too_slow_is_told_what_it_lost() -> None:
    """The lines it can still have come first; memory stays bounded; afterwards it goes on."""
    of = feed()
    slow = of.follow()
    waiting = asyncio.ensure_future(anext(slow))
    await asyncio.sleep(0)
    tell(of, *range(FOLLOWER_LINES + 5))
    lines = [await waiting] + [await anext(slow) for _ in range(FOLLOWER_LINES)]
    assert lines[-2:] == [f"leg {FOLLOWER_LINES - 1}", "(5 lines were lost: this reader is too slow)"]
    tell(of, 7)
    assert await anext(slow) == "leg 7"
    await slow.aclose()  # type: ignore[attr-defined]
