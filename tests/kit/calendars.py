"""Two calendar programs' readers that share nothing: what events does a file put on which UTC instants?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events
import vobject

Instants = list[tuple[datetime, datetime]]
LONG_AGO, FAR_AHEAD = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


def read_by_icalendar(data: bytes) -> Instants:
    """icalendar parses, with zones of its own knowledge; recurring-ical-events expands."""
    calendar = icalendar.Calendar.from_ical(data)
    events = recurring_ical_events.of(calendar).between(LONG_AGO, FAR_AHEAD)
    return sorted((event["DTSTART"].dt.astimezone(UTC), event["DTEND"].dt.astimezone(UTC)) for event in events)


def read_by_vobject(data: bytes) -> Instants:
    """vobject parses, with the zones of the file itself; dateutil expands."""
    calendar = vobject.readOne(data.decode())
    found: dict[datetime, tuple[datetime, datetime]] = {}
    events = list(calendar.vevent_list)
    for event in sorted(events, key=lambda event: "recurrence-id" in event.contents):
        length = event.dtend.value - event.dtstart.value
        if "recurrence-id" in event.contents:
            start = _utc(event.dtstart.value)
            found[_utc(event.recurrence_id.value)] = start, _utc(event.dtend.value)
        elif event.rruleset is not None:
            for start in event.getrruleset(addRDate=True):
                found[_utc(start)] = _utc(start), _utc(start + length)
        else:
            found[_utc(event.dtstart.value)] = _utc(event.dtstart.value), _utc(event.dtend.value)
    return sorted(found.values())


def both(data: bytes) -> Instants:
    """What both readers agree on."""
    first, second = read_by_icalendar(data), read_by_vobject(data)
    assert first == second, (first, second)
    return first


def lines(data: bytes) -> list[str]:
    """Unfolded content lines (RFC 5545, 3.1)."""
    return data.decode().replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")[:-1]


def event_lines(data: bytes, number: int = 0) -> dict[str, str]:
    """Name with parameters -> value, of one VEVENT."""
    texts = data.decode().replace("\r\n ", "").split("BEGIN:VEVENT\r\n")[number + 1].split("\r\nEND:VEVENT")[0]
    found: dict[str, str] = {}
    for line in texts.split("\r\n"):
        head, _, value = _split(line)
        found[head] = value
    return found


def _split(line: str) -> tuple[str, str, str]:
    """At the first colon outside quotation marks."""
    quoted = False
    for place, c in enumerate(line):
        if c == '"':
            quoted = not quoted
        elif c == ":" and not quoted:
            return line[:place], ":", line[place + 1 :]
    return line, "", ""


def _utc(moment: Any) -> datetime:
    assert isinstance(moment, datetime)
    assert moment.utcoffset() is not None
    return moment.astimezone(UTC)


def spans(starts: list[datetime], minutes: int) -> Instants:
    return [(start, start + timedelta(minutes=minutes)) for start in starts]
