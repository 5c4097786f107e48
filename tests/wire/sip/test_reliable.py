"""Provisional responses that arrive for certain (RFC 3262), both ways, and challenges inside dialogs."""

import pytest

from parley.wire.sip.answers import ALLOW, Dialect
from parley.wire.sip.events import Cancelled, DialogId, IncomingInvite, ResponseReceived
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from tests.kit.sip_calls import ack_of, invited, statuses, timeline, within
from tests.kit.sip_wire import Desk, counting_token, request

REQUIRED, KNOWN = "Require: 100rel\r\n", "Supported: 100rel, timer\r\n"


def desk_of() -> Desk:
    dialect = Dialect(allow=(*ALLOW, "PRACK"), supported=("100rel",))
    return Desk(layer=SipLayer(dialect, token=counting_token("t"), secret=b"known to the test"))


def ring(desk: Desk, event: IncomingInvite, status: int = 180, body: bytes = b"") -> list[Request | Response]:
    desk.layer.respond(event.transaction, status, desk.now, body=body)
    return desk.said()


def prack(event: IncomingInvite, rseq: int, number: int = 2, *, rack: str | None = None, **fields: str) -> bytes:
    return within(event, "PRACK", number, extra=f"RAck: {rack or f'{rseq} 1 INVITE'}\r\n", **fields)


def rseq_of(message: Request | Response) -> int:
    assert message.headers.get("Require") == "100rel"
    return int(message.headers.get("RSeq") or "")


# --- we are called --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "body", "reliable"),
    [
        (REQUIRED, b"", True),
        (REQUIRED, b"v=0\r\n", True),
        (KNOWN, b"v=0\r\n", True),
        (KNOWN, b"", False),
        ("", b"v=0\r\n", False),
    ],
)
def test_what_is_sent_reliably(extra: str, body: bytes, reliable: bool) -> None:
    """Everything to who requires it; to who merely knows how, only what describes a session."""
    desk = desk_of()
    (ringing,) = ring(desk, invited(desk, extra=extra), body=body)
    assert statuses([ringing]) == [180] and ("RSeq" in ringing.headers) == reliable


def test_a_layer_without_the_extension_refuses_who_requires_it() -> None:
    """420 with its name, as before."""
    (refused,) = Desk().hear(request(extra=REQUIRED))
    assert statuses([refused]) == [420] and refused.headers.get("Unsupported") == "100rel"


def test_it_is_repeated_until_its_prack() -> None:
    """After 0.5, 1, 2 ... seconds; PRACK gets 200, its copy too, and then there is silence."""
    desk = desk_of()
    event = invited(desk, extra=REQUIRED)
    (ringing,) = ring(desk, event)
    heard = desk.wait(4)
    assert timeline(heard) == [0.5, 1.5, 3.5] and statuses([one for _, one in heard]) == [180, 180, 180]
    acknowledgement = prack(event, rseq_of(ringing))
    assert statuses(desk.hear(acknowledgement)) == [200] == statuses(desk.hear(acknowledgement))
    assert desk.wait(30) == []
    assert statuses(desk.hear(prack(event, rseq_of(ringing), 3))) == [481], "there is nothing left to acknowledge"


@pytest.mark.parametrize("rack", ["9 1 INVITE", "{} 2 INVITE", "{} 1 UPDATE"])
def test_a_prack_for_something_else_is_481(rack: str) -> None:
    """And acknowledges nothing."""
    desk = desk_of()
    event = invited(desk, extra=REQUIRED)
    (ringing,) = ring(desk, event)
    assert statuses(desk.hear(prack(event, 0, rack=rack.format(rseq_of(ringing))))) == [481]
    assert statuses([one for _, one in desk.wait(0.6)]) == [180]


@pytest.mark.parametrize("extra", ["", "RAck: 1 INVITE\r\n", "RAck: 1 1 INVITE\r\nRAck: 1 1 INVITE\r\n"])
def test_a_prack_that_says_nothing_is_400(extra: str) -> None:
    """No RAck, a broken one, two of them."""
    desk = desk_of()
    event = invited(desk, extra=REQUIRED)
    ring(desk, event)
    assert statuses(desk.hear(within(event, "PRACK", 2, extra=extra))) == [400]


def test_one_at_a_time() -> None:
    """The next one waits for the PRACK of the first, and has the next number."""
    desk = desk_of()
    event = invited(desk, extra=REQUIRED)
    (first,) = ring(desk, event, 180)
    assert ring(desk, event, 183) == []
    ok, second = desk.hear(prack(event, rseq_of(first)))
    assert statuses([ok, second]) == [200, 183] and rseq_of(second) == rseq_of(first) + 1


def test_an_answer_waits_where_a_description_is_under_way() -> None:
    """200 after the PRACK of a 183 with SDP; nothing of either is repeated before its time."""
    desk = desk_of()
    event = invited(desk, extra=KNOWN)
    (progress,) = ring(desk, event, 183, b"v=0\r\n")
    assert ring(desk, event, 200, b"v=0\r\n") == []
    assert statuses(desk.hear(prack(event, rseq_of(progress)))) == [200, 200]
    desk.hear(ack_of(event))
    assert desk.wait(40) == []


