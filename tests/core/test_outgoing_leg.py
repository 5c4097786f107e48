"""A leg that we call: its way to the answer, its hops, its end, and everything that crosses."""

from dataclasses import replace

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, LegConnected, LegEnded
from parley.core.ids import LegId, SpaceId
from parley.core.leg_departure import PORT_LIMIT
from parley.core.leg_inputs import (
    Answered,
    CallFailed,
    ChangeMedia,
    CloseMedia,
    Digit,
    Drop,
    FindElsewhere,
    GiveUp,
    Granted,
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
    MoveTo,
    News,
    OpenMedia,
    PlaceCall,
    Play,
    Reach,
    Reached,
    RecordLeg,
    Redirected,
    RemoteEnded,
    Ringing,
)
from parley.core.leg_machine import LegState
from parley.core.meeting_inputs import Admitted, Dropped, Entry, JoinRefused, Waiting
from parley.core.meeting_inputs import Cause as MeetingCause
from tests.core.call_kit import BUSY, DECLINED, ENTRY, MUTED, UNREACHABLE, Called, dial, hop
from tests.core.leg_kit import AUDIO
from tests.core.one_leg import HANG_UP

SHUTDOWN = Ending(Side.LOCAL, Reason.SHUTDOWN)


def kinds(effects: list) -> list[str]:
    return [type(e.event).__name__ if isinstance(e, RecordLeg) else type(e).__name__ for e in effects]


def test_an_answered_call_passes_every_step() -> None:
    """Found, opened, called, answered, joined; the record says who called whom."""
    called = Called().answered()
    assert kinds(called.effects) == [
        "LegArrived",
        "Reach",
        "OpenMedia",
        "PlaceCall",
        "LegConnected",
        "ReportCall",
        "ChangeMedia",
        "JoinMeeting",
    ]
    arrived, connected = called.events()
    assert isinstance(arrived, LegArrived) and arrived.direction == "outgoing"
    assert (arrived.caller, arrived.dialled) == ("sip:ada@phones.example", "sip:room@example.com")
    assert connected == LegConnected(LegId("leg"), 1, at_ivr=False)
    assert called.reports() == [None]


def test_nothing_is_sent_or_expected_before_the_answer() -> None:
    """The port is opened towards the next hop's host, silent both ways."""
    called = Called().placed()
    (opened,) = [e for e in called.effects if isinstance(e, OpenMedia)]
    assert (opened.audio.remote_host, opened.audio.sends, opened.audio.receives) == ("192.0.2.1", False, False)
    assert opened.local_address == "192.0.2.9" and opened.space == "space"


def test_whoever_answers_joins_by_the_door_of_the_wish() -> None:
    """No prompt, no PIN: entry, settings and standing are those asked for."""
    called = Called().answered()
    (join,) = [e for e in called.effects if isinstance(e, JoinMeeting)]
    assert (join.entry, join.access_method, join.settings, join.admitted) == (ENTRY, "host-door", MUTED, True)


@pytest.mark.parametrize("ending", [BUSY, DECLINED, Ending(Side.REMOTE, Reason.NO_ANSWER)])
def test_a_person_who_says_no_is_not_rung_by_another_way(ending: Ending) -> None:
    """Busy, declined and no answer end the call although the rule says continue and there is another hop."""
    called = Called().placed(hop("a"), hop("b"))
    effects = called.do(CallFailed(ending))
    assert kinds(effects) == ["LegEnded", "ReportCall", "CloseMedia", "LegFinished"]
    assert called.reports() == [ending]


def test_a_hop_that_fails_leads_to_the_next_with_the_same_port() -> None:
    """failureAction continue: the next hop is reached, and its call uses the port that is open."""
    called = Called().placed(hop("a"), hop("b"))
    assert called.do(CallFailed(UNREACHABLE)) == [Reach(hop("b"))]
    assert called.do(Reached("192.0.2.9", "192.0.2.2")) == [PlaceCall(20000)]
    called.do(Answered(AUDIO))
    assert called.leg.state is LegState.JOINING and called.count(OpenMedia) == 1


