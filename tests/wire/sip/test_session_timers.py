"""Session timers: what is agreed, who refreshes and how, and the end of a call that nobody refreshes (RFC 4028)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.wire.sip.answers import Dialect
from parley.wire.sip.core import TIDY_LEAST
from parley.wire.sip.events import DialogEnded, IncomingInvite, IncomingReinvite, IncomingRequest, RefreshDue
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from tests.kit.sip_calls import ack_of, invited, statuses, within
from tests.kit.sip_wire import Desk, counting_token, request

OFFER = b"v=0\r\n"
TIMER = "Supported: timer\r\n"
BOTH = "Allow: INVITE, ACK, BYE, UPDATE\r\n"


def desk_of() -> Desk:
    dialect = Dialect(session_expires=1800)
    return Desk(layer=SipLayer(dialect, token=counting_token("t"), secret=b"known to the test"))


def accepted(desk: Desk, extra: str) -> tuple[IncomingInvite, Response]:
    """A call comes in with these headers and is answered and acknowledged."""
    event = invited(desk, extra=extra)
    desk.said()
    desk.layer.respond(event.transaction, 200, desk.now, body=OFFER)
    (answer,) = desk.said()
    desk.hear(ack_of(event))
    assert isinstance(answer, Response)
    return event, answer


def terms(message: Request | Response) -> tuple[str | None, list[str]]:
    return message.headers.get("Session-Expires"), message.headers.lines("Require")


def reply(sent: Request, status: int, extra: tuple[tuple[str, str], ...] = ()) -> bytes:
    echoed = [(name, value) for name, value in sent.headers if name in {"Via", "From", "Call-ID", "CSeq"}]
    to = sent.headers.get("To") or ""
    to = to if ";tag=" in to else f"{to};tag=them"
    return Response(
        status, headers=[*echoed, ("To", to), ("Contact", "<sip:phone@192.0.2.50:5062>"), *extra]
    ).serialise()


def our_call(desk: Desk, *answer: tuple[str, str]) -> Request:
    """We call, and the answer says these things."""
    desk.layer.invite("sip:phone@192.0.2.50", desk.flow, desk.now, from_="<sip:room@192.0.2.1>", body=OFFER)
    (invite,) = desk.said()
    assert isinstance(invite, Request)
    desk.hear(reply(invite, 200, answer))
    return invite


def refreshes(desk: Desk, seconds: float) -> list[tuple[float, Request]]:
    """Let time pass and refresh whenever it is due; the requests that went out, without copies, with times."""
    end, sent = desk.now + seconds, []
    while (at := desk.layer.next_deadline()) is not None and at <= end:
        due = desk.count(RefreshDue)
        sent += [(when, message) for when, message in desk.wait(at - desk.now) if isinstance(message, Request)]
        if desk.count(RefreshDue) > due:
            desk.layer.refresh(desk.layer.dialogs[0], desk.now, body=OFFER)
            sent += [(desk.now, message) for message in desk.said() if isinstance(message, Request)]
    desk.now = end
    first = {message.headers.get("CSeq"): (when, message) for when, message in reversed(sent)}
    return [first[key] for key in reversed(first)]


# --- as the called side ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [
        (TIMER, ("1800;refresher=uac", ["timer"])),
        (TIMER + "Session-Expires: 600\r\n", ("600;refresher=uac", ["timer"])),
        (TIMER + "Session-Expires: 600;refresher=uas\r\n", ("600;refresher=uas", ["timer"])),
        (TIMER + "x: 600 ; Refresher=UAC;a=b\r\n", ("600;refresher=uac", ["timer"])),
        (TIMER + "Session-Expires: 7200\r\n", ("1800;refresher=uac", ["timer"])),
        (TIMER + "Session-Expires: 7200\r\nMin-SE: 3600\r\n", ("3600;refresher=uac", ["timer"])),
        (TIMER + "Min-SE: 3600\r\n", ("3600;refresher=uac", ["timer"])),
        ("Require: timer\r\nSession-Expires: 90\r\n", ("90;refresher=uac", ["timer"])),
        ("Session-Expires: 600\r\n", ("600;refresher=uas", [])),  # a proxy asks; the caller knows no timers
        ("Session-Expires: 60\r\n", (None, [])),
        ("", (None, [])),
    ],
)
def test_what_we_agree_to(asked: str, agreed: tuple[str | None, list[str]]) -> None:
    """The caller refreshes where it can; never more than it asks, never less than Min-SE."""
    _, answer = accepted(desk_of(), asked)
    assert terms(answer) == agreed
    assert "timer" in (answer.headers.get("Supported") or "")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (TIMER + "Session-Expires: 89\r\n", 422),
        (TIMER + "Session-Expires: 0;refresher=uac\r\n", 422),
        (TIMER + "Session-Expires: soon\r\n", 400),
        ("Session-Expires: -5\r\n", 400),
        ("Session-Expires: 99999999999\r\n", 400),
        (TIMER + "Min-SE: x\r\n", 400),
    ],
)
def test_what_we_refuse(asked: str, status: int) -> None:
    """Too small an interval is 422 with the least we take; nonsense is 400; nothing is kept of either."""
    desk = desk_of()
    (answer,) = desk.hear(request(extra=asked))
    assert statuses([answer]) == [status]
    assert answer.headers.get("Min-SE") == ("90" if status == 422 else None)
    assert desk.events == [] and desk.layer.live == (0, 0)


def test_without_session_timers_the_extension_is_unknown() -> None:
    """A layer that is told no interval refuses Require: timer, and says nothing of timers."""
    desk = Desk()
    assert statuses(desk.hear(request(extra="Require: timer\r\n"))) == [420]
    _, answer = accepted(desk, TIMER + "Session-Expires: 60\r\n")
    assert terms(answer) == (None, []) and "Supported" not in answer.headers
    assert desk.layer.next_deadline() is not None and desk.wait(10_000) == []


@pytest.mark.parametrize(("interval", "end"), [(90, 60), (600, 568)])
def test_a_call_that_its_caller_does_not_refresh_ends(interval: int, end: int) -> None:
    """A BYE with a reason, shortly before the interval is over, and nothing before it."""
    desk = desk_of()
    event, _ = accepted(desk, f"{TIMER}Session-Expires: {interval}\r\n")
    assert [m for _, m in desk.wait(end - 0.1) if isinstance(m, Request)] == []
    (bye,) = [message for _, message in desk.wait(0.2) if isinstance(message, Request)]
    assert bye.method == "BYE" and (bye.headers.get("Reason") or "").startswith("SIP;cause=408")
    assert desk.events[-1] == DialogEnded(event.dialog, "expired")
    assert desk.layer.live[1] == 0


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_refresh_of_theirs_begins_the_interval_anew(method: str) -> None:
    """By UPDATE or re-INVITE; its 2xx names the terms again. A refused one refreshes nothing."""
    desk = desk_of()
    event, _ = accepted(desk, TIMER + "Session-Expires: 600\r\n")
    desk.wait(500)
    desk.hear(within(event, method, 2, extra=TIMER + "Session-Expires: 600;refresher=uac\r\n"))
    told = desk.last(IncomingReinvite if method == "INVITE" else IncomingRequest)
    assert isinstance(told, IncomingReinvite | IncomingRequest)
    desk.layer.respond(told.transaction, 200, desk.now, body=OFFER if method == "INVITE" else b"")
    (answer,) = desk.said()
    assert terms(answer) == ("600;refresher=uac", ["timer"])
    desk.hear(within(event, "ACK", 2, branch="z9hG4bKa2"))
    desk.wait(400)
    desk.hear(within(event, method, 3, extra=TIMER))
    told = desk.last(IncomingReinvite if method == "INVITE" else IncomingRequest)
    assert isinstance(told, IncomingReinvite | IncomingRequest)
    desk.layer.respond(told.transaction, 488, desk.now)
    desk.wait(160)
    assert desk.count(DialogEnded) == 0
    desk.wait(10)
    assert desk.last(DialogEnded) == DialogEnded(event.dialog, "expired")


def test_a_reinvite_that_knows_no_timers_ends_the_timer() -> None:
    """From then on the call may last for ever (RFC 4028 section 9)."""
    desk = desk_of()
    event, _ = accepted(desk, TIMER + "Session-Expires: 90\r\n")
    desk.hear(within(event, "INVITE", 2))
    told = desk.last(IncomingReinvite)
    assert isinstance(told, IncomingReinvite)
    desk.layer.respond(told.transaction, 200, desk.now, body=OFFER)
    desk.hear(within(event, "ACK", 2, branch="z9hG4bKa2"))
    desk.wait(10_000)
    assert desk.count(DialogEnded) == 0


def test_an_early_update_starts_no_timer() -> None:
    """A call that is not answered yet has no session that could end."""
    desk = desk_of()
    event = invited(desk, extra=TIMER)
    desk.said()
    desk.hear(within(event, "UPDATE", 2, extra=TIMER + "Session-Expires: 90\r\n"))
    told = desk.last(IncomingRequest)
    assert isinstance(told, IncomingRequest)
    desk.layer.respond(told.transaction, 200, desk.now)
    assert terms(desk.said()[0]) == (None, [])
    desk.wait(100)
    desk.layer.respond(event.transaction, 200, desk.now, body=OFFER)
    assert [m.method for m in desk.said() if isinstance(m, Request)] == [] and desk.count(DialogEnded) == 0


# --- as the refresher --------------------------------------------------------------------------------------------


def test_our_invite_offers_a_timer() -> None:
    """1800 s, and who refreshes is left to the other side; a retry may ask for more."""
    desk = desk_of()
    invite = our_call(desk)
    assert terms(invite) == ("1800", []) and "timer" in (invite.headers.get("Supported") or "")
    desk.layer.invite(
        "sip:a@b", desk.flow, desk.now, from_="<sip:room@192.0.2.1>", headers=[("Session-Expires", "4000")]
    )
    (again,) = [message for message in desk.said() if message.headers.get("CSeq") == "1 INVITE"]
    assert again.headers.lines("Session-Expires") == ["4000"]


def test_an_answer_without_a_timer_makes_none() -> None:
    """The other side knows none and nobody in between asks: the call may last for ever."""
    desk = desk_of()
    our_call(desk)
    assert refreshes(desk, 10_000) == [] and desk.layer.live[1] == 1


def test_the_other_side_may_refresh_our_call() -> None:
    """Then we only end it if that does not happen."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uas"), ("Require", "timer"))
    assert [(at, m.method) for at, m in refreshes(desk, 568.5)] == [(568, "BYE")]


