"""RTP (RFC 3550), telephone events (RFC 4733), comfort noise (RFC 3389) and the RTCP of a mixer: bytes <-> values.

Sans-IO and without state. Every parser raises MalformedPacket on bytes that are not what they claim to be,
and nothing else.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import msgspec

RTP_VERSION = 2
SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203
COMFORT_NOISE = 13  # payload type; for codecs with a clock of 8 kHz (RFC 3551 table 4)
LEAST_REPORT_SECONDS = 5.0  # RFC 3550 section 6.2
DIGITS = "0123456789*#ABCD"  # RFC 4733 section 3.2: events 0 to 15
NTP_UNIX_SECONDS = 2_208_988_800  # from 1900, where NTP starts, to 1970

_FIXED = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_REPORT = struct.Struct("!IIIIII")
_BLOCK = struct.Struct("!IIIIII")
_EXTENSION = struct.Struct("!HH")


class MalformedPacket(ValueError):
    """These bytes are not the packet they should be."""


class RtpPacket(msgspec.Struct, frozen=True, gc=False):
    """One packet; header extension and contributing sources are skipped, padding is removed.

    Thousands are made in a second, and a msgspec structure takes a sixth of a named tuple's time.
    """

    payload_type: int
    marker: bool
    sequence: int  # 16 bit
    timestamp: int  # 32 bit, in units of the payload's clock
    ssrc: int
    payload: bytes


class TelephoneEvent(NamedTuple):
    """The payload of an RFC 4733 packet. `duration` is in units of the payload's clock."""

    event: int
    end: bool
    volume: int  # dBm0 without its minus sign, 0 to 63
    duration: int  # 16 bit


class ReportBlock(NamedTuple):
    """What a receiver says of one source (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int  # 256ths
    cumulative_lost: int
    highest_sequence: int  # extended
    jitter: int  # timestamp units
    last_report: int = 0
    delay_since_last: int = 0


class RtcpPacket(NamedTuple):
    """One packet of a compound: type, sender (0 when it names none), bytes after the header."""

    packet_type: int
    reports: int  # how many blocks, by the header
    ssrc: int
    body: bytes


def unwrap(value: int, reference: int, bits: int) -> int:
    """The number congruent to `value` modulo 2**bits that lies nearest to `reference`."""
    span = 1 << bits
    delta = (value - reference) & (span - 1)
    return reference + (delta - span if delta >= span >> 1 else delta)


def is_rtcp(data: bytes) -> bool:
    """Tells RTCP from RTP on one port by its second byte (RFC 5761 section 4)."""
    return len(data) >= 2 and 192 <= data[1] <= 223


def parse_rtp(data: bytes) -> RtpPacket:
    """Raises MalformedPacket. RFC 3550 section 5.1."""
    if len(data) < 12:
        raise MalformedPacket(f"{len(data)} bytes cannot hold an RTP header")
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != RTP_VERSION:
        raise MalformedPacket(f"RTP version {first >> 6}")
    start, end = 12, len(data)
    if first & 0x3F:  # padding, extension or contributing sources: rare, so kept off the usual path
        start, end = _payload_bounds(data, first)
    return RtpPacket(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, data[start:end])


def _payload_bounds(data: bytes, first: int) -> tuple[int, int]:
    start, end = 12 + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if start + 4 > end:
            raise MalformedPacket("cut inside the header extension")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if first & 0x20:
        padding = data[-1]
        if padding == 0:
            raise MalformedPacket("padding of no length")
        end -= padding
    if start > end:
        raise MalformedPacket("header and padding are longer than the packet")
    return start, end


def audio_level(data: bytes, identifier: int) -> int | None:
    """The level that the packet's header extension tells, in dBov: 0 loudest, -127 silence (RFC 6464).

    `data` must have been read by parse_rtp. None: the packet has none of that id. RFC 8285 sections 4.2 and 4.3.
    """
    if not data[0] & 0x10:
        return None
    start = 12 + 4 * (data[0] & 0x0F)
    profile, words = _EXTENSION.unpack_from(data, start)
    at, end = start + 4, start + 4 + 4 * words
    wide = profile >> 4 == 0x100
    if not wide and profile != 0xBEDE:
        return None
    while at < end:
        first = data[at]
        if first == 0:  # padding
            at += 1
            continue
        if wide:
            found, size, at = first, data[at + 1] if at + 1 < end else 0, at + 2
        else:
            found, size, at = first >> 4, (first & 0x0F) + 1, at + 1
            if found == 15:
                return None
        if found == identifier:
            return -(data[at] & 0x7F) if size and at + size <= end else None
        at += size
    return None


def build_rtp(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, *, marker: bool = False
) -> bytes:
    """One packet with the plain 12-byte header; sequence and timestamp are cut to their 16 and 32 bits."""
    second = payload_type | 0x80 if marker else payload_type
    return _FIXED.pack(0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def parse_event(payload: bytes) -> TelephoneEvent:
    """Raises MalformedPacket. RFC 4733 section 2.3; bytes after the first event are not looked at."""
    if len(payload) < 4:
        raise MalformedPacket(f"{len(payload)} bytes cannot hold a telephone event")
    event, flags, duration = _EVENT.unpack_from(payload)
    return TelephoneEvent(event, flags >= 0x80, flags & 0x3F, duration)


def build_event(event: TelephoneEvent) -> bytes:
    """Four bytes; raises struct.error on fields that do not fit, which is our mistake."""
    return _EVENT.pack(event.event, (0x80 if event.end else 0) | (event.volume & 0x3F), event.duration)


def noise_level(payload: bytes) -> int:
    """dBov of the comfort noise to make, 0 to -127 (RFC 3389 section 3.1); its spectrum, if any is told, is not read.

    Raises MalformedPacket.
    """
    if not payload:
        raise MalformedPacket("comfort noise without a level")
    return -(payload[0] & 0x7F)


def parse_rtcp(data: bytes) -> list[RtcpPacket]:
    """The packets of one compound, in order. Raises MalformedPacket. RFC 3550 section 6."""
    packets: list[RtcpPacket] = []
    offset = 0
    while offset < len(data):
        if len(data) - offset < 4:
            raise MalformedPacket("cut inside an RTCP header")
        first, packet_type, words = _EVENT.unpack_from(data, offset)
        if first >> 6 != RTP_VERSION or not 192 <= packet_type <= 223:
            raise MalformedPacket("not RTCP")
        end = offset + 4 + 4 * words
        if end > len(data):
            raise MalformedPacket("RTCP length beyond the datagram")
        body = data[offset + 4 : end]
        ssrc = int.from_bytes(body[:4], "big") if len(body) >= 4 else 0
        packets.append(RtcpPacket(packet_type, first & 0x1F, ssrc, body))
        offset = end
    if not packets:
        raise MalformedPacket("empty RTCP")
    return packets


def report_blocks(packet: RtcpPacket) -> list[ReportBlock]:
    """The blocks of a sender or receiver report, as many as it holds; none of another packet."""
    if packet.packet_type not in (SENDER_REPORT, RECEIVER_REPORT):
        return []
    start = 24 if packet.packet_type == SENDER_REPORT else 4
    blocks = []
    for at in range(start, min(start + 24 * packet.reports, len(packet.body) - 23), 24):
        ssrc, lost, highest, jitter, last, delay = _BLOCK.unpack_from(packet.body, at)
        cumulative = lost & 0xFFFFFF
        if cumulative >= 0x800000:
            cumulative -= 0x1000000
        blocks.append(ReportBlock(ssrc, lost >> 24, cumulative, highest, jitter, last, delay))
    return blocks


def sender_report_time(packet: RtcpPacket) -> int | None:
    """The middle 32 bits of a sender report's NTP time, as a block echoes them; None of another packet."""
    if packet.packet_type != SENDER_REPORT or len(packet.body) < 24:
        return None
    return int.from_bytes(packet.body[6:10], "big")


