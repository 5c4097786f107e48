"""Brings a database to the schema of this version when the server starts.

The revisions are package data and run from wherever the package was installed. A revision is never edited once
released: a change of the schema is a new file in `migrations/versions`, and what one database needs and
another does not stands in that file. Alembic is loaded only where there is something to do: most starts find the
schema they want.
"""

# ruff: noqa: PLC0415 - what most starts do not need is imported where it is used

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseTooNew(Exception):
    """The database was written by a later version; this one would damage it."""


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings, made here so that no file in the working directory is read."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Run the missing revisions in the connection's transaction. Raises DatabaseTooNew and changes nothing."""
    if _stored(connection) == [_newest()]:
        return
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = configuration(connection)
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise DatabaseTooNew(
                f"the database has schema revision {revision}, which this version does not know: "
                "it was written by a later version of Parley. Start that version, or restore a backup made before."
            )
    command.upgrade(config, "head")


def _stored(connection: Connection) -> list[str]:
    """The revision that the database has; nothing where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _newest() -> str:
    """The revision of this version: files of revisions are named in their order."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("*.py")).partition("_")[0]
