"""Messages out of a stream, however the stream was cut."""

import pytest

from parley.wire.sip.framing import Broken, Frame, Ping, StreamFramer
from parley.wire.sip.parser import MAX_BODY
from tests.kit.sip_wire import request

ONE = request(body="v=0\r\n")
TWO = request("OPTIONS", branch="z9hG4bKtwo")
UTF = request("INFO", body="é会议\r\n\r\n")


def frames(framer: StreamFramer, *reads: bytes) -> list[Frame | Ping | Broken]:
    return [item for read in reads for item in framer.feed(read)]


@pytest.mark.parametrize(
    ("reads", "wanted"),
    [
        ([ONE], [Frame(ONE)]),
        ([ONE + TWO], [Frame(ONE), Frame(TWO)]),
        ([ONE + TWO[:20], TWO[20:]], [Frame(ONE), Frame(TWO)]),
        ([ONE[:-3], ONE[-3:] + UTF], [Frame(ONE), Frame(UTF)]),
        ([bytes([byte]) for byte in ONE + TWO], [Frame(ONE), Frame(TWO)]),
        ([b"\r\n\r\n" + ONE], [Ping(), Frame(ONE)]),
        ([b"\r\n\r\n", ONE, b"\r\n\r\n\r\n\r\n"], [Ping(), Frame(ONE), Ping(), Ping()]),
        ([b"\r", b"\n", b"\r", b"\n" + ONE], [Ping(), Frame(ONE)]),
        ([ONE + b"\r\n" + TWO], [Frame(ONE), Frame(TWO)]),
        ([UTF + ONE], [Frame(UTF), Frame(ONE)]),
        ([b""], []),
    ],
)
def test_frames_come_out_whole(reads: list[bytes], wanted: list[Frame | Ping]) -> None:
    """However reads fall, whole messages come out in order, and a double CRLF is a ping."""
    assert frames(StreamFramer(), *reads) == wanted


@pytest.mark.parametrize(
    "bad",
    [
        TWO.replace(b"Content-Length: 0\r\n", b""),
        TWO.replace(b"Length: 0", b"Length: -5"),
        TWO.replace(b"Length: 0", b"Length: 0\r\nContent-Length: 0"),
        TWO.replace(b"Length: 0", b"Length: %d" % (MAX_BODY + 1)),
        TWO.replace(b"Length: 0", b"Length: 0\nL: 5"),
        TWO.replace(b"Length: 0", b"Length: 1 2"),
        b"OPTIONS sip:a SIP/2.0\r\n" + b"X: y\r\n" * 5000,
        b"\x16\x03\x01\x02\x00\x01" * 10,
    ],
    ids=[
        "no length",
        "negative",
        "repeated",
        "too long",
        "smuggled by bare LF",
        "two numbers",
        "endless head",
        "TLS",
    ],
)
def test_a_stream_that_cannot_be_followed_is_broken(bad: bytes) -> None:
    """What came whole before is delivered, then the stream is broken and everything after is refused."""
    framer = StreamFramer()
    first, *rest = framer.feed(ONE + bad + TWO)
    assert first == Frame(ONE)
    assert [type(item) for item in rest] == [Broken]
    assert framer.broken
    assert framer.feed(TWO) == []
    assert len(framer) == 0


def test_content_length_counts_bytes() -> None:
    """A body of multi-byte characters is cut by bytes, so the next message begins where it should."""
    assert frames(StreamFramer(), UTF + TWO) == [Frame(UTF), Frame(TWO)]
    assert b"Content-Length: 12" in UTF


def test_a_folded_length_is_read_like_the_parser_reads_it() -> None:
    """Parser and framer share one rule: a folded Content-Length means the same to both."""
    folded = TWO.replace(b"Content-Length: 0", b"Content-Length:\r\n  0")
    assert frames(StreamFramer(), folded + ONE) == [Frame(folded), Frame(ONE)]
