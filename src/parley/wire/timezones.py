"""VTIMEZONE (RFC 5545, 3.6.5) from the system's time zone data, for the years concerned.

The transitions of the zone are found in its data, and yearly ones are written as a rule where a rule gives exactly
those, because some calendar programs know zones by their rules alone; else each is listed.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vDDDLists, vRecur

RULE_YEARS = 6  # a rule must hold for so many years: fewer could agree by chance
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Transition:
    """at: UTC; before and after: offsets from UTC."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    daylight: bool

    @property
    def onset(self) -> datetime:
        """Local time by the clock before the change, as DTSTART wants it (RFC 5545, 3.6.5)."""
        return (self.at + self.before).replace(tzinfo=None)


@lru_cache(maxsize=256)
def timezone_text(zone: str, first_year: int, last_year: int) -> bytes:
    """A whole VTIMEZONE, folded, with CRLF. As timezone_component."""
    return bytes(timezone_component(zone, first_year, last_year).to_ical())


def timezone_component(zone: str, first_year: int, last_year: int) -> Timezone:
    """For times in these years. `zone` is an IANA name. Raises ZoneInfoNotFoundError (a KeyError)."""
    here = ZoneInfo(zone)
    begin = datetime(first_year - 1, 1, 1, tzinfo=UTC)
    found = transitions(here, begin, datetime(max(last_year + 1, first_year + RULE_YEARS), 1, 1, tzinfo=UTC))
    component = Timezone()
    component.add("tzid", zone)
    local = begin.astimezone(here)
    offset, daylight = local.utcoffset() or timedelta(), bool(local.dst())
    component.add_component(_observance([Transition(begin, offset, offset, local.tzname() or zone, daylight)]))
    groups: dict[tuple[timedelta, timedelta, str, bool], list[Transition]] = {}
    for one in found:
        groups.setdefault((one.before, one.after, one.name, one.daylight), []).append(one)
    for group in groups.values():
        component.add_component(_observance(group))
    return component


def transitions(zone: ZoneInfo, begin: datetime, end: datetime) -> list[Transition]:
    """Every change of offset or name in [begin, end), by time. begin and end are UTC midnights."""
    found: list[Transition] = []
    day = timedelta(days=1)
    now = begin
    while now < end:
        if _state(zone, now) != _state(zone, now + day):
            low, high = now, now + day
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if _state(zone, middle) == _state(zone, now) else (low, middle)
            before, after = low.astimezone(zone), high.astimezone(zone)
            offsets = before.utcoffset() or timedelta(), after.utcoffset() or timedelta()
            found.append(Transition(high, *offsets, after.tzname() or str(zone), bool(after.dst())))
        now += day
    return found


def _state(zone: ZoneInfo, at: datetime) -> tuple[timedelta | None, str | None]:
    local = at.astimezone(zone)
    return local.utcoffset(), local.tzname()


def _observance(group: list[Transition]) -> TimezoneStandard | TimezoneDaylight:
    component = TimezoneDaylight() if group[0].daylight else TimezoneStandard()
    onsets = [one.onset for one in group]
    component.add("dtstart", onsets[0])
    component.add("tzoffsetfrom", group[0].before)
    component.add("tzoffsetto", group[0].after)
    component.add("tzname", group[0].name)
    if (yearly := yearly_rule(onsets)) is not None:
        component.add("rrule", vRecur(yearly))
    elif len(onsets) > 1:
        component.add("rdate", vDDDLists(onsets[1:]))
    return component


def yearly_rule(onsets: list[datetime]) -> dict[str, str | int] | None:
    """The yearly rule that gives exactly these, or None."""
    first = onsets[0]
    if len(onsets) < RULE_YEARS or [at.year for at in onsets] != list(range(first.year, first.year + len(onsets))):
        return None
    same = {(at.month, at.weekday(), at.time()) for at in onsets}
    if len(same) != 1:
        return None
    from_start = {(at.day - 1) // 7 + 1 for at in onsets}
    from_end = {(at.day - 1 - monthrange(at.year, at.month)[1]) // 7 for at in onsets}
    for places in (from_end if from_end == {-1} else from_start, from_start, from_end):
        if len(places) == 1:
            return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"{places.pop()}{WEEKDAYS[first.weekday()]}"}
    return None
