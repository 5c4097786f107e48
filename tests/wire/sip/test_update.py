"""UPDATE inside a dialog, and requests that are never answered (RFC 3311)."""

import pytest

from parley.wire.sip.answers import Dialect
from parley.wire.sip.events import IncomingInvite, IncomingReinvite, IncomingRequest
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from tests.kit.sip_calls import ack_of, answered, invited, statuses, within
from tests.kit.sip_wire import Desk, request

MOVED = "Contact: <sip:phone@192.0.2.50:7000>\r\n"


def told(desk: Desk) -> IncomingRequest:
    event = desk.last(IncomingRequest)
    assert isinstance(event, IncomingRequest) and event.request.method == "UPDATE"
    return event


def in_call(desk: Desk) -> IncomingInvite:
    event = answered(desk)
    desk.hear(ack_of(event))
    return event


@pytest.mark.parametrize(("status", "port"), [(200, 7000), (488, 5062)])
def test_an_accepted_update_moves_the_target(status: int, port: int) -> None:
    """Its 200 carries our Contact and Allow, and requests then go where it said; a refused one moves nothing."""
    desk = Desk()
    event = in_call(desk)
    assert desk.hear(within(event, "UPDATE", 2, extra=MOVED)) == []
    desk.layer.respond(told(desk).transaction, status, desk.now)
    (answer,) = desk.said()
    assert statuses([answer]) == [status]
    assert ("Contact" in answer.headers) == ("UPDATE" in (answer.headers.get("Allow") or "")) == (status == 200)
    desk.layer.bye(event.dialog, desk.now)
    (bye,) = desk.said()
    assert isinstance(bye, Request) and bye.target == f"sip:phone@192.0.2.50:{port}"


def test_a_second_update_before_the_answer_is_500() -> None:
    """With Retry-After; the next one after the answer is served, and an unanswered one is forgotten."""
    desk = Desk()
    event = in_call(desk)
    desk.hear(within(event, "UPDATE", 2))
    (refused,) = desk.hear(within(event, "UPDATE", 3))
    assert statuses([refused]) == [500] and 0 <= int(refused.headers.get("Retry-After") or "x") <= 10
    desk.layer.respond(told(desk).transaction, 200, desk.now)
    desk.said()
    desk.hear(within(event, "UPDATE", 4))
    assert desk.count(IncomingRequest) == 2
    desk.wait(33)
    desk.hear(within(event, "UPDATE", 5))
    assert desk.count(IncomingRequest) == 3


@pytest.mark.parametrize(("body", "status"), [("v=0\r\n", 500), ("", None)])
def test_an_update_on_top_of_their_open_invite(body: str, status: int | None) -> None:
    """With an offer 500, for the offer in the INVITE is not answered; without one it is told."""
    desk = Desk()
    event = invited(desk, body="v=0\r\n")
    desk.said()
    assert statuses(desk.hear(within(event, "UPDATE", 2, body=body))) == ([status] if status else [])
    assert desk.count(IncomingRequest) == (status is None)


@pytest.mark.parametrize(("body", "status"), [("v=0\r\n", 491), ("", None)])
def test_an_update_that_crosses_our_invite(body: str, status: int | None) -> None:
    """With an offer it is glare; without one it is told."""
    desk = Desk()
    event = in_call(desk)
    desk.layer.reinvite(event.dialog, desk.now, body=b"v=0\r\n")
    desk.said()
    assert statuses(desk.hear(within(event, "UPDATE", 2, body=body))) == ([status] if status else [])
    assert desk.count(IncomingRequest) == (status is None)


def test_our_update_names_what_we_are_and_its_answer_moves_the_target() -> None:
    """It carries Contact and Allow; the Contact of the 200 is where the next request goes."""
    desk = Desk()
    event = in_call(desk)
    desk.layer.request(event.dialog, "UPDATE", desk.now)
    (update,) = desk.said()
    assert isinstance(update, Request) and update.method == "UPDATE"
    assert "UPDATE" in (update.headers.get("Allow") or "") and "Contact" in update.headers
    answer = Response(
        200, headers=[*((n, v) for n, v in update.headers if n in {"Via", "From", "To", "Call-ID", "CSeq"})]
    )
    answer.headers.add("Contact", "<sip:phone@192.0.2.50:7000>")
    desk.hear(answer.serialise())
    desk.layer.bye(event.dialog, desk.now)
    (bye,) = desk.said()
    assert isinstance(bye, Request) and bye.target == "sip:phone@192.0.2.50:7000"


def test_an_update_in_no_dialog_is_481() -> None:
    """With or without a To tag."""
    desk = Desk()
    assert statuses(desk.hear(request("UPDATE"))) == [481]
    assert statuses(desk.hear(request("UPDATE", to="<sip:room@192.0.2.1>;tag=x", branch="z9hG4bK2"))) == [481]


@pytest.mark.parametrize("agent", ["friendly-scanner", "Friendly-Scanner/2", " sipcli/v1.8"])
def test_an_unwelcome_program_gets_no_answer(agent: str) -> None:
    """Whatever it asks, nothing is said, told or kept; it is counted."""
    desk = Desk(layer=SipLayer(Dialect(unwelcome=("friendly-scanner", "sipcli"))))
    for number, method in enumerate(["OPTIONS", "INVITE", "REGISTER", "BYE"]):
        assert desk.hear(request(method, branch=f"z9hG4bK{number}", extra=f"User-Agent: {agent}\r\n")) == []
    assert (desk.events, desk.layer.live, desk.layer.dropped["scanner"]) == ([], (0, 0), 4)
    assert desk.hear(request(extra="User-Agent: not a friendly-scanner\r\n")) != []
    assert desk.count(IncomingInvite) == 1 and desk.count(IncomingReinvite) == 0


def test_an_invite_on_top_of_their_open_update_is_500() -> None:
    """With Retry-After: one change of the session at a time (RFC 3311 section 5.2); after the answer it is told."""
    desk = Desk()
    event = in_call(desk)
    desk.hear(within(event, "UPDATE", 2, body="v=0\r\n"))
    _, refused = desk.hear(within(event, "INVITE", 3, body="v=0\r\n"))
    assert statuses([refused]) == [500] and "Retry-After" in refused.headers
    desk.layer.respond(told(desk).transaction, 200, desk.now)
    desk.said()
    assert statuses(desk.hear(within(event, "INVITE", 4, body="v=0\r\n"))) == [100]
    assert desk.count(IncomingReinvite) == 1


@pytest.mark.parametrize(("extra", "status"), [("", 415), ("Content-Disposition: session;handling=optional\r\n", None)])
def test_an_update_with_a_body_of_another_kind(extra: str, status: int | None) -> None:
    """It must be understood unless it is marked as optional."""
    desk = Desk()
    event = in_call(desk)
    data = within(event, "UPDATE", 2, body="x", extra=extra).replace(b"application/sdp", b"application/other")
    assert statuses(desk.hear(data)) == ([status] if status else [])
