"""Brings a database to the schema of this version when the server starts.

The revisions are package data and run from wherever the package was installed. A revision is never edited once
released: a change of the schema is a new file in `migrations/versions`, and what one database needs and
another does not stands in that file.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseTooNew(Exception):
    """The database was written by a later version; this one would damage it."""


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings, made here so that no file in the working directory is read."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Run the missing revisions in the connection's transaction. Raises DatabaseTooNew and changes nothing."""
    config = configuration(connection)
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise DatabaseTooNew(
                f"the database has schema revision {revision}, which this version does not know: "
                "it was written by a later version of Parley. Start that version, or restore a backup made before."
            )
    command.upgrade(config, "head")