def test_an_answer_does_not_wait_for_mere_ringing() -> None:
    """200 at once; ringing is repeated no more, but its PRACK is still answered."""
    desk = desk_of()
    event = invited(desk, extra=REQUIRED)
    (ringing,) = ring(desk, event)
    assert statuses(ring(desk, event, 200, b"v=0\r\n")) == [200]
    assert statuses(desk.hear(prack(event, rseq_of(ringing)))) == [200]
    desk.hear(ack_of(event, "z9hG4bKa"))
    assert desk.wait(40) == []


def test_a_refusal_waits_for_nothing() -> None:
    """486 overtakes the PRACK, and a held answer is forgotten with a CANCEL."""
    desk = desk_of()
    event = invited(desk, extra=KNOWN)
    ring(desk, event, 183, b"v=0\r\n")
    assert statuses(ring(desk, event, 486)) == [486]
    other = desk_of()
    event = invited(other, extra=KNOWN)
    ring(other, event, 183, b"v=0\r\n")
    ring(other, event, 200, b"v=0\r\n")
    assert statuses(other.hear(request("CANCEL"))) == [200, 487]
    other.hear(request("ACK", to=f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}"))
    other.wait(64)
    assert other.layer.live == (0, 0)


def test_a_call_that_never_acknowledges_is_refused() -> None:
    """After 64*T1 the INVITE gets 504 and the user hears that the call is over."""
    desk = desk_of()
    event = invited(desk, extra=REQUIRED)
    ring(desk, event)
    heard = statuses([one for at, one in desk.wait(32.1) if at > 31.9])
    assert heard[:1] == [504] and desk.count(Cancelled) == 1
    told = desk.last(Cancelled)
    assert isinstance(told, Cancelled) and told.why == "no-prack"
    desk.wait(64)
    assert desk.layer.live == (0, 0)


def test_an_offer_in_prack_comes_too_early() -> None:
    """488 for the offer, yet what it acknowledges is acknowledged."""
    desk = desk_of()
    event = invited(desk, extra=REQUIRED)
    (ringing,) = ring(desk, event)
    assert statuses(desk.hear(prack(event, rseq_of(ringing), body="v=0\r\n"))) == [488]
    assert desk.wait(5) == []


# --- we call --------------------------------------------------------------------------------------------------------


def calling(desk: Desk, **options: object) -> Request:
    desk.layer.invite(
        "sip:phone@192.0.2.50:5062",
        desk.flow,
        desk.now,
        from_="<sip:room@x.example>",
        body=b"v=0\r\n",
        **options,  # type: ignore[arg-type]
    )
    (invite,) = desk.said()
    assert isinstance(invite, Request)
    return invite


def answer(to: Request, status: int, tag: str = "far", extra: str = "", body: str = "") -> bytes:
    lines = [f"SIP/2.0 {status} Said", f"Via: {to.vias[0].text}", f"From: {to.headers.get('From')}"]
    own = to.headers.get("To") or ""
    lines += [f"To: {own}" if "tag=" in own or not tag else f"To: {own};tag={tag}"]
    lines += [f"Call-ID: {to.call_id}", f"CSeq: {to.headers.get('CSeq')}", "Contact: <sip:far@192.0.2.50:5062>"]
    head = "\r\n".join(lines) + "\r\n" + extra + ("Content-Type: application/sdp\r\n" if body else "")
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def progress(to: Request, rseq: int, tag: str = "far") -> bytes:
    return answer(to, 183, tag, f"Require: 100rel\r\nRSeq: {rseq}\r\n")


def test_what_arrives_reliably_is_acknowledged_in_order() -> None:
    """PRACK with RAck and the next CSeq; a copy or one out of order is neither acknowledged nor told."""
    desk = desk_of()
    invite = calling(desk)
    assert "100rel" in invite.headers.values("Supported") and "PRACK" in invite.headers.values("Allow")
    (first,) = desk.hear(progress(invite, 5))
    assert isinstance(first, Request) and first.method == "PRACK" and first.target == "sip:far@192.0.2.50:5062"
    assert first.headers.get("RAck") == "5 1 INVITE" and first.cseq.number == 2 and first.to.tag == "far"
    assert desk.hear(progress(invite, 5)) == [] == desk.hear(progress(invite, 7))
    assert desk.count(ResponseReceived) == 1
    (second,) = desk.hear(progress(invite, 6))
    assert second.headers.get("RAck") == "6 1 INVITE" and second.cseq.number == 3
    desk.hear(answer(first, 200)), desk.hear(answer(second, 200))
    (ack,) = desk.hear(answer(invite, 200, body="v=0\r\n"))
    assert isinstance(ack, Request) and ack.method == "ACK" and ack.cseq.number == 1
    desk.layer.bye(desk.layer.dialogs[0], desk.now)
    (bye,) = desk.said()
    assert bye.cseq.number == 4, "the numbers of the early dialog go on"


def test_each_fork_is_acknowledged_by_itself() -> None:
    """Every tag has a dialog and an order of its own, and no more of them than a few."""
    desk = desk_of()
    invite = calling(desk)
    for number in range(12):
        desk.hear(progress(invite, 1 + number, f"fork{number}"))
    racks = [one for _, data in desk.raw for one in [data] if data.startswith(b"PRACK")]
    assert len(racks) == 8
    desk.wait(0.4)


def test_unreliable_ringing_is_not_acknowledged() -> None:
    """Nor is what says 100rel without a number that can be read."""
    desk = desk_of()
    invite = calling(desk)
    for extra in (
        "",
        "RSeq: 4\r\n",
        "Require: 100rel\r\n",
        "Require: 100rel\r\nRSeq: x\r\n",
        "Require: 100rel\r\nRSeq: 0\r\n",
    ):
        assert desk.hear(answer(invite, 180, extra=extra)) == []
    assert desk.count(ResponseReceived) == 5


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("UPDATE", "", 200), ("UPDATE", "v=0\r\n", 500), ("OPTIONS", "", 200), ("INFO", "", 481)],
)
def test_requests_of_the_person_called_before_the_answer(method: str, body: str, status: int) -> None:
    """What changes nothing is answered; a session that is not agreed is not changed yet, but may be later."""
    desk = desk_of()
    invite = calling(desk)
    desk.hear(progress(invite, 1))
    said = desk.hear(
        request(
            method,
            from_="<sip:phone@192.0.2.50:5062>;tag=far",
            to=invite.headers.get("From") or "",
            call_id=invite.call_id,
            body=body,
        )
    )
    assert statuses(said) == [status]
    assert ("Retry-After" in said[0].headers) == (status == 500)


