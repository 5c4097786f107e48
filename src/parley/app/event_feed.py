"""The event log as people read it: the newest lines, and those that follow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from ..core.events import Event

Render = Callable[[datetime, Event], list[str]]

FOLLOWER_LINES = 1000  # a follower that is further behind loses lines, and is told how many


class _Follower:
    def __init__(self) -> None:
        self.lines: deque[str] = deque()
        self.lost = 0
        self.wake = asyncio.Event()

    def take(self, line: str) -> None:
        if len(self.lines) >= FOLLOWER_LINES:
            self.lost += 1
        else:
            self.lines.append(line)
        self.wake.set()


class EventFeed:
    """Give it every event as it is journalled (`take`); `render` makes lines of it, or none."""

    def __init__(self, render: Render, kept: int) -> None:
        self._render = render
        self._lines: deque[str] = deque(maxlen=kept)
        self._followers: set[_Follower] = set()

    def take(self, at: datetime, event: Event) -> None:
        for line in self._render(at, event):
            self._lines.append(line)
            for follower in self._followers:
                follower.take(line)

    def newest(self, limit: int) -> list[str]:
        """Oldest first."""
        return list(self._lines)[-limit:] if limit > 0 else []

    async def follow(self) -> AsyncIterator[str]:
        """The lines from now on."""
        follower = _Follower()
        self._followers.add(follower)
        try:
            while True:
                await follower.wake.wait()
                follower.wake.clear()
                while follower.lines:
                    yield follower.lines.popleft()
                if follower.lost:
                    lost, follower.lost = follower.lost, 0
                    yield f"({lost} lines were lost: this reader is too slow)"
        finally:
            self._followers.discard(follower)
