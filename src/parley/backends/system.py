"""The machine's own clock and dice."""

from __future__ import annotations

import asyncio
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4


class SystemClock:
    """Clock of the running event loop. Timers never fire before their time."""

    def now(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, when: float, action: Callable[[], None]) -> SystemTimer:
        return SystemTimer(when, action)


class SystemTimer:
    """One pending call. Loops count time in steps of their own and may wake a little early: then it waits again."""

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self._when = when
        self._action = action
        self._loop = asyncio.get_running_loop()
        self._handle = self._arm()

    def _arm(self) -> asyncio.TimerHandle:
        return self._loop.call_later(max(0.0, self._when - time.monotonic()), self._fire)

    def _fire(self) -> None:
        if time.monotonic() < self._when:
            self._handle = self._arm()
        else:
            self._action()

    def cancel(self) -> None:
        self._handle.cancel()


class RandomIdentifiers:
    """Fresh values from the system's random source."""

    def uuid(self) -> str:
        return str(uuid4())

    def secret(self) -> str:
        """22 characters of A-Z a-z 0-9 . _ (128 bits)."""
        return b64encode(secrets.token_bytes(16), altchars=b"._").decode("ascii").rstrip("=")

    def digits(self, count: int) -> str:
        """A random number of that many digits (at least 1), the first not 0."""
        lowest = 10 ** (count - 1)
        return str(lowest + secrets.randbelow(9 * lowest))
