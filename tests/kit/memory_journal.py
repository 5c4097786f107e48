"""A journal in a list."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from parley.app.ports import Clock
from parley.core.events import Event


class MemoryJournal:
    """Implements the Journal port; `lines` holds (UTC time, event) in order, `events` the events alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Callable[[datetime, Event], None]] = []
        self.lines: list[tuple[datetime, Event]] = []

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.lines]

    def append(self, event: Event) -> None:
        at = self._clock.utc()
        self.lines.append((at, event))
        for listener in tuple(self._listeners):
            with suppress(Exception):  # a listener's failure is not the journal's
                listener(at, event)

    def subscribe(self, listener: Callable[[datetime, Event], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def close(self) -> None:
        """Nothing is held."""
