"""One live leg that we call: its machine, its mailbox, and what only it asks of its door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from ..core.endings import Ending
from ..core.ids import LegId, MeetingId, ParticipantId, SpaceId
from ..core.leg_inputs import (
    Answered,
    Dial,
    FindElsewhere,
    GiveUp,
    Granted,
    LegEffect,
    LegFinished,
    LegInput,
    MoveTo,
    PlaceCall,
    Reach,
    Redirected,
    ReportCall,
    Ringing,
    StopPlaying,
)
from ..core.leg_machine import LegState
from ..core.outbound import Hop
from ..core.outgoing_leg import OutgoingLeg
from ..core.survival import Dated, StoredLeg
from .inputs import CALL
from .legs import GENERATION, LegServices, LiveLegRunner, Lobby
from .live import OUTGOING, Party
from .ports import OutgoingDoor

log = structlog.get_logger(__name__)

Elsewhere = Callable[[tuple[str, ...]], Awaitable[tuple[Hop, ...]]]


async def nowhere(_targets: tuple[str, ...]) -> tuple[Hop, ...]:
    """Redirections are not followed."""
    return ()


class OutgoingLegRunner(LiveLegRunner):
    """told: how the call went (None: answered), once; finished: the leg is over and has given everything back.

    elsewhere: by which hops a redirection may be followed.
    into: the meeting that was live when the call began; its end is the end of the call too. space: where it leads.
    """

    def __init__(
        self,
        leg: LegId,
        number: int,
        participant: ParticipantId,
        door: OutgoingDoor,
        services: LegServices,
        lobby: Lobby,
        *,
        space: SpaceId,
        into: MeetingId | None,
        told: Callable[[LegId, Ending | None], None],
        finished: Callable[[], None],
        elsewhere: Elsewhere = nowhere,
    ) -> None:
        made = (leg, GENERATION, number, services.entry.language)
        services.inputs.began(CALL, leg, made)
        machine = OutgoingLeg(*made)
        super().__init__(leg, number, participant, door, machine, services, lobby)
        self.door = door
        self.space = space
        self.into = into
        self._told = told
        self._finished = finished
        self._elsewhere = elsewhere
        self._rings = False
        door.attach(self)

    @property
    def calling(self) -> bool:
        """Nobody has answered yet."""
        return not self.accepted and not self.ended

    @property
    def rings_out(self) -> bool:
        """Its door has asked somebody to answer, and would write so for the next life of the server."""
        return self.calling and bool(self.door.written())

    def stored(self, dated: Dated, door: bytes | None = None) -> StoredLeg:
        return replace(super().stored(dated, door), ringing=self.calling)

    @property
    def outside(self) -> bool:
        """On the way into its meeting: not answered yet, or not confirmed."""
        machine = self._machine
        return self.calling or (isinstance(machine, OutgoingLeg) and machine.state is LegState.CONFIRMING)

    @property
    def state(self) -> str:
        return "ringing" if self.calling and self._rings else super().state

    def _begin(self, message: LegInput) -> None:
        match message:
            case Dial():
                self.party = Party(message.remote, message.local, message.display_name, message.kind, OUTGOING)
            case Ringing():
                self._rings = True
            case MoveTo(Granted(space)):
                self.space, self.into = space, None
            case Answered(audio) if self.calling:
                self.accepted = True
                self.audio = audio

    def _perform(self, effect: LegEffect) -> None:
        super()._perform(effect)
        if isinstance(effect, LegFinished):
            self._finished()

    def _perform_own(self, effect: LegEffect) -> None:
        match effect:
            case Reach(hop):
                self.door.reach(hop)
            case PlaceCall(port, web):
                self.door.place(port, web)
            case StopPlaying():
                self._services.engine.stop_playing(self.id)
            case GiveUp():
                self.door.give_up()
            case ReportCall(ending):
                self._report(ending)
            case FindElsewhere(targets):
                self._services.tasks.spawn(self._find(targets), self._give_up)

    async def _find(self, targets: tuple[str, ...]) -> None:
        self.post(Redirected(await self._elsewhere(targets)))

    def _report(self, ending: Ending | None) -> None:
        """Whoever wished for the call may fail at the news; the call does not fail with it."""
        try:
            self._told(self.id, ending)
        except Exception:
            log.exception("nobody took the result of a call", leg=self.id)
