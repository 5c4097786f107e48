"""One call that is passed on: a caller, whoever is rung for him, and the one who answers.

The caller's leg asks where its address leads and hears of it when somebody has answered; until then it has neither a
port nor an answer. Whoever is rung is called like anybody whom we call. When one of the two is gone, so is the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..core.call_counts import CallCounts, Reservation
from ..core.endings import Ending, Reason, Side
from ..core.forwarding import Passage
from ..core.ids import LegId, ParticipantId, SpaceId, TenantId
from ..core.leg_inputs import Dial, Digit, Drop, Granted, JoinMeeting, LegEffect, LegInput, Offered, Resolve, Resolved
from ..core.leg_inputs import Ringing as Rings
from ..core.meeting_inputs import Entry
from ..core.outbound import Hop, Target
from ..core.people import CallOutLimits
from .between_two import GONE, BetweenTwo
from .directory import Directory
from .incoming_legs import IncomingLegRunner
from .legs import LegServices, LiveLegRunner
from .live import without_scheme
from .outgoing_legs import OutgoingLegRunner
from .ports import CallerIdentity, Dialler, LegDoor, OutgoingDoor

RING_SECONDS = 120.0  # of one attempt; callers give up long before


@runtime_checkable
class RingingDoor(Protocol):
    """A LegDoor that can tell its caller that somebody is alerted."""

    def ring(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Onward:
    """Whither a call goes on. attempts: each a way of its own, all rung together; each with its hops in order."""

    target: Target
    attempts: tuple[tuple[Hop, ...], ...]
    identity: CallerIdentity
    tenant: TenantId | None
    limits: CallOutLimits
    passage: Passage
    why: str  # for the log: which rule, or that a person is called


class Bridge(BetweenTwo):
    """One call between two that begins in this life of the server."""

    def __init__(
        self,
        directory: Directory,
        services: LegServices,
        dialler: Dialler,
        counts: CallCounts,
        place: Reservation,
        onward: Onward,
    ) -> None:
        super().__init__(directory, services)
        self._dialler = dialler
        self._counts = counts
        self._place = place
        self._onward = onward
        self._space = SpaceId("")
        self._caller: CallerRunner | None = None
        self._called: dict[LegId, CalledRunner] = {}
        self._answered: CalledRunner | None = None
        self._worst: Ending | None = None
        self._begun = False  # everybody who is to be rung has been
        self._over = False

    def begin(self, space: SpaceId, offered: Offered, door: LegDoor) -> LiveLegRunner | None:
        """None: the server is full or stops, and nothing was created."""
        self._space = space
        name = f"{without_scheme(offered.caller)} to {without_scheme(offered.dialled)}"[:200]
        self._keep_space(space, name, self._onward.tenant)

        def made(leg: LegId, number: int, person: ParticipantId) -> CallerRunner:
            self._caller = CallerRunner(leg, number, person, door, self._granted(), self._services, self)
            return self._caller

        runner = self._directory.take_in(made, offered)
        if runner is None:
            self._end()
        return runner

    def _granted(self) -> Granted:
        return Granted(self._space, self._onward.tenant, Entry())

    def go_on(self) -> None:
        """Ring everybody who may answer."""
        for hops in self._onward.attempts:
            self._ring(hops)
        self._begun = True
        if not self._called and self._answered is None:
            self._failed(self._worst or Ending(Side.LOCAL, Reason.SYSTEM_LIMIT))

    def _ring(self, hops: tuple[Hop, ...]) -> None:
        onward = self._onward
        caller = self._caller
        door = self._dialler.outgoing(onward.target, onward.identity, passage=onward.passage)
        local = hops[0].from_domain or onward.identity.domain
        call = Dial(
            hops=hops,
            remote=onward.target.uri,
            local=f"sip:{onward.identity.user}@{local}",
            space=self._space,
            tenant=onward.tenant,
            ring_seconds=RING_SECONDS,
            sip_call_id=door.facts().sip_call_id,
        )

        def made(leg: LegId, number: int, person: ParticipantId) -> CalledRunner:
            runner = CalledRunner(leg, number, person, door, self._services, self, self._space)
            self._called[leg] = runner
            return runner

        if caller is not None and not caller.ended:
            self._directory.take_in(made, call)

    # --- what the legs tell ------------------------------------------------------------------------------------

    def rings(self) -> None:
        if self._caller is not None:
            self._caller.ring()

    def went(self, leg: LegId, ending: Ending | None) -> None:
        """How one attempt went; an answer shows by its joining."""
        if ending is None:
            return
        self._worst = _better(self._worst, ending)
        self._called.pop(leg, None)
        if self._begun and not self._called and self._answered is None:
            self._failed(self._worst)

    def _failed(self, ending: Ending) -> None:
        if self._caller is not None:
            self._caller.post(Drop(ending))

    def _hearers(self, leg: LiveLegRunner) -> list[LiveLegRunner]:
        other = self._answered if leg is self._caller else self._caller
        return [other] if other is not None and not other.ended and other.accepted else []

    # --- Lobby -------------------------------------------------------------------------------------------------

    def join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        if isinstance(leg, CalledRunner):
            if self._answered is not None or self._caller is None or self._caller.ended:
                leg.post(Drop(GONE))  # somebody else was quicker
                return
            self._answered = leg
            for other in list(self._called.values()):
                if other is not leg:
                    other.post(Drop(GONE))
            super().join(leg, wish)
            self._caller.post(Resolved(self._granted()))
            return
        super().join(leg, wish)

    def forget(self, leg: LiveLegRunner) -> None:
        self._directory.forget(leg)
        if leg is self._caller:
            for other in list(self._called.values()):
                other.post(Drop(GONE))
            if self._answered is not None:
                self._answered.post(Drop(GONE))
        else:
            self._called.pop(leg.id, None)
            if leg is self._answered and self._caller is not None:
                self._caller.post(Drop(GONE))
        live: Sequence[LiveLegRunner | None] = (self._caller, self._answered, *self._called.values())
        if all(one is None or one.ended for one in live):
            self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._directory.forget_space(self._space)
            self._counts.release(self._place)


# What the caller is told when several who were rung did not answer: the one that says most.
_SAYS_MOST = (Reason.DECLINED, Reason.BUSY, Reason.NO_ANSWER, Reason.NO_COMMON_CODEC)


def _better(one: Ending | None, other: Ending) -> Ending:
    if one is None:
        return other
    ranked = [ending for reason in _SAYS_MOST for ending in (one, other) if ending.reason is reason]
    return ranked[0] if ranked else other


class CallerRunner(IncomingLegRunner):
    """A caller who is put through: where his address leads is known when somebody has answered."""

    def __init__(
        self,
        leg: LegId,
        number: int,
        participant: ParticipantId,
        door: LegDoor,
        target: Granted,
        services: LegServices,
        bridge: Bridge,
    ) -> None:
        super().__init__(leg, number, participant, door, target, services, lobby=bridge)
        self._bridge = bridge

    def _begin(self, message: LegInput) -> None:
        super()._begin(message)
        if isinstance(message, Digit):
            self._bridge.digit(self, message.digit)

    def _perform_own(self, effect: LegEffect) -> None:
        if isinstance(effect, Resolve):
            self._bridge.go_on()
        else:
            super()._perform_own(effect)

    def ring(self) -> None:
        """Somebody is alerted; the caller hears of it, as far as his door can tell him."""
        if isinstance(self.door, RingingDoor) and not self.accepted and not self.ended:
            self.door.ring()


class CalledRunner(OutgoingLegRunner):
    """Somebody to whom a call is put through."""

    def __init__(
        self,
        leg: LegId,
        number: int,
        participant: ParticipantId,
        door: OutgoingDoor,
        services: LegServices,
        bridge: Bridge,
        space: SpaceId,
    ) -> None:
        super().__init__(
            leg,
            number,
            participant,
            door,
            services,
            bridge,
            space=space,
            into=None,
            told=bridge.went,
            finished=lambda: None,
        )
        self._bridge = bridge

    def _begin(self, message: LegInput) -> None:
        super()._begin(message)
        if isinstance(message, Rings):
            self._bridge.rings()
        elif isinstance(message, Digit):
            self._bridge.digit(self, message.digit)
