"""Organisations, people and the system's own defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .ids import BrandingId, CallProfileId, DtmfProfileId, LegProfileId, TenantId, UserId
from .profiles import Extras, MediaEncryption
from .secret import Secret
from .spaces import Role


@dataclass(frozen=True, slots=True)
class ConferenceDefaults:
    """What holds for a tenant's conferences that do not say otherwise. language: en, zh or pt."""

    send_mail: bool = True
    send_sms: bool = False
    send_calendar: bool = True
    mute_guests: bool = False
    mute_guest_terminals: bool = False
    media_encryption: MediaEncryption = MediaEncryption.OPTIONAL
    auto_invite: bool = False
    language: str = "zh"
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class CallOutLimits:
    """Bounds on outbound calls of a tenant."""

    at_once: int = 50
    per_minute: int = 100


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation. participant_limit: sum over all its meetings. language: in which prompts are spoken."""

    id: TenantId
    name: str
    leg_profile: LegProfileId | None = None
    call_profile: CallProfileId | None = None
    participant_limit: int | None = None
    extras: Extras = field(default_factory=dict)
    conferences: ConferenceDefaults = ConferenceDefaults()
    call_out: CallOutLimits = CallOutLimits()
    call_branding: BrandingId | None = None
    ivr_branding: BrandingId | None = None
    language: str | None = None
    dtmf_profile: DtmfProfileId | None = None


class AdministratorLevel(StrEnum):
    """What a user may do for the whole tenant."""

    DEFAULT = "default"  # the first administrator: cannot be removed
    ADMINISTRATOR = "administrator"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Department:
    """A part of a tenant. `code` is unique in it; the root is "1"."""

    id: str
    code: str
    name: str
    parent: str | None = None  # a code
    tenant: TenantId | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account. `jid` is the sign-in name, lower-cased, name@domain.

    account: the sign-in name of the JSON dialect, unique; third_account: the name an application knows the person
    by, unique in its tenant. number: the SIP number others dial. password_history: hashes, newest first.
    """

    id: UserId
    jid: str
    name: str = ""
    email: str = ""
    tenant: TenantId | None = None
    password_hash: Secret | None = None
    extras: Extras = field(default_factory=dict)
    account: str | None = None
    third_account: str | None = None
    phone: str = ""
    number: str | None = None
    department: str = "1"
    enabled: bool = True
    level: AdministratorLevel = AdministratorLevel.NONE
    must_change_password: bool = False
    password_history: tuple[Secret, ...] = ()
    password_changed: datetime | None = None  # UTC


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
    name: str = ""
    description: str = ""
    enabled: bool = True
    tenant: TenantId | None = None
    created: datetime | None = None  # UTC
    changed: datetime | None = None  # UTC


class TokenKind(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"
    CONTROL = "control"  # of one running conference
    SOCKET = "socket"  # for one WebSocket
    SESSION = "session"  # of the native API, by cookie or as a bearer


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, kept as a hash only (SHA-256, hex): `id` is that hash."""

    id: str
    kind: TokenKind
    user: UserId | None  # None: an anonymous control token
    created: datetime  # UTC
    expires: datetime  # UTC
    source: str = ""  # network address it was given to
    client: int = 72  # kind of client, as the dialect numbers them
    # Of an access token: its refresh token, and the other way round. Of a session: the mark of the password it came by.
    pair: str | None = None
    conference: str | None = None  # of a control token
    role: Role | None = None  # of a control token


@dataclass(frozen=True, slots=True)
class SystemDefaults:
    """The outermost layer of every profile."""

    leg_profile: LegProfileId | None = None
    call_profile: CallProfileId | None = None
    extras: Extras = field(default_factory=dict)
    conferences: ConferenceDefaults = ConferenceDefaults()  # of the installation's own enterprise: "no tenant"
    call_out: CallOutLimits = CallOutLimits()
    call_branding: BrandingId | None = None
    ivr_branding: BrandingId | None = None
    dtmf_profile: DtmfProfileId | None = None