# --- credentials ----------------------------------------------------------------------------------------------------

CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n"\r\n'


def proving(status: int, lines: list[str], method: str, uri: str) -> tuple[str, str] | None:
    return ("Authorization", f"{status} {method} {uri}") if lines == ['Digest realm="r", nonce="n"'] else None


def connected(desk: Desk) -> DialogId:
    invite = calling(desk, credentials=proving, headers=[("Authorization", "the INVITE's own")])
    (ack,) = desk.hear(answer(invite, 200, body="v=0\r\n"))
    assert ack.headers.get("Authorization") == "the INVITE's own", "an ACK repeats what its INVITE proved"
    return desk.layer.dialogs[0]


@pytest.mark.parametrize("method", ["BYE", "UPDATE", "INFO", "NOTIFY", "INVITE"])
def test_a_challenge_inside_a_dialog_is_answered_once(method: str) -> None:
    """The same request with credentials and the next CSeq; the user sees one request and one final response."""
    desk = desk_of()
    dialog = connected(desk)
    match method:
        case "BYE":
            desk.layer.bye(dialog, desk.now, headers=[("Reason", "SIP;cause=480")])
        case "INVITE":
            desk.layer.reinvite(dialog, desk.now, body=b"v=1\r\n")
        case _:
            desk.layer.request(dialog, method, desk.now, body=b"x", content_type="text/plain")
    (first,) = desk.said()
    before = desk.count(ResponseReceived)
    said = desk.hear(answer(first, 401, extra=CHALLENGE))
    again = said[-1]
    assert isinstance(again, Request) and again.method == method and again.body == first.body
    assert again.cseq.number == first.cseq.number + 1
    assert again.headers.get("Authorization") == f"401 {method} sip:far@192.0.2.50:5062"
    assert again.headers.get("Reason") == first.headers.get("Reason")
    assert desk.count(ResponseReceived) == before
    desk.hear(answer(again, 401, extra=CHALLENGE))
    told = [event for event in desk.events if isinstance(event, ResponseReceived)]
    assert len(told) == before + 1 and told[-1].response.status == 401, "a second challenge is the end of it"
    desk.wait(64)
    assert desk.layer.live[0] == 0


def test_a_prack_is_proven_too() -> None:
    """By the credentials that the INVITE was given."""
    desk = desk_of()
    invite = calling(desk, credentials=proving)
    (first,) = desk.hear(progress(invite, 3))
    (again,) = desk.hear(answer(first, 401, extra=CHALLENGE))
    assert again.headers.get("RAck") == "3 1 INVITE" and "Authorization" in again.headers
    assert again.cseq.number == first.cseq.number + 1


def test_without_credentials_a_challenge_is_told() -> None:
    """Nothing is repeated, and the layer keeps nothing."""
    desk = desk_of()
    dialog = connected(desk)
    desk.layer.authenticate(dialog, None)
    desk.layer.request(dialog, "INFO", desk.now)
    (info,) = desk.said()
    assert desk.hear(answer(info, 401, extra=CHALLENGE)) == []
    event = desk.last(ResponseReceived)
    assert isinstance(event, ResponseReceived) and event.response.status == 401


def test_a_refused_notify_ends_no_call() -> None:
    """481 to NOTIFY says that nobody wants to know (RFC 5057); to INFO it says that the call is gone."""
    desk = desk_of()
    dialog = connected(desk)
    for method, left in (("NOTIFY", 1), ("INFO", 0)):
        desk.layer.request(dialog, method, desk.now)
        (sent,) = desk.said()
        desk.hear(answer(sent, 481))
        assert desk.layer.live[1] == left
