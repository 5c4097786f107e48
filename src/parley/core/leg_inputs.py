"""What a leg is told and what it asks for: the seam between a door, the rules of entry and a meeting.

`Leg.handle(input, now) -> list[Effect]`, `Leg.next_deadline() -> float | None`. No word of SIP comes in here:
a door turns INVITE into Offered, ACK into Confirmed, BYE into RemoteEnded.
"""

from __future__ import annotations

from dataclasses import dataclass

from .admission import Candidates, Verdict
from .dialplan import Address, Ivr
from .endings import Ending
from .events import Event
from .ids import AccessMethodId, LegId, SpaceId, TenantId
from .meeting_inputs import LegNews
from .secret import Secret


@dataclass(frozen=True, slots=True)
class AudioCodec:
    """name "opus" (clock 48000) or "pcmu" (clock 8000)."""

    name: str
    payload_type: int
    clock_rate: int


@dataclass(frozen=True, slots=True)
class LegAudio:
    """One leg's negotiated audio; replaced whole when the far end re-negotiates."""

    remote_host: str
    remote_port: int
    codec: AudioCodec
    dtmf_payload_type: int | None = None
    dtmf_clock_rate: int = 8000
    packet_ms: int = 20
    sends: bool = True  # we may send
    receives: bool = True  # we expect packets: False while the far end holds


@dataclass(frozen=True, slots=True)
class EntrySettings:
    """How entry behaves; seconds."""

    language: str = "en"
    no_input_timeout: float = 10.0  # silence after a prompt that must be answered
    digit_timeout: float = 10.0  # silence after a digit: what was typed so far counts
    stay_limit: float = 600.0  # nobody stands at the entrance longer
    tries: int = 3
    digits_most: int = 32


# --- inputs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offered:
    """Somebody calls. caller and dialled are URIs without parameters; source is the network address."""

    address: Address
    caller: str
    dialled: str
    display_name: str
    source: str
    local_address: str
    audio: LegAudio
    encrypted_signalling: bool = False
    kind: str = "sip"
    sip_call_id: str = ""


@dataclass(frozen=True, slots=True)
class UnknownTarget:
    """The address leads nowhere."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Answer to Resolve."""

    target: UnknownTarget | Candidates | Ivr


@dataclass(frozen=True, slots=True)
class MediaOpened:
    """Answer to OpenMedia."""

    port: int


@dataclass(frozen=True, slots=True)
class MediaFailed:
    """Answer to OpenMedia: no port or no worker."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The far end has confirmed our answer (SIP: ACK)."""


@dataclass(frozen=True, slots=True)
class Digit:
    digit: str


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """All prompts of that Play have been heard."""

    play: int


@dataclass(frozen=True, slots=True)
class CallIdResolved:
    """Answer to ResolveCallId; None: no space has it (the caller is not told)."""

    candidates: Candidates | None


@dataclass(frozen=True, slots=True)
class PinJudged:
    """Answer to JudgePin."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class News:
    """The meeting speaks to the leg."""

    news: LegNews


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """The far end re-negotiated (hold, new address, new codec)."""

    audio: LegAudio


@dataclass(frozen=True, slots=True)
class MediaDied:
    """Media was expected and none came for too long, or its worker died."""


@dataclass(frozen=True, slots=True)
class RemoteEnded:
    """The far end ended the call, or its transport failed."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class Drop:
    """Somebody of ours ends the leg while it is in no meeting (administrator, shutdown)."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class LegTick:
    """The time asked for by next_deadline has come."""


LegInput = (
    Offered
    | Resolved
    | MediaOpened
    | MediaFailed
    | Confirmed
    | Digit
    | PlayEnded
    | CallIdResolved
    | PinJudged
    | News
    | MediaChanged
    | MediaDied
    | RemoteEnded
    | Drop
    | LegTick
)

# --- effects -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resolve:
    """Ask where the address leads; answered by Resolved."""

    address: Address


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the call before it was answered; closes nothing, for nothing was opened or it is told so."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Open a media port for this leg; answered by MediaOpened or MediaFailed. space: chosen already, or None."""

    audio: LegAudio
    local_address: str
    space: SpaceId | None


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer the call with our media port."""

    port: int


@dataclass(frozen=True, slots=True)
class ChangeMedia:
    """Hand re-negotiated audio to the engine, then accept the far end's offer."""

    audio: LegAudio


@dataclass(frozen=True, slots=True)
class Play:
    """Play prompts; answered by PlayEnded(play) unless replaced or stopped."""

    play: int
    prompts: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class StopPlaying:
    pass


@dataclass(frozen=True, slots=True)
class ResolveCallId:
    """Ask which space a typed call ID names, within the IVR's tenant; answered by CallIdResolved."""

    ivr: Ivr
    call_id: str


@dataclass(frozen=True, slots=True)
class JudgePin:
    """Count the attempt and judge the PIN; answered by PinJudged. candidates None: an unknown call ID."""

    candidates: Candidates | None
    pin: Secret
    source: str


@dataclass(frozen=True, slots=True)
class JoinMeeting:
    """Ask the space's meeting (created if need be) for a place; answered by News."""

    space: SpaceId
    tenant: TenantId | None
    access_method: AccessMethodId


@dataclass(frozen=True, slots=True)
class LeaveMeeting:
    """Tell the meeting that the leg is gone. Follows a JoinMeeting even when both are in flight."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class HangUp:
    """End an answered call (SIP: BYE)."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class CloseMedia:
    pass


@dataclass(frozen=True, slots=True)
class RecordLeg:
    """Journal class."""

    event: Event


@dataclass(frozen=True, slots=True)
class LegFinished:
    """The leg is over; forget it."""

    leg: LegId


LegEffect = (
    Resolve
    | Reject
    | OpenMedia
    | Accept
    | ChangeMedia
    | Play
    | StopPlaying
    | ResolveCallId
    | JudgePin
    | JoinMeeting
    | LeaveMeeting
    | HangUp
    | CloseMedia
    | RecordLeg
    | LegFinished
)
