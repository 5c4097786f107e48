"""A leg of somebody who calls us: from an offer to its end, whatever crosses on the way.

Theory of operation
-------------------
NEW -Offered-> RESOLVING -Resolved-> OPENING -MediaOpened-> ANSWERING -Confirmed-> ENTRANCE or JOINING, or ECHO for who
is alone and hears himself. Rules of entry live in `admission` (what a door asks) and `ivr` (how it is asked); what
comes after it, and the end, is in `leg_machine`. This machine opens, answers and joins.
"""

from __future__ import annotations

from dataclasses import replace

from .active_time import ActiveTime
from .admission import NOTHING_PROVEN, Admit, AskPin, Candidates, Proof, Refuse, ask
from .dialplan import Echo, Ivr
from .endings import Ending, Reason, Side
from .events import LegArrived, LegConnected
from .ids import AccessMethodId, LegId
from .ivr import MEETING_FULL, NOTHING_SO_FAR, Entered, Entrance, GaveUp, SoFar
from .keys import Keypad
from .leg_departure import MOVED
from .leg_inputs import (
    Accept,
    CallIdResolved,
    CloseMedia,
    Confirmed,
    Digit,
    EntrySettings,
    Granted,
    HearItself,
    JoinMeeting,
    LeaveMeeting,
    LegEffect,
    MediaOpened,
    MoveTo,
    Offered,
    OpenMedia,
    PinJudged,
    Play,
    PlayEnded,
    RecordLeg,
    Reject,
    Resolve,
    Resolved,
    Resume,
    StopEcho,
    StopPlaying,
)
from .leg_machine import LegMachine, LegState
from .survival import Known

# Checks, a handshake and their repetitions are over in a few seconds wherever there is a way through; a browser whose
# media path does not stand by then has none. (That a SIP answer is confirmed is the transaction layer's care.)
PATH_LIMIT = 20.0

ECHO_GREETING = "echo"
PLAYS_MOST = 1000  # prompts of one stay at an entrance: what ends late there is not taken for one of the next
_FULL = frozenset({Reason.PARTICIPANT_LIMIT, Reason.TENANT_LIMIT, Reason.SYSTEM_LIMIT})


