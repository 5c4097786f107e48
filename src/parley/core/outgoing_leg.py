"""A leg that we call: from the wish to its end, whatever crosses on the way.

Theory of operation
-------------------
NEW -Dial-> REACHING -Reached-> OPENING -MediaOpened-> CALLING -Ringing-> RINGING -Answered-> JOINING. A hop that fails
leads back to REACHING for the next one, where the failed hop's rule says so and it was not the person called who said
no: who is busy or declines is not rung by another way.

Whoever answers was called on purpose, so there is no PIN: the leg joins by the door that the wish names. Where the wish
wants it confirmed, an answer may be a machine's: Answered leads to CONFIRMING, where any key leads on to JOINING.

Whoever wanted the call hears once how it went (ReportCall). What comes after the answer, and the end, is in
`leg_machine`.
"""

from __future__ import annotations

from dataclasses import replace

from .active_time import ActiveTime
from .endings import Ending, Reason, Side
from .events import LegArrived, LegConnected
from .ids import LegId
from .leg_departure import MOVED
from .leg_inputs import (
    Answered,
    AudioCodec,
    CallFailed,
    ChangeMedia,
    CloseMedia,
    Dial,
    Digit,
    DtlsRemote,
    FindElsewhere,
    GiveUp,
    Granted,
    JoinMeeting,
    LeaveMeeting,
    LegAudio,
    LegEffect,
    LegInput,
    MediaDied,
    MediaOpened,
    MoveTo,
    OpenMedia,
    PlaceCall,
    Play,
    Reach,
    Reached,
    RecordLeg,
    Redirected,
    ReportCall,
    Ringing,
    SendKeys,
    StopPlaying,
    WebLocal,
    WebRemote,
)
from .leg_machine import LegMachine, LegState
from .outbound import FailureAction
from .secret import Secret
from .survival import Known

CONFIRM_PROMPT = "confirm-join"
CONFIRM_WITHIN = 60.0  # seconds from the answer
CONFIRM_AGAIN = 7.0  # seconds from one asking to the next
REDIRECTIONS_MOST = 5  # places that others send one call of ours to

# Said by the person called, or by our own patience: another hop would only ring them again.
_FINAL = frozenset({Reason.BUSY, Reason.DECLINED, Reason.NO_ANSWER, Reason.CANCELLED})
_PLACED = frozenset({LegState.CALLING, LegState.RINGING})
_TRYING = _PLACED | {LegState.REACHING, LegState.OPENING, LegState.REDIRECTED}
_TIMED = _TRYING | {LegState.CONFIRMING}


def provisional_audio(remote_host: str, keys: str = "") -> LegAudio:
    """What a port is opened with before the far end has said anything: nothing is sent, nothing expected.

    keys: as in Reached.
    """
    codec = AudioCodec("pcmu", 0, 8000)
    if keys == "web":
        return LegAudio("", 0, codec, sends=False, receives=False, web=WebRemote("", Secret(""), ""))
    dtls = DtlsRemote() if keys == "dtls" else None
    return LegAudio(remote_host, 0, codec, sends=False, receives=False, dtls=dtls)


