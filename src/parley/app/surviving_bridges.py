"""A call of the life of the server before that was passed on: two legs, and when one is gone, so is the other."""

from __future__ import annotations

from collections.abc import Collection

from ..core.ids import LegId
from ..core.leg_inputs import Drop
from ..core.survival import StoredMeeting
from .between_two import GONE, BetweenTwo
from .directory import Directory
from .legs import LegServices, LiveLegRunner


class SurvivingBridge(BetweenTwo):
    """As Bridge is in the life that began the call. Whoever was called has its place in the bounds of calls out for
    both."""

    def __init__(self, stored: StoredMeeting, directory: Directory, services: LegServices) -> None:
        super().__init__(directory, services)
        self._space = stored.space
        self.legs: list[LiveLegRunner] = []
        self._keep_space(stored.space, stored.name, stored.tenant)

    def is_whole(self, kept: Collection[LegId]) -> bool:
        """Do both go on? One alone has nobody to talk to."""
        return len(self.legs) == 2 and all(leg.id in kept for leg in self.legs)

    def _hearers(self, leg: LiveLegRunner) -> list[LiveLegRunner]:
        return [other for other in self.legs if other is not leg and not other.ended]

    def forget(self, leg: LiveLegRunner) -> None:
        self._directory.forget(leg)
        others = self._hearers(leg)
        for other in others:
            other.post(Drop(GONE))
        if not others:
            self._directory.forget_space(self._space)
