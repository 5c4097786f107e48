"""SDP of browsers (RFC 8829): what an offer of one audio section says, and the ICE-lite answer to it.

Pure functions over `sdp.Session`. An answer keeps every section of its offer in order; what is not spoken is refused by
port 0 and left out of the bundle (RFC 9143). Candidates of the offer are passed over: who is ICE-lite needs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parley.wire.offer_answer import mirrored
from parley.wire.sdp import Attribute, Codec, Connection, Direction, Media, Origin, SdpMistake, Session, parse

AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"  # RFC 6464
PROTOCOLS = frozenset({"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"})
MOST_CHARACTERS = 48_000
# Opus in both directions is what RFC 7587 calls opus/48000/2, whatever is really sent.
OPUS_CLOCK, OPUS_CHANNELS = 48000, 2
OFFERED_OPUS = 111  # payload type, as browsers have it

# RFC 8839 section 5.4; RFC 8122 section 5; RFC 8285 section 4.2 (ids of the one-byte form); RFC 5888 section 4.
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_SHA256 = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}")
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,64}")
_LEVEL_IDS = range(1, 15)


@dataclass(frozen=True, slots=True)
class WebOffer:
    """What one browser offers. direction is ours; line: which section; mids: of every section, empty where it has none.

    password: of ICE; not for logs. fingerprint: "AB:CD:..." of SHA-256. setup: "actpass" or "active".
    """

    session: Session
    line: int
    opus: Codec
    events: Codec | None
    direction: Direction
    ufrag: str
    password: str
    fingerprint: str
    setup: str
    level_extension: int | None
    mids: tuple[str, ...]
    bundled: bool

    def __repr__(self) -> str:
        return f"WebOffer(line={self.line}, opus={self.opus.payload}, direction={self.direction})"


@dataclass(frozen=True, slots=True)
class WebAnswerer:
    """Our end: one port on all addresses, best first; `session` and `version` are the numbers of our o= line."""

    addresses: Sequence[str]
    port: int
    ufrag: str
    password: str
    fingerprint: str
    session: int
    version: int

    def __repr__(self) -> str:
        return f"WebAnswerer(addresses={self.addresses}, port={self.port}, version={self.version})"


def read_offer(text: str) -> WebOffer:
    """Raises SdpMistake, which says what is missing or wrong in words for the page's maker."""
    if len(text) > MOST_CHARACTERS:
        raise SdpMistake("the description is too long")
    session = parse(text.encode("utf-8", "surrogatepass"))
    line, audio = _audio(session)
    if audio.get("rtcp-mux") is None:
        raise SdpMistake("a=rtcp-mux is missing")
    codecs = audio.codecs()
    opus = next((codec for codec in codecs if _is_opus(codec)), None)
    if opus is None:
        raise SdpMistake("opus/48000/2 is not offered")
    mids = tuple(_mid(media) for media in session.media)
    named = [mid for mid in mids if mid]
    if len(set(named)) != len(named):
        raise SdpMistake("two sections have the same a=mid")
    bundle = _bundle(session)
    if bundle and mids[line] not in bundle:
        raise SdpMistake("the audio section is not in the bundle")
    return WebOffer(
        session=session,
        line=line,
        opus=opus,
        events=_events(codecs),
        direction=mirrored(_direction(session, audio)),
        ufrag=_checked(session, audio, "ice-ufrag", _UFRAG),
        password=_checked(session, audio, "ice-pwd", _PASSWORD),
        fingerprint=_fingerprint(session, audio),
        setup=_setup(session, audio),
        level_extension=_level_extension(audio),
        mids=mids,
        bundled=bool(bundle),
    )


