"""A leg's life outside the prompts: opening, joining, ending, and everything that crosses."""

from dataclasses import replace

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, LegConnected, LegEnded
from parley.core.ids import LegId
from parley.core.leg_departure import PORT_LIMIT
from parley.core.leg_inputs import (
    Accept,
    ChangeMedia,
    CloseMedia,
    Confirmed,
    Digit,
    Drop,
    DtlsRemote,
    HangUp,
    JoinMeeting,
    LeaveMeeting,
    LegFinished,
    LegTick,
    MediaChanged,
    MediaDied,
    MediaFailed,
    MediaOpened,
    News,
    OpenMedia,
    Play,
    RecordLeg,
    Reject,
    RemoteEnded,
    Resolve,
    Resolved,
    UnknownTarget,
)
from parley.core.leg_machine import LegState
from parley.core.meeting_inputs import Admitted, Cause, Dropped, JoinRefused, Waiting
from parley.core.profiles import MediaEncryption
from tests.core.leg_kit import AUDIO, IVR, OFFER, Caller, space
from tests.core.one_leg import HANG_UP

CANCELLED = Ending(Side.REMOTE, Reason.CANCELLED)
WAITS = News(Waiting(frozenset({Cause.NO_HOST})))


def kinds(effects: list) -> list[str]:
    return [type(e.event).__name__ if isinstance(e, RecordLeg) else type(e).__name__ for e in effects]


def test_a_call_to_nowhere_is_refused_at_once() -> None:
    """No media is opened, nothing is answered, nothing stays."""
    caller = Caller(UnknownTarget())
    caller.do(OFFER)
    assert kinds(caller.effects) == ["LegArrived", "Resolve", "LegEnded", "Reject", "LegFinished"]
    assert caller.ending() == Ending(Side.LOCAL, Reason.UNKNOWN_DESTINATION)


def test_a_closed_space_refuses_before_the_answer() -> None:
    """A non-member gets no further than an unknown address does; inside the reason is another."""
    caller = Caller(space(None, closed=True))
    caller.do(OFFER)
    assert kinds(caller.effects) == ["LegArrived", "Resolve", "LegEnded", "Reject", "LegFinished"]
    assert caller.reason() is Reason.NOT_MEMBER


def test_an_answered_call_passes_every_step() -> None:
    """Arrived, resolved, media, answer, confirmation, connected, join."""
    caller = Caller(space(None)).call()
    assert kinds(caller.effects) == [
        "LegArrived",
        "Resolve",
        "OpenMedia",
        "Accept",
        "LegConnected",
        "JoinMeeting",
    ]
    arrived, connected = caller.events()
    assert isinstance(arrived, LegArrived)
    assert (arrived.caller, arrived.dialled, arrived.remote_address) == (OFFER.caller, OFFER.dialled, "192.0.2.1")
    assert connected == LegConnected(LegId("leg"), 1, at_ivr=False)


def test_the_space_is_known_before_media_opens_except_at_an_ivr() -> None:
    """An address names one space; an IVR names none yet."""
    for target, chosen in [(space("1"), "space"), (IVR, None)]:
        caller = Caller(target).call()
        assert [e.space for e in caller.effects if isinstance(e, OpenMedia)] == [chosen]


def test_no_port_no_call() -> None:
    """Media that cannot be opened refuses the call and closes nothing."""
    caller = Caller(space(None))
    caller.do(OFFER)
    assert kinds(caller.do(MediaFailed())) == ["LegEnded", "Reject", "LegFinished"]
    assert caller.reason() is Reason.MEDIA_FAILED


def test_the_end_is_told_with_its_times() -> None:
    """Duration from arrival, active seconds from admission; side and reason as they came."""
    caller = Caller(space(None)).call()
    caller.do(WAITS)
    caller.wait(10)
    caller.do(News(Admitted()))
    caller.do(News(Admitted()))
    caller.wait(3)
    caller.do(WAITS)
    caller.wait(7)
    effects = caller.do(RemoteEnded(HANG_UP))
    assert kinds(effects) == ["LegEnded", "LeaveMeeting", "CloseMedia", "LegFinished"]
    assert caller.events()[-1] == LegEnded(LegId("leg"), 1, HANG_UP, True, 20.0, 3.0, False)


def test_a_call_never_answered_has_no_duration() -> None:
    """It was not connected."""
    caller = Caller(space(None))
    caller.do(OFFER)
    caller.wait(5)
    caller.do(MediaOpened(1))
    caller.do(RemoteEnded(Ending(Side.REMOTE, Reason.NO_ACK)))
    ended = caller.events()[-1]
    assert isinstance(ended, LegEnded)
    assert (ended.connected, ended.duration) == (False, 0.0)
    assert kinds(caller.effects)[-3:] == ["LegEnded", "CloseMedia", "LegFinished"]


@pytest.mark.parametrize("answer", [MediaOpened(20000), MediaFailed()])
def test_a_cancel_while_the_port_is_being_opened_leaves_no_port(answer: MediaOpened | MediaFailed) -> None:
    """The leg is over for the caller at once, and finished when the port is accounted for."""
    caller = Caller(space(None))
    caller.do(OFFER)
    assert kinds(caller.do(RemoteEnded(CANCELLED))) == ["LegEnded"]
    closes = ["CloseMedia"] if isinstance(answer, MediaOpened) else []
    assert kinds(caller.do(answer)) == [*closes, "LegFinished"]
    assert caller.leg.next_deadline() is None


