"""Tones that tell who is heard: making them and finding them again."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

RATE = 8000
FRAME = 160  # samples in 20 ms

Samples = NDArray[np.float32]


def tone_frame(frequency: float, position: int, level: float = 0.25) -> Samples:
    """One frame of a sine that goes on where the frame before ended; position in samples."""
    t = np.arange(position, position + FRAME) / RATE
    return (level * np.sin(2 * math.pi * frequency * t)).astype(np.float32)


def tone_level(samples: Samples, frequency: float) -> float:
    """How much of this frequency is in the samples: the amplitude of its sine, 0 to 1."""
    if not len(samples):
        return 0.0
    window = np.hanning(len(samples))
    turn = np.exp(-2j * math.pi * frequency * np.arange(len(samples)) / RATE)
    return float(2 * abs(np.dot(samples * window, turn)) / window.sum())
