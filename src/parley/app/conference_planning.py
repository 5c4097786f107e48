"""From a wish to book or to change to what is agreed: values settled, defaults taken, everything checked.

Nothing here is stored; the first bad value is refused (see `conferences` for the codes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TypeVar

from ..core.calendar import expand, local_date
from ..core.conference_rules import (
    DEFAULT_LENGTH,
    check_attendees,
    check_language,
    check_length,
    check_rules,
    check_start,
    check_subject,
    check_zone,
    default_subject,
)
from ..core.conferences import Attendee, Conference, ConferenceRules, Medium, Occurrence, OccurrenceState, Series
from ..core.ids import OccurrenceId, TenantId
from ..core.people import ConferenceDefaults, User
from ..core.refusals import Refusal
from .booking import Booking, RulesEdit
from .editing import KEEP, Kept
from .ports import Identifiers, Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a conference is to be. start: of a single one, None at once; starts: of a series, its slots."""

    subject: str
    length: int
    media: tuple[Medium, ...]
    attendees: tuple[Attendee, ...]
    zone: str
    language: str
    rules: ConferenceRules
    series: Series | None = None
    start: datetime | None = None
    starts: tuple[datetime, ...] = ()

    @property
    def moments(self) -> tuple[datetime, ...]:
        """When it takes place, as far as that is not at once."""
        return self.starts if self.series is not None else (self.start,) if self.start is not None else ()


async def defaults_of(tx: Transaction, tenant: TenantId | None) -> ConferenceDefaults:
    owner = await tx.tenants.get(tenant) if tenant is not None else None
    return owner.conferences if owner is not None else (await tx.system_defaults()).conferences


def planned(booking: Booking, organiser: User, defaults: ConferenceDefaults, now: datetime) -> Plan:
    """A new conference. With a series its dates count and `start` is passed over."""
    language = _given(booking.language, defaults.language)
    name = organiser.name or organiser.account or organiser.jid
    if isinstance(booking.media, Kept):
        raise Refusal("missing", field="media")
    plan = Plan(
        subject=_given(booking.subject, "") or default_subject(name, language),
        length=_given(booking.length, DEFAULT_LENGTH),
        media=booking.media,
        attendees=_given(booking.attendees, ()),
        zone=_given(booking.zone, defaults.zone),
        language=language,
        rules=edited_rules(_default_rules(defaults), booking.rules),
        series=_given(booking.series, None),
        start=_given(booking.start, None),
    )
    _check(plan)
    if plan.series is not None:
        return _with_dates(plan, plan.series, now)
    if plan.start is not None:
        check_start(plan.start, now)
    return plan


def replanned(booking: Booking, conference: Conference, occurrences: Iterable[Occurrence], now: datetime) -> Plan:
    """A booked conference after a change. start None: stays. A series stays one, a single conference single."""
    kept = list(occurrences)
    single_start = kept[0].start if conference.series is None else None
    series = _given(booking.series, conference.series)
    if conference.series is not None and series is None:
        raise Refusal("series-missing", field="series", error="a series stays a series")
    if conference.series is None and series is not None:
        raise Refusal("series-unexpected", field="series", error="a single conference stays single")
    plan = Plan(
        subject=_given(booking.subject, conference.subject) or conference.subject,
        length=_given(booking.length, conference.length),
        media=_given(booking.media, conference.media),
        attendees=_given(booking.attendees, conference.attendees),
        zone=_given(booking.zone, conference.zone),
        language=_given(booking.language, conference.language),
        rules=edited_rules(conference.rules, booking.rules),
        series=series,
        start=_given(booking.start, None) or single_start,
    )
    _check(plan)
    if plan.series is not None:
        return _with_dates(plan, plan.series, now, conference.series)
    if plan.start is not None and plan.start != single_start:
        check_start(plan.start, now)
    return plan


def edited_rules(rules: ConferenceRules, edit: RulesEdit) -> ConferenceRules:
    changes = {spec.name: getattr(edit, spec.name) for spec in fields(edit)}
    return replace(rules, **{name: value for name, value in changes.items() if value is not KEEP})


def new_occurrence(plan: Plan, conference: Conference, start: datetime, identifiers: Identifiers) -> Occurrence:
    """A single conference is announced when it is booked: nobody is reminded of it."""
    single = plan.series is None
    return Occurrence(
        id=OccurrenceId(identifiers.uuid()),
        conference=conference.id,
        start=start,
        length=plan.length,
        slot=None if single else start,
        reminded=single,
    )


@dataclass(frozen=True, slots=True)
class Rearranged:
    """What becomes of the occurrences after a change: `kept` as they are from now on."""

    kept: tuple[Occurrence, ...]
    added: tuple[Occurrence, ...]
    removed: tuple[Occurrence, ...]


def rearranged(
    plan: Plan, conference: Conference, occurrences: Iterable[Occurrence], now: datetime, identifiers: Identifiers
) -> Rearranged:
    """Occurrences are matched by slot, so that each stays itself for calendars; what was changed or cancelled on its
    own stays so as long as its slot is one of the series. What is over stays."""
    if plan.series is None:
        (only,) = occurrences
        assert plan.start is not None
        return Rearranged((replace(only, start=plan.start, length=plan.length),), (), ())
    kept, removed = [], []
    known: set[datetime | None] = set()
    for one in occurrences:
        if one.state not in {OccurrenceState.BOOKED, OccurrenceState.CANCELLED}:
            kept.append(one)
        elif one.slot not in plan.starts:
            removed.append(one)
            continue
        else:
            own = one.changed or one.state is OccurrenceState.CANCELLED
            kept.append(one if own else replace(one, length=plan.length))
        known.add(one.slot)
    fresh = [slot for slot in plan.starts if slot not in known and slot > now]
    if not fresh and not any(one.state is OccurrenceState.BOOKED for one in kept):
        raise Refusal("series-empty", field="series", error="no date to come")
    added = [new_occurrence(plan, conference, slot, identifiers) for slot in fresh]
    return Rearranged(tuple(kept), tuple(added), tuple(removed))


def _check(plan: Plan) -> None:
    check_zone(plan.zone)
    check_language(plan.language)
    check_subject(plan.subject)
    check_length(plan.length)
    if not plan.media:
        raise Refusal("invalid", field="media", error="none named")
    check_attendees(plan.attendees)
    check_rules(plan.rules)
    if plan.start is not None and plan.start.tzinfo is None:
        raise Refusal("invalid", field="start", error="without a time zone")


def _with_dates(plan: Plan, series: Series, now: datetime, before: Series | None = None) -> Plan:
    """A new series begins in the future, whole. One that has begun keeps its first date; a new first date lies today
    or later, and what a new rule names of the past is passed over later on."""
    if (before is None or series.first != before.first) and series.first < local_date(now, plan.zone):
        raise Refusal("start-in-past", field="series.first", error="in the past")
    expansion = expand(series, plan.zone)
    first = expansion.starts[0]
    check_start(first if before is None else max(first, now), now, "series.first")
    return replace(plan, series=expansion.series, starts=expansion.starts)


def _default_rules(defaults: ConferenceDefaults) -> ConferenceRules:
    return ConferenceRules(
        send_mail=defaults.send_mail,
        send_sms=defaults.send_sms,
        send_calendar=defaults.send_calendar,
        mute_guests=defaults.mute_guests,
        mute_guest_terminals=defaults.mute_guest_terminals,
        media_encryption=defaults.media_encryption,
    )


def _given(value: T | Kept, otherwise: T) -> T:
    return otherwise if isinstance(value, Kept) else value
