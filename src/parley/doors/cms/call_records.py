"""Events as call detail records in the dialect's vocabulary (cms-api 4.1). Pure; pushing them is not done here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ...app.ports import StoredEvent
from ...core.endings import Ending, Reason, Side
from ...core.events import (
    AD_HOC_MEETING,
    FORWARDING_MEETING,
    SPACE_MEETING,
    Event,
    LegActivated,
    LegArrived,
    LegConnected,
    LegDeactivated,
    LegEnded,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
)
from .leg_audio import fared
from .xml import Node, render

# Reasons that mean the same whoever did it.
_REASONS = {
    Reason.CANCELLED: "remoteTeardown",
    Reason.UNKNOWN_DESTINATION: "unknownDestination",
    Reason.NOT_MEMBER: "unknownDestination",
    Reason.NO_COMMON_CODEC: "error",
    Reason.WRONG_PIN: "incorrectPasscode",
    Reason.LOCKED_OUT: "incorrectPasscode",
    Reason.UNKNOWN_CALL_ID: "ivrUnknownCall",
    Reason.NO_INPUT: "ivrTimeout",
    Reason.PARTICIPANT_LIMIT: "participantLimitReached",
    Reason.TENANT_LIMIT: "tenantParticipantLimitReached",
    Reason.SYSTEM_LIMIT: "localTeardown",
    Reason.DEACTIVATED: "callDeactivated",
    Reason.MEETING_ENDED: "callEnded",
    Reason.SPACE_DELETED: "callEnded",
    Reason.TOO_LONG: "timeout",
    Reason.MEDIA_DEAD: "timeout",
    Reason.MEDIA_FAILED: "error",
    Reason.NO_ACK: "timeout",
    Reason.TRANSPORT_FAILED: "error",
    Reason.SESSION_EXPIRED: "timeout",
    Reason.SHUTDOWN: "localTeardown",
    Reason.ENCRYPTION_REQUIRED: "encryptionRequired",
    Reason.ENTRY_RESTRICTED: "unknownDestination",
    Reason.BUSY: "remoteBusy",
    Reason.DECLINED: "remoteRejected",
    Reason.NO_ANSWER: "ringingTimeout",
    Reason.NOT_CONFIRMED: "confirmationTimeOut",
    Reason.UNREACHABLE: "unknownDestination",
    Reason.NAME_UNKNOWN: "dnsFailure",
    Reason.LOOP: "unknownDestination",
    Reason.TOO_MANY_HOPS: "unknownDestination",
}

# Hanging up means something else on each side.
_HANG_UP = {
    Side.REMOTE: "remoteTeardown",
    Side.LOCAL: "localTeardown",
    Side.ADMINISTRATOR: "apiInitiatedTeardown",
    Side.HOST: "clientInitiatedTeardown",
}

# What an administrator ended is told as such, whether a call, a space or a leg was meant.
_BY_ADMINISTRATOR = {Reason.MEETING_ENDED, Reason.SPACE_DELETED}

# How a leg came; whatever is no phone is an app of ours.
LEG_TYPES = {"sip": "sip"}
ACANO = "acano"

# What a meeting is called in the dialect.
CALL_TYPES = {SPACE_MEETING: "coSpace", FORWARDING_MEETING: "forwarding", AD_HOC_MEETING: "adHoc"}

Subject = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """kind: callStart, callLegEnd, ...; subject: "call" or "callLeg"; fields in order, None for an empty element.

    nested: elements with attributes or elements of their own, which follow the fields.
    """

    kind: str
    at: datetime
    subject: str
    id: str
    fields: Subject
    nested: tuple[Node, ...] = ()

    def plain(self) -> Mapping[str, str | None]:
        """Its fields by name, with the kind as `record` (a leg has a `type` of its own)."""
        return {"record": self.kind, "id": self.id, **dict(self.fields)}


def cdr_reason(ending: Ending) -> str:
    """The callLegEnd reason of an ending; total over side and reason."""
    if ending.reason is Reason.HANG_UP:
        return _HANG_UP[ending.side]
    if ending.side is Side.ADMINISTRATOR and ending.reason in _BY_ADMINISTRATOR:
        return "apiInitiatedTeardown"
    return _REASONS[ending.reason]


def record_of(stored: StoredEvent) -> CallRecord | None:
    """The record that tells of an event; None: no record does."""
    made = _made(stored.event)
    if made is None:
        return None
    kind, subject, id, fields = made
    nested = fared(stored.event.quality) if isinstance(stored.event, LegEnded) else ()
    return CallRecord(kind, stored.at, subject, id, fields, nested)


def rendered(record: CallRecord, record_index: int, correlator_index: int) -> str:
    """The record element as a receiver gets it. record_index counts from 1, correlator_index from 0."""
    time = record.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    children = tuple(Node(name, text) for name, text in record.fields) + record.nested
    subject = render(Node(record.subject, children, (("id", record.id),)))
    head = f'type="{record.kind}" time="{time}" recordIndex="{record_index}" correlatorIndex="{correlator_index}"'
    return f"<record {head}>\n{subject}</record>\n"


def _made(event: Event) -> tuple[str, str, str, Subject] | None:
    match event:
        case MeetingStarted():
            tenant: Subject = (("tenant", event.tenant),) if event.tenant else ()
            space: Subject = (("coSpace", event.space),) if event.kind == SPACE_MEETING else ()
            fields: Subject = (
                ("name", event.name),
                ("callType", CALL_TYPES.get(event.kind, "coSpace")),
                *space,
                *tenant,
                ("callCorrelator", event.meeting),
            )
            return "callStart", "call", event.meeting, fields
        case MeetingEnded():
            fields = (
                ("callLegsCompleted", str(event.legs_completed)),
                ("callLegsMaxActive", str(event.legs_most)),
                ("durationSeconds", str(int(event.duration))),
            )
            return "callEnd", "call", event.meeting, fields
        case LegArrived():
            return "callLegStart", "callLeg", event.leg, _arrived(event)
        case LegConnected():
            if not event.at_ivr:
                return None  # joining a call says "connected" soon enough
            return "callLegUpdate", "callLeg", event.leg, (("state", "connected"), ("ivr", None))
        case ParticipantJoined():
            fields = (
                ("state", "connected"),
                ("call", event.meeting),
                ("deactivated", _boolean(event.deactivated)),
                ("groupId", event.participant),
            )
            return "callLegUpdate", "callLeg", event.leg, fields
        case LegDeactivated() | LegActivated():
            waits = isinstance(event, LegDeactivated)
            fields = (("call", event.meeting), ("deactivated", _boolean(waits)))
            return "callLegUpdate", "callLeg", event.leg, fields
        case LegEnded():
            return "callLegEnd", "callLeg", event.leg, _ended(event)
    return None


def _arrived(event: LegArrived) -> Subject:
    fields: list[tuple[str, str | None]] = [
        ("remoteParty", event.caller),
        ("localAddress", event.dialled),
        ("displayName", event.display_name),
        ("remoteAddress", event.remote_address),
        ("type", LEG_TYPES.get(event.kind, ACANO)),
        ("direction", event.direction),
    ]
    if event.owner:
        fields.append(("ownerId", event.owner))
    if event.sip_call_id:
        fields.append(("sipCallId", event.sip_call_id))
    return tuple(fields)


def _ended(event: LegEnded) -> Subject:
    fields: list[tuple[str, str | None]] = [
        ("reason", cdr_reason(event.ending)),
        ("remoteTeardown", _boolean(event.ending.side is Side.REMOTE)),
        ("durationSeconds", str(int(event.duration))),
        ("activatedDuration", str(int(event.active_duration))),
    ]
    if event.connected:
        fields.append(("encryptedMedia" if event.encrypted_media else "unencryptedMedia", "true"))
    return tuple(fields)


def _boolean(value: bool) -> str:
    return "true" if value else "false"
