"""What happened, in the words of this system: the material of call records and of the event log.

Events are values without time; the journal stamps UTC as it writes them. `number` is the running number
of a leg on this server, from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from .endings import Ending, Reason
from .ids import LegId, MeetingId, OccurrenceId, ParticipantId, SpaceId, TenantId
from .quality import QualitySummary, QualityWindow

SPACE_MEETING = "space"
AD_HOC_MEETING = "ad-hoc"  # of those who are called into it, in no space that is kept
FORWARDING_MEETING = "forwarding"  # of a caller and the one he is put through to, in a space of this call alone


@dataclass(frozen=True, slots=True)
class LegArrived:
    """A leg was offered to us (SIP: INVITE), or we begin to call somebody (direction outgoing).

    caller is the far end's URI and dialled ours, both without parameters, whoever calls whom.
    """

    leg: LegId
    number: int
    kind: str  # "sip"
    caller: str  # sip:2000@example.com
    dialled: str
    display_name: str
    remote_address: str
    local_address: str
    encrypted_signalling: bool
    sip_call_id: str = ""
    direction: str = "incoming"  # or outgoing
    owner: str = ""  # what whoever asked for the call wants to know it by


@dataclass(frozen=True, slots=True)
class LegConnected:
    """The leg was answered and stands at an entry prompt or before the meeting (IVR: no space yet)."""

    leg: LegId
    number: int
    at_ivr: bool


@dataclass(frozen=True, slots=True)
class PromptUnanswered:
    """The first entry prompt ended without a digit."""

    leg: LegId
    number: int


@dataclass(frozen=True, slots=True)
class PinRefused:
    """A PIN fitted no door. Never carries the PIN."""

    leg: LegId
    number: int
    reason: Reason
    space: SpaceId | None
    source: str  # network address counted against


@dataclass(frozen=True, slots=True)
class EntryRefused:
    """A browser's link or passcode fitted no door; there is no leg yet. Never carries either."""

    reason: Reason
    space: SpaceId | None
    source: str  # network address counted against


@dataclass(frozen=True, slots=True)
class EntryLockedOut:
    """A space or a source has reached its bound of wrong PINs."""

    space: SpaceId | None
    source: str | None


@dataclass(frozen=True, slots=True)
class MeetingStarted:
    meeting: MeetingId
    space: SpaceId
    name: str
    tenant: TenantId | None
    kind: str = SPACE_MEETING


@dataclass(frozen=True, slots=True)
class ParticipantJoined:
    """A leg became part of a meeting. `deactivated`: it waits."""

    meeting: MeetingId
    participant: ParticipantId
    leg: LegId
    space: SpaceId
    space_name: str
    uri: str  # caller without scheme: 2000@example.com
    deactivated: bool
    encrypted_media: bool


@dataclass(frozen=True, slots=True)
class UnencryptedMediaPresent:
    """The first leg with plain RTP became part of the meeting."""

    meeting: MeetingId
    name: str


@dataclass(frozen=True, slots=True)
class LegDeactivated:
    """The leg begins to wait: neither seen nor heard, and it sees and hears nobody."""

    meeting: MeetingId
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegActivated:
    """The leg waits no longer."""

    meeting: MeetingId
    leg: LegId


@dataclass(frozen=True, slots=True)
class ParticipantLeft:
    meeting: MeetingId
    participant: ParticipantId
    leg: LegId
    space: SpaceId
    space_name: str
    uri: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    """Seconds: connected since arrival (0 if never answered), active in the meeting. quality: None: not measured."""

    leg: LegId
    number: int
    ending: Ending
    connected: bool
    duration: float
    active_duration: float
    encrypted_media: bool
    quality: QualitySummary | None = None


@dataclass(frozen=True, slots=True)
class LegQuality:
    """How the leg's media fared, window by window. since: seconds of earlier windows of this leg."""

    leg: LegId
    number: int
    since: float
    windows: tuple[QualityWindow, ...]


@dataclass(frozen=True, slots=True)
class MeetingEnded:
    meeting: MeetingId
    legs_completed: int
    legs_most: int
    duration: float  # seconds


@dataclass(frozen=True, slots=True)
class AdministratorActed:
    """An API or command-line user created or changed something live."""

    source: str
    name: str
    verb: str  # "created new call" | "modified call" ...
    subject: str


@dataclass(frozen=True, slots=True)
class AttendeeCalled:
    """How one try to call an invited person at the start of a conference went. result: a word of CallResult."""

    occurrence: OccurrenceId
    number: str  # of the conference
    target: str
    result: str
    tries: int


Event = (
    LegArrived
    | LegConnected
    | PromptUnanswered
    | PinRefused
    | EntryRefused
    | EntryLockedOut
    | MeetingStarted
    | ParticipantJoined
    | UnencryptedMediaPresent
    | LegDeactivated
    | LegActivated
    | ParticipantLeft
    | LegEnded
    | LegQuality
    | MeetingEnded
    | AdministratorActed
    | AttendeeCalled
)
