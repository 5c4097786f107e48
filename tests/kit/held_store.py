"""A store whose reads can be counted, held back between what they read and its use, or be made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

from parley.app.ports import Store, Transaction


class _Counted:
    """A transaction or a repository of it, whose calls are counted."""

    def __init__(self, target: Any, count: Callable[[], None]) -> None:
        self._target = target
        self._count = count

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return _Counted(value, self._count)

        def counted(*given: Any, **named: Any) -> Any:
            self._count()
            return value(*given, **named)

        return counted


class HeldStore:
    """Implements the Store port on another. What a held reader has read grows old while it is held."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._free = asyncio.Event()
        self._free.set()
        self.broken = False
        self.reads = 0  # calls of readers to repositories

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._store.transaction()

    @property
    def generation(self) -> int:
        return self._store.generation

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        if self.broken:
            raise OSError("the database cannot be reached")
        async with self._store.reading() as transaction:
            yield cast(Transaction, _Counted(transaction, self._counted))
        await self._free.wait()

    def _counted(self) -> None:
        self.reads += 1
