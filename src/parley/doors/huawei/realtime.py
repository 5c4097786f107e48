"""A running conference as it stands: what is asked for and what is pushed is made here (huawei-api 2.2, 2.4)."""

from __future__ import annotations

import json
from typing import Any

from ...app.conference_control import Running
from ...app.conferences import Conferences
from ...app.directory import Directory
from ...core.conferences import Attendee, OccurrenceState
from ...core.meeting_inputs import Cause, LegView, by_participant
from ...core.refusals import Refusal
from ...core.spaces import Role
from .codecs import milliseconds, wire_id
from .commander import BASE, Commander, Who
from .conference_answers import Place, kept, kind_word, shown_end, shown_start
from .conference_fields import SCOPES
from .control import called_by
from .fields import extras_of
from .live_state import LiveState, Mode, calls_of
from .requests import Request, listing
from .router import Auth, Route

IN, CALLING, JOINING = 0, 1, 2
_SCOPE_NUMBERS = {scope: number for number, scope in SCOPES.items()}


class RealTime:
    def __init__(self, commander: Commander, conferences: Conferences, directory: Directory) -> None:
        self._commander = commander
        self._conferences = conferences
        self._directory = directory

    def routes(self) -> list[Route]:
        return [
            Route("GET", f"{BASE}/realTimeInfo", self.show, Auth.CONTROL),
            Route("GET", "/v1/mmc/management/conferences/online/conf-attendee", self.participants),
            Route("GET", "/v2/mms/ncms/conferences/online/check-callnumber-in-conf", self.is_busy),
        ]

    async def show(self, request: Request) -> dict[str, Any]:
        running = await self._commander.running(request, Who.ANYBODY)
        return real_time_info(running, self._commander.state(running))

    async def participants(self, request: Request) -> dict[str, Any]:
        """Who is inside, in this dialect's newer spelling of names."""
        number = request.required("conf_id", 32)
        await self._conferences.show(request.actor, number)
        offset, limit = request.span(20)
        search = (request.text("search_key", 128) or "").casefold()
        try:
            running = await self._commander.control.running(number, open_meeting=False)
        except Refusal:
            return listing(offset, limit, 0, [])
        booked = running.record.conference.attendees
        rows = [
            online_participant(running, leg, booked)
            for leg in by_participant(running.meeting.legs).values()
            if search in f"{leg.name}\n{leg.uri}".casefold()
        ]
        return listing(offset, limit, len(rows), rows[offset : offset + limit])

    async def is_busy(self, request: Request) -> dict[str, Any]:
        """Is this number in a conference that the asker may see?"""
        number = request.required("call_number", 127)
        page = await self._conferences.running(request.actor, limit=500, everybody=True)
        for record in page.items:
            view = self._directory.meeting_of_space(record.conference.space)
            if view is not None and any(called_by(leg, {number}) for leg in view.legs):
                return {"in_conf": True, "conf_id": record.conference.number}
        return {"in_conf": False, "conf_id": ""}


def online_participant(running: Running, leg: LegView, booked: tuple[Attendee, ...]) -> dict[str, Any]:
    attendee = next((one for one in booked if one.address and called_by(leg, {one.address})), None)
    user = attendee.user if attendee else None
    return {
        "participant_id": wire_id(leg.participant),
        "name": leg.name,
        "call_number": leg.uri,
        "role": int(running.role(leg) is Role.HOST),
        "third_account": "",
        "account": str(kept(attendee, "accountId") or "") if attendee else "",
        "user_id": wire_id(user) if user else "",
    }


def host_of(running: Running) -> LegView | None:
    """The host who has been in longest."""
    return next((leg for leg in running.meeting.legs if running.role(leg) is Role.HOST and not leg.causes), None)


def real_time_info(running: Running, state: LiveState) -> dict[str, Any]:
    legs = by_participant(running.meeting.legs)
    host = host_of(running)
    people = [
        {
            "pid": wire_id(leg.participant),
            "name": leg.name,
            "phone": leg.uri,
            "state": JOINING if leg.waits else IN,
            "video": 0,
            "mute": int(leg.muted),
            "hand": int(leg.hand_raised),
        }
        for leg in legs.values()
    ]
    people += [
        {
            "pid": wire_id(call),
            "name": calling.name,
            "phone": calling.address,
            "state": CALLING,
            "video": 0,
            "mute": 0,
            "hand": 0,
        }
        for call, calling in calls_of(running, state).items()
    ]
    return {
        "attendees": [_attendee(one) for one in state.attendees(running.record.conference.attendees)],
        "participants": people,
        "confInfo": {
            "chairID": wire_id(host.participant) if host else "",
            "coHosts": [wire_id(id) for id in legs if legs[id].cohost],
        },
    }


def _attendee(one: Attendee) -> dict[str, Any]:
    return {
        "accountID": str(kept(one, "accountId") or ""),
        "userUUID": wire_id(one.user) if one.user else "",
        "name": one.name,
        "phone": one.address,
        "phoneLeft": str(kept(one, "phone2") or ""),
        "phoneRight": str(kept(one, "phone3") or ""),
    }


# --- what is pushed ----------------------------------------------------------------------------------------------

