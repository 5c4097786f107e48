"""Offers and answers (RFC 3264) for one audio stream: pure functions over `sdp.Session`.

An answer keeps every m-line of its offer in order and refuses with port 0 what is not spoken.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from parley.wire.dtls_sdp import PROTOCOL, SECURE_BY_DTLS, Agreed, Dtls, answered, read_dtls, taken
from parley.wire.sdes import SECURE, Crypto, Keys, OurKeys, crypto_of, first_crypto
from parley.wire.sdp import Attribute, Codec, Connection, Direction, Media, Origin, Session

PCMU = Codec(0, "PCMU", 8000)
PCMA = Codec(8, "PCMA", 8000)
G722 = Codec(9, "G722", 8000)
OPUS = Codec(111, "opus", 48000, 2, "useinbandfec=1")
NOISE = Codec(13, "CN", 8000)  # RFC 3389
DEFAULT_PREFERENCES: tuple[Codec, ...] = (OPUS, PCMU)
# Plain RTP. Feedback profiles are answered in kind; their feedback is simply never sent.
DEFAULT_PROTOCOLS = frozenset({"RTP/AVP", "RTP/AVPF"})
BROADCAST = "255.255.255.255"
# Digits 0-9, *, #, A-D (RFC 4733 section 2.4.1).
DIGIT_EVENTS = "0-15"
PACKET_TIME = 20
PACKET_TIMES = (10, 20, 30, 40, 50, 60)  # what we send

_MIRROR: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


def mirrored(direction: Direction) -> Direction:
    """The same direction seen from the other end."""
    return _MIRROR[direction]


def narrowed(direction: Direction, ours: Direction) -> Direction:
    """What is left of a direction if we ourselves only want `ours`."""
    sends = direction in ("sendrecv", "sendonly") and ours in ("sendrecv", "sendonly")
    receives = direction in ("sendrecv", "recvonly") and ours in ("sendrecv", "recvonly")
    if sends and receives:
        return "sendrecv"
    return "sendonly" if sends else "recvonly" if receives else "inactive"


@dataclass(frozen=True, slots=True)
class Local:
    """Our end: where we receive RTP, and the numbers of our o= line. `session` stays for the life of a
    dialog.
    """

    address: str
    port: int
    session: int
    name: str = "-"

    def origin(self, previous: Session | None) -> Origin:
        """The o= line: its version grows with each description we send in a dialog."""
        version = previous.origin.version + 1 if previous else self.session
        return Origin("-", self.session, version, Connection.to(self.address))


@dataclass(frozen=True, slots=True)
class Audio:
    """What was agreed. Payload types are those that we send with, and the peer too unless `codec_in` or `events_in` is
    another that we offered (RFC 3264 sections 5.1 and 6.1). `remote` is where to send (None: nowhere, the peer holds by
    an all-zero address or named a host). `direction` is ours. `keys`: of SRTP; `dtls`: how they are to be agreed
    instead. `noise`: comfort noise may come. `rtcp_mux`: RTCP shares the port; else `rtcp_port` is where the peer takes
    it (None: the next one).
    """

    codec: Codec
    events: Codec | None
    remote: tuple[str, int] | None
    direction: Direction
    packet_time: int
    line: int
    keys: Keys | None = None
    noise: bool = False
    rtcp_mux: bool = False
    rtcp_port: int | None = None
    dtls: Agreed | None = None
    codec_in: int | None = None
    events_in: int | None = None

    @property
    def plain(self) -> bool:
        return self.keys is None and self.dtls is None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to send, and what it agrees to; `audio` is None if nothing was acceptable (answer 488
    instead).
    """

    session: Session
    audio: Audio | None


def choose(media: Media, preferences: Sequence[Codec]) -> Codec | None:
    """Our best liked format among those of a section, with the section's payload type; None if there is
    none.
    """
    offered = media.codecs()
    return next((codec for ours in preferences for codec in offered if codec.same_format(ours)), None)


def events_for(media: Media, codec: Codec) -> Codec | None:
    """The telephone-event format at the codec's clock rate; phones that offer it at one rate only (8000
    beside Opus is common) are taken at their word, because the alternative is no digits at all.
    """
    offered = [other for other in media.codecs() if other.name.lower() == "telephone-event"]
    return next((other for other in offered if other.clock == codec.clock), offered[0] if offered else None)


