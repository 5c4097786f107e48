"""Requests inside a call, as the called side hears them (RFC 3261 sections 12.2.2, 14.2, 15)."""

import pytest

from parley.wire.sip.events import (
    AckReceived,
    DialogEnded,
    IncomingInvite,
    IncomingReinvite,
    IncomingRequest,
)
from parley.wire.sip.message import Request, Response
from tests.kit.sip_calls import ack_of, answered, invited, statuses, within
from tests.kit.sip_wire import Desk, request


def test_two_calls_with_one_call_id_stay_apart() -> None:
    """Dialogs are told apart by tags: a BYE in one call leaves the other with the same Call-ID alone."""
    desk = Desk()
    first = answered(desk)
    desk.hear(request(branch="z9hG4bKb", from_="<sip:x@y>;tag=second"))
    second = desk.last(IncomingInvite)
    assert isinstance(second, IncomingInvite)
    desk.layer.respond(second.transaction, 200, desk.now)
    desk.said()
    assert statuses(desk.hear(within(first, "BYE", 2))) == [200]
    assert desk.layer.dialogs == [second.dialog]


def test_copies_of_bye_and_info_are_answered_from_memory() -> None:
    """A copy of a BYE gets its 200 again though the dialog is gone; a copy of an INFO reaches the user
    once.
    """
    desk = Desk()
    event = answered(desk)
    desk.hear(ack_of(event))
    info = within(event, "INFO", 2, extra="Content-Type: application/dtmf-relay\r\n")
    assert desk.hear(info) == []
    told = desk.last(IncomingRequest)
    assert isinstance(told, IncomingRequest)
    assert desk.hear(info) == []
    desk.layer.respond(told.transaction, 200, desk.now)
    desk.said()
    assert statuses(desk.hear(info)) == [200]
    assert desk.count(IncomingRequest) == 1
    bye = within(event, "BYE", 3)
    assert statuses(desk.hear(bye)) == [200]
    assert statuses(desk.hear(bye)) == [200]
    assert desk.raw[-1] == desk.raw[-2]
    desk.wait(31)  # timer J is 64*T1: the last copy of a peer who heard nothing
    assert statuses(desk.hear(bye)) == [200]
    assert desk.count(DialogEnded) == 1
    desk.wait(2)
    assert statuses(desk.hear(bye)) == [481]


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE", "OPTIONS", "UPDATE"])
@pytest.mark.parametrize("wrong", ["to", "from_", "call_id"])
def test_an_unknown_dialog_is_481(method: str, wrong: str) -> None:
    """A request with a To tag nobody gave out, or of somebody who knows the call but for one of its three names, is 481
    and tells the user nothing."""
    desk = Desk()
    event = answered(desk)
    named = {"to": f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}", "from_": "<sip:phone@192.0.2.50>;tag=phone"}
    named = {**named, "call_id": event.dialog.call_id}
    named[wrong] = "another" if wrong == "call_id" else f"{named[wrong]}x"
    assert statuses(desk.hear(request(method, number=2, branch="z9hG4bK2", **named))) == [481]  # type: ignore[arg-type]
    assert desk.count(IncomingInvite) == len(desk.events) == 1 and desk.layer.dialogs == [event.dialog]


def test_an_old_sequence_number_is_500() -> None:
    """A request in a dialog with a lower CSeq than the last is refused with 500."""
    desk = Desk()
    event = answered(desk)
    desk.hear(ack_of(event))
    desk.hear(within(event, "INFO", 9))
    assert statuses(desk.hear(within(event, "INFO", 8))) == [500]
    assert statuses(desk.hear(within(event, "INVITE", 8))) == [500]


def test_reinvite_with_and_without_offer_reaches_the_user() -> None:
    """An INVITE in a dialog is told as such; its 200 is repeated until its own ACK, whose body is handed
    on.
    """
    desk = Desk()
    event = answered(desk)
    desk.hear(ack_of(event))
    assert statuses(desk.hear(within(event, "INVITE", 2, contact="<sip:phone@192.0.2.50:7000>"))) == [100]
    again = desk.last(IncomingReinvite)
    assert isinstance(again, IncomingReinvite)
    assert (again.dialog, again.request.body) == (event.dialog, b"")
    desk.layer.respond(again.transaction, 200, desk.now, body=b"v=0\r\n")
    assert statuses(desk.said()) == [200]
    assert len(desk.wait(2)) == 2
    desk.hear(within(event, "ACK", 2, body="v=0\r\n"))
    acknowledged = desk.last(AckReceived)
    assert isinstance(acknowledged, AckReceived)
    assert acknowledged.request.body == b"v=0\r\n"
    assert desk.layer.bye(event.dialog, desk.now) is not None
    (bye,) = desk.said()
    assert isinstance(bye, Request)
    assert bye.target == "sip:phone@192.0.2.50:7000"


