"""What the engine tells of legs finds its way to their mailboxes."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.ids import LegId
from ..core.leg_inputs import Confirmed, Digit, LegInput, MediaDied, PlayEnded
from ..core.quality import QualityWindow
from .legs import LiveLegRunner


class EngineNews:
    """Implements EngineListener. What concerns a leg that is gone is nobody's any more."""

    def __init__(self, legs: Mapping[LegId, LiveLegRunner]) -> None:
        self._legs = legs

    def digit(self, leg: LegId, digit: str) -> None:
        self._post(leg, Digit(digit))

    def media_ready(self, leg: LegId) -> None:
        self._post(leg, Confirmed())

    def play_ended(self, leg: LegId, play: int) -> None:
        self._post(leg, PlayEnded(play))

    def quality(self, leg: LegId, window: QualityWindow) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.quality.take(window)

    def media_died(self, leg: LegId) -> None:
        self._post(leg, MediaDied())

    def media_lost(self, leg: LegId) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.renew_media()

    def _post(self, leg: LegId, message: LegInput) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(message)
