"""A store in dictionaries, held to the same suite as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from parley.app.event_codec import decode_event, encode_event
from parley.app.ports import Coming, KeptAnswer, Page, Past, ProfileUse, Query, StoredEvent, Transaction
from parley.core.conferences import Attendance, Conference, Occurrence, OccurrenceState
from parley.core.devices import Device
from parley.core.events import Event
from parley.core.ids import SpaceId
from parley.core.outbound import OutboundRule
from parley.core.outbox import OutboxEntry, OutboxState
from parley.core.people import Administrator, Application, Department, SystemDefaults, Token, User
from parley.core.seats import Seat
from parley.core.spaces import AccessMethod, Member, Space
from parley.core.survival import StoredLeg, StoredMeeting

E = TypeVar("E")
LIVE = (OccurrenceState.BOOKED, OccurrenceState.RUNNING)

# What `where` cannot compare: values made of several, and what the real store keeps sealed.
COMPOSITE = {
    "asserted",
    "attendees",
    "bindings",
    "call_out",
    "call_settings",
    "chat",
    "conferences",
    "entry",
    "extras",
    "inside",
    "entrance",
    "leg_settings",
    "media",
    "password_history",
    "proof",
    "rights",
    "rules",
    "series",
    "settings",
    "stay",
}
SEALED = {(OutboundRule, "password"), (OutboxEntry, "payload"), (Device, "ha1"), (StoredLeg, "door")}

# No two of a kind have the same values of these attributes, save where the last one is unset.
UNIQUE: dict[type[Any], tuple[tuple[str, ...], ...]] = {
    User: (("jid",), ("account",), ("tenant", "third_account")),
    Department: (("tenant", "code"),),
    Device: (("username",),),
}

# Where a kind belongs to another one: the attribute that names it, and its collection.
OWNERS: dict[type[Any], tuple[str, str]] = {
    AccessMethod: ("space", "spaces"),
    Member: ("space", "spaces"),
    Occurrence: ("conference", "conferences"),
    Attendance: ("occurrence", "occurrences"),
}


class State:
    """Everything that is stored. A transaction works on a copy; entities are frozen, so a flat one does."""

    def __init__(self) -> None:
        self.spaces: dict[str, Any] = {}
        self.access_methods: dict[str, Any] = {}
        self.members: dict[str, Any] = {}
        self.leg_profiles: dict[str, Any] = {}
        self.call_profiles: dict[str, Any] = {}
        self.tenants: dict[str, Any] = {}
        self.users: dict[str, Any] = {}
        self.inbound_rules: dict[str, Any] = {}
        self.ivrs: dict[str, Any] = {}
        self.conferences: dict[str, Any] = {}
        self.occurrences: dict[str, Any] = {}
        self.outbound_rules: dict[str, Any] = {}
        self.forwarding_rules: dict[str, Any] = {}
        self.dial_transforms: dict[str, Any] = {}
        self.outbox: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.departments: dict[str, Any] = {}
        self.devices: dict[str, Any] = {}
        self.seats: dict[str, Any] = {}
        self.live_legs: dict[str, Any] = {}
        self.live_meetings: dict[str, Any] = {}
        self.brandings: dict[str, Any] = {}
        self.dtmf_profiles: dict[str, Any] = {}
        self.attendance: list[Attendance] = []
        self.answers: dict[tuple[str, str], KeptAnswer] = {}
        self.administrators: dict[str, Administrator] = {}
        self.applications: dict[str, Application] = {}
        self.events: dict[tuple[str, int], StoredEvent] = {}
        self.defaults = SystemDefaults()

    def copied(self) -> State:
        other = State()
        for name, value in vars(self).items():
            setattr(other, name, copy(value))
        return other


class MemoryRepository(Generic[E]):
    def __init__(self, unit: MemoryTransaction, name: str, searched: Callable[[Any], Iterable[str | None]]) -> None:
        self._unit = unit
        self._name = name
        self._searched = searched

    def _all(self) -> dict[str, Any]:
        entities: dict[str, Any] = getattr(self._unit.state, self._name)
        return entities

    async def get(self, id: str) -> E | None:
        return self._all().get(id)

    async def add(self, entity: E) -> None:
        self._unit.writing()
        id = entity.id  # type: ignore[attr-defined]
        if id in self._all():
            raise ValueError("the id is taken")
        self._check(entity)
        self._all()[id] = entity

    async def save(self, entity: E) -> None:
        self._unit.writing()
        id = entity.id  # type: ignore[attr-defined]
        if id not in self._all():
            raise LookupError("nothing of this id")
        self._check(entity)
        self._all()[id] = entity

    async def delete(self, id: str) -> None:
        self._unit.writing()
        if self._all().pop(id, None) is not None:
            self._delete_dependents(id)

    def _delete_dependents(self, id: str) -> None:
        state = self._unit.state
        if self._name == "spaces":
            for dependents in (state.access_methods, state.members):
                for dependent in [one for one in dependents.values() if one.space == id]:
                    del dependents[dependent.id]
        elif self._name == "conferences":
            for gone in [one.id for one in state.occurrences.values() if one.conference == id]:
                del state.occurrences[gone]
                state.attendance = [one for one in state.attendance if one.occurrence != gone]
        elif self._name == "occurrences":
            state.attendance = [one for one in state.attendance if one.occurrence != id]

    async def page(self, query: Query) -> Page[E]:
        if query.offset < 0 or (query.limit is not None and query.limit < 0):
            raise ValueError("offset and limit are not negative")
        found = [entity for entity in self._all().values() if self._matches(entity, query)]
        end = None if query.limit is None else query.offset + query.limit
        return Page(len(found), tuple(found[query.offset : end]))

    def _check(self, entity: Any) -> None:
        for names in UNIQUE.get(type(entity), ()):
            values = [getattr(entity, name) for name in names]
            if values[-1] is not None and any(
                other.id != entity.id and [getattr(other, name) for name in names] == values
                for other in self._all().values()
            ):
                raise ValueError(f"the {names[-1]} is taken")
        self._unit.check_owner(entity)

    def _matches(self, entity: Any, query: Query) -> bool:
        for name, value in query.where.items():
            if name not in {spec.name for spec in fields(entity)} - COMPOSITE or (type(entity), name) in SEALED:
                raise ValueError(f"cannot be looked up by {name}")
            if getattr(entity, name) != value:
                return False
        if query.among is not None and entity.id not in query.among:
            return False
        if query.contains:
            wanted = query.contains.lower()
            return any(wanted in text.lower() for text in self._searched(entity) if text)
        return True


class MemoryAccessMethods(MemoryRepository[AccessMethod]):
    async def by_uri(self, uri: str) -> list[AccessMethod]:
        return [one for one in self._all().values() if uri in (one.uri, one.secondary_uri)]

    async def by_call_id(self, call_id: str) -> list[AccessMethod]:
        return [one for one in self._all().values() if one.call_id == call_id]

    async def of_spaces(self, spaces: Sequence[str]) -> list[AccessMethod]:
        return [one for one in self._all().values() if one.space in spaces]


class MemoryConferences(MemoryRepository[Conference]):
    async def by_number(self, number: str) -> Conference | None:
        found = [one for one in self._all().values() if one.number == number]
        return next(reversed(self._live(found) or found), None)

    async def space_of(self, number: str) -> SpaceId | None:
        live = self._live([one for one in self._all().values() if one.number == number])
        return live[0].space if live else None

    def _live(self, conferences: list[Conference]) -> list[Conference]:
        occurrences = self._unit.state.occurrences.values()
        ahead = {one.conference for one in occurrences if one.state in LIVE}
        return [one for one in conferences if not one.cancelled and one.id in ahead]

    async def of_space(self, space: str) -> list[Conference]:
        return [one for one in self._all().values() if one.space == space]

    async def coming(self, wish: Coming) -> Page[Conference]:
        first: dict[str, datetime] = {}
        for one in sorted(self._unit.state.occurrences.values(), key=lambda one: one.start):
            running = one.state is OccurrenceState.RUNNING
            if one.state in wish.states and (running or one.start <= wish.until):
                first.setdefault(one.conference, one.start)
        found = [one for one in self._all().values() if one.id in first and self.is_wished(one, wish)]
        found.sort(key=lambda one: first[one.id], reverse=wish.descending)
        return Page(len(found), tuple(found[wish.offset : wish.offset + wish.limit]))

    def is_wished(self, one: Conference, wish: Coming | Past) -> bool:
        people = {one.organiser, *(attendee.user for attendee in one.attendees)}
        if one.tenant != wish.tenant or (wish.person is not None and wish.person not in people):
            return False
        organiser = self._unit.state.users.get(one.organiser)
        names = [organiser.name, organiser.account or organiser.jid] if organiser else []
        return any((wish.search or "").lower() in text.lower() for text in (one.subject, one.number, *names))


class MemoryOccurrences(MemoryRepository[Occurrence]):
    async def of(self, conferences: Sequence[str]) -> list[Occurrence]:
        return self._by_start(lambda one: one.conference in conferences)

    async def live(self, start_before: datetime) -> list[Occurrence]:
        return self._by_start(
            lambda one: (
                one.state is OccurrenceState.RUNNING
                or (one.state is OccurrenceState.BOOKED and one.start <= start_before)
            )
        )

    async def between(self, first: datetime, last: datetime, states: Sequence[str]) -> list[Occurrence]:
        return self._by_start(lambda one: one.state in states and first <= one.start <= last)

    async def unannounced(self, first: datetime, last: datetime) -> list[Occurrence]:
        booked = OccurrenceState.BOOKED
        return self._by_start(lambda one: one.state is booked and not one.reminded and first <= one.start <= last)

    async def past(self, wish: Past) -> Page[Occurrence]:
        conferences = self._unit.conferences
        among = await self.between(wish.first, wish.last, sorted(wish.states))
        known = self._unit.state.conferences
        found = [one for one in among if conferences.is_wished(known[one.conference], wish)]
        if wish.descending:
            found.reverse()
        return Page(len(found), tuple(found[wish.offset : wish.offset + wish.limit]))

    def _by_start(self, wanted: Callable[[Occurrence], bool]) -> list[Occurrence]:
        return sorted((one for one in self._all().values() if wanted(one)), key=lambda one: one.start)


class MemoryOutbox(MemoryRepository[OutboxEntry]):
    def _waiting(self) -> list[OutboxEntry]:
        waiting = (one for one in self._all().values() if one.state is OutboxState.WAITING)
        return sorted(waiting, key=lambda one: one.due)

    async def due(self, before: datetime, limit: int) -> list[OutboxEntry]:
        return [one for one in self._waiting() if one.due <= before][:limit]

    async def next_due(self) -> datetime | None:
        waiting = self._waiting()
        return waiting[0].due if waiting else None


class MemoryExpiring(MemoryRepository[E]):
    async def forget_expired(self, now: datetime) -> int:
        self._unit.writing()
        expired = [one.id for one in self._all().values() if one.expires <= now]
        for id in expired:
            del self._all()[id]
        return len(expired)


class MemoryTokens(MemoryExpiring[Token]):
    async def of_user(self, user: str) -> list[Token]:
        return sorted((one for one in self._all().values() if one.user == user), key=lambda one: one.created)


class MemoryLive(MemoryRepository[E]):
    async def add_all(self, entities: Sequence[E]) -> None:
        for entity in entities:
            await self.add(entity)

    async def delete_all(self, ids: Sequence[str]) -> None:
        for id in ids:
            await self.delete(id)


class MemoryTransaction:
    def __init__(self, state: State, writes: bool) -> None:
        self.state = state
        self._writes = writes
        self.spaces = MemoryRepository[Space](self, "spaces", self._space_texts)
        self.access_methods = MemoryAccessMethods(self, "access_methods", lambda one: (one.uri, one.call_id, one.name))
        self.members = MemoryRepository[Member](self, "members", self._member_texts)
        self.leg_profiles = MemoryRepository[Any](self, "leg_profiles", lambda one: (one.name,))
        self.call_profiles = MemoryRepository[Any](self, "call_profiles", lambda one: ())
        self.tenants = MemoryRepository[Any](self, "tenants", lambda one: (one.name,))
        self.users = MemoryRepository[User](self, "users", lambda one: (one.jid, one.name))
        self.dtmf_profiles = MemoryRepository[Any](self, "dtmf_profiles", lambda one: ())
        self.brandings = MemoryRepository[Any](self, "brandings", lambda one: (one.resource_location,))
        self.inbound_rules = MemoryRepository[Any](self, "inbound_rules", lambda one: (one.domain,))
        self.ivrs = MemoryRepository[Any](self, "ivrs", lambda one: (one.uri,))
        self.conferences = MemoryConferences(self, "conferences", lambda one: (one.subject, one.number))
        self.occurrences = MemoryOccurrences(self, "occurrences", lambda one: ())
        self.outbound_rules = MemoryRepository[Any](self, "outbound_rules", lambda one: (one.domain,))
        self.forwarding_rules = MemoryRepository[Any](self, "forwarding_rules", lambda one: (one.pattern,))
        self.dial_transforms = MemoryRepository[Any](self, "dial_transforms", lambda one: (one.match, one.transform))
        self.outbox = MemoryOutbox(self, "outbox", lambda one: (one.recipient, one.subject))
        self.tokens = MemoryTokens(self, "tokens", lambda one: ())
        self.departments = MemoryRepository[Any](self, "departments", lambda one: (one.code, one.name))
        self.devices = MemoryRepository[Any](self, "devices", lambda one: (one.username, one.label))
        self.seats = MemoryExpiring[Seat](self, "seats", lambda one: ())
        self.live_legs = MemoryLive[StoredLeg](self, "live_legs", lambda one: ())
        self.live_meetings = MemoryLive[StoredMeeting](self, "live_meetings", lambda one: ())

    def writing(self) -> None:
        if not self._writes:
            raise RuntimeError("this unit of work was opened for reading")

    def check_owner(self, entity: Any) -> None:
        if type(entity) in OWNERS:
            attribute, collection = OWNERS[type(entity)]
            if getattr(entity, attribute) not in getattr(self.state, collection):
                raise ValueError(f"the {attribute} does not exist")

    def _space_texts(self, space: Space) -> list[str | None]:
        own = [one for one in self.state.access_methods.values() if one.own and one.space == space.id]
        return [space.name, *(text for one in own for text in (one.uri, one.call_id))]

    def _member_texts(self, member: Member) -> list[str | None]:
        user = self.state.users.get(member.user)
        return [user.jid, user.name] if user else []

    def _attached(self, kind: str) -> list[tuple[ProfileUse, str | None]]:
        state = self.state
        found: list[tuple[ProfileUse, str | None]] = [(ProfileUse("system"), getattr(state.defaults, kind))]
        found += [(ProfileUse("tenant", one.id), getattr(one, kind)) for one in state.tenants.values()]
        found += [(ProfileUse("space", one.id), getattr(one, kind)) for one in state.spaces.values()]
        if kind == "leg_profile":
            methods, members = state.access_methods.values(), state.members.values()
            found += [(ProfileUse("access-method", one.id, one.space), one.leg_profile) for one in methods]
            found += [(ProfileUse("member", one.id, one.space), one.leg_profile) for one in members]
        return found

    async def leg_profile_uses(self, id: str) -> list[ProfileUse]:
        return [use for use, profile in self._attached("leg_profile") if profile == id]

    async def call_profile_uses(self, id: str) -> list[ProfileUse]:
        return [use for use, profile in self._attached("call_profile") if profile == id]

    async def used_leg_profiles(self) -> set[str]:
        return {profile for _, profile in self._attached("leg_profile") if profile is not None}

    async def used_call_profiles(self) -> set[str]:
        return {profile for _, profile in self._attached("call_profile") if profile is not None}

    async def add_attendance(self, attendance: Attendance) -> None:
        self.writing()
        self.check_owner(attendance)
        self.state.attendance.append(attendance)

    async def end_attendance(self, occurrence: str, address: str, joined: datetime, left: datetime) -> None:
        self.writing()
        for index, one in enumerate(self.state.attendance):
            if (one.occurrence, one.address, one.joined, one.left) == (occurrence, address, joined, None):
                self.state.attendance[index] = replace(one, left=left)

    async def attendance(self, occurrence: str) -> list[Attendance]:
        found = (one for one in self.state.attendance if one.occurrence == occurrence)
        return sorted(found, key=lambda one: one.joined)

    async def kept_answer(self, scope: str, key: str) -> KeptAnswer | None:
        return self.state.answers.get((scope, key))

    async def keep_answer(self, scope: str, key: str, answer: KeptAnswer) -> None:
        self.writing()
        if (scope, key) in self.state.answers:
            raise ValueError("the key is kept already")
        self.state.answers[scope, key] = answer

    async def forget_answers(self, before: datetime) -> int:
        self.writing()
        old = [place for place, answer in self.state.answers.items() if answer.created < before]
        for place in old:
            del self.state.answers[place]
        return len(old)

    async def system_defaults(self) -> SystemDefaults:
        return self.state.defaults

    async def save_system_defaults(self, defaults: SystemDefaults) -> None:
        self.writing()
        self.state.defaults = defaults

    async def administrator(self, name: str) -> Administrator | None:
        return self.state.administrators.get(name)

    async def administrators(self) -> list[Administrator]:
        return list(self.state.administrators.values())

    async def save_administrator(self, administrator: Administrator) -> None:
        self.writing()
        self.state.administrators[administrator.name] = administrator

    async def delete_administrator(self, name: str) -> None:
        self.writing()
        self.state.administrators.pop(name, None)

    async def application(self, app_id: str) -> Application | None:
        return self.state.applications.get(app_id)

    async def applications(self) -> list[Application]:
        return list(self.state.applications.values())

    async def delete_application(self, app_id: str) -> None:
        self.writing()
        self.state.applications.pop(app_id, None)

    async def save_application(self, application: Application) -> None:
        self.writing()
        self.state.applications[application.app_id] = application

    async def add_events(self, segment: str, first: int, events: Sequence[tuple[datetime, Event]]) -> int:
        self.writing()
        new = 0
        for line, (at, event) in enumerate(events, start=first):
            if (segment, line) not in self.state.events:
                kept = decode_event(*encode_event(event))
                stored = StoredEvent(len(self.state.events) + 1, at.astimezone(UTC), kept)
                self.state.events[segment, line] = stored
                new += 1
        return new

    async def events(self, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        return [stored for stored in self.state.events.values() if stored.position > after][:limit]

    async def newest_events(self, limit: int) -> list[StoredEvent]:
        return list(self.state.events.values())[-limit:] if limit else []


class MemoryStore:
    """Implements the Store port. Readers see the last committed state; the writer sees its own copy."""

    def __init__(self) -> None:
        self._state = State()
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self.generation = 0

    async def migrate(self) -> None:
        """There is no schema."""

    async def close(self) -> None:
        """Nothing is held."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("a write transaction is already open in this task")
        async with self._lock:
            self._holder = asyncio.current_task()
            try:
                working = self._state.copied()
                yield MemoryTransaction(working, writes=True)
                self._state = working
                self.generation += 1
            finally:
                self._holder = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        yield MemoryTransaction(self._state, writes=False)
