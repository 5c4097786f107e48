"""Series become moments: each rule as a table, and against an independent expansion of the same rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.calendar import a_year_after, expand, local_date, moment, raised_remind_days
from parley.core.conferences import Cycle, Series
from parley.core.refusals import Refusal

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Sydney", "Asia/Kolkata")


def series(cycle: Cycle, first: str, last: str, *points: int, **more: Any) -> Series:
    return Series(
        cycle, date.fromisoformat(first), date.fromisoformat(last), more.pop("at", 540), points=points, **more
    )


def dates(rule: Series, zone: str = "UTC") -> list[str]:
    return [local_date(start, zone).isoformat() for start in expand(rule, zone).starts]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (series(Cycle.DAY, "2026-03-01", "2026-03-03"), ["2026-03-01", "2026-03-02", "2026-03-03"]),
        (series(Cycle.DAY, "2026-02-27", "2026-03-03", interval=2), ["2026-02-27", "2026-03-01", "2026-03-03"]),
        # 2026-03-04 is a Wednesday: its own week's Monday has passed, its Friday has not.
        (series(Cycle.WEEK, "2026-03-04", "2026-03-10", 1, 5), ["2026-03-06", "2026-03-09"]),
        # Every second week counts from the week of the first date, and weeks begin on Sunday.
        (
            series(Cycle.WEEK, "2026-03-04", "2026-03-31", 0, 3, interval=2),
            ["2026-03-04", "2026-03-15", "2026-03-18", "2026-03-29"],
        ),
        (series(Cycle.WEEK, "2026-03-01", "2026-03-08", 0, 0), ["2026-03-01", "2026-03-08"]),
        (
            series(Cycle.MONTH, "2026-01-31", "2026-04-30", 31),
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"],
        ),
        (series(Cycle.MONTH, "2028-02-01", "2028-02-29", 29, 30, 31), ["2028-02-29"]),
        (
            series(Cycle.MONTH, "2026-11-15", "2027-03-31", 1, 20, interval=2),
            ["2026-11-20", "2027-01-01", "2027-01-20", "2027-03-01", "2027-03-20"],
        ),
    ],
)
def test_a_rule_names_these_dates(rule: Series, expected: list[str]) -> None:
    """Points are kept to, a missing day is the month's last, and every day comes once."""
    assert dates(rule) == expected


@pytest.mark.parametrize(
    ("zone", "day", "minutes", "expected"),
    [
        ("Europe/Berlin", "2026-03-28", 9 * 60, "2026-03-28 08:00"),
        ("Europe/Berlin", "2026-03-29", 9 * 60, "2026-03-29 07:00"),  # summer time since this morning
        ("Europe/Berlin", "2026-03-29", 2 * 60 + 30, "2026-03-29 01:00"),  # 2:30 does not exist: 3:00 does
        ("Europe/Berlin", "2026-10-25", 2 * 60 + 30, "2026-10-25 00:30"),  # comes twice: the first
        ("America/New_York", "2026-11-01", 90, "2026-11-01 05:30"),
        ("Australia/Lord_Howe", "2026-10-04", 2 * 60 + 10, "2026-10-03 15:30"),  # a jump of half an hour
        ("Pacific/Apia", "2011-12-30", 600, "2011-12-30 10:00"),  # a whole day that never was
        ("Asia/Shanghai", "2026-06-01", 0, "2026-05-31 16:00"),
    ],
)
def test_local_wall_time_is_kept(zone: str, day: str, minutes: int, expected: str) -> None:
    """A time that does not exist becomes the first after the jump, one that comes twice the first of the two."""
    assert moment(date.fromisoformat(day), minutes, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_series_keeps_its_hour_across_the_change_of_clocks() -> None:
    """Nine o'clock stays nine o'clock there, though UTC moves."""
    rule = series(Cycle.WEEK, "2026-03-20", "2026-04-05", 5)
    assert [start.hour for start in expand(rule, "Europe/Berlin").starts] == [8, 8, 7]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", interval=2), 2),
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", remind_days=0), 1),
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", remind_days=5), 5),
        (series(Cycle.WEEK, "2026-01-01", "2026-02-09", 1, 2, interval=2), 14),
        (series(Cycle.WEEK, "2026-01-01", "2026-06-09", 1, interval=5), 30),
        (series(Cycle.MONTH, "2026-01-01", "2026-06-09", 1), 30),
    ],
)
def test_the_days_of_reminding_are_raised_to_the_period(rule: Series, days: int) -> None:
    """Never below one period, never above what may be asked for."""
    assert expand(rule, "UTC").series.remind_days == raised_remind_days(rule) == days


def test_more_than_fifty_move_the_last_date_back() -> None:
    """The fifty-first and later are cut without an error, and the series says its new last date."""
    found = expand(series(Cycle.DAY, "2026-01-01", "2026-12-31"), "UTC")
    assert (len(found.starts), found.series.last) == (50, date(2026, 2, 19))
    exactly = expand(series(Cycle.DAY, "2026-01-01", "2026-02-19"), "UTC")
    assert (len(exactly.starts), exactly.series.last) == (50, date(2026, 2, 19))
    # A last date that is no date of the series stays as it was asked for.
    assert expand(series(Cycle.WEEK, "2026-01-01", "2026-01-09", 4), "UTC").series.last == date(2026, 1, 9)


