"""VTIMEZONE components against the zone data they were made from."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from parley.wire.timezones import timezone_text, transitions, yearly_rule

ZONES = [
    "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Asia/Shanghai",
    "Asia/Kolkata", "Asia/Jerusalem", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia",
    "Africa/Cairo", "America/Santiago", "UTC",
]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_the_written_zone_has_the_offsets_of_the_zone(zone: str) -> None:
    """Every third hour of the years concerned, as a reader of the written text alone understands them."""
    read = tzical(io.StringIO(timezone_text(zone, 2026, 2027).decode().replace("\r\n", "\n"))).get(zone)
    here = ZoneInfo(zone)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment < datetime(2028, 1, 1, tzinfo=UTC):
        local = moment.astimezone(here)
        wall = local.replace(tzinfo=None)
        certain = local.fold == 0 and local.replace(fold=1).utcoffset() == local.utcoffset()
        if certain:
            assert wall.replace(tzinfo=read).utcoffset() == local.utcoffset(), (zone, wall)
        moment += timedelta(hours=3)


def test_yearly_changes_are_a_rule() -> None:
    """The last Sundays of March and October, the second of March and the first of November; by the clock before."""
    berlin = timezone_text("Europe/Berlin", 2026, 2026).decode()
    assert "DTSTART:20250330T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n" in berlin
    assert "DTSTART:20251026T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n" in berlin
    york = timezone_text("America/New_York", 2026, 2026).decode()
    assert "DTSTART:20250309T020000\r\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\n" in york
    assert "DTSTART:20251102T020000\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\n" in york


def test_changes_without_a_rule_are_listed() -> None:
    """Morocco follows the moon."""
    text = timezone_text("Africa/Casablanca", 2026, 2027).decode()
    assert "RRULE" not in text
    assert "RDATE" in text


def test_a_zone_without_changes_has_one_observance() -> None:
    """China has had one time since 1991."""
    assert timezone_text("Asia/Shanghai", 2026, 2026).decode().count("TZOFFSETTO:+0800") == 1


def test_transitions_are_exact_to_the_second() -> None:
    """One o'clock UTC in the whole European Union."""
    found = transitions(ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert [one.at for one in found] == [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]


def test_a_rule_that_misses_a_year_is_none() -> None:
    """Six years that agree but for a gap are listed."""
    years = [datetime(year, 3, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2020, 2021, 2022, 2023, 2024, 2026)]
    assert yearly_rule(years) is None
