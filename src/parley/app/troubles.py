"""What is wrong with this server now, for whoever watches over it: told in the log when it begins and when it is over,
and shown by `parley status` and the health page for as long as it lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from .ports import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Trouble:
    """what: the same words each time; told: how it shows; since: UTC."""

    what: str
    told: str
    since: datetime


class Troubles:
    """Each is named by fixed words. For the event loop's thread alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lasting: dict[str, Trouble] = {}
        self._looks: dict[str, Callable[[], str]] = {}

    def has(self, what: str, told: str) -> None:
        """It is so, or still so."""
        known = self._lasting.get(what)
        since = known.since if known is not None else self._clock.utc()
        self._lasting[what] = Trouble(what, told, since)
        if known is None:
            log.error(what, problem=told)

    def over(self, what: str) -> None:
        """It is so no longer; nothing happens where it was not."""
        known = self._lasting.pop(what, None)
        if known is not None:
            log.warning("over: " + what, seconds=round((self._clock.utc() - known.since).total_seconds()))

    def look(self, what: str, told: Callable[[], str]) -> None:
        """What nobody would tell: looked at whenever somebody asks, and every minute while `watch` runs. told: empty
        where it is not so; must not block."""
        self._looks[what] = told

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.now()
            over = asyncio.Event()
            timer = self._clock.call_at(self._clock.now() + LOOK_EVERY, over.set)
            try:
                await over.wait()
            finally:
                timer.cancel()

    def now(self) -> tuple[Trouble, ...]:
        """Those that last, oldest first."""
        for what, look in self._looks.items():
            if told := look():
                self.has(what, told)
            else:
                self.over(what)
        return tuple(self._lasting.values())
