"""Parley's command with 15 ms added to each commit: `python bench/slow_commits.py serve`.

Disks here are faster than those of servers that one meets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from parley.app.ports import Transaction
from parley.backends.store.sql import SqlStore
from parley.cli import main

COMMIT = 0.015  # seconds

_quick = SqlStore.transaction


@asynccontextmanager
async def _slow(store: SqlStore) -> AsyncIterator[Transaction]:
    async with _quick(store) as transaction:
        yield transaction
        await asyncio.sleep(COMMIT)


if __name__ == "__main__":
    SqlStore.transaction = _slow  # type: ignore[method-assign]
    main()