def test_we_refresh_by_update_at_half_of_the_interval() -> None:
    """No description goes along; each answer begins the interval anew; an answer that says nothing changes nothing."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uac"), ("Allow", "INVITE, UPDATE"))
    for extra in ((("Session-Expires", "600;refresher=uac"),), (), ()):
        ((at, update),) = refreshes(desk, 300)
        assert (update.method, update.body, at) == ("UPDATE", b"", desk.now)
        assert terms(update) == ("600;refresher=uac", [])
        desk.hear(reply(update, 200, extra))
    assert desk.count(DialogEnded) == 0


def test_we_refresh_by_invite_where_update_is_not_taken() -> None:
    """With the description it is given; its 200 is acknowledged."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uac"))
    ((_, again),) = refreshes(desk, 300)
    assert (again.method, again.body) == ("INVITE", OFFER) and terms(again) == ("600;refresher=uac", [])
    assert [m.method for m in desk.hear(reply(again, 200)) if isinstance(m, Request)] == ["ACK"]
    assert [m.method for _, m in refreshes(desk, 300)] == ["INVITE"]


def test_a_called_side_that_must_refresh_does() -> None:
    """The caller's proxy asks and the caller knows no timers: the refreshing is ours, and its bare 200 will do."""
    desk = desk_of()
    accepted(desk, BOTH + "Session-Expires: 200\r\n")
    for _ in range(3):
        ((_, update),) = refreshes(desk, 100)
        assert update.method == "UPDATE"
        desk.hear(reply(update, 200))


