"""Whole-number resampling by polyphase FIR. The filter's past is an argument or kept in a small object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from parley.engine.sound import ZEROS, Samples

# 32 taps a phase put the edge of a telephone's band (3.4 kHz) within 0.5 dB and its first image 60 dB down,
# for 2 ms of delay at 8 kHz.
TAPS_PER_PHASE = 32
_STOP_BAND_BETA = 6.0  # Kaiser: about 63 dB


def lowpass(factor: int) -> Samples:
    """Taps for changing the rate by `factor`, cut just under the lower rate's half; they sum to 1."""
    count = TAPS_PER_PHASE * factor
    place = np.arange(count) - (count - 1) / 2
    cutoff = 0.96 / factor
    taps = np.sinc(place * cutoff) * np.kaiser(count, _STOP_BAND_BETA)
    return np.asarray(taps / taps.sum(), np.float32)


class Upsampler:
    """Multiplies the rate by `factor`, continuously over calls; delays by half the filter."""

    def __init__(self, factor: int) -> None:
        # Column p makes output p of each input sample; newest input last, hence the reversal.
        phases = lowpass(factor).reshape(TAPS_PER_PHASE, factor) * factor
        self._phases: NDArray[np.float32] = np.ascontiguousarray(phases[::-1])
        self._past: Samples = ZEROS[: TAPS_PER_PHASE - 1]

    def run(self, samples: Samples) -> Samples:
        joined = np.concatenate((self._past, samples))
        self._past = joined[len(samples) :]
        return np.asarray(_windows(joined, len(samples), TAPS_PER_PHASE, 1) @ self._phases).reshape(-1)


class Downsampler:
    """Divides the rate by `factor`. Its past is what the listener heard before, given at every call."""

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._taps = lowpass(factor)
        self._past = len(self._taps) - factor

    def run(self, before: Samples, samples: Samples) -> Samples:
        """`before` is at least one filter long; len(samples) must be a multiple of the factor."""
        joined = np.concatenate((before[len(before) - self._past :], samples))
        return np.asarray(_windows(joined, len(samples) // self._factor, len(self._taps), self._factor) @ self._taps)


def _windows(samples: Samples, count: int, length: int, step: int) -> Samples:
    """One window in each row, `step` samples apart, without a copy; as as_strided of numpy, at a tenth of its cost."""
    size = samples.itemsize
    return np.ndarray((count, length), samples.dtype, samples, 0, (step * size, size))
