"""A call of the life of the server before that was passed on: two legs, and when one is gone, so is the other."""

from __future__ import annotations

from collections.abc import Collection

from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId
from ..core.leg_inputs import Drop, JoinMeeting
from ..core.meeting_inputs import MeetingInput
from ..core.survival import StoredMeeting
from .bridge import DIGIT_MS, facts_of_call
from .directory import Directory
from .legs import LegServices, LiveLegRunner

_GONE = Ending(Side.LOCAL, Reason.HANG_UP)


class SurvivingBridge:
    """The lobby of both legs, as Bridge is in the life that began the call. Whoever was called has its place in the
    bounds of calls out for both."""

    def __init__(self, stored: StoredMeeting, directory: Directory, services: LegServices) -> None:
        self._space = stored.space
        self._directory = directory
        self._services = services
        self.legs: list[LiveLegRunner] = []
        directory.keep_space(facts_of_call(stored.space, stored.name, stored.tenant))

    def is_whole(self, kept: Collection[LegId]) -> bool:
        """Do both go on? One alone has nobody to talk to."""
        return len(self.legs) == 2 and all(leg.id in kept for leg in self.legs)

    def digit(self, leg: LiveLegRunner, digit: str) -> None:
        """A key that one of the two pressed is for the other one."""
        for other in self._others(leg):
            self._services.engine.send_digits(other.id, digit, DIGIT_MS)

    def _others(self, leg: LiveLegRunner) -> list[LiveLegRunner]:
        return [other for other in self.legs if other is not leg and not other.ended]

    # --- Lobby -------------------------------------------------------------------------------------------------

    def join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        self._directory.join(leg, wish)

    def leave(self, leg: LiveLegRunner, ending: Ending) -> None:
        self._directory.leave(leg, ending)

    def ask(self, leg: LiveLegRunner, wish: MeetingInput) -> None:
        """Keys are for the other one, not for us."""

    def happened(self, leg: LiveLegRunner) -> None:
        self._directory.happened(leg)

    def forget(self, leg: LiveLegRunner) -> None:
        self._directory.forget(leg)
        others = self._others(leg)
        for other in others:
            other.post(Drop(_GONE))
        if not others:
            self._directory.forget_space(self._space)