def test_glare_is_waited_out() -> None:
    """491: we, who called, try again between 2.1 and 4 s later."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uac"))
    ((at, first),) = refreshes(desk, 300)
    desk.hear(reply(first, 491))
    ((again_at, second),) = refreshes(desk, 5)
    assert 2.1 <= again_at - at <= 4 and second.cseq.number == first.cseq.number + 1
    desk.hear(reply(second, 200))
    assert refreshes(desk, 290) == []


def test_a_refresh_waits_for_an_invite_of_theirs() -> None:
    """While their re-INVITE is open ours is not sent, but soon after."""
    desk = desk_of()
    event, _ = accepted(desk, "Allow: INVITE\r\nSession-Expires: 200\r\n")
    refreshes(desk, 99)
    desk.hear(within(event, "INVITE", 2))
    assert refreshes(desk, 2) == []
    told = desk.last(IncomingReinvite)
    assert isinstance(told, IncomingReinvite)
    desk.layer.respond(told.transaction, 488, desk.now)
    desk.said()
    assert "INVITE" in [m.method for _, m in refreshes(desk, 20)]


def test_a_longer_interval_is_learnt() -> None:
    """422 to a refresh: the next one asks for the other side's least, and names it."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "200;refresher=uac"), ("Allow", "UPDATE"))
    ((_, first),) = refreshes(desk, 100)
    desk.hear(reply(first, 422, (("Min-SE", "500"),)))
    ((_, second),) = refreshes(desk, 5)
    assert terms(second)[0] == "500;refresher=uac" and second.headers.get("Min-SE") == "500"


