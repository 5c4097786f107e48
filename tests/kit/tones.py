"""Sound for tests: tones to say, and measures of what was heard. Arrays of float, full scale 1.0."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]


def sine(frequency: float, seconds: float, rate: int, amplitude: float = 0.25, start: int = 0) -> Sound:
    """A steady tone; `start` is the sample at which it begins, so that pieces join without a click."""
    time = (np.arange(round(seconds * rate)) + start) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def quiet(seconds: float, rate: int) -> Sound:
    return np.zeros(round(seconds * rate), np.float32)


def windows(sound: Sound, rate: int, milliseconds: float) -> Sound:
    """Cut into rows of one window each; an incomplete last one is dropped."""
    length = round(rate * milliseconds / 1000)
    return sound[: len(sound) // length * length].reshape(-1, length)


def strength(sound: Sound, frequency: float, rate: int, milliseconds: float = 20.0) -> Sound:
    """Amplitude of one frequency in each window (Goertzel's question, answered by a dot product)."""
    rows = windows(sound, rate, milliseconds)
    count = rows.shape[1]
    weight = np.hanning(count)
    wave = np.exp(-2j * np.pi * frequency * np.arange(count) / rate) * weight
    return (np.abs(rows @ wave) * 2 / weight.sum()).astype(np.float32)


def level(sound: Sound, rate: int, milliseconds: float = 20.0) -> Sound:
    """Root mean square of each window, in dB of full scale; -120 for nothing."""
    power = (windows(sound, rate, milliseconds).astype(np.float64) ** 2).mean(axis=1)
    return (10 * np.log10(power + 1e-12)).astype(np.float32)


def heard(sound: Sound, frequency: float, rate: int, amplitude: float = 0.25) -> bool:
    """Whether a tone said at `amplitude` is in the sound, for 60 ms at least, at a fifth of its strength or more."""
    if len(sound) == 0:
        return False
    return int((strength(sound, frequency, rate) > amplitude / 5).sum()) >= 3


def spans(flags: NDArray[np.bool_], milliseconds: float) -> list[tuple[float, float]]:
    """Stretches of true windows as (start, end) in seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(int)))
    return [
        (start * milliseconds / 1000, end * milliseconds / 1000)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def tone_spans(
    sound: Sound, frequency: float, rate: int, amplitude: float = 0.25, milliseconds: float = 10.0
) -> list[tuple[float, float]]:
    """When a tone was heard, as (start, end) in seconds, at a third of its amplitude or more."""
    return spans(strength(sound, frequency, rate, milliseconds) > amplitude / 3, milliseconds)


def longest_hole(sound: Sound, frequency: float, rate: int, amplitude: float = 0.25) -> float:
    """Milliseconds of the longest interruption between the first and the last moment of a tone; inf if unheard."""
    found = tone_spans(sound, frequency, rate, amplitude)
    if not found:
        return float("inf")
    gaps = [(after[0] - before[1]) * 1000 for before, after in itertools.pairwise(found)]
    return max(gaps, default=0.0)
