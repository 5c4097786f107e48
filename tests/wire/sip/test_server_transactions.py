"""What the layer answers, repeats and keeps as a server (RFC 3261 sections 8.2, 9.2, 17.2, RFC 6026)."""

from typing import Any

import pytest

from parley.wire.sip.core import Limits
from parley.wire.sip.errors import OurMistake
from parley.wire.sip.events import (
    AckReceived,
    Cancelled,
    DialogEnded,
    IncomingInvite,
    IncomingRegister,
)
from parley.wire.sip.flow import Flow
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from parley.wire.sip.transaction import Timers
from tests.kit.sip_calls import ack_of, answered, invited, statuses, timeline
from tests.kit.sip_wire import PHONE, SERVER, Desk, request


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_100_is_sent_at_once_and_by_itself(transport: str) -> None:
    """An INVITE is answered 100 without a To tag before any user has seen it."""
    (trying,) = Desk(transport).hear(request(extra="Timestamp: 54\r\n"))
    assert isinstance(trying, Response)
    assert (trying.status, trying.to.tag, trying.headers.get("Timestamp")) == (100, None, "54")


def test_a_copy_of_an_invite_gets_the_latest_response_and_makes_no_second_call() -> None:
    """Copies of an INVITE are answered from stored bytes: 100, then 180; the user hears of one call."""
    desk = Desk()
    event = invited(desk)
    assert statuses(desk.hear(request())) == [100]
    desk.layer.respond(event.transaction, 180, desk.now)
    desk.said()
    assert statuses(desk.hear(request())) == [180]
    assert desk.raw[-1] == desk.raw[-2]
    assert desk.count(IncomingInvite) == 1


def test_a_copy_after_the_200_is_absorbed() -> None:
    """After a 2xx a copy of the INVITE is neither a new call nor a 481 (RFC 6026): the dialog repeats the
    2xx.
    """
    desk = Desk()
    answered(desk)
    assert desk.hear(request()) == []
    assert desk.count(IncomingInvite) == 1
    assert statuses([message for _, message in desk.wait(0.6)]) == [200]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_2xx_is_repeated_on_every_transport_until_the_ack(transport: str) -> None:
    """A 2xx goes out again after T1, doubling up to T2, on datagrams and streams alike, and stops with the
    ACK.
    """
    desk = Desk(transport)
    event = answered(desk)
    assert timeline(desk.wait(12)) == [0.5, 1.5, 3.5, 7.5, 11.5]
    desk.hear(ack_of(event))
    assert desk.wait(100) == []
    assert desk.count(AckReceived) == 1
    desk.hear(ack_of(event))
    assert desk.count(AckReceived) == 1
    assert desk.layer.live == (0, 1)


def test_a_2xx_that_is_never_acknowledged_ends_the_call() -> None:
    """Without an ACK in 64*T1 the call is over: the user is told, BYE is sent, nothing stays behind."""
    desk = Desk()
    event = answered(desk)
    heard = desk.wait(33)
    assert [m.method for _, m in heard if isinstance(m, Request)][:1] == ["BYE"]
    ended = desk.last(DialogEnded)
    assert ended == DialogEnded(event.dialog, "no-ack")
    assert next(at for at, m in heard if isinstance(m, Request)) == 32.0
    desk.wait(40)
    assert desk.layer.live == (0, 0)


def test_a_refusal_is_repeated_until_its_ack_on_datagrams() -> None:
    """A 486 goes out again by timer G until the ACK; copies of the ACK are absorbed; the transaction goes
    after T4.
    """
    desk = Desk()
    event = invited(desk)
    desk.layer.respond(event.transaction, 486, desk.now)
    assert statuses(desk.said()) == [486]
    assert timeline(desk.wait(4)) == [0.5, 1.5, 3.5]
    assert statuses(desk.hear(request())) == [486]
    ack = request("ACK", to=f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}")
    assert desk.hear(ack) == []
    assert desk.hear(ack) == []
    assert desk.wait(4.9) == []
    assert desk.layer.live == (1, 0)
    desk.wait(0.2)
    assert desk.layer.live == (0, 0)


