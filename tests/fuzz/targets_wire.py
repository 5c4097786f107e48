"""Targets for everything in wire/ that reads what a peer sent."""

from __future__ import annotations

import contextlib
import struct

from parley.wire import smpp, sms_text, stun, turn, web_sdp
from parley.wire.offer_answer import DEFAULT_PREFERENCES, Local, make_answer, make_offer, read_answer
from parley.wire.rtp import (
    MalformedPacket,
    audio_level,
    build_event,
    build_rtp,
    is_rtcp,
    parse_event,
    parse_rtcp,
    parse_rtp,
    report_blocks,
    sender_report_time,
)
from parley.wire.sdes import SUITES, OurKeys, read_crypto
from parley.wire.sdp import SdpMistake
from parley.wire.sdp import parse as parse_sdp
from parley.wire.sip.address import URI, CSeq, NameAddr, Via, parse_host_port, parse_params, split_outside
from parley.wire.sip.digest import Challenge, DigestClient, challenges, parameters
from parley.wire.sip.digest_server import Authorization
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.framing import Broken, Frame, Ping, StreamFramer
from parley.wire.sip.message import Request, body_part
from parley.wire.sip.parser import parse as parse_sip
from parley.wire.sip.session_timer import SessionExpires, least_of
from tests.fuzz.target import target, text_of
from tests.kit.sip_wire import Desk, request

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 111 9 8 0 101\r\n"
    b"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\n"
    b"a=fmtp:101 0-15\r\n"
    b"a=ptime:20\r\na=sendrecv\r\nm=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
)
SECURE = OFFER.replace(b"RTP/AVP 111", b"RTP/SAVP 111").replace(
    b"a=ptime", b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 40 + b"|2^20\r\na=ptime"
)
WEB = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\n"
    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:" + "p" * 24 + "\r\na=fingerprint:sha-256 "
    + ":".join(["AB"] * 32)
    + "\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=rtpmap:126 telephone-event/8000\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
).encode()  # fmt: skip
RESPONSE = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
    b"Call-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:c@d>\r\nContent-Length: 0\r\n\r\n"
)
TIMED = request(extra="Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\nSupported: timer\r\n")
SIP = (request(), request("BYE", to="<sip:r@b>;tag=x"), request("ACK"), request("CANCEL"), RESPONSE, TIMED)
LOCAL = Local("192.0.2.9", 20000, 7)


@target("sip-message", "wire.sip.parser", "wire.sip.message", seeds=SIP)
def sip_message(data: bytes) -> None:
    """A message that is read is written and read again as the same, and all of its parts can be looked at."""
    try:
        message = parse_sip(data)
    except TheirMistake:
        return
    written = message.serialise()
    again = parse_sip(written)
    assert again.serialise() == written
    assert (again.call_id, again.cseq, again.vias, again.body) == (
        message.call_id,
        message.cseq,
        message.vias,
        message.body,
    )
    for kind in ("application/sdp", "application/dtmf-relay"):
        body_part(message, kind)


@target("sip-stream", "wire.sip.framing", seeds=(*SIP, SIP[0] + SIP[1], b"\r\n\r\n" + SIP[0], SIP[4] * 3))
def sip_stream(data: bytes) -> None:
    """The same frames however reads are cut; what is held is bounded by what came."""

    def frames(step: int) -> list[object]:
        framer, found = StreamFramer(), []
        for at in range(0, len(data), step):
            found += framer.feed(data[at : at + step])
            assert len(framer) <= at + step
        return [item if isinstance(item, Frame | Ping) else Broken for item in found]

    assert frames(max(len(data), 1)) == frames(1 + len(data) % 13)


@target(
    "sip-layer",
    "wire.sip.layer",
    "wire.sip.server",
    "wire.sip.client",
    "wire.sip.core",
    "wire.sip.transaction",
    seeds=SIP,
)
def sip_layer(data: bytes) -> None:
    """Nothing is raised, twice the same is no new call, and what is said can be read."""
    desk = Desk("udp")
    desk.hear(data)
    desk.hear(data)
    desk.wait(1)


@target("sip-values", "wire.sip.address", seeds=(
    b"sip:ann@example.com:5060;transport=tcp?subject=x", b"sips:[2001:db8::1]", b"tel:+49-30",
    b'"Ann \\"A\\" B" <sip:ann@example.com>;tag=x;q=0.5', b"SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK1;rport",
    b"4711 INVITE", b"example.com:5060",
))  # fmt: skip
def sip_values(data: bytes) -> None:
    """Each value is read or refused; a URI or an address that is read means the same written again."""
    text = text_of(data)
    for kind in (URI, NameAddr, Via, CSeq):
        with contextlib.suppress(TheirMistake):
            value = kind.parse(text)
            assert not isinstance(value, URI) or URI.parse(str(value)) == value
    with contextlib.suppress(TheirMistake):
        parse_host_port(text)
    with contextlib.suppress(TheirMistake):
        parse_params(split_outside(text, ";"))


