"""Conference records for tests, as the use cases would hand them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from parley.app.booking import ConferenceRecord
from parley.core.conferences import Attendee, Conference, ConferenceRules, Cycle, Occurrence, Series
from parley.core.ids import AccessMethodId, ConferenceId, OccurrenceId, SpaceId, UserId
from parley.core.people import User
from parley.core.secret import Secret
from parley.core.spaces import AccessMethod, Role, Space

BOOKED_AT = datetime(2026, 1, 1, tzinfo=UTC)
ORGANISER = User(UserId("u-ada"), "ada@example.com", "Ada Lovelace", "ada@example.com", phone="+49 30 1234567")
HOST = Attendee("Bruno Host", Role.HOST, email="bruno@example.com", sms="+5511999990000", zone="America/Sao_Paulo")
GUEST = Attendee("Gao Guest", Role.GUEST, email="gao@example.com", sms="+8613800138000", zone="Asia/Shanghai")


def moments(days: Sequence[date], at: int, zone: str) -> list[datetime]:
    """UTC of these dates at that many minutes after midnight in the zone."""
    here = ZoneInfo(zone)
    return [datetime(day.year, day.month, day.day, at // 60, at % 60, tzinfo=here).astimezone(UTC) for day in days]


def occurrences(starts: Sequence[datetime], length: int = 60, **changes: Any) -> tuple[Occurrence, ...]:
    return tuple(
        Occurrence(OccurrenceId(f"o-{number}"), ConferenceId("c-1"), start, length, slot=start, **changes)
        for number, start in enumerate(starts, 1)
    )


def conference_record(
    starts: Sequence[datetime] = (datetime(2026, 3, 30, 7, tzinfo=UTC),),
    *,
    series: Series | None = None,
    zone: str = "Europe/Berlin",
    language: str = "en",
    subject: str = "Weekly review",
    attendees: Sequence[Attendee] = (HOST, GUEST),
    rules: ConferenceRules | None = None,
    **changes: Any,
) -> ConferenceRecord:
    conference = Conference(
        ConferenceId("c-1"),
        "912345678",
        SpaceId("s-1"),
        ORGANISER.id,
        subject,
        BOOKED_AT,
        60,
        zone,
        language,
        "uid-1@example.com",
        attendees=tuple(attendees),
        series=series,
        rules=rules or ConferenceRules(),
    )
    return ConferenceRecord(
        replace(conference, **changes),
        occurrences(starts),
        Space(SpaceId("s-1"), subject),
        AccessMethod(AccessMethodId("a-host"), SpaceId("s-1"), call_id="912345678", passcode=Secret("774411"),
                     secret=Secret("hostsecret"), role=Role.HOST),
        AccessMethod(AccessMethodId("a-guest"), SpaceId("s-1"), call_id="912345678", passcode=Secret("205060"),
                     secret=Secret("guestsecret"), role=Role.GUEST),
        organiser_name=ORGANISER.name,
        enterprise="Example",
    )  # fmt: skip


def weekly(
    first: date = date(2026, 3, 2), weeks: int = 8, at: int = 9 * 60, zone: str = "Europe/Berlin"
) -> tuple[Any, Any]:
    """A series on every Monday (with the right `first`) and its moments."""
    days = [first + timedelta(weeks=number) for number in range(weeks)]
    series = Series(Cycle.WEEK, first, days[-1], at, 1, (days[0].isoweekday() % 7,), remind_days=7)
    return series, moments(days, at, zone)


def join_link(_record: ConferenceRecord, method: AccessMethod) -> str:
    return f"https://meet.example.com/#/j/912345678/{method.role}-link"
