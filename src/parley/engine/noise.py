"""Comfort noise (RFC 3389): it stands for a line whose sender has fallen silent and told how loud its background is."""

from __future__ import annotations

import functools

import numpy as np

from parley.engine.resample import Upsampler
from parley.engine.sound import FRAME, RATE, Samples

HIGHEST_LEVEL = -30  # dBov; a louder background is a fault of its sender, and would be a nuisance
_FRAMES = 97  # two seconds, then again from the start: too long for the ear to notice


@functools.cache
def _hiss() -> Samples:
    """Noise of a telephone's band at 0 dBov, in whole frames; its end goes on into its beginning."""
    dice = np.random.default_rng(3389)
    narrow = dice.standard_normal(_FRAMES * FRAME // 6).astype(np.float32)
    upsampler = Upsampler(6)
    upsampler.run(narrow[-RATE // 60 :])
    wide = upsampler.run(narrow)
    wide /= np.float32(np.sqrt(np.mean(wide * wide)))
    wide.flags.writeable = False
    return wide


class ComfortNoise:
    """One leg's noise; several at once are not alike, so that they do not add up like one voice."""

    def __init__(self, seed: int) -> None:
        self._frame = seed % _FRAMES

    def next_frame(self, level: int) -> Samples:
        """20 ms at a level in dBov."""
        start = self._frame * FRAME
        self._frame = (self._frame + 1) % _FRAMES
        return _hiss()[start : start + FRAME] * np.float32(10 ** (min(level, HIGHEST_LEVEL) / 20))
