"""The SQL store: the port's suite on SQLite, and what is particular to it."""

import asyncio
import logging
import shutil
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.dialects import sqlite as dialect

from parley.app.ports import Coming, Past, Query, StoreUnavailable, Transaction
from parley.app.troubles import Troubles
from parley.backends.store import tables
from parley.backends.store.lookups import is_waiting, uri_is
from parley.backends.store.sealing import SealBroken
from parley.backends.store.sql import SqlStore
from parley.core.conferences import OccurrenceState
from parley.core.ids import LegId, OutboundRuleId, UserId
from parley.core.outbound import OutboundRule
from parley.core.people import Application, Token, TokenKind
from parley.core.secret import Secret
from tests.backends.store_messages_suite import letter
from tests.backends.store_samples import FULL, T, fill, method, space, user
from tests.backends.store_suite import StoreSuite
from tests.kit.manual_clock import ManualClock

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


@pytest.mark.parametrize(
    ("look_up", "indexes"),
    [
        (lambda r: r.conferences.by_number("1"), {"ix_conferences_number", "ix_occurrences_conference"}),
        (lambda r: r.conferences.of_space("s1"), {"ix_conferences_space"}),
        (
            lambda r: r.conferences.coming(Coming(tenant=None, until=T, person=UserId("u1"))),
            {
                "sqlite_autoindex_conferences_1",
                "ix_conferences_organiser",
                "ix_invited_user",
                "ix_occurrences_conference",
            },
        ),
        (lambda r: r.access_methods.of_spaces(["s1"]), {"ix_access_methods_space"}),
        (lambda r: r.occurrences.unannounced(T, T), {"ix_occurrences_state_start"}),
        (lambda r: r.conferences.page(Query(where={"organiser": "u1"})), {"ix_conferences_organiser"}),
        (lambda r: r.occurrences.of(["c1", "c2"]), {"ix_occurrences_conference"}),
        (lambda r: r.occurrences.live(T), {"ix_occurrences_state_start"}),
        (lambda r: r.occurrences.between(T, T, ["booked", "running"]), {"ix_occurrences_state_start"}),
        (
            lambda r: r.occurrences.past(
                Past(tenant=None, first=T, last=T, states=[OccurrenceState.ENDED], person=UserId("u1"))
            ),
            {
                "ix_occurrences_state_start",
                "sqlite_autoindex_conferences_1",
                "ix_conferences_organiser",
                "ix_invited_user",
            },
        ),
        (lambda r: r.attendance("o1"), {"ix_attendance_occurrence"}),
        (lambda r: r.outbox.due(T, 10), {"ix_outbox_state_due"}),
        (lambda r: r.outbox.next_due(), {"ix_outbox_state_due"}),
        (lambda r: r.tokens.get("x"), {"sqlite_autoindex_tokens_1"}),
        (lambda r: r.tokens.of_user("u1"), {"ix_tokens_user"}),
        (lambda r: r.users.page(Query(where={"account": "a"})), {"ix_users_account"}),
        (lambda r: r.users.page(Query(where={"number": "1"})), {"ix_users_number"}),
        (lambda r: r.users.page(Query(where={"third_account": "a"})), {"ix_users_third_account"}),
        (lambda r: r.departments.page(Query(where={"code": "2"})), {"ix_departments_code"}),
        (lambda r: r.devices.page(Query(where={"username": "u"})), {"sqlite_autoindex_devices_2"}),
        (lambda r: r.devices.page(Query(where={"user": "u1"})), {"ix_devices_user"}),
        (lambda r: r.spaces.page(Query(where={"owner": "u1"})), {"ix_spaces_owner"}),
        (lambda r: r.kept_answer("s", "k"), {"sqlite_autoindex_kept_answers_1"}),
    ],
)
async def test_looking_up_what_there_may_be_many_of_uses_indexes(
    store: SqlStore, tmp_path: Path, look_up: Callable[[Transaction], Awaitable[object]], indexes: set[str]
) -> None:
    """The statements that the store really executes search by index and scan no table."""
    executed: list[tuple[str, Any]] = []

    def before(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        executed.append((statement, parameters))

    sa.event.listen(store._reader.sync_engine, "before_cursor_execute", before)
    async with store.reading() as reading:
        await look_up(reading)
    statements = [(text, parameters) for text, parameters in executed if text.startswith("SELECT")]
    assert statements
    connection = sqlite3.connect(tmp_path / "parley.db")
    connection.create_function("lower", 1, str.lower, deterministic=True)
    plan = [row[3] for text, values in statements for row in connection.execute("EXPLAIN QUERY PLAN " + text, values)]
    connection.close()
    assert not [step for step in plan if step.startswith("SCAN")], plan
    used = {step.split(" INDEX ")[1].split()[0] for step in plan if " INDEX " in step}
    assert used == indexes, plan


async def test_the_next_messages_are_not_sorted(store: SqlStore, tmp_path: Path) -> None:
    """Their order is that of the index, so that a full outbox costs no more than an empty one."""
    statement = sa.select(tables.outbox).where(is_waiting(), tables.outbox.c.due <= T)
    statement = statement.order_by(tables.outbox.c.due, tables.outbox.c.position).limit(10)
    text = str(statement.compile(dialect=dialect.dialect(), compile_kwargs={"literal_binds": True}))
    connection = sqlite3.connect(tmp_path / "parley.db")
    plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text)]
    connection.close()
    assert plan == ["SEARCH outbox USING INDEX ix_outbox_state_due (state=? AND due<?)"]


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


