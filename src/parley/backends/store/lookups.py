"""The collections that are found by more than their ids; each look-up has an index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ...app.ports import Coming, Page, Past
from ...core.conferences import Conference, Occurrence, OccurrenceState
from ...core.ids import SpaceId
from ...core.outbox import OutboxEntry, OutboxState
from ...core.people import Token
from ...core.seats import Seat
from ...core.spaces import AccessMethod
from . import catalogue, tables
from .catalogue import E, contains
from .repositories import PIECE, SqlRepository, Writing

METHODS = tables.access_methods.c
CONFERENCES = tables.conferences.c
INVITED = tables.invited.c
OCCURRENCES = tables.occurrences.c
OUTBOX = tables.outbox.c
TOKENS = tables.tokens.c
USERS = tables.users.c


class SqlLive(SqlRepository[E]):
    """What comes and goes many at a time: one statement for all of them."""

    async def add_all(self, entities: Sequence[E]) -> None:
        if entities:
            rows = [self._row(entity) for entity in entities]
            await self._writing.keep(sa.insert(self._table), self._collection.name, rows)

    async def delete_all(self, ids: Sequence[str]) -> None:
        if ids:
            this = self._table.c.id == sa.bindparam("gone")
            await self._writing.execute(sa.delete(self._table).where(this), [{"gone": id} for id in ids])


class SqlAccessMethods(SqlRepository[AccessMethod]):
    """The access methods, found by what callers dial."""

    def __init__(self, writing: Writing) -> None:
        super().__init__(catalogue.ACCESS_METHODS, writing)

    async def by_uri(self, uri: str) -> list[AccessMethod]:
        return await self.matching(uri_is(uri))

    async def by_call_id(self, call_id: str) -> list[AccessMethod]:
        return await self.matching(METHODS.call_id == call_id)

    async def of_spaces(self, spaces: Sequence[str]) -> list[AccessMethod]:
        found: list[AccessMethod] = []
        for first in range(0, len(spaces), PIECE):
            found += await self.matching(METHODS.space.in_(spaces[first : first + PIECE]))
        return found


class SqlConferences(SqlRepository[Conference]):
    def __init__(self, writing: Writing) -> None:
        super().__init__(catalogue.CONFERENCES, writing)

    async def by_number(self, number: str) -> Conference | None:
        newest_live_first = (sa.case((is_live(), 1), else_=0).desc(), CONFERENCES.position.desc())
        found = await self.matching(CONFERENCES.number == number, order=newest_live_first, limit=1)
        return found[0] if found else None

    async def space_of(self, number: str) -> SpaceId | None:
        statement = sa.select(CONFERENCES.space).where(CONFERENCES.number == number, is_live()).limit(1)
        space: str | None = (await self._connection.execute(statement)).scalar()
        return SpaceId(space) if space is not None else None

    async def of_space(self, space: str) -> list[Conference]:
        return await self.matching(CONFERENCES.space == space)

    async def add(self, entity: Conference) -> None:
        await super().add(entity)
        await self._invite(entity)

    async def save(self, entity: Conference) -> None:
        await super().save(entity)
        await self._writing.execute(sa.delete(tables.invited).where(INVITED.conference == entity.id))
        await self._invite(entity)

    async def _invite(self, conference: Conference) -> None:
        users = dict.fromkeys(attendee.user for attendee in conference.attendees if attendee.user)
        if users:
            rows = [{"conference": conference.id, "user": user} for user in users]
            await self._writing.execute(sa.insert(tables.invited), rows)

    async def coming(self, wish: Coming) -> Page[Conference]:
        conditions = coming(wish)
        first = first_start(wish).label("first")
        listed = sa.select(CONFERENCES.id, first).where(*conditions)
        by_start = first.desc() if wish.descending else first.asc()
        page = listed.order_by(by_start, CONFERENCES.position).offset(wish.offset).limit(wish.limit)
        ids = [*(await self._connection.execute(page)).scalars()]
        found: dict[str, Conference] = {}
        for start in range(0, len(ids), PIECE):
            found |= {one.id: one for one in await self.matching(CONFERENCES.id.in_(ids[start : start + PIECE]))}
        total = wish.offset + len(ids)
        if len(ids) == wish.limit or not ids:
            count = sa.select(sa.func.count()).select_from(tables.conferences).where(*conditions)
            total = (await self._connection.execute(count)).scalar_one()
        return Page(total, tuple(found[id] for id in ids))


class SqlOccurrences(SqlRepository[Occurrence]):
    def __init__(self, writing: Writing) -> None:
        super().__init__(catalogue.OCCURRENCES, writing)

    async def of(self, conferences: Sequence[str]) -> list[Occurrence]:
        found: list[Occurrence] = []
        for first in range(0, len(conferences), PIECE):
            piece = OCCURRENCES.conference.in_(conferences[first : first + PIECE])
            found += await self.matching(piece, order=(OCCURRENCES.start,))
        return found if len(conferences) <= PIECE else sorted(found, key=lambda one: one.start)

    async def live(self, start_before: datetime) -> list[Occurrence]:
        return await self.matching(due_or_running(start_before), order=(OCCURRENCES.start,))

    async def between(self, first: datetime, last: datetime, states: Sequence[str]) -> list[Occurrence]:
        return await self.matching(starts_between(first, last, states), order=(OCCURRENCES.start,))

    async def unannounced(self, first: datetime, last: datetime) -> list[Occurrence]:
        booked = starts_between(first, last, [OccurrenceState.BOOKED])
        return await self.matching(booked, sa.not_(OCCURRENCES.reminded), order=(OCCURRENCES.start,))

    async def past(self, wish: Past) -> Page[Occurrence]:
        conditions = past(wish)
        order: tuple[sa.ColumnElement[Any], ...] = (OCCURRENCES.start, OCCURRENCES.position)
        if wish.descending:
            order = tuple(column.desc() for column in order)
        found = await self.matching(*conditions, order=order, offset=wish.offset, limit=wish.limit)
        total = wish.offset + len(found)
        if len(found) == wish.limit or not found:
            count = sa.select(sa.func.count()).select_from(tables.occurrences).where(*conditions)
            total = (await self._connection.execute(count)).scalar_one()
        return Page(total, tuple(found))


class SqlOutbox(SqlRepository[OutboxEntry]):
    def __init__(self, writing: Writing) -> None:
        super().__init__(catalogue.OUTBOX, writing)

    async def due(self, before: datetime, limit: int) -> list[OutboxEntry]:
        return await self.matching(is_waiting(), OUTBOX.due <= before, order=(OUTBOX.due,), limit=limit)

    async def next_due(self) -> datetime | None:
        due: datetime | None = (
            await self._connection.execute(sa.select(sa.func.min(OUTBOX.due)).where(is_waiting()))
        ).scalar()
        return due


class SqlTokens(SqlRepository[Token]):
    def __init__(self, writing: Writing) -> None:
        super().__init__(catalogue.TOKENS, writing)

    async def of_user(self, user: str) -> list[Token]:
        return await self.matching(TOKENS.user == user, order=(TOKENS.created,))

    async def forget_expired(self, now: datetime) -> int:
        return (await self._writing.execute(sa.delete(tables.tokens).where(TOKENS.expires <= now))).rowcount


class SqlSeats(SqlRepository[Seat]):
    def __init__(self, writing: Writing) -> None:
        super().__init__(catalogue.SEATS, writing)

    async def forget_expired(self, now: datetime) -> int:
        return (await self._writing.execute(sa.delete(tables.seats).where(tables.seats.c.expires <= now))).rowcount


def uri_is(uri: str) -> sa.ColumnElement[bool]:
    return sa.or_(METHODS.uri == uri, METHODS.secondary_uri == uri)


def is_live() -> sa.ColumnElement[bool]:
    """Of a conference: neither cancelled nor over."""
    ahead = OCCURRENCES.state.in_([OccurrenceState.BOOKED.value, OccurrenceState.RUNNING.value])
    return sa.and_(sa.not_(CONFERENCES.cancelled), sa.exists().where(OCCURRENCES.conference == CONFERENCES.id, ahead))


def due_or_running(start_before: datetime) -> sa.ColumnElement[bool]:
    booked = sa.and_(OCCURRENCES.state == OccurrenceState.BOOKED.value, OCCURRENCES.start <= start_before)
    return sa.or_(booked, OCCURRENCES.state == OccurrenceState.RUNNING.value)


def starts_between(first: datetime, last: datetime, states: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(OCCURRENCES.state.in_([str(state) for state in states]), OCCURRENCES.start.between(first, last))


def counts(wish: Coming) -> sa.ColumnElement[bool]:
    """Of an occurrence: it is one of those that a list goes by."""
    booked = sa.and_(OCCURRENCES.state == OccurrenceState.BOOKED.value, OCCURRENCES.start <= wish.until)
    ways = {OccurrenceState.BOOKED: booked, OccurrenceState.RUNNING: OCCURRENCES.state == OccurrenceState.RUNNING.value}
    wanted = (ways[state] for state in ways if state in wish.states)
    return sa.and_(OCCURRENCES.conference == CONFERENCES.id, sa.or_(sa.false(), *wanted))


def first_start(wish: Coming) -> sa.ScalarSelect[datetime]:
    return sa.select(sa.func.min(OCCURRENCES.start)).where(counts(wish)).correlate(tables.conferences).scalar_subquery()


def past(wish: Past) -> list[sa.ColumnElement[bool]]:
    """Of an occurrence: it is in the list."""
    of_wished = sa.exists().where(CONFERENCES.id == OCCURRENCES.conference, *wished(wish))
    return [starts_between(wish.first, wish.last, sorted(wish.states)), of_wished]


def coming(wish: Coming) -> list[sa.ColumnElement[bool]]:
    """Of a conference: it is in the list."""
    return [*wished(wish), sa.exists().where(counts(wish))]


def wished(wish: Coming | Past) -> list[sa.ColumnElement[bool]]:
    """Of a conference: it is of the tenant and the person, and has the text that is looked for."""
    # Not by the tenant's index: a person's conferences are few of the tenant's, and planners cannot know.
    tenant = sa.func.coalesce(CONFERENCES.tenant, "") == (wish.tenant or "")
    if wish.person is None:
        tenant = CONFERENCES.tenant.is_(None) if wish.tenant is None else CONFERENCES.tenant == wish.tenant
    conditions = [tenant]
    if wish.person is not None:
        organised = sa.select(CONFERENCES.id).where(CONFERENCES.organiser == wish.person).correlate(None)
        asked = sa.select(INVITED.conference).where(INVITED.user == wish.person)
        conditions.append(CONFERENCES.id.in_(sa.union(organised, asked)))
    if wish.search:
        named = contains(wish.search, USERS.name, sa.func.coalesce(USERS.account, USERS.jid))
        by_organiser = CONFERENCES.organiser.in_(sa.select(USERS.id).where(named))
        conditions.append(sa.or_(contains(wish.search, CONFERENCES.subject, CONFERENCES.number), by_organiser))
    return conditions


def is_waiting() -> sa.ColumnElement[bool]:
    return OUTBOX.state == OutboxState.WAITING.value