def ntp_middle(unix_time: float) -> int:
    """The middle 32 bits of the NTP time, as blocks echo them: units of 1/65536 s."""
    return int((unix_time + NTP_UNIX_SECONDS) * 65536) & 0xFFFFFFFF


def report_interval(chance: float) -> float:
    """Seconds to the next report of a session of two, far below the bandwidth that RTCP may take (RFC 3550 A.7).

    chance: evenly from [0, 1).
    """
    return LEAST_REPORT_SECONDS * (0.5 + chance) / 1.21828


def build_goodbye(ssrc: int, canonical_name: str) -> bytes:
    """The end of a stream: a compound with an empty receiver report and a CNAME (RFC 3550 sections 6.1 and 6.6)."""
    body = ssrc.to_bytes(4, "big")
    return _rtcp(RECEIVER_REPORT, 0, body) + _canonical_name(ssrc, canonical_name) + _rtcp(GOODBYE, 1, body)


def build_receiver_report(ssrc: int, canonical_name: str, block: ReportBlock) -> bytes:
    """What one who sends no voice says of what comes, with SDES CNAME."""
    body = ssrc.to_bytes(4, "big") + _packed(block)
    return _rtcp(RECEIVER_REPORT, 1, body) + _canonical_name(ssrc, canonical_name)


def build_report(
    ssrc: int,
    canonical_name: str,
    *,
    unix_time: float,
    timestamp: int,
    packets: int,
    octets: int,
    block: ReportBlock | None = None,
) -> bytes:
    """A sender report with SDES CNAME, the least that RFC 3550 section 6.1 lets a sender send."""
    ntp = int((unix_time + NTP_UNIX_SECONDS) * (1 << 32))
    body = _REPORT.pack(
        ssrc,
        ntp >> 32 & 0xFFFFFFFF,
        ntp & 0xFFFFFFFF,
        timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    if block is not None:
        body += _packed(block)
    return _rtcp(SENDER_REPORT, 0 if block is None else 1, body) + _canonical_name(ssrc, canonical_name)


def _packed(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.cumulative_lost)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        block.fraction_lost << 24 | lost,
        block.highest_sequence & 0xFFFFFFFF,
        block.jitter & 0xFFFFFFFF,
        block.last_report,
        block.delay_since_last & 0xFFFFFFFF,
    )


def _canonical_name(ssrc: int, canonical_name: str) -> bytes:
    name = canonical_name.encode()[:255]
    chunk = ssrc.to_bytes(4, "big") + bytes([1, len(name)]) + name
    chunk += bytes(4 - len(chunk) % 4)  # at least one zero ends the list, then up to the word
    return _rtcp(SOURCE_DESCRIPTION, 1, chunk)


def _rtcp(packet_type: int, count: int, body: bytes) -> bytes:
    return _EVENT.pack(RTP_VERSION << 6 | count, packet_type, len(body) // 4) + body
