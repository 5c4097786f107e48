"""What a person's calendar shows after all the mails, in the order in which they came (RFC 5546, 2.1.4 and 3.2).

An entry is known by UID and RECURRENCE-ID, and the highest SEQUENCE counts: what comes twice, or late, shows once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import icalendar
import recurring_ical_events

LONG_AGO, FAR_AHEAD = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """start, end: UTC; slots: of a series, the starts by its rule."""

    sequence: int
    stamp: datetime
    cancelled: bool
    start: datetime
    end: datetime
    summary: str
    slots: tuple[datetime, ...] | None = None

    @property
    def rank(self) -> tuple[int, datetime]:
        return self.sequence, self.stamp


Key = tuple[str, datetime | None]
# One part of a mail, read.
Told = list[tuple[Key, Entry]]


def read(data: bytes) -> Told:
    """The events of a calendar part, the whole of a series before its exceptions."""
    calendar = icalendar.Calendar.from_ical(data)
    cancels = str(calendar["METHOD"]) == "CANCEL"
    found: Told = []
    for event in calendar.walk("VEVENT"):
        start, end = event["DTSTART"].dt, event["DTEND"].dt
        slot = event["RECURRENCE-ID"].dt.astimezone(UTC) if "RECURRENCE-ID" in event else None
        entry = Entry(
            int(event["SEQUENCE"]),
            event["DTSTAMP"].dt,
            cancels,
            start.astimezone(UTC),
            end.astimezone(UTC),
            str(event["SUMMARY"]),
            _slots(calendar, event) if "RRULE" in event or "RDATE" in event else None,
        )
        found.append(((str(event["UID"]), slot), entry))
    return sorted(found, key=lambda told: told[0][1] is not None)


def _slots(calendar: icalendar.Calendar, master: icalendar.Event) -> tuple[datetime, ...]:
    alone = icalendar.Calendar()
    for part in calendar.subcomponents:
        if part.name != "VEVENT":
            alone.add_component(part)
    alone.add_component(master)
    dates = recurring_ical_events.of(alone).between(LONG_AGO, FAR_AHEAD)
    return tuple(sorted(event["DTSTART"].dt.astimezone(UTC) for event in dates))


class CalendarProgram:
    """One person's."""

    def __init__(self) -> None:
        self._entries: dict[Key, Entry] = {}

    def take(self, told: Told) -> None:
        """One mail's calendar part."""
        for key, entry in told:
            known = self._entries.get(key)
            if known is not None and known.rank > entry.rank:
                continue
            self._entries[key] = entry
            uid, slot = key
            if slot is None and (known is None or known.rank < entry.rank):
                # A new word on the whole series replaces what was said of its parts before.
                for old in [one for one in self._entries if one[0] == uid and one[1] is not None]:
                    if self._entries[old].stamp < entry.stamp:
                        del self._entries[old]

    def shown(self) -> dict[Key, tuple[datetime, datetime, str]]:
        """(start, end, summary) by UID and slot; of a single event the slot is None."""
        found: dict[Key, tuple[datetime, datetime, str]] = {}
        for (uid, slot), entry in self._entries.items():
            if slot is None and not entry.cancelled:
                if entry.slots is None:
                    found[uid, None] = entry.start, entry.end, entry.summary
                else:
                    length = entry.end - entry.start
                    found |= {(uid, one): (one, one + length, entry.summary) for one in entry.slots}
        for (uid, slot), entry in self._entries.items():
            if slot is not None:
                found.pop((uid, slot), None)
                if not entry.cancelled:
                    found[uid, slot] = entry.start, entry.end, entry.summary
        return found