# REST `recordType` to the pushed `recType`, which counts otherwise (huawei-api 2.4).
_RECORD_TYPES = {0: 0, 1: 3, 2: 1, 3: 2}


def basic_info(running: Running, place: Place, *, host: bool) -> dict[str, Any]:
    """What hardly changes while it runs. host: with the host's password."""
    record, conference = running.record, running.record.conference
    doors = [(1, record.host)] if host else []
    doors.append((0, record.guest))
    stored = extras_of(conference)
    record_type = int(json.loads(stored.get("recordType", "0")))
    return {
        "displayID": conference.number,
        "title": conference.subject,
        "startTime": str(milliseconds(shown_start(running.occurrence))),
        "scheduledStartTime": str(milliseconds(running.occurrence.start)),
        "guestJoinUri": place.links.link(conference.number, record.guest) or "",
        "pwds": [{"role": role, "pwd": door.passcode.reveal() if door.passcode else ""} for role, door in doors],
        "recType": _RECORD_TYPES.get(record_type, 0),
        "media": 2 if len(conference.media) > 2 else 1,
        "owner": record.organiser_name,
        "ownerID": wire_id(conference.organiser),
        "orgID": wire_id(conference.tenant or ""),
        "callInRestriction": _SCOPE_NUMBERS[(running.occurrence.rules or record.rules).entry_scope],
        "confMode": "COMMON",
        "webinar": False,
        "supportWatermark": False,
        "supportCohost": True,
        "supportWaitingRoom": True,
        "realTimeSubtitle": False,
    }


def dynamic_info(running: Running, state: LiveState) -> dict[str, Any]:
    rules = running.rules
    settings = state.settings
    return {
        "state": "Created" if running.occurrence.state is OccurrenceState.RUNNING else "Destroyed",
        "endTime": str(milliseconds(shown_end(running.occurrence))),
        "mode": str(state.mode),
        "vas": int(state.pictures.get("switchMode", "VAS") == "VAS"),
        "picNum": 1,
        "lock": int(running.meeting.locked),
        "mute": int(state.all_muted),
        "lockSharing": settings.get("lockSharing", 0),
        "canUnmute": int(rules.guests_may_unmute),
        "chairView": 0,
        "recState": 0,
        "callInRestriction": _SCOPE_NUMBERS[rules.entry_scope],
        "forbiddenChat": 0,
        "pause": 0,
        "waitingRoomState": int(rules.waiting_room),
        "clientRecMode": settings.get("clientRecMode", 0),
    }


def participants(running: Running, state: LiveState) -> dict[str, dict[str, str]]:
    """Who is inside or being called, by ID: every value is text."""
    legs = by_participant(running.meeting.legs)
    now = {
        wire_id(leg.participant): _info_map(running, leg, state) for leg in legs.values() if not _in_waiting_room(leg)
    }
    for call, calling in calls_of(running, state).items():
        now[wire_id(call)] = {"NAME": calling.name, "TEL": calling.address, "ROLE": "0", "STATE": "1"}
    return now


def waiting(running: Running) -> dict[str, dict[str, str]]:
    return {
        wire_id(leg.participant): {"NAME": leg.name, "TEL": leg.uri}
        for leg in by_participant(running.meeting.legs).values()
        if _in_waiting_room(leg)
    }


def listed_attendees(running: Running, state: LiveState) -> dict[str, dict[str, Any]]:
    """By number called, else by name."""
    return {
        one.address or one.name: {
            "name": one.name,
            "phone": one.address,
            "role": int(one.role is Role.HOST),
            "accountId": str(kept(one, "accountId") or ""),
            "userUUID": wire_id(one.user) if one.user else "",
            "isMute": int(one.mute),
            "isAutoInvite": int(bool(one.auto_invite)),
            "type": kind_word(one),
            "deptUUID": str(kept(one, "deptUUID") or ""),
            "deptName": str(kept(one, "deptName") or ""),
            "hidePhone": False,
            "isNotOverlayPidName": False,
        }
        for one in state.attendees(running.record.conference.attendees)
    }


def _in_waiting_room(leg: LegView) -> bool:
    return bool(leg.causes & {Cause.WAITING_ROOM, Cause.SENT_BACK})


def _info_map(running: Running, leg: LegView, state: LiveState) -> dict[str, str]:
    def bit(holds: bool) -> str:
        return "1" if holds else "0"

    id = leg.participant
    return {
        "NAME": leg.name,
        "TEL": leg.uri,
        "ROLE": bit(running.role(leg) is Role.HOST),
        "STATE": "0" if not leg.waits else "2",
        "HAND": bit(leg.hand_raised),
        "BROADCAST": bit(state.mode is Mode.BROADCAST and state.named == id),
        "ROLLCALL": bit(state.mode is Mode.ROLLCALL and state.named == id),
        "SHARE": bit(state.asked_to_share == id),
        "MUTE": bit(leg.muted),
        "VIDEO": "0",
        "ANONYMOUS": bit(leg.entry.member is None),
        "LOCALREC": bit(id in state.recorders),
        "CLIENT_LOGIN_TYPE": "OtherType",
        "IS_COHOST": bit(leg.cohost),
        "CAMERASTATE": bit(id in state.cameras_closed),
    }
