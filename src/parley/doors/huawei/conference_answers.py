"""A conference as answers show it (huawei-api 1.8, 2.2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ...app.booking import ConferenceRecord
from ...app.enterprises import OWN_NAME
from ...core.conferences import Attendee, AttendeeKind, ConferenceRules, Occurrence, OccurrenceState
from ...core.spaces import Role
from .conference_codecs import MediaTypes
from .conference_fields import CONFERENCE, KIND_WORD, PARTICIPANT, RULES, STORED_RULES
from .conference_requests import stored_rules
from .fields import DIALECT, extras_of
from .join_links import JoinLinks

LISTED_MOST = 20  # invited people of each of both kinds of terminal
OVER = (OccurrenceState.ENDED, OccurrenceState.MISSED, OccurrenceState.CANCELLED)
_STATES = {OccurrenceState.BOOKED: "Schedule", OccurrenceState.RUNNING: "Created"}
_ALWAYS_SHOWN = ("isSendNotify", "isSendSms", "isAutoMute")  # of the rules (huawei-api 1.9)
_UNSAID = ConferenceRules()


@dataclass(frozen=True, slots=True)
class Place:
    """What answers say of the server itself. access_number: what phones dial to come in.

    enterprise: the name of the installation's own one until it is given another.
    """

    links: JoinLinks
    access_number: str
    enterprise: str = OWN_NAME


def conference_info(
    record: ConferenceRecord,
    place: Place,
    *,
    host: bool,
    role: str | None = None,
    occurrence: Occurrence | None = None,
    online: int | None = None,
) -> dict[str, Any]:
    """One ConferenceInfo. host: the asker may see what the host knows; role: the asker's own, in details.

    occurrence: the one that is spoken of; else the current one.
    """
    conference = record.conference
    one = occurrence or record.current
    is_series = conference.series is not None
    in_room = not conference.own_space
    values: dict[str, Any] = {
        "number": conference.number,
        "subject": conference.subject,
        "media": conference.media,
        "size": len(conference.attendees),
        "zone": conference.zone,
        "start": shown_start(one),
        "end": shown_end(one),
        "state": _STATES.get(one.state, "Destroyed"),
        "access_number": place.access_number,
        "language": conference.language,
        "passwords": _passwords(record, host),
        "organiser": conference.organiser,
        "organiser_name": record.organiser_name,
        "type": 2 if is_series else 0,
        "kind": "CYCLE" if is_series else "IMMEDIATELY" if conference.instant else "FUTURE",
        "auto_mute": record.rules.mute_guests,
        "host_link": place.links.link(conference.number, record.host) if host else None,
        "guest_link": place.links.link(conference.number, record.guest),
        "in_room": in_room,
        "enterprise": record.enterprise or place.enterprise,
        "participant_limit": record.rules.participant_limit,
        "uuid": one.id if conference.instant or one.state in OVER else None,
        "role": role,
        "online": online,
        **_invited(conference.attendees),
        **(_room(record) if in_room else {}),
        **(_series(record) if is_series else {}),
    }
    shown = CONFERENCE.render(values, extras_of(conference))
    shown["confConfigInfo"] = shown_rules(record, host)
    return shown


def shown_start(one: Occurrence) -> datetime:
    """When it began, to the minute, else when it is to begin."""
    if one.begun is not None and one.state is not OccurrenceState.BOOKED:
        return one.begun
    return one.start


def shown_end(one: Occurrence) -> datetime:
    """The vendor's clients reckon with whole minutes: a conference of an hour ends an hour after it begins."""
    if one.end is not None:
        return one.end
    return shown_start(one) + timedelta(minutes=one.length)


def _passwords(record: ConferenceRecord, host: bool) -> list[dict[str, str]]:
    """Both for who may see the host's, else the guests' alone; a blank door has an empty one."""
    doors = [("chair", record.host)] if host else []
    doors.append(("general", record.guest))
    return [{"role": role, "password": door.passcode.reveal() if door.passcode else ""} for role, door in doors]


