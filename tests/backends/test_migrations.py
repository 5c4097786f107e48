"""The schema and the way to it."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet

from parley.app.ports import Query, StoreUnavailable
from parley.backends.store import tables
from parley.backends.store.migrate import DatabaseTooNew, configuration
from parley.backends.store.sealing import Seal
from parley.backends.store.sql import SqlStore
from parley.core.ids import LegProfileId, SpaceId, TenantId, UserId
from parley.core.people import Administrator, Application, SystemDefaults, Tenant, User
from parley.core.profiles import LegProfile, LegSettings
from parley.core.secret import Secret
from parley.core.spaces import MemberRights, Space
from tests.backends.store_samples import fill, member, method, space

KEY = Fernet.generate_key()


async def migrated(path: Path) -> None:
    store = SqlStore(f"sqlite+aiosqlite:///{path}", KEY)
    try:
        await store.migrate()
    finally:
        await store.close()


def at_revision(path: Path, revision: str) -> None:
    """A new database of an older version."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), revision)
    engine.dispose()


async def brought_up(path: Path, rows: list[tuple[str, tuple[str, ...]]]) -> SqlStore:
    """The store of this version over a database of an older one, to which these rows (statement, values) were added
    before."""
    database = sqlite3.connect(path)
    for statement, values in rows:
        database.execute(statement, values)
    database.commit()
    database.close()
    await migrated(path)
    return SqlStore(f"sqlite+aiosqlite:///{path}", KEY)


def schema(path: Path) -> dict[str, str]:
    """Statement by name, tidied of white space and of the order of columns and constraints."""
    spaced = str.maketrans({",": " ", "(": " ( ", ")": " ) "})
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: " ".join(sorted(sql.translate(spaced).split())) for name, sql in rows if "alembic" not in name}


# SQLite cannot tell of indexes over expressions; the text of the schema is compared as well.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
async def test_the_migrations_lead_to_the_schema_of_the_code(tmp_path: Path) -> None:
    """A migrated database and one made from the tables are equal in every table, column, key and index."""
    await migrated(tmp_path / "migrated.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    tables.metadata.create_all(engine)
    engine.dispose()
    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "made.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()


async def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    """Migrating again keeps schema and content."""
    path = tmp_path / "parley.db"
    store = SqlStore(f"sqlite+aiosqlite:///{path}", KEY)
    await store.migrate()
    await fill(store, space(1))
    before = schema(path)
    await store.migrate()
    await store.close()
    await migrated(path)
    assert schema(path) == before
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT id FROM spaces").fetchall() == [("s1",)]
    connection.close()


def test_a_start_that_has_nothing_to_migrate_does_not_load_alembic(tmp_path: Path) -> None:
    """Most starts find the schema they want, and people wait for each of them."""
    program = (
        "import asyncio, sys; from parley.backends.store.sql import SqlStore\n"
        f"store = SqlStore('sqlite+aiosqlite:///{tmp_path}/parley.db', {KEY!r})\n"
        "asyncio.run(store.migrate()); print('alembic' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    runs = [
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert [run.stdout for run in runs] == ["True\n", "False\n"]


async def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """The error says so and names the revision; the database stays as it was."""
    path = tmp_path / "parley.db"
    await migrated(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseTooNew, match=r"9999.*later version"):
        await migrated(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    connection.close()


async def test_migrations_do_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started elsewhere, even beside another project's alembic.ini, the package's own revisions run."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n")
    monkeypatch.chdir(tmp_path)
    await migrated(Path("relative.db"))
    assert "spaces" in schema(tmp_path / "relative.db")


async def test_a_failed_migration_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    """All revisions run in one transaction: a table in the way of the last one undoes the first."""
    path = tmp_path / "parley.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE events (mine TEXT)")
    connection.close()
    with pytest.raises(StoreUnavailable, match="already exists"):
        await migrated(path)
    assert set(schema(path)) == {"events"}


def test_the_revisions_are_one_line_with_names_that_sort() -> None:
    """One head, no branches, and file names in the order in which they run."""
    scripts = ScriptDirectory.from_config(configuration())
    revisions = [revision.revision for revision in scripts.walk_revisions()][::-1]
    assert len(scripts.get_heads()) == 1
    assert revisions == sorted(revisions)
    files = sorted(file.name for file in Path(scripts.versions).glob("*.py"))
    assert [name.split("_")[0] for name in files] == revisions


BEFORE_CONFERENCES = """
INSERT INTO spaces (id, name, owner, non_member_access, auto_generated, extras)
    VALUES ('gone', 'Gone', NULL, 1, 0, '{}'), ('s1', 'Team', 'u1', 0, 1, '{"cms": {"cdrTag": "x"}}');
DELETE FROM spaces WHERE id = 'gone';
INSERT INTO access_methods (id, space, own, uri, passcode, extras) VALUES ('a1', 's1', 1, 'team', '0042', '{}');
INSERT INTO members (id, space, user, rights, auto_generated, extras)
    VALUES ('m1', 's1', 'u1', '{"destroy": true}', 0, '{}');
INSERT INTO leg_profiles (id, name, settings, extras) VALUES ('l1', 'Guests', '{"needs_activation": true}', '{}');
INSERT INTO tenants (id, name, participant_limit, extras) VALUES ('t1', 'Org', 9, '{}');
INSERT INTO users (id, jid, name, email, tenant, password_hash, extras)
    VALUES ('u1', 'ann@a', 'Ann', '', 't1', 'h', '{}'), ('u2', 'bo@a', 'Bo', '', 't1', NULL, '{}');
INSERT INTO system_defaults (leg_profile, extras) VALUES ('l1', '{}');
INSERT INTO administrators (name, password_hash) VALUES ('root', 'h');
"""


async def test_a_database_of_before_conferences_keeps_all_it_holds(tmp_path: Path) -> None:
    """Every row of the first schema is read as before, with the defaults in what is new, and can be saved."""
    path = tmp_path / "parley.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0001")
    engine.dispose()
    database = sqlite3.connect(path)
    database.executescript(BEFORE_CONFERENCES)
    sealed = Seal(KEY).close(Secret("key"))
    database.execute("INSERT INTO applications (app_id, sealed_key) VALUES ('app', ?)", (sealed,))
    database.commit()
    database.close()
    store = SqlStore(f"sqlite+aiosqlite:///{path}", KEY)
    await store.migrate()
    team = Space(SpaceId("s1"), "Team", owner=UserId("u1"), non_member_access=False, auto_generated=True)
    team = replace(team, extras={"cms": {"cdrTag": "x"}})
    ann = User(UserId("u1"), "ann@a", "Ann", tenant=TenantId("t1"), password_hash=Secret("h"))
    async with store.transaction() as after:
        assert (await after.spaces.page(Query())).items == (team,)
        assert await after.access_methods.by_uri("team") == [
            method("a1", own=True, uri="team", passcode=Secret("0042"))
        ]
        assert await after.members.get("m1") == member("m1", rights=MemberRights(destroy=True))
        assert await after.leg_profiles.get("l1") == LegProfile(
            LegProfileId("l1"), "Guests", LegSettings(needs_activation=True)
        )
        assert await after.tenants.get("t1") == Tenant(TenantId("t1"), "Org", participant_limit=9)
        assert await after.users.get("u1") == ann
        assert (await after.users.page(Query())).total == 2
        assert await after.system_defaults() == SystemDefaults(LegProfileId("l1"))
        assert await after.applications() == [Application("app", Secret("key"))]
        assert await after.administrators() == [Administrator("root", Secret("h"))]
        await after.users.save(replace(ann, account="ann", enabled=False))
        await after.spaces.add(space(2))
    database = sqlite3.connect(path)
    assert database.execute("SELECT position FROM spaces ORDER BY position").fetchall() == [(2,), (3,)]
    database.close()
    async with store.transaction() as after:
        assert await after.users.get("u1") == replace(ann, account="ann", enabled=False)
        await after.spaces.delete("s1")
        assert (await after.access_methods.page(Query())).total == 0
    await store.close()


