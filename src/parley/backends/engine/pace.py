"""Plans are whole: where many people come at once, only the newest of each few milliseconds is worth sending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...core.ids import MeetingId

EVERY = 0.01  # seconds; half a tick of the engine


class Pace:
    """Calls `send` for a meeting at once, or EVERY after the last time."""

    def __init__(self, send: Callable[[MeetingId], None]) -> None:
        self._send = send
        self._sent: dict[MeetingId, float] = {}
        self._waiting: dict[MeetingId, asyncio.TimerHandle] = {}

    def ask(self, meeting: MeetingId) -> None:
        """There is something new to be sent."""
        if meeting in self._waiting:
            return
        loop = asyncio.get_running_loop()
        due = self._sent.get(meeting, float("-inf")) + EVERY
        if loop.time() >= due:
            self._go(meeting)
        else:
            self._waiting[meeting] = loop.call_at(due, self._go, meeting)

    def hurry(self, meeting: MeetingId) -> None:
        """Send now what waits, because something follows that builds on it."""
        waiting = self._waiting.get(meeting)
        if waiting is not None:
            waiting.cancel()
            self._go(meeting)

    def forget(self, meeting: MeetingId) -> None:
        """Nothing of it is sent any more."""
        self._sent.pop(meeting, None)
        waiting = self._waiting.pop(meeting, None)
        if waiting is not None:
            waiting.cancel()

    def stop(self) -> None:
        for meeting in list(self._waiting):
            self.forget(meeting)

    def _go(self, meeting: MeetingId) -> None:
        self._waiting.pop(meeting, None)
        self._sent[meeting] = asyncio.get_running_loop().time()
        self._send(meeting)
