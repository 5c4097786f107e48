"""SQLite's connections, each with a thread of its own, to which a statement goes once.

A cursor of aiosqlite goes to the thread to be made, to execute, to fetch and to be closed, and each way there and back
costs more than most statements. Here a statement comes back with its rows, and what begins a transaction goes along
with the first statement inside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from typing import Any

import aiosqlite

Rows = list[Any]


class SqliteThread(aiosqlite.Connection):
    """What SQLAlchemy's dialect drives. Statements are executed one after another, in the order in which they came,
    whoever still waits for them."""

    _begin: str | None = None  # what is to be executed before the next statement
    _begun = False  # something was executed since then

    def begin(self, statement: str) -> None:
        """The next statement is the first of a transaction."""
        self._begin, self._begun = statement, False

    def cursor(self) -> WholeCursor:  # type: ignore[override]
        return WholeCursor(self)

    async def commit(self) -> None:
        await self._end(self._conn.commit)

    async def rollback(self) -> None:
        await self._end(self._conn.rollback)

    async def _end(self, how: Callable[[], None]) -> None:
        if self._begin is not None and not self._begun:
            self._begin = None  # nothing was asked of it
            return

        def end() -> None:
            self._begin = None  # where it could not begin
            how()

        await self._execute(end)  # type: ignore[no-untyped-call]

    async def run(self, cursor: WholeCursor, method: str, statement: str, values: Sequence[Any]) -> None:
        self._begun = True
        await self._execute(self._run, cursor, method, statement, values)  # type: ignore[no-untyped-call]

    def _run(self, cursor: WholeCursor, method: str, statement: str, values: Sequence[Any]) -> None:
        """In the thread."""
        if self._begin is not None:
            self._conn.execute(self._begin).close()
            self._begin = None  # only now: nothing may be executed outside a transaction that could not begin
        own = self._conn.cursor()
        try:
            getattr(own, method)(statement, values)
            cursor.rows = own.fetchall() if own.description else []
            cursor.description, cursor.rowcount, cursor.lastrowid = own.description, own.rowcount, own.lastrowid
        finally:
            own.close()


class WholeCursor:
    """What SQLAlchemy's adapter asks of a cursor; it fetches all rows at once in any case."""

    def __init__(self, connection: SqliteThread) -> None:
        self._connection = connection
        self.rows: Rows = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> WholeCursor:
        return self

    def __await__(self) -> Generator[Any, None, WholeCursor]:
        return self.__aenter__().__await__()

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        await self._connection.run(self, "execute", statement, values)

    async def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        await self._connection.run(self, "executemany", statement, values)

    async def fetchall(self) -> Rows:
        rows, self.rows = self.rows, []
        return rows

    async def close(self) -> None:
        """It is closed already."""


def connect(path: str, **options: Any) -> SqliteThread:
    """To be awaited, like what aiosqlite.connect returns. options: those of sqlite3.connect."""

    def connector() -> sqlite3.Connection:
        made: sqlite3.Connection = sqlite3.connect(path, **options)
        return made

    made = SqliteThread(connector, iter_chunk_size=64)
    # A connection that nobody closed keeps no process from ending. Those of older versions are threads themselves.
    thread: Any = getattr(made, "_thread", made)
    thread.daemon = True
    return made
