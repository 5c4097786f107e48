"""One leg's quality as it is kept: its newest window for those who look, its windows for the journal, its summary.

For the first hour every window is kept, afterwards one for each minute: a call of a day makes some 2100, in lines of at
most BATCH.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from ..core.events import Event, LegEnded, LegQuality
from ..core.ids import LegId
from ..core.quality import QualityWindow, Tally, merged
from .ports import Journal, MediaStatistics

log = structlog.get_logger(__name__)

BATCH = 60  # windows in one line of the journal: five minutes
FINE_SECONDS = 3600.0
COARSE = 12  # windows that become one, after that


class QualityRecord:
    """Takes windows as the engine tells them; the journal has them all once `ended` was called."""

    def __init__(self, leg: LegId, number: int, journal: Journal, since: float = 0.0) -> None:
        """since: seconds of windows that a life of the server before this one was told of."""
        self._leg = leg
        self._number = number
        self._journal = journal
        self._tally = Tally()
        self._since = since  # seconds of windows before those that wait
        self._waiting: list[QualityWindow] = []
        self._fine: list[QualityWindow] = []  # to become one
        self.last: QualityWindow | None = None

    def take(self, window: QualityWindow) -> None:
        fine = self._tally.seconds < FINE_SECONDS
        self._tally.take(window)
        self.last = window
        if not fine:
            self._fine.append(window)
            if len(self._fine) < COARSE:
                return
            window = merged(self._fine)
            self._fine.clear()
        self._waiting.append(window)
        if len(self._waiting) >= BATCH:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            windows = tuple(self._waiting)
            self._waiting.clear()
            try:
                self._journal.append(LegQuality(self._leg, self._number, self._since, windows))
            except OSError as problem:  # the end of the leg is still worth an attempt
                log.warning("windows of a leg were not written", leg=self._leg, problem=str(problem))
            self._since += sum(window.seconds for window in windows)

    def ended(self, event: Event, statistics: MediaStatistics | None) -> Event:
        """The event as it is to be written: a leg's end with its summary, once the rest of the windows is written."""
        if not isinstance(event, LegEnded):
            return event
        if self._fine:
            self._waiting.append(merged(self._fine))
            self._fine.clear()
        self._write()
        summary = self._tally.summary(statistics.codec if statistics is not None else "")
        if summary is not None and statistics is not None:
            # Windows leave out the leg's last seconds, and what a life of the server before this one was told; the
            # engine's totals, what came to a worker that has died.
            summary = replace(
                summary,
                received=max(summary.received, statistics.packets_received),
                lost=max(summary.lost, statistics.packets_lost),
                sent=max(summary.sent, statistics.packets_sent),
                concealed_ms=max(summary.concealed_ms, statistics.concealed_ms),
                losses=statistics.losses,
            )
        return replace(event, quality=summary)
