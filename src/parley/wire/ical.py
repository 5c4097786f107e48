"""iCalendar invitations (RFC 5545) as scheduling messages (iTIP, RFC 5546): REQUEST and CANCEL.

One UID belongs to a conference for life. A part of a series is told with its RECURRENCE-ID; a higher SEQUENCE
replaces what was told of the same UID and RECURRENCE-ID before. Times are written in their zone, which comes along.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from icalendar.prop import vCalAddress, vDDDLists, vRecur, vText

from .recurrence import Repetition, Written, listed, written
from .timezones import timezone_text

PRODUCT = "-//Parley//Parley//EN"


@dataclass(frozen=True, slots=True)
class Person:
    """A calendar user. sent_by: who sends in this person's name (an address)."""

    mail: str
    name: str = ""
    sent_by: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """start and end in UTC; slot: the RECURRENCE-ID, where it is a part of a series."""

    start: datetime
    end: datetime
    sequence: int
    slot: datetime | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """slots: every start by the rule, rising, in UTC; gone: those cancelled; moved: those that differ."""

    repetition: Repetition
    slots: tuple[datetime, ...]
    gone: tuple[datetime, ...] = ()
    moved: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class Invite:
    """stamp: UTC, when this was written. with `series`, `main` is its first slot. needs_answer: asks the attendee."""

    uid: str
    cancel: bool
    stamp: datetime
    zone: str
    main: Instance
    organiser: Person
    attendee: Person
    summary: str
    location: str = ""
    description: str = ""
    url: str = ""
    language: str = "en"
    needs_answer: bool = True
    series: Series | None = None

    @property
    def method(self) -> str:
        return "CANCEL" if self.cancel else "REQUEST"


def render(invite: Invite) -> bytes:
    """The whole VCALENDAR, folded, with CRLF."""
    form = _form(invite)
    zone = None if form is not None and form.in_utc else ZoneInfo(invite.zone)
    master = _event(invite, invite.main, zone)
    if form is not None:
        assert invite.series is not None
        _add_series(master, invite.series, form, zone)
    events = [master]
    if invite.series is not None and not invite.cancel:
        events += [_event(invite, part, zone) for part in _overrides(invite, invite.series, zone)]
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", invite.method)
    # The zone is the same for everybody and is put in as it was written once: it is half of the work.
    head, end = calendar.to_ical().split(b"END:VCALENDAR")
    zones = timezone_text(invite.zone, *_years(invite)) if zone is not None else b""
    return b"".join([head, zones, *(event.to_ical() for event in events), b"END:VCALENDAR", end])


def _form(invite: Invite) -> Written | None:
    series = invite.series
    if series is None:
        return None
    if _over_a_change(invite, invite.main.start):
        # Its length by the clock is not that of the others, and readers copy the one or the other.
        return Written(None, dates=listed(series.slots), in_utc=True)
    return written(series.repetition, series.slots, invite.zone)


def _over_a_change(invite: Invite, start: datetime) -> bool:
    """Are the clocks changed between the start and the end of an instance of usual length?"""
    zone = ZoneInfo(invite.zone)
    end = start + (invite.main.end - invite.main.start)
    return start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset()


def _overrides(invite: Invite, series: Series, zone: ZoneInfo | None) -> list[Instance]:
    """What is written as an event of its own: those that differ, and those whose length readers would get wrong."""
    known = {*series.gone, *(moved.slot for moved in series.moved)}
    length = invite.main.end - invite.main.start
    odd = [slot for slot in series.slots if slot not in known and zone is not None and _over_a_change(invite, slot)]
    return [*series.moved, *(Instance(slot, slot + length, invite.main.sequence, slot) for slot in odd)]


def _years(invite: Invite) -> tuple[int, int]:
    moments = [invite.main.start, invite.main.end]
    if invite.series is not None:
        moments += [*invite.series.slots, *(moved.end for moved in invite.series.moved)]
    return min(moments).year, max(moments).year + 1  # the local year can be the next one


def _event(invite: Invite, instance: Instance, zone: ZoneInfo | None) -> Event:
    event = Event()
    language = {"LANGUAGE": invite.language}
    event.add("uid", invite.uid)
    event.add("sequence", instance.sequence)
    event.add("dtstamp", invite.stamp.astimezone(UTC))
    # The second of an hour that comes twice cannot be said in local time.
    here = zone if zone and _sayable(instance.start, zone) and _sayable(instance.end, zone) else None
    event.add("dtstart", _at(instance.start, here))
    event.add("dtend", _at(instance.end, here))
    if instance.slot is not None:
        event.add("recurrence-id", _at(instance.slot, zone))
    event.add("summary", vText(invite.summary), parameters=language)
    event.add("status", "CANCELLED" if invite.cancel else "CONFIRMED")
    event.add("organizer", _person(invite.organiser))
    attendee = _person(invite.attendee)
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "NEEDS-ACTION" if invite.needs_answer else "ACCEPTED"
    attendee.params["RSVP"] = "TRUE" if invite.needs_answer and not invite.cancel else "FALSE"
    event.add("attendee", attendee)
    if invite.location:
        event.add("location", invite.location)
    if invite.description:
        event.add("description", vText(invite.description), parameters=language)
    if invite.url:
        event.add("url", invite.url)
    event.add("transp", "TRANSPARENT" if invite.cancel else "OPAQUE")
    event.add("class", "PRIVATE")  # it holds passcodes
    return event


def _add_series(master: Event, series: Series, form: Written, zone: ZoneInfo | None) -> None:
    if form.rule is not None:
        parts: dict[str, Any] = dict(form.rule)
        parts["UNTIL"] = series.slots[-1]  # in UTC, as a DTSTART with a zone demands (RFC 5545, 3.3.10)
        master.add("rrule", vRecur(parts))
    elif form.dates:
        master.add("rdate", vDDDLists([_at(slot, zone) for slot in form.dates]))
    excluded = sorted({*form.excluded, *series.gone})
    if excluded:
        master.add("exdate", vDDDLists([_at(slot, zone) for slot in excluded]))


def _at(moment: datetime, zone: ZoneInfo | None) -> datetime:
    return moment.astimezone(zone if zone is not None else UTC)


def _sayable(moment: datetime, zone: ZoneInfo) -> bool:
    return moment.astimezone(zone).replace(fold=0).astimezone(UTC) == moment


def _person(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.mail}")
    if person.name:
        # A quotation mark cannot stand in a parameter (RFC 5545, 3.1).
        address.params["CN"] = person.name.replace('"', "'")
    if person.sent_by:
        address.params["SENT-BY"] = f"mailto:{person.sent_by}"
    return address
