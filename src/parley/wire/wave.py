"""WAV files (RIFF WAVE) as far as prompts need them: 16 bit PCM, mono, 8 to 48 kHz. Total on any bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

_PCM = 1
_EXTENSIBLE = 0xFFFE
_PCM_GUID = bytes.fromhex("0100000000001000800000aa00389b71")
_CHUNKS_MOST = 64
RATE_LEAST, RATE_MOST = 8_000, 48_000


class BadWave(ValueError):
    """Not such a file; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Wave:
    """rate: samples a second. pcm: signed 16 bit little-endian."""

    rate: int
    pcm: bytes = field(repr=False)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate


def parse_wave(data: bytes) -> Wave:
    """Raises BadWave. What is cut off at the end is left out, as players do."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadWave("no WAV file")
    rate, at = 0, 12
    for _ in range(_CHUNKS_MOST):
        if at + 8 > len(data):
            break
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if kind == b"fmt ":
            rate = _rate(body)
        elif kind == b"data":
            if not rate:
                raise BadWave("sound before its format")
            pcm = body[: len(body) // 2 * 2]
            if not pcm:
                raise BadWave("no sound in it")
            return Wave(rate, pcm)
        at += 8 + size + (size & 1)
    raise BadWave("no sound in it")


def _rate(body: bytes) -> int:
    if len(body) < 16:
        raise BadWave("its format is cut off")
    kind, channels, rate, bits = (int.from_bytes(body[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8), (14, 16)))
    plain = kind == _PCM or (kind == _EXTENSIBLE and body[24:40] == _PCM_GUID)
    if not plain or channels != 1 or bits != 16:
        raise BadWave("not 16 bit PCM in mono")
    if not RATE_LEAST <= rate <= RATE_MOST:
        raise BadWave(f"{rate} samples a second are not 8000 to 48000")
    return rate
