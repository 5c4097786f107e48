"""The store on an SQL database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ...app.ports import StoreUnavailable, Transaction
from ...app.troubles import Troubles
from . import sqlite
from .migrate import migrate
from .sealing import Seal
from .transaction import SqlTransaction

# Their debug lines hold the values of statements and rows, PINs among them.
TALKATIVE = ("sqlalchemy.engine.Engine", sqlite.DRIVER_LOGGER)

READERS = 8  # connections for reading; each is a thread with SQLite
TURN_WITHIN = 10.0  # seconds that a write waits for those before it: as long as one of them may wait for a lock
UNREADABLE, UNWRITABLE = "the database cannot be read", "the database cannot be written"


class SqlStore:
    """Implements the Store port.

    url: as SQLAlchemy writes it, with an async driver. seal_key: the Fernet key that seals secrets which must be
    read again. Call `migrate` once before anything else and `close` at the end. Raises ValueError for a url or
    key that cannot be used. turn_within: seconds that a write waits for those before it.
    new: the database may be missing, and is made; else that raises FileNotFoundError.
    """

    def __init__(
        self,
        url: str,
        seal_key: bytes,
        troubles: Troubles | None = None,
        *,
        turn_within: float = TURN_WITHIN,
        new: bool = True,
    ) -> None:
        for name in TALKATIVE:
            logging.getLogger(name).addFilter(_above_debug)
        parsed = make_url(url)
        self._seal = Seal(seal_key)
        self._troubles = troubles
        self._turn_within = turn_within
        self._hurries = False
        self._file: sqlite.OwnFile | None = None
        if parsed.get_backend_name() == sqlite.NAME:
            sqlite.prepare(parsed, new=new)
            self._file = sqlite.OwnFile(Path(parsed.database or ""))
        options: dict[str, Any] = {"hide_parameters": True}  # in errors, and in the engine's log
        # The writer has a connection of its own, so that readers never keep it waiting, nor it them.
        self._writer: AsyncEngine = create_async_engine(parsed, pool_size=1, max_overflow=0, **options)
        self._reader: AsyncEngine = create_async_engine(parsed, pool_size=READERS, max_overflow=0, **options)
        if self._file is not None:
            sqlite.install(self._writer, self._file, writes=True, hurries=lambda: self._hurries)
            sqlite.install(self._reader, self._file, writes=False)
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self.generation = 0

    async def migrate(self) -> None:
        """Bring the schema up to this version; does nothing when it is. Raises DatabaseTooNew and StoreUnavailable."""
        with self._told(None):  # whoever starts hears of it from us
            async with self._writer.begin() as connection:
                await connection.run_sync(migrate)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commits when the block ends well, rolls back when it raises. Transactions do not nest (RuntimeError)."""
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("a write transaction is already open in this task")
        with self._told(UNWRITABLE):
            await self._turn()
            self._holder = asyncio.current_task()
            transaction: SqlTransaction | None = None
            try:
                if self._file is not None:
                    self._file.check()
                async with self._writer.begin() as connection:
                    transaction = SqlTransaction(connection, self._seal, writes=True)
                    yield transaction
            finally:
                self._holder = None
                # After a failure nobody knows whether it was committed.
                self.generation += transaction is None or not transaction.settled
                self._lock.release()

    async def _turn(self) -> None:
        """The lock is ours. Raises StoreUnavailable rather than have a queue wait for what the first waits for."""
        try:
            async with asyncio.timeout(self._turn_within):
                await self._lock.acquire()
        except TimeoutError:
            raise StoreUnavailable(
                f"writes that wait longer than {self._turn_within:.0f} s are before this one"
            ) from None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Sees the database as it was at its first read. Writing raises RuntimeError."""
        with self._told(UNREADABLE):
            async with self._reader.connect() as connection:
                yield SqlTransaction(connection, self._seal, writes=False)

    @contextmanager
    def _told(self, trouble: str | None) -> Iterator[None]:
        """What the database fails with becomes StoreUnavailable, which whoever watches over the server sees. A fault
        of ours in a statement stays what it is."""
        try:
            yield
        except (exc.SQLAlchemyError, StoreUnavailable) as problem:
            told = _unavailable(problem)
            if told is None:
                raise
            if self._troubles is not None and trouble is not None:
                self._troubles.has(trouble, str(told))
            if told is problem:
                raise
            raise told from problem
        else:
            if self._troubles is not None and trouble is not None:
                self._troubles.over(trouble)

    def hurry(self) -> None:
        """The server stops: whoever holds the database does not hold that up for long."""
        self._hurries = True
        self._turn_within = min(self._turn_within, sqlite.HURRIED_MILLISECONDS / 1000)

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()


def _above_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


def _unavailable(problem: Exception) -> StoreUnavailable | None:
    """None: it is a fault of ours. The driver's own words hold no values."""
    if isinstance(problem, StoreUnavailable):
        return problem
    if isinstance(problem, exc.TimeoutError):
        return StoreUnavailable("no connection to it is free")
    ours = isinstance(problem, exc.IntegrityError | exc.ProgrammingError | exc.DataError | exc.NotSupportedError)
    if isinstance(problem, exc.DBAPIError) and not ours:
        return StoreUnavailable(" ".join(str(problem.orig).split())[:200])
    return None
