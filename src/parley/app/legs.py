"""One live leg, whoever called whom: its mailbox, and the performing of what its machine asks for."""

from __future__ import annotations

from typing import Protocol

import structlog

from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId, MeetingId, ParticipantId
from ..core.key_commands import BUILT_IN_KEYS, KeyMap
from ..core.leg_inputs import (
    AskByKeys,
    ChangeMedia,
    CloseMedia,
    Drop,
    EntrySettings,
    GiveUp,
    HangUp,
    JoinMeeting,
    KeysAre,
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
    OpenMedia,
    Play,
    RecordLeg,
    Reject,
    SendKeys,
    StopEcho,
)
from ..core.leg_machine import LegMachine
from ..core.meeting_inputs import DoByKeys, LegNews, LegView, MeetingInput
from ..core.survival import Dated, StoredLeg
from .inputs import Inputs, NoInputs
from .live import LiveLeg, Party
from .lookup import Lookup
from .mailbox import Mailbox
from .pins import PinJudge
from .ports import AnsweredDoor, Clock, Journal, LegFacts, MediaEngine, MediaUnavailable, RenewsMedia
from .quality import QualityRecord
from .tasks import Tasks

log = structlog.get_logger(__name__)

KEY_MS = 160  # of one key that is pressed for the far end
GENERATION = 1  # of a leg's first stay in a meeting

# Effects that end something: a failure of one is logged, and the others are still performed.
_GIVING_BACK = (HangUp, Reject, GiveUp, StopEcho, CloseMedia, LeaveMeeting, LegFinished)


class Lobby(Protocol):
    """What a leg needs of the directory of meetings."""

    def join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        """Answered by `leg.tell`."""
        ...

    def leave(self, leg: LiveLegRunner, ending: Ending) -> None:
        """Undoes join, whether it is still in flight or done."""
        ...

    def ask(self, leg: LiveLegRunner, wish: MeetingInput) -> None:
        """Of the meeting it is in; in none, nothing comes of it."""
        ...

    def forget(self, leg: LiveLegRunner) -> None: ...

    def happened(self, leg: LiveLegRunner) -> None:
        """Something may have changed of what is stored of it."""
        ...


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
        inputs: Inputs | None = None,
    ) -> None:
        self.clock = clock
        self.engine = engine
        self.journal = journal
        self.lookup = lookup
        self.pins = pins
        self.tasks = tasks
        self.entry = entry
        self.inputs: Inputs = inputs or NoInputs()


