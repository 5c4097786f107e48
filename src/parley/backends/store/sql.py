"""The store on an SQL database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ...app.ports import Transaction
from . import sqlite
from .migrate import migrate
from .sealing import Seal
from .transaction import SqlTransaction

# Their debug lines hold the values of statements and rows, PINs among them.
TALKATIVE = ("sqlalchemy.engine.Engine", sqlite.DRIVER_LOGGER)

READERS = 8  # connections for reading; each is a thread with SQLite


class SqlStore:
    """Implements the Store port.

    url: as SQLAlchemy writes it, with an async driver. seal_key: the Fernet key that seals secrets which must be
    read again. Call `migrate` once before anything else and `close` at the end. Raises ValueError for a url or
    key that cannot be used.
    """

    def __init__(self, url: str, seal_key: bytes) -> None:
        for name in TALKATIVE:
            logging.getLogger(name).addFilter(_above_debug)
        parsed = make_url(url)
        self._seal = Seal(seal_key)
        if parsed.get_backend_name() == sqlite.NAME:
            sqlite.prepare(parsed)
        options: dict[str, Any] = {"hide_parameters": True}  # in errors, and in the engine's log
        # The writer has a connection of its own, so that readers never keep it waiting, nor it them.
        self._writer: AsyncEngine = create_async_engine(parsed, pool_size=1, max_overflow=0, **options)
        self._reader: AsyncEngine = create_async_engine(parsed, pool_size=READERS, max_overflow=0, **options)
        if parsed.get_backend_name() == sqlite.NAME:
            sqlite.install(self._writer, writes=True)
            sqlite.install(self._reader, writes=False)
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self.generation = 0

    async def migrate(self) -> None:
        """Bring the schema up to this version; does nothing when it is. Raises DatabaseTooNew."""
        async with self._writer.begin() as connection:
            await connection.run_sync(migrate)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commits when the block ends well, rolls back when it raises. Transactions do not nest (RuntimeError)."""
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("a write transaction is already open in this task")
        async with self._lock:
            self._holder = asyncio.current_task()
            transaction: SqlTransaction | None = None
            try:
                async with self._writer.begin() as connection:
                    transaction = SqlTransaction(connection, self._seal, writes=True)
                    yield transaction
            finally:
                self._holder = None
                # After a failure nobody knows whether it was committed.
                self.generation += transaction is None or not transaction.settled

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Sees the database as it was at its first read. Writing raises RuntimeError."""
        async with self._reader.connect() as connection:
            yield SqlTransaction(connection, self._seal, writes=False)

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()


def _above_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG
