"""What every Journal does. A test class inherits JournalSuite and gives `clock`, `journal` and `lines`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from parley.app.ports import Journal
from parley.core.events import Event
from tests.kit.manual_clock import ManualClock
from tests.kit.samples import EVENTS


class ListenedJournal(Journal, Protocol):
    def subscribe(self, listener: Callable[[datetime, Event], None]) -> Callable[[], None]: ...

    def close(self) -> None: ...


Lines = Callable[[], list[tuple[datetime, Event]]]


class JournalSuite:
    def test_events_are_kept_in_order_with_the_time_of_writing(
        self, journal: ListenedJournal, clock: ManualClock, lines: Lines
    ) -> None:
        """Each event is there when append returns, after those before it, stamped with UTC."""
        expected = []
        for event in EVENTS:
            clock.advance(1.5)
            journal.append(event)
            expected.append((clock.utc(), event))
            assert lines() == expected

    def test_listeners_hear_each_event_once_it_is_written(
        self, journal: ListenedJournal, clock: ManualClock, lines: Lines
    ) -> None:
        """A subscriber gets time and event, after the write, until it leaves."""
        heard: list[tuple[datetime, Event]] = []
        written: list[int] = []

        def listener(at: datetime, event: Event) -> None:
            heard.append((at, event))
            written.append(len(lines()))

        journal.append(EVENTS[0])
        leave = journal.subscribe(listener)
        journal.append(EVENTS[1])
        journal.append(EVENTS[2])
        leave()
        leave()
        journal.append(EVENTS[3])
        assert heard == [(clock.utc(), EVENTS[1]), (clock.utc(), EVENTS[2])]
        assert written == [2, 3]

    def test_a_failing_listener_harms_nobody(self, journal: ListenedJournal, lines: Lines) -> None:
        """The event is kept, the caller sees no error, the other listeners are called."""
        heard: list[Event] = []

        def broken(_at: datetime, _event: Event) -> None:
            raise RuntimeError("a listener's fault")

        journal.subscribe(broken)
        journal.subscribe(lambda _at, event: heard.append(event))
        journal.append(EVENTS[0])
        journal.append(EVENTS[1])
        assert heard == list(EVENTS[:2])
        assert len(lines()) == 2

    def test_an_append_after_closing_is_kept_too(self, journal: ListenedJournal, lines: Lines) -> None:
        """The last events of a shutdown are not lost for being late."""
        journal.append(EVENTS[0])
        journal.close()
        journal.append(EVENTS[1])
        journal.close()
        assert [event for _, event in lines()] == list(EVENTS[:2])
