"""Organisations, people and the system's own defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from .ids import CallProfileId, LegProfileId, TenantId, UserId
from .profiles import Extras
from .secret import Secret


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation. participant_limit: sum over all its meetings."""

    id: TenantId
    name: str
    leg_profile: LegProfileId | None = None
    call_profile: CallProfileId | None = None
    participant_limit: int | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account. `jid` is the sign-in name, lower-cased, name@domain."""

    id: UserId
    jid: str
    name: str = ""
    email: str = ""
    tenant: TenantId | None = None
    password_hash: Secret | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Administrator:
    """An account of the admin API. The name is unique and case-sensitive."""

    name: str
    password_hash: Secret


@dataclass(frozen=True, slots=True)
class Application:
    """A program's account for the JSON API; the key is kept sealed, for request signing needs its text."""

    app_id: str
    app_key: Secret


@dataclass(frozen=True, slots=True)
class SystemDefaults:
    """The outermost layer of every profile."""

    leg_profile: LegProfileId | None = None
    call_profile: CallProfileId | None = None
    extras: Extras = field(default_factory=dict)
