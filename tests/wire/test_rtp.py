"""RTP, RFC 4733 and RTCP: what is built is read back, and no bytes do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.wire.rtp import (
    GOODBYE,
    RECEIVER_REPORT,
    SENDER_REPORT,
    SOURCE_DESCRIPTION,
    MalformedPacket,
    ReportBlock,
    RtpPacket,
    TelephoneEvent,
    build_event,
    build_goodbye,
    build_report,
    build_rtp,
    is_rtcp,
    noise_level,
    ntp_middle,
    parse_event,
    parse_rtcp,
    parse_rtp,
    report_blocks,
    sender_report_time,
    unwrap,
)

# Version 2, payload type 0, sequence 0x1234, timestamp 0xa0, SSRC 0xdeadbeef: typed by hand from RFC 3550 5.1.
PLAIN = bytes.fromhex("80 00 1234 000000a0 deadbeef")
BLOCK = ReportBlock(ssrc=7, fraction_lost=25, cumulative_lost=-3, highest_sequence=70_000, jitter=12)


def test_a_plain_packet_is_read_field_by_field() -> None:
    """Every header field lands in its place."""
    assert parse_rtp(PLAIN + b"voice") == RtpPacket(0, False, 0x1234, 0xA0, 0xDEADBEEF, b"voice")


def test_a_plain_packet_is_built_byte_by_byte() -> None:
    """The header written is the header of the RFC."""
    assert build_rtp(0, 0x1234, 0xA0, 0xDEADBEEF, b"voice") == PLAIN + b"voice"


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        (b"\x82" + PLAIN[1:] + bytes(8) + b"voice", b"voice"),
        (b"\x90" + PLAIN[1:] + bytes.fromhex("bede0001 10ff0000") + b"voice", b"voice"),
        (b"\xa0" + PLAIN[1:] + b"voice\0\0\x03", b"voice"),
        (b"\xb1" + PLAIN[1:] + bytes(4) + bytes.fromhex("bede0000") + b"voice\x01", b"voice"),
        (b"\xa0" + PLAIN[1:] + b"\0\0\0\x04", b""),
        (PLAIN, b""),
    ],
    ids=["contributing sources", "extension", "padding", "all three", "only padding", "no payload"],
)
def test_what_surrounds_the_payload_is_stripped(data: bytes, payload: bytes) -> None:
    """Contributing sources, extension and padding are tolerated and not taken for sound."""
    assert parse_rtp(data).payload == payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PLAIN[:11],
        b"\x00" + PLAIN[1:],
        b"\x40" + PLAIN[1:],
        b"\x8f" + PLAIN[1:] + bytes(59),
        b"\x90" + PLAIN[1:] + b"\xbe\xde",
        b"\x90" + PLAIN[1:] + b"\xbe\xde\xff\xff" + bytes(100),
        b"\xa0" + PLAIN[1:] + b"voice\x00",
        b"\xa0" + PLAIN[1:] + b"voice\xff",
        b"\xa0" + PLAIN[1:-1] + b"\x0d",
    ],
)
def test_a_malformed_packet_is_refused(data: bytes) -> None:
    """Lengths that do not fit and other versions raise MalformedPacket."""
    with pytest.raises(MalformedPacket):
        parse_rtp(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_malformed(data: bytes) -> None:
    """No input makes a parser raise anything but MalformedPacket, or return more than it was given."""
    for parse in (parse_rtp, parse_event, parse_rtcp):
        try:
            found = parse(data)
        except MalformedPacket:
            continue
        if isinstance(found, RtpPacket):
            assert len(found.payload) <= len(data) - 12
            assert 0 <= found.payload_type <= 127
    assert is_rtcp(data) in (True, False)


@given(
    st.integers(0, 127),
    st.integers(0, 1 << 20),
    st.integers(0, 1 << 40),
    st.integers(0, (1 << 32) - 1),
    st.binary(max_size=1500),
    st.booleans(),
)
def test_built_packets_are_read_back(
    kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool
) -> None:
    """Building and parsing are inverse; counters that ran over are cut to their bits."""
    data = build_rtp(kind, sequence, timestamp, ssrc, payload, marker=marker)
    assert parse_rtp(data) == RtpPacket(kind, marker, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload)


@given(st.integers(0, 255), st.booleans(), st.integers(0, 63), st.integers(0, 0xFFFF))
def test_events_are_read_back(event: int, end: bool, volume: int, duration: int) -> None:
    """Building and parsing of RFC 4733 events are inverse."""
    made = TelephoneEvent(event, end, volume, duration)
    assert parse_event(build_event(made)) == made


def test_an_event_is_built_byte_by_byte() -> None:
    """Digit 5, end bit, volume 10, duration 800: the bytes of RFC 4733 2.3."""
    assert build_event(TelephoneEvent(5, True, 10, 800)) == bytes.fromhex("05 8a 0320")


@given(st.integers(0, 1 << 40), st.integers(-30_000, 30_000), st.sampled_from([16, 32]))
def test_unwrapping_finds_the_near_number_again(reference: int, distance: int, bits: int) -> None:
    """A counter cut to its bits is restored when it lies near the reference, before or behind."""
    value = reference + distance
    assert unwrap(value & ((1 << bits) - 1), reference, bits) == value


def test_a_report_is_a_compound_that_reads_back() -> None:
    """A sender report with block comes first and a CNAME follows, as RFC 3550 6.1 demands."""
    data = build_report(5, "abc", unix_time=0.5, timestamp=1 << 33, packets=9, octets=8, block=BLOCK)
    report, description = parse_rtcp(data)
    assert (report.packet_type, report.reports, report.ssrc) == (SENDER_REPORT, 1, 5)
    assert report.body[4:12] == (2_208_988_800).to_bytes(4, "big") + b"\x80\0\0\0"
    assert report.body[24:32] == bytes.fromhex("00000007 19fffffd")
    assert (description.packet_type, description.ssrc) == (SOURCE_DESCRIPTION, 5)
    assert description.body[4:9] == b"\x01\x03abc"
    assert len(data) % 4 == 0


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd"])
def test_every_length_of_name_ends_on_a_word(name: str) -> None:
    """The item list ends with a zero and is filled up to 32 bits."""
    data = build_report(1, name, unix_time=0, timestamp=0, packets=0, octets=0)
    assert parse_rtcp(data)[1].body.rstrip(b"\0").endswith(name.encode())
    assert data[-1] == 0


def test_compounds_are_cut_into_their_packets() -> None:
    """An empty receiver report and a goodbye are two packets."""
    data = bytes.fromhex("80c90001 00000009 81cb0001 00000009")
    assert [packet.packet_type for packet in parse_rtcp(data)] == [RECEIVER_REPORT, GOODBYE]
    assert is_rtcp(data)
    assert not is_rtcp(PLAIN)


@given(st.binary(max_size=120))
def test_any_report_is_read_or_refused(data: bytes) -> None:
    """What the parser lets through, compound or of reduced size (RFC 5506), has blocks and times that can be read."""
    for first in (b"", bytes([0x81, 200]), bytes([0x9F, 201, 0, len(data) // 4])):
        try:
            packets = parse_rtcp(first + data)
        except MalformedPacket:
            continue
        for packet in packets:
            assert len(report_blocks(packet)) <= packet.reports
            told = sender_report_time(packet)
            assert told is None or 0 <= told < 1 << 32


@pytest.mark.parametrize(("payload", "level"), [(b"\x00", 0), (b"\x40", -64), (b"\xff", -127), (b"\x28\x01\x02", -40)])
def test_comfort_noise_tells_its_level(payload: bytes, level: int) -> None:
    """RFC 3389 section 3.1: -dBov in seven bits, and a spectrum that may follow; nothing is no noise."""
    assert noise_level(payload) == level
    with pytest.raises(MalformedPacket):
        noise_level(b"")


def test_a_goodbye_names_the_stream_that_ends() -> None:
    """A compound begins with a report, even an empty one (RFC 3550 section 6.1)."""
    report, description, goodbye = parse_rtcp(build_goodbye(77, "abc"))
    assert [report.packet_type, description.packet_type, goodbye.packet_type] == [
        RECEIVER_REPORT,
        SOURCE_DESCRIPTION,
        GOODBYE,
    ]
    assert (report.reports, goodbye.reports, goodbye.ssrc) == (0, 1, 77)


@given(st.floats(0, 4e9))
def test_what_a_block_echoes_is_the_time_of_the_report(unix_time: float) -> None:
    """The middle of the NTP time, as it is in the report itself."""
    data = build_report(1, "a", unix_time=unix_time, timestamp=0, packets=0, octets=0)
    assert sender_report_time(parse_rtcp(data)[0]) == ntp_middle(unix_time)
