"""The tables as the code of today sees them; the migrations lead there and a test holds the two equal.

Columns carry the names of the entities' attributes. Every collection has a `position` that keeps the order
of creation, and text ids. Only access methods and members hang on another row (their space); other
references are the use cases' to keep.
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


def _position() -> sa.Column[int]:
    counter = sa.BigInteger().with_variant(sqlite.COUNTER, sqlite.NAME)
    return sa.Column("position", counter, primary_key=True, autoincrement=True)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.Text, nullable=False, unique=True)


def _text(name: str, *, index: bool = False, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, index=index)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _number(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)


def _of_space() -> sa.Column[str]:
    return sa.Column("space", sa.Text, sa.ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False, index=True)


def _table(name: str, *columns: sa.Column[Any] | sa.Constraint) -> sa.Table:
    return sa.Table(name, metadata, *columns, **sqlite.TABLE_OPTIONS)


spaces = _table(
    "spaces",
    _position(),
    _id(),
    _text("name", nullable=False),
    _text("tenant", index=True),
    _text("leg_profile", index=True),
    _text("call_profile", index=True),
    _flag("non_member_access"),
    _text("owner"),
    _flag("auto_generated"),
    _json("extras"),
)

access_methods = _table(
    "access_methods",
    _position(),
    _id(),
    _of_space(),
    _flag("own"),
    _text("uri", index=True),
    _text("secondary_uri", index=True),
    _text("call_id", index=True),
    _text("passcode"),
    _text("secret", index=True),
    _text("name"),
    _text("leg_profile", index=True),
    _json("extras"),
)

members = _table(
    "members",
    _position(),
    _id(),
    _of_space(),
    _text("user", index=True, nullable=False),
    _text("leg_profile", index=True),
    _json("rights"),
    _flag("auto_generated"),
    _json("extras"),
)

leg_profiles = _table(
    "leg_profiles",
    _position(),
    _id(),
    _text("name"),
    _json("settings"),
    _json("extras"),
)

call_profiles = _table(
    "call_profiles",
    _position(),
    _id(),
    _json("settings"),
    _json("extras"),
)

tenants = _table(
    "tenants",
    _position(),
    _id(),
    _text("name", nullable=False),
    _text("leg_profile", index=True),
    _text("call_profile", index=True),
    _number("participant_limit"),
    _json("extras"),
)

users = _table(
    "users",
    _position(),
    _id(),
    sa.Column("jid", sa.Text, nullable=False, unique=True),
    _text("name", nullable=False),
    _text("email", nullable=False),
    _text("tenant", index=True),
    _text("password_hash"),
    _json("extras"),
)

inbound_rules = _table(
    "inbound_rules",
    _position(),
    _id(),
    _text("domain", index=True, nullable=False),
    _number("priority", nullable=False),
    _flag("resolve_to_users"),
    _flag("resolve_to_spaces"),
    _flag("resolve_to_ivrs"),
    _text("tenant", index=True),
    _json("extras"),
)

ivrs = _table(
    "ivrs",
    _position(),
    _id(),
    _text("uri", index=True, nullable=False),
    _text("tenant", index=True),
    _flag("resolve_call_ids"),
    _json("extras"),
)

# One row, once something has been set.
system_defaults = _table(
    "system_defaults",
    _position(),
    _text("leg_profile"),
    _text("call_profile"),
    _json("extras"),
)

administrators = _table(
    "administrators",
    _position(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("password_hash", nullable=False),
)

applications = _table(
    "applications",
    _position(),
    sa.Column("app_id", sa.Text, nullable=False, unique=True),
    _text("sealed_key", nullable=False),
)

events = _table(
    "events",
    _position(),
    _text("segment", nullable=False),
    _number("line", nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    _text("kind", nullable=False),
    _json("fields"),
    # A journal line is one event, however often its import is tried.
    sa.UniqueConstraint("segment", "line"),
)
