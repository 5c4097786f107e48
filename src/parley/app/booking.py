"""What a door hands to the conference use cases and gets back. Times are aware UTC, zones IANA names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..core.conferences import Attendee, Conference, ConferenceRules, Medium, Occurrence, OccurrenceState, Series
from ..core.ids import SpaceId, TenantId, UserId
from ..core.people import AdministratorLevel
from ..core.profiles import EntryScope, MediaEncryption
from ..core.secret import Secret
from ..core.spaces import AccessMethod, Role, Space
from .editing import KEEP, ExtrasEdit, Kept


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, proven. tenant None: the installation's own enterprise."""

    user: UserId
    tenant: TenantId | None
    level: AdministratorLevel
    source: str = ""

    @property
    def administers(self) -> bool:
        return self.level is not AdministratorLevel.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesEdit:
    """Each KEEP: at booking the tenant's default, at a change what holds now."""

    send_mail: bool | Kept = KEEP
    send_sms: bool | Kept = KEEP
    send_calendar: bool | Kept = KEEP
    mute_guests: bool | Kept = KEEP
    mute_guest_terminals: bool | Kept = KEEP
    guests_need_no_passcode: bool | Kept = KEEP
    guests_may_start: bool | Kept = KEEP
    guests_may_unmute: bool | Kept = KEEP
    waiting_room: bool | Kept = KEEP
    entry_scope: EntryScope | Kept = KEEP
    media_encryption: MediaEncryption | Kept = KEEP
    prolong_by: int | Kept = KEEP
    participant_limit: int | Kept | None = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A wish to book, or with KEEP for what stays, to change. start None: now (at booking).

    room: the cloud or personal room to meet in; with random_number its number is not used. guest_passcode: digits.
    on_behalf: another user to book for (administrators of the same tenant only). Fields named in a Refusal
    "invalid" or "missing" are these attribute names, with `[index].attribute` for attendees, `series.first` etc.
    """

    start: datetime | Kept | None = KEEP
    length: int | Kept = KEEP
    subject: str | Kept = KEEP
    media: tuple[Medium, ...] | Kept = KEEP
    attendees: tuple[Attendee, ...] | Kept = KEEP
    series: Series | Kept | None = KEEP
    zone: str | Kept = KEEP
    language: str | Kept = KEEP
    rules: RulesEdit = field(default_factory=RulesEdit)
    guest_passcode: Secret | Kept | None = KEEP
    room: SpaceId | Kept | None = KEEP
    random_number: bool | Kept = KEEP
    on_behalf: UserId | None = None
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceEdit:
    """A change of one occurrence."""

    start: datetime | Kept = KEEP
    length: int | Kept = KEEP
    rules: RulesEdit = field(default_factory=RulesEdit)
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConferenceRecord:
    """A conference with all that belongs to it. host and guest: its two access methods (the guest's may be blank).

    organiser_name and enterprise: for showing. occurrences by start; `current`: the one that runs, else the next,
    else the last.
    """

    conference: Conference
    occurrences: tuple[Occurrence, ...]
    space: Space
    host: AccessMethod
    guest: AccessMethod
    organiser_name: str = ""
    enterprise: str = ""
    people: Mapping[str, str] = field(default_factory=dict)  # user id -> name, of the attendees that are users

    @property
    def rules(self) -> ConferenceRules:
        return self.conference.rules

    def door_of(self, role: Role) -> AccessMethod:
        return self.host if role is Role.HOST else self.guest

    @property
    def current(self) -> Occurrence:
        order = {
            OccurrenceState.RUNNING: 0,
            OccurrenceState.BOOKED: 1,
            OccurrenceState.ENDED: 3,
            OccurrenceState.MISSED: 3,
            OccurrenceState.CANCELLED: 4,
        }
        live = sorted(self.occurrences, key=lambda o: (order[o.state], o.start))
        if order[live[0].state] <= 1:
            return live[0]
        return max(self.occurrences, key=lambda o: o.start)
