"""Sounds laid over the mix: tones and words that some legs of a meeting hear besides what they hear anyway.

One sound goes to any number of legs and is laid over once for each group of the mix, so it costs as many encodes
as another speaker would. A leg hears one such sound at a time; what comes meanwhile waits, and what would wait
behind too many is left out: a tone that comes late tells nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from parley.engine.encoders import SharedMix
from parley.engine.prompts import Clip, Player
from parley.engine.sound import Samples, limit

MOST_WAITING = 4  # of a meeting


@dataclass(slots=True)
class Sounding:
    """One sound and whom it is for."""

    legs: frozenset[str]
    player: Player
    frame: Samples | None = None  # of this tick
    mixes: dict[str, SharedMix] = field(default_factory=dict)  # by group, for those who are not in the mix themselves
    laid: set[str] = field(default_factory=set)  # groups whose mix was made in this tick

    def over(self, group: str, plain: SharedMix) -> SharedMix:
        """The group's mix with the sound over it, made once a tick."""
        mix = self.mixes.get(group)
        if mix is None:
            mix = self.mixes[group] = SharedMix()
            mix.frame = plain.before  # what the listeners heard last
        if group not in self.laid:
            self.laid.add(group)
            mix.next_tick(self.alone_or_over(plain.frame))
        return mix

    def alone_or_over(self, frame: Samples | None) -> Samples:
        assert self.frame is not None
        return self.frame if frame is None else limit(frame + self.frame)


class Overlays:
    """Those of one meeting."""

    def __init__(self) -> None:
        self._sounding: list[Sounding] = []
        self._waiting: list[Sounding] = []
        self._of_leg: dict[str, Sounding] = {}

    def add(self, clip: Clip, legs: Collection[str]) -> bool:
        """False: too many wait already, and nothing was done."""
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(Sounding(frozenset(legs), Player([clip])))
        return True

    def begin(self) -> None:
        """A tick begins."""
        if not self._sounding and not self._waiting:
            return
        busy: set[str] = set()
        for sounding in self._sounding:
            busy |= sounding.legs
        still: list[Sounding] = []
        for waiting in self._waiting:
            if busy & waiting.legs:
                still.append(waiting)
            else:
                self._sounding.append(waiting)
            busy |= waiting.legs
        self._waiting = still
        for sounding in self._sounding:
            sounding.frame = sounding.player.next_frame()
            sounding.laid.clear()
        self._sounding = [sounding for sounding in self._sounding if sounding.frame is not None]
        self._of_leg = {leg: sounding for sounding in self._sounding for leg in sounding.legs}

    def of(self, leg: str) -> Sounding | None:
        """What this leg hears over the mix in this tick."""
        return self._of_leg.get(leg)
