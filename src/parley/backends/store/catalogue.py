"""What is particular to each collection: its table, its entities and what `contains` searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa

from ...app.ports import KeptAnswer
from ...core.branding import Branding
from ...core.conferences import Attendance, Conference, Occurrence
from ...core.devices import Device
from ...core.dialplan import InboundRule, Ivr
from ...core.forwarding import ForwardingRule
from ...core.key_commands import DtmfProfile
from ...core.outbound import OutboundRule
from ...core.outbox import OutboxEntry
from ...core.people import Application, Department, SystemDefaults, Tenant, Token, User
from ...core.profiles import CallProfile, LegProfile
from ...core.seats import Seat
from ...core.spaces import AccessMethod, Member, Space
from ...core.survival import StoredLeg, StoredMeeting
from ...core.transforms import DialTransform
from . import tables
from .mapping import Mapper


class HasId(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=HasId)
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Collection(Generic[E]):
    """`searched` gives the condition that `contains` means."""

    name: str
    table: sa.Table
    mapper: Mapper[E]
    searched: Callable[[str], sa.ColumnElement[bool]]


def contains(text: str, *columns: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Case-insensitive substring, the wildcards of LIKE taken literally; false without a column."""
    return sa.or_(sa.false(), *(sa.func.lower(column).contains(text.lower(), autoescape=True) for column in columns))


def _collection(
    name: str,
    kind: type[E],
    table: sa.Table,
    *human: str,
    elsewhere: Callable[[str], sa.ColumnElement[bool]] | None = None,
    sealed: Mapping[str, str] = NOTHING,
) -> Collection[E]:
    """human: the columns that `contains` searches; elsewhere: a condition on other tables that will do as well."""

    def searched(text: str) -> sa.ColumnElement[bool]:
        found = contains(text, *(table.c[column] for column in human))
        return found if elsewhere is None else sa.or_(found, elsewhere(text))

    return Collection(name, table, Mapper(kind, table, sealed), searched)


def _own_address_contains(text: str) -> sa.ColumnElement[bool]:
    methods = tables.access_methods.c
    return tables.spaces.c.id.in_(
        sa.select(methods.space).where(methods.own, contains(text, methods.uri, methods.call_id))
    )


def _user_contains(text: str) -> sa.ColumnElement[bool]:
    return tables.members.c.user.in_(
        sa.select(tables.users.c.id).where(contains(text, tables.users.c.jid, tables.users.c.name))
    )


SPACES = _collection("space", Space, tables.spaces, "name", elsewhere=_own_address_contains)
ACCESS_METHODS = _collection("access method", AccessMethod, tables.access_methods, "uri", "call_id", "name")
MEMBERS = _collection("member", Member, tables.members, elsewhere=_user_contains)
LEG_PROFILES = _collection("leg profile", LegProfile, tables.leg_profiles, "name")
CALL_PROFILES = _collection("call profile", CallProfile, tables.call_profiles)
TENANTS = _collection("tenant", Tenant, tables.tenants, "name")
USERS = _collection("user", User, tables.users, "jid", "name")
INBOUND_RULES = _collection("inbound rule", InboundRule, tables.inbound_rules, "domain")
IVRS = _collection("ivr", Ivr, tables.ivrs, "uri")
CONFERENCES = _collection("conference", Conference, tables.conferences, "subject", "number")
OCCURRENCES = _collection("occurrence", Occurrence, tables.occurrences)
OUTBOUND_RULES = _collection(
    "outbound rule", OutboundRule, tables.outbound_rules, "domain", sealed={"password": "sealed_password"}
)
FORWARDING_RULES = _collection("forwarding rule", ForwardingRule, tables.forwarding_rules, "pattern")
DIAL_TRANSFORMS = _collection("dial transform", DialTransform, tables.dial_transforms, "match", "transform")
OUTBOX = _collection("outbox entry", OutboxEntry, tables.outbox, "recipient", "subject", sealed={"payload": "payload"})
TOKENS = _collection("token", Token, tables.tokens)
DEVICES = _collection("device", Device, tables.devices, "username", "label", sealed={"ha1": "sealed_ha1"})
BRANDINGS = _collection("branding", Branding, tables.brandings, "resource_location")
DTMF_PROFILES = _collection("dtmf profile", DtmfProfile, tables.dtmf_profiles)
SEATS = _collection("seat", Seat, tables.seats)
LIVE_LEGS = _collection("live leg", StoredLeg, tables.live_legs, sealed={"door": "sealed_door"})
LIVE_MEETINGS = _collection("live meeting", StoredMeeting, tables.live_meetings)
DEPARTMENTS = _collection("department", Department, tables.departments, "code", "name")

# Kept without an id of their own.
APPLICATIONS = Mapper(Application, tables.applications, sealed={"app_key": "sealed_key"})
ATTENDANCE = Mapper(Attendance, tables.attendance, NOTHING)
KEPT_ANSWERS = Mapper(KeptAnswer, tables.kept_answers, NOTHING)
SYSTEM_DEFAULTS = Mapper(SystemDefaults, tables.system_defaults, NOTHING)
