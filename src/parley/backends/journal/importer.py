"""Brings the journal's lines into the store, in groups and each once.

The store itself knows which lines it has (`add_events`), in the same transaction as the lines. So nothing else
need be remembered: after a crash every remaining segment is read again from its start. A segment is deleted
when it is complete and its last line has been committed.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import structlog

from ...app.event_codec import LINE_LIMIT
from ...app.ports import Clock, Store, StoreUnavailable
from ...core.events import Event
from . import segments
from .file import FileJournal
from .segments import Place

log = structlog.get_logger(__name__)

INTERVAL = 0.5  # seconds between imports
GROUP = 500  # lines in one transaction
# Segments with lines that this version cannot read are set aside for a person to look at, the newest of them.
REJECTED_KEPT = 10


class Importer:
    """One importer serves a journal directory. `run` until cancelled; `finish` for the rest at the end."""

    def __init__(
        self, journal: FileJournal, store: Store, clock: Clock, interval: float = INTERVAL, group: int = GROUP
    ) -> None:
        self._journal = journal
        self._directory = journal.directory
        self._store = store
        self._clock = clock
        self._interval = interval
        self._group = group
        self._places: dict[Path, Place] = {}
        self._importing = asyncio.Lock()
        self._pending = 0
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Import every `interval` seconds, or sooner when a whole group has come together.

        When the store fails, the lines stay where they are and the next turn tries again.
        """
        unsubscribe = self._journal.subscribe(self._appended)
        try:
            while True:
                self._journal.retry()
                try:
                    await self.import_now()
                except Exception:
                    log.exception("the journal could not be imported; trying again")
                await self._pause()
        finally:
            unsubscribe()

    async def finish(self) -> None:
        """What the store does not take now stays for the next start."""
        try:
            await self.import_now()
        except StoreUnavailable as problem:
            log.warning("the journal's last lines stay for the next start", problem=str(problem))

    async def import_now(self) -> int:
        """Import every line that is there. Returns how many were new to the store."""
        async with self._importing:
            self._pending = 0
            new = 0
            for path in await asyncio.to_thread(segments.list_segments, self._directory):
                new += await self._import_segment(path)
            return new

    async def _import_segment(self, path: Path) -> int:
        # Asked first: lines written between the reading and the asking would be deleted unread.
        complete = await asyncio.to_thread(segments.is_complete, path)
        place = self._places.get(path, Place())
        new, more = 0, True
        while more:
            group = await asyncio.to_thread(segments.read_group, path, place, self._group)
            if group.events:
                async with self._store.transaction() as transaction:
                    new += await transaction.add_events(path.stem, group.first, group.events)
            self._places[path] = place = group.after
            more = group.more
        if complete:
            await asyncio.to_thread(self._retire, path, place)
            self._places.pop(path, None)
        return new

    def _retire(self, path: Path, place: Place) -> None:
        # At most one torn line is left at the end; more than that is no journal and not ours to delete.
        left = path.stat().st_size - place.offset
        if not place.unreadable and left <= LINE_LIMIT:
            path.unlink()
            return
        log.error("journal lines cannot be read; their segment is set aside", file=path.name, lines=place.unreadable)
        path.rename(path.with_suffix(segments.REJECTED_SUFFIX))
        rejected = sorted(self._directory.glob("*" + segments.REJECTED_SUFFIX))
        for old in rejected[:-REJECTED_KEPT]:
            old.unlink()

    def _appended(self, _at: datetime, _event: Event) -> None:
        self._pending += 1
        if self._pending >= self._group:
            self._wake.set()

    async def _pause(self) -> None:
        timer = self._clock.call_at(self._clock.now() + self._interval, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
            self._wake.clear()