@target("digest", "wire.sip.digest", "wire.sip.digest_server", seeds=(
    b'Digest realm="a", nonce="b", qop="auth,auth-int", algorithm=SHA-256, opaque="c\\"d", stale=true',
    b'Digest username="u", realm="r", nonce="n", uri="sip:a@b", response="0a", cnonce="c", nc=00000001, qop=auth',
    b'Basic realm="x"', b'Digest realm="a", nonce="b\xff"',
))  # fmt: skip
def digest(data: bytes) -> None:
    """A challenge is answered so that our own server half can read the answer; nothing else is raised."""
    text = text_of(data)
    with contextlib.suppress(TheirMistake):
        parameters(text)
    challenges([text])
    with contextlib.suppress(TheirMistake):
        Authorization.parse(text).fits("00", "INVITE")
    with contextlib.suppress(TheirMistake):
        challenge = Challenge.parse(text)
        if challenge is not None:
            answer = DigestClient(challenge.realm, "user", "secret")._credentials(challenge, "INVITE", "sip:a@b")
            assert parameters(answer.partition(" ")[2])["realm"] == challenge.realm


@target("session-timer", "wire.sip.session_timer", seeds=(b"1800;refresher=uac", b"90", b" 600 ; refresher = UAS ;x"))
def session_timer(data: bytes) -> None:
    """Seconds and a role, or TheirMistake; Min-SE is never below the least."""
    message = parse_sip(request())
    assert isinstance(message, Request)
    value = " ".join(text_of(data).split("\r\n"))
    message.headers.add("Session-Expires", value)
    message.headers.add("Min-SE", value)
    with contextlib.suppress(TheirMistake):
        found = SessionExpires.of(message)
        assert found is None or (found.seconds >= 0 and found.refresher in {"", "uac", "uas"})
    with contextlib.suppress(TheirMistake):
        assert least_of(message) >= 90


@target("sdp", "wire.sdp", "wire.offer_answer", seeds=(OFFER, SECURE, WEB))
def sdp(data: bytes) -> None:
    """Read, written and read again the same; each description is answered section by section, and read as an answer."""
    try:
        offer = parse_sdp(data)
    except SdpMistake:
        return
    written = offer.serialise()
    assert parse_sdp(written).serialise() == written
    for secure in (None, True, False):
        answer = make_answer(offer, LOCAL, keys=OurKeys(), secure=secure)
        assert len(parse_sdp(answer.session.serialise()).media) == len(offer.media)
        assert answer.audio is None or secure is None or (answer.audio.keys is not None) is secure
    with contextlib.suppress(SdpMistake):
        read_answer(make_offer(LOCAL, preferences=DEFAULT_PREFERENCES), offer)


@target("sdes", "wire.sdes", seeds=(
    b"1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 40 + b"|2^20|1:4",
    b"2 AEAD_AES_128_GCM inline:" + b"A" * 38 + b" WSH=64",
))  # fmt: skip
def sdes(data: bytes) -> None:
    """A key of its suite's length, or none; written again it is the same."""
    found = read_crypto(text_of(data))
    assert found is None or (len(found.key) == SUITES[found.suite] and read_crypto(found.line) == found)


@target("web-sdp", "wire.web_sdp", seeds=(WEB,))
def web_offer(data: bytes) -> None:
    """A browser's offer is read or refused; what is read can be answered, and the answer be read."""
    try:
        offer = web_sdp.read_offer(data.decode("utf-8", "replace"))
    except SdpMistake:
        return
    ours = web_sdp.WebAnswerer(["192.0.2.9"], 10000, "ours", "p" * 24, ":".join(["AB"] * 32), 1, 1)
    assert len(parse_sdp(web_sdp.answer(offer, ours).encode()).media) == len(offer.session.media)


@target("rtp", "wire.rtp", seeds=(
    build_rtp(0, 1, 2, 3, b"x" * 20), b"\x90" + build_rtp(0, 1, 2, 3, b"")[1:] + b"\xbe\xde\0\1\x10\x85\0\0abc",
    b"\xb2" + build_rtp(111, 1, 2, 3, b"")[1:] + bytes(8) + b"\x10\0\0\1abcdxyz\x02",
))  # fmt: skip
def rtp(data: bytes) -> None:
    """A packet's payload lies within it; an audio level is one; a plain packet is built again as it was."""
    try:
        packet = parse_rtp(data)
    except MalformedPacket:
        return
    assert packet.payload in data and len(packet.payload) <= len(data) - 12
    built = build_rtp(
        packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc, packet.payload, marker=packet.marker
    )
    assert parse_rtp(built) == packet
    for identifier in (1, 14):
        level = audio_level(data, identifier)
        assert level is None or -127 <= level <= 0


