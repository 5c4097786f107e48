"""Every ending is whose doing x reason; SIP status, CDR reason, log line and metric derive from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Whose doing."""

    REMOTE = "remote"  # the far end
    LOCAL = "local"  # this server, by its rules
    ADMINISTRATOR = "administrator"  # somebody by an API or the command line
    HOST = "host"  # somebody in the meeting


class Reason(StrEnum):
    HANG_UP = "hang-up"  # REMOTE: BYE; ADMINISTRATOR, HOST: dropped
    CANCELLED = "cancelled"  # the caller gave up before an answer
    UNKNOWN_DESTINATION = "unknown-destination"
    NOT_MEMBER = "not-member"  # the space is closed to non-members; outside it looks unknown
    NO_COMMON_CODEC = "no-common-codec"
    WRONG_PIN = "wrong-pin"  # or a link that leads nowhere
    LOCKED_OUT = "locked-out"  # too many wrong PINs before; outside it looks like a wrong PIN
    UNKNOWN_CALL_ID = "unknown-call-id"  # at the IVR; outside it looks like a wrong PIN
    NO_INPUT = "no-input"
    PARTICIPANT_LIMIT = "participant-limit"
    TENANT_LIMIT = "tenant-limit"
    SYSTEM_LIMIT = "system-limit"
    DEACTIVATED = "deactivated"  # the last activator left and the leg's mode says disconnect
    MEETING_ENDED = "meeting-ended"
    SPACE_DELETED = "space-deleted"
    TOO_LONG = "too-long"  # max_duration of the leg
    MEDIA_DEAD = "media-dead"
    MEDIA_FAILED = "media-failed"  # no port, no worker
    NO_ACK = "no-ack"  # our answer, or our ringing where it had to be, was never acknowledged
    TRANSPORT_FAILED = "transport-failed"
    SESSION_EXPIRED = "session-expired"  # nobody refreshed the call in time (SIP session timer)
    SHUTDOWN = "shutdown"
    ENCRYPTION_REQUIRED = "encryption-required"  # plain RTP where the door asks for SRTP
    ENTRY_RESTRICTED = "entry-restricted"  # only proven or invited people come in; outside it looks unknown
    # Of calls that we make:
    BUSY = "busy"
    DECLINED = "declined"  # the far end will not take the call
    NOT_CONFIRMED = "not-confirmed"  # it was answered, but nobody pressed a key to come in
    NO_ANSWER = "no-answer"  # REMOTE: it says so; LOCAL: it rang for too long
    UNREACHABLE = "unreachable"  # no such number there, or the next hop is silent, broken or ourselves
    LOOP = "loop"  # the call has been here before, or its next hop is ourselves
    TOO_MANY_HOPS = "too-many-hops"  # it was passed on as often as it may be
    NAME_UNKNOWN = "name-unknown"  # the next hop's name has no address


@dataclass(frozen=True, slots=True)
class Ending:
    side: Side
    reason: Reason
