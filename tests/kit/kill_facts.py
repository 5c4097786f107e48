"""Were facts about a conference, as a life tells them, made by a certain wish from those before?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from parley.core.calendar import expand
from parley.core.conferences import Cycle, Series

Facts = dict[str, Any]


def agreed(facts: Facts) -> Facts:
    """Without what time changes."""
    occurrences = [[*one[:6], one[6] == "cancelled"] for one in facts["occurrences"]]
    return {**facts, "occurrences": occurrences, "doors": None}


def differences(one: Facts, other: Facts) -> str:
    return "; ".join(f"{name}: {one.get(name)} / {other[name]}" for name in other if one.get(name) != other[name])


def deviation(wish: dict[str, Any], before: Facts | None, after: Facts, now: float) -> str | None:
    """How the facts are other than what this wish makes of those before; None: they are right."""
    if wish["do"] == "book":
        return _booked_otherwise(wish, after, now)
    assert before is not None
    expected = agreed(before)
    got = agreed(after)
    if wish["do"] == "change":
        expected |= {name: wish[name] for name in ("subject", "length", "attendees", "series") if name in wish}
        kept = {one[0] for one in after["occurrences"]}
        expected["sequence"] += 1 + max((one[4] for one in before["occurrences"] if one[0] not in kept), default=0)
        expected["occurrences"] = got["occurrences"]  # looked at below
        return differences(expected, got) or _other_dates(wish, before, after, now)
    if wish["do"] == "cancel":
        expected |= {"cancelled": True, "sequence": expected["sequence"] + 1}
        expected["occurrences"] = got["occurrences"]
        states = {one[6] for one in after["occurrences"]}
        return differences(expected, got) or (f"{states}" if states & {"booked", "running"} else None)
    one = next(one for one in expected["occurrences"] if one[0] == wish["one"])
    if wish["do"] == "change-one":
        one[2:6] = [wish["start"], wish["length"], one[4] + 1, True]
    elif next(new for new in after["occurrences"] if new[0] == wish["one"])[6] == "cancelled":
        one[4], one[6] = one[4] + 1, True
    expected["occurrences"].sort(key=lambda one: one[2])
    return differences(expected, got) or None


def _booked_otherwise(wish: dict[str, Any], after: Facts, now: float) -> str | None:
    fields = ("subject", "length", "zone", "language", "attendees")
    expected = {name: wish[name] for name in fields} | {"sequence": 0, "cancelled": False}
    expected["instant"] = not wish.get("series") and "start" not in wish
    got = {name: after[name] for name in expected}
    if expected != got:
        return f"{expected} / {got}"
    doors = after["doors"]
    if any(one[6] in {"booked", "running"} for one in after["occurrences"]) and (
        [door[0] for door in doors] != [after["number"]] * 2 or not all(door[2] for door in doors)
    ):
        return f"doors {len(doors)}"
    return _other_dates(wish, None, after, now)


def _other_dates(wish: dict[str, Any], before: Facts | None, after: Facts, now: float) -> str | None:
    length = wish.get("length", after["length"])
    if wish.get("series"):
        cycle, first, last, at = wish["series"]
        series = Series(Cycle(cycle), datetime.fromisoformat(first).date(), datetime.fromisoformat(last).date(), at)
        slots = [moment.timestamp() for moment in expand(series, after["zone"]).starts]
        found = {one[1] for one in after["occurrences"]}
        missing = [slot for slot in slots if slot not in found and (before is None or slot > now)]
        more = [one for one in after["occurrences"] if one[1] not in slots and one[6] in {"booked", "cancelled"}]
        wrong = [one for one in after["occurrences"] if one[6] == "booked" and not one[5] and one[3] != length]
        return f"dates {missing} {more} {wrong}" if missing or more or wrong else None
    if after["series"] is None:
        (one,) = after["occurrences"]
        start = wish.get("start", before["occurrences"][0][2] if before else one[2])
        return None if one[2:4] == [start, length] else f"dates {one} / {start}"
    return None