class Leg(LegMachine):
    """One connection of one caller. Times are monotonic seconds."""

    def __init__(self, id: LegId, generation: int, number: int, settings: EntrySettings, now: float) -> None:
        super().__init__(id, generation, number, settings.language)
        self._settings = settings
        self._arrived = now
        self._offer: Offered | None = None
        self._source = ""
        self._language = ""  # that the caller asks for
        self._target: Candidates | Ivr | Granted | Echo | None = None
        self._proof = NOTHING_PROVEN
        self._plain = False
        self._entrance = self._new_entrance()
        self._port_open = False
        self._moves = 0
        self._path_until: float | None = None
        self._echo_until: float | None = None
        self._resumable = False
        self._inputs |= {
            Offered: self._offered,
            Resolved: self._resolved,
            MediaOpened: self._media_opened,
            Confirmed: self._confirmed,
            CallIdResolved: lambda given, now: self._at_entrance(
                self._entrance.call_id_resolved(given.candidates, now, given.proof), now
            ),
            PinJudged: lambda given, now: self._at_entrance(self._entrance.pin_judged(given.verdict, now), now),
            MoveTo: self._move,
            Resume: self._resume,
        }

    @classmethod
    def again(cls, id: LegId, generation: int, number: int, settings: EntrySettings, known: Known) -> Leg:
        """A leg that the life of the server before has answered, its port open still."""
        leg = cls(id, generation, number, settings, known.counted)
        leg.state = LegState.JOINED if known.inside else LegState.ENTRANCE
        leg._connected_at, leg._port_open = known.counted, True
        leg._in_meeting = known.inside
        leg._encrypted_media = known.encrypted_media
        leg._source, leg._language = known.source, known.language
        # What ends of the life before is none of this one's.
        leg._entrance = leg._new_entrance(PLAYS_MOST, known.so_far or NOTHING_SO_FAR)
        leg._moves, leg._resumable = 1, known.so_far is not None
        leg._keypad = Keypad(leg._entrance.language)
        leg._active = ActiveTime(known.active_since, known.active_before)
        return leg

    @property
    def counted(self) -> float:
        """From when its duration counts."""
        return self._arrived

    @property
    def so_far(self) -> SoFar | None:
        """What Resume would need in the next life of the server; None: it stands at no entrance."""
        if self.state is LegState.ECHO and isinstance(self._target, Echo) and self._echo_until is not None:
            return SoFar(began=self._echo_until - self._target.limit)
        return self._entrance.so_far if self.state in {LegState.ENTRANCE, LegState.JOINING} else None

    def _new_entrance(self, plays: int = 0, so_far: SoFar = NOTHING_SO_FAR) -> Entrance:
        return Entrance(
            self.id, self.number, self._source, self._settings, self._encrypted_media, self._language, plays, so_far
        )

    def _due_before(self) -> float | None:
        if self.state is LegState.ANSWERING:
            return self._path_until
        if self.state is LegState.ECHO:
            return self._echo_until
        return self._entrance.next_deadline() if self.state is LegState.ENTRANCE else None

    def _tick_before(self, now: float) -> list[LegEffect]:
        if self.state is LegState.ANSWERING:
            over = self._path_until is not None and now >= self._path_until
            return self._end(Ending(Side.LOCAL, Reason.MEDIA_FAILED), now) if over else []
        if self.state is LegState.ECHO:
            over = self._echo_until is not None and now >= self._echo_until
            return self._end(Ending(Side.LOCAL, Reason.TOO_LONG), now) if over else []
        return self._at_entrance(self._entrance.tick(now), now)

    # --- before the answer --------------------------------------------------------------------------------------

    def _offered(self, offer: Offered, now: float) -> list[LegEffect]:
        if self.state is not LegState.NEW:
            return []
        self._offer, self._source, self._language = offer, offer.source, offer.language
        self._arrived = now
        self._encrypted_media = offer.audio.encrypted
        self._entrance = self._new_entrance()
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
        self._entrance = self._new_entrance()
        return True

    def _media_opened(self, opened: MediaOpened, now: float) -> list[LegEffect]:
        if self.state is not LegState.OPENING or self._offer is None:
            return []
        self._port_open = True
        self._path_until = now + PATH_LIMIT if self._offer.audio.web is not None else None
        self.state = LegState.ANSWERING
        return [Accept(opened.port, opened.web, self._plain)]

    # --- entry --------------------------------------------------------------------------------------------------

    def _confirmed(self, _confirmed: Confirmed, now: float) -> list[LegEffect]:
        if self.state is not LegState.ANSWERING or self._target is None:
            return []
        self._connected_at = self._arrived
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
            self._active.stop(now)
            self._in_meeting = False
            effects.append(LeaveMeeting(MOVED))
        self._target, self._proof = target, wish.proof
        self._moves += 1
        self._entrance = self._new_entrance(PLAYS_MOST * self._moves)
        return [*effects, *self._come_to(target, now)]

    def _resume(self, wish: Resume, now: float) -> list[LegEffect]:
        """Once. Where the door has been shut meanwhile it ends, as a caller would be refused."""
        if self.state is not LegState.ENTRANCE or not self._resumable:
            return []
        self._resumable = False
        target = wish.target
        if isinstance(target, Candidates):
            answer = ask(target, self._encrypted_media, wish.proof)
            if isinstance(answer, Refuse):
                return self._end(Ending(Side.LOCAL, answer.reason), now)
        self._target, self._proof = target, wish.proof
        return [StopPlaying(), *self._come_to(target, now)]

    def _hear_itself(self, echo: Echo, now: float) -> list[LegEffect]:
        self.state = LegState.ECHO
        began = self._entrance.so_far.began if self._entrance.so_far is not None else None
        self._echo_until = (now if began is None else began) + echo.limit
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

    def _digit(self, given: Digit, now: float) -> list[LegEffect]:
        if self.state is LegState.JOINED:
            return super()._digit(given, now)
        return self._at_entrance(self._entrance.digit(given.digit, now), now)

    def _play_ended(self, given: PlayEnded, now: float) -> list[LegEffect]:
        if self.state is LegState.FAREWELL:
            return super()._play_ended(given, now)
        return self._at_entrance(self._entrance.play_ended(given.play, now), now)

    def _turned_away(self, reason: Reason, now: float) -> list[LegEffect]:
        if reason not in _FULL:
            return super()._turned_away(reason, now)
        self.state = LegState.ENTRANCE
        return self._entrance.say_goodbye(MEETING_FULL, reason, now)

    # --- the end ------------------------------------------------------------------------------------------------

    def _given_up(self, ending: Ending) -> list[LegEffect]:
        return [Reject(ending)]

    def _given_back(self) -> list[LegEffect]:
        echo: list[LegEffect] = [StopEcho()] if self.state is LegState.ECHO else []
        return [*echo, CloseMedia()] if self._port_open else echo