def test_a_refusal_is_sent_once_on_a_stream() -> None:
    """On a stream a 486 is not repeated, and the ACK ends the transaction at once."""
    desk = Desk("tcp")
    event = invited(desk)
    desk.layer.respond(event.transaction, 486, desk.now)
    desk.said()
    assert desk.wait(20) == []
    desk.hear(request("ACK", to=f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}"))
    assert desk.layer.live == (0, 0)


def test_a_refusal_never_acknowledged_is_given_up() -> None:
    """Timer H ends the repetition of a refusal after 64*T1 without a word to the user."""
    desk = Desk()
    event = invited(desk)
    desk.layer.respond(event.transaction, 404, desk.now)
    desk.wait(33)
    assert desk.layer.live == (0, 0)
    assert [type(e) for e in desk.events] == [IncomingInvite]


def test_responding_too_late_is_harmless_and_nonsense_is_a_mistake() -> None:
    """A response after the end reports False and sends nothing; a status out of range is the caller's
    mistake.
    """
    desk = Desk()
    event = invited(desk)
    with pytest.raises(OurMistake):
        desk.layer.respond(event.transaction, 700, desk.now)
    with pytest.raises(OurMistake):
        desk.layer.respond(event.transaction, 100, desk.now)
    assert desk.layer.respond(event.transaction, 486, desk.now)
    desk.said()
    assert not desk.layer.respond(event.transaction, 200, desk.now)
    assert not desk.layer.respond(4711, 200, desk.now)
    assert desk.said() == []


def test_cancel_ends_an_unanswered_call() -> None:
    """CANCEL gets 200 with the tag of the INVITE's answer, the INVITE gets 487, the user is told once."""
    desk = Desk()
    event = invited(desk)
    answers = desk.hear(request("CANCEL"))
    assert [(a.status, a.cseq.method) for a in answers if isinstance(a, Response)] == [
        (200, "CANCEL"),
        (487, "INVITE"),
    ]
    assert {a.to.tag for a in answers} == {event.dialog.local_tag}
    assert desk.events[1:] == [Cancelled(event.transaction, event.dialog, "cancel")]
    assert [a.status for a in desk.hear(request("CANCEL")) if isinstance(a, Response)] == [200]
    assert desk.count(Cancelled) == 1
    assert not desk.layer.respond(event.transaction, 200, desk.now)
    assert desk.layer.dialogs == []


def test_cancel_crossing_the_200_leaves_the_call_standing() -> None:
    """A CANCEL that arrives after our 200 is answered 200 and changes nothing."""
    desk = Desk()
    event = answered(desk)
    assert statuses(desk.hear(request("CANCEL"))) == [200]
    desk.hear(ack_of(event))
    assert [type(e) for e in desk.events] == [IncomingInvite, AckReceived]
    assert desk.layer.dialogs == [event.dialog]


@pytest.mark.parametrize(
    "fields",
    [{"branch": "z9hG4bKother"}, {"via": "SIP/2.0/UDP 192.0.2.51:5062;rport;branch=z9hG4bKone"}],
    ids=["another branch", "another sent-by"],
)
def test_a_cancel_that_matches_nothing_gets_481(fields: dict[str, Any]) -> None:
    """CANCEL is matched by branch and sent-by together; anything else is 481 and harms no call."""
    desk = Desk()
    event = invited(desk)
    assert statuses(desk.hear(request("CANCEL", **fields))) == [481]
    assert desk.layer.dialogs == [event.dialog]


def test_a_merged_request_gets_482() -> None:
    """The same request by a second path is 482 and no second call; one with its own From tag is a call of
    its own.
    """
    desk = Desk()
    invited(desk)
    assert statuses(desk.hear(request(branch="z9hG4bKpath2"))) == [482]
    assert desk.count(IncomingInvite) == 1
    assert statuses(desk.hear(request(branch="z9hG4bKpath3", from_="<sip:x@y>;tag=other"))) == [100]
    assert desk.count(IncomingInvite) == 2


def test_an_old_client_without_branch_cookie_is_served() -> None:
    """A client of RFC 2543 is matched by the rest of its request: copies, CANCEL and ACK find their
    transaction.
    """
    desk = Desk()
    old: dict[str, Any] = {"via": "SIP/2.0/UDP 192.0.2.50:5062"}
    event = invited(desk, **old)
    assert statuses(desk.hear(request(**old))) == [100]
    assert statuses(desk.hear(request("CANCEL", **old))) == [200, 487]
    desk.hear(request("ACK", to=f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}", **old))
    assert desk.wait(40) == []
    assert desk.layer.live == (0, 0)


def test_an_invite_its_user_forgot_is_answered_in_the_end() -> None:
    """An INVITE left without a final response is answered 480 at the limit, and the user is told."""
    layer = SipLayer(timers=Timers(answer_limit=60))
    desk = Desk(layer=layer)
    event = invited(desk)
    heard = desk.wait(61)
    assert [(at, m.status) for at, m in heard if isinstance(m, Response)] == [(60.0, 480)]
    assert desk.events[-1] == Cancelled(event.transaction, event.dialog, "unanswered")
    assert layer.live == (0, 0)


def test_overload_answers_invites_and_drops_the_rest() -> None:
    """Beyond the bounds an INVITE gets 503 with Retry-After and makes nothing; copies of known requests
    still work.
    """
    desk = Desk(layer=SipLayer(limits=Limits(transactions=2, dialogs=2)))
    for number in range(5):
        answers = desk.hear(request(call_id=f"c{number}", branch=f"z9hG4bK{number}"))
        assert statuses(answers) == ([100] if number < 2 else [503])
    assert answers[0].headers.get("Retry-After") == "5"
    assert desk.layer.live == (2, 2)
    assert desk.hear(request("OPTIONS", call_id="o", branch="z9hG4bKo")) == []
    assert desk.layer.dropped["overload"] == 1
    assert statuses(desk.hear(request(call_id="c0", branch="z9hG4bK0"))) == [100]


def test_a_scanner_leaves_nothing_behind() -> None:
    """A thousand probes of every kind leave no transaction, dialog or timer."""
    desk = Desk()
    for number in range(250):
        for method in ("OPTIONS", "REGISTER", "BYE", "ACK"):
            desk.hear(request(method, call_id=f"s{number}", branch=f"z9hG4bK{number}"))
    assert desk.layer.live == (0, 0)
    assert desk.layer.next_deadline() is None
    assert {type(event) for event in desk.events} == {IncomingRegister}  # the user's to refuse, without a trace


@pytest.mark.parametrize(
    ("via", "remote", "to"),
    [
        ("SIP/2.0/UDP 192.0.2.50:5062;rport;branch=z9hG4bKv", ("198.51.100.7", 9), ("198.51.100.7", 9)),
        ("SIP/2.0/UDP 192.0.2.50:5062;branch=z9hG4bKv", ("198.51.100.7", 9), ("198.51.100.7", 5062)),
        ("SIP/2.0/UDP phone.example;branch=z9hG4bKv", ("198.51.100.7", 9), ("198.51.100.7", 5060)),
        (
            "SIP/2.0/UDP 192.0.2.50:5062;maddr=203.0.113.1;received=203.0.113.1;branch=z9hG4bKv",
            ("192.0.2.50", 9),
            ("192.0.2.50", 5062),
        ),
        (
            "SIP/2.0/UDP [2001:db8::5]:5062;rport;branch=z9hG4bKv",
            ("2001:db8::5", 5062),
            ("2001:db8::5", 5062),
        ),
    ],
)
def test_datagram_responses_go_back_to_the_source(via: str, remote: tuple[str, int], to: tuple[str, int]) -> None:
    """UDP responses go to the source address, at the source port if rport was asked for, never where a Via
    lures.
    """
    desk = Desk()
    (trying,) = desk.hear(request(via=via), Flow("udp", SERVER, remote))
    flow = desk.raw[-1][0]
    assert (flow.remote, flow.local) == (to, SERVER)
    top = trying.vias[0]
    if ";rport" in via:
        assert (top.param_rport, ";received=" + remote[0] in top.text) == (str(remote[1]), True)
    assert "203.0.113.1;branch" not in top.text.replace("maddr=203.0.113.1", "")


def test_stream_responses_return_on_the_same_connection() -> None:
    """On a stream the response goes by the connection the request came on, whatever port its Via names."""
    desk = Desk("tcp")
    flow = Flow("tcp", SERVER, ("192.0.2.50", 41000), "connection 7")
    desk.hear(request(via="SIP/2.0/TCP 192.0.2.50:5099;branch=z9hG4bKs"), flow)
    assert desk.raw[-1][0] is flow


def test_transactions_keep_no_parsed_request() -> None:
    """After the final response a server transaction holds key and bytes and lets the headers go."""
    desk = Desk()
    event = invited(desk)
    desk.layer.respond(event.transaction, 404, desk.now)
    entry = desk.layer._core.by_id[event.transaction]
    assert entry.echo is None  # type: ignore[union-attr]
    assert event.flow.remote == PHONE
