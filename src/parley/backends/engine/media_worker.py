"""One worker as control knows it: its process is replaced when it dies, and whoever needs it back is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import structlog

from ...app.ports import MediaUnavailable
from ...engine import messages as m
from .worker import Builder, NoWorker, WorkerDied, WorkerLink

log = structlog.get_logger(__name__)

RESTART_AFTER = 0.2  # seconds, doubled for every death in a row: a crash loop must not eat a core. The first: at once
RESTART_AFTER_MOST = 10.0
SETTLED = 10.0  # seconds of life after which a death is not one in a row with those before


class Pool(Protocol):
    """Whom a worker tells."""

    def on_notification(self, worker: MediaWorker, message: m.Notification) -> None: ...

    def on_death(self, worker: MediaWorker) -> None:
        """Everything on it is gone; a new process is being started."""

    def on_failed_start(self, worker: MediaWorker) -> None:
        """And a further attempt will be made."""

    def on_return(self, worker: MediaWorker) -> Awaitable[None]:
        """A new process serves, and knows nothing."""


class MediaWorker:
    """index: from 0. configure: its settings, in a request of the given number."""

    def __init__(self, index: int, directory: Path, configure: Callable[[int], m.Configure], pool: Pool) -> None:
        self.index = index
        self._socket = directory / f"media-{index}.sock"
        self.place = self._socket.with_suffix(".legs")  # where it takes legs from others
        self._configure = configure
        self._pool = pool
        self.link: WorkerLink | None = None
        self._last: WorkerLink | None = None  # the one that died last
        self.deaths = 0  # in a row
        self.died_at = 0.0
        self._began = 0.0
        self._stopping = False
        self._restarting: asyncio.Task[None] | None = None
        self.up = asyncio.Event()
        self.health: m.Health | None = None  # as it last told, about once a second

    async def take_over(self) -> m.Found | None:
        """Speak to the process that a server before this one has left; None: there is none, or none that fits."""
        link = self._new_link()
        try:
            found = await link.take_over()
        except NoWorker:
            return None
        except WorkerDied as problem:
            log.warning("a media worker cannot be taken over", worker=self.index, problem=str(problem))
            return None
        self._serve(link)
        log.info("media worker taken over", worker=self.index, legs=len(found.legs), meetings=len(found.meetings))
        return found

    async def start(self) -> None:
        """A new process. Raises WorkerDied when it does not come up."""
        link = self._new_link()
        await link.start()
        self._serve(link)

    def _serve(self, link: WorkerLink) -> None:
        self.link, self._began = link, time.monotonic()
        self.up.set()

    def _new_link(self) -> WorkerLink:
        return WorkerLink(
            self._socket, self._configure, lambda message: self._pool.on_notification(self, message), self._on_death
        )

    async def stop(self) -> None:
        await self._stay()
        for link in (self._last, self.link):
            if link is not None:
                await link.stop()
        self.place.unlink(missing_ok=True)

    async def leave(self) -> None:
        """The process goes on without us."""
        await self._stay()
        if self.link is not None:
            self.link.leave()

    async def _stay(self) -> None:
        """Nothing new is started from now on."""
        self._stopping = True
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)

    @property
    def pid(self) -> int | None:
        return self.link.pid if self.link else None

    @property
    def load(self) -> dict[str, int | float] | None:
        """Its number from 0, and how its audio keeps its time; None: it has not told yet."""
        if self.health is None:
            return None
        return {
            "worker": self.index,
            "busy_percent": round(self.health.busy_ratio * 100, 1),
            "ticks": self.health.ticks,
            "late_ticks": self.health.late_ticks,
            "worst_late_ms": self.health.worst_late_ms,
        }

    async def ask(self, build: Builder) -> m.Response:
        """Raises MediaUnavailable when there is no process, or it dies over it."""
        if self.link is None:
            raise MediaUnavailable("no media worker lives")
        try:
            return await self.link.ask(build)
        except WorkerDied as problem:
            raise MediaUnavailable(str(problem)) from problem

    def tell(self, build: Builder) -> None:
        if self.link is not None:
            self.link.tell(build)

    def _on_death(self) -> None:
        now = time.monotonic()
        self.link, self._last, self.health = None, self.link, None
        self.up.clear()
        self.deaths = 1 if now - self._began > SETTLED else self.deaths + 1
        self.died_at = now
        self._pool.on_death(self)
        if not self._stopping:
            self._restarting = asyncio.get_running_loop().create_task(self._restart())

    async def _restart(self) -> None:
        attempts = self.deaths - 1
        while not self._stopping:
            await asyncio.sleep(min(RESTART_AFTER * 2**attempts, RESTART_AFTER_MOST) if attempts else 0)
            attempts += 1
            try:
                await self.start()
            except (WorkerDied, OSError) as problem:
                log.error("media worker did not start again", worker=self.index, problem=str(problem))
                self._pool.on_failed_start(self)
            else:
                await self._pool.on_return(self)
                return
