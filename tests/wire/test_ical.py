"""Calendar messages, read back by two independent readers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.wire.ical import Instance, Invite, Person, Series, render
from parley.wire.recurrence import Repetition, written
from tests.kit.calendars import both, event_lines, lines, read_by_icalendar, spans

ADA = Person("ada@example.com", "Ada", sent_by="noreply@example.com")
GAO = Person("gao@example.com", "Gao")
STAMP = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]


def moments(zone: str, days: list[date], hour: int = 9, minute: int = 0) -> tuple[datetime, ...]:
    here = ZoneInfo(zone)
    return tuple(datetime(day.year, day.month, day.day, hour, minute, tzinfo=here).astimezone(UTC) for day in days)


def invite(zone: str, start: datetime, **values: Any) -> Invite:
    given: dict[str, Any] = {"summary": "Weekly", "main": Instance(start, start + HOUR, 0), "cancel": False, **values}
    return Invite("uid-1", stamp=STAMP, zone=zone, organiser=ADA, attendee=GAO, **given)


def series(zone: str, repetition: Repetition, slots: tuple[datetime, ...], **values: Any) -> Invite:
    return invite(zone, slots[0], series=Series(repetition, slots, **values))


# --- single ---


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)])
def test_a_single_event_is_read_at_its_instant(zone: str, day: date) -> None:
    """Before, on and after the days on which clocks change, by both readers."""
    (start,) = moments(zone, [day])
    assert both(render(invite(zone, start))) == spans([start], 60)


def test_an_event_over_the_change_of_clocks_keeps_its_length() -> None:
    """One hour from half past one in Berlin on 29 March ends at half past three by the clock."""
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    data = render(invite("Europe/Berlin", start))
    assert both(data) == spans([start], 60)
    assert event_lines(data)["DTEND;TZID=Europe/Berlin"] == "20260329T033000"


def test_the_fields_are_those_that_calendar_programs_ask_for() -> None:
    """UID, SEQUENCE, DTSTAMP, ORGANIZER with SENT-BY, ATTENDEE, STATUS; METHOD of the whole."""
    start = datetime(2026, 3, 30, 7, tzinfo=UTC)
    data = render(invite("Europe/Berlin", start, main=Instance(start, start + HOUR, 3), location="x", description="y"))
    assert "METHOD:REQUEST" in lines(data)
    assert "VERSION:2.0" in lines(data)
    assert event_lines(data) == {
        "UID": "uid-1",
        "SEQUENCE": "3",
        "DTSTAMP": "20260102T030405Z",
        "DTSTART;TZID=Europe/Berlin": "20260330T090000",
        "DTEND;TZID=Europe/Berlin": "20260330T100000",
        "SUMMARY;LANGUAGE=en": "Weekly",
        "STATUS": "CONFIRMED",
        'ORGANIZER;CN=Ada;SENT-BY="mailto:noreply@example.com"': "mailto:ada@example.com",
        "ATTENDEE;CN=Gao;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE": "mailto:gao@example.com",
        "LOCATION": "x",
        "DESCRIPTION;LANGUAGE=en": "y",
        "TRANSP": "OPAQUE",
        "CLASS": "PRIVATE",
    }


def test_a_cancellation_says_so() -> None:
    """METHOD and STATUS both, with the UID and the SEQUENCE."""
    start = datetime(2026, 3, 30, 7, tzinfo=UTC)
    data = render(invite("Europe/Berlin", start, cancel=True, main=Instance(start, start + HOUR, 1)))
    assert "METHOD:CANCEL" in lines(data)
    event = event_lines(data)
    assert (event["STATUS"], event["SEQUENCE"], event["UID"]) == ("CANCELLED", "1", "uid-1")


def test_a_part_of_a_series_names_its_slot() -> None:
    """RECURRENCE-ID is the slot and DTSTART the time that holds now, both in the zone."""
    slot = datetime(2026, 3, 30, 7, tzinfo=UTC)
    moved = Instance(slot + 2 * HOUR, slot + 3 * HOUR, 4, slot)
    event = event_lines(render(invite("Europe/Berlin", slot, main=moved)))
    assert event["RECURRENCE-ID;TZID=Europe/Berlin"] == "20260330T090000"
    assert event["DTSTART;TZID=Europe/Berlin"] == "20260330T110000"


HARD = 'a, b; c\\d\n"e" 会议é' + "长" * 200


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200))
def test_any_text_comes_back(text: str) -> None:
    """Escaping and folding lose nothing, and no line has more than 75 octets (RFC 5545, 3.1)."""
    start = datetime(2026, 3, 30, 7, tzinfo=UTC)
    for subject in (text or "x", HARD):
        data = render(invite("Europe/Berlin", start, summary=subject, description=subject))
        assert all(len(line) <= 75 for line in data.split(b"\r\n"))
        assert data.count(b"BEGIN:VEVENT") == 1
        import icalendar

        event = icalendar.Calendar.from_ical(data).walk("VEVENT")[0]
        assert str(event["SUMMARY"]) == subject
        assert str(event["DESCRIPTION"]) == subject


def test_a_name_cannot_add_a_line() -> None:
    """Whatever stands in a name, the organiser's line stays one line and its address is the organiser's."""
    start = datetime(2026, 3, 30, 7, tzinfo=UTC)
    person = Person("ada@example.com", 'A"; B:mailto:eve@evil.example\r\nATTENDEE:mailto:eve@evil.example')
    made = invite("Europe/Berlin", start)
    data = render(Invite(made.uid, False, STAMP, made.zone, made.main, person, GAO, "x"))
    assert len([line for line in lines(data) if line.startswith("ATTENDEE")]) == 1
    assert next(line for line in lines(data) if line.startswith("ORGANIZER")).endswith(":mailto:ada@example.com")


# --- series ---


@pytest.mark.parametrize("zone", ZONES)
def test_a_weekly_series_keeps_its_wall_time(zone: str) -> None:
    """Mondays at nine by the clock, across the change of clocks, as one rule."""
    days = [date(2026, 3, 2) + timedelta(weeks=n) for n in range(40)]
    slots = moments(zone, days)
    data = render(series(zone, Repetition("WEEKLY", 1, (1,)), slots))
    assert both(data) == spans(list(slots), 60)
    assert "RRULE" in event_lines(data)


def test_a_rule_ends_with_its_last_slot_in_utc() -> None:
    """UNTIL is UTC, as a DTSTART with a zone demands."""
    slots = moments("Europe/Berlin", [date(2026, 3, 23), date(2026, 3, 30)])
    rule = event_lines(render(series("Europe/Berlin", Repetition("WEEKLY", 1, (1,)), slots)))["RRULE"]
    assert rule == "FREQ=WEEKLY;UNTIL=20260330T070000Z;INTERVAL=1;BYDAY=MO"


def test_cancelled_slots_are_excluded_and_moved_ones_replaced() -> None:
    """EXDATE for the one, a second event with RECURRENCE-ID for the other; both readers agree."""
    slots = moments("America/New_York", [date(2026, 3, 2) + timedelta(weeks=n) for n in range(4)])
    moved = Instance(slots[2] + 3 * HOUR, slots[2] + 5 * HOUR, 2, slots[2])
    data = render(series("America/New_York", Repetition("WEEKLY", 1, (1,)), slots, gone=(slots[1],), moved=(moved,)))
    assert both(data) == [*spans([slots[0]], 60), (moved.start, moved.end), *spans([slots[3]], 60)]
    assert event_lines(data)["EXDATE;TZID=America/New_York"] == "20260309T090000"
    assert event_lines(data, 1)["SEQUENCE"] == "2"


def test_the_first_slot_may_be_cancelled() -> None:
    """DTSTART stays, as the rule is counted from it."""
    slots = moments("Asia/Shanghai", [date(2026, 3, 2) + timedelta(days=n) for n in range(3)])
    data = render(series("Asia/Shanghai", Repetition("DAILY"), slots, gone=(slots[0],)))
    assert both(data) == spans(list(slots[1:]), 60)


def test_the_last_day_of_every_month_is_a_rule() -> None:
    """The 31st, which not every month has, is the month's last day."""
    days = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    slots = moments("Europe/Berlin", days)
    data = render(series("Europe/Berlin", Repetition("MONTHLY", 1, (31,)), slots))
    assert both(data) == spans(list(slots), 60)
    assert "BYMONTHDAY=-1" in event_lines(data)["RRULE"]