@pytest.mark.parametrize(
    ("rule", "code", "field"),
    [
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", interval=0), "series-interval", "series.interval"),
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", interval=61), "series-interval", "series.interval"),
        (series(Cycle.WEEK, "2026-01-01", "2026-01-09", 1, interval=6), "series-interval", "series.interval"),
        (series(Cycle.MONTH, "2026-01-01", "2026-01-09", 1, interval=13), "series-interval", "series.interval"),
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", 1), "series-points", "series.points"),
        (series(Cycle.WEEK, "2026-01-01", "2026-01-09"), "series-points-missing", "series.points"),
        (series(Cycle.WEEK, "2026-01-01", "2026-01-09", 7), "series-points", "series.points"),
        (series(Cycle.MONTH, "2026-01-01", "2026-01-09", 0), "series-points", "series.points"),
        (series(Cycle.MONTH, "2026-01-01", "2026-01-09", 32), "series-points", "series.points"),
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", remind_days=31), "series-remind-days", "series.remind_days"),
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", remind_days=-1), "series-remind-days", "series.remind_days"),
        (series(Cycle.DAY, "2026-01-01", "2026-01-09", at=1440), "series-time", "series.at"),
        (series(Cycle.DAY, "2026-01-02", "2026-01-01"), "series-order", "series.last"),
        (series(Cycle.DAY, "2026-01-01", "2027-01-02"), "series-too-long", "series.last"),
        (series(Cycle.WEEK, "2026-03-02", "2026-03-04", 5), "series-empty", "series"),
    ],
)
def test_a_bad_rule_names_what_is_wrong(rule: Series, code: str, field: str) -> None:
    """Each has a code and a field of its own."""
    with pytest.raises(Refusal) as refused:
        expand(rule, "UTC")
    assert (refused.value.code, refused.value.data["field"]) == (code, field)


def test_a_year_ends_on_the_same_date() -> None:
    """Also where that date is missing."""
    assert a_year_after(date(2026, 5, 17)) == date(2027, 5, 17)
    assert a_year_after(date(2028, 2, 29)) == date(2029, 2, 28)


FIRST = st.dates(date(2025, 1, 1), date(2030, 12, 31))


@st.composite
def rules(draw: st.DrawFn) -> Series:
    cycle = draw(st.sampled_from(Cycle))
    first = draw(FIRST)
    points: tuple[int, ...] = ()
    if cycle is not Cycle.DAY:
        allowed = st.integers(0, 6) if cycle is Cycle.WEEK else st.integers(1, 31)
        points = tuple(draw(st.lists(allowed, min_size=1, max_size=5)))
    last = first + timedelta(days=draw(st.integers(0, 364)))
    interval = draw(st.integers(1, {Cycle.DAY: 15, Cycle.WEEK: 5, Cycle.MONTH: 12}[cycle]))
    return Series(cycle, first, last, draw(st.integers(0, 1439)), interval, points, 1)


def by_rrule(rule: Series) -> list[date]:
    """The same dates from another library, month points one by one: BYSETPOS=-1 among 28..n is the last of them."""
    span = {"dtstart": datetime.combine(rule.first, datetime.min.time()), "interval": rule.interval}
    until = datetime.combine(rule.last, datetime.min.time())
    found: set[date] = set()
    if rule.cycle is Cycle.DAY:
        found |= {each.date() for each in rrule.rrule(rrule.DAILY, until=until, **span)}
    elif rule.cycle is Cycle.WEEK:
        days = [(point - 1) % 7 for point in rule.points]  # there 0 is Monday
        weekly = rrule.rrule(rrule.WEEKLY, until=until, byweekday=days, wkst=rrule.SU, **span)
        found |= {each.date() for each in weekly}
    else:
        for point in rule.points:
            by = {"bymonthday": point} if point <= 28 else {"bymonthday": list(range(28, point + 1)), "bysetpos": -1}
            # From the first of the month: BYSETPOS counts only days not before DTSTART.
            start = {**span, "dtstart": datetime.combine(rule.first.replace(day=1), datetime.min.time())}
            monthly = rrule.rrule(rrule.MONTHLY, until=until, **by, **start)
            found |= {each.date() for each in monthly if each.date() >= rule.first}
    return sorted(found)


@settings(max_examples=300, deadline=None)
@given(rules())
def test_another_library_finds_the_same_dates(rule: Series) -> None:
    """Every rule that can be said in RFC 5545 words means the same dates there."""
    expected = by_rrule(rule)
    if not expected:
        with pytest.raises(Refusal, match="series-empty"):
            expand(rule, "UTC")
        return
    found = expand(rule, "UTC")
    assert [start.date() for start in found.starts] == expected[:50]
    assert found.series.last == (rule.last if len(expected) <= 50 else expected[49])
    assert expand(found.series, "UTC") == found, "expanding what was expanded changes nothing"


@settings(max_examples=300, deadline=None)
@given(FIRST, st.integers(0, 1439), st.sampled_from(ZONES))
def test_every_local_time_is_met_or_the_first_after_a_gap(day: date, minutes: int, zone: str) -> None:
    """There it shows the wished time; where that does not exist, nothing valid lies between wish and moment."""
    at = moment(day, minutes, zone)
    wished = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    place = ZoneInfo(zone)
    shown = at.astimezone(place).replace(tzinfo=None)
    if shown == wished:
        earlier = (at - timedelta(hours=1)).astimezone(place).replace(tzinfo=None)
        assert earlier != wished, "of two such times it is the first"
    else:
        assert (at - timedelta(seconds=1)).astimezone(place).replace(tzinfo=None) < wished < shown
