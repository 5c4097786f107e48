"""Defects of other stacks that no test beside these would show."""

import pytest

from parley.wire.sip.events import AckReceived, IncomingInvite
from parley.wire.sip.message import Request, Response
from parley.wire.sip.parser import parse
from tests.kit.sip_wire import Desk, request
from tests.wire.sip.test_client_transactions import OFFER


def invited(desk: Desk, **more: str) -> IncomingInvite:
    desk.hear(request(**more))  # type: ignore[arg-type]
    event = desk.last(IncomingInvite)
    assert isinstance(event, IncomingInvite)
    return event


def test_a_copy_of_an_options_is_answered_by_the_same_bytes() -> None:
    """Not afresh: the To tag is the same, too, though nothing is remembered."""
    desk = Desk()
    for _ in range(3):
        desk.hear(request("OPTIONS"))
    assert len({data for _, data in desk.raw}) == 1 and desk.layer.live == (0, 0)


@pytest.mark.parametrize(
    ("to_tag", "from_tag", "number"), [("wrong", "phone", 1), ("right", "wrong", 1), ("right", "phone", 2)]
)
def test_an_ack_of_another_call_stops_nothing(to_tag: str, from_tag: str, number: int) -> None:
    """An ACK counts for the 2xx whose tags and number it has; for any other the 2xx is repeated."""
    desk = Desk()
    event = invited(desk)
    desk.layer.respond(event.transaction, 200, desk.now, body=OFFER)
    desk.said()
    tag = event.dialog.local_tag if to_tag == "right" else to_tag
    to, from_ = f"<sip:room@192.0.2.1>;tag={tag}", f"<sip:phone@192.0.2.50>;tag={from_tag}"
    assert desk.hear(request("ACK", branch="z9hG4bKack", to=to, from_=from_, number=number)) == []
    assert desk.count(AckReceived) == 0
    assert [m.status for _, m in desk.wait(1) if isinstance(m, Response)] == [200]


@pytest.mark.parametrize(("status", "recorded"), [(180, True), (183, True), (200, True), (486, False), (302, False)])
def test_what_makes_a_dialog_repeats_the_recorded_route(status: int, recorded: bool) -> None:
    """In its order, in provisional responses as in the answer (RFC 3261 section 12.1.1), and in no refusal."""
    desk = Desk()
    route = "Record-Route: <sip:b.example;lr>, <sip:a.example;lr>\r\nRecord-Route: <sip:0.example;lr>\r\n"
    desk.layer.respond(invited(desk, extra=route).transaction, status, desk.now)
    answer = next(m for m in desk.said() if isinstance(m, Response) and m.status == status)
    assert [one.uri.host for one in answer.record_routes] == (
        ["b.example", "a.example", "0.example"] if recorded else []
    )


@pytest.mark.parametrize(
    ("transport", "named"), [("udp", "UDP"), ("tcp", "TCP"), ("tls", "TLS"), ("ws", "WS"), ("wss", "WSS")]
)
def test_our_via_names_the_transport_of_the_flow(transport: str, named: str) -> None:
    """In requests that begin a call, in those inside one, and in the ACK of an answer."""
    desk = Desk(transport)
    event = invited(desk, via=f"SIP/2.0/{named} 192.0.2.50:5062;branch=z9hG4bKone")
    desk.layer.respond(event.transaction, 200, desk.now, body=OFFER)
    to = f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}"
    desk.hear(request("ACK", via=f"SIP/2.0/{named} 192.0.2.50:5062;branch=z9hG4bKack", to=to))
    desk.layer.bye(event.dialog, desk.now)
    desk.layer.invite("sip:x@192.0.2.50", desk.flow, desk.now, from_="<sip:room@192.0.2.1>", body=OFFER)
    ours = [message for message in desk.said() if isinstance(message, Request)]
    assert [message.method for message in ours] == ["BYE", "INVITE"]
    assert [message.vias[0].transport for message in ours] == [named, named]


def test_a_header_is_parsed_once() -> None:
    """Asking again gives the same values."""
    message = parse(request())
    assert message.vias is message.vias and message.from_ is message.from_
    assert message.contacts is message.contacts and message.cseq is message.cseq


@pytest.mark.parametrize(
    ("transport", "target", "contact"),
    [
        ("tls", "sips:room@192.0.2.1", "<sips:room@192.0.2.1:5060>"),
        ("tls", "sip:room@192.0.2.1", "<sip:room@192.0.2.1:5060;transport=tls>"),
        ("wss", "sips:room@192.0.2.1", "<sips:room@192.0.2.1:5060;transport=ws>"),
        ("udp", "sips:room@192.0.2.1", "<sip:room@192.0.2.1:5060>"),
    ],
)
def test_a_secure_call_has_a_secure_contact(transport: str, target: str, contact: str) -> None:
    """RFC 3261 sections 8.1.1.8 and 12.1.1: sips answers sips, where the way is secure; transport=tls is not for it."""
    desk = Desk(transport)
    via = f"SIP/2.0/{transport.upper()} 192.0.2.50:5062;rport;branch=z9hG4bKone"
    desk.layer.respond(invited(desk, target=target, via=via).transaction, 200, desk.now, body=OFFER)
    assert desk.said()[-1].headers.get("Contact") == contact
    desk.layer.invite(target, desk.flow, desk.now, from_="<sip:room@192.0.2.1>", body=OFFER)
    assert desk.said()[-1].headers.get("Contact") == contact
