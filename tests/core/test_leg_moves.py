"""A caller's leg goes from one door to another."""

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegEnded
from parley.core.ids import SpaceId
from parley.core.leg_inputs import (
    CloseMedia,
    Drop,
    Granted,
    JoinMeeting,
    LeaveMeeting,
    MoveTo,
    News,
    Play,
    PlayEnded,
)
from parley.core.leg_machine import LegState
from parley.core.meeting_inputs import Admitted, Entry
from parley.core.profiles import EntryScope
from tests.core.leg_kit import IVR, Caller, space

SHUTDOWN = Ending(Side.LOCAL, Reason.SHUTDOWN)


def inside() -> Caller:
    caller = Caller(space(None)).call()
    caller.do(News(Admitted()))
    return caller


def kinds(effects: list) -> list[str]:
    return [type(effect).__name__ for effect in effects]


def test_an_open_door_is_gone_through_at_once() -> None:
    """Out of one meeting, into the other; port and call stay."""
    caller = inside()
    effects = caller.do(MoveTo(Granted(SpaceId("other"), None, Entry())))
    assert kinds(effects) == ["StopPlaying", "LeaveMeeting", "JoinMeeting"]
    join = effects[-1]
    assert isinstance(join, JoinMeeting) and join.space == "other"
    assert caller.leg.state is LegState.JOINING and caller.count(CloseMedia) == 0


def test_a_door_with_a_pin_asks_for_it_and_so_does_an_ivr() -> None:
    """The caller stands at the entrance again, with all its patience, and is in no meeting meanwhile."""
    caller = inside()
    assert kinds(caller.do(MoveTo(space("12")))) == ["StopPlaying", "LeaveMeeting", "Play"]
    assert caller.do(Drop(SHUTDOWN)) and caller.count(LeaveMeeting) == 1, "it was left already"
    caller = inside()
    caller.do(MoveTo(space("12")))
    caller.type("12#")
    assert caller.count(JoinMeeting) == 2
    caller = inside()
    caller.do(MoveTo(IVR))
    assert caller.prompts()[-2:] == ["welcome", "enter-id"]


def test_a_prompt_of_the_old_entrance_ends_nothing_at_the_new_one() -> None:
    """Its end comes late; the new prompt's silence begins with the new prompt's end."""
    caller = Caller(space("12")).call()
    first = next(effect for effect in caller.effects if isinstance(effect, Play))
    caller.do(MoveTo(space("34")))
    assert caller.do(PlayEnded(first.play)) == []
    assert caller.type("34#")[-1] == JoinMeeting(SpaceId("space"), None, caller.effects[-1].access_method)  # type: ignore[union-attr]


def test_who_is_on_the_way_in_does_not_turn_round() -> None:
    """A move while a join is in flight, before the answer, or to a closed door changes nothing."""
    caller = Caller(space(None)).call()
    assert caller.do(MoveTo(space(None))) == []
    assert Caller(space(None)).do(MoveTo(space(None))) == []
    assert inside().do(MoveTo(space(None, scope=EntryScope.INVITED))) == []


def test_seconds_in_all_meetings_count() -> None:
    """The record of the leg holds what it was active in each."""
    caller = inside()
    caller.wait(5)
    caller.do(MoveTo(Granted(SpaceId("other"), None, Entry())))
    caller.wait(2)
    caller.do(News(Admitted()))
    caller.wait(4)
    caller.do(Drop(SHUTDOWN))
    ended = caller.events()[-1]
    assert isinstance(ended, LegEnded) and ended.active_duration == 9.0