def make_offer(ours: WebAnswerer) -> str:
    """An offer of one audio section to a page that we call; its answer is read by read_offer.

    Raises SdpMistake where we have no address.
    """
    if not ours.addresses:
        raise SdpMistake("no address to offer")
    opus = Codec(OFFERED_OPUS, "opus", OPUS_CLOCK, OPUS_CHANNELS)
    # One of them: Chromium takes 48000 too, and sends its keys by 8000 nevertheless; Firefox knows 8000 alone.
    events = [Codec(126, "telephone-event", 8000)]
    attributes: list[Attribute] = [("mid", "0"), ("sendrecv", None), ("msid", "parley meeting"), ("rtcp-mux", None)]
    attributes += [("rtpmap", codec.rtpmap) for codec in (opus, *events)]
    attributes.append(("fmtp", f"{opus.payload} minptime=10;useinbandfec=1"))
    attributes += [("fmtp", f"{codec.payload} 0-15") for codec in events]
    attributes += [("extmap", f"1 {AUDIO_LEVEL}"), ("setup", "actpass"), *_transport(ours)]
    formats = [str(codec.payload) for codec in (opus, *events)]
    connection = Connection.to(ours.addresses[0])
    media = Media("audio", ours.port, "UDP/TLS/RTP/SAVPF", formats, 1, connection, [], attributes)
    origin = Origin("-", ours.session, ours.version, Connection("IP4", "0.0.0.0"))
    general: list[Attribute] = [("ice-lite", None), ("group", "BUNDLE 0")]
    return Session(origin=origin, attributes=general, media=[media]).serialise().decode()


def answer(offer: WebOffer, ours: WebAnswerer) -> str:
    """The answer's text, lines ended by CRLF. Raises SdpMistake where we have no address."""
    if not ours.addresses:
        raise SdpMistake("no address to answer with")
    attributes: list[Attribute] = [("ice-lite", None)]
    if offer.bundled:
        attributes.append(("group", f"BUNDLE {offer.mids[offer.line]}"))
    media = [
        _accepted(offer, ours) if line == offer.line else _refused(section, offer.mids[line])
        for line, section in enumerate(offer.session.media)
    ]
    origin = Origin("-", ours.session, ours.version, Connection("IP4", "0.0.0.0"))
    return Session(origin=origin, attributes=attributes, media=media).serialise().decode()


# --- reading -------------------------------------------------------------------------------------------------


def _audio(session: Session) -> tuple[int, Media]:
    """The first audio section that is not stopped."""
    for line, media in enumerate(session.media):
        if media.kind == "audio" and (media.port or media.get("bundle-only") is not None):
            if media.protocol.upper() not in PROTOCOLS:
                raise SdpMistake(f"the audio section is {media.protocol[:32]}, not UDP/TLS/RTP/SAVPF")
            return line, media
    raise SdpMistake("there is no audio section")


def _is_opus(codec: Codec) -> bool:
    return (codec.name.lower(), codec.clock, codec.channels) == ("opus", OPUS_CLOCK, OPUS_CHANNELS)


def _events(codecs: Iterable[Codec]) -> Codec | None:
    """Key presses; with the clock of opus where there is a choice, as RFC 4733 section 2.1 wants it."""
    found = [codec for codec in codecs if codec.name.lower() == "telephone-event" and codec.clock in (8000, OPUS_CLOCK)]
    return max(found, key=lambda codec: codec.clock, default=None)


def _mid(media: Media) -> str:
    mid = media.get("mid") or ""
    if mid and not _TOKEN.fullmatch(mid):
        raise SdpMistake("an a=mid is malformed")
    return mid


def _bundle(session: Session) -> list[str]:
    """The identifiers of the first bundle; empty: there is none."""
    for name, value in session.attributes:
        semantics, *mids = (value or "").split()[:64] or [""]
        if name == "group" and semantics.upper() == "BUNDLE":
            return mids
    return []


def _direction(session: Session, audio: Media) -> Direction:
    """Without regard to the address: a browser's is 0.0.0.0 before it has candidates, and means nothing."""
    return Session(attributes=session.attributes).direction_of(Media("audio", 9, "", [], attributes=audio.attributes))


def _value(session: Session, audio: Media, name: str) -> str:
    value = audio.get(name)
    return (session.get(name) if value is None else value) or ""


