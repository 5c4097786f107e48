"""Whether this process keeps up: a beat that comes late tells that everything else comes late too."""

from __future__ import annotations

from ...app.ports import Clock, Timer

BEAT = 0.1  # seconds
# By then whoever was called before has waited long enough; to take on more calls would make all of them fail.
LATE = 1.0


class Pulse:
    """Beats from `start` to `stop`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = 0.0
        self._lateness = 0.0  # of the last beat
        self._timer: Timer | None = None

    def start(self) -> None:
        if self._timer is None:
            self._next()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next(self) -> None:
        self._due = self._clock.now() + BEAT
        self._timer = self._clock.call_at(self._due, self._beat)

    def _beat(self) -> None:
        self._lateness = self._clock.now() - self._due
        self._next()

    def is_late(self, now: float) -> bool:
        """Whether the last beat was late, or the next one is overdue."""
        return self._timer is not None and max(self._lateness, now - self._due) > LATE
