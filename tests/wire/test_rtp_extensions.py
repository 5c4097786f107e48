"""Audio levels in header extensions (RFC 6464, RFC 8285), and the blocks of reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.wire.rtp import (
    RECEIVER_REPORT,
    MalformedPacket,
    ReportBlock,
    audio_level,
    build_receiver_report,
    build_report,
    parse_rtcp,
    parse_rtp,
    report_blocks,
    sender_report_time,
)

HEADER = "90 6f 1234 000000a0 deadbeef"  # with the extension bit


@pytest.mark.parametrize(
    ("extension", "level"),
    [
        ("bede 0001 10 8f 00 00", -15),  # one byte of header; the activity flag does not count
        ("bede 0001 10 0f 00 00", -15),
        ("bede 0001 00 00 10 ff", -127),  # after padding
        ("bede 0002 21 aa bb 10 05 00 00 00", -5),  # after another element of two bytes
        ("bede 0001 20 05 00 00", None),  # of another id
        ("bede 0001 f0 10 05 00", None),  # id 15 ends the list
        ("bede 0001 00 00 00 10", None),  # cut off
        ("bede 0000", None),
        ("1000 0001 01 01 05 00", -5),  # two bytes of header
        ("100f 0002 02 03 aa bb cc 01 01 7f", -127),
        ("1000 0001 01 00 05 00", None),  # of no length
        ("1000 0001 00 00 00 01", None),
        ("abcd 0001 10 05 00 00", None),  # of a profile we do not know
    ],
)
def test_levels_are_read_where_they_stand(extension: str, level: int | None) -> None:
    """By the id that was negotiated, in either form of header."""
    data = bytes.fromhex(HEADER + extension) + b"payload"
    assert parse_rtp(data).payload == b"payload"
    assert audio_level(data, 1) == level


def test_a_packet_without_extension_tells_no_level() -> None:
    """Nor does one whose contributing sources come first confuse it."""
    assert audio_level(bytes.fromhex("80 6f 1234 000000a0 deadbeef 10 05"), 1) is None
    assert audio_level(bytes.fromhex("91 6f 1234 000000a0 deadbeef 00000007 bede 0001 10 05 00 00"), 1) == -5


@given(st.binary(max_size=60), st.integers(1, 255))
def test_any_extension_has_a_level_or_none(data: bytes, identifier: int) -> None:
    """Whatever a packet holds that was accepted as one."""
    for profile in (b"\xbe\xde", b"\x10\x00"):
        packet = bytes.fromhex(HEADER) + profile + (len(data) // 4).to_bytes(2, "big") + data
        try:
            parse_rtp(packet)
        except MalformedPacket:
            continue
        level = audio_level(packet, identifier)
        assert level is None or -127 <= level <= 0


BLOCK = ReportBlock(7, 25, -3, 70_000, 12, 0x22223333, 65_536)


def test_blocks_are_read_from_both_kinds_of_report() -> None:
    """As they were built; only a sender report has a time."""
    sender, name = parse_rtcp(build_report(5, "x", unix_time=1.5, timestamp=1, packets=2, octets=3, block=BLOCK))
    receiver, _ = parse_rtcp(build_receiver_report(5, "x", BLOCK))
    assert report_blocks(sender) == report_blocks(receiver) == [BLOCK] and report_blocks(name) == []
    assert sender_report_time(sender) == 0x7E81_8000 and sender_report_time(receiver) is None
    assert receiver.packet_type == RECEIVER_REPORT and receiver.ssrc == 5


@given(st.binary(max_size=120), st.sampled_from([200, 201, 202]), st.integers(0, 31))
def test_any_report_has_as_many_blocks_as_fit(body: bytes, kind: int, reports: int) -> None:
    """Whatever its header claims."""
    body = body[: len(body) // 4 * 4]
    data = bytes([0x80 | reports, kind]) + (len(body) // 4).to_bytes(2, "big") + body
    (packet,) = parse_rtcp(data)
    assert len(report_blocks(packet)) <= min(reports, len(body) // 24 + 1)
    sender_report_time(packet)