def test_a_hop_by_another_address_of_ours_gets_a_port_there() -> None:
    """The old port is given back first."""
    called = Called().placed(hop("a"), hop("b"))
    called.do(CallFailed(UNREACHABLE))
    assert kinds(called.do(Reached("192.0.2.10", "192.0.2.2"))) == ["CloseMedia", "OpenMedia"]
    assert called.do(MediaOpened(20002)) == [PlaceCall(20002)]


def test_failure_action_stop_ends_the_call_at_the_first_hop() -> None:
    """Even where another would match."""
    called = Called().placed(hop("a", goes_on=False), hop("b"))
    assert kinds(called.do(CallFailed(UNREACHABLE)))[-1] == "LegFinished"
    assert called.count(Reach) == 1


def test_the_last_hop_ends_the_call() -> None:
    """There is no further one to continue with."""
    called = Called().placed(hop("a"))
    called.do(CallFailed(UNREACHABLE))
    assert called.reports() == [UNREACHABLE]


def test_a_name_that_is_unknown_leads_on_too() -> None:
    """A hop that cannot be reached at all has failed like one that refuses."""
    called = Called()
    called.do(dial(hop("a"), hop("b")))
    assert called.do(CallFailed(Ending(Side.LOCAL, Reason.NAME_UNKNOWN))) == [Reach(hop("b"))]


def test_it_rings_no_longer_than_wished() -> None:
    """After ring_seconds the call is given up: no answer, by our doing."""
    called = Called().placed()
    called.do(Ringing())
    assert called.wait(44.9) == []
    assert kinds(called.wait(0.2)) == ["LegEnded", "GiveUp", "ReportCall", "CloseMedia", "LegFinished"]
    assert called.reports() == [Ending(Side.LOCAL, Reason.NO_ANSWER)]


def test_each_hop_has_its_own_time() -> None:
    """The clock starts again with the next hop, and stops with the answer."""
    called = Called().placed(hop("a"), hop("b"))
    called.wait(40)
    called.do(CallFailed(UNREACHABLE))
    assert called.leg.next_deadline() == called.now + 45
    called.do(Reached("192.0.2.9", "192.0.2.2"))
    called.do(Answered(AUDIO))
    assert called.leg.next_deadline() is None


@pytest.mark.parametrize("ringing", [False, True])
def test_giving_up_before_the_answer_cancels(ringing: bool) -> None:
    """A dropped call is not hung up but given up, and its wish is told."""
    called = Called().placed()
    if ringing:
        called.do(Ringing())
    assert kinds(called.do(Drop(SHUTDOWN))) == ["LegEnded", "GiveUp", "ReportCall", "CloseMedia", "LegFinished"]
    assert called.reports() == [SHUTDOWN]


def test_giving_up_while_the_port_is_opened_waits_for_it() -> None:
    """The port that comes later is closed, and only then is the leg forgotten."""
    called = Called()
    called.do(dial())
    called.do(Reached("192.0.2.9", "192.0.2.1"))
    assert kinds(called.do(Drop(SHUTDOWN))) == ["LegEnded", "GiveUp", "ReportCall"]
    assert kinds(called.do(MediaOpened(20000))) == ["CloseMedia", "LegFinished"]


def test_an_engine_that_never_answers_is_not_waited_for_for_ever() -> None:
    """After PORT_LIMIT the port is closed on suspicion."""
    called = Called()
    called.do(dial())
    called.do(Reached("192.0.2.9", "192.0.2.1"))
    called.do(Drop(SHUTDOWN))
    assert kinds(called.wait(PORT_LIMIT)) == ["CloseMedia", "LegFinished"]


def test_no_port_no_call() -> None:
    """Nobody is rung when there is no media for them."""
    called = Called()
    called.do(dial())
    called.do(Reached("192.0.2.9", "192.0.2.1"))
    called.do(MediaFailed())
    assert called.count(PlaceCall) == 0 and called.count(CloseMedia) == 0
    assert called.reports() == [Ending(Side.LOCAL, Reason.MEDIA_FAILED)]


