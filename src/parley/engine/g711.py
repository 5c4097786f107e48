"""G.711 mu-law by table (ITU-T G.711; RTP payload "PCMU", RFC 3551 section 4.5.14)."""

from __future__ import annotations

import numpy as np

from parley.engine.sound import Samples

_BIAS = 132  # 33 of the recommendation's 14-bit scale, in 16 bits
_CLIP = 32_635


def _expand_table() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4 & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    size = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return (np.where(code & 0x80, -size, size) / 32768).astype(np.float32)


def _compress_table() -> bytes:
    value = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    size = np.minimum(np.abs(value), _CLIP) + _BIAS
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = size >> (exponent + 3) & 15
    sign = np.where(value < 0, 0x80, 0)
    return bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8))


_EXPAND = _expand_table()
_COMPRESS = np.frombuffer(_compress_table(), np.uint8)


def expand(payload: bytes) -> Samples:
    """Samples at 8 kHz, full scale 1.0."""
    return _EXPAND[np.frombuffer(payload, np.uint8)]


def compress(samples: Samples) -> bytes:
    """One byte a sample; what is beyond full scale is cut."""
    pcm = np.clip(samples * 32768.0, -32768, 32767).astype(np.int16)
    return bytes(_COMPRESS[pcm.view(np.uint16)])
