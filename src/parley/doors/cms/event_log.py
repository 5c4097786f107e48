"""Events as lines of the event log (cms-api 5). Only what really happened here gets a line."""

from __future__ import annotations

import re
from datetime import datetime

from ...core.endings import Ending, Reason, Side
from ...core.events import (
    AdministratorActed,
    AttendeeCalled,
    Event,
    LegActivated,
    LegArrived,
    LegDeactivated,
    LegEnded,
    ParticipantJoined,
    ParticipantLeft,
    PromptUnanswered,
    UnencryptedMediaPresent,
)

INFO = "Info"

# Characters that would start a new line or drive a terminal; texts come from callers.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# What a teardown by this server adds; the words after "local teardown, ".
_LOCAL = {
    Reason.HANG_UP: "",
    Reason.CANCELLED: "",
    Reason.UNKNOWN_DESTINATION: "destination unknown",
    Reason.NOT_MEMBER: "destination unknown",
    Reason.NO_COMMON_CODEC: "no common codec",
    Reason.WRONG_PIN: "incorrect passcode",
    Reason.LOCKED_OUT: "incorrect passcode",
    Reason.UNKNOWN_CALL_ID: "unknown call ID",
    Reason.NO_INPUT: "no input",
    Reason.PARTICIPANT_LIMIT: "call participant limit reached",
    Reason.TENANT_LIMIT: "tenant participant limit reached",
    Reason.SYSTEM_LIMIT: "system participant limit reached",
    Reason.DEACTIVATED: "call deactivated",
    Reason.MEETING_ENDED: "call ended",
    Reason.SPACE_DELETED: "space deleted",
    Reason.TOO_LONG: "maximum duration reached",
    Reason.MEDIA_DEAD: "media time out",
    Reason.MEDIA_FAILED: "media failure",
    Reason.NO_ACK: "no acknowledgement",
    Reason.TRANSPORT_FAILED: "signalling transport failure",
    Reason.SESSION_EXPIRED: "session timer expired",
    Reason.SHUTDOWN: "server shutting down",
    Reason.ENCRYPTION_REQUIRED: "media encryption required",
    Reason.ENTRY_RESTRICTED: "destination unknown",
    Reason.BUSY: "busy",
    Reason.DECLINED: "declined",
    Reason.NO_ANSWER: "no answer",
    Reason.NOT_CONFIRMED: "not confirmed",
    Reason.UNREACHABLE: "destination unreachable",
    Reason.NAME_UNKNOWN: "name of next hop unknown",
    Reason.LOOP: "loop detected",
    Reason.TOO_MANY_HOPS: "too many hops",
}

# What the far end said to a call of ours; otherwise its teardown says nothing more.
_REMOTE = frozenset({Reason.BUSY, Reason.DECLINED, Reason.NO_ANSWER, Reason.UNREACHABLE, Reason.NO_COMMON_CODEC})


def line(at: datetime, text: str, level: str = INFO) -> str:
    """One line of the log, without its newline: the one place where its format is written. at: UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {level:<7} {text}"


def texts(event: Event) -> tuple[str, ...]:
    """The event's lines, level Info, without time. Empty: the event log has no line for it.

    A leg that has to wait on its arrival gets its "to be deactivated" before its "joined", since the meeting records
    the events in that order; a host's "joined" likewise comes before the guests' "ceasing".
    """
    match event:
        case LegArrived():
            manner = "encrypted " if event.encrypted_signalling else ""
            caller, dialled = _clean(event.caller), _clean(event.dialled)
            if event.kind == "browser":
                who = caller.partition(":")[2]
                return (f'call {event.number}: allocated for {who} "Web client" conference participation',)
            if event.direction == "outgoing":
                return (f'call {event.number}: outgoing {manner}SIP call to "{caller}" from local URI "{dialled}"',)
            return (f'call {event.number}: incoming {manner}SIP call from "{caller}" to local URI "{dialled}"',)
        case PromptUnanswered():
            return (f"call {event.number}: audio prompt play time out",)
        case LegDeactivated():
            return (f"configuring call {event.leg} to be deactivated",)
        case LegActivated():
            return (f"call {event.leg} ceasing to be deactivated",)
        case ParticipantJoined():
            name = _clean(event.space_name)
            return (f'participant "{_clean(event.uri)}" joined space {event.space} ({name})',)
        case ParticipantLeft():
            return (f'participant "{_clean(event.uri)}" left space {event.space} ({_clean(event.space_name)})',)
        case UnencryptedMediaPresent():
            return (f'conference "{_clean(event.name)}": unencrypted call legs now present',)
        case LegEnded():
            state = "connected for" if event.connected else "not connected after"
            teardown = _teardown(event.ending)
            return (f"call {event.number}: ending; {teardown} - {state} {_minutes(event.duration)}",)
        case AdministratorActed():
            who = f'{_clean(event.source)}: API user "{_clean(event.name)}"'
            return (f"{who} {_clean(event.verb)} {_clean(event.subject)}",)
        case AttendeeCalled():
            result = event.result.replace("-", " ")
            return (f'conference {event.number}: call to "{_clean(event.target)}", try {event.tries}: {result}',)
    return ()


def _teardown(ending: Ending) -> str:
    if ending.side is Side.REMOTE:
        return f"remote SIP teardown, {_LOCAL[ending.reason]}" if ending.reason in _REMOTE else "remote SIP teardown"
    words = _LOCAL[ending.reason]
    return f"local teardown, {words}" if words else "local teardown"


def _minutes(seconds: float) -> str:
    """m:ss, as in 0:14."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def _clean(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
