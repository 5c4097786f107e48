"""A store in dictionaries, held to the same suite as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from parley.app.event_codec import decode_event, encode_event
from parley.app.ports import Page, ProfileUse, Query, StoredEvent, Transaction
from parley.core.events import Event
from parley.core.people import Administrator, Application, SystemDefaults, User
from parley.core.spaces import AccessMethod, Member, Space

E = TypeVar("E")
COMPOSITE = {"extras", "settings", "rights"}


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
        if self._all().pop(id, None) is not None and self._name == "spaces":
            for dependents in (self._unit.state.access_methods, self._unit.state.members):
                for dependent in [one for one in dependents.values() if one.space == id]:
                    del dependents[dependent.id]

    async def page(self, query: Query) -> Page[E]:
        if query.offset < 0 or (query.limit is not None and query.limit < 0):
            raise ValueError("offset and limit are not negative")
        found = [entity for entity in self._all().values() if self._matches(entity, query)]
        end = None if query.limit is None else query.offset + query.limit
        return Page(len(found), tuple(found[query.offset : end]))

    def _check(self, entity: Any) -> None:
        if isinstance(entity, User):
            if any(user.jid == entity.jid and user.id != entity.id for user in self._all().values()):
                raise ValueError("the jid is taken")
        elif isinstance(entity, AccessMethod | Member) and entity.space not in self._unit.state.spaces:
            raise ValueError("the space does not exist")

    def _matches(self, entity: Any, query: Query) -> bool:
        for name, value in query.where.items():
            if name not in {spec.name for spec in fields(entity)} - COMPOSITE:
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

    async def by_secret(self, secret: str) -> list[AccessMethod]:
        return [one for one in self._all().values() if one.secret and one.secret.reveal() == secret]


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
        self.inbound_rules = MemoryRepository[Any](self, "inbound_rules", lambda one: (one.domain,))
        self.ivrs = MemoryRepository[Any](self, "ivrs", lambda one: (one.uri,))

    def writing(self) -> None:
        if not self._writes:
            raise RuntimeError("this unit of work was opened for reading")

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
            finally:
                self._holder = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        yield MemoryTransaction(self._state, writes=False)
