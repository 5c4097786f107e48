"""One leg on simulated time: what tests of callers and of those whom we call share."""

from __future__ import annotations

from collections.abc import Iterable

from parley.core.endings import Ending, Reason, Side
from parley.core.events import Event
from parley.core.farewells import Farewell
from parley.core.leg_departure import PORT_LIMIT
from parley.core.leg_inputs import (
    LegEffect,
    LegInput,
    LegTick,
    MediaFailed,
    MediaOpened,
    OpenMedia,
    RecordLeg,
    RemoteEnded,
)
from parley.core.leg_machine import LegMachine, LegState

HANG_UP = Ending(Side.REMOTE, Reason.HANG_UP)
DROPPED = Ending(Side.LOCAL, Reason.DEACTIVATED)
FAREWELL = Farewell("meeting-ended", "en")

Steps = Iterable[tuple[LegInput, float]]  # an input, and how many seconds before it pass


class OneLeg:
    """`do` gives an input and keeps what it brought about."""

    def __init__(self, leg: LegMachine, now: float) -> None:
        self.leg = leg
        self.now = now
        self.effects: list[LegEffect] = []  # all of them, in order

    def do(self, given: LegInput) -> list[LegEffect]:
        effects = self.leg.handle(given, self.now)
        self.effects += effects
        return effects

    def wait(self, seconds: float) -> list[LegEffect]:
        until = self.now + seconds
        seen: list[LegEffect] = []
        while (due := self.leg.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            seen += self.do(LegTick())
        self.now = until
        return seen

    def count(self, *kinds: type) -> int:
        return sum(isinstance(effect, kinds) for effect in self.effects)

    def events(self) -> list[Event]:
        return [effect.event for effect in self.effects if isinstance(effect, RecordLeg)]


class History(OneLeg):
    """Feeds a leg as its owner would: a port is answered for only when one was asked for, and in time.

    What becomes of an answer after PORT_LIMIT is told in test_leg.
    """

    def __init__(self, leg: LegMachine) -> None:
        super().__init__(leg, 0.0)
        self.opened = 0
        self.refused = 0

    def do(self, given: LegInput) -> list[LegEffect]:
        if isinstance(given, MediaOpened | MediaFailed):
            if not self.unanswered or self.leg.state is LegState.FINISHED:
                return []
            self.opened += isinstance(given, MediaOpened)
            self.refused += isinstance(given, MediaFailed)
        return super().do(given)

    @property
    def unanswered(self) -> int:
        """Ports that were asked for and not heard of."""
        return self.count(OpenMedia) - self.opened - self.refused

    def recorded(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events())

    def live(self, opening: Iterable[LegInput], steps: Steps) -> None:
        for given, seconds in [*((step, 0.0) for step in opening), *steps]:
            self.now += seconds
            self.do(given)

    def end(self, port: LegInput | None) -> None:
        """The far end hangs up; port: what is heard of a port that is still under way, if anything."""
        self.do(RemoteEnded(HANG_UP))
        if port is not None:
            self.do(port)
        self.now += PORT_LIMIT
        self.do(LegTick())

    def settle_each(self, opening: Iterable[LegInput], steps: Steps) -> None:
        """One tick settles whatever is due, whenever something is."""
        for given, seconds in [*((step, 0.0) for step in opening), *steps]:
            self.now += seconds
            self.do(given)
            due = self.leg.next_deadline()
            if due is not None and due <= self.now:
                self.do(LegTick())
                after = self.leg.next_deadline()
                assert after is None or after > self.now