def test_an_engine_that_never_answers_holds_no_leg() -> None:
    """After a while the port is closed on suspicion; an answer later still is closed too."""
    caller = Caller(space(None))
    caller.do(OFFER)
    caller.do(Drop(Ending(Side.LOCAL, Reason.SHUTDOWN)))
    assert caller.wait(PORT_LIMIT - 1) == []
    assert caller.do(LegTick()) == []
    assert kinds(caller.wait(1)) == ["CloseMedia", "LegFinished"]
    assert kinds(caller.do(MediaOpened(1))) == ["CloseMedia"]


def test_a_cancel_while_resolving_leaves_nothing() -> None:
    """The late answer opens no media."""
    caller = Caller(space(None))
    caller.leg.handle(OFFER, 0.0)
    assert kinds(caller.do(RemoteEnded(CANCELLED))) == ["LegEnded", "LegFinished"]
    assert caller.do(Resolved(space(None))) == []


def test_a_hang_up_that_crosses_the_join_leaves_the_meeting() -> None:
    """LeaveMeeting follows JoinMeeting though no news has come; the late news is passed over."""
    caller = Caller(space(None)).call()
    assert kinds(caller.do(RemoteEnded(HANG_UP))) == ["LegEnded", "LeaveMeeting", "CloseMedia", "LegFinished"]
    assert caller.do(News(Admitted())) == []


def test_a_full_meeting_is_told_before_the_hang_up() -> None:
    """The prompt is heard to its end."""
    caller = Caller(space(None)).call()
    caller.do(News(JoinRefused(Reason.PARTICIPANT_LIMIT)))
    assert caller.prompts() == ["meeting-full"]
    assert caller.count(HangUp) == 0
    caller.hear()
    assert caller.ending() == Ending(Side.LOCAL, Reason.PARTICIPANT_LIMIT)
    assert (caller.count(JoinMeeting), caller.count(LeaveMeeting), caller.count(LegFinished)) == (1, 1, 1)


def test_a_meeting_that_is_over_ends_the_leg() -> None:
    """Refused because the meeting ended, the leg hangs up at once."""
    caller = Caller(space(None)).call()
    caller.do(News(JoinRefused(Reason.MEETING_ENDED)))
    assert caller.ending() == Ending(Side.LOCAL, Reason.MEETING_ENDED)


def test_a_dropped_leg_hangs_up_with_that_ending() -> None:
    """Waiting or active; the ending is the meeting's."""
    dropped = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
    caller = Caller(space(None)).call()
    caller.do(WAITS)
    assert kinds(caller.do(News(Dropped(dropped)))) == [
        "LegEnded",
        "HangUp",
        "LeaveMeeting",
        "CloseMedia",
        "LegFinished",
    ]
    assert caller.ending() == dropped


def test_renegotiated_media_goes_to_the_engine_once_answered() -> None:
    """Before the answer and after the end there is nothing to change."""
    caller = Caller(space("1"))
    caller.do(OFFER)
    assert caller.do(MediaChanged(AUDIO)) == []
    for step in (MediaOpened(1), Confirmed(), Digit("1"), Digit("#"), News(Admitted())):
        caller.do(step)
        assert caller.do(MediaChanged(AUDIO)) == [ChangeMedia(AUDIO)]
    caller.do(RemoteEnded(HANG_UP))
    assert caller.do(MediaChanged(AUDIO)) == []


def test_dead_media_ends_an_answered_leg() -> None:
    """Somebody who is no longer there is hung up on."""
    caller = Caller(IVR).call()
    assert kinds(caller.do(MediaDied())) == ["LegEnded", "HangUp", "CloseMedia", "LegFinished"]
    assert caller.reason() is Reason.MEDIA_DEAD


def test_ours_may_end_a_leg_at_any_point() -> None:
    """Before the answer it is rejected, after it hung up."""
    shutdown = Ending(Side.LOCAL, Reason.SHUTDOWN)
    unanswered = Caller(space("1"))
    unanswered.leg.handle(OFFER, 0.0)
    assert Reject(shutdown) in unanswered.do(Drop(shutdown))
    answered = Caller(space("1")).call()
    assert HangUp(shutdown) in answered.do(Drop(shutdown))


def test_digits_in_a_meeting_do_nothing() -> None:
    """Nor do stray answers of the store."""
    caller = Caller(space(None)).call()
    caller.do(News(Admitted()))
    for given in (Digit("1"), Digit("#"), Resolved(space("1")), Confirmed(), MediaOpened(7), OFFER, LegTick()):
        assert caller.do(given) == []
    assert caller.leg.state is LegState.JOINED


def test_a_leg_that_was_never_offered_ends_without_a_record() -> None:
    """Nothing arrived, so nothing is told."""
    caller = Caller(space(None))
    assert caller.do(RemoteEnded(HANG_UP)) == [LegFinished(LegId("leg"))]
    assert caller.do(OFFER) == []
    assert (caller.count(Resolve), caller.count(Accept), caller.count(CloseMedia)) == (0, 0, 0)


def test_who_falls_back_to_plain_audio_is_still_spoken_to_in_his_language() -> None:
    """Where encryption is prohibited and the caller offers plain audio too, the question comes as he wants it."""
    open_door = space("1234")
    target = replace(open_door, doors=tuple(replace(d, encryption=MediaEncryption.PROHIBITED) for d in open_door.doors))
    caller = Caller(target)
    caller.do(replace(OFFER, audio=replace(AUDIO, dtls=DtlsRemote()), plain=AUDIO, language="pt"))
    caller.do(MediaOpened(20000))
    caller.do(Confirmed())
    assert [(effect.prompts, effect.language) for effect in caller.effects if isinstance(effect, Play)] == [
        (("enter-pin",), "pt")
    ]
