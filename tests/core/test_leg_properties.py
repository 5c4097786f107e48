"""What no history of a leg may leave behind, tried on many of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.admission import Admit, WrongPin
from parley.core.dialplan import Echo
from parley.core.endings import Reason
from parley.core.events import LegArrived, LegEnded
from parley.core.ids import AccessMethodId, LegId
from parley.core.leg import Leg
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
    Reject,
    RemoteEnded,
    Resolved,
    StopEcho,
    UnknownTarget,
)
from parley.core.meeting_inputs import Admitted, Cause, Dropped, JoinRefused, Waiting
from parley.core.profiles import PasscodeMode
from tests.core.leg_kit import AUDIO, IVR, OFFER, space
from tests.core.one_leg import DROPPED, FAREWELL, HANG_UP, History

TIMEOUT = space(None, "12", mode=PasscodeMode.TIMEOUT, timeout=5)
TARGETS = [UnknownTarget(), space(None), space("12"), TIMEOUT, space("1", closed=True), IVR, Echo(limit=60.0)]
PORT_ANSWERS = [MediaOpened(20000), MediaFailed()]
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


def history() -> History:
    return History(Leg(LegId("leg"), 0, 1, EntrySettings(), 0.0))


@settings(max_examples=600, deadline=None)
@given(opening=OPENINGS, steps=st.lists(STEPS, max_size=25), port=st.sampled_from([*PORT_ANSWERS, None]))
def test_every_history_ends_with_everything_given_back(
    opening: list[LegInput], steps: list[tuple[LegInput, float]], port: LegInput | None
) -> None:
    """One LegFinished and it is the last; every port closed, every meeting left, every arrival ended, once each."""
    lived = history()
    lived.live(opening, steps)
    lived.end(port)

    assert lived.count(LegFinished) == 1
    assert isinstance(lived.effects[-1], LegFinished)
    assert lived.leg.next_deadline() is None
    assert lived.count(CloseMedia) == lived.opened + lived.unanswered
    assert lived.count(OpenMedia) <= 1
    assert lived.count(JoinMeeting) == lived.count(LeaveMeeting) <= 1
    assert lived.count(HearItself) == lived.count(StopEcho) <= 1
    assert lived.recorded(LegArrived) == lived.recorded(LegEnded) <= 1
    assert lived.count(Reject, HangUp) <= 1
    assert lived.count(Accept) <= 1
    assert not (lived.count(Reject) and lived.count(Accept)), "what was answered is hung up, not rejected"
    assert not lived.count(ChangeMedia) or lived.count(Accept)


@settings(max_examples=300, deadline=None)
@given(opening=OPENINGS, steps=st.lists(STEPS, max_size=25))
def test_a_deadline_that_has_come_is_settled_by_one_tick(
    opening: list[LegInput], steps: list[tuple[LegInput, float]]
) -> None:
    """No leg asks to be woken for ever at the same moment."""
    history().settle_each(opening, steps)
