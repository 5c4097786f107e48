"""What was read of the store and still holds, since nothing that people set was committed after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from .ports import Store, Transaction

V = TypeVar("V")


class Remembered(Generic[V]):
    """Bounded, the oldest forgotten first. Values must be frozen: everybody who asks is given the same one.

    Never for what a secret is compared with: how long an answer takes would tell what was asked before.
    """

    def __init__(self, store: Store, most: int = 1000) -> None:
        self._store = store
        self._most = most
        self._generation = store.generation
        self._known: dict[Hashable, V] = {}

    def recall(self, key: Hashable) -> V | None:
        """What still holds; None: it must be read."""
        if self._generation != self._store.generation:
            self._known.clear()
            self._generation = self._store.generation
        return self._known.get(key)

    async def read(self, key: Hashable, how: Callable[[Transaction], Awaitable[V | None]]) -> V | None:
        """Recalled, or read and remembered. None is never remembered: anybody can ask for what is not there."""

        async def reading() -> V | None:
            async with self._store.reading() as tx:
                return await how(tx)

        known = self.recall(key)
        return known if known is not None else await self.learn(key, reading)

    async def learn(self, key: Hashable, how: Callable[[], Awaitable[V | None]]) -> V | None:
        """What `how` reads of the store, remembered unless a commit has overtaken it."""
        begun = self._store.generation
        found = await how()
        if found is not None and begun == self._store.generation:
            self.recall(key)  # forgets what is old
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = found
        return found
