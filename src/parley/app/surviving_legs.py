"""A live leg of the life of the server before: it was answered then, whoever called whom."""

from __future__ import annotations

from collections.abc import Callable

from ..core.endings import Ending
from ..core.ids import SpaceId
from ..core.leg import Known, Leg
from ..core.leg_inputs import Granted, LegAudio, LegEffect, LegFinished, WebLocal
from ..core.meeting_inputs import Entry
from ..core.outgoing_leg import OutgoingLeg
from ..core.survival import StoredLeg, Timed
from .incoming_legs import IncomingLegRunner
from .inputs import CALL, LEG, SURVIVED
from .legs import GENERATION, LegServices, LiveLegRunner, Lobby
from .live import OUTGOING, Party
from .ports import LegFacts, LegInbox, SurvivingDoor
from .quality import QualityRecord


class NoDoor:
    """Implements SurvivingDoor for a leg whose far end cannot be reached by it."""

    audio: LegAudio | None = None

    def attach(self, inbox: LegInbox) -> None:
        """Nothing comes."""

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        """It is answered."""

    def reject(self, ending: Ending) -> None:
        """It is answered."""

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        """Nobody asks for one."""

    def hang_up(self, ending: Ending) -> None:
        """There is nobody to tell."""

    def facts(self) -> LegFacts:
        return LegFacts("", "", "")

    def written(self) -> bytes:
        return b""


class SurvivingCaller(IncomingLegRunner):
    """Who called us. space: where he is, if anywhere."""

    def __init__(
        self,
        stored: StoredLeg,
        door: SurvivingDoor,
        services: LegServices,
        lobby: Lobby,
        timed: Timed,
        space: SpaceId | None,
    ) -> None:
        entry = stored.inside.entry if stored.inside is not None else Entry()
        super().__init__(
            stored.id,
            stored.number,
            stored.participant,
            door,
            Granted(space or SpaceId(""), stored.tenant, entry),
            services,
            lobby,
            machine=Leg.again(stored.id, GENERATION, stored.number, services.entry, _known(stored, door, timed)),
        )
        self.asserted, self.user = stored.asserted, stored.user
        _resume(self, stored, door, services, timed)


class SurvivingCallee(LiveLegRunner):
    """Whom we called. finished: it is over and has given everything back."""

    def __init__(
        self,
        stored: StoredLeg,
        door: SurvivingDoor,
        services: LegServices,
        lobby: Lobby,
        timed: Timed,
        finished: Callable[[], None],
    ) -> None:
        machine = OutgoingLeg.again(
            stored.id, GENERATION, stored.number, services.entry.language, _known(stored, door, timed)
        )
        super().__init__(stored.id, stored.number, stored.participant, door, machine, services, lobby)
        self._finished = finished
        _resume(self, stored, door, services, timed)

    def _perform(self, effect: LegEffect) -> None:
        super()._perform(effect)
        if isinstance(effect, LegFinished):
            self._finished()


def surviving(
    stored: StoredLeg,
    door: SurvivingDoor,
    services: LegServices,
    lobby: Lobby,
    timed: Timed,
    space: SpaceId | None,
    finished: Callable[[], None],
) -> SurvivingCaller | SurvivingCallee:
    """The runner of either kind."""
    if stored.direction == OUTGOING:
        return SurvivingCallee(stored, door, services, lobby, timed, finished)
    return SurvivingCaller(stored, door, services, lobby, timed, space)


def _resume(runner: LiveLegRunner, stored: StoredLeg, door: SurvivingDoor, services: LegServices, timed: Timed) -> None:
    runner.party = Party(
        stored.caller, stored.dialled, stored.display_name, stored.kind, stored.direction, stored.language
    )
    runner.audio = door.audio
    runner.accepted = True
    runner.was_encrypted = stored.encrypted_media
    runner.started = timed(stored.began)
    kind = CALL if stored.direction == OUTGOING else LEG
    services.inputs.began(kind, stored.id, (stored.id, GENERATION, stored.number), how=SURVIVED)
    before = services.clock.now() - timed(stored.counted)
    runner.quality = QualityRecord(stored.id, stored.number, services.journal, since=before)
    door.attach(runner)


def _known(stored: StoredLeg, door: SurvivingDoor, timed: Timed) -> Known:
    inside = stored.inside
    since = inside.active_since if inside is not None else None
    return Known(
        inside=inside is not None,
        counted=timed(stored.counted),
        encrypted_media=stored.encrypted_media,
        active_since=timed(since) if since is not None else None,
        active_before=inside.active_before if inside is not None else 0.0,
        source=door.facts().remote_address.rpartition(":")[0].strip("[]"),
        language=stored.language,
    )
