"""Which SIP response or BYE reason tells an ending: one total table (RFC 3261 section 21, RFC 3326)."""

from __future__ import annotations

from ...core.endings import Ending, Reason

STATUS: dict[Reason, int] = {
    Reason.HANG_UP: 603,
    Reason.CANCELLED: 487,
    Reason.UNKNOWN_DESTINATION: 404,
    Reason.NOT_MEMBER: 404,  # outside it looks unknown
    Reason.NO_COMMON_CODEC: 488,
    Reason.WRONG_PIN: 403,
    Reason.LOCKED_OUT: 403,  # outside it looks like a wrong PIN
    Reason.UNKNOWN_CALL_ID: 403,  # outside it looks like a wrong PIN
    Reason.NO_INPUT: 480,
    Reason.PARTICIPANT_LIMIT: 486,
    Reason.TENANT_LIMIT: 486,
    Reason.SYSTEM_LIMIT: 503,
    Reason.DEACTIVATED: 480,
    Reason.MEETING_ENDED: 480,
    Reason.SPACE_DELETED: 410,
    Reason.TOO_LONG: 480,
    Reason.MEDIA_DEAD: 480,
    Reason.MEDIA_FAILED: 503,  # no port, no worker: later, or elsewhere
    Reason.NO_ACK: 408,
    Reason.TRANSPORT_FAILED: 503,
    Reason.SESSION_EXPIRED: 408,
    Reason.SHUTDOWN: 503,
    Reason.ENCRYPTION_REQUIRED: 488,
    Reason.ENTRY_RESTRICTED: 404,  # outside it looks unknown
    # Endings of calls that we make; a caller who is put through is told them.
    Reason.BUSY: 486,
    Reason.DECLINED: 603,
    Reason.NO_ANSWER: 480,
    Reason.NOT_CONFIRMED: 480,
    Reason.UNREACHABLE: 404,
    Reason.NAME_UNKNOWN: 404,
    Reason.LOOP: 482,
    Reason.TOO_MANY_HOPS: 483,
}


def status_of(ending: Ending) -> int:
    """The final response that refuses a call for this ending."""
    return STATUS[ending.reason]


# What a BYE may say of its cause; everything that must stay inside is left out.
_BYE_TEXT: dict[Reason, str] = {
    Reason.DEACTIVATED: "the host has left",
    Reason.MEETING_ENDED: "the meeting has ended",
    Reason.SPACE_DELETED: "the meeting has ended",
    Reason.PARTICIPANT_LIMIT: "the meeting is full",
    Reason.TENANT_LIMIT: "the meeting is full",
    Reason.TOO_LONG: "time is up",
    Reason.MEDIA_DEAD: "no media",
    Reason.SHUTDOWN: "server is stopping",
    Reason.ENCRYPTION_REQUIRED: "encrypted media is required",
}


def bye_headers(ending: Ending) -> list[tuple[str, str]]:
    """A Reason header (RFC 3326) where there is something that may be told."""
    text = _BYE_TEXT.get(ending.reason)
    return [("Reason", f'SIP;cause={STATUS[ending.reason]};text="{text}"')] if text else []


class Refused(Exception):
    """The INVITE is refused with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
