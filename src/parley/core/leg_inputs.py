"""What a leg is told and what it asks for: the seam between a door, the rules of entry and a meeting.

`Leg.handle(input, now) -> list[Effect]`, `Leg.next_deadline() -> float | None`. No word of SIP comes in here:
a door turns INVITE into Offered, ACK into Confirmed, BYE into RemoteEnded. The same words serve a leg that we call
(`outgoing_leg`): it begins with Dial where a caller's begins with Offered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .admission import NOTHING_PROVEN, Candidates, Proof, Verdict
from .dialplan import Address, Echo, Ivr
from .endings import Ending
from .events import Event
from .forwarding import Passage
from .ids import AccessMethodId, LegId, SpaceId, TenantId, UserId
from .key_commands import KeyCommand, KeyMap
from .meeting_inputs import Entry, LegNews, Stay
from .outbound import Hop
from .profiles import Extras, LegSettings
from .secret import Secret


@dataclass(frozen=True, slots=True)
class AudioCodec:
    """name "opus" (clock 48000), or "g722", "pcmu" or "pcma" (clock 8000)."""

    name: str
    payload_type: int
    clock_rate: int


@dataclass(frozen=True, slots=True)
class WebRemote:
    """The far end of a WebRTC transport, out of its offer (RFC 8839, RFC 8122). setup: "actpass" or "active".

    level_extension: the id of the header extension that carries the audio level (RFC 6464); None: not offered.
    An empty ufrag, password and fingerprint: not known yet, as nobody has answered our offer.
    """

    ufrag: str
    password: Secret
    fingerprint: str  # "AB:CD:..." of SHA-256
    setup: str = "actpass"
    level_extension: int | None = None


@dataclass(frozen=True, slots=True)
class WebLocal:
    """Our end of a WebRTC transport, for the answer. We are ICE-lite and the DTLS server (setup passive)."""

    port: int
    ufrag: str
    password: Secret
    fingerprint: str  # as in WebRemote
    addresses: tuple[str, ...]  # host candidates, best first; the port is the same on all


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """The keys of a phone's SRTP, out of SDP (RFC 4568). Each secret is master key and salt in base64."""

    suite: str  # by its name there: "AES_CM_128_HMAC_SHA1_80" ...
    theirs: Secret
    ours: Secret


@dataclass(frozen=True, slots=True)
class DtlsRemote:
    """The far end of a phone's DTLS-SRTP (RFC 5763), which has neither ICE nor keys in SDP.

    fingerprint: as in WebRemote; empty: not known yet, as nobody has answered our offer. client: we begin the
    handshake.
    """

    fingerprint: str = ""
    client: bool = False


@dataclass(frozen=True, slots=True)
class LegAudio:
    """One leg's negotiated audio; replaced whole when the far end re-negotiates.

    web: the leg is a browser's; remote_host and remote_port then mean nothing. A new ufrag in it restarts ICE.
    payload_type_in, dtmf_payload_type_in: by which the far end sends them, where that is not by which we do.
    srtp, dtls: of a phone's leg, by where the keys come from; neither: plain RTP. rtcp_mux: RTCP goes where RTP goes;
    else to rtcp_port (None: the next one).
    """

    remote_host: str
    remote_port: int
    codec: AudioCodec
    dtmf_payload_type: int | None = None
    dtmf_clock_rate: int = 8000
    packet_ms: int = 20
    sends: bool = True  # we may send
    receives: bool = True  # we expect packets: False while the far end holds
    web: WebRemote | None = None
    srtp: SrtpKeys | None = None
    dtls: DtlsRemote | None = None
    rtcp_mux: bool = False
    rtcp_port: int | None = None
    payload_type_in: int | None = None
    dtmf_payload_type_in: int | None = None

    @property
    def encrypted(self) -> bool:
        """A browser's media always are (RFC 8827, 6.5), a phone's where keys were agreed."""
        return self.web is not None or self.srtp is not None or self.dtls is not None


BEEPS = "x-test"  # the language of trials: what is played is known by its tone


