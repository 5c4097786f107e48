"""The one message schema between control and a media worker.

Frames are 4 bytes of big-endian length and one msgpack-encoded message, over a UNIX stream socket.
Four kinds: request (control asks, carries `id`), response (the same `id`), notification (the worker tells)
and log. Durations are milliseconds, levels are dBov (0 loudest, -127 silence), all legs and meetings are named
by opaque strings. A worker never blocks on this channel: reliable notifications carry `seq` and are kept
until `Ack`ed; statistics and levels are coalesced, latest wins.
"""

from __future__ import annotations

from typing import Any

import msgspec

SCHEMA = 2
MAX_FRAME = 4 << 20
QUALITY_SECONDS = 5


class Message(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Common base; the class name is the tag on the wire."""


# --- values ---------------------------------------------------------------------------------------


class Codec(msgspec.Struct, frozen=True, kw_only=True):
    """What one leg speaks, the same in both directions."""

    name: str  # "opus" | "g722" | "pcmu" | "pcma"
    payload_type: int
    clock_rate: int  # RTP clock: 48000 for opus (RFC 7587), 8000 for the others


class WebRemote(msgspec.Struct, frozen=True, kw_only=True):
    """The far end of a WebRTC transport, out of its offer. A new ufrag restarts ICE; the keys of SRTP stay.

    Empty ufrag, password and fingerprint: not known yet, as nobody has answered our offer.
    """

    ufrag: str
    password: str
    fingerprint: str  # SHA-256, "AB:CD:..."
    setup: str  # "actpass" | "active": we are the DTLS server either way
    level_extension: int | None = None  # id of the RFC 6464 header extension

    def __repr__(self) -> str:
        return f"WebRemote(ufrag={self.ufrag!r})"  # the password is nobody's to read


class WebLocal(msgspec.Struct, frozen=True, kw_only=True):
    """Our end: ICE-lite, setup passive, one UDP port for all browsers of a worker."""

    port: int
    ufrag: str
    password: str
    fingerprint: str
    addresses: tuple[str, ...]

    def __repr__(self) -> str:
        return f"WebLocal(port={self.port}, ufrag={self.ufrag!r})"


class SrtpKeys(msgspec.Struct, frozen=True, kw_only=True):
    """SRTP and SRTCP of a phone's leg (RFC 4568): the keys with their salts behind them, one for each direction.

    An equal key in the next SetMedia goes on where it was; another one starts anew.
    """

    suite: str  # "AES_CM_128_HMAC_SHA1_80" | "AES_CM_128_HMAC_SHA1_32" | "AEAD_AES_128_GCM"
    theirs: bytes
    ours: bytes

    def __repr__(self) -> str:
        return f"SrtpKeys(suite={self.suite!r})"  # the keys are nobody's to read


class DtlsRemote(msgspec.Struct, frozen=True, kw_only=True):
    """The far end of DTLS-SRTP on a phone's own ports (RFC 5763), without ICE."""

    fingerprint: str = ""  # SHA-256, "AB:CD:..."; empty: not known yet, as nobody has answered our offer
    client: bool = False  # we begin the handshake


class LegMedia(msgspec.Struct, frozen=True, kw_only=True):
    """One leg's negotiated audio. Replaced whole by a re-INVITE.

    web: the leg is a browser's. remote_host and remote_port are then empty: packets go where ICE says.
    srtp: nothing plain is sent or believed any more. dtls: nor here, and the keys are agreed by a handshake.
    payload_type_in, dtmf_payload_type_in: what the far end sends with, where it is another than we send with; theirs of
    the codec and of dtmf_payload_type are then understood as well, unless they mean the other one there.
    packet_ms: 10, 20, ... 60, of what we send; what comes may be cut in any way. rtcp_mux: RTCP goes where RTP goes
    (RFC 5761), else to rtcp_port (RFC 3605; None: the next one).
    """

    remote_host: str
    remote_port: int  # where to send until packets arrive and symmetric RTP (RFC 4961) latches
    codec: Codec
    dtmf_payload_type: int | None = None  # RFC 4733; None: the peer did not offer it
    dtmf_clock_rate: int = 8000
    packet_ms: int = 20
    sends: bool = True  # we may send to the peer (the peer is not inactive/sendonly)
    receives: bool = True  # we expect packets; False while the peer holds, and then silence is not death
    web: WebRemote | None = None
    srtp: SrtpKeys | None = None
    dtls: DtlsRemote | None = None
    rtcp_mux: bool = False
    rtcp_port: int | None = None
    payload_type_in: int | None = None
    dtmf_payload_type_in: int | None = None


class AgreedKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What a handshake of DTLS has come to: whoever goes on with the leg needs no other one."""

    fingerprint: str  # of the far end
    keys: SrtpKeys


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a phone's incoming stream stands: what a worker must know to go on with it."""

    source: tuple[str, int] | None = None  # where its RTP comes from
    reports_from: tuple[str, int] | None = None  # and its RTCP
    agreed: AgreedKeys | None = None
    heard: dict[int, int] = {}  # with SRTP: highest sequence number, counted over its turns, by SSRC
    reports: dict[int, int] = {}  # with SRTCP: highest counter, by SSRC


class LegPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan says of one leg: policy, never per pair of legs."""

    leg: str
    contributes: bool = False  # others may hear it
    receives: bool = False  # it hears the mix of its group
    gain: float = 1.0
    agc: bool = False  # besides `gain`: bring its voice to the common level
    group: str = "main"  # mix group; legs of different groups do not hear one another
    announcement: str | None = None  # prompt played on entering this state, instead of the mix
    language: str = "en"
    repeat_ms: int | None = None  # pause between repetitions of the announcement; None: once
    brand: str = ""  # whose prompts, of those loaded; those it lacks are the built-in ones
    echo_ms: int | None = None  # it hears what it said so long ago, instead of the mix; at most 10 000


# --- requests (control -> worker), each answered by Done, LegOpened, Dump or Failed -----------------


class Configure(Message, frozen=True, kw_only=True):
    """First request on a channel; the worker is useless before it.

    On a later channel it must fit what the worker lives by: schema, version, the browsers' sockets, and, while legs are
    open, the ports. Else it is refused, and the worker is of no use to this control.
    """

    id: int
    schema: int = SCHEMA
    port_low: int
    port_high: int
    loudest: int = 4  # how many voices are mixed at most
    dead_after_ms: int = 30_000  # no RTP and no RTCP for so long, though expected: MediaDead
    web_listen: tuple[str, ...] = ()  # numeric addresses of the one UDP socket for browsers; none: no browsers
    web_port: int = 0  # of that socket; 0: any free one
    web_addresses: tuple[str, ...] = ()  # host candidates to tell; none: the addresses that are listened on
    version: str = ""  # of control
    outlive_ms: int = 0  # how long the worker goes on without a channel; 0: it ends with the channel


class OpenLeg(Message, frozen=True, kw_only=True):
    """Open an even RTP port (RTCP on the next odd one) on `local`. Answered by LegOpened, which with media.dtls
    tells our fingerprint in `web`.

    With media.web nothing is opened but a place on the browsers' socket; `local` is empty.
    """

    id: int
    leg: str
    local: str  # numeric address to bind, IPv4 or IPv6
    media: LegMedia
    port: int = 0  # this one and no other: the leg had it in a worker that died; 0: any of the range
    stream: StreamState | None = None  # and this is how far it was


class SetMedia(Message, frozen=True, kw_only=True):
    """Replace one leg's negotiated media; the port stays. Answered by Done, of a browser's leg by LegOpened."""

    id: int
    leg: str
    media: LegMedia


class CloseLeg(Message, frozen=True, kw_only=True):
    """Close the port and forget the leg. Unknown legs are Done too."""

    id: int
    leg: str


class Play(Message, frozen=True, kw_only=True):
    """Play prompts one after another to one leg, replacing what plays; ends with PlayEnded(play)."""

    id: int
    leg: str
    play: int  # the caller's number for this playing, echoed in PlayEnded
    prompts: tuple[str, ...]
    language: str = "en"
    brand: str = ""  # as in LegPlan


class StopPlaying(Message, frozen=True, kw_only=True):
    """Stop at once what Play started; no PlayEnded follows."""

    id: int
    leg: str


class SendDigits(Message, frozen=True, kw_only=True):
    """Press keys for the far end of one leg, after those asked for before (RFC 4733).

    Waits while the leg may not be sent to; nothing is sent to a far end that takes no telephone-events. Answered by
    Done as soon as they are queued, else by Failed: unknown-leg, bad-request.
    """

    id: int
    leg: str
    digits: str  # 0-9 * # A-D, and a comma for a pause of 2 s
    ms: int = 160  # of one key, 40 to 2000


class Announce(Message, frozen=True, kw_only=True):
    """Lay a prompt over the mix that these legs of a meeting hear, once. Others hear nothing of it.

    A leg hears one such sound at a time, the next one after it; too many in waiting are left out. Legs that are not
    in the meeting, and a meeting that is not there, are passed over.
    """

    id: int
    meeting: str
    prompt: str
    legs: tuple[str, ...]
    language: str = "en"
    brand: str = ""  # as in LegPlan


class LoadPrompts(Message, frozen=True, kw_only=True):
    """All prompts that a brand has of its own, in every language; replaces what it had, none: the brand is forgotten.

    files: prompt name to the path of its sound, 48 kHz mono 16 bit little-endian without a header. May be repeated
    at any time, to a new worker too; what plays goes on with what it began with.
    """

    id: int
    brand: str
    files: dict[str, str]


class SetPlan(Message, frozen=True, kw_only=True):
    """The whole desired state of one meeting. A lower or equal number than the last seen is ignored.

    Legs of the meeting that are not in `legs` leave it: they hear silence and are heard by nobody.
    A plan may name a leg that is not open: it left meanwhile, or it is in its place once it is opened or taken.
    """

    id: int
    meeting: str
    number: int
    legs: tuple[LegPlan, ...]


class DropMeeting(Message, frozen=True, kw_only=True):
    """Forget a meeting; its legs stay open and hear silence."""

    id: int
    meeting: str


class Ping(Message, frozen=True, kw_only=True):
    """Answered by Done; no answer for 2 s is death."""

    id: int


class GetDump(Message, frozen=True, kw_only=True):
    """Answered by Dump: the worker's whole state as plain values, for operators and tests."""

    id: int


class GetFound(Message, frozen=True, kw_only=True):
    """Asked by a control that takes a worker over. Answered by Found; plan numbers begin anew."""

    id: int


class GiveLeg(Message, frozen=True, kw_only=True):
    """Pass a phone's leg, with its sockets, to the worker whose place is `to`. Answered by Done, when it is no more
    here, or Failed (not-taken), when it still is. The other worker has it from TakeLeg on."""

    id: int
    leg: str
    to: str


class TakeLeg(Message, frozen=True, kw_only=True):
    """Go on with a leg that another worker has given. Answered by LegOpened, or Failed (unknown-leg)."""

    id: int
    leg: str


class Keep(Message, frozen=True, kw_only=True):
    """Close every other leg, drop every other meeting."""

    id: int
    legs: tuple[str, ...]
    meetings: tuple[str, ...]


class Shutdown(Message, frozen=True, kw_only=True):
    """End now, with every port. Not answered; the channel closes."""


class Ack(Message, frozen=True, kw_only=True):
    """Every reliable notification up to and including `seq` has been taken."""

    seq: int


# --- responses --------------------------------------------------------------------------------------


class Done(Message, frozen=True, kw_only=True):
    id: int


class LegOpened(Message, frozen=True, kw_only=True):
    id: int
    port: int
    web: WebLocal | None = None  # of a browser's leg; of a phone's with DTLS the fingerprint alone


class FoundLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A leg that is open already: what OpenLeg and SetMedia once said of it, and its port."""

    local: str
    port: int
    media: LegMedia


class Found(Message, frozen=True, kw_only=True):
    id: int
    legs: dict[str, FoundLeg]
    meetings: tuple[str, ...]


class Dump(Message, frozen=True, kw_only=True):
    id: int
    state: dict[str, Any]


class Failed(Message, frozen=True, kw_only=True):
    """The request changed nothing. `code`: no-port, bad-address, unknown-leg, unknown-prompt, bad-file, not-taken,
    bad-request."""

    id: int
    code: str
    text: str


# --- notifications (worker -> control) ----------------------------------------------------------------


class DigitHeard(Message, frozen=True, kw_only=True):
    """One RFC 4733 digit, told once per key press at its first packet."""

    seq: int
    leg: str
    digit: str  # 0-9 * # A-D


class PlayEnded(Message, frozen=True, kw_only=True):
    """Everything that Play named has been sent to the leg."""

    seq: int
    leg: str
    play: int


class MediaReady(Message, frozen=True, kw_only=True):
    """A browser's address has been checked and its DTLS handshake is done: sound flows. Told once a leg."""

    seq: int
    leg: str


class MediaDead(Message, frozen=True, kw_only=True):
    """Nothing was received from the leg for `silent_ms` though media was expected. Told once per silence."""

    seq: int
    leg: str
    silent_ms: int


class LossRuns(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Bursts of loss and the gaps between them (RFC 3611 section 4.7.2, Gmin 16), in packets.

    burst_packets, gap_packets: lost ones and those that came. packet_ms: of sound in one packet.
    """

    bursts: int = 0
    burst_packets: int = 0
    burst_lost: int = 0
    gaps: int = 0
    gap_packets: int = 0
    gap_lost: int = 0
    packet_ms: float = 20.0


class LegStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Totals since the leg opened, except where said."""

    codec: str
    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    jitter_ms: float = 0.0  # RFC 3550 6.4.1, now
    buffer_ms: float = 0.0  # now
    concealed_ms: int = 0
    level: int = -127  # dBov of what the leg sent, now
    round_trip_ms: float | None = None  # by RTCP, as last measured; what a tick rounds is in it
    far_lost: int = 0  # of the packets that we sent, as the far end counts
    far_loss_percent: float = 0.0  # the same, of late
    far_jitter_ms: float = 0.0
    gain: float = 0.0  # dB that it is turned up or down by in the mix, now
    losses: LossRuns = LossRuns()


class LegQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One leg in one window: what came and went in it, and how things stood at its end."""

    codec: str
    seconds: float = QUALITY_SECONDS  # shorter for a leg that was opened in it
    received: int = 0  # packets
    lost: int = 0
    sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    jitter_ms: float = 0.0
    buffer_ms: float = 0.0
    level: int = -127  # dBov, mean power over the window of what was listened to
    concealed_ms: int = 0
    round_trip_ms: float | None = None
    far_loss_percent: float = 0.0
    bursts: int = 0  # of loss that began in it
    burst_ms: int = 0  # of bursts, in it
    burst_lost: int = 0


class Quality(Message, frozen=True, kw_only=True):
    """Coalesced, every QUALITY_SECONDS: every open leg."""

    legs: dict[str, LegQuality]


class Statistics(Message, frozen=True, kw_only=True):
    """Coalesced, about once a second: every open leg. streams: of phones."""

    legs: dict[str, LegStatistics]
    streams: dict[str, StreamState] = {}


class Speakers(Message, frozen=True, kw_only=True):
    """Coalesced, at most ten a second and only on change: who is in the mix now, loudest first."""

    meeting: str
    legs: tuple[str, ...]


class Health(Message, frozen=True, kw_only=True):
    """Coalesced, about once a second: how the audio thread keeps its time."""

    ticks: int
    late_ticks: int  # ticks begun more than 5 ms late
    worst_late_ms: float
    busy_ratio: float  # share of the last second spent working


class Log(Message, frozen=True, kw_only=True):
    """A line for the server's log; dropped and counted when control is slow."""

    level: str
    text: str
    dropped: int = 0


Request = (
    Configure
    | OpenLeg
    | SetMedia
    | CloseLeg
    | Play
    | StopPlaying
    | SendDigits
    | Announce
    | LoadPrompts
    | SetPlan
    | DropMeeting
    | Ping
    | GetDump
    | GetFound
    | GiveLeg
    | TakeLeg
    | Keep
    | Shutdown
    | Ack
)
Response = Done | LegOpened | Found | Dump | Failed
Reliable = DigitHeard | PlayEnded | MediaReady | MediaDead
Notification = Reliable | Statistics | Quality | Speakers | Health | Log

_encoder = msgspec.msgpack.Encoder()
_decode_request: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_decode_reply: msgspec.msgpack.Decoder[Response | Notification] = msgspec.msgpack.Decoder(Response | Notification)


def encode(message: Message) -> bytes:
    """One frame: length and body."""
    body = _encoder.encode(message)
    return len(body).to_bytes(4, "big") + body


def decode_request(body: bytes) -> Request:
    """Raises msgspec.ValidationError or DecodeError on anything outside the schema."""
    try:
        return _decode_request.decode(body)
    except UnicodeDecodeError:  # where the name of a member is no text, it is not turned into a DecodeError
        raise msgspec.DecodeError("not UTF-8") from None


def decode_reply(body: bytes) -> Response | Notification:
    """Raises msgspec.ValidationError or DecodeError on anything outside the schema."""
    try:
        return _decode_reply.decode(body)
    except UnicodeDecodeError:
        raise msgspec.DecodeError("not UTF-8") from None


class Framer:
    """Cuts a byte stream into frame bodies. Raises ValueError on a frame over MAX_FRAME."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        bodies: list[bytes] = []
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "big")
            if length > MAX_FRAME:
                raise ValueError(f"frame of {length} bytes")
            if len(self._buffer) < 4 + length:
                break
            bodies.append(bytes(self._buffer[4 : 4 + length]))
            del self._buffer[: 4 + length]
        return bodies
