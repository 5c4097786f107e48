"""One unit of work on one connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ...app.event_codec import EventUnreadable, decode_event, encode_event
from ...app.ports import (
    AccessMethodRepository,
    ConferenceRepository,
    KeptAnswer,
    LiveRepository,
    OccurrenceRepository,
    OutboxRepository,
    ProfileUse,
    Repository,
    SeatRepository,
    StoredEvent,
    TokenRepository,
)
from ...core.branding import Branding
from ...core.conferences import Attendance
from ...core.devices import Device
from ...core.dialplan import InboundRule, Ivr
from ...core.events import Event
from ...core.forwarding import ForwardingRule
from ...core.key_commands import DtmfProfile
from ...core.outbound import OutboundRule
from ...core.people import Administrator, Application, Department, SystemDefaults, Tenant, User
from ...core.profiles import CallProfile, LegProfile
from ...core.secret import Secret
from ...core.spaces import Member, Space
from ...core.survival import StoredLeg, StoredMeeting
from ...core.transforms import DialTransform
from . import catalogue, tables
from .lookups import SqlAccessMethods, SqlConferences, SqlLive, SqlOccurrences, SqlOutbox, SqlSeats, SqlTokens
from .repositories import SqlRepository, Writing
from .sealing import Seal

log = structlog.get_logger(__name__)

# Where each kind of profile can be attached: table, kind of use. The system's defaults come first by themselves.
LEG_PROFILE_USERS = (
    (tables.tenants, "tenant"),
    (tables.spaces, "space"),
    (tables.access_methods, "access-method"),
    (tables.members, "member"),
)
CALL_PROFILE_USERS = ((tables.tenants, "tenant"), (tables.spaces, "space"))


class SqlTransaction:
    """Implements the Transaction port. Lives as long as its `async with` block."""

    def __init__(self, connection: AsyncConnection, seal: Seal, *, writes: bool) -> None:
        writing = Writing(connection, seal, writes)
        self._connection = connection
        self._writing = writing
        self._seal = seal
        self.spaces: Repository[Space] = SqlRepository(catalogue.SPACES, writing)
        self.access_methods: AccessMethodRepository = SqlAccessMethods(writing)
        self.members: Repository[Member] = SqlRepository(catalogue.MEMBERS, writing)
        self.leg_profiles: Repository[LegProfile] = SqlRepository(catalogue.LEG_PROFILES, writing)
        self.call_profiles: Repository[CallProfile] = SqlRepository(catalogue.CALL_PROFILES, writing)
        self.tenants: Repository[Tenant] = SqlRepository(catalogue.TENANTS, writing)
        self.users: Repository[User] = SqlRepository(catalogue.USERS, writing)
        self.inbound_rules: Repository[InboundRule] = SqlRepository(catalogue.INBOUND_RULES, writing)
        self.ivrs: Repository[Ivr] = SqlRepository(catalogue.IVRS, writing)
        self.conferences: ConferenceRepository = SqlConferences(writing)
        self.occurrences: OccurrenceRepository = SqlOccurrences(writing)
        self.outbound_rules: Repository[OutboundRule] = SqlRepository(catalogue.OUTBOUND_RULES, writing)
        self.forwarding_rules: Repository[ForwardingRule] = SqlRepository(catalogue.FORWARDING_RULES, writing)
        self.dial_transforms: Repository[DialTransform] = SqlRepository(catalogue.DIAL_TRANSFORMS, writing)
        self.outbox: OutboxRepository = SqlOutbox(writing)
        self.tokens: TokenRepository = SqlTokens(writing)
        self.departments: Repository[Department] = SqlRepository(catalogue.DEPARTMENTS, writing)
        self.devices: Repository[Device] = SqlRepository(catalogue.DEVICES, writing)
        self.brandings: Repository[Branding] = SqlRepository(catalogue.BRANDINGS, writing)
        self.dtmf_profiles: Repository[DtmfProfile] = SqlRepository(catalogue.DTMF_PROFILES, writing)
        self.seats: SeatRepository = SqlSeats(writing)
        self.live_legs: LiveRepository[StoredLeg] = SqlLive(catalogue.LIVE_LEGS, writing, forgiving=True)
        self.live_meetings: LiveRepository[StoredMeeting] = SqlLive(catalogue.LIVE_MEETINGS, writing, forgiving=True)

    @property
    def settled(self) -> bool:
        """Whether nothing was written so far of what people set."""
        return self._writing.settled

    # --- attendance and kept answers -------------------------------------------------------------------------

    async def add_attendance(self, attendance: Attendance) -> None:
        """Raises ValueError when there is no such occurrence."""
        row = catalogue.ATTENDANCE.row(attendance, self._seal)
        await self._writing.keep(sa.insert(tables.attendance).values(row), "attendance")

    async def end_attendance(self, occurrence: str, address: str, joined: datetime, left: datetime) -> None:
        """A stay that has ended keeps its end; one that is not there is passed over."""
        stays = tables.attendance.c
        this = (stays.occurrence == occurrence, stays.address == address, stays.joined == joined, stays.left.is_(None))
        await self._writing.execute(sa.update(tables.attendance).where(*this).values(left=left))

    async def attendance(self, occurrence: str) -> list[Attendance]:
        stays = tables.attendance.c
        statement = sa.select(tables.attendance).where(stays.occurrence == occurrence)
        rows = await self._connection.execute(statement.order_by(stays.joined, stays.position))
        return [catalogue.ATTENDANCE.entity(row, self._seal) for row in rows.mappings()]

    async def kept_answer(self, scope: str, key: str) -> KeptAnswer | None:
        kept = tables.kept_answers.c
        statement = sa.select(tables.kept_answers).where(kept.scope == scope, kept.key == key)
        row = (await self._connection.execute(statement)).mappings().first()
        return None if row is None else catalogue.KEPT_ANSWERS.entity(row, self._seal)

    async def keep_answer(self, scope: str, key: str, answer: KeptAnswer) -> None:
        row = {"scope": scope, "key": key, **catalogue.KEPT_ANSWERS.row(answer, self._seal)}
        await self._writing.keep(sa.insert(tables.kept_answers).values(row), "kept answer")

    async def forget_answers(self, before: datetime) -> int:
        """Those created before that time."""
        old = tables.kept_answers.c.created < before
        return (await self._writing.execute(sa.delete(tables.kept_answers).where(old))).rowcount

    # --- where profiles are used -----------------------------------------------------------------------------

    async def leg_profile_uses(self, id: str) -> list[ProfileUse]:
        return await self._uses("leg_profile", id, LEG_PROFILE_USERS)

    async def call_profile_uses(self, id: str) -> list[ProfileUse]:
        return await self._uses("call_profile", id, CALL_PROFILE_USERS)

    async def used_leg_profiles(self) -> set[str]:
        return await self._used("leg_profile", LEG_PROFILE_USERS)

    async def used_call_profiles(self) -> set[str]:
        return await self._used("call_profile", CALL_PROFILE_USERS)

    async def _uses(self, column: str, id: str, users: Sequence[tuple[sa.Table, str]]) -> list[ProfileUse]:
        uses: list[ProfileUse] = []
        if getattr(await self.system_defaults(), column) == id:
            uses.append(ProfileUse("system"))
        for table, kind in users:
            space = table.c.space if "space" in table.c else sa.null().label("space")
            statement = sa.select(table.c.id, space).where(table.c[column] == id).order_by(table.c.position)
            uses += [ProfileUse(kind, row[0], row[1]) for row in await self._connection.execute(statement)]
        return uses

    async def _used(self, column: str, users: Sequence[tuple[sa.Table, str]]) -> set[str]:
        columns = [tables.system_defaults.c[column], *(table.c[column] for table, _ in users)]
        statement = sa.union(*(sa.select(each).where(each.is_not(None)) for each in columns))
        return set((await self._connection.execute(statement)).scalars())

    # --- the system's defaults -------------------------------------------------------------------------------

    async def system_defaults(self) -> SystemDefaults:
        row = (await self._connection.execute(sa.select(tables.system_defaults))).mappings().first()
        return SystemDefaults() if row is None else catalogue.SYSTEM_DEFAULTS.entity(row, self._seal)

    async def save_system_defaults(self, defaults: SystemDefaults) -> None:
        row = catalogue.SYSTEM_DEFAULTS.row(defaults, self._seal)
        changed = await self._writing.execute(sa.update(tables.system_defaults).values(row))
        if changed.rowcount == 0:
            await self._writing.execute(sa.insert(tables.system_defaults).values(row))

    # --- accounts --------------------------------------------------------------------------------------------

    async def administrator(self, name: str) -> Administrator | None:
        table = tables.administrators
        row = (await self._connection.execute(sa.select(table).where(table.c.name == name))).mappings().first()
        return None if row is None else Administrator(row["name"], Secret(row["password_hash"]))

    async def administrators(self) -> list[Administrator]:
        table = tables.administrators
        rows = await self._connection.execute(sa.select(table).order_by(table.c.position))
        return [Administrator(row["name"], Secret(row["password_hash"])) for row in rows.mappings()]

    async def save_administrator(self, administrator: Administrator) -> None:
        table = tables.administrators
        row = {"name": administrator.name, "password_hash": administrator.password_hash.reveal()}
        changed = await self._writing.execute(sa.update(table).where(table.c.name == administrator.name).values(row))
        if changed.rowcount == 0:
            await self._writing.execute(sa.insert(table).values(row))

    async def delete_administrator(self, name: str) -> None:
        table = tables.administrators
        await self._writing.execute(sa.delete(table).where(table.c.name == name))

    async def application(self, app_id: str) -> Application | None:
        """Raises SealBroken when the key was sealed with another sealing key."""
        table = tables.applications
        row = (await self._connection.execute(sa.select(table).where(table.c.app_id == app_id))).mappings().first()
        return None if row is None else catalogue.APPLICATIONS.entity(row, self._seal)

    async def applications(self) -> list[Application]:
        """In order of creation. Raises SealBroken as `application` does."""
        table = tables.applications
        rows = await self._connection.execute(sa.select(table).order_by(table.c.position))
        return [catalogue.APPLICATIONS.entity(row, self._seal) for row in rows.mappings()]

    async def delete_application(self, app_id: str) -> None:
        table = tables.applications
        await self._writing.execute(sa.delete(table).where(table.c.app_id == app_id))

    async def save_application(self, application: Application) -> None:
        table = tables.applications
        row = catalogue.APPLICATIONS.row(application, self._seal)
        changed = await self._writing.execute(sa.update(table).where(table.c.app_id == application.app_id).values(row))
        if changed.rowcount == 0:
            await self._writing.execute(sa.insert(table).values(row))

    # --- events ----------------------------------------------------------------------------------------------

    async def add_events(self, segment: str, first: int, events: Sequence[tuple[datetime, Event]]) -> int:
        table = tables.events
        last = first + len(events) - 1
        statement = sa.select(table.c.line).where(table.c.segment == segment, table.c.line.between(first, last))
        kept = set((await self._connection.execute(statement)).scalars())
        rows = []
        for line, (at, event) in enumerate(events, start=first):
            if line not in kept:
                kind, fields = encode_event(event)
                rows.append({"segment": segment, "line": line, "at": at, "kind": kind, "fields": fields})
        if rows:
            await self._writing.execute(sa.insert(table), rows)
        return len(rows)

    async def newest_events(self, limit: int) -> list[StoredEvent]:
        position = tables.events.c.position
        oldest = sa.select(position).order_by(position.desc()).limit(1).offset(limit)
        before = (await self._connection.execute(oldest)).scalar()
        return await self.events(before or 0, limit)

    async def events(self, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """Rows that this version cannot read are passed over and said so in the log."""
        table = tables.events
        found: list[StoredEvent] = []
        while len(found) < limit:
            wanted = limit - len(found)
            statement = sa.select(table).where(table.c.position > after).order_by(table.c.position).limit(wanted)
            rows = (await self._connection.execute(statement)).mappings().all()
            for row in rows:
                after = row["position"]
                try:
                    found.append(StoredEvent(after, row["at"], decode_event(row["kind"], row["fields"])))
                except EventUnreadable as error:
                    log.warning("stored event passed over", position=after, reason=str(error))
            if len(rows) < wanted:
                break
        return found
