"""G.722 at 64 kbit/s by PyAV (ITU-T G.722; RTP payload "G722", RFC 3551 section 4.5.2).

Sound is sampled at 16 kHz, but the RTP clock counts 8000 a second: a mistake of old that everybody keeps.
"""

from __future__ import annotations

from typing import Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from parley.engine.sound import Samples

RATE = 16_000


def _context(mode: Literal["r", "w"]) -> AudioCodecContext:
    context: AudioCodecContext = av.CodecContext.create("g722", mode)
    context.sample_rate = RATE
    context.layout = "mono"
    context.format = "s16"
    return context


class G722Decoder:
    """Carries its adaptive state from packet to packet."""

    def __init__(self) -> None:
        self._context = _context("r")

    def decode(self, payload: bytes) -> Samples:
        """Samples at 16 kHz, full scale 1.0: two a byte."""
        frames = self._context.decode(av.Packet(payload))
        pieces = [frame.to_ndarray().reshape(-1) for frame in frames]
        if not pieces:
            return np.zeros(2 * len(payload), np.float32)
        return np.concatenate(pieces).astype(np.float32) / np.float32(32768)


class G722Encoder:
    """One byte for two samples at 16 kHz."""

    def __init__(self) -> None:
        self._context = _context("w")

    def encode(self, samples: Samples) -> bytes:
        pcm = np.clip(samples * 32768.0, -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        return b"".join(bytes(packet) for packet in self._context.encode(frame))