@dataclass(frozen=True, slots=True)
class EntrySettings:
    """How entry behaves; seconds."""

    language: str = "en"
    no_input_timeout: float = 10.0  # silence after a prompt that must be answered
    digit_timeout: float = 10.0  # silence after a digit: what was typed so far counts
    stay_limit: float = 600.0  # nobody stands at the entrance longer
    tries: int = 3
    digits_most: int = 32
    tells_alone: bool = False  # phones that come first into a meeting are told so
    says_farewell: bool = False  # and so are phones that are sent out of one, before they are hung up

    def spoken_to(self, wanted: str) -> str:
        """The language of somebody's prompts: the one asked for, but beeps for everybody where beeps are set."""
        return self.language if self.language == BEEPS else wanted or self.language


# --- inputs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offered:
    """Somebody calls. caller and dialled are URIs without parameters; source is the network address.

    asserted: who the caller is by the word of a network that we trust, as URIs; what callers say of themselves never
    stands here.
    language: what the caller wants to hear prompts in; empty: not said. passage: how the call came so far.
    plain: what encrypted `audio` could be instead, where encryption is prohibited; None: nothing.
    """

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
    user: UserId | None = None  # whose credentials the caller has proven to have
    asserted: tuple[str, ...] = ()
    language: str = ""
    plain: LegAudio | None = None
    passage: Passage = Passage()


@dataclass(frozen=True, slots=True)
class Granted:
    """A target whose door is open already: a browser has shown its link, passcode or membership before any media.

    entry: by which door, access method or membership. proof: who it is, as far as that is proven. stay: what it
    returns to (see meeting_inputs.Join). called: see JoinMeeting.
    """

    space: SpaceId
    tenant: TenantId | None
    entry: Entry
    proof: Proof = NOTHING_PROVEN
    stay: Stay | None = None
    called: bool = False


@dataclass(frozen=True, slots=True)
class UnknownTarget:
    """The address leads nowhere."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Answer to Resolve. proof: what is proven of the caller, where the target is Candidates."""

    target: UnknownTarget | Candidates | Ivr | Granted | Echo
    proof: Proof = NOTHING_PROVEN


@dataclass(frozen=True, slots=True)
class MediaOpened:
    """Answer to OpenMedia. web: our end of a browser's transport, or of a phone's DTLS (its fingerprint alone)."""

    port: int
    web: WebLocal | None = None


@dataclass(frozen=True, slots=True)
class MediaFailed:
    """Answer to OpenMedia: no port or no worker."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The far end has confirmed our answer (SIP: ACK; browser: its media path stands)."""


@dataclass(frozen=True, slots=True)
class Digit:
    digit: str


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """All prompts of that Play have been heard."""

    play: int


@dataclass(frozen=True, slots=True)
class CallIdResolved:
    """Answer to ResolveCallId; None: no space has it (the caller is not told). proof: as in Resolved."""

    candidates: Candidates | None
    proof: Proof = NOTHING_PROVEN


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
class MoveTo:
    """Leave the entrance or the meeting, and begin anew at this door. proof: as in Resolved."""

    target: Candidates | Ivr | Granted | Echo
    proof: Proof = NOTHING_PROVEN


@dataclass(frozen=True, slots=True)
class Resume:
    """To a leg of the life of the server before that stood at the entrance: ask the caller from the first question on.
    What was counted of him stands. proof: as in Resolved."""

    target: Candidates | Ivr | Echo
    proof: Proof = NOTHING_PROVEN


@dataclass(frozen=True, slots=True)
class KeysAre:
    """What keys mean in the meeting that the leg is in, or comes to, from now on."""

    keys: KeyMap


@dataclass(frozen=True, slots=True)
class LegTick:
    """The time asked for by next_deadline has come."""


# Of a leg that we call:


