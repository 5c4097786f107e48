"""Automatic gain of one leg: faint and loud talkers come out alike, and what is no speech is not brought up.

Works on the level of each 20 ms, never on samples: a few sums a tick. What counts as speech stands clear of the
quietest moment of the last seconds, because people pause and fans, hums and line noise do not. The gain learns
from speech alone and is kept over pauses, in which it only ever turns down: noise that was raised beside
a faint voice is not left standing there alone, and the voice is where it was at its next word.
"""

from __future__ import annotations

from parley.engine.sound import TICK_MS

TARGET = -22.0  # dBov of speech as it should be; three such voices together stay below the limiter's knee
MOST_UP = 18.0  # dB
MOST_DOWN = -15.0
LEAST_SPEECH = -55.0  # dBov; fainter than that is a room, not a voice
NOTHING = -100.0  # dBov; less is no sound of a room at all: a lost packet, a muted phone
CLEAR_DB = 6.0  # above the floor
FLOOR_PARTS = 3  # the floor is the lowest level of so many seconds, and of the one that runs
PART_TICKS = 1000 // TICK_MS
UP_PER_TICK = 12.0 * TICK_MS / 1000  # dB: there within the first sentence, and too slow to be heard as swelling
DOWN_PER_TICK = 40.0 * TICK_MS / 1000
ATTACK = 0.2  # share of the way that the measure goes at a louder frame, and
RELEASE = 0.04  # at a fainter one: syllables hardly move it, talkers who lean back do
HANG_TICKS = 20  # 400 ms after speech that still count as speech
STEP_DB = 0.5  # the gain moves in steps, so that a steady one costs the mixer nothing


class AutomaticGain:
    """Tell it each tick's level with hear(); `gain` is the factor to apply, `decibels` the same in dB."""

    __slots__ = (
        "_applied",
        "_floor",
        "_floors",
        "_learned",
        "_lowest",
        "_measure",
        "_quiet",
        "_ticks",
        "decibels",
        "gain",
    )

    def __init__(self) -> None:
        self.gain = 1.0
        self.decibels = 0.0
        self._applied = 0.0
        self._learned = 0.0
        self._measure: float | None = None  # dBov of the speech so far
        self._quiet = HANG_TICKS  # ticks since speech
        self._floors: list[float] = []  # lowest of each of the last seconds
        self._floor = 0.0  # lowest of them all
        self._lowest = 0.0  # of the second that runs
        self._ticks = 0

    def hear(self, level: float) -> None:
        """One tick's level in dBov, before any gain."""
        if self._is_speech(level):
            self._learn(level)
            self._quiet = 0
        else:
            self._quiet += 1
        if self._quiet < HANG_TICKS:
            self._applied = self._learned
        else:
            self._applied = max(min(self._learned, 0.0), self._applied - DOWN_PER_TICK)
        decibels = round(self._applied / STEP_DB) * STEP_DB
        if decibels != self.decibels:
            self.decibels = decibels
            self.gain = 10.0 ** (decibels / 20.0)

    def _is_speech(self, level: float) -> bool:
        if level < NOTHING:
            return False
        self._lowest = min(self._lowest, level)
        self._floor = min(self._floor, level)
        self._ticks += 1
        if self._ticks == PART_TICKS:
            self._floors = [*self._floors[1 - FLOOR_PARTS :], self._lowest]
            self._floor, self._lowest, self._ticks = min(self._floors), 0.0, 0
        return level > LEAST_SPEECH and level > self._floor + CLEAR_DB

    def _learn(self, level: float) -> None:
        before = self._measure
        if before is None:
            self._measure = before = level
        else:
            self._measure = before + (level - before) * (ATTACK if level > before else RELEASE)
        wanted = min(max(TARGET - self._measure, MOST_DOWN), MOST_UP)
        step = wanted - self._learned
        self._learned += min(max(step, -DOWN_PER_TICK), UP_PER_TICK)
