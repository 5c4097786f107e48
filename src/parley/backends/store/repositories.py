"""The collections: one Collection of facts each, one Repository class for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ...app.ports import Page, Query
from ...core.dialplan import InboundRule, Ivr
from ...core.people import Tenant, User
from ...core.profiles import CallProfile, LegProfile
from ...core.secret import Secret
from ...core.spaces import AccessMethod, Member, Space
from . import mapping, tables
from .mapping import Row


class HasId(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=HasId)

# Databases bound the values of one statement (SQLite: 32766); longer lists are cut in pieces of this size.
PIECE = 500


@dataclass(frozen=True)
class Collection(Generic[E]):
    """What is particular to one collection. `searched` gives the condition that `contains` means."""

    name: str
    table: sa.Table
    row: Callable[[E], Row]
    entity: Callable[[sa.RowMapping], E]
    searched: Callable[[str], sa.ColumnElement[bool]]


def _contains(text: str, *columns: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Case-insensitive substring, the wildcards of LIKE taken literally."""
    return sa.or_(*(sa.func.lower(column).contains(text.lower(), autoescape=True) for column in columns))


def _own_address_contains(text: str) -> sa.ColumnElement[bool]:
    methods = tables.access_methods.c
    return tables.spaces.c.id.in_(
        sa.select(methods.space).where(methods.own, _contains(text, methods.uri, methods.call_id))
    )


def _user_contains(text: str) -> sa.ColumnElement[bool]:
    return tables.members.c.user.in_(
        sa.select(tables.users.c.id).where(_contains(text, tables.users.c.jid, tables.users.c.name))
    )


SPACES = Collection[Space](
    "space",
    tables.spaces,
    mapping.space_row,
    mapping.space_of,
    lambda text: sa.or_(_contains(text, tables.spaces.c.name), _own_address_contains(text)),
)
ACCESS_METHODS = Collection[AccessMethod](
    "access method",
    tables.access_methods,
    mapping.access_method_row,
    mapping.access_method_of,
    lambda text: _contains(
        text, tables.access_methods.c.uri, tables.access_methods.c.call_id, tables.access_methods.c.name
    ),
)
MEMBERS = Collection[Member](
    "member",
    tables.members,
    mapping.member_row,
    mapping.member_of,
    _user_contains,
)
LEG_PROFILES = Collection[LegProfile](
    "leg profile",
    tables.leg_profiles,
    mapping.leg_profile_row,
    mapping.leg_profile_of,
    lambda text: _contains(text, tables.leg_profiles.c.name),
)
CALL_PROFILES = Collection[CallProfile](
    "call profile",
    tables.call_profiles,
    mapping.call_profile_row,
    mapping.call_profile_of,
    lambda _: sa.false(),  # it has no human fields
)
TENANTS = Collection[Tenant](
    "tenant",
    tables.tenants,
    mapping.tenant_row,
    mapping.tenant_of,
    lambda text: _contains(text, tables.tenants.c.name),
)
USERS = Collection[User](
    "user",
    tables.users,
    mapping.user_row,
    mapping.user_of,
    lambda text: _contains(text, tables.users.c.jid, tables.users.c.name),
)
INBOUND_RULES = Collection[InboundRule](
    "inbound rule",
    tables.inbound_rules,
    mapping.inbound_rule_row,
    mapping.inbound_rule_of,
    lambda text: _contains(text, tables.inbound_rules.c.domain),
)
IVRS = Collection[Ivr](
    "ivr",
    tables.ivrs,
    mapping.ivr_row,
    mapping.ivr_of,
    lambda text: _contains(text, tables.ivrs.c.uri),
)


class Writing:
    """The connection of one unit of work and whether it may write."""

    def __init__(self, connection: AsyncConnection, allowed: bool) -> None:
        self.connection = connection
        self._allowed = allowed

    async def execute(self, statement: sa.Executable, values: Sequence[Row] | None = None) -> sa.CursorResult[Any]:
        """Raises RuntimeError in a unit of work that only reads."""
        if not self._allowed:
            raise RuntimeError("this unit of work was opened for reading")
        return await self.connection.execute(statement, values)


