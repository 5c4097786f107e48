"""One leg: from an offer to its end, whatever crosses on the way.

Theory of operation
-------------------
NEW -Offered-> RESOLVING -Resolved-> OPENING -MediaOpened-> ANSWERING -Confirmed-> ENTRANCE or JOINING
-News-> JOINED, or ECHO for who is alone and hears himself; and from each of them to FINISHED. Rules of entry live in
`admission` (what a door asks) and `ivr` (how it is asked); this machine opens, answers, joins and, above all,
cleans up.

Whatever ends the leg, `_end` gives back exactly what was taken: LeaveMeeting for JoinMeeting, CloseMedia for a
port, one LegEnded for LegArrived, one LegFinished. A port that is still being opened cannot be
closed yet: the leg then stays ENDED until the answer comes (or PORT_LIMIT has passed) and finishes after it.
Answers that come too late for anything else are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .admission import NOTHING_PROVEN, Admit, AskPin, Candidates, Proof, Refuse, ask
from .dialplan import Echo, Ivr
from .endings import Ending, Reason, Side
from .events import LegArrived, LegConnected, LegEnded
from .ids import AccessMethodId, LegId
from .ivr import MEETING_FULL, Entered, Entrance, GaveUp
from .key_commands import BUILT_IN_KEYS
from .keys import Keypad
from .leg_inputs import (
    Accept,
    CallIdResolved,
    ChangeMedia,
    CloseMedia,
    Confirmed,
    Digit,
    Drop,
    EntrySettings,
    Granted,
    HangUp,
    HearItself,
    JoinMeeting,
    KeysAre,
    LeaveMeeting,
    LegEffect,
    LegFinished,
    LegInput,
    LegTick,
    MediaChanged,
    MediaDied,
    MediaFailed,
    MediaOpened,
    MoveTo,
    News,
    Offered,
    OpenMedia,
    PinJudged,
    Play,
    PlayEnded,
    RecordLeg,
    Reject,
    RemoteEnded,
    Resolve,
    Resolved,
    StopEcho,
    StopPlaying,
)
from .meeting_inputs import Admitted, Dropped, JoinRefused, KeysDone, SelfMuted, Waiting

# An engine that has not said within this many seconds whether a port is open never will; the port is
# closed on suspicion and the leg forgotten.
PORT_LIMIT = 30.0

# Checks, a handshake and their repetitions are over in a few seconds wherever there is a way through; a browser whose
# media path does not stand by then has none. (That a SIP answer is confirmed is the transaction layer's care.)
PATH_LIMIT = 20.0

ECHO_GREETING = "echo"
# What a meeting is told of who goes to another one.
MOVED = Ending(Side.REMOTE, Reason.HANG_UP)
PLAYS_MOST = 1000  # prompts of one stay at an entrance: what ends late there is not taken for one of the next


class LegState(StrEnum):
    NEW = "new"
    RESOLVING = "resolving"
    OPENING = "opening"
    ANSWERING = "answering"
    ENTRANCE = "entrance"
    JOINING = "joining"
    JOINED = "joined"
    ECHO = "echo"
    ENDED = "ended"  # over, but for a port under way
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a leg of the life before. inside: it is in a meeting. counted: from when its duration counts.
    source, language: as in Offered.

    Times are monotonic seconds of this life, which may lie before its beginning.
    """

    inside: bool
    counted: float
    encrypted_media: bool
    active_since: float | None = None
    active_before: float = 0.0
    source: str = ""
    language: str = ""


_ANSWERED = frozenset({LegState.ANSWERING, LegState.ENTRANCE, LegState.JOINING, LegState.JOINED, LegState.ECHO})
_OVER = frozenset({LegState.ENDED, LegState.FINISHED})
_FULL = frozenset({Reason.PARTICIPANT_LIMIT, Reason.TENANT_LIMIT, Reason.SYSTEM_LIMIT})