def make_answer(
    offer: Session,
    local: Local,
    *,
    preferences: Sequence[Codec] = DEFAULT_PREFERENCES,
    protocols: frozenset[str] = DEFAULT_PROTOCOLS,
    direction: Direction = "sendrecv",
    previous: Session | None = None,
    keys: OurKeys | None = None,
    secure: bool | None = None,
    fingerprint: str | None = None,
    began: bool = False,
) -> Answer:
    """Answer an offer: the first audio section with a codec of ours is taken, every other one refused.

    `direction` is what we ourselves want; `previous` our last description in this dialog.
    keys: for SRTP with keys in SDP, fingerprint: of our certificate, for SRTP with keys by DTLS; without it that is
    refused; began: we have begun its handshake in this call. secure: only SRTP, or only plain RTP; None takes both,
    SRTP first, wherever there is a way to its keys, in a plain section too (RFC 8643).
    """
    session = Session(local.origin(previous), local.name, Connection.to(local.address))
    ways = _Ways(
        secure is not True, keys is not None and secure is not False, fingerprint is not None and secure is not False
    )
    chosen = _choose_section(offer, preferences, protocols, ways)
    audio: Audio | None = None
    for line, media in enumerate(offer.media):
        if chosen is None or line != chosen.line:
            session.media.append(_refused(media))
            continue
        audio = _agreed(offer, media, line, chosen.codec, direction)
        if chosen.crypto is not None and keys is not None:
            audio = replace(audio, keys=Keys(chosen.crypto, keys.against(chosen.crypto)))
        own_dtls: Dtls | None = None
        if chosen.dtls is not None and fingerprint is not None:
            own_dtls, agreed = answered(chosen.dtls, fingerprint, began)
            audio = replace(audio, dtls=agreed)
        own = next((ours.fmtp for ours in preferences if ours.same_format(chosen.codec)), "")
        section = _answered(media, local, audio, own)
        if own_dtls is not None:
            section.attributes += own_dtls.attributes
        session.media.append(section)
    return Answer(session, audio)


class _Section(NamedTuple):
    line: int
    codec: Codec
    crypto: Crypto | None = None
    dtls: Dtls | None = None


class _Ways(NamedTuple):
    """What we may take: plain RTP, SRTP with keys in SDP, SRTP with keys by DTLS."""

    plain: bool
    sdes: bool
    dtls: bool


def _choose_section(
    offer: Session, preferences: Sequence[Codec], protocols: frozenset[str], ways: _Ways
) -> _Section | None:
    plain: _Section | None = None
    for line, media in enumerate(offer.media):
        codec = choose(media, preferences) if media.kind == "audio" and media.port else None
        if codec is None or media.protocol not in protocols | SECURE | SECURE_BY_DTLS:
            continue
        dtls = read_dtls(offer, media) if ways.dtls else None
        if dtls is not None:
            return _Section(line, codec, dtls=dtls)
        crypto = first_crypto(media) if ways.sdes and media.protocol not in SECURE_BY_DTLS else None
        if crypto is not None:
            return _Section(line, codec, crypto)
        if plain is None and media.protocol in protocols:
            plain = _Section(line, codec)
    return plain if ways.plain else None


def _refused(media: Media) -> Media:
    kept: list[Attribute] = [attribute for attribute in media.attributes if attribute[0] == "mid"]
    return Media(media.kind, 0, media.protocol, list(media.formats) or ["0"], attributes=kept)


def _agreed(theirs: Session, media: Media, line: int, codec: Codec, ours: Direction) -> Audio:
    connection = theirs.address_of(media)
    remote = None
    if connection is not None and not connection.unspecified and _is_one_host(connection.address) and media.port:
        remote = (connection.address, media.port)
    direction = narrowed(mirrored(theirs.direction_of(media)), ours)
    return Audio(
        codec,
        events_for(media, codec),
        remote,
        direction,
        packet_time(media),
        line,
        noise=codec.clock == NOISE.clock and any(other.same_format(NOISE) for other in media.codecs()),
        rtcp_mux=media.get("rtcp-mux") is not None,
        rtcp_port=media.rtcp_port,
    )


def packet_time(media: Media) -> int:
    """Milliseconds of sound to put into each packet for the one who described this: of ours the nearest to what he
    likes, and none beyond what he takes.
    """
    liked, most = media.ptime or PACKET_TIME, media.maxptime or PACKET_TIMES[-1]
    possible = [ours for ours in PACKET_TIMES if ours <= most] or PACKET_TIMES[:1]
    return min(possible, key=lambda ours: abs(ours - liked))


