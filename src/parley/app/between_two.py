"""What is the same of every call that was passed on, begun in this life of the server or in the one before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from ..core.endings import Ending, Reason, Side
from ..core.events import FORWARDING_MEETING
from ..core.ids import SpaceId, TenantId
from ..core.leg_inputs import JoinMeeting
from ..core.meeting_inputs import Entry, MeetingInput
from ..core.spaces import Space
from .directory import Directory
from .joining import SpaceFacts
from .legs import LegServices, LiveLegRunner

DIGIT_MS = 160  # of a digit that is passed on
GONE = Ending(Side.LOCAL, Reason.HANG_UP)  # with the one, so is the other


class BetweenTwo(ABC):
    """The lobby of both legs, which are the directory's like all others. Their meeting is in a space of its own."""

    def __init__(self, directory: Directory, services: LegServices) -> None:
        self._directory = directory
        self._services = services

    def _keep_space(self, space: SpaceId, name: str, tenant: TenantId | None) -> None:
        """The space of one call, which no store knows."""
        facts = SpaceFacts(Space(space, name, tenant), None, (), {Entry(): ()}, kind=FORWARDING_MEETING)
        self._directory.keep_space(facts)

    @abstractmethod
    def _hearers(self, leg: LiveLegRunner) -> Iterable[LiveLegRunner]:
        """Who hears the keys of this one."""

    def digit(self, leg: LiveLegRunner, digit: str) -> None:
        """A key that one of the two pressed is for the other one."""
        for other in self._hearers(leg):
            self._services.engine.send_digits(other.id, digit, DIGIT_MS)

    # --- Lobby -------------------------------------------------------------------------------------------------

    def join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        self._directory.join(leg, wish)

    def leave(self, leg: LiveLegRunner, ending: Ending) -> None:
        self._directory.leave(leg, ending)

    def ask(self, leg: LiveLegRunner, wish: MeetingInput) -> None:
        """Keys are for the other one, not for us."""
        return

    def happened(self, leg: LiveLegRunner) -> None:
        self._directory.happened(leg)

    @abstractmethod
    def forget(self, leg: LiveLegRunner) -> None:
        """It is over, and with it the call."""
