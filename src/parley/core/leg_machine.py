"""What every leg does from its answer to its end, whoever called whom.

Theory of operation
-------------------
`Leg` (somebody calls us) and `OutgoingLeg` (we call somebody) differ in how they come to JOINING. From there on
-News-> JOINED, and to FINISHED from every state: by way of FAREWELL where the meeting sends the leg out and it is to
hear so, and by way of ENDED while a port is still being opened.

Whatever ends the leg, `_end` gives back exactly what was taken: HangUp (or what a kind of leg says before the answer)
for a call that the far end has not ended itself, LeaveMeeting for JoinMeeting, CloseMedia for a port, one LegEnded for
LegArrived, one LegFinished. Answers that come too late for anything else are passed over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from .active_time import ActiveTime
from .endings import Ending, Reason, Side
from .ids import LegId
from .key_commands import BUILT_IN_KEYS
from .keys import Keypad
from .leg_departure import Departure
from .leg_inputs import (
    ChangeMedia,
    Digit,
    Drop,
    HangUp,
    KeysAre,
    LeaveMeeting,
    LegEffect,
    LegFinished,
    LegInput,
    LegTick,
    MediaChanged,
    MediaDied,
    MediaFailed,
    News,
    PlayEnded,
    RecordLeg,
    RemoteEnded,
)
from .meeting_inputs import Admitted, Dropped, JoinRefused, KeysDone, SelfMuted, Waiting


class LegState(StrEnum):
    NEW = "new"
    OPENING = "opening"  # a port
    # Somebody calls us.
    RESOLVING = "resolving"
    ANSWERING = "answering"
    ENTRANCE = "entrance"
    ECHO = "echo"
    # We call somebody.
    REACHING = "reaching"
    CALLING = "calling"
    RINGING = "ringing"
    REDIRECTED = "redirected"  # where to is being looked up
    CONFIRMING = "confirming"  # answered, and asked to press a key
    # Whoever called whom.
    JOINING = "joining"
    JOINED = "joined"
    FAREWELL = "farewell"  # out of the meeting, and about to be hung up
    ENDED = "ended"  # over, but for a port under way
    FINISHED = "finished"


IN_MEETING = frozenset({LegState.JOINING, LegState.JOINED})
ANSWERED = IN_MEETING | {
    LegState.ANSWERING,
    LegState.ENTRANCE,
    LegState.ECHO,
    LegState.CONFIRMING,
    LegState.FAREWELL,
}
_OVER = frozenset({LegState.ENDED, LegState.FINISHED})


class LegMachine(ABC):
    """One connection. Times are monotonic seconds."""

    def __init__(self, id: LegId, generation: int, number: int, language: str) -> None:
        """language: in which it is told what its keys have done."""
        self.id = id
        self.generation = generation
        self.number = number
        self.state = LegState.NEW
        self._connected_at: float | None = None  # from when its duration counts, once both ends know that it stands
        self._encrypted_media = False
        self._in_meeting = False  # JoinMeeting was sent
        self._active = ActiveTime()
        self._keys = BUILT_IN_KEYS
        self._keypad = Keypad(language)
        self._departure = Departure(id, number)
        self._inputs: dict[type, Callable[[Any, float], list[LegEffect]]] = {
            MediaFailed: self._media_failed,
            Digit: self._digit,
            PlayEnded: self._play_ended,
            KeysAre: self._keys_are,
            News: self._news,
            MediaChanged: self._media_changed,
            MediaDied: self._media_died,
            RemoteEnded: lambda given, now: self._end(given.ending, now, remote=True),
            Drop: lambda given, now: self._end(given.ending, now),
            LegTick: self._tick,
        }

    @property
    @abstractmethod
    def counted(self) -> float:
        """From when its duration counts, once it is answered."""

    @property
    def answered(self) -> bool:
        """Both ends know that it stands."""
        return self._connected_at is not None and self.state not in _OVER

    @property
    def leaving(self) -> bool:
        """It is in no meeting any more, and hears why before it is hung up."""
        return self.state is LegState.FAREWELL

    def handle(self, given: LegInput, now: float) -> list[LegEffect]:
        """Take one input. Nothing but this changes the leg."""
        if self.state in _OVER:
            return self._after_the_end(given, now)
        return self._inputs[type(given)](given, now)

    def next_deadline(self) -> float | None:
        """When a LegTick will have something to do; None: not by time alone."""
        if self.state in {LegState.FAREWELL, LegState.ENDED}:
            return self._departure.deadline
        if self.state is LegState.JOINED:
            return self._keypad.deadline
        return self._due_before()

    # --- what each kind of leg has of its own -------------------------------------------------------------------

    @abstractmethod
    def _due_before(self) -> float | None:
        """The deadline of a leg that is not in yet."""

    @abstractmethod
    def _tick_before(self, now: float) -> list[LegEffect]:
        """Time has passed for a leg that is not in yet."""

    @abstractmethod
    def _given_up(self, ending: Ending) -> list[LegEffect]:
        """What tells the far end before the answer."""

    def _reported(self, _ending: Ending) -> list[LegEffect]:
        """What tells whoever wanted the leg, if anybody still waits to hear."""
        return []

    @abstractmethod
    def _given_back(self) -> list[LegEffect]:
        """What was taken of the engine."""

    def _turned_away(self, reason: Reason, now: float) -> list[LegEffect]:
        """The meeting does not take it."""
        return self._end(Ending(Side.LOCAL, reason), now)

    # --- in the meeting -----------------------------------------------------------------------------------------

    def _digit(self, given: Digit, now: float) -> list[LegEffect]:
        return self._keypad.press(given.digit, now) if self.state is LegState.JOINED else []

    def _keys_are(self, given: KeysAre, _now: float) -> list[LegEffect]:
        self._keys = given.keys
        self._keypad.use(given.keys)
        return []

    def _news(self, given: News, now: float) -> list[LegEffect]:
        news = given.news
        if self.state not in IN_MEETING:
            return []
        if isinstance(news, SelfMuted | KeysDone):
            return self._keypad.answered(news)
        if isinstance(news, Dropped):
            return self._dropped(news, now)
        if isinstance(news, JoinRefused):
            return self._turned_away(news.reason, now) if self.state is LegState.JOINING else []
        self.state = LegState.JOINED
        if isinstance(news, Admitted):
            self._active.begin(now)
        elif isinstance(news, Waiting):
            self._active.stop(now)
        return []

    def _media_changed(self, changed: MediaChanged, _now: float) -> list[LegEffect]:
        return [ChangeMedia(changed.audio)] if self.state in ANSWERED else []

    def _media_died(self, _died: MediaDied, now: float) -> list[LegEffect]:
        return self._end(Ending(Side.LOCAL, Reason.MEDIA_DEAD), now) if self.state in ANSWERED else []

    def _tick(self, tick: LegTick, now: float) -> list[LegEffect]:
        if self.state is LegState.FAREWELL:
            return self._listen(tick, now)
        return self._keypad.tick(now) if self.state is LegState.JOINED else self._tick_before(now)

    # --- the end ------------------------------------------------------------------------------------------------

    def _dropped(self, news: Dropped, now: float) -> list[LegEffect]:
        if news.farewell is None:
            return self._end(news.ending, now)
        self._active.stop(now)
        self._in_meeting = False
        self.state = LegState.FAREWELL
        return self._departure.hear(news.farewell, news.ending, now)

    def _play_ended(self, given: PlayEnded, now: float) -> list[LegEffect]:
        return self._listen(given, now) if self.state is LegState.FAREWELL else []

    def _listen(self, given: PlayEnded | LegTick, now: float) -> list[LegEffect]:
        ending = self._departure.heard(given, now)
        return self._end(ending, now) if ending is not None else []

    def _media_failed(self, _failed: MediaFailed, now: float) -> list[LegEffect]:
        if self.state is not LegState.OPENING:
            return []
        return self._end(Ending(Side.LOCAL, Reason.MEDIA_FAILED), now, opening=False)

    def _end(self, ending: Ending, now: float, remote: bool = False, opening: bool = True) -> list[LegEffect]:
        """Give back everything that was taken, once. remote: the far end knows already. opening: a port that was
        being opened still is."""
        ending = self._departure.for_good(ending)
        effects: list[LegEffect] = []
        if self.state is not LegState.NEW:
            record = self._departure.record(ending, self._connected_at, self._active, self._encrypted_media, now)
            effects.append(RecordLeg(record))
            if not remote:
                effects += [HangUp(ending)] if self.state in ANSWERED else self._given_up(ending)
            effects += self._reported(ending)
        if self._in_meeting:
            effects.append(LeaveMeeting(ending))
        effects += self._given_back()
        if self.state is LegState.OPENING and opening:
            self.state = LegState.ENDED
            self._departure.await_port(now)
            return effects
        self.state = LegState.FINISHED
        return [*effects, LegFinished(self.id)]

    def _after_the_end(self, given: LegInput, now: float) -> list[LegEffect]:
        effects = self._departure.after_the_end(given, now)
        if not self._departure.awaits_port:
            self.state = LegState.FINISHED
        return effects