def _is_one_host(text: str) -> bool:
    """A numeric address, and not that of many hosts: nobody has us talk to a whole network."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not address.is_multicast and text != BROADCAST


def _answered(media: Media, local: Local, audio: Audio, own_fmtp: str) -> Media:
    codec, events = audio.codec, audio.events
    attributes = _described(Codec(codec.payload, codec.name, codec.clock, codec.channels, own_fmtp))
    formats = [str(codec.payload)]
    if events is not None:
        formats.append(str(events.payload))
        attributes += _described(Codec(events.payload, events.name, events.clock, 1, DIGIT_EVENTS))
    if audio.noise:
        formats.append(str(NOISE.payload))
        attributes += _described(NOISE)
    attributes.append(("ptime", str(audio.packet_time)))
    if audio.rtcp_mux:
        attributes.append(("rtcp-mux", None))
    attributes += [attribute for attribute in media.attributes if attribute[0] == "mid"]
    if audio.keys is not None:
        attributes.append(("crypto", audio.keys.ours.line))
    attributes.append((audio.direction, None))
    return Media(media.kind, local.port, media.protocol, formats, attributes=attributes)


def _described(codec: Codec) -> list[Attribute]:
    lines: list[Attribute] = [("rtpmap", codec.rtpmap)]
    if codec.fmtp:
        lines.append(("fmtp", f"{codec.payload} {codec.fmtp}"))
    return lines


def make_offer(
    local: Local,
    *,
    preferences: Sequence[Codec] = DEFAULT_PREFERENCES,
    direction: Direction = "sendrecv",
    previous: Session | None = None,
    crypto: Crypto | None = None,
    fingerprint: str | None = None,
) -> Session:
    """An offer of one audio section with our codecs and telephone-event at each of their clock rates.

    crypto: the section is for SRTP alone, with this key of ours. fingerprint: the same with keys by DTLS, by this
    certificate of ours.

    With `previous`, the sections it had stay in place (RFC 3264 section 8): the audio one is renewed,
    others are off.
    """
    attributes: list[Attribute] = []
    formats = [str(codec.payload) for codec in preferences]
    for codec in preferences:
        attributes += _described(codec)
    taken = {codec.payload for codec in preferences}
    free = (payload for payload in (101, 110, *range(96, 128)) if payload not in taken)
    for clock in sorted({codec.clock for codec in preferences}):
        payload = next(free)
        taken.add(payload)
        formats.append(str(payload))
        attributes += _described(Codec(payload, "telephone-event", clock, 1, DIGIT_EVENTS))
    if crypto is not None:
        attributes.append(("crypto", crypto.line))
    attributes += [("ptime", str(PACKET_TIME)), (direction, None)]
    protocol = "RTP/AVP" if crypto is None else "RTP/SAVP"
    if fingerprint is not None:
        protocol = PROTOCOL
        attributes += [*Dtls(fingerprint, "actpass").attributes, ("rtcp-mux", None)]
    audio = Media("audio", local.port, protocol, formats, attributes=attributes)
    session = Session(local.origin(previous), local.name, Connection.to(local.address), media=[audio])
    if previous is not None and previous.media:
        at = next((i for i, old in enumerate(previous.media) if old.kind == "audio" and old.port), None)
        session.media = [audio if i == at else _refused(old) for i, old in enumerate(previous.media)]
        if at is None:
            session.media.append(audio)
    return session


def read_answer(offer: Session, answer: Session) -> Audio | None:
    """What an answer to our offer agrees to: None if it refuses the audio, names no codec of the offer, or has no key
    for a section of SRTP: such an offer is for nothing less.

    The codec is the first one of the answer; payload types are the answer's, which we then send with.
    """
    for line, (ours, theirs) in enumerate(zip(offer.media, answer.media, strict=False)):
        if ours.kind != "audio" or theirs.kind != "audio" or not ours.port or not theirs.port:
            continue
        offered = [codec for codec in ours.codecs() if codec.name.lower() != "telephone-event"]
        codec = next((codec for codec in theirs.codecs() if any(codec.same_format(o) for o in offered)), None)
        if codec is None or _kind(ours.protocol) != _kind(theirs.protocol):
            continue
        audio = _as_offered(_agreed(answer, theirs, line, codec, offer.direction_of(ours)), ours)
        our_dtls = read_dtls(offer, ours) if _kind(ours.protocol) == "dtls" or ours.get("setup") is not None else None
        if our_dtls is not None:
            their_dtls = read_dtls(answer, theirs, "passive")
            agreed = taken(our_dtls, their_dtls) if their_dtls is not None else None
            return None if agreed is None else replace(audio, dtls=agreed)
        our_key = first_crypto(ours)
        if our_key is None:
            return audio
        their_key = crypto_of(theirs, our_key)
        return None if their_key is None else replace(audio, keys=Keys(their_key, our_key))
    return None


def _as_offered(audio: Audio, ours: Media) -> Audio:
    """With the payload types of our offer where the answer has others: by ours they send, by theirs we do."""

    def number(agreed: Codec | None) -> int | None:
        found = (one.payload for one in ours.codecs() if agreed is not None and one.same_format(agreed))
        payload = next(found, None)
        return payload if agreed is not None and payload != agreed.payload else None

    return replace(audio, codec_in=number(audio.codec), events_in=number(audio.events))


def _kind(protocol: str) -> str:
    return "dtls" if protocol in SECURE_BY_DTLS else "sdes" if protocol in SECURE else "plain"