def test_who_refuses_update_gets_an_invite() -> None:
    """Whatever its Allow said before."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uac"), ("Allow", "UPDATE"))
    ((_, first),) = refreshes(desk, 300)
    desk.hear(reply(first, 405))
    assert [m.method for _, m in refreshes(desk, 5)] == ["INVITE"]


def test_a_refresh_that_is_always_refused_ends_the_call() -> None:
    """Tried ever more seldom until the interval is over; the number of attempts is bounded."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "1800;refresher=uac"), ("Allow", "UPDATE"))
    attempts = 0
    while desk.count(DialogEnded) == 0:
        for _, message in refreshes(desk, 1):
            if message.method == "UPDATE":
                attempts += 1
                desk.hear(reply(message, 403))
    assert 3 <= attempts <= 12 and abs(desk.now - 1768) <= 1


def test_a_challenged_refresh_is_repeated_with_credentials() -> None:
    """Calling refresh again at once replaces the attempt that was put off."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uac"), ("Allow", "UPDATE"))
    ((_, first),) = refreshes(desk, 300)
    desk.hear(reply(first, 401))
    desk.layer.refresh(desk.layer.dialogs[0], desk.now, headers=[("Authorization", "Digest x")])
    (again,) = desk.said()
    assert isinstance(again, Request) and again.headers.get("Authorization") == "Digest x"
    desk.hear(reply(again, 200))
    assert refreshes(desk, 290) == []


@pytest.mark.parametrize("how", ["481", "silence"])
def test_a_refresh_that_finds_nobody_ends_the_call(how: str) -> None:
    """The peer forgot it or is gone."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uac"), ("Allow", "UPDATE"))
    ((_, update),) = refreshes(desk, 300)
    if how == "481":
        desk.hear(reply(update, 481))
    else:
        desk.wait(33)
    ended = desk.last(DialogEnded)
    assert isinstance(ended, DialogEnded) and ended.why == "gone"


# --- what is left ------------------------------------------------------------------------------------------------


def test_a_timer_survives_a_restart() -> None:
    """It is part of the snapshot; where we refresh, we do so at once, for nobody knows how old the last refresh is."""
    desk = desk_of()
    our_call(desk, ("Session-Expires", "600;refresher=uac"), ("Allow", "UPDATE"))
    stored = json.loads(json.dumps(desk.layer.snapshot(desk.layer.dialogs[0])))
    after = desk_of()
    after.now = 5000
    after.layer.restore(stored, 5000)
    (at, refresh), (over, bye) = refreshes(after, 300)
    assert 5000 < at < 5005 and refresh.method == "UPDATE"
    assert bye.method == "BYE" and 32 <= over - at < 33  # nobody has answered it


def test_ended_calls_leave_no_timers() -> None:
    """After many calls the schedule holds little more than those that live."""
    desk = desk_of()
    for number in range(3 * TIDY_LEAST):
        event = invited(desk, extra=TIMER, call_id=f"call-{number}", branch=f"z9hG4bKn{number}")
        desk.layer.respond(event.transaction, 200, desk.now, body=OFFER)
        desk.hear(request("BYE", to=f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}", number=2,
                          call_id=f"call-{number}", branch=f"z9hG4bKb{number}"))  # fmt: skip
        desk.wait(40)
    assert len(desk.layer._core.schedule._heap) <= TIDY_LEAST + 1
    desk.wait(2000)
    assert desk.layer.next_deadline() is None and desk.layer.live == (0, 0)


HEADER = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=40),
    st.from_regex(r"[0-9]{1,11}(;[a-z]{0,9}(=[a-z]{0,3})?){0,3}", fullmatch=True),
)


@settings(max_examples=150, deadline=None)
@given(HEADER, HEADER, st.booleans(), st.booleans())
def test_no_header_breaks_a_call(expires: str, least: str, knows: bool, ours: bool) -> None:
    """Whatever stands there, in a request or in answers to ours: an outcome, and an end or a refresh in time."""
    desk = desk_of()
    if ours:
        our_call(desk, ("Session-Expires", expires.strip()), ("Min-SE", least.strip()), ("Allow", "UPDATE"))
        for _, sent in refreshes(desk, 2000):
            desk.hear(reply(sent, 422, (("Min-SE", least.strip()),)))
        return
    extra = f"Session-Expires: {expires}\r\nMin-SE: {least}\r\n{TIMER if knows else ''}"
    assert statuses(desk.hear(request(extra=extra)))[-1] in {100, 400, 422}
    for event in [event for event in desk.events if isinstance(event, IncomingInvite)]:
        desk.layer.respond(event.transaction, 200, desk.now, body=OFFER)
        desk.hear(ack_of(event))
        desk.wait(1e10)
        assert desk.count(DialogEnded) + desk.count(RefreshDue) > 0 or not knows
