"""A clock that moves when told to."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class ManualTimer:
    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """Implements the Clock port. Monotonic and UTC time move together, by `advance` alone."""

    def __init__(self, now: float = 1000.0, utc: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = now
        self._start_utc = utc
        self._now = now
        self._count = 0
        self._timers: list[tuple[float, int, ManualTimer]] = []

    def now(self) -> float:
        return self._now

    def utc(self) -> datetime:
        return self._start_utc + timedelta(seconds=self._now - self._start)

    def call_at(self, when: float, action: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(when, action)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Fire what falls due, in order of time and then of creation, each at its own moment."""
        end = round(self._now + seconds, 9)  # fifty steps of 0.1 s are 5 s
        while self._fire_next(end):
            pass
        self._now = end

    async def run_for(self, seconds: float, turns: int = 20) -> None:
        """As advance, with turns of the event loop after each timer, so that woken tasks act at its moment."""
        end = round(self._now + seconds, 9)  # fifty steps of 0.1 s are 5 s
        await self._turn(turns)
        while self._fire_next(end):
            await self._turn(turns)
        self._now = end
        await self._turn(turns)

    def pending(self) -> int:
        return sum(not timer.cancelled for _, _, timer in self._timers)

    def _fire_next(self, end: float) -> bool:
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                self._now = max(self._now, when)
                timer.action()
                return True
        return False

    @staticmethod
    async def _turn(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
