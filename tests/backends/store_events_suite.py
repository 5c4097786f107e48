"""The events of the journal as kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parley.app.ports import Store
from parley.core.events import Event
from tests.kit.samples import EVENTS


class EventsSuite:
    async def test_events_come_back_in_order_with_their_times(self, store: Store) -> None:
        """Every kind of event is kept as it was, positions rise, paging goes on after a position."""
        start = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
        lines: list[tuple[datetime, Event]] = [
            (start + timedelta(seconds=number), event) for number, event in enumerate(EVENTS)
        ]
        async with store.transaction() as transaction:
            assert await transaction.add_events("seg", 1, lines) == len(EVENTS)
        async with store.reading() as reading:
            kept = await reading.events()
            assert [(stored.at, stored.event) for stored in kept] == lines
            assert all(stored.at.utcoffset() == timedelta(0) for stored in kept)
            positions = [stored.position for stored in kept]
            assert positions == sorted(set(positions))
            assert positions[0] > 0
            assert await reading.events(after=positions[4], limit=3) == kept[5:8]
            assert await reading.events(after=positions[-1]) == []

    async def test_each_journal_line_is_kept_once(self, store: Store) -> None:
        """Lines imported before are passed over, by segment and number, whatever the group."""
        at = datetime(2026, 1, 1, tzinfo=UTC)
        lines: list[tuple[datetime, Event]] = [(at, event) for event in EVENTS[:6]]
        async with store.transaction() as transaction:
            assert await transaction.add_events("one", 1, lines[:4]) == 4
            assert await transaction.add_events("one", 1, lines[:4]) == 0
        async with store.transaction() as transaction:
            assert await transaction.add_events("one", 3, lines[2:6]) == 2
            assert await transaction.add_events("two", 1, lines[:1]) == 1
            assert await transaction.add_events("two", 2, []) == 0
        async with store.reading() as reading:
            assert [stored.event for stored in await reading.events()] == [*EVENTS[:6], EVENTS[0]]

    @pytest.mark.parametrize("limit", [0, 1, 3, len(EVENTS), 100])
    async def test_the_newest_events_come_oldest_first(self, store: Store, limit: int) -> None:
        """As many as asked for, from the end; all when there are fewer."""
        at = datetime(2026, 1, 1, tzinfo=UTC)
        async with store.transaction() as transaction:
            assert await transaction.newest_events(limit) == []
            await transaction.add_events("seg", 1, [(at, event) for event in EVENTS])
        async with store.reading() as reading:
            newest = [stored.event for stored in await reading.newest_events(limit)]
            assert newest == list(EVENTS[max(0, len(EVENTS) - limit) :])
