"""The SQL store: the port's suite on SQLite, and what is particular to it."""

import asyncio
import logging
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.dialects import sqlite as dialect

from parley.app.ports import Query
from parley.backends.store import tables
from parley.backends.store.lookups import uri_is
from parley.backends.store.sealing import SealBroken
from parley.backends.store.sql import SqlStore
from parley.core.people import Application
from parley.core.secret import Secret
from tests.backends.store_suite import StoreSuite, fill, method, space

KEY = Fernet.generate_key()
METHODS = tables.access_methods.c


def url(directory: Path) -> str:
    return f"sqlite+aiosqlite:///{directory / 'parley.db'}"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database to copy: running the migrations for each test would be most of its time."""
    directory = tmp_path_factory.mktemp("template")

    async def make() -> None:
        store = SqlStore(url(directory), KEY)
        await store.migrate()
        await store.close()

    asyncio.run(make())
    return directory / "parley.db"


@pytest.fixture
async def store(tmp_path: Path, template: Path) -> AsyncIterator[SqlStore]:
    shutil.copy(template, tmp_path / "parley.db")
    opened = SqlStore(url(tmp_path), KEY)
    yield opened
    await opened.close()


class TestSqlStore(StoreSuite):
    """The suite, with the fixture above."""


async def test_the_store_is_there_after_a_restart(store: SqlStore, tmp_path: Path) -> None:
    """What one store committed another reads from the same file."""
    await fill(store, space(1), method("a1", passcode=Secret("42")))
    await store.close()
    again = SqlStore(url(tmp_path), KEY)
    await again.migrate()
    async with again.reading() as reading:
        assert await reading.access_methods.get("a1") == method("a1", passcode=Secret("42"))
    await again.close()


@pytest.mark.parametrize(
    ("condition", "indexes"),
    [
        (uri_is("team"), ["ix_access_methods_uri", "ix_access_methods_secondary_uri"]),
        (METHODS.call_id == "1", ["ix_access_methods_call_id"]),
        (METHODS.secret == "x", ["ix_access_methods_secret"]),
        (METHODS.id == "x", ["sqlite_autoindex_access_methods_1"]),
        (METHODS.space == "x", ["ix_access_methods_space"]),
    ],
)
def test_looking_up_a_door_uses_indexes(template: Path, condition: sa.ColumnElement[bool], indexes: list[str]) -> None:
    """The query planner searches by index and scans no table."""
    statement = sa.select(tables.access_methods).where(condition).order_by(METHODS.position)
    text = str(statement.compile(dialect=dialect.dialect(), compile_kwargs={"literal_binds": True}))
    with sqlite3.connect(template) as connection:
        plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text)]
    connection.close()
    assert not [step for step in plan if step.startswith("SCAN")]
    for index in indexes:
        assert any(f"USING INDEX {index} " in step for step in plan), plan


async def test_the_database_is_for_its_owner_alone(store: SqlStore, tmp_path: Path) -> None:
    """The file and those that SQLite makes beside it have mode 0600, even where the file was looser before."""
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "parley.db").touch(mode=0o644)
    (tmp_path / "loose" / "parley.db").chmod(0o644)
    for directory in (tmp_path, tmp_path / "loose"):
        opened = SqlStore(url(directory), KEY)
        await opened.migrate()
        await fill(opened, space(1))
        files = list(directory.glob("parley.db*"))
        assert {file.name for file in files} >= {"parley.db", "parley.db-wal"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        await opened.close()


async def test_every_connection_has_its_pragmas(store: SqlStore) -> None:
    """Write-ahead log, full synchronisation, foreign keys and a busy time-out, for reading and writing."""
    for engine in (store._reader, store._writer):
        async with engine.connect() as connection:
            values = {
                name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


async def test_a_write_transaction_holds_the_lock_from_its_beginning(store: SqlStore, tmp_path: Path) -> None:
    """Another process that wants to write waits, though nothing has been written yet; readers do not."""
    async with store.transaction() as transaction:
        await transaction.spaces.page(Query())
        other = sqlite3.connect(tmp_path / "parley.db", timeout=0, isolation_level=None)
        other.execute("SELECT count(*) FROM spaces").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


@pytest.mark.parametrize("bad", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_a_database_without_a_file_is_refused(bad: str) -> None:
    """The error names the setting."""
    with pytest.raises(ValueError, match=r"database\.url"):
        SqlStore(bad, KEY)


async def test_application_keys_are_sealed_in_the_file(store: SqlStore, tmp_path: Path) -> None:
    """The text of a key stands nowhere in the file, and another sealing key does not open it."""
    async with store.transaction() as transaction:
        await transaction.save_application(Application("app", Secret("very-much-secret")))
    await store.close()
    assert b"very-much-secret" not in (tmp_path / "parley.db").read_bytes()
    other = SqlStore(url(tmp_path), Fernet.generate_key())
    async with other.reading() as reading:
        with pytest.raises(SealBroken) as caught:
            await reading.application("app")
    assert "very-much-secret" not in str(caught.value)
    await other.close()


async def test_secrets_reach_neither_logs_nor_errors(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at its most talkative, no passcode, secret or key is said."""
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "aiosqlite"):
        caplog.set_level(logging.DEBUG, logger=name)
    entity = method("a1", passcode=Secret("914273"), secret=Secret("join-me-quietly"))
    await fill(store, space(1), entity)
    async with store.transaction() as transaction:
        await transaction.save_application(Application("app", Secret("application-key")))
    with pytest.raises(ValueError) as caught:
        await fill(store, entity)
    async with store.reading() as reading:
        await reading.access_methods.by_secret("join-me-quietly")
    said = caplog.text + repr(caught.value)
    assert "INSERT INTO access_methods" in caplog.text  # the loggers were listening
    for secret in ("914273", "join-me-quietly", "application-key"):
        assert secret not in said


async def test_events_of_an_unknown_kind_are_passed_over(store: SqlStore, tmp_path: Path) -> None:
    """A row of a later version does not stop the reading, nor does a page full of them."""
    await store.close()
    with sqlite3.connect(tmp_path / "parley.db") as connection:
        for line in range(1, 6):
            kind = "LegConnected" if line == 5 else "Later"
            connection.execute(
                "INSERT INTO events (segment, line, at, kind, fields) VALUES ('s', ?, ?, ?, ?)",
                (line, "2026-01-01 00:00:00.000000", kind, '{"leg": "l1", "number": 1, "at_ivr": false}'),
            )
    connection.close()
    async with store.reading() as reading:
        assert [stored.position for stored in await reading.events(limit=2)] == [5]


async def test_positions_are_never_given_twice(store: SqlStore, tmp_path: Path) -> None:
    """After the newest row is gone the next one still gets a higher position."""
    await fill(store, space(1), space(2))
    async with store.transaction() as transaction:
        await transaction.spaces.delete("s2")
    await fill(store, space(3))
    with sqlite3.connect(tmp_path / "parley.db") as connection:
        assert connection.execute("SELECT position FROM spaces ORDER BY position").fetchall() == [(1,), (3,)]
    connection.close()
