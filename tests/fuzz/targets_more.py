"""Targets for what a call brings besides: certificates in SDP, acknowledged provisionals, prompts from elsewhere."""

from __future__ import annotations

import contextlib

from parley.wire.dtls_sdp import answered, read_dtls, taken
from parley.wire.sdp import SdpMistake
from parley.wire.sdp import parse as parse_sdp
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.message import Request, Response
from parley.wire.sip.parser import parse as parse_sip
from parley.wire.sip.reliable import RAck, rseq_of
from parley.wire.wave import RATE_LEAST, RATE_MOST, BadWave, parse_wave
from tests.fuzz.target import target, text_of
from tests.kit.sip_wire import request

FINGERPRINT = ":".join(["AB"] * 32)
SECTION = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:{}\r\na=fingerprint:{}\r\n"
)
RINGING = (
    "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
    "Call-ID: x\r\nCSeq: 1 INVITE\r\nRequire: 100rel\r\nRSeq: {}\r\nContent-Length: 0\r\n\r\n"
)
# Two samples at 8000 Hz.
WAVE = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\4\0\0\0\1\0\2\0"


@target("dtls-sdp", "wire.dtls_sdp", seeds=(
    SECTION.format("actpass", f"sha-256 {FINGERPRINT}").encode(),
    SECTION.format("passive", f"SHA-256  {FINGERPRINT}").encode(),
    SECTION.format("holdconn", "sha-1 " + ":".join(["AB"] * 20)).encode(),
))  # fmt: skip
def dtls_sdp(data: bytes) -> None:
    """A certificate by SHA-256 and a role, or nothing; our answer to it fits, and is never of the same role."""
    try:
        session = parse_sdp(data)
    except SdpMistake:
        return
    for media in session.media:
        found = read_dtls(session, media)
        if found is None:
            continue
        assert len(found.fingerprint) == len(FINGERPRINT)
        ours, agreed = answered(found, FINGERPRINT)
        assert agreed.client is (ours.setup == "active")
        assert (taken(found, ours) is None) is (found.setup == ours.setup)


@target("reliable", "wire.sip.reliable", seeds=(b"1 1 INVITE", b"4294967295 7 INVITE", b" 9  2\tUPDATE"))
def reliable(data: bytes) -> None:
    """RAck is three parts, or TheirMistake; RSeq a positive number of 32 bits, or none."""
    value = " ".join(text_of(data).splitlines())
    message = parse_sip(request("PRACK", to="<sip:r@b>;tag=x"))
    assert isinstance(message, Request)
    message.headers.add("RAck", value)
    with contextlib.suppress(TheirMistake):
        read = RAck.of(message)
        again = parse_sip(request("PRACK", to="<sip:r@b>;tag=x", extra=f"RAck: {read}\r\n"))
        assert isinstance(again, Request) and RAck.of(again) == read
    ringing = parse_sip(RINGING.format(1).encode())
    assert isinstance(ringing, Response)
    assert rseq_of(ringing) == 1
    ringing.headers.add("RSeq", value)
    number = rseq_of(ringing)
    assert number is None or 0 < number < 1 << 32


@target("wave", "wire.wave", seeds=(WAVE, WAVE[:40], WAVE.replace(b"data", b"LIST")))
def wave(data: bytes) -> None:
    """Whole samples at a rate that can be played, no more than there are bytes, or BadWave."""
    try:
        found = parse_wave(data)
    except BadWave:
        return
    assert RATE_LEAST <= found.rate <= RATE_MOST
    assert 0 < len(found.pcm) <= len(data) and len(found.pcm) % 2 == 0
