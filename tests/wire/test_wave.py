"""WAV files from anywhere."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.wire.wave import BadWave, Wave, parse_wave

PCM = struct.pack("<4h", 1, -2, 300, -32768)
GUID = bytes.fromhex("0100000000001000800000aa00389b71")


def chunk(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    return kind + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def fmt(kind: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, more: bytes = b"") -> bytes:
    block = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits) + more)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


EXTENSIBLE = fmt(0xFFFE, more=struct.pack("<HHI", 22, 16, 4) + GUID)
FLOATS = fmt(0xFFFE, more=struct.pack("<HHI", 22, 16, 4) + b"\3" + GUID[1:])
GOOD = {
    "plain": riff(fmt(), chunk(b"data", PCM)),
    "extensible": riff(EXTENSIBLE, chunk(b"data", PCM)),
    "with other chunks, one of odd length": riff(chunk(b"LIST", b"odd"), fmt(), chunk(b"data", PCM)),
    "written while its length was not known": riff(fmt(), chunk(b"data", PCM, 0xFFFFFFFF)),
    "torn in the middle of a sample": riff(fmt(), chunk(b"data", PCM + b"x", 4000)[:-1]),
}  # fmt: skip
BAD = {
    "empty": b"",
    "another thing": b"<html>not found</html>",
    "no chunk": riff(),
    "sound before its format": riff(chunk(b"data", PCM), fmt()),
    "no sound": riff(fmt()),
    "empty sound": riff(fmt(), chunk(b"data", b"")),
    "stereo": riff(fmt(channels=2), chunk(b"data", PCM)),
    "8 bit": riff(fmt(bits=8), chunk(b"data", PCM)),
    "mu-law": riff(fmt(kind=7), chunk(b"data", PCM)),
    "extensible, but floats": riff(FLOATS, chunk(b"data", PCM)),
    "too slow": riff(fmt(rate=7_999), chunk(b"data", PCM)),
    "too fast": riff(fmt(rate=48_001), chunk(b"data", PCM)),
    "format cut off": riff(chunk(b"fmt ", b"\1\0\1\0")),
    "chunks without end": riff(*[chunk(b"junk", b"")] * 100, fmt(), chunk(b"data", PCM)),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_plain_sound_is_read(name: str) -> None:
    """Every way in which programs write the same four samples."""
    assert parse_wave(GOOD[name]) == Wave(16_000, PCM)


def test_what_the_standard_library_writes_is_read() -> None:
    """At every rate from 8 to 48 kHz."""
    for rate in (8_000, 11_025, 22_050, 44_100, 48_000):
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(rate)
            writer.writeframes(PCM * rate)
        assert parse_wave(file.getvalue()) == Wave(rate, PCM * rate)
        assert parse_wave(file.getvalue()).seconds == 4.0


@pytest.mark.parametrize("name", BAD)
def test_anything_else_is_refused(name: str) -> None:
    """With a word of why, and no other exception."""
    with pytest.raises(BadWave, match=r".+"):
        parse_wave(BAD[name])


@given(st.binary(max_size=200), st.sampled_from(list(GOOD.values())), st.integers(0, 80), st.integers(0, 80))
def test_no_bytes_break_it(junk: bytes, good: bytes, start: int, end: int) -> None:
    """Junk, and good files with junk in them: a wave or BadWave."""
    for data in (junk, good[:start] + junk + good[end:]):
        try:
            found = parse_wave(data)
        except BadWave:
            continue
        assert found.pcm and len(found.pcm) % 2 == 0 and len(found.pcm) <= len(data)