class Leg:
    """One connection of one caller. Times are monotonic seconds."""

    def __init__(self, id: LegId, generation: int, number: int, settings: EntrySettings, now: float) -> None:
        self.id = id
        self.generation = generation
        self.number = number
        self.state = LegState.NEW
        self._settings = settings
        self._arrived = now
        self._offer: Offered | None = None
        self._source = ""
        self._language = ""  # that the caller asks for
        self._target: Candidates | Ivr | Granted | Echo | None = None
        self._proof = NOTHING_PROVEN
        self._encrypted_media = False
        self._plain = False
        self._entrance = Entrance(id, number, "", settings)
        self._keys = BUILT_IN_KEYS
        self._keypad = Keypad(settings.language)
        self._connected = False
        self._port_open = False
        self._in_meeting = False  # JoinMeeting was sent
        self._active_since: float | None = None
        self._active_before = 0.0
        self._moves = 0
        self._port_until: float | None = None
        self._path_until: float | None = None
        self._echo_until: float | None = None
        self._inputs: dict[type, Callable[[Any, float], list[LegEffect]]] = {
            Offered: self._offered,
            Resolved: self._resolved,
            MediaOpened: self._media_opened,
            MediaFailed: self._media_failed,
            Confirmed: self._confirmed,
            Digit: self._digit,
            PlayEnded: lambda given, now: self._at_entrance(self._entrance.play_ended(given.play, now), now),
            CallIdResolved: lambda given, now: self._at_entrance(
                self._entrance.call_id_resolved(given.candidates, now, given.proof), now
            ),
            PinJudged: lambda given, now: self._at_entrance(self._entrance.pin_judged(given.verdict, now), now),
            News: self._news,
            MediaChanged: self._media_changed,
            MediaDied: self._media_died,
            RemoteEnded: lambda given, now: self._end(given.ending, now, remote=True),
            Drop: lambda given, now: self._end(given.ending, now),
            MoveTo: self._move,
            KeysAre: self._keys_are,
            LegTick: self._tick,
        }

    @classmethod
    def again(cls, id: LegId, generation: int, number: int, settings: EntrySettings, known: Known) -> Leg:
        """A leg that the life of the server before has answered, its port open still."""
        leg = cls(id, generation, number, settings, known.counted)
        leg.state = LegState.JOINED if known.inside else LegState.ENTRANCE
        leg._connected = leg._port_open = True
        leg._in_meeting = known.inside
        leg._encrypted_media = known.encrypted_media
        leg._source, leg._language = known.source, known.language
        leg._entrance = Entrance(id, number, known.source, settings, known.encrypted_media, known.language)
        leg._keypad = Keypad(leg._entrance.language)
        leg._active_since, leg._active_before = known.active_since, known.active_before
        return leg

    @property
    def counted(self) -> float:
        """From when its duration counts."""
        return self._arrived

    @property
    def answered(self) -> bool:
        """Both ends know that it stands."""
        return self._connected and self.state not in _OVER

    def handle(self, given: LegInput, now: float) -> list[LegEffect]:
        """Take one input. Nothing but this changes the leg."""
        if self.state in _OVER:
            return self._after_the_end(given, now)
        return self._inputs[type(given)](given, now)

    def next_deadline(self) -> float | None:
        """When a LegTick will have something to do; None: not by time alone."""
        if self.state is LegState.ENDED:
            return self._port_until
        if self.state is LegState.ANSWERING:
            return self._path_until
        if self.state is LegState.ECHO:
            return self._echo_until
        if self.state is LegState.JOINED:
            return self._keypad.deadline
        return self._entrance.next_deadline() if self.state is LegState.ENTRANCE else None

    # --- before the answer --------------------------------------------------------------------------------------

    def _offered(self, offer: Offered, now: float) -> list[LegEffect]:
        if self.state is not LegState.NEW:
            return []
        self._offer, self._source, self._language = offer, offer.source, offer.language
        self._arrived = now
        self._encrypted_media = offer.audio.encrypted
        self._entrance = Entrance(
            self.id, self.number, self._source, self._settings, self._encrypted_media, offer.language
        )
        self._keypad = Keypad(self._entrance.language, self._keys)
        self.state = LegState.RESOLVING
        arrived = LegArrived(
            leg=self.id,
            number=self.number,
            kind=offer.kind,
            caller=offer.caller,
            dialled=offer.dialled,
            display_name=offer.display_name,
            remote_address=offer.source,
            local_address=offer.local_address,
            encrypted_signalling=offer.encrypted_signalling,
            sip_call_id=offer.sip_call_id,
        )
        return [RecordLeg(arrived), Resolve(offer.address)]

    def _resolved(self, resolved: Resolved, now: float) -> list[LegEffect]:
        if self.state is not LegState.RESOLVING or self._offer is None:
            return []
        target = resolved.target
        if not isinstance(target, Candidates | Ivr | Granted | Echo):
            return self._end(Ending(Side.LOCAL, Reason.UNKNOWN_DESTINATION), now)
        if isinstance(target, Candidates):
            answer = ask(target, self._encrypted_media, resolved.proof)
            if isinstance(answer, Refuse) and answer.reason is Reason.ENCRYPTION_REQUIRED and self._goes_plain():
                answer = ask(target, self._encrypted_media, resolved.proof)
            if isinstance(answer, Refuse):
                return self._end(Ending(Side.LOCAL, answer.reason), now)
        self._target, self._proof = target, resolved.proof
        self.state = LegState.OPENING
        space = None if isinstance(target, Ivr | Echo) else target.space
        return [OpenMedia(self._offer.audio, self._offer.local_address, space)]

    def _goes_plain(self) -> bool:
        """Where encryption is prohibited, the caller's plain audio counts, if there is any."""
        offer = self._offer
        if offer is None or offer.plain is None or not self._encrypted_media:
            return False
        self._offer, self._plain, self._encrypted_media = replace(offer, audio=offer.plain), True, False
        self._entrance = Entrance(self.id, self.number, offer.source, self._settings, False)
        return True

    def _media_opened(self, opened: MediaOpened, now: float) -> list[LegEffect]:
        if self.state is not LegState.OPENING or self._offer is None:
            return []
        self._port_open = True
        self._path_until = now + PATH_LIMIT if self._offer.audio.web is not None else None
        self.state = LegState.ANSWERING
        return [Accept(opened.port, opened.web, self._plain)]

    def _media_failed(self, _failed: MediaFailed, now: float) -> list[LegEffect]:
        if self.state is not LegState.OPENING:
            return []
        self.state = LegState.RESOLVING  # no port is under way any more
        return self._end(Ending(Side.LOCAL, Reason.MEDIA_FAILED), now)

    def _tick(self, _tick: LegTick, now: float) -> list[LegEffect]:
        if self.state is LegState.ANSWERING:
            over = self._path_until is not None and now >= self._path_until
            return self._end(Ending(Side.LOCAL, Reason.MEDIA_FAILED), now) if over else []
        if self.state is LegState.ECHO:
            over = self._echo_until is not None and now >= self._echo_until
            return self._end(Ending(Side.LOCAL, Reason.TOO_LONG), now) if over else []
        if self.state is LegState.JOINED:
            return self._keypad.tick(now)
        return self._at_entrance(self._entrance.tick(now), now)

    # --- entry --------------------------------------------------------------------------------------------------

    def _confirmed(self, _confirmed: Confirmed, now: float) -> list[LegEffect]:
        if self.state is not LegState.ANSWERING or self._target is None:
            return []
        self._connected = True
        target = self._target
        connected = RecordLeg(LegConnected(self.id, self.number, at_ivr=isinstance(target, Ivr)))
        return [connected, *self._come_to(target, now)]

    def _come_to(self, target: Candidates | Ivr | Granted | Echo, now: float) -> list[LegEffect]:
        self.state = LegState.ENTRANCE
        if isinstance(target, Ivr):
            return self._entrance.ask_id(target, now)
        if isinstance(target, Granted):
            return self._enter(target)
        if isinstance(target, Echo):
            return self._hear_itself(target, now)
        answer = ask(target, self._encrypted_media, self._proof)
        if isinstance(answer, AskPin):
            return self._entrance.ask_pin(target, answer, now, self._proof)
        assert isinstance(answer, Admit)  # whoever is refused was rejected before
        return self._ask_to_join(target, answer.access_method, self._proof)

    def _move(self, wish: MoveTo, now: float) -> list[LegEffect]:
        """To another door. Who is not in yet, or is asked for something, is not in two places at once for it."""
        target = wish.target
        if self.state not in {LegState.ENTRANCE, LegState.JOINED, LegState.ECHO}:
            return []
        if isinstance(target, Candidates) and isinstance(ask(target, self._encrypted_media, wish.proof), Refuse):
            return []
        effects: list[LegEffect] = [StopPlaying()]
        if self.state is LegState.ECHO:
            effects.append(StopEcho())
        if self._in_meeting:
            self._stop_counting(now)
            self._in_meeting = False
            effects.append(LeaveMeeting(MOVED))
        self._target, self._proof = target, wish.proof
        self._moves += 1
        self._entrance = Entrance(
            self.id,
            self.number,
            self._source,
            self._settings,
            self._encrypted_media,
            self._language,
            PLAYS_MOST * self._moves,
        )
        return [*effects, *self._come_to(target, now)]

    def _hear_itself(self, echo: Echo, now: float) -> list[LegEffect]:
        self.state = LegState.ECHO
        self._echo_until = now + echo.limit
        language = self._settings.spoken_to(self._language)
        return [HearItself(echo.delay), Play(1, (ECHO_GREETING,), language)]

    def _enter(self, granted: Granted) -> list[LegEffect]:
        self.state = LegState.JOINING
        self._in_meeting = True
        entry, proof, stay = granted.entry, granted.proof, granted.stay
        return [
            JoinMeeting(
                granted.space,
                granted.tenant,
                entry.access_method,
                entry=entry,
                proof=proof,
                stay=stay,
                called=granted.called,
            )
        ]

    def _ask_to_join(self, candidates: Candidates, access_method: AccessMethodId, proof: Proof) -> list[LegEffect]:
        self.state = LegState.JOINING
        self._in_meeting = True
        self._keypad = Keypad(self._settings.spoken_to(self._language or candidates.language), self._keys)
        return [JoinMeeting(candidates.space, candidates.tenant, access_method, proof=proof)]

    def _at_entrance(self, effects: list[LegEffect], now: float) -> list[LegEffect]:
        """What the entrance asks for, and what its outcome makes of the leg."""
        if self.state is not LegState.ENTRANCE:
            return []
        outcome = self._entrance.outcome
        if isinstance(outcome, Entered):
            return [*effects, *self._ask_to_join(outcome.candidates, outcome.access_method, outcome.proof)]
        if isinstance(outcome, GaveUp):
            return [*effects, *self._end(Ending(Side.LOCAL, outcome.reason), now)]
        return effects

    # --- in the meeting -----------------------------------------------------------------------------------------

    def _digit(self, given: Digit, now: float) -> list[LegEffect]:
        if self.state is LegState.JOINED:
            return self._keypad.press(given.digit, now)
        return self._at_entrance(self._entrance.digit(given.digit, now), now)

    def _keys_are(self, given: KeysAre, _now: float) -> list[LegEffect]:
        self._keys = given.keys
        self._keypad.use(given.keys)
        return []

    def _news(self, given: News, now: float) -> list[LegEffect]:
        news = given.news
        if self.state not in {LegState.JOINING, LegState.JOINED}:
            return []
        if isinstance(news, SelfMuted | KeysDone):
            return self._keypad.answered(news)
        if isinstance(news, Dropped):
            return self._end(news.ending, now)
        if isinstance(news, JoinRefused):
            if self.state is LegState.JOINED:
                return []
            if news.reason not in _FULL:
                return self._end(Ending(Side.LOCAL, news.reason), now)
            self.state = LegState.ENTRANCE
            return self._entrance.say_goodbye(MEETING_FULL, news.reason, now)
        self.state = LegState.JOINED
        if isinstance(news, Admitted) and self._active_since is None:
            self._active_since = now
        elif isinstance(news, Waiting):
            self._stop_counting(now)
        return []

    def _stop_counting(self, now: float) -> None:
        if self._active_since is not None:
            self._active_before += now - self._active_since
            self._active_since = None

    def _media_changed(self, changed: MediaChanged, _now: float) -> list[LegEffect]:
        return [ChangeMedia(changed.audio)] if self.state in _ANSWERED else []

    def _media_died(self, _died: MediaDied, now: float) -> list[LegEffect]:
        return self._end(Ending(Side.LOCAL, Reason.MEDIA_DEAD), now) if self.state in _ANSWERED else []

    # --- the end ------------------------------------------------------------------------------------------------

    def _end(self, ending: Ending, now: float, remote: bool = False) -> list[LegEffect]:
        """Give back everything that was taken, once."""
        effects: list[LegEffect] = []
        if self.state is not LegState.NEW:
            self._stop_counting(now)
            ended = LegEnded(
                leg=self.id,
                number=self.number,
                ending=ending,
                connected=self._connected,
                duration=now - self._arrived if self._connected else 0.0,
                active_duration=self._active_before,
                encrypted_media=self._encrypted_media,
            )
            effects.append(RecordLeg(ended))
            if not remote:
                effects.append(HangUp(ending) if self.state in _ANSWERED else Reject(ending))
        if self._in_meeting:
            effects.append(LeaveMeeting(ending))
        if self.state is LegState.ECHO:
            effects.append(StopEcho())
        if self._port_open:
            effects.append(CloseMedia())
        if self.state is LegState.OPENING:
            self.state = LegState.ENDED
            self._port_until = now + PORT_LIMIT
            return effects
        self.state = LegState.FINISHED
        return [*effects, LegFinished(self.id)]

    def _after_the_end(self, given: LegInput, now: float) -> list[LegEffect]:
        """Close a port that was opened too late; nothing else matters any more."""
        effects: list[LegEffect] = []
        if isinstance(given, MediaOpened):
            effects.append(CloseMedia())
        elif self.state is LegState.ENDED and isinstance(given, LegTick):
            if self._port_until is None or now < self._port_until:
                return []
            effects.append(CloseMedia())
        elif not isinstance(given, MediaFailed):
            return []
        if self.state is LegState.ENDED:
            self.state = LegState.FINISHED
            effects.append(LegFinished(self.id))
        return effects
