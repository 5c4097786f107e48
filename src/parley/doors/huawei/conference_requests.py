"""From a checked request to a booking: the rules between fields, and who the attendees are (huawei-api 1.3 to 1.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ...app.booking import Booking, OccurrenceEdit, RulesEdit
from ...app.editing import KEEP, ExtrasEdit, Kept
from ...core.conferences import Attendee, Cycle, Series
from ...core.ids import SpaceId, UserId
from ...core.spaces import Role
from .conference_fields import ATTENDEES_MOST, KINDS, OCCURRENCE_RULES, RULES, STORED_RULES
from .fields import DIALECT, BadFields, Parsed, Problem

LENGTH = 30  # minutes, when nothing is said (huawei-api 1.2)
GIVEN_RULES = "confConfigInfo"  # among the extras: which rules a client has named, so that they are returned

_CYCLE_MISSING = "MMC.111071020"
_TOO_MANY = "MMC.111071066"
_NOBODY = "MMC.111072031"


def wants_series(parsed: Parsed, *, always: bool = False) -> bool:
    """conferenceType says so, or else the presence of cycleParams. Raises BadFields: the one without the other."""
    kind = 2 if always else parsed.get("type")
    if kind and "series" not in parsed.values:
        raise BadFields([Problem("cycleParams", "is missing for a series", _CYCLE_MISSING)])
    return bool(kind) or (kind is None and "series" in parsed.values)


def booking(
    parsed: Parsed,
    *,
    attendees: tuple[Attendee, ...] | Kept,
    series: Series | Kept | None,
    room: SpaceId | Kept | None = KEEP,
    on_behalf: UserId | None = None,
    is_series: bool = False,
    create: bool,
) -> Booking:
    """The wish in core's words. create: what is not said has the dialect's default; else it stays."""
    rules = parsed.part("rules")
    length = parsed.get("length", LENGTH if create else KEEP)
    start: datetime | Kept | None = parsed.get("start", None if create else KEEP)
    return Booking(
        start=KEEP if is_series or isinstance(series, Series) else start,
        length=length,
        subject=parsed.get("subject") or KEEP,
        media=parsed.get("media", KEEP),
        attendees=attendees,
        series=series,
        zone=parsed.get("zone", KEEP),
        language=parsed.get("language", KEEP),
        rules=_rules(parsed, rules),
        guest_passcode=rules.get("guest_passcode", KEEP),
        room=room,
        random_number=rules.get("random_number", KEEP),
        on_behalf=on_behalf,
        extras=_extras(parsed, rules),
    )


def _rules(parsed: Parsed, rules: Parsed) -> RulesEdit:
    known = {name: rules.values[name] for name in _RULE_NAMES if name in rules.values}
    if "media_encryption" in parsed.values:
        known["media_encryption"] = parsed.values["media_encryption"]
    if "participant_limit" in parsed.values:
        known["participant_limit"] = parsed.values["participant_limit"] or None  # 0: no limit of its own
    return RulesEdit(**known)


_RULE_NAMES = (
    "send_mail",
    "send_sms",
    "send_calendar",
    "mute_guests",
    "mute_guest_terminals",
    "guests_need_no_passcode",
    "entry_scope",
    "guests_may_start",
    "prolong_by",
    "waiting_room",
)


def _extras(parsed: Parsed, rules: Parsed) -> ExtrasEdit:
    """What is stored only: fields of the conference by their names, those of its rules as `confConfigInfo.name`."""
    kept: dict[str, str | None] = dict(parsed.extras)
    for row in RULES.fields:
        if row.attribute not in rules.values:
            continue
        text = json.dumps(rules.values[row.attribute]) if row.attribute in STORED_RULES else "true"
        kept[f"{GIVEN_RULES}.{row.wire}"] = text
    return {DIALECT: kept} if kept else {}


# --- series ------------------------------------------------------------------------------------------------------


def series_of(parsed: Parsed, now: datetime, zone: str, before: Series | None = None) -> Series | Kept:
    """The rule of a series. zone: in which its dates are meant; before: the rule that holds now, at a change.

    The time of day is that of startTime seen in the zone; its date counts for nothing (huawei-api 6). Without
    one it is the time it has, or the next full minute.
    """
    given = parsed.part("series")
    start: datetime | None = parsed.get("start")
    if not given.values:
        if before is None:
            return KEEP
        at = _time_of_day(start, zone) if start is not None else before.at
        return replace(before, at=at) if at != before.at else KEEP
    if start is not None:
        at = _time_of_day(start, zone)
    else:
        at = before.at if before is not None else _time_of_day(now + timedelta(seconds=59), zone)
    cycle: Cycle = given.values["cycle"]
    return Series(
        cycle=cycle,
        first=given.values["first"],
        last=given.values["last"],
        at=at,
        interval=given.get("interval", 1),
        points=() if cycle is Cycle.DAY else given.get("points", ()),
        remind_days=given.get("remind_days", 1),
    )


def _time_of_day(moment: datetime, zone: str) -> int:
    local = moment.astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute


# --- attendees ---------------------------------------------------------------------------------------------------


def attendees_of(given: Sequence[Parsed], users: Sequence[UserId | None]) -> tuple[Attendee, ...]:
    """users: who each one is, where the enterprise knows that. Raises BadFields."""
    if len(given) > ATTENDEES_MOST:
        raise BadFields([Problem("attendees", f"has more than {ATTENDEES_MOST} entries", _TOO_MANY)])
    problems = [
        Problem(f"attendees[{index}].phone", "is missing: phone, email, sms or a known user is needed", _NOBODY)
        for index, (one, user) in enumerate(zip(given, users, strict=True))
        if user is None and not any(one.get(name) for name in ("address", "email", "sms"))
    ]
    if problems:
        raise BadFields(problems)
    return tuple(attendee_of(one, user) for one, user in zip(given, users, strict=True))


def attendee_of(given: Parsed, user: UserId | None) -> Attendee:
    """One invited person; what is left out is taken from the user when it is booked."""
    kind = given.get("kind", "normal")
    extras: dict[str, str] = {name: text for name, text in given.extras.items() if text is not None}
    for wire, attribute in (("accountId", "account"), ("appId", "app_id"), ("userUUID", "user_id")):
        if text := given.get(attribute):
            extras[wire] = json.dumps(text, ensure_ascii=False)
    if "kind" in given.values:
        extras["type"] = json.dumps(kind)
    return Attendee(
        name=given.get("name") or (given.get("account", "") if user is None else ""),
        role=given.get("role", Role.GUEST),
        kind=KINDS[kind],
        address=given.get("address", ""),
        email=given.get("email", ""),
        sms=given.get("sms", ""),
        user=user,
        auto_invite=given.get("auto_invite"),
        mute=given.get("mute", False),
        extras={DIALECT: extras} if extras else {},
    )


# --- one occurrence ----------------------------------------------------------------------------------------------


def occurrence_edit(parsed: Parsed, media: str) -> OccurrenceEdit:
    """A change of one occurrence of a series. media: the media words as they are to be returned."""
    rules = parsed.part("rules")
    names = ("entry_scope", "guests_may_start", "waiting_room")
    known = {name: rules.values[name] for name in names if name in rules.values}
    kept: dict[str, str | None] = {"mediaTypes": json.dumps(media)}
    for wire, attribute in (("isAutoRecord", "auto_record"), ("recordAuthType", "record_scope")):
        if attribute in parsed.values:
            kept[wire] = json.dumps(int(parsed.values[attribute]))
    if "description" in parsed.values:
        kept["description"] = json.dumps(parsed.values["description"], ensure_ascii=False)
    for row in OCCURRENCE_RULES.fields:
        if row.attribute in rules.values:
            value = row.codec.render(rules.values[row.attribute])
            kept[f"{GIVEN_RULES}.{row.wire}"] = json.dumps(value, ensure_ascii=False)
    return OccurrenceEdit(
        start=parsed.values["start"],
        length=parsed.values["length"],
        rules=RulesEdit(**known),
        extras={DIALECT: kept},
    )


def stored_rules(extras: Mapping[str, str]) -> dict[str, Any]:
    """The rules kept among the extras, by wire name."""
    prefix = GIVEN_RULES + "."
    return {name.removeprefix(prefix): json.loads(text) for name, text in extras.items() if name.startswith(prefix)}
