"""The schema and the way to it."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet

from parley.backends.store import tables
from parley.backends.store.migrate import DatabaseTooNew, configuration
from parley.backends.store.sql import SqlStore
from tests.backends.store_suite import fill, space

KEY = Fernet.generate_key()


async def migrated(path: Path) -> None:
    store = SqlStore(f"sqlite+aiosqlite:///{path}", KEY)
    try:
        await store.migrate()
    finally:
        await store.close()


def schema(path: Path) -> dict[str, str]:
    """Statement by name, tidied of white space and of the order of columns and constraints."""
    spaced = str.maketrans({",": " ", "(": " ( ", ")": " ) "})
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: " ".join(sorted(sql.translate(spaced).split())) for name, sql in rows if "alembic" not in name}


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
    with pytest.raises(sa.exc.OperationalError):
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
