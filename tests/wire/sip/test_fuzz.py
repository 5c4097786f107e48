"""Whatever bytes arrive, parsers raise only TheirMistake and the layer nothing at all, in bounded time."""

# ruff: noqa: E501  (rows of a table stay on one line)

import contextlib
import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from parley.wire.offer_answer import Local, make_answer
from parley.wire.sdes import SUITES, OurKeys, read_crypto
from parley.wire.sdp import SdpMistake
from parley.wire.sdp import parse as parse_sdp
from parley.wire.sip.address import URI, NameAddr, Via
from parley.wire.sip.bodies import describes, takes, unacceptable
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.framing import StreamFramer
from parley.wire.sip.message import Request, Response, parts_of
from parley.wire.sip.parser import MAX_MESSAGE, parse
from parley.wire.sip.reliable import RAck, rseq_of
from tests.kit.sip_wire import Desk, request

PIECES = [b"\r\n", b"\r", b"\n", b" ", b"\t", b":", b";", b",", b"<", b">", b'"', b"\\", b"@", b"=", b"%", b"/", b"[", b"]",
          b"sip:", b"SIP/2.0", b"INVITE", b"ACK", b"Via: ", b"v:", b"From: ", b"To: ", b"CSeq: 1 INVITE", b"Content-Length: ",
          b"l:", b"9999999999999999999999", b"-1", b"tag=", b"branch=z9hG4bK", b"\xff\xfe", b"\xc3\xa9", b"\0", b"::1"]  # fmt: skip
SEEDS = [request(), request("BYE", to="<sip:r@b>;tag=x"), request("ACK"), request("CANCEL"), request(body="v=0\r\n"),
         b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
         b"Call-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:c@d>\r\nContent-Length: 0\r\n\r\n"]  # fmt: skip
SDP_PIECES = [b"\r\n", b"v=0\r\n", b"m=audio 1 RTP/AVP 0", b"m=", b"c=IN IP4 ", b"0.0.0.0", b"a=rtpmap:", b"a=fmtp:", b"96 ",
              b"opus/48000/2", b"telephone-event/8000", b"/", b"a=ptime:", b"a=", b"b=", b"o=- 1 1 IN IP4 h", b"-1", b"999999",
              b"\xff", b"\0", b" ", b"audio", b"\xd9\xa3",
              b"m=audio 1 RTP/SAVP 0", b"a=crypto:", b"1 ", b"AES_CM_128_HMAC_SHA1_80 ", b"AEAD_AES_128_GCM ", b"inline:",
              b"A" * 40, b"A" * 38, b"|2^20", b";", b"|1:4", b"WSH=1"]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.integers(0, 12))
        data[at : at + cut] = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
    return bytes(data)


ANYTHING = st.binary(max_size=600) | st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join) | mutated()


@settings(max_examples=400, deadline=1000)
@given(ANYTHING)
def test_the_parser_raises_nothing_but_their_mistake(data: bytes) -> None:
    """Any bytes give a message or TheirMistake, and a message that is read can be written and read again."""
    try:
        message = parse(data)
    except TheirMistake:
        return
    again = parse(message.serialise())
    assert (again.call_id, again.cseq, again.vias) == (message.call_id, message.cseq, message.vias)
    assert again.body == message.body


@settings(max_examples=300, deadline=1000)
@given(st.lists(ANYTHING, max_size=4), st.sampled_from(["udp", "tcp", "wss"]))
def test_the_layer_never_raises_for_what_a_peer_sent(messages: list[bytes], transport: str) -> None:
    """Any bytes leave the layer standing, and what it says to them can be read."""
    desk = Desk(transport)
    for data in messages:
        desk.hear(data)
    desk.wait(1)


@settings(max_examples=200, deadline=1000)
@given(ANYTHING, st.integers(0, 2**32))
def test_the_framer_does_not_care_how_reads_are_cut(data: bytes, seed: int) -> None:
    """Any stream, cut anywhere, gives the same frames as in one piece, and raises nothing."""
    dice = random.Random(seed)
    whole = StreamFramer().feed(SEEDS[0] + data)
    framer, pieces, rest = StreamFramer(), [], SEEDS[0] + data
    while rest:
        size = dice.randint(1, 40)
        pieces += framer.feed(rest[:size])
        rest = rest[size:]
    frames = [item for item in whole if not hasattr(item, "mistake")]
    assert [item for item in pieces if not hasattr(item, "mistake")] == frames
    assert len(framer) <= len(SEEDS[0]) + len(data)


