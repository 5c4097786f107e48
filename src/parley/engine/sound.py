"""The engine's one inner sound: mono float32 at 48 kHz, full scale 1.0, in frames of 20 ms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
TICK_MS = 20
FRAME = RATE * TICK_MS // 1000
SILENCE_LEVEL = -127

Samples = NDArray[np.float32]

# Shared and never written to. 120 ms is the longest packet Opus knows.
ZEROS: Samples = np.zeros(RATE * 120 // 1000, np.float32)
ZEROS.flags.writeable = False
SILENT_FRAME: Samples = ZEROS[:FRAME]

# Above the knee the limiter bends instead of clipping. It catches what the mixer's own gain is too late for.
_KNEE = 0.8
_ROOM = 1.0 - _KNEE
FULL = _KNEE  # peaks up to here pass untouched


def level(frame: Samples) -> float:
    """Root mean square in dBov, a full-scale square wave being 0; -127 for nothing at all."""
    power = float(np.dot(frame, frame)) / len(frame)
    return max(10.0 * math.log10(power), SILENCE_LEVEL) if power > 0.0 else SILENCE_LEVEL


def peak(frame: Samples) -> float:
    """The size of the largest sample."""
    return max(float(frame.max()), -float(frame.min()))


def limit(frame: Samples) -> Samples:
    """Keep every sample within full scale; a frame below the knee comes back untouched."""
    if peak(frame) <= _KNEE:
        return frame
    size = np.abs(frame)
    bent = _KNEE + _ROOM * np.tanh((size - _KNEE) / _ROOM)
    return np.where(size > _KNEE, np.copysign(bent, frame), frame).astype(np.float32)


def ramp(start: float, end: float, length: int) -> Samples:
    """A straight line of gains from `start` to `end`."""
    return np.linspace(start, end, length, endpoint=False, dtype=np.float32)
