"""Everything that is true of SQLite alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from ...app.ports import StoreUnavailable
from . import sqlite_thread

NAME = "sqlite"
DRIVER_LOGGER = "aiosqlite"

# Another process (the command line) may hold the write lock for the length of one transaction.
BUSY_MILLISECONDS = 10_000
HURRIED_MILLISECONDS = 1000

# Passed to every table: a position is never given twice, even after its row is gone.
TABLE_OPTIONS: dict[str, Any] = {"sqlite_autoincrement": True}

# SQLite counts rows only in a column declared INTEGER (which holds 64 bits there).
COUNTER = Integer()


def prepare(url: URL, *, new: bool = True) -> None:
    """Make the database file for its owner alone; SQLite gives the files beside it the same mode.

    Raises ValueError for a database without a file: each connection would see one of its own. new: it may be missing;
    else that raises FileNotFoundError, because an empty one in its place would look like a server that is well.
    """
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ValueError("database.url: SQLite needs the path of a file, like sqlite+aiosqlite:////var/lib/parley.db")
    path = Path(url.database)
    if not new and not path.exists():
        raise FileNotFoundError(
            f"{path} is missing, though this data directory has been in service: "
            "put its back-up back, or begin with an empty directory"
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


class OwnFile:
    """The file that was there at the beginning. Who removes or replaces it leaves us one without a name, in which
    whatever is written is lost with the last process that has it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is = _identity(path)

    def check(self) -> None:
        """Raises StoreUnavailable."""
        if _identity(self._path) != self._is:
            raise StoreUnavailable(f"{self._path} was removed or replaced: stop the server, put it back, start")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def install(engine: AsyncEngine, file: OwnFile, *, writes: bool, hurries: Callable[[], bool] = lambda: False) -> None:
    """Connections of our own, pragmas at each connect and transactions of our own choosing at each begin. hurries: a
    lock is waited for shortly from now on."""
    # A write transaction takes the lock when it begins: one that starts by reading could not be upgraded safely.
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED"

    @event.listens_for(engine.sync_engine, "do_connect")
    def connecting(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        file.check()  # where there is none, connecting would make an empty one
        options["async_creator_fn"] = sqlite_thread.connect

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
        if hurries():
            connection.exec_driver_sql(f"PRAGMA busy_timeout={HURRIED_MILLISECONDS}")
        thread: sqlite_thread.SqliteThread = connection.connection.driver_connection  # type: ignore[assignment]
        thread.begin(begin)


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text
