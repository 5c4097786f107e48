"""A live leg of the life of the server before: it was answered then, whoever called whom."""

from __future__ import annotations

from collections.abc import Callable

from ..core.admission import NOTHING_PROVEN, Candidates
from ..core.dialplan import Echo, Ivr
from ..core.endings import Ending
from ..core.ids import SpaceId
from ..core.leg import Leg
from ..core.leg_inputs import Digit, Granted, LegAudio, LegEffect, LegFinished, LegInput, WebLocal
from ..core.meeting_inputs import Entry
from ..core.outgoing_leg import OutgoingLeg
from ..core.survival import Known, StoredLeg, Timed, counted_so_far
from .incoming_legs import IncomingLegRunner
from .inputs import CALL, LEG, SURVIVED
from .legs import GENERATION, LegServices, LiveLegRunner, Lobby
from .live import OUTGOING, Party
from .ports import LegFacts, LegInbox, SurvivingDoor
from .quality import QualityRecord

Pressed = Callable[[LiveLegRunner, str], None]
Target = Candidates | Ivr | Granted | Echo


def for_nobody(leg: LiveLegRunner, digit: str) -> None:
    """What is pressed in a meeting is for the meeting."""


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
    """Who called us. target: where he is, or whither he came. pressed: told of each key."""

    def __init__(
        self,
        stored: StoredLeg,
        door: SurvivingDoor,
        services: LegServices,
        lobby: Lobby,
        timed: Timed,
        target: Target,
        pressed: Pressed = for_nobody,
    ) -> None:
        super().__init__(
            stored.id,
            stored.number,
            stored.participant,
            door,
            target,
            services,
            lobby,
            proof=stored.entrance.proof if stored.entrance is not None else NOTHING_PROVEN,
            machine=Leg.again(stored.id, GENERATION, stored.number, services.entry, _known(stored, door, timed)),
        )
        self.asserted, self.user = stored.asserted, stored.user
        self._pressed = pressed
        _resume(self, stored, door, services, timed)

    def _begin(self, message: LegInput) -> None:
        super()._begin(message)
        if isinstance(message, Digit):
            self._pressed(self, message.digit)


class SurvivingCallee(LiveLegRunner):
    """Whom we called. finished: it is over and has given everything back. pressed: told of each key."""

    def __init__(
        self,
        stored: StoredLeg,
        door: SurvivingDoor,
        services: LegServices,
        lobby: Lobby,
        timed: Timed,
        finished: Callable[[], None],
        pressed: Pressed = for_nobody,
    ) -> None:
        machine = OutgoingLeg.again(
            stored.id, GENERATION, stored.number, services.entry.language, _known(stored, door, timed)
        )
        super().__init__(stored.id, stored.number, stored.participant, door, machine, services, lobby)
        self._finished = finished
        self._pressed = pressed
        _resume(self, stored, door, services, timed)

    def _begin(self, message: LegInput) -> None:
        if isinstance(message, Digit):
            self._pressed(self, message.digit)

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
    target: Target,
    finished: Callable[[], None],
    pressed: Pressed = for_nobody,
) -> SurvivingCaller | SurvivingCallee:
    """The runner of either kind."""
    if stored.direction == OUTGOING:
        return SurvivingCallee(stored, door, services, lobby, timed, finished, pressed)
    return SurvivingCaller(stored, door, services, lobby, timed, target, pressed)


def place_of(stored: StoredLeg, space: SpaceId | None) -> Granted:
    """Where somebody is, if anywhere."""
    entry = stored.inside.entry if stored.inside is not None else Entry()
    return Granted(space or SpaceId(""), stored.tenant, entry)


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
        so_far=counted_so_far(stored.entrance, timed) if stored.entrance is not None else None,
    )
