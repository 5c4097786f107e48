"""From the rule of a series to its moments.

Dates are counted in the conference's zone and each keeps its local wall time across daylight saving: a time that the
clocks jump over becomes the first moment after the jump, one that comes twice means the first. Weeks begin on Sunday
(as points do: 0 is Sunday), and an interval counts from the week or month of the first date: in iCalendar words
WKST=SU. A day of the month that a month has not is its last day; two points that meet on one day are one occurrence.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from .conferences import Cycle, Series
from .refusals import Refusal

OCCURRENCES_MOST = 50
REMIND_DAYS_MOST = 30
MINUTES_OF_DAY = 24 * 60

# The most generous of the published bounds.
_INTERVAL_MOST = {Cycle.DAY: 60, Cycle.WEEK: 5, Cycle.MONTH: 12}
_POINTS = {Cycle.WEEK: range(7), Cycle.MONTH: range(1, 32)}
# Days of one period. A month counts 30, so that a raised number of days stays one that may be asked for.
_PERIOD = {Cycle.DAY: 1, Cycle.WEEK: 7, Cycle.MONTH: 30}


@dataclass(frozen=True, slots=True)
class Expansion:
    """series: with `last` on its last date and the days of reminding raised. starts: aware UTC, ascending."""

    series: Series
    starts: tuple[datetime, ...]


def expand(series: Series, zone: str) -> Expansion:
    """The moments of a series, at most 50: with more, `last` moves back to the 50th.

    `zone` is a known IANA name. Raises Refusal, each with the field: series-interval, series-points-missing,
    series-points, series-remind-days, series-time, series-order (last before first), series-too-long (over a year),
    series-empty (no date fits).
    """
    _check(series)
    days = list(islice(_days(series), OCCURRENCES_MOST + 1))
    if not days:
        raise Refusal("series-empty", field="series", error="no date fits")
    if len(days) > OCCURRENCES_MOST:
        days.pop()
        series = replace(series, last=days[-1])
    series = replace(series, points=tuple(sorted(set(series.points))), remind_days=raised_remind_days(series))
    return Expansion(series, tuple(moment(day, series.at, zone) for day in days))


def raised_remind_days(series: Series) -> int:
    """Everyone is told of an occurrence no later than the one before it takes place: at least one period ahead.

    Every 2 days: 2; every 2 weeks: 14; every month: 30. Never over 30, the most that may be asked for.
    """
    return min(max(series.remind_days, _PERIOD[series.cycle] * series.interval), REMIND_DAYS_MOST)


def moment(day: date, minutes: int, zone: str) -> datetime:
    """The UTC moment of a local date and minutes after midnight."""
    place = ZoneInfo(zone)
    local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=place)
    found = local.astimezone(UTC)
    if found.astimezone(place).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    # The clocks jumped over it. Read with the offset before the jump it lies after, with the one behind it before.
    return _jump(local.replace(fold=1).astimezone(UTC), found, place)


def local_date(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def a_year_after(day: date) -> date:
    """The same date a year later; the 29th of February is followed by the 28th."""
    return date(day.year + 1, day.month, min(day.day, monthrange(day.year + 1, day.month)[1]))


def _jump(before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    """The second in (before, after] from which the offset of `after` holds."""
    offset = after.astimezone(place).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(place).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def _check(series: Series) -> None:
    if not 1 <= series.interval <= _INTERVAL_MOST[series.cycle]:
        error = f"1 to {_INTERVAL_MOST[series.cycle]}"
        raise Refusal("series-interval", field="series.interval", error=error)
    allowed = _POINTS.get(series.cycle)
    if allowed is not None:
        if not series.points:
            raise Refusal("series-points-missing", field="series.points", error="which days?")
        if any(point not in allowed for point in series.points):
            raise Refusal("series-points", field="series.points", error=f"{allowed.start} to {allowed.stop - 1}")
    elif series.points:
        raise Refusal("series-points", field="series.points", error="days have none")
    if not 0 <= series.remind_days <= REMIND_DAYS_MOST:
        raise Refusal("series-remind-days", field="series.remind_days", error=f"0 to {REMIND_DAYS_MOST}")
    if not 0 <= series.at < MINUTES_OF_DAY:
        raise Refusal("series-time", field="series.at", error="minutes after midnight")
    if series.last < series.first:
        raise Refusal("series-order", field="series.last", error="before the first date")
    if series.last > a_year_after(series.first):
        raise Refusal("series-too-long", field="series.last", error="more than a year after the first date")


def _days(series: Series) -> Iterator[date]:
    """Every date of the series from first to last, ascending, each once."""
    periods = {Cycle.DAY: _single_days, Cycle.WEEK: _days_of_weeks, Cycle.MONTH: _days_of_months}
    for day in periods[series.cycle](series):
        if day > series.last:
            return
        if day >= series.first:
            yield day


def _single_days(series: Series) -> Iterator[date]:
    day = series.first
    while True:
        yield day
        day += timedelta(days=series.interval)


def _days_of_weeks(series: Series) -> Iterator[date]:
    sunday = series.first - timedelta(days=series.first.isoweekday() % 7)
    while True:
        for point in sorted(set(series.points)):
            yield sunday + timedelta(days=point)
        sunday += timedelta(weeks=series.interval)


def _days_of_months(series: Series) -> Iterator[date]:
    year, month = series.first.year, series.first.month
    while True:
        most = monthrange(year, month)[1]
        for day in sorted({min(point, most) for point in series.points}):
            yield date(year, month, day)
        month += series.interval
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
