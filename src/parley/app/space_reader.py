"""Reading of a space what joins and live meetings go by, so that it still holds when it is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from ..core.ids import SpaceId
from ..core.leg_inputs import JoinMeeting
from ..core.meeting_inputs import Entry
from ..core.spaces import AccessMethod
from .joining import SpaceFacts, entry_of, space_facts
from .ports import Store, Transaction
from .remembered import Remembered

T = TypeVar("T")


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

    def keep(self, facts: SpaceFacts) -> None:
        """A space for one call, which no store knows."""
        self._temporary[facts.space.id] = facts

    def forget(self, space: SpaceId) -> None:
        self._temporary.pop(space, None)

    def is_temporary(self, space: SpaceId) -> bool:
        return space in self._temporary

    def changed(self, space: str | None) -> None:
        """A change of this space (None: of any) was committed."""
        for reading in self._readings:
            if space in {None, reading.space}:
                reading.stale = True

    async def facts(self, space: SpaceId, entries: Callable[[], Iterable[Entry]] = tuple) -> SpaceFacts | None:
        """See space_facts. entries: asked at each reading, for by then they may be others."""
        return await self._read(space, lambda tx: space_facts(tx, space, entries()))

    async def joined_by(self, wish: JoinMeeting) -> tuple[SpaceFacts | None, AccessMethod | None]:
        """The space that somebody is to join, and the access method by which he comes in."""
        entry = entry_of(wish)

        async def read(tx: Transaction) -> tuple[SpaceFacts | None, AccessMethod | None]:
            door = await tx.access_methods.get(entry.access_method) if entry.access_method else None
            return await space_facts(tx, wish.space, [entry]), door

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
