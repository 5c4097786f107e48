"""Legs whose worker is lost: phones' are opened again on their ports, browsers make their media anew, others end."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from ...app.ports import EngineListener, MediaUnavailable
from ...core.ids import LegId
from ...engine import messages as m
from .media_worker import MediaWorker
from .opened import OpenedLeg, numbered

log = structlog.get_logger(__name__)

RENEWED_WITHIN = 60.0  # seconds for a browser to make its media anew; it may be away for a while, too


class ComingBack:
    """legs: all that are open, by name; those that end are taken out."""

    def __init__(self, legs: dict[LegId, OpenedLeg]) -> None:
        self._legs = legs
        self.listener: EngineListener | None = None

    def on(self, worker: MediaWorker) -> list[OpenedLeg]:
        """All of a worker's."""
        return [opened for opened in self._legs.values() if opened.worker is worker]

    def lose(self, opened: OpenedLeg) -> None:
        """Only its far end can bring it back."""
        opened.lost = True
        opened.ready.clear()

    def tell_lost(self, opened: OpenedLeg) -> None:
        """The far end is to make its media anew; from now on its time runs."""
        opened.losses += 1
        asyncio.get_running_loop().call_later(RENEWED_WITHIN, self._look_after, opened, opened.losses)
        if self.listener is not None:
            self.listener.media_lost(opened.leg)

    def _look_after(self, opened: OpenedLeg, losses: int) -> None:
        if opened.lost and opened.losses == losses and not opened.closed:
            self.end(opened)

    async def open_again(self, opened: OpenedLeg) -> None:
        """On its worker, after another one with its sockets has died."""
        if not opened.can_come_back:
            self.end(opened)
            return
        try:
            answer = await opened.worker.ask(opened.opening)
        except MediaUnavailable:
            return  # that one died too: its next process will be asked
        if isinstance(answer, m.LegOpened):
            self.go_on(opened)
        else:
            log.warning("a leg cannot be opened again", leg=opened.leg, problem=getattr(answer, "text", ""))
            self.end(opened)

    def go_on(self, opened: OpenedLeg) -> None:
        """It is open on its worker; what was asked meanwhile is done now."""
        opened.ready.set()
        if opened.closed:
            opened.worker.tell(lambda number: m.CloseLeg(id=number, leg=opened.leg))
            return
        if opened.playing is not None:
            opened.worker.tell(partial(numbered, opened.playing))
        opened.send_keys()

    def give_up(self, worker: MediaWorker) -> None:
        for opened in self.on(worker):
            self.end(opened)

    def end(self, opened: OpenedLeg) -> None:
        self._legs.pop(opened.leg, None)
        opened.closed = True
        if self.listener is not None:
            self.listener.media_died(opened.leg)
