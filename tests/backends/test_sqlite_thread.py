"""SQLite's connections: a statement goes to the thread once, and the beginning of a transaction with the first one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from parley.backends.store.sqlite_thread import SqliteThread, connect

IMMEDIATE = "BEGIN IMMEDIATE"


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[SqliteThread]:
    """Of a file with a table of numbers, in which 1 stands; transactions begin only where they are begun."""
    made = connect(str(tmp_path / "numbers.db"), isolation_level=None, timeout=0.0)
    await made
    for statement in ("PRAGMA journal_mode=WAL", "CREATE TABLE numbers (number)", "INSERT INTO numbers VALUES (1)"):
        await made.cursor().execute(statement)
    yield made
    await made.close()


async def numbers(connection: SqliteThread) -> list[int]:
    cursor = connection.cursor()
    await cursor.execute("SELECT number FROM numbers ORDER BY number")
    return [number for (number,) in await cursor.fetchall()]


def other(tmp_path: Path) -> sqlite3.Connection:
    """Another process at the same file."""
    return sqlite3.connect(tmp_path / "numbers.db", isolation_level=None, timeout=0.0)


async def test_a_statement_comes_back_whole(connection: SqliteThread) -> None:
    """With its rows and their description, or with how many it has changed; a cursor may be awaited as well."""
    cursor = await connection.cursor()
    await cursor.executemany("INSERT INTO numbers VALUES (?)", [(2,), (3,)])
    assert (cursor.description, cursor.rowcount) == (None, 2)
    await cursor.execute("UPDATE numbers SET number = number + ? WHERE number > 1", (10,))
    assert cursor.rowcount == 2 and await cursor.fetchall() == []
    await cursor.execute("SELECT number AS one FROM numbers")
    assert cursor.description[0][0] == "one"
    assert [await cursor.fetchall(), await cursor.fetchall()] == [[(1,), (12,), (13,)], []]
    with pytest.raises(sqlite3.OperationalError):
        await cursor.execute("SELECT nothing FROM nowhere")


@pytest.mark.parametrize(("end", "kept"), [("commit", [1, 2]), ("rollback", [1])])
async def test_a_transaction_begins_with_its_first_statement(
    connection: SqliteThread, tmp_path: Path, end: str, kept: list[int]
) -> None:
    """From then on the lock is held, and its end decides of all that was done."""
    connection.begin(IMMEDIATE)
    assert not connection.in_transaction
    await connection.cursor().execute("INSERT INTO numbers VALUES (2)")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other(tmp_path).execute(IMMEDIATE)
    await getattr(connection, end)()
    assert not connection.in_transaction and await numbers(connection) == kept


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_a_transaction_of_which_nothing_was_asked_never_was(connection: SqliteThread, end: str) -> None:
    """It goes to no thread, and leaves nothing for the next one."""
    connection.begin(IMMEDIATE)
    queued: list[Any] = []
    connection._tx, own = type("Queue", (), {"put_nowait": queued.append})(), connection._tx
    await getattr(connection, end)()
    connection._tx = own
    assert queued == [] and await numbers(connection) == [1] and not connection.in_transaction


async def test_nothing_is_done_outside_a_transaction_that_cannot_begin(
    connection: SqliteThread, tmp_path: Path
) -> None:
    """Each statement of it fails as the first did, and after its end there is nothing of it."""
    writer = other(tmp_path)
    writer.execute(IMMEDIATE)
    connection.begin(IMMEDIATE)
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await connection.cursor().execute("INSERT INTO numbers VALUES (2)")
        assert not connection.in_transaction
    await connection.rollback()
    writer.execute("COMMIT")
    assert await numbers(connection) == [1] and not connection.in_transaction


async def test_who_gives_up_waiting_leaves_no_transaction_open(connection: SqliteThread) -> None:
    """What he asked for may be done after all; the end that follows takes it back."""
    connection.begin(IMMEDIATE)
    waiting = asyncio.ensure_future(connection.cursor().execute("INSERT INTO numbers VALUES (2)"))
    await asyncio.sleep(0)
    waiting.cancel()
    await connection.rollback()
    assert not connection.in_transaction and await numbers(connection) == [1]
