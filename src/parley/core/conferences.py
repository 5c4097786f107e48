"""Booked conferences: what was agreed (Conference), each time it takes place (Occurrence), and who is invited.

A conference takes place in a space, whose access methods are one call ID with a host and a guest passcode.
A single conference has one occurrence, a series several under one number. All times are aware UTC; `zone` is
an IANA name: in it the dates of a series are meant and local times are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from .ids import ConferenceId, MeetingId, OccurrenceId, SpaceId, TenantId, UserId
from .profiles import EntryScope, Extras, MediaEncryption
from .spaces import Role


class AttendeeKind(StrEnum):
    """What an invited person joins with. TERMINAL: phones and room systems."""

    SOFT = "soft"
    TERMINAL = "terminal"
    OUTSIDE = "outside"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class Attendee:
    """One invited person. address: what is dialled (a SIP number, SIP URI or phone number)."""

    name: str = ""
    role: Role = Role.GUEST
    kind: AttendeeKind = AttendeeKind.SOFT
    address: str = ""
    email: str = ""
    sms: str = ""
    user: UserId | None = None
    auto_invite: bool | None = None  # None: the tenant's default
    mute: bool = False
    zone: str | None = None  # of the reader, where known
    extras: Extras = field(default_factory=dict)


def answers_to(dialled: str, seen: str) -> bool:
    """Is `seen`, the address somebody is in a meeting with (no scheme), the one of an invitation? Case and parameters
    do not count, and a number stands for itself at whatever domain."""
    wanted = dialled.lower().partition(";")[0]
    for scheme in ("sips:", "sip:", "tel:"):
        wanted = wanted.removeprefix(scheme)
    who = seen.lower().partition(";")[0]
    return bool(wanted) and wanted in {who, who.partition("@")[0]}


class Cycle(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Series:
    """first and last are dates in the conference's zone, at local time of day `at` (minutes after midnight).

    points: WEEK 0-6 with 0 Sunday, MONTH 1-31 (a missing day is the month's last); empty for DAY.
    remind_days: every occurrence is announced so many days ahead.
    """

    cycle: Cycle
    first: date
    last: date
    at: int
    interval: int = 1
    points: tuple[int, ...] = ()
    remind_days: int = 1


class OccurrenceState(StrEnum):
    BOOKED = "booked"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"
    MISSED = "missed"  # its whole time passed while no server ran


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time a conference takes place. `end` moves: first join + length, then by prolongation.

    slot: the booked start by the series' rule, which identifies the occurrence for calendars for ever.
    changed: it was moved or altered on its own. sequence: iCalendar SEQUENCE of its own changes. reminded: everybody
    was told of it; true from the start for a single conference, which is announced when it is booked. dialled: the
    people to be called at its start were called, or nobody will be any more.
    """

    id: OccurrenceId
    conference: ConferenceId
    start: datetime
    length: int  # minutes
    state: OccurrenceState = OccurrenceState.BOOKED
    slot: datetime | None = None
    end: datetime | None = None  # while running: when it ends by itself; after: when it ended
    begun: datetime | None = None  # first join, or the start by API
    meeting: MeetingId | None = None
    changed: bool = False
    sequence: int = 0
    reminded: bool = False
    dialled: bool = False
    extras: Extras = field(default_factory=dict)
    rules: ConferenceRules | None = None  # its own, where they differ from the conference's

    @property
    def planned_end(self) -> datetime:
        return self.start + timedelta(minutes=self.length)


@dataclass(frozen=True, slots=True)
class ConferenceRules:
    """How the conference behaves. None: the tenant's default at the time of booking was taken."""

    send_mail: bool = True
    send_sms: bool = False
    send_calendar: bool = True
    mute_guests: bool = False
    mute_guest_terminals: bool = False
    guests_need_no_passcode: bool = False
    guests_may_start: bool = False
    guests_may_unmute: bool = True
    waiting_room: bool = False
    entry_scope: EntryScope = EntryScope.EVERYONE
    media_encryption: MediaEncryption = MediaEncryption.OPTIONAL
    prolong_by: int = 0  # minutes, repeated while somebody is inside; 0: ends on time
    participant_limit: int | None = None


class Medium(StrEnum):
    VOICE = "voice"
    VIDEO = "video"
    HD_VIDEO = "hd-video"
    DATA = "data"
    TELEPRESENCE = "telepresence"


@dataclass(frozen=True, slots=True)
class Conference:
    """number: unique among live conferences, the key of every later call of the JSON dialect.

    uid: iCalendar UID for life. sequence: iCalendar SEQUENCE of the whole. own_space: the space lives and dies
    with the conference. instant: it began when it was created.
    """

    id: ConferenceId
    number: str
    space: SpaceId
    organiser: UserId
    subject: str
    created: datetime
    length: int  # minutes
    zone: str
    language: str  # en, zh or pt
    uid: str
    tenant: TenantId | None = None
    media: tuple[Medium, ...] = (Medium.VOICE,)
    attendees: tuple[Attendee, ...] = ()
    series: Series | None = None
    rules: ConferenceRules = ConferenceRules()
    instant: bool = False
    own_space: bool = True
    sequence: int = 0
    cancelled: bool = False
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attendance:
    """One stay of one participant, for history. times are UTC."""

    occurrence: OccurrenceId
    name: str
    address: str
    kind: str
    joined: datetime
    left: datetime | None = None
    user: UserId | None = None
    role: Role = Role.GUEST
