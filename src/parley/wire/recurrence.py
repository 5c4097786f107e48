"""The rule of a series as calendars write it (RFC 5545, 3.3.10), or its dates one by one where no rule gives them.

A rule is only used after it has been expanded and found to give every slot; what it gives beyond is excluded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

MOST = 1000  # instances of any candidate that are looked at
DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")  # 0 is Sunday, as `points` count
FREQUENCIES = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY}
SURE_DAYS = 28  # days that every month has


@dataclass(frozen=True, slots=True)
class Repetition:
    """unit: DAILY, WEEKLY or MONTHLY. points: WEEKLY 0-6 with 0 Sunday, MONTHLY 1-31, a missing day being the last."""

    unit: str
    interval: int = 1
    points: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """rule: the parts of an RRULE without UNTIL; None: `dates` are listed. excluded: what the rule gives too many.

    in_utc: a slot has no local time of its own (its hour came twice), so that only UTC says which is meant.
    """

    rule: tuple[tuple[str, Any], ...] | None
    dates: tuple[datetime, ...] = ()
    excluded: tuple[datetime, ...] = ()
    in_utc: bool = False


@lru_cache(maxsize=256)
def written(repetition: Repetition, slots: tuple[datetime, ...], zone: str) -> Written:
    """slots: UTC, rising, the first being DTSTART."""
    here = ZoneInfo(zone)
    local = [slot.astimezone(here).replace(tzinfo=None, fold=0) for slot in slots]
    exact = all(wall.replace(tzinfo=here).astimezone(UTC) == slot for wall, slot in zip(local, slots, strict=True))
    if exact:
        best: tuple[int, dict[str, Any], list[datetime]] | None = None
        for rule in _candidates(repetition):
            given = _expanded(rule, local[0], local[-1])
            extra = [wall for wall in given if wall not in set(local)]
            if set(local) <= set(given) and (best is None or len(extra) < best[0]):
                best = len(extra), rule, extra
        if best is not None and best[0] <= len(slots):
            excluded = tuple(wall.replace(tzinfo=here).astimezone(UTC) for wall in best[2])
            return Written(tuple(best[1].items()), excluded=excluded)
    return Written(None, dates=listed(slots), in_utc=not exact)


def listed(slots: tuple[datetime, ...]) -> tuple[datetime, ...]:
    """DTSTART is a date by itself. A series of one names it again: what does not repeat has no parts, and a calendar
    program shows a part that is moved beside it."""
    return slots[1:] or slots


def _candidates(repetition: Repetition) -> Iterator[dict[str, Any]]:
    """Simplest first: the first of equals is taken."""
    base: dict[str, Any] = {"FREQ": repetition.unit, "INTERVAL": repetition.interval}
    points = sorted(set(repetition.points))
    if repetition.unit == "WEEKLY" and points:
        days = [DAYS[point] for point in points]
        # Where weeks begin matters to every second week (RFC 5545, 3.3.10 WKST).
        yield {**base, "BYDAY": days}
        yield {**base, "BYDAY": days, "WKST": "SU"}
    elif repetition.unit == "MONTHLY" and points:
        yield {**base, "BYMONTHDAY": points}
        if len(points) == 1 and points[0] > SURE_DAYS:
            if points[0] == 31:
                yield {**base, "BYMONTHDAY": [-1]}
            # The last of those days that the month has.
            yield {**base, "BYMONTHDAY": list(range(SURE_DAYS, points[0] + 1)), "BYSETPOS": [-1]}
    else:
        yield base


def _expanded(rule: dict[str, Any], first: datetime, last: datetime) -> list[datetime]:
    given = rrule(
        FREQUENCIES[rule["FREQ"]],
        dtstart=first,
        until=last,
        interval=rule["INTERVAL"],
        wkst=6 if rule.get("WKST") == "SU" else 0,
        byweekday=[(DAYS.index(day) - 1) % 7 for day in rule["BYDAY"]] if "BYDAY" in rule else None,
        bymonthday=rule.get("BYMONTHDAY"),
        bysetpos=rule.get("BYSETPOS"),
        cache=False,
    )
    found: list[datetime] = []
    for at in given:
        found.append(at)
        if len(found) >= MOST:
            break
    # DTSTART counts as the first instance whatever the rule says.
    return found if found and found[0] == first else [first, *found]