class SqlRepository(Generic[E]):
    """One collection within one unit of work."""

    def __init__(self, collection: Collection[E], writing: Writing) -> None:
        self._collection = collection
        self._table = collection.table
        self._writing = writing
        self._connection = writing.connection

    async def get(self, id: str) -> E | None:
        found = await self.matching(self._table.c.id == id)
        return found[0] if found else None

    async def add(self, entity: E) -> None:
        """Raises ValueError when the id (a user's jid) is taken, or the space it belongs to does not exist."""
        await self._write(sa.insert(self._table).values(self._collection.row(entity)))

    async def save(self, entity: E) -> None:
        """Raises LookupError when there is none of this id, ValueError as add does."""
        changed = await self._write(
            sa.update(self._table).where(self._table.c.id == entity.id).values(self._collection.row(entity))
        )
        if changed.rowcount == 0:
            raise LookupError(f"no {self._collection.name} of this id")

    async def delete(self, id: str) -> None:
        await self._writing.execute(sa.delete(self._table).where(self._table.c.id == id))

    async def page(self, query: Query) -> Page[E]:
        if query.offset < 0 or (query.limit is not None and query.limit < 0):
            raise ValueError("offset and limit are not negative")
        conditions = self._conditions(query)
        if query.among is not None:
            if len(query.among) > PIECE:
                return await self._page_of_many(query, set(query.among), conditions)
            conditions.append(self._table.c.id.in_(query.among))
        count = sa.select(sa.func.count()).select_from(self._table).where(*conditions)
        total = (await self._connection.execute(count)).scalar_one()
        items = await self.matching(*conditions, offset=query.offset, limit=query.limit)
        return Page(total, tuple(items))

    async def matching(self, *conditions: sa.ColumnElement[bool], offset: int = 0, limit: int | None = None) -> list[E]:
        """Entities in order of creation."""
        statement = sa.select(self._table).where(*conditions).order_by(self._table.c.position)
        if offset:
            statement = statement.offset(offset)
        if limit is not None:
            statement = statement.limit(limit)
        rows = await self._connection.execute(statement)
        return [self._collection.entity(row) for row in rows.mappings()]

    async def _write(self, statement: sa.Executable) -> sa.CursorResult[Any]:
        try:
            return await self._writing.execute(statement)
        except IntegrityError:
            # The database's own words hold values; ours name the collection alone.
            raise ValueError(
                f"this {self._collection.name} repeats an id or name, or belongs to a space that does not exist"
            ) from None

    async def _page_of_many(self, query: Query, among: set[str], conditions: list[sa.ColumnElement[bool]]) -> Page[E]:
        """A list of ids too long for one statement: choose the page here, then fetch its rows in pieces."""
        statement = sa.select(self._table.c.id).where(*conditions).order_by(self._table.c.position)
        found = [id for id in (await self._connection.execute(statement)).scalars() if id in among]
        end = None if query.limit is None else query.offset + query.limit
        chosen = found[query.offset : end]
        items: list[E] = []
        for start in range(0, len(chosen), PIECE):
            items += await self.matching(self._table.c.id.in_(chosen[start : start + PIECE]))
        return Page(len(found), tuple(items))

    def _conditions(self, query: Query) -> list[sa.ColumnElement[bool]]:
        conditions = [self._equals(name, value) for name, value in query.where.items()]
        if query.contains:
            conditions.append(self._collection.searched(query.contains))
        return conditions

    def _equals(self, name: str, value: Any) -> sa.ColumnElement[bool]:
        column = self._table.c.get(name)
        if column is None or name == "position" or isinstance(column.type, sa.JSON):
            raise ValueError(f"a {self._collection.name} cannot be looked up by {name}")
        if isinstance(value, Secret):
            value = value.reveal()
        elif isinstance(value, Enum):
            value = value.value
        return column.is_(None) if value is None else column == value


class SqlAccessMethods(SqlRepository[AccessMethod]):
    """The access methods, found by what callers dial."""

    def __init__(self, writing: Writing) -> None:
        super().__init__(ACCESS_METHODS, writing)

    async def by_uri(self, uri: str) -> list[AccessMethod]:
        return await self.matching(uri_is(uri))

    async def by_call_id(self, call_id: str) -> list[AccessMethod]:
        return await self.matching(tables.access_methods.c.call_id == call_id)

    async def by_secret(self, secret: str) -> list[AccessMethod]:
        return await self.matching(tables.access_methods.c.secret == secret)


def uri_is(uri: str) -> sa.ColumnElement[bool]:
    columns = tables.access_methods.c
    return sa.or_(columns.uri == uri, columns.secondary_uri == uri)
