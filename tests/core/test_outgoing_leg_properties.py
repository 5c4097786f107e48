"""What no history of a leg that we call may leave behind, tried on many of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, LegConnected, LegEnded
from parley.core.farewells import Farewell
from parley.core.ids import LegId
from parley.core.leg_departure import PORT_LIMIT
from parley.core.leg_inputs import (
    Answered,
    CallFailed,
    ChangeMedia,
    CloseMedia,
    Digit,
    Drop,
    GiveUp,
    HangUp,
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
    PlaceCall,
    PlayEnded,
    Reach,
    Reached,
    RecordLeg,
    RemoteEnded,
    ReportCall,
    Ringing,
)
from parley.core.leg_machine import LegState
from parley.core.meeting_inputs import Admitted, Cause, Dropped, JoinRefused, Waiting
from parley.core.outgoing_leg import OutgoingLeg
from tests.core.call_kit import BUSY, UNREACHABLE, dial, hop
from tests.core.leg_kit import AUDIO, HANG_UP

DROPPED = Ending(Side.LOCAL, Reason.DEACTIVATED)
FAREWELL = Farewell("meeting-ended", "en")
DIALS = [
    dial(hop("a")),
    replace(dial(hop("a")), confirmation=True),
    dial(hop("a"), hop("b"), hop("c")),
    dial(hop("a", goes_on=False), hop("b")),
]
NEAR, FAR = Reached("192.0.2.9", "192.0.2.1"), Reached("192.0.2.10", "192.0.2.1")

LIKELY = st.sampled_from(
    [
        *DIALS,
        NEAR,
        FAR,
        MediaOpened(20000),
        Ringing(),
        Answered(AUDIO),
        CallFailed(UNREACHABLE),
        News(Admitted()),
        News(Waiting(frozenset({Cause.NO_HOST}))),
        MediaChanged(AUDIO),
        Digit("1"),
        PlayEnded(0),
        LegTick(),
    ]
)
FATAL = st.sampled_from(
    [
        CallFailed(BUSY),
        News(JoinRefused(Reason.PARTICIPANT_LIMIT)),
        News(Dropped(DROPPED)),
        News(Dropped(DROPPED, FAREWELL)),
        MediaFailed(),
        MediaDied(),
        RemoteEnded(HANG_UP),
        Drop(DROPPED),
    ]
)
STEPS = st.tuples(st.one_of(LIKELY, LIKELY, LIKELY, LIKELY, FATAL), st.sampled_from([0.0, 0.0, 0.1, 5.0, 50.0]))
OPENINGS = st.sampled_from(
    [
        [],
        *[[first] for first in DIALS],
        *[[first, NEAR, MediaOpened(1)] for first in DIALS],
        *[[first, NEAR, MediaOpened(1), Answered(AUDIO)] for first in DIALS],
        [DIALS[2], NEAR, MediaOpened(1), CallFailed(UNREACHABLE), FAR],
    ]
)


class History:
    """Feeds a leg as its owner would: a port is answered for only when one was asked for."""

    def __init__(self) -> None:
        self.leg = OutgoingLeg(LegId("leg"), 0, 1)
        self.now = 0.0
        self.effects: list[LegEffect] = []
        self.opened = 0
        self.refused = 0

    def feed(self, given: LegInput) -> None:
        if isinstance(given, MediaOpened | MediaFailed):
            waits = self.count(OpenMedia) > self.opened + self.refused
            if not waits or self.leg.state is LegState.FINISHED:
                return
            self.opened += isinstance(given, MediaOpened)
            self.refused += isinstance(given, MediaFailed)
        self.effects += self.leg.handle(given, self.now)

    def count(self, *kinds: type) -> int:
        return sum(isinstance(effect, kinds) for effect in self.effects)

    def events(self, kind: type) -> int:
        return sum(isinstance(e, RecordLeg) and isinstance(e.event, kind) for e in self.effects)


@settings(max_examples=600, deadline=None)
@given(
    opening=OPENINGS, steps=st.lists(STEPS, max_size=25), port=st.sampled_from([MediaOpened(1), MediaFailed(), None])
)
def test_every_history_ends_with_everything_given_back(
    opening: list[LegInput], steps: list[tuple[LegInput, float]], port: LegInput | None
) -> None:
    """One LegFinished and it is the last; ports, meetings, records and results in pairs, each result told once."""
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
    unanswered = history.count(OpenMedia) - history.opened - history.refused
    assert history.count(CloseMedia) == history.opened + unanswered and unanswered <= 1
    assert history.count(JoinMeeting) == history.count(LeaveMeeting) <= 1
    assert history.events(LegArrived) == history.events(LegEnded) == history.count(ReportCall) <= 1
    assert history.count(GiveUp, HangUp) <= 1
    answered = any(isinstance(e, ReportCall) and e.ending is None for e in history.effects)
    assert history.count(JoinMeeting) == answered
    connected = bool(history.events(LegConnected))
    assert connected >= answered
    assert not (connected and history.count(GiveUp)), "what was answered is hung up"
    assert connected or not history.count(HangUp, ChangeMedia), "what was not answered is given up"
    assert history.count(PlaceCall) <= history.count(Reach) <= 3
    assert history.count(OpenMedia) <= history.count(Reach)


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