class OutgoingLeg(LegMachine):
    """One connection to somebody we call. Times are monotonic seconds."""

    def __init__(self, id: LegId, generation: int, number: int, language: str = "en") -> None:
        super().__init__(id, generation, number, language)
        self._call: Dial | None = None
        self._hop = 0
        self._sent_to: tuple[str, ...] = ()  # by redirections, so that none leads in a circle
        self._refusal: Ending | None = None  # what the redirection is taken for where it leads nowhere
        self._opened_for: tuple[str, str] | None = None  # where the port is open or being opened, for which keys
        self._web: WebLocal | None = None
        self._port: int | None = None
        self._deadline: float | None = None
        self._told = False  # whoever wants the call knows how it went
        self._language = language
        self._plays = 0
        self._inputs |= {
            Dial: self._dial,
            Reached: self._reached,
            MediaOpened: self._media_opened,
            Ringing: self._ringing,
            Answered: self._answer,
            CallFailed: self._call_failed,
            Redirected: self._redirected,
            MoveTo: self._move,
        }

    @classmethod
    def again(cls, id: LegId, generation: int, number: int, language: str, known: Known) -> OutgoingLeg:
        """A call of the life of the server before that was answered, its port open still."""
        leg = cls(id, generation, number, language)
        leg.state = LegState.JOINED
        leg._port = 0  # there is one; nothing is placed by it any more
        leg._in_meeting = leg._told = True
        leg._connected_at = known.counted
        leg._encrypted_media = known.encrypted_media
        leg._active = ActiveTime(known.active_since, known.active_before)
        return leg

    @property
    def counted(self) -> float:
        """From when its duration counts, once it is answered."""
        return self._connected_at if self._connected_at is not None else 0.0

    def handle(self, given: LegInput, now: float) -> list[LegEffect]:
        """Take one input. What only a caller's leg is told is passed over."""
        return super().handle(given, now) if type(given) in self._inputs else []

    def _due_before(self) -> float | None:
        return self._deadline if self.state in _TIMED else None

    # --- until somebody answers ---------------------------------------------------------------------------------

    def _dial(self, call: Dial, now: float) -> list[LegEffect]:
        if self.state is not LegState.NEW or not call.hops:
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
        self.state = LegState.REACHING
        self._deadline = deadline if deadline is not None else now + self._call.ring_seconds
        return [Reach(self._call.hops[hop])]

    def _reached(self, reached: Reached, _now: float) -> list[LegEffect]:
        if self.state is not LegState.REACHING or self._call is None:
            return []
        opened = (reached.local_address, reached.keys)
        if self._port is not None and self._opened_for == opened:
            self.state = LegState.CALLING
            return [PlaceCall(self._port, self._web)]
        effects: list[LegEffect] = [CloseMedia()] if self._port is not None else []
        self._port, self._web, self._opened_for = None, None, opened
        self.state = LegState.OPENING
        audio = provisional_audio(reached.remote_host, reached.keys)
        return [*effects, OpenMedia(audio, reached.local_address, self._call.space)]

    def _media_opened(self, opened: MediaOpened, _now: float) -> list[LegEffect]:
        if self.state is not LegState.OPENING:
            return []
        self._port, self._web = opened.port, opened.web
        self.state = LegState.CALLING
        return [PlaceCall(opened.port, opened.web)]

    def _ringing(self, _ringing: Ringing, _now: float) -> list[LegEffect]:
        if self.state is LegState.CALLING:
            self.state = LegState.RINGING
        return []

    def _call_failed(self, failed: CallFailed, now: float) -> list[LegEffect]:
        if (self.state not in _PLACED and self.state is not LegState.REACHING) or self._call is None:
            return []
        known = (self._call.remote, *self._sent_to)
        new = tuple(target for target in failed.elsewhere if target not in known)
        new = new[: REDIRECTIONS_MOST - len(self._sent_to)]
        if new and self.state in _PLACED:
            self._sent_to += new
            self._refusal = failed.ending
            self.state = LegState.REDIRECTED
            return [FindElsewhere(new)]
        return self._next_hop(failed, now)

    def _redirected(self, found: Redirected, now: float) -> list[LegEffect]:
        """The new places come before what was left of the old ones; without any, the redirection was a refusal."""
        if self.state is not LegState.REDIRECTED or self._call is None or self._refusal is None:
            return []
        refusal, self._refusal = self._refusal, None
        self.state = LegState.REACHING
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

    def _tick_before(self, now: float) -> list[LegEffect]:
        if self.state is LegState.CONFIRMING:
            return self._ask_again(now)
        if self.state not in _TRYING or self._deadline is None or now < self._deadline:
            return []
        return self._end(Ending(Side.LOCAL, Reason.NO_ANSWER), now)

    # --- answered -----------------------------------------------------------------------------------------------

    def _answer(self, answered: Answered, now: float) -> list[LegEffect]:
        if self.state not in _PLACED or self._call is None:
            return []
        call = self._call
        self._connected_at = now
        self._encrypted_media = answered.audio.encrypted
        connected = RecordLeg(LegConnected(self.id, self.number, at_ivr=False))
        keys = [SendKeys(call.keys)] if call.keys else []
        if call.confirmation:
            self.state = LegState.CONFIRMING
            return [connected, ChangeMedia(answered.audio), *keys, *self._ask_again(now)]
        return [connected, self._report_answer(), ChangeMedia(answered.audio), *keys, *self._join(call)]

    def _report_answer(self) -> LegEffect:
        self._told = True
        return ReportCall(None)

    def _ask_again(self, now: float) -> list[LegEffect]:
        """Whether somebody is there; until it has been long enough."""
        if self._connected_at is None or self._call is None or (self._plays and now < (self._deadline or 0.0)):
            return []
        until = self._connected_at + CONFIRM_WITHIN
        if now >= until:
            return self._end(Ending(Side.LOCAL, Reason.NOT_CONFIRMED), now)
        self._deadline = min(now + CONFIRM_AGAIN, until)
        self._plays += 1
        return [Play(self._plays, (CONFIRM_PROMPT,), self._call.language or self._language, self._call.brand)]

    def _join(self, call: Dial) -> list[LegEffect]:
        self.state = LegState.JOINING
        self._in_meeting = True
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
        if self.state is not LegState.JOINED or not isinstance(target, Granted):
            return []
        self._active.stop(now)
        self.state = LegState.JOINING
        join = JoinMeeting(
            target.space, target.tenant, target.entry.access_method, target.entry, called=True, stay=target.stay
        )
        return [LeaveMeeting(MOVED), join]

    def _digit(self, given: Digit, now: float) -> list[LegEffect]:
        if self.state is LegState.CONFIRMING and self._call is not None:
            return [StopPlaying(), self._report_answer(), *self._join(self._call)]
        return super()._digit(given, now)

    def _media_died(self, died: MediaDied, now: float) -> list[LegEffect]:
        if self.state in _PLACED:
            return self._end(Ending(Side.LOCAL, Reason.MEDIA_FAILED), now)
        return super()._media_died(died, now)

    # --- the end ------------------------------------------------------------------------------------------------

    def _given_up(self, ending: Ending) -> list[LegEffect]:
        return [GiveUp(ending)]

    def _reported(self, ending: Ending) -> list[LegEffect]:
        if self._told:
            return []
        self._told = True
        return [ReportCall(ending)]

    def _given_back(self) -> list[LegEffect]:
        return [CloseMedia()] if self._port is not None else []
