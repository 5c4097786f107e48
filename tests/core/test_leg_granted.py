"""A leg whose door is open already: a browser that proved its right before any media."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.core.admission import Proof
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, LegConnected, LegEnded
from parley.core.ids import AccessMethodId, LegId, MemberId, SpaceId, UserId
from parley.core.leg import PATH_LIMIT
from parley.core.leg_inputs import (
    Accept,
    Confirmed,
    Digit,
    Drop,
    Granted,
    HangUp,
    JoinMeeting,
    LegFinished,
    MediaChanged,
    MediaDied,
    MediaFailed,
    MediaOpened,
    News,
    OpenMedia,
    RemoteEnded,
    WebLocal,
    WebRemote,
)
from parley.core.leg_machine import LegState
from parley.core.meeting_inputs import Admitted, Cause, Entry, JoinRefused, Waiting
from parley.core.secret import Secret
from tests.core.leg_kit import AUDIO, OFFER, Caller
from tests.core.test_leg import kinds

WEB = replace(AUDIO, web=WebRemote("ufrag", Secret("password"), "AB:CD"))
LOCAL = WebLocal(3478, "ours", Secret("password"), "EF:01", ("192.0.2.9",))
BROWSER = replace(OFFER, audio=WEB, kind="browser", sip_call_id="")
PROOF = Proof(UserId("ann"), None, invited=True)
DOOR = Granted(SpaceId("space"), None, Entry(access_method=AccessMethodId("d0")), PROOF)
MEMBER = Granted(SpaceId("space"), None, Entry(member=MemberId("m0")), PROOF)
GONE = Ending(Side.REMOTE, Reason.TRANSPORT_FAILED)


def ready(target: Granted = DOOR) -> Caller:
    """Offered, media opened, its path standing."""
    caller = Caller(target)
    for given in (BROWSER, MediaOpened(3478, LOCAL), Confirmed()):
        caller.do(given)
    return caller


@pytest.mark.parametrize("target", [DOOR, MEMBER])
def test_a_granted_leg_joins_when_its_media_stand(target: Granted) -> None:
    """No prompt, no PIN: it asks for its place by the entry and with the proof that were granted."""
    caller = ready(target)
    assert kinds(caller.effects) == ["LegArrived", "Resolve", "OpenMedia", "Accept", "LegConnected", "JoinMeeting"]
    [opening] = [effect for effect in caller.effects if isinstance(effect, OpenMedia)]
    assert (opening.space, opening.audio) == (SpaceId("space"), WEB)
    assert Accept(3478, LOCAL) in caller.effects
    entry = target.entry
    assert caller.effects[-1] == JoinMeeting(SpaceId("space"), None, entry.access_method, entry=entry, proof=PROOF)
    arrived, connected = caller.events()
    assert isinstance(arrived, LegArrived) and arrived.kind == "browser"
    assert connected == LegConnected(LegId("leg"), 1, at_ivr=False)


def test_digits_before_a_granted_leg_is_in_are_passed_over() -> None:
    """There is no entrance to type at."""
    caller = ready()
    assert caller.type("12#") == [] and caller.leg.next_deadline() is None
    assert kinds(caller.do(News(Waiting(frozenset({Cause.NO_HOST}))))) == []
    assert caller.do(Digit("1")) == []


@pytest.mark.parametrize("reason", [Reason.SPACE_DELETED, Reason.NOT_MEMBER, Reason.ENTRY_RESTRICTED])
def test_a_granted_leg_that_is_refused_at_the_join_is_hung_up(reason: Reason) -> None:
    """What was shut between the grant and the join stays shut; everything is given back."""
    caller = ready()
    ended = caller.do(News(JoinRefused(reason)))
    assert kinds(ended) == ["LegEnded", "HangUp", "LeaveMeeting", "CloseMedia", "LegFinished"]
    assert caller.ending() == Ending(Side.LOCAL, reason)


def test_a_granted_leg_hears_that_the_meeting_is_full() -> None:
    """As phones do, then it is over."""
    caller = ready()
    caller.do(News(JoinRefused(Reason.PARTICIPANT_LIMIT)))
    assert caller.prompts() == ["meeting-full"] and caller.count(HangUp) == 0
    caller.hear()
    assert caller.ending() == Ending(Side.LOCAL, Reason.PARTICIPANT_LIMIT)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (RemoteEnded(GONE), ["LegEnded", "CloseMedia", "LegFinished"]),
        (MediaDied(), ["LegEnded", "HangUp", "CloseMedia", "LegFinished"]),
        (Drop(Ending(Side.LOCAL, Reason.SHUTDOWN)), ["LegEnded", "HangUp", "CloseMedia", "LegFinished"]),
    ],
    ids=["the browser leaves", "its media never stand", "the server stops"],
)
def test_a_granted_leg_that_ends_before_its_media_stand_never_joins(given: object, expected: list[str]) -> None:
    """Nothing is asked of the meeting, the port is closed, and a path that stands too late changes nothing."""
    caller = Caller(DOOR)
    caller.do(BROWSER)
    caller.do(MediaOpened(3478, LOCAL))
    assert kinds(caller.do(given)) == expected  # type: ignore[arg-type]
    assert caller.do(Confirmed()) == [] and caller.count(JoinMeeting) == 0
    assert caller.leg.state is LegState.FINISHED


def test_a_granted_leg_without_a_port_is_refused() -> None:
    """No media, no leg."""
    caller = Caller(DOOR)
    caller.do(BROWSER)
    assert kinds(caller.do(MediaFailed())) == ["LegEnded", "Reject", "LegFinished"]
    assert caller.reason() is Reason.MEDIA_FAILED


@pytest.mark.parametrize(("offer", "encrypted"), [(BROWSER, True), (OFFER, False)])
def test_the_record_of_a_leg_says_whether_its_media_were_encrypted(offer: object, encrypted: bool) -> None:
    """A browser's always are; a phone's without keys are not."""
    caller = Caller(DOOR)
    for given in (offer, MediaOpened(3478, LOCAL), Confirmed(), News(Admitted())):
        caller.do(given)  # type: ignore[arg-type]
    caller.do(RemoteEnded(GONE))
    ended = caller.events()[-1]
    assert isinstance(ended, LegEnded) and ended.encrypted_media is encrypted
    assert caller.count(LegFinished) == 1


def test_a_media_path_that_never_stands_ends_the_leg() -> None:
    """After the limit, not before; a phone, whose answer is confirmed by other rules, has no such limit."""
    caller = Caller(DOOR)
    caller.do(BROWSER)
    caller.do(MediaOpened(3478, LOCAL))
    assert caller.wait(PATH_LIMIT - 0.1) == []
    assert kinds(caller.wait(0.1)) == ["LegEnded", "HangUp", "CloseMedia", "LegFinished"]
    assert caller.reason() is Reason.MEDIA_FAILED
    phone = Caller(DOOR)
    phone.do(OFFER)
    phone.do(MediaOpened(20000))
    assert phone.leg.next_deadline() is None


def test_another_offer_before_the_path_stands_does_not_prolong_the_wait() -> None:
    """The limit counts from the answer; a path that stands in time ends it."""
    caller = Caller(DOOR)
    caller.do(BROWSER)
    caller.do(MediaOpened(3478, LOCAL))
    caller.wait(PATH_LIMIT / 2)
    assert kinds(caller.do(MediaChanged(WEB))) == ["ChangeMedia"]
    assert caller.leg.next_deadline() == 100.0 + PATH_LIMIT
    caller.do(Confirmed())
    assert caller.leg.next_deadline() is None