@settings(max_examples=300, deadline=1000)
@given(
    st.text(max_size=80),
    st.lists(st.sampled_from(PIECES), max_size=12).map(lambda p: b"".join(p).decode("latin-1")),
)
def test_value_parsers_raise_nothing_but_their_mistake(text: str, pieces: str) -> None:
    """URIs, addresses and Vias of any text are read or refused."""
    for parser in (URI.parse, NameAddr.parse, Via.parse):
        for value in (text, pieces, "sip:" + pieces, "SIP/2.0/UDP " + text, '"' + pieces):
            with contextlib.suppress(TheirMistake):
                parser(value)


@settings(max_examples=300, deadline=1000)
@given(
    st.binary(max_size=300) | st.lists(st.sampled_from(SDP_PIECES), max_size=60).map(lambda p: b"v=0\r\n" + b"".join(p))
)
def test_sdp_is_read_or_refused_and_can_always_be_answered(data: bytes) -> None:
    """Any bytes give a description or SdpMistake; every description can be answered section by section."""
    try:
        offer = parse_sdp(data)
    except SdpMistake:
        return
    assert parse_sdp(offer.serialise()).serialise() == offer.serialise()
    for secure in (None, True, False):
        answer = make_answer(offer, Local("192.0.2.1", 20000, session=1), keys=OurKeys(), secure=secure)
        assert len(parse_sdp(answer.session.serialise()).media) == len(offer.media)
        assert answer.audio is None or secure is None or (answer.audio.keys is not None) is secure


@settings(max_examples=300, deadline=1000)
@given(
    st.text(max_size=120)
    | st.lists(
        st.sampled_from(
            ["1", " ", "AES_CM_128_HMAC_SHA1_80", "inline:", "A" * 40, "=", "|", ";", ":", "2^20", "WSH=1", "²"]
        )
    ).map("".join)
)
def test_keys_are_read_or_passed_over(text: str) -> None:
    """Any text of a crypto attribute gives a key of its suite's length or none, never an error."""
    found = read_crypto(text)
    assert found is None or (len(found.key) == SUITES[found.suite] and read_crypto(found.line) == found)


def test_hostile_sizes_take_bounded_time() -> None:
    """Messages built to make a parser backtrack or rescan are done with in a fraction of a second."""
    hostile = [
        b"INVITE sip:a SIP/2.0\r\n" + b"Via: " + b"," * 60000,
        b"INVITE sip:a SIP/2.0\r\nl" + b" \r\n " * 15000,
        b"INVITE sip:a SIP/2.0\r\nContact: " + b'"\\' * 30000,
        b"INVITE sip:a SIP/2.0\r\n" + b"\t \r\n" * 15000,
        request(extra="Contact: " + "<sip:a@b>," * 400 + "<sip:a@b>\r\n"),
        request(extra="Route: " + ";" * 4000 + "\r\n"),
        b" " * MAX_MESSAGE,
        b"\\" * MAX_MESSAGE,
    ]
    started = time.process_time()
    for data in hostile:
        Desk().hear(data[:MAX_MESSAGE])
        framer = StreamFramer()
        for at in range(0, len(data), 7):
            framer.feed(data[at : at + 7])
    with contextlib.suppress(SdpMistake):
        parse_sdp(b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\na=rtpmap:0 " + b"/" * 40000)
    assert time.process_time() - started < 2.0


NAMES = ("RAck", "RSeq", "Require", "Accept", "Content-Type", "Content-Disposition")
WORDS = ["1 1 INVITE", "100rel", "4294967296", "multipart/mixed;boundary=b", 'boundary="', "handling=required", "application/sdp", "*/*", ";", ",", '"', "\u00b2", "<"]  # fmt: skip


@settings(max_examples=300, deadline=1000)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)), max_size=4),
    st.lists(
        st.sampled_from([b"--b\r\n", b"--b--", b"\r\n", b"Content-Type: application/sdp", b"v=0"]), max_size=12
    ).map(b"".join),
)
def test_bodies_and_acknowledgements_raise_nothing_but_their_mistake(
    headers: list[tuple[str, str]], body: bytes
) -> None:
    """Whatever stands in their headers; parts of a body are no more than its bytes."""
    message = Request("INVITE", "sip:a@b", headers, body)
    for read in (
        RAck.of,
        lambda one: unacceptable(one, ("application/sdp",)),
        describes,
        lambda one: takes(one, "a/b"),
    ):
        with contextlib.suppress(TheirMistake):
            read(message)
    with contextlib.suppress(TheirMistake):
        rseq_of(Response(180, headers=headers))
    assert sum(len(part.body) for part in parts_of(message)) <= len(body)
