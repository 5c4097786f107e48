"""What no history of a leg may leave behind, tried on many of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.admission import Admit, WrongPin
from parley.core.dialplan import Echo
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, LegEnded
from parley.core.farewells import Farewell
from parley.core.ids import AccessMethodId, LegId
from parley.core.leg import Leg
from parley.core.leg_departure import PORT_LIMIT
from parley.core.leg_inputs import (
    Accept,
    CallIdResolved,
    ChangeMedia,
    CloseMedia,
    Confirmed,
    Digit,
    Drop,
    EntrySettings,
    HangUp,
    HearItself,
    JoinMeeting,
    LeaveMeeting,
    LegEffect,
    LegFinished,
    LegInput,
    LegTick,
    MediaChanged,
    MediaDied,
    MediaFailed,
    MediaOpened,
    News,
    OpenMedia,
    PinJudged,
    PlayEnded,
    RecordLeg,
    Reject,
    RemoteEnded,
    Resolved,
    StopEcho,
    UnknownTarget,
)
from parley.core.leg_machine import LegState
from parley.core.meeting_inputs import Admitted, Cause, Dropped, JoinRefused, Waiting
from parley.core.profiles import PasscodeMode
from tests.core.leg_kit import AUDIO, HANG_UP, IVR, OFFER, space

TIMEOUT = space(None, "12", mode=PasscodeMode.TIMEOUT, timeout=5)
TARGETS = [UnknownTarget(), space(None), space("12"), TIMEOUT, space("1", closed=True), IVR, Echo(limit=60.0)]
PORT_ANSWERS = [MediaOpened(20000), MediaFailed()]
DROPPED = Ending(Side.LOCAL, Reason.DEACTIVATED)
FAREWELL = Farewell("meeting-ended", "en")

LIKELY = st.sampled_from(
    [
        OFFER,
        *[Resolved(target) for target in TARGETS],
        MediaOpened(20000),
        Confirmed(),
        *[Digit(key) for key in "12#"],
        *[PlayEnded(play) for play in (0, 1, 2, 3, 4)],
        *[CallIdResolved(target) for target in (None, space(None), space("12"), TIMEOUT)],
        PinJudged(Admit(AccessMethodId("d0"))),
        PinJudged(WrongPin(Reason.WRONG_PIN)),
        News(Admitted()),
        News(Waiting(frozenset({Cause.NO_HOST}))),
        MediaChanged(AUDIO),
        LegTick(),
    ]
)
FATAL = st.sampled_from(
    [
        News(JoinRefused(Reason.PARTICIPANT_LIMIT)),
        News(JoinRefused(Reason.MEETING_ENDED)),
        News(Dropped(DROPPED)),
        News(Dropped(DROPPED, FAREWELL)),
        MediaFailed(),
        MediaDied(),
        RemoteEnded(HANG_UP),
        Drop(DROPPED),
    ]
)
STEPS = st.tuples(st.one_of(LIKELY, LIKELY, LIKELY, LIKELY, FATAL), st.sampled_from([0.0, 0.0, 0.1, 5.0, 11.0, 700.0]))
# Straight ways into the later states, so that histories do not all stay at the door.
OPENINGS = st.sampled_from(
    [
        [],
        [OFFER],
        *[[OFFER, Resolved(target), MediaOpened(1), Confirmed()] for target in TARGETS[1:]],
        *[[OFFER, Resolved(target)] for target in TARGETS],
    ]
)


class History:
    """Feeds a leg as its owner would: a port is answered for only when one was asked for, and in time.

    What becomes of an answer after PORT_LIMIT is told in test_leg.
    """

    def __init__(self) -> None:
        self.leg = Leg(LegId("leg"), 0, 1, EntrySettings(), 0.0)
        self.now = 0.0
        self.effects: list[LegEffect] = []
        self.opened = 0
        self.refused = 0

    def feed(self, given: LegInput) -> None:
        asked = self.count(OpenMedia)
        if isinstance(given, MediaOpened | MediaFailed):
            if asked <= self.answered() or self.leg.state is LegState.FINISHED:
                return
            self.opened += isinstance(given, MediaOpened)
            self.refused += isinstance(given, MediaFailed)
        self.effects += self.leg.handle(given, self.now)

    def answered(self) -> int:
        return self.opened + self.refused

    def count(self, *kinds: type) -> int:
        return sum(isinstance(effect, kinds) for effect in self.effects)

    def events(self, kind: type) -> int:
        return sum(isinstance(e, RecordLeg) and isinstance(e.event, kind) for e in self.effects)


@settings(max_examples=600, deadline=None)
@given(opening=OPENINGS, steps=st.lists(STEPS, max_size=25), port=st.sampled_from([*PORT_ANSWERS, None]))
def test_every_history_ends_with_everything_given_back(
    opening: list[LegInput], steps: list[tuple[LegInput, float]], port: LegInput | None
) -> None:
    """One LegFinished and it is the last; every port closed, every meeting left, every arrival ended, once each."""
    history = History()
    for given_input in opening:
        history.feed(given_input)
    for given_input, seconds in steps:
        history.now += seconds
        history.feed(given_input)
    history.feed(RemoteEnded(HANG_UP))
    if port is not None:
        history.feed(port)
    history.now += PORT_LIMIT
    history.feed(LegTick())

    assert history.count(LegFinished) == 1
    assert isinstance(history.effects[-1], LegFinished)
    assert history.leg.next_deadline() is None
    assert history.count(CloseMedia) == history.opened + (history.count(OpenMedia) - history.answered())
    assert history.count(OpenMedia) <= 1
    assert history.count(JoinMeeting) == history.count(LeaveMeeting) <= 1
    assert history.count(HearItself) == history.count(StopEcho) <= 1
    assert history.events(LegArrived) == history.events(LegEnded) <= 1
    assert history.count(Reject, HangUp) <= 1
    assert history.count(Accept) <= 1
    assert not (history.count(Reject) and history.count(Accept)), "what was answered is hung up, not rejected"
    assert not history.count(ChangeMedia) or history.count(Accept)


@settings(max_examples=300, deadline=None)
@given(opening=OPENINGS, steps=st.lists(STEPS, max_size=25))
def test_a_deadline_that_has_come_is_settled_by_one_tick(
    opening: list[LegInput], steps: list[tuple[LegInput, float]]
) -> None:
    """No leg asks to be woken for ever at the same moment."""
    history = History()
    for given_input, seconds in [*((step, 0.0) for step in opening), *steps]:
        history.now += seconds
        history.feed(given_input)
        due = history.leg.next_deadline()
        if due is not None and due <= history.now:
            history.feed(LegTick())
            after = history.leg.next_deadline()
            assert after is None or after > history.now
