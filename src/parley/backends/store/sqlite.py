"""Everything that is true of SQLite alone."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import Integer, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine

NAME = "sqlite"
DRIVER_LOGGER = "aiosqlite"

# Another process (the command line) may hold the write lock for the length of one transaction.
BUSY_MILLISECONDS = 10_000

# Passed to every table: a position is never given twice, even after its row is gone.
TABLE_OPTIONS: dict[str, Any] = {"sqlite_autoincrement": True}

# SQLite counts rows only in a column declared INTEGER (which holds 64 bits there).
COUNTER = Integer()


class _Cursor:
    """What SQLAlchemy uses of a cursor, with one visit to the connection's thread for each statement.

    The driver's own goes there four times (make the cursor, execute, fetch, close), which costs several times what
    most of our statements do.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> _Cursor:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> _Cursor:
        await self._connection._execute(self._run, statement, values, many=False)  # type: ignore[no-untyped-call]
        return self

    async def executemany(self, statement: str, values: Iterable[Sequence[Any]]) -> _Cursor:
        await self._connection._execute(self._run, statement, values, many=True)  # type: ignore[no-untyped-call]
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """The real one was closed where it was used."""

    def _run(self, statement: str, values: Any, many: bool) -> None:
        """In the connection's thread."""
        cursor = self._connection._conn.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(statement, values)
            self._rows = cursor.fetchall() if cursor.description else []
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class _Connection(aiosqlite.Connection):
    def cursor(self) -> Any:
        return _Cursor(self)


def connect(path: str, **options: Any) -> aiosqlite.Connection:
    """For SQLAlchemy's `async_creator_fn`."""
    connection = _Connection(partial(sqlite3.connect, path, **options), iter_chunk_size=64)
    # The thread must not keep the process alive. Before 0.22 the driver's connection was the thread.
    thread: Any = getattr(connection, "_thread", connection)
    thread.daemon = True
    return connection


def prepare(url: URL) -> None:
    """Make the database file for its owner alone; SQLite gives the files beside it the same mode.

    Raises ValueError for a database without a file: each connection would see one of its own.
    """
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ValueError("database.url: SQLite needs the path of a file, like sqlite+aiosqlite:////var/lib/parley.db")
    path = Path(url.database)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def install(engine: AsyncEngine, *, writes: bool) -> None:
    """Pragmas at each connect and transactions of our own choosing at each begin."""
    # A write transaction takes the lock when it begins: one that starts by reading could not be upgraded safely.
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED"

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        # SQLite folds ASCII only; names are in every language.
        connection.create_function("lower", 1, _lower, deterministic=True)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        if cursor.fetchone() != ("wal",):
            raise RuntimeError("the database's file system does not bear SQLite's write-ahead log")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text
