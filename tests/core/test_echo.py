"""A caller who hears himself: alone, for a while, and everything is given back."""

from __future__ import annotations

from parley.core.dialplan import Echo
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegEnded
from parley.core.leg import ECHO_GREETING
from parley.core.leg_inputs import (
    CloseMedia,
    Digit,
    Drop,
    HearItself,
    JoinMeeting,
    LegFinished,
    Play,
    PlayEnded,
    RecordLeg,
    StopEcho,
)
from parley.core.leg_machine import LegState
from tests.core.leg_kit import Caller
from tests.core.test_leg import kinds

ECHO = Echo(limit=20.0, delay=1.0)


def test_the_caller_is_greeted_and_hears_himself_in_no_meeting() -> None:
    """The echo begins with the answer, behind the greeting; nothing that is typed leads anywhere."""
    caller = Caller(ECHO).call()
    assert caller.leg.state is LegState.ECHO
    assert [e for e in caller.effects if isinstance(e, HearItself)] == [HearItself(1.0)]
    assert [e.prompts for e in caller.effects if isinstance(e, Play)] == [(ECHO_GREETING,)]
    assert caller.do(PlayEnded(1)) == [] and caller.do(Digit("#")) == []
    assert not any(isinstance(effect, JoinMeeting) for effect in caller.effects)


def test_the_stay_is_limited() -> None:
    """Whoever stays to the limit is hung up on as too long, a moment before it he is not."""
    caller = Caller(ECHO).call()
    assert caller.wait(19.9) == []
    effects = caller.wait(0.1)
    assert kinds(effects) == ["LegEnded", "HangUp", "StopEcho", "CloseMedia", "LegFinished"]
    [ended] = [e.event for e in effects if isinstance(e, RecordLeg)]
    assert isinstance(ended, LegEnded) and ended.ending == Ending(Side.LOCAL, Reason.TOO_LONG)


def test_a_caller_who_goes_leaves_nothing() -> None:
    """The echo is stopped before its port is closed, and once."""
    caller = Caller(ECHO).call()
    effects = caller.do(Drop(Ending(Side.ADMINISTRATOR, Reason.HANG_UP)))
    given_back = [type(e) for e in effects if isinstance(e, StopEcho | CloseMedia | LegFinished)]
    assert given_back == [StopEcho, CloseMedia, LegFinished]
