"""A leg that we call: from the wish to its end, whatever crosses on the way.

Theory of operation
-------------------
NEW -Dial-> REACHING -Reached-> OPENING -MediaOpened-> CALLING -Ringing-> RINGING -Answered-> JOINING -News-> JOINED,
and from each of them to FINISHED, from JOINED by way of FAREWELL as in `leg`. A hop that fails leads back to REACHING
for the next one, where the failed hop's rule says so and it was not the person called who said no: who is busy or
declines is not rung by another way.

Whoever answers was called on purpose, so there is no PIN: the leg joins by the door that the wish names. Where the wish
wants it confirmed, an answer may be a machine's: Answered leads to CONFIRMING, where any key leads on to JOINING.

Whatever ends the leg, `_end` gives back exactly what was taken: GiveUp or HangUp for a call the far end has not ended
itself, LeaveMeeting for JoinMeeting, CloseMedia for a port, one ReportCall for the wish, one LegEnded for LegArrived,
one LegFinished. A port that is still being opened cannot be closed yet: then the leg stays ENDED until
the answer comes (or PORT_LIMIT has passed). Answers that come too late for anything else are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from .endings import Ending, Reason, Side
from .events import LegArrived, LegConnected, LegEnded
from .farewells import FAREWELL_LIMIT, FAREWELL_PLAY, Sentence
from .ids import LegId
from .keys import Keypad
from .leg import MOVED, PORT_LIMIT, Known
from .leg_inputs import (
    Answered,
    AudioCodec,
    CallFailed,
    ChangeMedia,
    CloseMedia,
    Dial,
    Digit,
    Drop,
    DtlsRemote,
    FindElsewhere,
    GiveUp,
    Granted,
    HangUp,
    JoinMeeting,
    KeysAre,
    LeaveMeeting,
    LegAudio,
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
    OpenMedia,
    PlaceCall,
    Play,
    PlayEnded,
    Reach,
    Reached,
    RecordLeg,
    Redirected,
    RemoteEnded,
    ReportCall,
    Ringing,
    SendKeys,
    StopPlaying,
    WebLocal,
    WebRemote,
)
from .meeting_inputs import Admitted, Dropped, JoinRefused, KeysDone, SelfMuted, Waiting
from .outbound import FailureAction
from .secret import Secret

# Said by the person called, or by our own patience: another hop would only ring them again.
CONFIRM_PROMPT = "confirm-join"
CONFIRM_WITHIN = 60.0  # seconds from the answer
CONFIRM_AGAIN = 7.0  # seconds from one asking to the next
_FINAL = frozenset({Reason.BUSY, Reason.DECLINED, Reason.NO_ANSWER, Reason.CANCELLED})


class CallState(StrEnum):
    NEW = "new"
    REACHING = "reaching"
    OPENING = "opening"
    CALLING = "calling"
    RINGING = "ringing"
    REDIRECTED = "redirected"  # where to is being looked up
    CONFIRMING = "confirming"  # answered, and asked to press a key
    JOINING = "joining"
    JOINED = "joined"
    FAREWELL = "farewell"  # out of the meeting, and about to be hung up
    ENDED = "ended"  # over, but for a port under way
    FINISHED = "finished"


_PLACED = frozenset({CallState.CALLING, CallState.RINGING})
_TRYING = _PLACED | {CallState.REACHING, CallState.OPENING, CallState.REDIRECTED}
REDIRECTIONS_MOST = 5  # places that others send one call of ours to
_IN_MEETING = frozenset({CallState.JOINING, CallState.JOINED})  # JoinMeeting was sent
_ANSWERED = _IN_MEETING | {CallState.CONFIRMING, CallState.FAREWELL}
_TIMED = _TRYING | {CallState.CONFIRMING, CallState.ENDED}
_OVER = frozenset({CallState.ENDED, CallState.FINISHED})


def provisional_audio(remote_host: str, keys: str = "") -> LegAudio:
    """What a port is opened with before the far end has said anything: nothing is sent, nothing expected.

    keys: as in Reached.
    """
    codec = AudioCodec("pcmu", 0, 8000)
    if keys == "web":
        return LegAudio("", 0, codec, sends=False, receives=False, web=WebRemote("", Secret(""), ""))
    dtls = DtlsRemote() if keys == "dtls" else None
    return LegAudio(remote_host, 0, codec, sends=False, receives=False, dtls=dtls)


class OutgoingLeg:
    """One connection to somebody we call. Times are monotonic seconds."""

    def __init__(self, id: LegId, generation: int, number: int, language: str = "en") -> None:
        self.id = id
        self.generation = generation
        self.number = number
        self.state = CallState.NEW
        self._call: Dial | None = None
        self._hop = 0
        self._sent_to: tuple[str, ...] = ()  # by redirections, so that none leads in a circle
        self._refusal: Ending | None = None  # what the redirection is taken for where it leads nowhere
        self._opened_for: tuple[str, str] | None = None  # where the port is open or being opened, for which keys
        self._web: WebLocal | None = None
        self._port: int | None = None
        self._deadline: float | None = None
        self._reported = False
        self._answered_at: float | None = None
        self._encrypted_media = False
        self._active_since: float | None = None
        self._active_before = 0.0
        self._language = language
        self._keypad = Keypad(language)
        self._sentence: Sentence | None = None  # while it hears its farewell, and from then on
        self._plays = 0
        self._inputs: dict[type, Callable[[Any, float], list[LegEffect]]] = {
            Dial: self._dial,
            Reached: self._reached,
            MediaOpened: self._media_opened,
            MediaFailed: self._media_failed,
            Ringing: self._ringing,
            Answered: self._answer,
            CallFailed: self._call_failed,
            Redirected: self._redirected,
            News: self._news,
            Digit: self._digit,
            MediaChanged: self._media_changed,
            MediaDied: self._media_died,
            RemoteEnded: lambda given, now: self._end(given.ending, now, remote=True),
            Drop: lambda given, now: self._end(given.ending, now),
            MoveTo: self._move,
            KeysAre: self._keys_are,
            PlayEnded: self._play_ended,
            LegTick: self._tick,
        }

    @classmethod
    def again(cls, id: LegId, generation: int, number: int, language: str, known: Known) -> OutgoingLeg:
        """A call of the life of the server before that was answered, its port open still."""
        leg = cls(id, generation, number, language)
        leg.state = CallState.JOINED
        leg._port = 0  # there is one; nothing is placed by it any more
        leg._reported = True
        leg._answered_at = known.counted
        leg._encrypted_media = known.encrypted_media
        leg._active_since, leg._active_before = known.active_since, known.active_before
        return leg

    @property
    def counted(self) -> float:
        """From when its duration counts, once it is answered."""
        return self._answered_at if self._answered_at is not None else 0.0

    @property
    def answered(self) -> bool:
        """Both ends know that it stands."""
        return self.state in _ANSWERED

    @property
    def leaving(self) -> bool:
        """It is in no meeting any more, and hears why before it is hung up."""
        return self.state is CallState.FAREWELL

    def handle(self, given: LegInput, now: float) -> list[LegEffect]:
        """Take one input. Nothing but this changes the leg; what only a caller's leg is told is passed over."""
        if self.state in _OVER:
            return self._after_the_end(given, now)
        taken = self._inputs.get(type(given))
        return taken(given, now) if taken is not None else []

    def next_deadline(self) -> float | None:
        """When a LegTick will have something to do; None: not by time alone."""
        if self.state is CallState.FAREWELL and self._sentence is not None:
            return self._sentence.until
        if self.state is CallState.JOINED:
            return self._keypad.deadline
        return self._deadline if self.state in _TIMED else None

    # --- until somebody answers ---------------------------------------------------------------------------------

    def _dial(self, call: Dial, now: float) -> list[LegEffect]:
        if self.state is not CallState.NEW or not call.hops:
            return []
        self._call = call
        arrived = LegArrived(
            leg=self.id,
            number=self.number,
            kind=call.kind,
            caller=call.remote,
            dialled=call.local,
            display_name=call.display_name,
            remote_address=call.hops[0].host,
            local_address="",
            encrypted_signalling=call.hops[0].transport in {"tls", "wss"},
            sip_call_id=call.sip_call_id,
            direction="outgoing",
            owner=call.owner,
        )
        return [RecordLeg(arrived), *self._try(0, now)]

    def _try(self, hop: int, now: float, deadline: float | None = None) -> list[LegEffect]:
        """deadline: of a person who is rung already, though elsewhere."""
        assert self._call is not None
        self._hop = hop
        self.state = CallState.REACHING
        self._deadline = deadline if deadline is not None else now + self._call.ring_seconds
        return [Reach(self._call.hops[hop])]

    def _reached(self, reached: Reached, _now: float) -> list[LegEffect]:
        if self.state is not CallState.REACHING or self._call is None:
            return []
        opened = (reached.local_address, reached.keys)
        if self._port is not None and self._opened_for == opened:
            self.state = CallState.CALLING
            return [PlaceCall(self._port, self._web)]
        effects: list[LegEffect] = [CloseMedia()] if self._port is not None else []
        self._port, self._web, self._opened_for = None, None, opened
        self.state = CallState.OPENING
        audio = provisional_audio(reached.remote_host, reached.keys)
        return [*effects, OpenMedia(audio, reached.local_address, self._call.space)]

    def _media_opened(self, opened: MediaOpened, _now: float) -> list[LegEffect]:
        if self.state is not CallState.OPENING:
            return []
        self._port, self._web = opened.port, opened.web
        self.state = CallState.CALLING
        return [PlaceCall(opened.port, opened.web)]

    def _media_failed(self, _failed: MediaFailed, now: float) -> list[LegEffect]:
        if self.state is not CallState.OPENING:
            return []
        self.state = CallState.REACHING  # no port is under way any more
        return self._end(Ending(Side.LOCAL, Reason.MEDIA_FAILED), now)

    def _ringing(self, _ringing: Ringing, _now: float) -> list[LegEffect]:
        if self.state is CallState.CALLING:
            self.state = CallState.RINGING
        return []

    def _call_failed(self, failed: CallFailed, now: float) -> list[LegEffect]:
        if (self.state not in _PLACED and self.state is not CallState.REACHING) or self._call is None:
            return []
        known = (self._call.remote, *self._sent_to)
        new = tuple(target for target in failed.elsewhere if target not in known)
        new = new[: REDIRECTIONS_MOST - len(self._sent_to)]
        if new and self.state in _PLACED:
            self._sent_to += new
            self._refusal = failed.ending
            self.state = CallState.REDIRECTED
            return [FindElsewhere(new)]
        return self._next_hop(failed, now)

    def _redirected(self, found: Redirected, now: float) -> list[LegEffect]:
        """The new places come before what was left of the old ones; without any, the redirection was a refusal."""
        if self.state is not CallState.REDIRECTED or self._call is None or self._refusal is None:
            return []
        refusal, self._refusal = self._refusal, None
        self.state = CallState.REACHING
        if not found.hops:
            return self._next_hop(CallFailed(refusal), now)
        hops = self._call.hops
        # A person who sent us elsewhere is rung there by all ways, and then by what the rule of this hop still allows.
        rest = hops[self._hop + 1 :] if hops[self._hop].failure_action is FailureAction.CONTINUE else ()
        last = replace(found.hops[-1], failure_action=hops[self._hop].failure_action)
        self._call = replace(self._call, hops=(*hops[: self._hop + 1], *found.hops[:-1], last, *rest))
        return self._try(self._hop + 1, now, self._deadline)

    def _next_hop(self, failed: CallFailed, now: float) -> list[LegEffect]:
        assert self._call is not None
        goes_on = self._call.hops[self._hop].failure_action is FailureAction.CONTINUE
        if goes_on and failed.ending.reason not in _FINAL and self._hop + 1 < len(self._call.hops):
            return self._try(self._hop + 1, now)
        return self._end(failed.ending, now, remote=True)

    def _tick(self, _tick: LegTick, now: float) -> list[LegEffect]:
        if self.state is CallState.FAREWELL and self._sentence is not None:
            return self._end(self._sentence.ending, now) if now >= self._sentence.until else []
        if self.state is CallState.JOINED:
            return self._keypad.tick(now)
        if self.state is CallState.CONFIRMING:
            return self._ask_again(now)
        if self.state not in _TRYING or self._deadline is None or now < self._deadline:
            return []
        return self._end(Ending(Side.LOCAL, Reason.NO_ANSWER), now)

    # --- answered -----------------------------------------------------------------------------------------------

    def _answer(self, answered: Answered, now: float) -> list[LegEffect]:
        if self.state not in _PLACED or self._call is None:
            return []
        call = self._call
        self._answered_at = now
        self._encrypted_media = answered.audio.encrypted
        connected = RecordLeg(LegConnected(self.id, self.number, at_ivr=False))
        keys = [SendKeys(call.keys)] if call.keys else []
        if call.confirmation:
            self.state = CallState.CONFIRMING
            return [connected, ChangeMedia(answered.audio), *keys, *self._ask_again(now)]
        return [connected, self._report_answer(), ChangeMedia(answered.audio), *keys, *self._join(call)]

    def _report_answer(self) -> LegEffect:
        self._reported = True
        return ReportCall(None)

    def _ask_again(self, now: float) -> list[LegEffect]:
        """Whether somebody is there; until it has been long enough."""
        if self._answered_at is None or self._call is None or (self._plays and now < (self._deadline or 0.0)):
            return []
        until = self._answered_at + CONFIRM_WITHIN
        if now >= until:
            return self._end(Ending(Side.LOCAL, Reason.NOT_CONFIRMED), now)
        self._deadline = min(now + CONFIRM_AGAIN, until)
        self._plays += 1
        return [Play(self._plays, (CONFIRM_PROMPT,), self._call.language or self._language, self._call.brand)]

    def _join(self, call: Dial) -> list[LegEffect]:
        self.state = CallState.JOINING
        return [
            JoinMeeting(
                call.space,
                call.tenant,
                call.entry.access_method,
                call.entry,
                call.settings,
                call.extras,
                call.admitted,
                called=True,
            ),
        ]

    def _move(self, wish: MoveTo, now: float) -> list[LegEffect]:
        """To another meeting, where somebody of ours has opened the door: who was called is asked for nothing."""
        target = wish.target
        if self.state is not CallState.JOINED or not isinstance(target, Granted):
            return []
        self._stop_counting(now)
        self.state = CallState.JOINING
        join = JoinMeeting(
            target.space, target.tenant, target.entry.access_method, target.entry, called=True, stay=target.stay
        )
        return [LeaveMeeting(MOVED), join]

    def _digit(self, given: Digit, now: float) -> list[LegEffect]:
        if self.state is CallState.CONFIRMING and self._call is not None:
            return [StopPlaying(), self._report_answer(), *self._join(self._call)]
        return self._keypad.press(given.digit, now) if self.state is CallState.JOINED else []

    def _keys_are(self, given: KeysAre, _now: float) -> list[LegEffect]:
        self._keypad.use(given.keys)
        return []

    def _news(self, given: News, now: float) -> list[LegEffect]:
        if self.state not in _IN_MEETING:
            return []
        news = given.news
        if isinstance(news, SelfMuted | KeysDone):
            return self._keypad.answered(news)
        if isinstance(news, Dropped):
            return self._dropped(news, now)
        if isinstance(news, JoinRefused):
            refused = Ending(Side.LOCAL, news.reason)
            return self._end(refused, now) if self.state is CallState.JOINING else []
        self.state = CallState.JOINED
        if isinstance(news, Admitted) and self._active_since is None:
            self._active_since = now
        elif isinstance(news, Waiting):
            self._stop_counting(now)
        return []

    def _dropped(self, news: Dropped, now: float) -> list[LegEffect]:
        if news.farewell is None:
            return self._end(news.ending, now)
        self._stop_counting(now)
        self._sentence = Sentence(news.ending, now + FAREWELL_LIMIT)
        self.state = CallState.FAREWELL
        said = news.farewell
        return [LeaveMeeting(news.ending), Play(FAREWELL_PLAY, (said.prompt,), said.language, said.brand)]

    def _play_ended(self, given: PlayEnded, now: float) -> list[LegEffect]:
        heard = self.state is CallState.FAREWELL and given.play == FAREWELL_PLAY
        return self._end(self._sentence.ending, now) if heard and self._sentence is not None else []

    def _stop_counting(self, now: float) -> None:
        if self._active_since is not None:
            self._active_before += now - self._active_since
            self._active_since = None

    def _media_changed(self, changed: MediaChanged, _now: float) -> list[LegEffect]:
        return [ChangeMedia(changed.audio)] if self.state in _ANSWERED else []

    def _media_died(self, _died: MediaDied, now: float) -> list[LegEffect]:
        if self.state in _ANSWERED:
            return self._end(Ending(Side.LOCAL, Reason.MEDIA_DEAD), now)
        return self._end(Ending(Side.LOCAL, Reason.MEDIA_FAILED), now) if self.state in _PLACED else []

    # --- the end ------------------------------------------------------------------------------------------------

    def _end(self, ending: Ending, now: float, remote: bool = False) -> list[LegEffect]:
        """Give back everything that was taken, once. remote: the far end knows already."""
        ending = self._sentence.ending if self._sentence is not None else ending
        effects: list[LegEffect] = []
        if self.state is not CallState.NEW:
            self._stop_counting(now)
            effects.append(RecordLeg(self._ended(ending, now)))
            if not remote:
                effects.append(HangUp(ending) if self.state in _ANSWERED else GiveUp(ending))
            if not self._reported:
                self._reported = True
                effects.append(ReportCall(ending))
        if self.state in _IN_MEETING:
            effects.append(LeaveMeeting(ending))
        if self._port is not None:
            effects.append(CloseMedia())
        if self.state is CallState.OPENING:
            self.state = CallState.ENDED
            self._deadline = now + PORT_LIMIT
            return effects
        self.state = CallState.FINISHED
        return [*effects, LegFinished(self.id)]

    def _ended(self, ending: Ending, now: float) -> LegEnded:
        """Seconds count from the answer, as nobody was connected before."""
        return LegEnded(
            leg=self.id,
            number=self.number,
            ending=ending,
            connected=self._answered_at is not None,
            duration=now - self._answered_at if self._answered_at is not None else 0.0,
            active_duration=self._active_before,
            encrypted_media=self._encrypted_media,
        )

    def _after_the_end(self, given: LegInput, now: float) -> list[LegEffect]:
        """Close a port that was opened too late; nothing else matters any more."""
        effects: list[LegEffect] = []
        if isinstance(given, MediaOpened):
            effects.append(CloseMedia())
        elif self.state is CallState.ENDED and isinstance(given, LegTick):
            if self._deadline is None or now < self._deadline:
                return []
            effects.append(CloseMedia())
        elif not isinstance(given, MediaFailed):
            return []
        if self.state is CallState.ENDED:
            self.state = CallState.FINISHED
            effects.append(LegFinished(self.id))
        return effects
