"""What tables are made of.

Columns with a `default` came after the first schema: the rows of before have that value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from . import sqlite

metadata = sa.MetaData(
    # Constraints with names of their own can be altered by later migrations on every database.
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """Aware in, aware out, UTC in between, whether or not the database keeps zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def position() -> sa.Column[int]:
    counter = sa.BigInteger().with_variant(sqlite.COUNTER, sqlite.NAME)
    return sa.Column("position", counter, primary_key=True, autoincrement=True)


def id_() -> sa.Column[str]:
    return sa.Column("id", sa.Text, nullable=False, unique=True)


def text(
    name: str, *, index: bool = False, nullable: bool = True, unique: bool | None = None, default: str | None = None
) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, index=index, unique=unique, server_default=default)


def flag(name: str, *, default: bool | None = None) -> sa.Column[bool]:
    fallback = None if default is None else sa.true() if default else sa.false()
    return sa.Column(name, sa.Boolean, nullable=False, server_default=fallback)


def number(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def time(name: str, *, index: bool = False, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, UtcTime, nullable=nullable, index=index)


def json(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[Any]:
    """Unset is NULL, not the JSON value null."""
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable, server_default=default)


def owner(name: str, collection: str) -> sa.Column[str]:
    """What the row belongs to and is deleted with."""
    return sa.Column(name, sa.Text, sa.ForeignKey(f"{collection}.id", ondelete="CASCADE"), nullable=False, index=True)


def unique_in_tenant(name: str, column: str) -> sa.Index:
    """No two rows of a tenant, "no tenant" being one of them, have the same value; unset ones do not count."""
    return sa.Index(name, column, sa.func.coalesce(sa.column("tenant"), sa.literal_column("''")), unique=True)


def table(name: str, *columns: sa.Column[Any] | sa.Constraint | sa.Index) -> sa.Table:
    return sa.Table(name, metadata, *columns, **sqlite.TABLE_OPTIONS)
