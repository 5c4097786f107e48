"""Who is heard: the loudest few of a group, summed once, and once less for each of them.

Rules, in ticks of 20 ms:
- a voice over the silence threshold takes a free place in the tick it is first heard, from its first sample;
- with no place free it takes that of the quietest voice that has been in for 400 ms, if it is louder: a fresh
  sound counts with its full level at once, an old one is remembered for a while, so pauses between words do
  not cost a place. Where every place is younger than 400 ms the newcomer waits for the first to come of age;
- a voice stays for 400 ms after it was last over the threshold, unless its place is needed;
- in a crowd with no place free, who is not mixed is listened to by turns, every 160 ms: to take a place from
  somebody he must be louder anyway, and nobody takes one from whoever has had his for less than 400 ms;
- so is at any time who is not mixed and in whose packets there is no speech; with the first that holds any it is over.

Where the sum would be over full scale all its voices are turned down together, at once, and let up again slowly: two
who shout at one another are heard at their usual loudness, and not as the crackle of a limiter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from parley.engine.encoders import SharedMix
from parley.engine.sound import FRAME, FULL, RATE, SILENCE_LEVEL, SILENT_FRAME, Samples, limit, peak, ramp

STAY_TICKS = 20  # 400 ms
# Handsets idle at -70 to -60 dBov; quiet speech starts around -50.
SILENCE_THRESHOLD = -60.0
FADE_DB_PER_TICK = 1.5  # how fast a past level is forgotten: 30 dB in 400 ms
ANNOUNCED_SLACK_DB = 3.0  # an announced level is the sender's measure of the sound before its encoder
MARGIN_DB = 3.0  # by how much a newcomer must be louder, so that equals do not take turns
CROWD = 16  # voices that are not mixed; so many can all be listened to at every tick
TURNS = 8  # ticks
_RAMP = RATE * 5 // 1000
_LET_UP = 10.0 ** (0.4 / 20)  # a tick: 20 dB a second
_TAIL_TICKS = 2  # frames of true silence after sound, to drain what an encoder still holds


@dataclass(slots=True)
class Voice:
    """One contributing leg as its mixer sees it."""

    turn: int = 0  # in which of TURNS ticks it is listened to in a crowd
    level: float = SILENCE_LEVEL  # of this tick, after gain
    memory: float = SILENCE_LEVEL  # highest of late, fading
    entered: int = -1  # tick; -1: not mixed
    last_loud: int = -1
    frame: Samples | None = None  # of this tick, before gain
    gain: float = 1.0
    applied: float = 0.0  # gain at the end of the tick before; 0 when it was not mixed
    part: Samples | None = None  # what it adds to this tick's sum


@dataclass(slots=True)
class Mixer:
    """One group of one meeting."""

    loudest: int
    voices: dict[str, Voice] = field(default_factory=dict)
    shared: SharedMix = field(default_factory=SharedMix)
    mixed: tuple[str, ...] = ()  # loudest first
    _came: int = 0
    _turn: int = 0  # whose it is at this tick
    _bar: float = -math.inf
    _crowded: bool = False
    _sum: Samples | None = None
    _quiet_ticks: int = _TAIL_TICKS
    _pressed: float = 1.0  # by how much all are turned down

    def offer(self, leg: str, frame: Samples | None, level: float, gain: float) -> None:
        """What one contributing leg said in this tick; None is silence."""
        voice = self.voices.get(leg)
        if voice is None:
            voice = self.voices[leg] = Voice(turn=self._came % TURNS)
            self._came += 1
        voice.frame, voice.gain = frame, gain
        voice.level = level

    def withdraw(self, leg: str) -> None:
        """The leg contributes no more: gone at once, without a fade."""
        self.voices.pop(leg, None)

    def begin(self, tick: int) -> None:
        """What can be known of the tick's mix before anything is decoded."""
        self._turn, self._bar, self._crowded = tick % TURNS, self.bar(tick), self.is_crowd(tick)

    def attention(self, leg: str, speechless: bool) -> tuple[float, bool]:
        """How closely a leg is to be listened to in this tick: below which level, after gain, it is not heard anyway,
        and whether it is not listened to at all. speechless: there is no speech in what it sends.
        """
        voice = self.voices.get(leg)
        if voice is None:
            return self._bar, False
        if voice.entered >= 0 or voice.part is not None:
            return -math.inf, False
        return self._bar, (speechless or self._crowded) and voice.turn != self._turn

    def mix(self, tick: int) -> None:
        """Choose and sum. Afterwards `shared` and heard_by() tell what each leg hears."""
        self._choose(tick)
        total: Samples | None = None
        for voice in self.voices.values():
            voice.part = self._part(voice)
            if voice.part is not None:
                total = voice.part if total is None else total + voice.part
        if total is not None:
            total = self._press(total)
        self._sum = total
        self._quiet_ticks = self._quiet_ticks + 1 if total is None else 0
        if total is not None:
            self.shared.next_tick(limit(total))
        else:
            self.shared.next_tick(SILENT_FRAME if self._quiet_ticks <= _TAIL_TICKS else None)

    def _press(self, total: Samples) -> Samples:
        """Turn the sum and every voice in it down as far as the sum asks for."""
        before, loudest = self._pressed, peak(total)
        if before == 1.0 and loudest <= FULL:
            return total
        self._pressed = min(FULL / max(loudest, FULL), before * _LET_UP)
        gains = np.full(FRAME, self._pressed, np.float32)
        gains[:_RAMP] = ramp(before, self._pressed, _RAMP)
        pressed = total * gains
        for voice in self.voices.values():
            if voice.part is not None:
                voice.part = pressed if voice.part is total else voice.part * gains
        return pressed

    def is_mixed(self, leg: str) -> bool:
        """Whether the leg is part of the sum, so that it needs a mix of its own."""
        voice = self.voices.get(leg)
        return voice is not None and (voice.entered >= 0 or voice.part is not None)

    def without(self, leg: str) -> Samples | None:
        """The sum less the leg's own part; None when nothing remains."""
        own = self.voices[leg].part
        if own is None or self._sum is None:
            return self.shared.frame
        if own is self._sum:
            return None
        return limit(self._sum - own)

    def is_crowd(self, tick: int) -> bool:
        """Whether no place is free at this tick, and more wait for one than can all be listened to."""
        if len(self.voices) - self.loudest <= CROWD:
            return False
        inside = [voice for voice in self.voices.values() if voice.entered >= 0]
        return len(inside) >= self.loudest and not any(_leaves(voice, tick) for voice in inside)

    def bar(self, tick: int) -> float:
        """The level below which no voice that is not mixed yet can come in at this tick: it need not be decoded."""
        inside = [voice for voice in self.voices.values() if voice.entered >= 0]
        least = SILENCE_THRESHOLD
        if len(inside) >= self.loudest and not any(_leaves(voice, tick) for voice in inside):
            aged = [voice.memory for voice in inside if tick - voice.entered >= STAY_TICKS]
            if not aged:
                return math.inf
            least = max(least, min(aged) - FADE_DB_PER_TICK + MARGIN_DB)
        return least - ANNOUNCED_SLACK_DB

    def _choose(self, tick: int) -> None:
        inside: list[Voice] = []
        waiting: list[Voice] = []
        for voice in self.voices.values():
            voice.memory = max(voice.level, voice.memory - FADE_DB_PER_TICK)
            if voice.level > SILENCE_THRESHOLD:
                voice.last_loud = tick
            if voice.entered >= 0 and _leaves(voice, tick):
                voice.entered = -1
            if voice.entered >= 0:
                inside.append(voice)
            elif voice.level > SILENCE_THRESHOLD:
                waiting.append(voice)
        waiting.sort(key=lambda voice: -voice.level)
        for voice in waiting:
            if len(inside) >= self.loudest and not self._make_place(tick, inside, voice):
                break
            voice.entered = tick
            inside.append(voice)
        order = sorted((item for item in self.voices.items() if item[1].entered >= 0), key=_by_memory)
        self.mixed = tuple(leg for leg, _ in order)

    @staticmethod
    def _make_place(tick: int, inside: list[Voice], newcomer: Voice) -> bool:
        aged = [voice for voice in inside if tick - voice.entered >= STAY_TICKS]
        if not aged:
            return False
        quietest = min(aged, key=lambda voice: voice.memory)
        if newcomer.level < quietest.memory + MARGIN_DB:
            return False
        quietest.entered = -1
        inside.remove(quietest)
        return True

    @staticmethod
    def _part(voice: Voice) -> Samples | None:
        target = voice.gain if voice.entered >= 0 else 0.0
        before, voice.applied = voice.applied, target
        if voice.frame is None or (before == 0.0 and target == 0.0):
            return None
        if before == target:
            return voice.frame if target == 1.0 else voice.frame * np.float32(target)
        gains = np.full(FRAME, target, np.float32)
        gains[:_RAMP] = ramp(before, target, _RAMP)
        return voice.frame * gains


def _leaves(voice: Voice, tick: int) -> bool:
    return tick - max(voice.last_loud, voice.entered) > STAY_TICKS


def _by_memory(item: tuple[str, Voice]) -> float:
    return -item[1].memory