def shown_rules(record: ConferenceRecord, host: bool) -> dict[str, Any]:
    """Those always shown, those a client has named, and those that differ from what holds when nobody says anything."""
    rules = record.rules
    stored = stored_rules(extras_of(record.conference))
    values = {row.attribute: getattr(rules, row.attribute or "", None) for row in RULES.fields}
    values["random_number"] = (
        True if "vmrIDType" in stored and record.host.call_id == record.conference.number else None
    )
    shown: dict[str, Any] = {}
    for row in RULES.fields:
        attribute = row.attribute or ""
        value = values[attribute]
        if row.wire in stored and attribute in STORED_RULES:
            shown[row.wire] = stored[row.wire]
        elif attribute == "guest_passcode":
            if host and row.wire in stored and record.guest.passcode is not None:
                shown[row.wire] = record.guest.passcode.reveal()
        elif value is not None and (
            row.wire in stored or row.wire in _ALWAYS_SHOWN or value != getattr(_UNSAID, attribute, None)
        ):
            shown[row.wire] = row.codec.render(value)
    return shown


# --- who is invited ----------------------------------------------------------------------------------------------


def kind_word(attendee: Attendee) -> str:
    """The dialect's own word when one was given."""
    return str(kept(attendee, "type") or KIND_WORD[attendee.kind])


def kept(attendee: Attendee, wire: str) -> Any:
    """A value this dialect has stored with an attendee."""
    text = extras_of(attendee).get(wire)
    return None if text is None else json.loads(text)


def _invited(attendees: Iterable[Attendee]) -> dict[str, Any]:
    hard = [one for one in attendees if one.kind is AttendeeKind.TERMINAL]
    soft = [one for one in attendees if one.kind is not AttendeeKind.TERMINAL]
    return {
        "listed": [_part_attendee(one) for one in (*soft[:LISTED_MOST], *hard[:LISTED_MOST])],
        "terminals": len(hard),
        "normals": len(soft),
    }


def _part_attendee(attendee: Attendee) -> dict[str, Any]:
    return {
        "address": attendee.address,
        "name": attendee.name,
        "kind": kind_word(attendee),
        "role": 1 if attendee.role is Role.HOST else None,
        "phone2": kept(attendee, "phone2"),
        "phone3": kept(attendee, "phone3"),
    }


def participant_info(attendee: Attendee) -> dict[str, Any]:
    """One invited person of a detail answer."""
    values = {
        "address": attendee.address,
        "name": attendee.name,
        "role": attendee.role,
        "kind": kind_word(attendee),
        "email": attendee.email or None,
        "sms": attendee.sms or None,
        "user": attendee.user,
        "auto_invite": bool(attendee.auto_invite),
    }
    return PARTICIPANT.render(values, extras_of(attendee))


# --- rooms and series --------------------------------------------------------------------------------------------


def _room(record: ConferenceRecord) -> dict[str, Any]:
    return {
        "room": record.space.id,
        "room_number": record.host.call_id or record.conference.number,
    }


def _series(record: ConferenceRecord) -> dict[str, Any]:
    series = record.conference.series
    assert series is not None
    coming = [one for one in record.occurrences if one.state not in OVER]
    return {
        "series": {
            "first": series.first,
            "last": series.last,
            "cycle": series.cycle,
            "interval": series.interval,
            "points": series.points or None,
            "remind_days": series.remind_days,
        },
        "occurrences": [_occurrence(record, one) for one in coming],
        "first_occurrence": coming[0].id if coming else None,
    }


def _occurrence(record: ConferenceRecord, one: Occurrence) -> dict[str, Any]:
    own: Mapping[str, str] = one.extras.get(DIALECT, {})
    conference = extras_of(record.conference)

    def said(wire: str, otherwise: Any = None) -> Any:
        text = own.get(wire, conference.get(wire))
        return otherwise if text is None else json.loads(text)

    rules = one.rules or record.rules
    media = own.get("mediaTypes")
    audience = stored_rules(own)
    return {
        "id": one.id,
        "number": record.conference.number,
        "media": MediaTypes().parse(json.loads(media)) if media else record.conference.media,
        "start": one.start,
        "end": one.planned_end,
        "auto_record": said("isAutoRecord", 0),
        "record_scope": said("recordAuthType"),
        "description": said("description"),
        "rules": {
            "entry_scope": rules.entry_scope,
            "guests_may_start": rules.guests_may_start,
            "waiting_room": rules.waiting_room,
            "audience_scope": audience.get("audienceCallInRestriction"),
            "audience_count": audience.get("showAudienceCountInfo"),
        },
    }


def role_word(role: Role) -> str:
    return "chair" if role is Role.HOST else "general"