class LiveLegRunner:
    """Owns one core leg. Doors, the engine and meetings post to it; it performs effects in order.

    The two kinds differ in how they begin (see `_begin`) and in the effects that only they have (`_perform_own`).
    """

    def __init__(
        self,
        leg: LegId,
        number: int,
        participant: ParticipantId,
        door: AnsweredDoor,
        machine: LegMachine,
        services: LegServices,
        lobby: Lobby,
    ) -> None:
        self.id = leg
        self.number = number
        self.participant = participant
        self.generation = GENERATION
        self.party: Party | None = None
        self.audio: LegAudio | None = None
        self.was_encrypted = False  # in the life of the server before, which may be all that is known of its media
        self.accepted = False
        self.ended = False
        self.replaces: LiveLegRunner | None = None  # whose place it takes once it is in
        self.started = services.clock.now()
        self.quality = QualityRecord(leg, number, services.journal)
        self._keys = BUILT_IN_KEYS
        self._answered_door = door
        self._services = services
        self._lobby = lobby
        self._machine = machine
        self._mailbox: Mailbox[LegInput] = Mailbox(services.clock, self._handle, machine.next_deadline, LegTick())

    def post(self, message: LegInput) -> None:
        """The only entrance."""
        self._mailbox.post(message)

    def tell(self, generation: int, news: LegNews) -> None:
        """A meeting speaks; news for an older generation is for a leg that is gone."""
        if generation == self.generation:
            self.post(News(news))

    @property
    def state(self) -> str:
        """As in LiveLeg."""
        if not self.accepted:
            return "initial"
        return "on-hold" if self.audio is not None and not self.audio.receives else "connected"

    @property
    def stands(self) -> bool:
        """Both ends know that it is answered, and neither has ended it."""
        return not self.ended and self._machine.answered

    @property
    def leaving(self) -> bool:
        """It has been sent out of its meeting and hears so before it is hung up: nobody's participant any more."""
        return not self.ended and self._machine.leaving

    def is_behind(self, door: AnsweredDoor) -> bool:
        return self._answered_door is door

    @property
    def encrypted_media(self) -> bool:
        return self.audio.encrypted if self.audio is not None else self.was_encrypted

    def use_keys(self, keys: KeyMap) -> None:
        """What keys mean in the meeting from now on; told to the machine when it is something else than before."""
        if keys != self._keys:
            self._keys = keys
            self.post(KeysAre(keys))

    def send_keys(self, keys: str) -> None:
        """Pressed for the far end, which must have answered."""
        self._perform(SendKeys(keys))

    def facts(self) -> LegFacts:
        return self._answered_door.facts()

    def renew_media(self) -> None:
        """The far end is to make its media anew; who cannot has lost them."""
        if isinstance(self._answered_door, RenewsMedia):
            self._answered_door.renew_media()
        else:
            self.post(MediaDied())

    def live(self, meeting: MeetingId | None, view: LegView | None) -> LiveLeg:
        """As it stands. meeting, view: where it is, and what that says of it."""
        party = self.party
        assert party is not None
        return LiveLeg(
            leg=self.id,
            number=self.number,
            participant=self.participant,
            meeting=meeting,
            view=view,
            caller=party.caller,
            name=party.name,
            dialled=party.dialled,
            state=self.state,
            seconds=self._services.clock.now() - self.started,
            facts=self.facts(),
            statistics=self._services.engine.statistics(self.id),
            kind=party.kind,
            direction=party.direction,
            quality=self.quality.last,
        )

    def stored(self, dated: Dated, door: bytes | None = None) -> StoredLeg:
        """All but where it is. door: what its door has written before, if that still holds."""
        party = self.party
        assert party is not None
        return StoredLeg(
            id=self.id,
            number=self.number,
            participant=self.participant,
            caller=party.caller,
            dialled=party.dialled,
            display_name=party.display_name,
            kind=party.kind,
            direction=party.direction,
            language=party.language,
            began=dated(self.started),
            counted=dated(self._machine.counted),
            encrypted_media=self.encrypted_media,
            door=self._answered_door.written() if door is None else door,
        )

    def _handle(self, message: LegInput, now: float) -> None:
        self._begin(message)
        for effect in self._services.inputs.through(self.id, self._machine.handle, message, now):
            try:
                self._perform(effect)
            except Exception:
                log.exception("a leg's effect failed", leg=self.id, effect=type(effect).__name__)
                if not isinstance(effect, _GIVING_BACK):
                    self._give_up()
        self._lobby.happened(self)

    def _begin(self, message: LegInput) -> None:
        """Note what a message tells of the far end, before the machine has it."""

    def _give_up(self) -> None:
        self.post(Drop(Ending(Side.LOCAL, Reason.MEDIA_FAILED)))

    def _perform(self, effect: LegEffect) -> None:
        services, engine, tasks = self._services, self._services.engine, self._services.tasks
        match effect:
            case RecordLeg(event):
                services.journal.append(self.quality.ended(event, engine.statistics(self.id)))
            case OpenMedia():
                tasks.spawn(self._open_media(effect), self._give_up)
            case ChangeMedia(audio):
                tasks.spawn(self._change_media(audio), self._give_up)
            case HangUp(ending):
                self._answered_door.hang_up(ending)
            case JoinMeeting():
                self._lobby.join(self, effect)
            case AskByKeys(command):
                self._lobby.ask(self, DoByKeys(self.id, command))
            case Play(play, prompts, language, brand):
                engine.play(self.id, play, prompts, language, brand)
            case SendKeys(keys):
                engine.send_digits(self.id, keys, KEY_MS)
            case LeaveMeeting(ending):
                self._lobby.leave(self, ending)
                self.generation += 1  # a meeting that it comes back to knows it anew
            case CloseMedia():
                engine.close_leg(self.id)
            case LegFinished():
                self.ended = True
                self._mailbox.close()
                self._lobby.forget(self)
            case _:
                self._perform_own(effect)

    def _perform_own(self, effect: LegEffect) -> None:
        """What only this kind of leg asks for."""

    async def _open_media(self, wish: OpenMedia) -> None:
        engine = self._services.engine
        try:
            opened = await engine.open_leg(self.id, wish.local_address, wish.audio, wish.space)
        except MediaUnavailable as problem:
            log.warning("no media for a leg", leg=self.id, problem=str(problem))
            self.post(MediaFailed())
            return
        if self.ended:
            engine.close_leg(self.id)
        self.post(MediaOpened(opened) if isinstance(opened, int) else MediaOpened(opened.port, opened))

    async def _change_media(self, audio: LegAudio) -> None:
        try:
            web = await self._services.engine.change_leg(self.id, audio)
        except MediaUnavailable:
            self.post(MediaDied())
            return
        if not self.ended:
            self.audio = audio
            self._answered_door.accept_change(audio, web)
            self._lobby.happened(self)
