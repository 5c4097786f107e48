"""A store whose commits take as long as on slow disks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from parley.app.ports import Store, Transaction

DELAY = 0.015


class DelayedStore:
    """Implements the Store port on another; the writer's lock is held for the length of the delay, as it would be."""

    def __init__(self, store: Store, delay: float = DELAY) -> None:
        self._store = store
        self._delay = delay

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._store.transaction() as transaction:
            yield transaction
            await asyncio.sleep(self._delay)

    @property
    def generation(self) -> int:
        return self._store.generation

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        return self._store.reading()
