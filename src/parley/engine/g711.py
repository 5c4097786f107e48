"""G.711 by table (ITU-T G.711; RTP payloads "PCMU" and "PCMA", RFC 3551 section 4.5.14)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from parley.engine.sound import Samples

_BIAS = 132  # 33 of the recommendation's 14-bit scale, in 16 bits
_CLIP = 32_635
_FAINT = 10 ** (-50 / 20)  # of full scale


class Law:
    """One of the two companding laws. silence: the code of zero; faint: all codes of what is too faint for speech."""

    def __init__(self, expansion: Samples, compression: bytes, silence: int) -> None:
        self._expansion = expansion
        self._compression = np.frombuffer(compression, np.uint8)
        self.silence = silence
        self.faint = bytes(np.flatnonzero(np.abs(expansion) <= _FAINT).astype(np.uint8))

    def expand(self, payload: bytes) -> Samples:
        """Samples at 8 kHz, full scale 1.0."""
        return self._expansion[np.frombuffer(payload, np.uint8)]

    def compress(self, samples: Samples) -> bytes:
        """One byte a sample; what is beyond full scale is cut."""
        pcm = np.clip(samples * 32768.0, -32768, 32767).astype(np.int16)
        return bytes(self._compression[pcm.view(np.uint16)])


def _every_value() -> NDArray[np.int32]:
    """All 16-bit samples, by their unsigned reading."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _expand_mu() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4 & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    size = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return (np.where(code & 0x80, -size, size) / 32768).astype(np.float32)


def _compress_mu() -> bytes:
    value = _every_value()
    size = np.minimum(np.abs(value), _CLIP) + _BIAS
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = size >> (exponent + 3) & 15
    sign = np.where(value < 0, 0x80, 0)
    return bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8))


def _expand_a() -> Samples:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = (code >> 4 & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    straight = (mantissa << 4) + 8  # the first two segments have one slope
    size = np.where(exponent == 0, straight, (straight + 256) << np.maximum(exponent - 1, 0))
    return (np.where(code & 0x80, size, -size) / 32768).astype(np.float32)


def _compress_a() -> bytes:
    value = _every_value()
    size = np.minimum(np.where(value < 0, -value - 1, value), 32767)  # the law has no zero: halves to either side
    exponent = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 7, 0)
    mantissa = size >> np.maximum(exponent + 3, 4) & 15
    sign = np.where(value < 0, 0, 0x80)
    return bytes(((sign | exponent << 4 | mantissa) ^ 0x55).astype(np.uint8))


MU = Law(_expand_mu(), _compress_mu(), 0xFF)
A = Law(_expand_a(), _compress_a(), 0xD5)
