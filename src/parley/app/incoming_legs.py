"""One live leg that called us: what its address was found to mean, and what only it asks of its door."""

from __future__ import annotations

from dataclasses import replace

from ..core.admission import NOTHING_PROVEN, Candidates, Proof
from ..core.dialplan import Echo, Ivr
from ..core.ids import LegId, MeetingId, ParticipantId, UserId
from ..core.leg import Leg
from ..core.leg_inputs import (
    Accept,
    CallIdResolved,
    Granted,
    HearItself,
    JudgePin,
    LegAudio,
    LegEffect,
    LegInput,
    MoveTo,
    Offered,
    PinJudged,
    Reject,
    Resolve,
    ResolveCallId,
    Resolved,
    StopEcho,
    StopPlaying,
)
from ..core.mediaplan import LegMedia, MediaPlan
from ..core.survival import Dated, StoredLeg
from .inputs import LEG
from .legs import GENERATION, LegServices, LiveLegRunner, Lobby
from .live import Party
from .ports import LegDoor


def echo_of(leg: LegId) -> MeetingId:
    """The name of the media plan of somebody who hears himself; no meeting has such a one."""
    return MeetingId(f"echo:{leg}")


class IncomingLegRunner(LiveLegRunner):
    """A leg that called us. target: what its address was found to mean."""

    def __init__(
        self,
        leg: LegId,
        number: int,
        participant: ParticipantId,
        door: LegDoor,
        target: Candidates | Ivr | Granted | Echo,
        services: LegServices,
        lobby: Lobby,
        proof: Proof = NOTHING_PROVEN,
        machine: Leg | None = None,
    ) -> None:
        """machine: of a leg that was answered already."""
        if machine is None:
            made = (leg, GENERATION, number, services.entry, services.clock.now())
            services.inputs.began(LEG, leg, made)
            machine = Leg(*made)
        super().__init__(leg, number, participant, door, machine, services, lobby)
        self.door = door
        self._target = target
        self._proof = proof
        self.asserted: tuple[str, ...] = ()  # see Offered
        self.user: UserId | None = None
        self._plain: LegAudio | None = None

    def _begin(self, message: LegInput) -> None:
        if isinstance(message, Offered):
            self.party = Party(
                message.caller, message.dialled, message.display_name, message.kind, language=message.language
            )
            self.audio, self._plain = message.audio, message.plain
            self.asserted, self.user = message.asserted, message.user
        elif isinstance(message, MoveTo):
            self._target, self._proof = message.target, message.proof

    @property
    def bound_for(self) -> tuple[Candidates | Ivr | Granted | Echo, Proof]:
        """Where it was going when it came, or moved, last."""
        return self._target, self._proof

    def stored(self, dated: Dated, door: bytes | None = None) -> StoredLeg:
        return replace(super().stored(dated, door), user=self.user, asserted=self.asserted)

    def _perform_own(self, effect: LegEffect) -> None:
        engine, tasks = self._services.engine, self._services.tasks
        match effect:
            case Resolve():
                self.post(Resolved(self._target, self._proof))  # arrivals looked it up before there was a leg
            case ResolveCallId():
                tasks.spawn(self._resolve_call_id(effect), self._give_up)
            case JudgePin():
                tasks.spawn(self._judge(effect), self._give_up)
            case StopPlaying():
                engine.stop_playing(self.id)
            case HearItself(delay):
                alone = LegMedia(self.id, contributes=True, receives=True, echo=delay)
                engine.apply(MediaPlan(echo_of(self.id), 1, (alone,)))
            case StopEcho():
                engine.drop(echo_of(self.id))
            case Accept(port, web, plain):
                self.accepted = True
                self.audio = self._plain if plain else self.audio
                self.door.accept(port, web, plain)
            case Reject(ending):
                self.door.reject(ending)

    async def _resolve_call_id(self, wish: ResolveCallId) -> None:
        lookup = self._services.lookup
        found = await lookup.resolve_call_id(wish.ivr, wish.call_id)
        proof, _member = await lookup.proof(self.asserted, found, self.user)
        self.post(CallIdResolved(found, proof))

    async def _judge(self, wish: JudgePin) -> None:
        pins = self._services.pins
        self.post(PinJudged(await pins.judge(wish.candidates, wish.pin, wish.source, proof=wish.proof)))