def test_the_thirtieth_or_the_last_before_it_is_a_rule() -> None:
    """In February the 28th or 29th, else the 30th and never the 31st."""
    days = [date(2028, 1, 30), date(2028, 2, 29), date(2028, 3, 30)]
    slots = moments("Europe/Berlin", days)
    data = render(series("Europe/Berlin", Repetition("MONTHLY", 1, (30,)), slots))
    assert both(data) == spans(list(slots), 60)
    assert "BYMONTHDAY=28,29,30;BYSETPOS=-1" in event_lines(data)["RRULE"]


def test_what_no_rule_gives_is_listed() -> None:
    """The 15th and the last day of each month, across a change of clocks: dates one by one."""
    days = [date(2026, 2, 15), date(2026, 2, 28), date(2026, 3, 15), date(2026, 3, 31)]
    slots = moments("Europe/Berlin", days)
    data = render(series("Europe/Berlin", Repetition("MONTHLY", 1, (15, 31)), slots))
    assert both(data) == spans(list(slots), 60)
    assert "RRULE" not in event_lines(data)


def test_a_time_that_the_clocks_jump_over_is_listed_at_what_is_held() -> None:
    """Daily at half past two in Berlin: on 29 March it is three o'clock, which no rule says."""
    slots = (
        datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
    )
    data = render(series("Europe/Berlin", Repetition("DAILY"), slots))
    assert both(data) == spans(list(slots), 60)