@target("rtcp", "wire.rtp", seeds=(
    b"\x80\xc9\0\1\0\0\0\7", b"\x81\xc8\0\x0c" + bytes(48),
    b"\x80\xc9\0\1\0\0\0\7\x81\xca\0\2\0\0\0\7\1\1x\0", b"\x81\xcb\0\1\0\0\0\7",
))  # fmt: skip
def rtcp(data: bytes) -> None:
    """Every packet of a compound lies within it, and no report has more blocks than it says."""
    is_rtcp(data)
    try:
        packets = parse_rtcp(data)
    except MalformedPacket:
        return
    assert sum(4 + len(packet.body) for packet in packets) == len(data)
    for packet in packets:
        assert len(report_blocks(packet)) <= packet.reports
        sender_report_time(packet)


@target("dtmf-event", "wire.rtp", seeds=(b"\1\x0a\0\xa0", b"\x0b\x8a\1\x40zz"))
def dtmf_event(data: bytes) -> None:
    """Four bytes are an event, and are built again but for the reserved bit."""
    try:
        event = parse_event(data)
    except MalformedPacket:
        assert len(data) < 4
        return
    assert parse_event(build_event(event)) == event


STUN = struct.pack(">HHI", 1, 8, 0x2112A442) + b"t" * 12 + struct.pack(">HH", 6, 3) + b"a:b\0"


@target("stun", "wire.stun", seeds=(STUN, STUN[:2] + b"\0\0" + STUN[4:20]))
def stun_message(data: bytes) -> None:
    """A message or MalformedStun; everything that is read of it can be asked."""
    try:
        message = stun.parse(data)
    except stun.MalformedStun:
        return
    assert message.unknown is not None and (message.mapped_address, message.error_code, message.nominates) is not None
    assert message.integrity_at is None or 20 <= message.integrity_at < len(data)


TURN_ANSWER = struct.pack(">HHI", 0x0103, 12, 0x2112A442) + b"t" * 12 + struct.pack(">HH", 0x16, 8) + b"\0\1ab\0\0\0\0"


@target(
    "turn",
    "wire.turn",
    seeds=(TURN_ANSWER, struct.pack(">HHI", 0x0113, 8, 0x2112A442) + b"t" * 12 + b"\0\x09\0\4\0\0\4\1"),
)
def turn_answer(data: bytes) -> None:
    """An answer or TurnFault; the length that a header announces is bounded."""
    with contextlib.suppress(turn.TurnFault):
        answer = turn.parse_answer(data, b"t" * 12)
        assert answer.relayed is None or 0 <= answer.relayed[1] <= 65535
    if len(data) >= turn.HEADER:
        with contextlib.suppress(turn.TurnFault):
            assert 0 <= turn.length_of(data[: turn.HEADER]) <= turn.LONGEST
    with contextlib.suppress(turn.TurnFault):
        turn.Allocation("user", "secret").take(data, b"t" * 12)


PDU = smpp.Pdu(smpp.Command.SUBMIT_SM_RESP, 3, body=b"id\0").to_bytes()


@target("smpp", "wire.smpp", seeds=(PDU, PDU * 3, smpp.Pdu(smpp.Command.ENQUIRE_LINK, 9).to_bytes()))
def smpp_stream(data: bytes) -> None:
    """The same PDUs however reads are cut, and written again they are the bytes that came."""

    def pdus(step: int) -> list[smpp.Pdu]:
        reader, found = smpp.Reader(), []
        with contextlib.suppress(smpp.TheirMistake):
            for at in range(0, len(data), step):
                found += reader.take(data[at : at + step])
        return found

    whole = pdus(1 + len(data) % 7)
    assert data.startswith(b"".join(pdu.to_bytes() for pdu in whole))


@target("sms-text", "wire.sms_text", seeds=(b"hello \x1b\x65", "héllo €".encode("utf-16-be")))
def sms(data: bytes) -> None:
    """A text cut into parts is whole again at the far end."""
    text = data.decode("utf-8", "ignore")[:2000]
    try:
        parts = sms_text.parts(text, 7)
    except ValueError:
        return
    assert "".join(sms_text.read(part.data[6 if part.headed else 0 :], part.coding) for part in parts) == text
