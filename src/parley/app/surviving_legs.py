"""A live leg of the life of the server before: it was answered then, whoever called whom."""

from __future__ import annotations

from collections.abc import Callable

from ..core.endings import Ending
from ..core.leg import Known, Leg
from ..core.leg_inputs import LegAudio, LegEffect, LegFinished, WebLocal
from ..core.outgoing_leg import OutgoingLeg
from ..core.survival import StoredLeg, Timed
from .legs import GENERATION, LegServices, LiveLegRunner, Lobby, Machine
from .live import OUTGOING, Party
from .ports import LegFacts, LegInbox, SurvivingDoor


class NoDoor:
    """Implements SurvivingDoor for a leg whose far end cannot be reached by it."""

    audio: LegAudio | None = None

    def attach(self, inbox: LegInbox) -> None:
        """Nothing comes."""

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        """Nobody asks for one."""

    def hang_up(self, ending: Ending) -> None:
        """There is nobody to tell."""

    def facts(self) -> LegFacts:
        return LegFacts("", "", "")

    def written(self) -> bytes:
        return b""


class SurvivingLegRunner(LiveLegRunner):
    """finished: it is over and has given everything back."""

    def __init__(
        self,
        stored: StoredLeg,
        door: SurvivingDoor,
        services: LegServices,
        lobby: Lobby,
        timed: Timed,
        finished: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            stored.id, stored.number, stored.participant, door, machine_again(stored, services, timed), services, lobby
        )
        self.party = Party(
            stored.caller, stored.dialled, stored.display_name, stored.kind, stored.direction, stored.language
        )
        self.audio = door.audio
        self.accepted = True
        self.started = timed(stored.began)
        self._encrypted_media = stored.encrypted_media
        self._finished = finished
        door.attach(self)

    @property
    def encrypted_media(self) -> bool:
        return self._encrypted_media

    def _perform(self, effect: LegEffect) -> None:
        super()._perform(effect)
        if isinstance(effect, LegFinished):
            self._finished()


def machine_again(stored: StoredLeg, services: LegServices, timed: Timed) -> Machine:
    inside = stored.inside
    since = inside.active_since if inside is not None else None
    known = Known(
        inside=inside is not None,
        counted=timed(stored.counted),
        encrypted_media=stored.encrypted_media,
        active_since=timed(since) if since is not None else None,
        active_before=inside.active_before if inside is not None else 0.0,
    )
    if stored.direction == OUTGOING:
        return OutgoingLeg.again(stored.id, GENERATION, stored.number, services.entry.language, known)
    return Leg.again(stored.id, GENERATION, stored.number, services.entry, known)
