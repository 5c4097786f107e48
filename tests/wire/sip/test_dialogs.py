"""Dialogs: the way back to the peer, and what survives a restart (RFC 3261 section 12)."""

import json

import pytest

from parley.wire.sip.errors import OurMistake
from parley.wire.sip.events import IncomingInvite
from parley.wire.sip.flow import Flow
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from tests.kit.sip_wire import PHONE, SERVER, Desk, request


def stand(desk: Desk, flow: Flow | None = None, **fields: str) -> IncomingInvite:
    desk.hear(request(**fields), flow)  # type: ignore[arg-type]
    event = desk.last(IncomingInvite)
    assert isinstance(event, IncomingInvite)
    desk.layer.respond(event.transaction, 200, desk.now)
    desk.hear(request("ACK", branch="z9hG4bKack", to=f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}"), flow)
    return event


def hang_up(desk: Desk, event: IncomingInvite) -> tuple[Flow, Request]:
    desk.layer.bye(event.dialog, desk.now)
    (bye,) = desk.said()
    assert isinstance(bye, Request)
    return desk.raw[-1][0], bye


def test_the_server_keeps_the_order_of_record_route() -> None:
    """Requests from the called side take the recorded routes in their order, to the first of them."""
    desk = Desk()
    event = stand(desk, extra="Record-Route: <sip:192.0.2.60:5070;lr>, <sip:192.0.2.61;lr>\r\n")
    flow, bye = hang_up(desk, event)
    assert bye.headers.lines("Route") == ["<sip:192.0.2.60:5070;lr>", "<sip:192.0.2.61;lr>"]
    assert (flow.remote, bye.target) == (("192.0.2.60", 5070), "sip:phone@192.0.2.50:5062")


def test_a_strict_router_gets_the_request_uri() -> None:
    """A first route without lr becomes the Request-URI and the target the last route."""
    desk = Desk()
    event = stand(desk, extra="Record-Route: <sip:192.0.2.60>, <sip:192.0.2.61;lr>\r\n")
    _, bye = hang_up(desk, event)
    assert bye.target == "sip:192.0.2.60"
    assert bye.headers.lines("Route") == ["<sip:192.0.2.61;lr>", "<sip:phone@192.0.2.50:5062>"]


def test_from_and_to_change_places_byte_for_byte() -> None:
    """In our requests From is their To with our tag and To is their From, as they wrote them."""
    desk = Desk()
    event = stand(desk, from_='"Quo;ted" <sip:Phone@192.0.2.50;x=%41>;tag=phone;Odd=1')
    _, bye = hang_up(desk, event)
    assert bye.headers.get("To") == '"Quo;ted" <sip:Phone@192.0.2.50;x=%41>;tag=phone;Odd=1'
    assert bye.headers.get("From") == f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}"


@pytest.mark.parametrize(
    ("contact", "via", "source", "to"),
    [
        ("<sip:phone@192.0.2.70:5070>", "192.0.2.50:5062", PHONE, ("192.0.2.70", 5070)),
        ("<sip:phone@192.0.2.70>", "192.0.2.50:5062", PHONE, ("192.0.2.70", 5060)),
        ("<sip:phone@phone.example>", "192.0.2.50:5062", PHONE, PHONE),
        ("<sip:phone@10.0.0.5:5062>", "10.0.0.5:5062", ("203.0.113.9", 3333), ("203.0.113.9", 3333)),
    ],
    ids=["at its Contact", "at the default port", "a name stays with the flow", "behind a NAT at its source"],
)
def test_our_requests_find_the_peer(contact: str, via: str, source: tuple[str, int], to: tuple[str, int]) -> None:
    """A BYE goes to the Contact's address, and to the source where a NAT makes the Contact useless."""
    desk = Desk()
    flow = Flow("udp", SERVER, source, 1)
    event = stand(desk, flow, contact=contact, via=f"SIP/2.0/UDP {via};rport;branch=z9hG4bKx")
    assert hang_up(desk, event)[0].remote == to


def test_on_a_stream_the_connection_is_used_again_and_may_be_replaced() -> None:
    """Requests in a dialog use the stream of the latest request, or the one the dialog was bound to."""
    desk = Desk("tcp")
    event = stand(desk)
    newer = Flow("tcp", SERVER, ("192.0.2.50", 40001), "newer")
    desk.hear(request("INFO", number=2, branch="z9hG4bK2", to=f"<sip:r@b>;tag={event.dialog.local_tag}"), newer)
    desk.layer.request(event.dialog, "INFO", desk.now)
    desk.said()
    assert desk.raw[-1][0] is newer
    newest = Flow("tcp", SERVER, ("192.0.2.50", 40002), "newest")
    desk.layer.rebind(event.dialog, newest)
    assert hang_up(desk, event)[0] is newest


def test_a_dialog_survives_a_restart() -> None:
    """A snapshot goes through JSON and, restored in another layer, answers BYE and 500 and sends on with
    its numbers.
    """
    desk = Desk()
    event = stand(desk, extra="Record-Route: <sip:192.0.2.60:5070;lr>\r\n")
    desk.layer.request(event.dialog, "INFO", desk.now)
    stored = json.loads(json.dumps(desk.layer.snapshot(event.dialog)))
    after = Desk(layer=SipLayer())
    assert after.layer.restore(stored) == event.dialog
    assert after.layer.snapshot(event.dialog) == desk.layer.snapshot(event.dialog)
    tagged = f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}"
    (refused,) = after.hear(request("INFO", number=0, branch="z9hG4bK8", to=tagged))
    assert isinstance(refused, Response)
    assert refused.status == 500
    after.layer.request(event.dialog, "INFO", 0.0)
    (info,) = after.said()
    assert (info.cseq.number, after.raw[-1][0].remote) == (2, ("192.0.2.60", 5070))
    (answer,) = after.hear(request("BYE", number=5, branch="z9hG4bK9", to=tagged))
    assert isinstance(answer, Response)
    assert answer.status == 200


def test_wishes_that_make_no_sense_are_mistakes() -> None:
    """Hanging up an unanswered call, a snapshot of it, or ACK as a request raise; an unknown dialog's BYE
    is harmless.
    """
    desk = Desk()
    desk.hear(request())
    event = desk.last(IncomingInvite)
    assert isinstance(event, IncomingInvite)
    with pytest.raises(OurMistake):
        desk.layer.bye(event.dialog, desk.now)
    with pytest.raises(OurMistake):
        desk.layer.snapshot(event.dialog)
    with pytest.raises(OurMistake):
        desk.layer.request(event.dialog, "ACK", desk.now)
    desk.layer.respond(event.transaction, 486, desk.now)
    assert desk.layer.bye(event.dialog, desk.now) is None
    with pytest.raises(OurMistake):
        desk.layer.reinvite(event.dialog, desk.now)
