"""Phones' legs go from worker to worker: the sockets themselves, without a word to the far end.

One after another: the giver is asked, passes sockets and state straight to the taker, and only then answers; then the
taker is asked. Whatever dies in between, one of them has the leg, or nobody has and its port can be opened again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ...app.ports import MediaUnavailable
from ...engine import messages as m
from .media_worker import MediaWorker
from .opened import OpenedLeg

log = structlog.get_logger(__name__)

PATIENCE = 10.0  # seconds for a leg, or its new worker, to come back first


class HandOver:
    """open_again: where neither worker has it; go_on: it is where it belongs."""

    def __init__(self, open_again: Callable[[OpenedLeg], Awaitable[None]], go_on: Callable[[OpenedLeg], None]) -> None:
        self._open_again = open_again
        self._go_on = go_on
        self._wishes: asyncio.Queue[OpenedLeg] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Task[None]] = set()

    def bring(self, opened: OpenedLeg, to: MediaWorker) -> None:
        """The newest wish for a leg counts."""
        opened.wanted = to
        self._wishes.put_nowait(opened)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        tasks = [*self._waiting, *([] if self._task is None else [self._task])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            opened = await self._wishes.get()
            if opened.closed or opened.wanted is opened.worker:
                continue
            if opened.ready.is_set() and opened.wanted.up.is_set():
                try:
                    await self._move(opened, opened.worker, opened.wanted)
                except Exception:  # those after it are to be moved all the same
                    log.exception("a leg could not be handed over", leg=opened.leg)
            else:
                later = asyncio.create_task(self._wait(opened))
                self._waiting.add(later)
                later.add_done_callback(self._waiting.discard)

    async def _wait(self, opened: OpenedLeg) -> None:
        """Until one of its workers, or both, have come back; the others go on meanwhile."""
        try:
            async with asyncio.timeout(PATIENCE):
                await opened.ready.wait()
                await opened.wanted.up.wait()
        except TimeoutError:
            opened.wanted = opened.worker
        else:
            self._wishes.put_nowait(opened)

    async def _move(self, opened: OpenedLeg, source: MediaWorker, to: MediaWorker) -> None:
        opened.moving = True
        opened.worker = to
        opened.ready.clear()
        try:
            if await self._given(opened, source, to):
                await self._take(opened, to)
            else:
                opened.worker = opened.wanted = source
                self._go_on(opened)
        finally:
            opened.moving = False

    async def _given(self, opened: OpenedLeg, source: MediaWorker, to: MediaWorker) -> bool:
        """Whether the giver has it no more; one that died may have passed it on before."""
        try:
            answer = await source.ask(lambda number: m.GiveLeg(id=number, leg=opened.leg, to=str(to.place)))
        except MediaUnavailable:
            return True
        if isinstance(answer, m.Failed) and answer.code != "unknown-leg":
            log.warning("a leg stays where it is", leg=opened.leg, problem=answer.text)
            return False
        return True

    async def _take(self, opened: OpenedLeg, to: MediaWorker) -> None:
        try:
            answer = await to.ask(lambda number: m.TakeLeg(id=number, leg=opened.leg))
        except MediaUnavailable as problem:
            answer = m.Failed(id=0, code="unknown-leg", text=str(problem))
        if isinstance(answer, m.LegOpened):
            self._go_on(opened)
            return
        log.warning("a leg was lost between two workers", leg=opened.leg, problem=getattr(answer, "text", ""))
        if to.up.is_set():  # else it is opened by the next process, with all others of that worker
            await self._open_again(opened)
