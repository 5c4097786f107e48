"""Making sound a little shorter or longer where nobody notices: cut and repeat whole periods of the voice."""

from __future__ import annotations

import numpy as np

from parley.engine.sound import FRAME, RATE, Samples, ramp

_SHORTEST_LAG = RATE * 5 // 2000  # 2.5 ms, a 400 Hz voice
_LONGEST_LAG = RATE * 15 // 1000  # 67 Hz
_OVERLAP = RATE * 4 // 1000
_RISE = ramp(0.0, 1.0, _OVERLAP)
_FALL = 1.0 - _RISE
SHORTEN_NEEDS = _LONGEST_LAG + _OVERLAP  # samples in hand before `shorten` can work
LENGTHEN_NEEDS = SHORTEN_NEEDS
CONCEAL_NEEDS = _LONGEST_LAG + _OVERLAP  # samples of past before `conceal` can work


def _best_lag(pattern: Samples, field: Samples) -> int:
    """Where in `field` the pattern fits best, by normalised cross-correlation."""
    match = np.correlate(field, pattern, "valid")
    energy = np.convolve(field * field, np.ones(len(pattern), np.float32), "valid")
    return int(np.argmax(match / np.sqrt(energy + 1e-9)))


def shorten(samples: Samples) -> Samples:
    """Without one stretch of 5 to 15 ms near its start; the first samples still continue what came before."""
    first = 2 * _SHORTEST_LAG
    lag = first + _best_lag(samples[:_OVERLAP], samples[first : _LONGEST_LAG + _OVERLAP])
    blend = samples[:_OVERLAP] * _FALL + samples[lag : lag + _OVERLAP] * _RISE
    return np.concatenate((blend, samples[lag + _OVERLAP :]))


def lengthen(samples: Samples) -> Samples:
    """With a stretch of 5 to 15 ms at its start said twice; first and last samples are those that were given."""
    first = 2 * _SHORTEST_LAG
    lag = first + _best_lag(samples[:_OVERLAP], samples[first : _LONGEST_LAG + _OVERLAP])
    blend = samples[lag : lag + _OVERLAP] * _FALL + samples[:_OVERLAP] * _RISE
    return np.concatenate((samples[:lag], blend, samples[_OVERLAP:]))


def conceal(past: Samples, length: int = FRAME) -> Samples:
    """`length` samples that go on from `past` by repeating its last period."""
    field = past[len(past) - CONCEAL_NEEDS : len(past) - _SHORTEST_LAG]
    start = _best_lag(past[len(past) - _OVERLAP :], field)
    lag = CONCEAL_NEEDS - _OVERLAP - start
    period = past[len(past) - lag :]
    return np.resize(period, length)


def join(invented: Samples, real: Samples) -> Samples:
    """Fade from what concealment would have gone on with to what has come."""
    count = min(_OVERLAP, len(invented), len(real))
    rise = _RISE if count == _OVERLAP else ramp(0.0, 1.0, count)
    blended = real.copy()
    blended[:count] = invented[:count] * (1.0 - rise) + real[:count] * rise
    return blended
