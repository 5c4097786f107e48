"""Reading of a space what joins and live meetings go by, so that it still holds when it is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from ..core.events import AD_HOC_MEETING
from ..core.ids import SpaceId
from ..core.leg_inputs import JoinMeeting
from ..core.meeting_inputs import Entry
from ..core.refusals import Refusal
from ..core.spaces import AccessMethod, Space
from .joining import SpaceFacts, entry_of, facts_of, space_facts
from .ports import Store, Transaction
from .remembered import Remembered

T = TypeVar("T")

AD_HOC_MOST = 1000  # meetings without a space at once


@dataclass(slots=True, eq=False)
class _Reading:
    """What is being read of a space; stale once a change that concerns the space was committed meanwhile."""

    space: SpaceId
    stale: bool = False


class SpaceReader:
    """Whoever asks must not wait between an answer and its use."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._joined_by: Remembered[tuple[SpaceFacts | None, AccessMethod | None]] = Remembered(store)
        self._readings: set[_Reading] = set()
        self._temporary: dict[SpaceId, SpaceFacts] = {}  # spaces that exist for one call, and in no store
        self._ad_hoc: dict[SpaceId, Space] = {}  # the same, but for what holds for all spaces without a tenant

    def keep(self, facts: SpaceFacts) -> None:
        """A space for one call, which no store knows."""
        self._temporary[facts.space.id] = facts

    def keep_ad_hoc(self, space: Space) -> None:
        """Of a meeting into which people are called, until it is over. Raises Refusal limit(which: ad-hoc)."""
        if len(self._ad_hoc) >= AD_HOC_MOST:
            raise Refusal("limit", which="ad-hoc")
        self._ad_hoc[space.id] = space

    def ad_hoc(self, space: SpaceId) -> Space | None:
        return self._ad_hoc.get(space)

    def forget(self, space: SpaceId) -> None:
        self._temporary.pop(space, None)
        self._ad_hoc.pop(space, None)

    def is_temporary(self, space: SpaceId) -> bool:
        return space in self._temporary

    def changed(self, space: str | None) -> None:
        """A change of this space (None: of any) was committed."""
        for reading in self._readings:
            if space in {None, reading.space}:
                reading.stale = True

    async def facts(self, space: SpaceId, entries: Callable[[], Iterable[Entry]] = tuple) -> SpaceFacts | None:
        """See space_facts. entries: asked at each reading, for by then they may be others."""
        return await self._read(space, lambda tx: self.facts_in(tx, space, entries()))

    async def facts_in(self, tx: Transaction, space: SpaceId, entries: Iterable[Entry]) -> SpaceFacts | None:
        """As it is seen by this transaction."""
        own = self._ad_hoc.get(space)
        if own is not None:
            return await facts_of(tx, own, entries, AD_HOC_MEETING)
        return await space_facts(tx, space, entries)

    async def joined_by(self, wish: JoinMeeting) -> tuple[SpaceFacts | None, AccessMethod | None]:
        """The space that somebody is to join, and the access method by which he comes in."""
        entry = entry_of(wish)

        async def read(tx: Transaction) -> tuple[SpaceFacts | None, AccessMethod | None]:
            door = await tx.access_methods.get(entry.access_method) if entry.access_method else None
            return await self.facts_in(tx, wish.space, [entry]), door

        facts = self._temporary.get(wish.space)
        if facts is not None:
            return facts, None
        key = (wish.space, entry)
        known = self._joined_by.recall(key)
        if known is None:
            known = await self._joined_by.learn(key, lambda: self._read(wish.space, read))
        return known or (None, None)

    async def _read(self, space: SpaceId, read: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `read` finds, which is read again when a change of this space was committed meanwhile."""
        while True:
            reading = _Reading(space)
            self._readings.add(reading)
            try:
                async with self._store.reading() as tx:
                    found = await read(tx)
            finally:
                self._readings.discard(reading)
            if not reading.stale:
                return found
