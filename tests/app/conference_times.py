"""What the tests of the timekeeper share: one conference from nine to eleven, and how it stands."""

from __future__ import annotations

from datetime import date
from typing import Any

from parley.app.booking import ConferenceRecord
from parley.core.conferences import Attendee, Cycle, Series
from parley.core.spaces import Role
from tests.app.conference_floor import ConferenceFloor, at

START = at("2026-01-01 09:00")
BOB = Attendee(name="Bob", address="2002", auto_invite=True)
DORA = Attendee(name="Dora", address="sip:dora@far.example", auto_invite=True, role=Role.HOST, mute=True)


async def nine_to_eleven(floor: ConferenceFloor, **fields: Any) -> ConferenceRecord:
    return await floor.book(**{"start": START, "length": 120, **fields})


async def stored(floor: ConferenceFloor, record: ConferenceRecord) -> tuple[str, str | None]:
    """State and end as 09:00."""
    only = await floor.only(record)
    return only.state.value, f"{only.end:%H:%M}" if only.end else None


def daily(first: str = "2026-01-02", last: str = "2026-01-04", **more: Any) -> Series:
    """Every day at nine."""
    return Series(Cycle.DAY, date.fromisoformat(first), date.fromisoformat(last), 540, **more)