def test_an_hour_that_comes_twice_is_written_in_utc() -> None:
    """The second half past two of 25 October has no local time of its own."""
    slots = (datetime(2026, 10, 24, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    data = render(series("Europe/Berlin", Repetition("DAILY"), slots))
    assert both(data) == spans(list(slots), 60)
    assert b"VTIMEZONE" not in data


@settings(deadline=None)
@given(
    unit=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 3),
    points=st.sets(st.integers(0, 30), min_size=1, max_size=4),
    first=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    hour=st.integers(0, 23),
    zone=st.sampled_from(ZONES),
    gone=st.sets(st.integers(0, 9), max_size=3),
)
def test_every_series_is_read_as_its_slots(
    unit: str, interval: int, points: set[int], first: date, hour: int, zone: str, gone: set[int]
) -> None:
    """Whatever the rule: its slots without the cancelled ones, by both readers."""
    chosen = tuple({point % 7 for point in points} if unit == "WEEKLY" else {point + 1 for point in points})
    chosen = () if unit == "DAILY" else chosen
    slots = moments(zone, expand(unit, interval, chosen, first, 12), hour, 30)
    if len(set(slots)) < 2 or any(later <= earlier for earlier, later in pairwise(slots)):
        return
    cancelled = tuple(slots[number] for number in sorted(gone) if number < len(slots) - 1)
    data = render(series(zone, Repetition(unit, interval, chosen), slots, gone=cancelled))
    expected = spans([slot for slot in slots if slot not in cancelled], 60)
    assert both(data) == expected


def expand(unit: str, interval: int, points: tuple[int, ...], first: date, count: int) -> list[date]:
    """Day by day, from the definition: weeks begin on Sunday, a missing day of the month is its last."""
    found: list[date] = []
    sunday = first - timedelta(days=first.isoweekday() % 7)
    day = first
    while len(found) < count:
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        month = (day.year - first.year) * 12 + day.month - first.month
        if unit == "DAILY":
            fits = (day - first).days % interval == 0
        elif unit == "WEEKLY":
            fits = (day - sunday).days // 7 % interval == 0 and day.isoweekday() % 7 in points
        else:
            fits = month % interval == 0 and day.day in {min(point, last.day) for point in points}
        if fits:
            found.append(day)
        day += timedelta(days=1)
    return found


def test_every_second_week_begins_on_sunday() -> None:
    """Sunday and Monday of the same week belong together: said with WKST=SU."""
    days = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 15), date(2026, 3, 16)]
    slots = moments("Europe/Berlin", days)
    rule = dict(written(Repetition("WEEKLY", 2, (0, 1)), slots, "Europe/Berlin").rule or ())
    assert rule["WKST"] == "SU"
    assert read_by_icalendar(render(series("Europe/Berlin", Repetition("WEEKLY", 2, (0, 1)), slots))) == spans(
        list(slots), 60
    )


def test_slots_that_are_gone_without_a_trace_are_excluded() -> None:
    """A rule that gives more than was booked is kept, with what is too much excluded."""
    slots = moments("Europe/Berlin", [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 23), date(2026, 3, 30)])
    data = render(series("Europe/Berlin", Repetition("WEEKLY", 1, (1,)), slots))
    assert both(data) == spans(list(slots), 60)
    assert "RRULE" in event_lines(data)


@pytest.mark.parametrize("first", [date(2026, 10, 24), date(2026, 10, 25)])
def test_a_series_over_the_night_of_the_change_has_its_length_every_night(first: date) -> None:
    """Nightly from half past one for an hour and a half: also when clocks go back meanwhile, first night or later."""
    slots = moments("Europe/Berlin", [first + timedelta(days=n) for n in range(3)], 1, 30)
    length = timedelta(minutes=90)
    made = series("Europe/Berlin", Repetition("DAILY"), slots)
    data = render(Invite(made.uid, False, STAMP, made.zone, Instance(slots[0], slots[0] + length, 0), ADA, GAO, "x",
                         series=made.series))  # fmt: skip
    assert both(data) == spans(list(slots), 90)
