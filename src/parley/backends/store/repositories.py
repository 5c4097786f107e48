"""One Repository class for all collections."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Generic

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ...app.ports import Page, Query
from ...core.secret import Secret
from .catalogue import Collection, E
from .mapping import Row
from .sealing import Seal, SealBroken

log = structlog.get_logger(__name__)

# Databases bound the values of one statement (SQLite: 32766); longer lists are cut in pieces of this size.
PIECE = 500

# Tables of what merely happens; all others hold what people set (Store.generation).
HAPPENING = {
    "attendance",
    "devices",
    "events",
    "kept_answers",
    "live_legs",
    "live_meetings",
    "outbox",
    "seats",
    "tokens",
}


class Writing:
    """The connection of one unit of work, what its secrets are sealed with, and whether it may write."""

    def __init__(self, connection: AsyncConnection, seal: Seal, allowed: bool) -> None:
        self.connection = connection
        self.seal = seal
        self._allowed = allowed
        self.settled = True  # nothing was written of what people set

    async def execute(
        self, statement: sa.Executable, values: Row | Sequence[Row] | None = None
    ) -> sa.CursorResult[Any]:
        """values: of the statement's columns and parameters; several: it is executed with each. To hand them over so is
        far cheaper than a statement that has them in it.

        Raises RuntimeError in a unit of work that only reads.
        """
        if not self._allowed:
            raise RuntimeError("this unit of work was opened for reading")
        table = getattr(statement, "table", None)
        if table is None or table.name not in HAPPENING:
            self.settled = False
        return await self.connection.execute(statement, values)

    async def keep(
        self, statement: sa.Executable, name: str, values: Row | Sequence[Row] | None = None
    ) -> sa.CursorResult[Any]:
        """Raises ValueError for what the schema refuses."""
        try:
            return await self.execute(statement, values)
        except IntegrityError:
            # The database's own words hold values; ours name the collection alone.
            raise ValueError(
                f"this {name} repeats what must be unique, or belongs to something that does not exist"
            ) from None


class SqlRepository(Generic[E]):
    """One collection within one unit of work."""

    def __init__(self, collection: Collection[E], writing: Writing, *, forgiving: bool = False) -> None:
        """forgiving: rows that this version cannot read are passed over, and said so in the log."""
        self._forgiving = forgiving
        self._collection = collection
        self._table = collection.table
        self._writing = writing
        self._connection = writing.connection

    async def get(self, id: str) -> E | None:
        found = await self.matching(self._table.c.id == id)
        return found[0] if found else None

    async def add(self, entity: E) -> None:
        """Raises ValueError when the id or another unique value is taken, or what it belongs to does not exist."""
        await self._writing.keep(sa.insert(self._table), self._collection.name, self._row(entity))

    async def save(self, entity: E) -> None:
        """Raises LookupError when there is none of this id, ValueError as add does."""
        statement = sa.update(self._table).where(self._table.c.id == sa.bindparam("this"))
        changed = await self._writing.keep(statement, self._collection.name, {**self._row(entity), "this": entity.id})
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
        if query.limit is None and not query.offset:
            every = tuple(await self.matching(*conditions))
            return Page(len(every), every)
        count = sa.select(sa.func.count()).select_from(self._table).where(*conditions)
        total = (await self._connection.execute(count)).scalar_one()
        items = await self.matching(*conditions, offset=query.offset, limit=query.limit)
        return Page(total, tuple(items))

    async def matching(
        self,
        *conditions: sa.ColumnElement[bool],
        order: Sequence[sa.ColumnElement[Any]] = (),
        offset: int = 0,
        limit: int | None = None,
    ) -> list[E]:
        """Entities in that order, and in order of creation where it leaves a choice."""
        statement = sa.select(self._table).where(*conditions).order_by(*order, self._table.c.position)
        if offset:
            statement = statement.offset(offset)
        if limit is not None:
            statement = statement.limit(limit)
        rows = await self._connection.execute(statement)
        if self._forgiving:
            return [found for row in rows.mappings() if (found := self._readable(row)) is not None]
        return [self._collection.mapper.entity(row, self._writing.seal) for row in rows.mappings()]

    def _readable(self, row: sa.RowMapping) -> E | None:
        try:
            return self._collection.mapper.entity(row, self._writing.seal)
        except (ValueError, TypeError, SealBroken) as problem:
            log.warning("stored row passed over", kind=self._collection.name, problem=type(problem).__name__)
            return None

    def _row(self, entity: E) -> Row:
        return self._collection.mapper.row(entity, self._writing.seal)

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
        if name not in self._collection.mapper.comparable:
            raise ValueError(f"a {self._collection.name} cannot be looked up by {name}")
        if isinstance(value, Secret):
            value = value.reveal()
        elif isinstance(value, Enum):
            value = value.value
        column = self._table.c[name]
        return column.is_(None) if value is None else column == value
