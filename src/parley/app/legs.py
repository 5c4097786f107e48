"""One live leg: its machine, its mailbox, and the performing of what the machine asks for."""

from __future__ import annotations

from typing import Protocol

import structlog

from ..core.admission import Candidates
from ..core.dialplan import Ivr
from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId, ParticipantId
from ..core.leg import Leg
from ..core.leg_inputs import (
    Accept,
    CallIdResolved,
    ChangeMedia,
    CloseMedia,
    Drop,
    EntrySettings,
    HangUp,
    JoinMeeting,
    JudgePin,
    LeaveMeeting,
    LegAudio,
    LegEffect,
    LegFinished,
    LegInput,
    LegTick,
    MediaDied,
    MediaFailed,
    MediaOpened,
    News,
    Offered,
    OpenMedia,
    PinJudged,
    Play,
    RecordLeg,
    Reject,
    Resolve,
    ResolveCallId,
    Resolved,
    StopPlaying,
)
from ..core.meeting_inputs import LegNews
from .lookup import Lookup
from .mailbox import Mailbox
from .pins import PinJudge
from .ports import Clock, Journal, LegDoor, MediaEngine, MediaUnavailable
from .tasks import Tasks

log = structlog.get_logger(__name__)


class Lobby(Protocol):
    """What a leg needs of the directory of meetings."""

    def join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        """Answered by `leg.tell`."""
        ...

    def leave(self, leg: LiveLegRunner, ending: Ending) -> None:
        """Undoes join, whether it is still in flight or done."""
        ...

    def forget(self, leg: LiveLegRunner) -> None: ...


class LegServices:
    """What all legs share."""

    def __init__(
        self,
        *,
        clock: Clock,
        engine: MediaEngine,
        journal: Journal,
        lookup: Lookup,
        pins: PinJudge,
        tasks: Tasks,
        entry: EntrySettings,
    ) -> None:
        self.clock = clock
        self.engine = engine
        self.journal = journal
        self.lookup = lookup
        self.pins = pins
        self.tasks = tasks
        self.entry = entry


class LiveLegRunner:
    """Owns one core Leg. Doors, the engine and meetings post to it; it performs effects in order."""

    def __init__(
        self,
        leg: LegId,
        number: int,
        participant: ParticipantId,
        door: LegDoor,
        target: Candidates | Ivr,
        services: LegServices,
        lobby: Lobby,
    ) -> None:
        self.id = leg
        self.number = number
        self.participant = participant
        self.generation = 1
        self.door = door
        self.offered: Offered | None = None
        self.audio: LegAudio | None = None
        self.accepted = False
        self.ended = False
        self.started = services.clock.now()
        self._target = target
        self._services = services
        self._lobby = lobby
        self._machine = Leg(leg, self.generation, number, services.entry, self.started)
        self._mailbox: Mailbox[LegInput] = Mailbox(services.clock, self._handle, self._machine.next_deadline, LegTick())

    def post(self, message: LegInput) -> None:
        """The only entrance."""
        self._mailbox.post(message)

    def tell(self, generation: int, news: LegNews) -> None:
        """A meeting speaks; news for an older generation is for a leg that is gone."""
        if generation == self.generation:
            self.post(News(news))

    @property
    def on_hold(self) -> bool:
        return self.audio is not None and not self.audio.receives

    def _handle(self, message: LegInput, now: float) -> None:
        if isinstance(message, Offered):
            self.offered = message
            self.audio = message.audio
        for effect in self._machine.handle(message, now):
            try:
                self._perform(effect)
            except Exception:
                log.exception("a leg's effect failed", leg=self.id, effect=type(effect).__name__)
                if not isinstance(effect, HangUp | Reject | CloseMedia | LeaveMeeting | LegFinished):
                    self._give_up()

    def _give_up(self) -> None:
        self.post(Drop(Ending(Side.LOCAL, Reason.MEDIA_FAILED)))

    def _perform(self, effect: LegEffect) -> None:  # noqa: PLR0912 - one case per effect
        services, engine, tasks = self._services, self._services.engine, self._services.tasks
        match effect:
            case RecordLeg(event):
                services.journal.append(event)
            case Resolve():
                self.post(Resolved(self._target))  # arrivals looked it up before there was a leg
            case ResolveCallId():
                tasks.spawn(self._resolve_call_id(effect), self._give_up)
            case JudgePin():
                tasks.spawn(self._judge(effect), self._give_up)
            case OpenMedia():
                tasks.spawn(self._open_media(effect), self._give_up)
            case ChangeMedia(audio):
                tasks.spawn(self._change_media(audio), self._give_up)
            case Play(play, prompts, language):
                engine.play(self.id, play, prompts, language)
            case StopPlaying():
                engine.stop_playing(self.id)
            case Accept(port):
                self.accepted = True
                self.door.accept(port)
            case Reject(ending):
                self.door.reject(ending)
            case HangUp(ending):
                self.door.hang_up(ending)
            case JoinMeeting():
                self._lobby.join(self, effect)
            case LeaveMeeting(ending):
                self._lobby.leave(self, ending)
            case CloseMedia():
                engine.close_leg(self.id)
            case LegFinished():
                self.ended = True
                self._mailbox.close()
                self._lobby.forget(self)

    async def _resolve_call_id(self, wish: ResolveCallId) -> None:
        self.post(CallIdResolved(await self._services.lookup.resolve_call_id(wish.ivr, wish.call_id)))

    async def _judge(self, wish: JudgePin) -> None:
        self.post(PinJudged(await self._services.pins.judge(wish.candidates, wish.pin, wish.source)))

    async def _open_media(self, wish: OpenMedia) -> None:
        try:
            port = await self._services.engine.open_leg(self.id, wish.local_address, wish.audio)
        except MediaUnavailable as problem:
            log.warning("no media for a leg", leg=self.id, problem=str(problem))
            self.post(MediaFailed())
            return
        if self.ended:
            self._services.engine.close_leg(self.id)
        self.post(MediaOpened(port))

    async def _change_media(self, audio: LegAudio) -> None:
        try:
            await self._services.engine.change_leg(self.id, audio)
        except MediaUnavailable:
            self.post(MediaDied())
            return
        if not self.ended:
            self.audio = audio
            self.door.accept_change(audio)