@pytest.mark.parametrize(
    ("given", "hangs_up", "reason"),
    [
        (RemoteEnded(HANG_UP), False, Reason.HANG_UP),
        (Drop(SHUTDOWN), True, Reason.SHUTDOWN),
        (MediaDied(), True, Reason.MEDIA_DEAD),
        (News(Dropped(Ending(Side.LOCAL, Reason.DEACTIVATED))), True, Reason.DEACTIVATED),
        (News(JoinRefused(Reason.PARTICIPANT_LIMIT)), True, Reason.PARTICIPANT_LIMIT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_answered_call_is_hung_up_once_and_leaves_its_meeting(
    given: LegInput, hangs_up: bool, reason: Reason
) -> None:
    """BYE unless the far end did it; the result of the call was told before and is not told again."""
    called = Called().answered()
    effects = called.do(given)
    assert kinds(effects) == [
        "LegEnded",
        *(["HangUp"] if hangs_up else []),
        "LeaveMeeting",
        "CloseMedia",
        "LegFinished",
    ]
    ended = called.events()[-1]
    assert isinstance(ended, LegEnded) and ended.ending.reason is reason and ended.connected
    assert called.reports() == [None] and called.count(GiveUp) == 0


def test_times_count_from_the_answer() -> None:
    """Ringing is no talk; active seconds count while the meeting has it active."""
    called = Called().placed()
    called.wait(20)
    called.do(Answered(AUDIO))
    called.do(News(Waiting(frozenset({MeetingCause.NO_HOST}))))
    called.wait(10)
    called.do(News(Admitted()))
    called.wait(5)
    called.do(RemoteEnded(HANG_UP))
    assert called.events()[-1] == LegEnded(LegId("leg"), 1, HANG_UP, True, 15.0, 5.0, False)


def test_a_renegotiation_reaches_the_engine_only_in_a_call() -> None:
    """Before the answer and after the end there is nothing to change."""
    called = Called().placed()
    assert called.do(MediaChanged(AUDIO)) == []
    called.do(Answered(AUDIO))
    assert called.do(MediaChanged(AUDIO)) == [ChangeMedia(AUDIO)]


@pytest.mark.parametrize(
    "given", [Answered(AUDIO), Ringing(), CallFailed(BUSY), Digit("1"), LegTick(), Reached("a", "b")], ids=str
)
def test_what_comes_after_the_end_changes_nothing(given: LegInput) -> None:
    """The door ends what crosses; the leg is over."""
    called = Called().placed()
    called.do(Drop(SHUTDOWN))
    assert called.do(given) == []
    assert called.count(LegFinished) == 1 and called.count(HangUp) == 0


# --- redirections, moves --------------------------------------------------------------------------------------------


def sent_to(*targets: str) -> CallFailed:
    return CallFailed(DECLINED, targets)


def test_a_redirection_is_followed_where_a_rule_leads() -> None:
    """The places that may be called are tried in their order, with the time that was left."""
    called = Called().placed()
    called.now += 20
    assert called.do(sent_to("sip:b@b.example", "sip:c@c.example")) == [
        FindElsewhere(("sip:b@b.example", "sip:c@c.example"))
    ]
    assert called.do(Redirected((hop("b"), hop("c")))) == [Reach(hop("b"))]
    called.do(Reached("192.0.2.9", "192.0.2.1"))
    assert called.do(CallFailed(UNREACHABLE)) == [Reach(hop("c"))]
    assert called.leg.next_deadline() == called.now + 45.0


def test_a_redirected_person_is_not_rung_for_ever() -> None:
    """The deadline of the first ringing stands."""
    called = Called().placed()
    deadline = called.leg.next_deadline()
    called.now += 20
    called.do(sent_to("sip:b@b.example"))
    assert called.leg.next_deadline() == deadline
    called.do(Redirected((hop("b"),)))
    assert called.leg.next_deadline() == deadline


def test_a_redirection_that_leads_nowhere_is_a_refusal() -> None:
    """The ending is that of the response; a hop that goes on does so."""
    called = Called().placed()
    called.do(sent_to("sip:b@b.example"))
    called.do(Redirected(()))
    assert called.reports() == [DECLINED] and called.leg.state is LegState.FINISHED


def test_nobody_is_sent_in_a_circle_nor_for_ever() -> None:
    """A place that was named before is not gone to again, and five are enough."""
    called = Called().placed()
    assert kinds(called.do(sent_to("sip:ada@phones.example")))[0] == "LegEnded", "that is where we called already"
    called = Called().placed()
    (asked,) = called.do(sent_to(*(f"sip:{number}@b.example" for number in range(4))))
    called.do(Redirected((hop("b"),)))
    called.do(Reached("192.0.2.9", "192.0.2.1"))
    (asked,) = called.do(sent_to("sip:0@b.example", "sip:8@b.example", "sip:9@b.example"))
    assert asked == FindElsewhere(("sip:8@b.example",))
    called.do(Redirected((hop("c"),)))
    called.do(Reached("192.0.2.9", "192.0.2.1"))
    assert "FindElsewhere" not in kinds(called.do(sent_to("sip:10@b.example")))


def test_who_was_called_moves_only_through_an_open_door() -> None:
    """Out of one meeting into another; the leg goes on as it is."""
    called = Called().answered()
    granted = Granted(SpaceId("other"), None, Entry())
    assert called.do(MoveTo(granted)) == [], "it is not in yet"
    called.do(News(Admitted()))
    leave, join = called.do(MoveTo(granted))
    assert isinstance(leave, LeaveMeeting) and isinstance(join, JoinMeeting)
    assert (join.space, join.called, called.leg.state) == ("other", True, LegState.JOINING)
    called.do(News(Admitted()))
    assert "LeaveMeeting" in kinds(called.do(Drop(SHUTDOWN)))


# --- confirmed by a key ------------------------------------------------------------------------------------------


def confirming() -> Called:
    called = Called()
    called.do(replace(dial(), confirmation=True, language="pt", brand="own", keys="1"))
    for given in (Reached("192.0.2.9", "192.0.2.1"), MediaOpened(20000), Answered(AUDIO)):
        called.do(given)
    return called


def test_who_answers_is_asked_to_press_a_key() -> None:
    """It is told nobody and nobody joins until then; any key will do, once, and it is none of the meeting's keys."""
    called = confirming()
    assert kinds(called.effects)[4:] == ["LegConnected", "ChangeMedia", "SendKeys", "Play"]
    assert called.effects[-1] == Play(1, ("confirm-join",), "pt", "own")
    assert called.reports() == []
    assert kinds(called.do(Digit("*"))) == ["StopPlaying", "ReportCall", "JoinMeeting"]
    assert called.reports() == [None]
    called.do(News(Admitted()))
    assert called.do(Digit("6")) == []
    assert kinds(called.do(RemoteEnded(HANG_UP))) == ["LegEnded", "LeaveMeeting", "CloseMedia", "LegFinished"]


def test_a_machine_that_answers_is_hung_up_on() -> None:
    """It is asked every seven seconds, and after a minute the call is over as if nobody had answered it."""
    called = confirming()
    assert kinds(called.wait(59.9)) == ["Play"] * 8
    assert kinds(called.wait(0.2)) == ["LegEnded", "HangUp", "ReportCall", "CloseMedia", "LegFinished"]
    not_confirmed = Ending(Side.LOCAL, Reason.NOT_CONFIRMED)
    assert called.reports() == [not_confirmed]
    ended = called.events()[-1]
    assert isinstance(ended, LegEnded) and (ended.ending, ended.connected) == (not_confirmed, True)
    assert called.count(JoinMeeting, LeaveMeeting) == 0


@pytest.mark.parametrize("given", [RemoteEnded(HANG_UP), Drop(SHUTDOWN), MediaDied()])
def test_a_call_may_end_while_it_is_to_be_confirmed(given: LegInput) -> None:
    """Everything is given back, and no meeting hears of it."""
    called = confirming()
    called.do(News(Admitted()))
    called.do(given)
    assert called.count(CloseMedia, LegFinished) == 2
    assert called.count(LeaveMeeting) == 0
    assert len(called.reports()) == 1
