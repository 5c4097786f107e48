"""A store whose reads can be held back between what they read and its use, or be made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from parley.app.ports import Store, Transaction


class HeldStore:
    """Implements the Store port on another. What a held reader has read grows old while it is held."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._free = asyncio.Event()
        self._free.set()
        self.broken = False

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._store.transaction()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        if self.broken:
            raise OSError("the database cannot be reached")
        async with self._store.reading() as transaction:
            yield transaction
        await self._free.wait()