async def test_the_encryption_that_was_only_kept_counts_from_now_on(tmp_path: Path) -> None:
    """What an outbound rule said of its signalling moves out of what is only echoed; everything else stays there."""
    path = tmp_path / "parley.db"
    at_revision(path, "0004")
    insert = "INSERT INTO outbound_rules (id, domain, priority, failure_action, extras) VALUES (?, 'd', 0, 'stop', ?)"
    rows = (
        ("a", '{"cms": {"sipControlEncryption": "encrypted", "trunkType": "lync"}}'),
        ("b", '{"cms": {"sipControlEncryption": "auto"}}'),
        ("c", "{}"),
    )
    store = await brought_up(path, [(insert, row) for row in rows])
    async with store.reading() as after:
        rules = (await after.outbound_rules.page(Query())).items
    await store.close()
    assert [(rule.id, rule.control_encryption.value) for rule in rules] == [
        ("a", "encrypted"),
        ("b", "auto"),
        ("c", "auto"),
    ]
    assert dict(rules[0].extras) == {"cms": {"trunkType": "lync"}}


async def test_rights_that_were_only_kept_count_from_now_on(tmp_path: Path) -> None:
    """Those that keys of a phone need are taken over from what a profile echoed; the rest stays as it was."""
    path = tmp_path / "parley.db"
    at_revision(path, "0007")
    insert = "INSERT INTO leg_profiles (id, settings, extras) VALUES (?, ?, ?)"
    settings = '{"needs_activation": true}'
    kept = '{"cms": {"callLockAllowed": "true", "endCallAllowed": "false", "videoMode": "auto"}, "other": {}}'
    store = await brought_up(path, [(insert, row) for row in (("a", settings, kept), ("b", settings, "{}"))])
    async with store.reading() as after:
        first, second = (await after.leg_profiles.page(Query())).items
    await store.close()
    assert first.settings == LegSettings(needs_activation=True, may_lock=True, may_end=False)
    assert dict(first.extras) == {"cms": {"videoMode": "auto"}, "other": {}}
    assert second.settings == LegSettings(needs_activation=True)
