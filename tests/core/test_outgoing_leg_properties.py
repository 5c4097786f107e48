"""What no history of a leg that we call may leave behind, tried on many of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.endings import Reason
from parley.core.events import LegArrived, LegConnected, LegEnded
from parley.core.ids import LegId
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
    RemoteEnded,
    ReportCall,
    Ringing,
)
from parley.core.meeting_inputs import Admitted, Cause, Dropped, JoinRefused, Waiting
from parley.core.outgoing_leg import OutgoingLeg
from tests.core.call_kit import BUSY, UNREACHABLE, dial, hop
from tests.core.leg_kit import AUDIO
from tests.core.one_leg import DROPPED, FAREWELL, HANG_UP, History

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


def history() -> History:
    return History(OutgoingLeg(LegId("leg"), 0, 1))


@settings(max_examples=600, deadline=None)
@given(
    opening=OPENINGS, steps=st.lists(STEPS, max_size=25), port=st.sampled_from([MediaOpened(1), MediaFailed(), None])
)
def test_every_history_ends_with_everything_given_back(
    opening: list[LegInput], steps: list[tuple[LegInput, float]], port: LegInput | None
) -> None:
    """One LegFinished and it is the last; ports, meetings, records and results in pairs, each result told once."""
    lived = history()
    lived.live(opening, steps)
    lived.end(port)

    assert lived.count(LegFinished) == 1
    assert isinstance(lived.effects[-1], LegFinished)
    assert lived.leg.next_deadline() is None
    assert lived.count(CloseMedia) == lived.opened + lived.unanswered and lived.unanswered <= 1
    assert lived.count(JoinMeeting) == lived.count(LeaveMeeting) <= 1
    assert lived.recorded(LegArrived) == lived.recorded(LegEnded) == lived.count(ReportCall) <= 1
    assert lived.count(GiveUp, HangUp) <= 1
    answered = any(isinstance(e, ReportCall) and e.ending is None for e in lived.effects)
    assert lived.count(JoinMeeting) == answered
    connected = bool(lived.recorded(LegConnected))
    assert connected >= answered
    assert not (connected and lived.count(GiveUp)), "what was answered is hung up"
    assert connected or not lived.count(HangUp, ChangeMedia), "what was not answered is given up"
    assert lived.count(PlaceCall) <= lived.count(Reach) <= 3
    assert lived.count(OpenMedia) <= lived.count(Reach)


@settings(max_examples=300, deadline=None)
@given(opening=OPENINGS, steps=st.lists(STEPS, max_size=25))
def test_a_deadline_that_has_come_is_settled_by_one_tick(
    opening: list[LegInput], steps: list[tuple[LegInput, float]]
) -> None:
    """No leg asks to be woken for ever at the same moment."""
    history().settle_each(opening, steps)