@dataclass(frozen=True, slots=True)
class Dial:
    """We call somebody, by these hops in order. remote and local are URIs without parameters.

    entry, settings, extras and admitted are of the leg that joins when somebody answers; ring_seconds: how long one
    hop has from the first attempt to the answer. keys: pressed for the far end as soon as it has answered.
    owner: as in LegArrived. confirmation: whoever answers is asked to press a key before he comes in, in this language
    and by this brand's prompt.
    """

    hops: tuple[Hop, ...]
    remote: str
    local: str
    space: SpaceId
    tenant: TenantId | None = None
    display_name: str = ""
    entry: Entry = Entry()
    settings: LegSettings = LegSettings()
    extras: Extras = field(default_factory=dict)
    admitted: bool = False
    ring_seconds: float = 45.0
    kind: str = "sip"
    sip_call_id: str = ""
    keys: str = ""
    owner: str = ""
    confirmation: bool = False
    language: str = ""
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """Answer to Reach: packets go to remote_host and leave from local_address.

    keys: "dtls", by which we shall offer them, or "web" for a page's media, which have no address yet; else empty.
    """

    local_address: str
    remote_host: str
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end alerts somebody (SIP: 180 or 183; what it may play meanwhile is not heard)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The far end took the call (SIP: 200, acknowledged already)."""

    audio: LegAudio


@dataclass(frozen=True, slots=True)
class CallFailed:
    """Answer to Reach or PlaceCall: nobody comes by this hop. Nothing of the attempt is left.

    elsewhere: URIs at which the far end says that the person can be had instead, best first.
    """

    ending: Ending
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirected:
    """Answer to FindElsewhere: hops that our own rules allow; empty: none."""

    hops: tuple[Hop, ...]


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
    | MoveTo
    | Resume
    | KeysAre
    | LegTick
    | Dial
    | Reached
    | Ringing
    | Answered
    | CallFailed
    | Redirected
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
    """Answer the call with our media port, or our end of a browser's transport. plain: with the offer's plain audio."""

    port: int
    web: WebLocal | None = None
    plain: bool = False


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
    brand: str = ""  # whose prompts; empty: the built-in ones


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
    proof: Proof = NOTHING_PROVEN


@dataclass(frozen=True, slots=True)
class JoinMeeting:
    """Ask the space's meeting (created if need be) for a place; answered by News.

    entry: by which door, where that is more than an access method. settings, extras, admitted, stay: see Join.
    called: we called this person, who therefore comes in where strangers may not. proof: what else is proven.
    """

    space: SpaceId
    tenant: TenantId | None
    access_method: AccessMethodId | None
    entry: Entry | None = None
    settings: LegSettings = LegSettings()
    extras: Extras = field(default_factory=dict)
    admitted: bool = False
    called: bool = False
    proof: Proof = NOTHING_PROVEN
    stay: Stay | None = None


@dataclass(frozen=True, slots=True)
class AskByKeys:
    """The caller asks for this by keys; answered by News: SelfMuted for the own mute, else KeysDone."""

    command: KeyCommand


@dataclass(frozen=True, slots=True)
class LeaveMeeting:
    """Tell the meeting that the leg is gone. Follows a JoinMeeting even when both are in flight."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class HearItself:
    """From now on, and but for prompts, the leg hears what it said so many seconds ago, and nothing else."""

    delay: float


@dataclass(frozen=True, slots=True)
class StopEcho:
    """Undoes HearItself."""


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


@dataclass(frozen=True, slots=True)
class Reach:
    """Find the way to this hop; answered by Reached or CallFailed."""

    hop: Hop


@dataclass(frozen=True, slots=True)
class FindElsewhere:
    """Ask by which hops these URIs may be called; answered by Redirected."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Call by the hop that was reached last, with our media port; answered by Ringing, Answered or CallFailed.

    web: as in MediaOpened.
    """

    port: int
    web: WebLocal | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End a call that is not answered (SIP: CANCEL); an answer that crosses it is hung up at once."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class SendKeys:
    """Press keys for the far end to hear; a comma is a pause."""

    keys: str


@dataclass(frozen=True, slots=True)
class ReportCall:
    """Tell whoever wished for the call how it went, once. None: somebody answered."""

    ending: Ending | None


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
    | AskByKeys
    | LeaveMeeting
    | HearItself
    | StopEcho
    | HangUp
    | CloseMedia
    | RecordLeg
    | LegFinished
    | Reach
    | FindElsewhere
    | PlaceCall
    | GiveUp
    | SendKeys
    | ReportCall
)