def _checked(session: Session, audio: Media, name: str, form: re.Pattern[str]) -> str:
    value = _value(session, audio, name)
    if not form.fullmatch(value):
        raise SdpMistake(f"a={name} is {'malformed' if value else 'missing'}")
    return value


def _fingerprint(session: Session, audio: Media) -> str:
    """The first of SHA-256, upper-cased."""
    own = [value for name, value in audio.attributes if name == "fingerprint"]
    for value in own or [value for name, value in session.attributes if name == "fingerprint"]:
        kind, _, digits = (value or "").partition(" ")
        if kind.lower() == "sha-256":
            digits = digits.strip().upper()
            if not _SHA256.fullmatch(digits):
                raise SdpMistake("a=fingerprint is malformed")
            return digits
    raise SdpMistake("a=fingerprint of sha-256 is missing")


def _setup(session: Session, audio: Media) -> str:
    """We are the DTLS server, so the browser must be able to be the client (RFC 8842)."""
    setup = _value(session, audio, "setup").lower()
    if setup not in {"actpass", "active"}:
        raise SdpMistake(f"a=setup is {'passive' if setup == 'passive' else 'neither actpass nor active'}")
    return setup


def _level_extension(audio: Media) -> int | None:
    for name, value in audio.attributes:
        fields = (value or "").split()
        if name != "extmap" or len(fields) < 2 or fields[1] != AUDIO_LEVEL:
            continue
        id, _, direction = fields[0].partition("/")
        sent = direction in {"", "sendrecv", "sendonly"}
        if sent and re.fullmatch(r"[0-9]{1,2}", id) and int(id) in _LEVEL_IDS:
            return int(id)
    return None


# --- writing -------------------------------------------------------------------------------------------------


def _accepted(offer: WebOffer, ours: WebAnswerer) -> Media:
    section = offer.session.media[offer.line]
    formats = [offer.opus, *([offer.events] if offer.events else [])]
    attributes: list[Attribute] = []
    if mid := offer.mids[offer.line]:
        attributes.append(("mid", mid))
    attributes.append((offer.direction, None))
    if offer.direction in {"sendrecv", "sendonly"}:
        attributes.append(("msid", "parley meeting"))
    attributes.append(("rtcp-mux", None))
    attributes += [("rtpmap", codec.rtpmap) for codec in formats]
    # Losses are mended from what the next packet says of the one before (RFC 7587 section 3.1.2).
    attributes.append(("fmtp", f"{offer.opus.payload} minptime=10;useinbandfec=1"))
    if offer.events:
        attributes.append(("fmtp", f"{offer.events.payload} 0-15"))
    if offer.level_extension is not None:
        attributes.append(("extmap", f"{offer.level_extension} {AUDIO_LEVEL}"))
    attributes += [("setup", "passive"), *_transport(ours)]
    connection = Connection.to(ours.addresses[0])
    return Media(
        "audio", ours.port, section.protocol, [str(codec.payload) for codec in formats], 1, connection, [], attributes
    )


def _transport(ours: WebAnswerer) -> list[Attribute]:
    lines: list[Attribute] = [
        ("ice-ufrag", ours.ufrag),
        ("ice-pwd", ours.password),
        ("fingerprint", f"sha-256 {ours.fingerprint}"),
    ]
    lines += [("candidate", text) for text in _candidates(ours)]
    return [*lines, ("end-of-candidates", None)]


def _candidates(ours: WebAnswerer) -> list[str]:
    """Host candidates, best first (RFC 8839 section 5.1; the priority is that of RFC 8445 section 5.1.2.1)."""
    lines = []
    for index, address in enumerate(ours.addresses):
        priority = (126 << 24) | ((65535 - index) << 8) | 255
        lines.append(f"{index + 1} 1 udp {priority} {address} {ours.port} typ host")
    return lines


def _refused(section: Media, mid: str) -> Media:
    attributes: list[Attribute] = [("mid", mid)] if mid else []
    attributes.append(("inactive", None))
    formats = section.formats[:1] or ["0"]
    return Media(section.kind, 0, section.protocol, formats, 1, Connection("IP4", "0.0.0.0"), [], attributes)