def test_a_refused_reinvite_changes_nothing() -> None:
    """A re-INVITE answered 488 keeps dialog and target as they were."""
    desk = Desk()
    event = answered(desk)
    desk.hear(ack_of(event))
    desk.hear(within(event, "INVITE", 2, contact="<sip:phone@192.0.2.50:7000>"))
    again = desk.last(IncomingReinvite)
    assert isinstance(again, IncomingReinvite)
    desk.layer.respond(again.transaction, 488, desk.now)
    desk.hear(within(event, "ACK", 2, branch="z9hG4bKINVITE2"))
    desk.layer.bye(event.dialog, desk.now)
    bye = desk.said()[-1]
    assert isinstance(bye, Request)
    assert bye.target == "sip:phone@192.0.2.50:5062"


def test_a_late_ack_for_an_invite_passed_by_other_requests_is_matched() -> None:
    """The ACK is matched to its 2xx by CSeq even when other requests came in between."""
    desk = Desk()
    event = invited(desk)
    desk.hear(within(event, "INFO", 5))
    desk.layer.respond(event.transaction, 200, desk.now)
    desk.said()
    desk.hear(ack_of(event))
    assert desk.count(AckReceived) == 1
    assert [m for _, m in desk.wait(31) if isinstance(m, Response)] == []


def test_glare_and_a_second_invite_are_refused() -> None:
    """An INVITE crossing ours gets 491; one on top of another unanswered one gets 500 with Retry-After."""
    desk = Desk()
    event = answered(desk)
    desk.hear(ack_of(event))
    desk.layer.reinvite(event.dialog, desk.now, body=b"v=0\r\n")
    desk.said()
    assert statuses(desk.hear(within(event, "INVITE", 2))) == [100, 491]
    assert 0 <= desk.layer.glare_delay(event.dialog) <= 2
    other = Desk()
    event = answered(other)
    other.hear(ack_of(event))
    other.hear(within(event, "INVITE", 2))
    refused = other.hear(within(event, "INVITE", 3))
    assert statuses(refused) == [100, 500]
    assert 0 <= int(refused[1].headers.get("Retry-After") or "x") <= 10
    assert other.count(IncomingReinvite) == 1


def test_bye_ends_what_is_still_open_in_the_dialog() -> None:
    """A BYE while a re-INVITE waits ends both: 200 and 487."""
    desk = Desk()
    event = answered(desk)
    desk.hear(ack_of(event))
    desk.hear(within(event, "INVITE", 2))
    answers = desk.hear(within(event, "BYE", 3))
    assert [(a.status, a.cseq.method) for a in answers if isinstance(a, Response)] == [
        (200, "BYE"),
        (487, "INVITE"),
    ]
    assert isinstance(desk.events[-1], DialogEnded)


def test_we_do_not_hang_up_before_the_ack() -> None:
    """Hanging up right after the 200 waits with the BYE for the ACK, or for 64*T1 (RFC 3261 section 15)."""
    desk = Desk()
    event = answered(desk)
    assert desk.layer.bye(event.dialog, desk.now) is None
    assert desk.said() == []
    (bye,) = desk.hear(ack_of(event))
    assert isinstance(bye, Request)
    assert (bye.method, bye.cseq.number) == ("BYE", 1)
    assert desk.events[1:] == []
    silent = Desk()
    event = answered(silent)
    silent.layer.bye(event.dialog, silent.now)
    assert [m.method for _, m in silent.wait(32.1) if isinstance(m, Request)] == ["BYE"]
    assert silent.events[1:] == []


@pytest.mark.parametrize(
    ("transport", "wanted"),
    [("udp", "<sip:room@192.0.2.1:5060>"), ("tcp", "<sip:room@192.0.2.1:5060;transport=tcp>")],
)
def test_contact_carries_the_transport_of_the_flow(transport: str, wanted: str) -> None:
    """Our Contact names the transport the call came by, and Record-Route is copied into the 2xx in its
    order.
    """
    desk = Desk(transport)
    event = invited(desk, extra="Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\nRecord-Route: <sip:p0;lr>\r\n")
    desk.layer.respond(event.transaction, 200, desk.now)
    (answer,) = desk.said()
    assert answer.headers.get("Contact") == wanted
    assert [route.text for route in answer.record_routes] == ["<sip:p2;lr>", "<sip:p1;lr>", "<sip:p0;lr>"]