async def test_a_locked_database_is_told_and_nobody_waits_behind_who_waits(tmp_path: Path, template: Path) -> None:
    """Another process holds the lock: the first write waits for it, those behind it for their turn no longer than that,
    and each is told; readers read. Once the lock is free writing goes on, and the trouble is over."""
    shutil.copy(template, tmp_path / "parley.db")
    troubles = Troubles(ManualClock())
    store = SqlStore(url(tmp_path), KEY, troubles, turn_within=0.2)
    async with store._writer.connect() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout=500")
        await connection.commit()
    other = sqlite3.connect(tmp_path / "parley.db", timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with store.transaction() as transaction:
            await transaction.spaces.add(space(1))

    began = time.monotonic()
    told = await asyncio.gather(write(), write(), write(), return_exceptions=True)
    assert [type(one) for one in told] == [StoreUnavailable] * 3 and "locked" in str(told[0])
    assert time.monotonic() - began < 2.0
    async with store.reading() as reading:
        assert (await reading.spaces.page(Query())).total == 0
    assert [trouble.what for trouble in troubles.now()] == ["the database cannot be written"]
    other.execute("ROLLBACK")
    other.close()
    await write()
    assert not troubles.now()
    await store.close()


async def test_a_lock_does_not_hold_up_the_end(store: SqlStore, tmp_path: Path) -> None:
    """Once the server stops, a write waits a second for whoever holds the database, not ten."""
    await fill(store, space(1))
    other = sqlite3.connect(tmp_path / "parley.db", timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.hurry()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="locked"):
        await fill(store, space(2))
    other.close()
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
async def test_nothing_is_written_to_a_file_that_nobody_finds_again(
    store: SqlStore, tmp_path: Path, template: Path, replaced: bool
) -> None:
    """Somebody removes the database under the server, or puts another one in its place: what would be lost at the next
    start is not acknowledged."""
    await fill(store, space(2))
    (tmp_path / "parley.db").unlink()
    if replaced:
        shutil.copy(template, tmp_path / "parley.db")
    with pytest.raises(StoreUnavailable, match="removed or replaced"):
        await fill(store, space(1))
    with pytest.raises(StoreUnavailable, match="removed or replaced"):
        async with store.reading() as reading:  # by a connection that is new
            await reading.spaces.page(Query())
    assert (tmp_path / "parley.db").exists() is replaced


async def test_a_damaged_database_is_told_as_that(tmp_path: Path) -> None:
    """In the words of whoever reads it, without a statement's values."""
    (tmp_path / "parley.db").write_bytes(b"no database at all" * 1000)
    store = SqlStore(url(tmp_path), KEY)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        await store.migrate()
    await store.close()


def test_a_database_that_should_be_there_is_not_made_anew(tmp_path: Path) -> None:
    """An empty one in its place would look like a server that is well."""
    with pytest.raises(FileNotFoundError, match="back-up"):
        SqlStore(url(tmp_path), KEY, new=False)
    assert not (tmp_path / "parley.db").exists()


@pytest.mark.parametrize("bad", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_a_database_without_a_file_is_refused(bad: str) -> None:
    """The error names the setting."""
    with pytest.raises(ValueError, match=r"database\.url"):
        SqlStore(bad, KEY)


async def test_what_must_be_read_again_is_sealed_in_the_file(store: SqlStore, tmp_path: Path) -> None:
    """Application keys and passwords of outbound rules stand nowhere in the file; another sealing key opens neither."""
    rule = OutboundRule(OutboundRuleId("r1"), "a.example", username="trunk", password=Secret("password-of-the-trunk"))
    async with store.transaction() as transaction:
        await transaction.save_application(Application("app", Secret("very-much-secret")))
        await transaction.outbound_rules.add(rule)
    await store.close()
    held = (tmp_path / "parley.db").read_bytes()
    assert b"trunk" in held
    assert b"very-much-secret" not in held
    assert b"password-of-the-trunk" not in held
    other = SqlStore(url(tmp_path), Fernet.generate_key())
    async with other.reading() as reading:
        for look_up in (reading.application("app"), reading.applications(), reading.outbound_rules.get("r1")):
            with pytest.raises(SealBroken) as caught:
                await look_up
            assert "secret" not in str(caught.value).replace("a stored secret", "")
            assert "password" not in str(caught.value)
    await other.close()


async def test_messages_are_sealed_in_the_file(store: SqlStore, tmp_path: Path) -> None:
    """Their text stands nowhere in it and is read back whole; what was kept before is read as it is."""
    entry = letter("m1", payload=b"From: a\r\n\r\nthe password is Xk3")
    async with store.transaction() as transaction:
        await transaction.outbox.add(entry)
        await transaction.outbox.add(letter("m2", payload=b""))
    async with store.reading() as reading:
        assert await reading.outbox.get("m1") == entry
        assert (await reading.outbox.get("m2")) == letter("m2", payload=b"")
    await store.close()
    held = (tmp_path / "parley.db").read_bytes()
    assert b"<m1>" in held
    assert b"From: a" not in held
    assert b"Xk3" not in held
    other = SqlStore(url(tmp_path), Fernet.generate_key())
    async with other.reading() as reading:
        with pytest.raises(SealBroken):
            await reading.outbox.get("m1")
    await other.close()
    connection = sqlite3.connect(tmp_path / "parley.db")
    connection.execute("UPDATE outbox SET payload = ? WHERE id = 'm1'", (b"From: before",))
    connection.commit()
    connection.close()
    again = SqlStore(url(tmp_path), KEY)
    async with again.reading() as reading:
        assert (await reading.outbox.get("m1")) == letter("m1", payload=b"From: before")
    await again.close()


async def test_secrets_reach_neither_logs_nor_errors(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at its most talkative, no passcode, secret or key is said."""
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "aiosqlite"):
        caplog.set_level(logging.DEBUG, logger=name)
    entity = method("a1", passcode=Secret("914273"), secret=Secret("join-me-quietly"))
    await fill(store, space(1), entity)
    async with store.transaction() as transaction:
        await transaction.save_application(Application("app", Secret("application-key")))
        await transaction.users.add(user(1, "a@a", account="a", password_history=(Secret("scrypt-of-old"),)))
        rule = OutboundRule(OutboundRuleId("r1"), "a.example", password=Secret("password-of-the-trunk"))
        await transaction.outbound_rules.add(rule)
        await transaction.tokens.add(Token("hash-of-token", TokenKind.ACCESS, None, T, T))
        await transaction.outbox.add(replace(FULL["outbox"], payload=b"PIN 914273"))
    with pytest.raises(ValueError) as caught:
        await fill(store, entity)
    async with store.reading() as reading:
        await reading.tokens.get("hash-of-token")
    said = caplog.text + repr(caught.value)
    assert "INSERT INTO access_methods" in caplog.text  # the loggers were listening
    for secret in (
        "914273",
        "join-me-quietly",
        "application-key",
        "scrypt-of-old",
        "password-of-the-trunk",
        "hash-of-token",
    ):
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


async def test_a_live_row_that_cannot_be_read_is_passed_over(store: SqlStore, tmp_path: Path) -> None:
    """One that another version has written costs nobody else his call."""
    await fill(store, FULL["live_legs"], FULL["live_meetings"])
    async with store.transaction() as tx:
        await tx.live_legs.add(replace(FULL["live_legs"], id=LegId("other")))
    with sqlite3.connect(tmp_path / "parley.db") as database:
        database.execute("UPDATE live_legs SET inside = '{\"joined\": 1}' WHERE id = 'other'")
        database.execute("UPDATE live_meetings SET chat = '[7]'")
    async with store.reading() as tx:
        assert (await tx.live_legs.page(Query())).items == (FULL["live_legs"],)
        assert (await tx.live_meetings.page(Query())).items == ()
