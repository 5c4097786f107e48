"""What the layer sends, repeats and acknowledges as a client (RFC 3261 sections 8.1, 9.1, 13.2, 17.1)."""

import pytest

from parley.wire.sip.core import Limits
from parley.wire.sip.errors import OurMistake, TheirMistake
from parley.wire.sip.events import DialogEnded, ResponseReceived, TransactionFailed
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from tests.kit.sip_wire import Desk

OFFER = b"v=0\r\n"


def call(desk: Desk, body: bytes = OFFER, **more: str) -> tuple[int, Request]:
    transaction = desk.layer.invite(
        "sip:phone@192.0.2.50:5062",
        desk.flow,
        desk.now,
        from_="<sip:room@192.0.2.1>",
        body=body,
        **more,  # type: ignore[arg-type]
    )
    (invite,) = desk.said()
    assert isinstance(invite, Request)
    return transaction, invite


def reply(
    sent: Request,
    status: int,
    *,
    tag: str = "them",
    extra: str = "",
    contact: str = "<sip:phone@192.0.2.50:5062>",
) -> bytes:
    lines = [("Via", via.text) for via in sent.vias]
    to = sent.headers.get("To") or ""
    lines += [("From", sent.headers.get("From") or ""), ("To", to if ";tag=" in to else f"{to};tag={tag}")]
    lines += [("Call-ID", sent.call_id), ("CSeq", sent.headers.get("CSeq") or "")]
    if contact:
        lines.append(("Contact", contact))
    lines += [(line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in extra.split("\r\n") if line]
    return Response(status, headers=lines).serialise()


def requests(heard: list[tuple[float, Request | Response]]) -> list[tuple[float, str]]:
    return [(round(at, 3), message.method) for at, message in heard if isinstance(message, Request)]


def test_an_invite_is_repeated_by_timer_a_and_given_up_by_timer_b() -> None:
    """On datagrams an INVITE goes out seven times, doubling, and fails after 64*T1."""
    desk = Desk()
    transaction, _ = call(desk)
    heard = requests(desk.wait(40))
    assert [at for at, _ in heard] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert desk.events == [TransactionFailed(transaction, "INVITE", None, "timeout")]
    assert desk.layer.live == (0, 0)


def test_on_a_stream_nothing_is_repeated() -> None:
    """On a stream an INVITE goes out once and still fails after 64*T1."""
    desk = Desk("tcp")
    call(desk)
    assert desk.wait(40) == []
    assert desk.count(TransactionFailed) == 1


def test_ringing_for_minutes_is_no_failure() -> None:
    """A provisional stops timers A and B: a phone may ring as long as the caller likes."""
    desk = Desk()
    _, invite = call(desk)
    desk.hear(reply(invite, 180))
    assert desk.wait(300) == []
    assert [type(event) for event in desk.events] == [ResponseReceived]
    (ack,) = desk.hear(reply(invite, 200))
    assert isinstance(ack, Request)
    assert ack.method == "ACK"


@pytest.mark.parametrize("status", [302, 401, 486, 603])
def test_a_refusal_is_acknowledged_for_every_copy_and_told_once(status: int) -> None:
    """A 3xx-6xx gets an ACK on the INVITE's branch, and so does every copy of it; the user hears of one."""
    desk = Desk()
    _, invite = call(desk)
    for _ in range(3):
        (ack,) = desk.hear(reply(invite, status))
        assert isinstance(ack, Request)
        assert (ack.method, ack.target, ack.vias[0].branch) == ("ACK", invite.target, invite.vias[0].branch)
        assert (ack.to.tag, ack.cseq.number, len(ack.vias)) == ("them", invite.cseq.number, 1)
    desk.wait(31)  # timer D is at least 32 s: the last copy of a peer who heard no ACK
    (ack,) = desk.hear(reply(invite, status))
    assert isinstance(ack, Request) and ack.method == "ACK"
    assert desk.count(ResponseReceived) == 1
    desk.wait(2)
    assert desk.layer.live == (0, 0)


def test_a_2xx_makes_a_dialog_and_gets_an_ack_of_its_own() -> None:
    """The ACK of a 2xx goes to the Contact with a new branch, the INVITE's number and the route set
    reversed.
    """
    desk = Desk()
    _, invite = call(desk)
    routes = "Record-Route: <sip:192.0.2.60;lr>\r\nRecord-Route: <sip:192.0.2.61:5070;lr>"
    (ack,) = desk.hear(reply(invite, 200, extra=routes, contact="<sip:real@192.0.2.77:5099;x=y>"))
    assert isinstance(ack, Request)
    assert ack.target == "sip:real@192.0.2.77:5099;x=y"
    assert ack.headers.lines("Route") == ["<sip:192.0.2.61:5070;lr>", "<sip:192.0.2.60;lr>"]
    assert ack.vias[0].branch != invite.vias[0].branch
    assert (ack.cseq.number, ack.to.tag, ack.from_.tag) == (1, "them", invite.from_.tag)
    assert desk.raw[-1][0].remote == ("192.0.2.61", 5070)
    assert len(desk.layer.dialogs) == 1


def test_a_copy_of_the_2xx_gets_the_same_ack() -> None:
    """Every copy of the 2xx is answered with the stored ACK, and the user hears of one."""
    desk = Desk()
    _, invite = call(desk)
    desk.hear(reply(invite, 200))
    desk.wait(3)
    desk.hear(reply(invite, 200))
    assert desk.raw[-1] == desk.raw[-2]
    assert desk.count(ResponseReceived) == 1


def test_a_second_fork_is_acknowledged_and_ended() -> None:
    """A 2xx with another To tag gets its ACK and a BYE at its own Contact; the first call stands."""
    desk = Desk()
    _, invite = call(desk)
    desk.hear(reply(invite, 200))
    said = desk.hear(reply(invite, 200, tag="fork", contact="<sip:fork@192.0.2.99>"))
    assert [(m.method, m.target, m.to.tag) for m in said if isinstance(m, Request)] == [
        ("ACK", "sip:fork@192.0.2.99", "fork"),
        ("BYE", "sip:fork@192.0.2.99", "fork"),
    ]
    assert [dialog.remote_tag for dialog in desk.layer.dialogs] == ["them"]
    assert desk.count(ResponseReceived) == 1


@pytest.mark.parametrize("cancelled", [True, False])
def test_what_belongs_to_an_invite_goes_by_its_proxies(cancelled: bool) -> None:
    """ACK of a refusal and CANCEL have the Route, the Via and the target of their INVITE (RFC 3261 9.1, 17.1.1.3)."""
    desk = Desk()
    proxies = ["<sip:192.0.2.60;lr>", "<sip:192.0.2.61;lr>"]
    transaction, invite = call(desk, routes=proxies)  # type: ignore[arg-type]
    if cancelled:
        desk.hear(reply(invite, 180))
        assert desk.layer.cancel(transaction, desk.now)
        (sent,) = desk.said()
    else:
        (sent,) = desk.hear(reply(invite, 486))
    assert isinstance(sent, Request) and sent.method == ("CANCEL" if cancelled else "ACK")
    assert sent.headers.lines("Route") == proxies and sent.target == invite.target
    assert [via.text for via in sent.vias] == [via.text for via in invite.vias]


def test_a_call_that_was_left_for_another_place_is_nobodys() -> None:
    """Given up as unwanted: whoever takes it all the same is acknowledged and hung up on, and the user is told of no
    call; a refusal ends it without more."""
    for status in (200, 486):
        desk = Desk()
        transaction, invite = call(desk)
        assert desk.layer.cancel(transaction, desk.now, unwanted=True)
        sent = [message.method for message in desk.hear(reply(invite, status)) if isinstance(message, Request)]
        assert sent == (["ACK", "BYE"] if status == 200 else ["ACK"])
        assert not any(isinstance(one, ResponseReceived) and one.dialog for one in desk.events)
        assert desk.layer.dialogs == []


def test_an_offerless_invite_waits_for_the_answer_in_its_ack() -> None:
    """If our INVITE held no offer, the ACK is the user's to send, with the answer; hanging up sends it
    empty.
    """
    desk = Desk()
    _, invite = call(desk, body=b"")
    assert desk.hear(reply(invite, 200)) == []
    event = desk.last(ResponseReceived)
    assert isinstance(event, ResponseReceived)
    assert event.dialog is not None
    desk.layer.acknowledge(event.dialog, b"v=0\r\n")
    (ack,) = desk.said()
    assert (ack.body, ack.content_type) == (b"v=0\r\n", "application/sdp")
    with pytest.raises(OurMistake):
        desk.layer.acknowledge(event.dialog, b"v=0\r\n")
    other = Desk()
    _, invite = call(other, body=b"")
    other.hear(reply(invite, 200))
    other.layer.bye(other.layer.dialogs[0], other.now)
    assert [m.method for m in other.said() if isinstance(m, Request)] == ["ACK", "BYE"]


def test_cancel_waits_for_a_provisional() -> None:
    """A CANCEL asked for at once goes out only after the first provisional, on the INVITE's branch, alone
    in its Via.
    """
    desk = Desk()
    transaction, invite = call(desk)
    assert desk.layer.cancel(transaction, desk.now)
    assert desk.said() == []
    (cancel,) = desk.hear(reply(invite, 180))
    assert isinstance(cancel, Request)
    assert (cancel.method, cancel.target, cancel.vias[0].text) == (
        "CANCEL",
        invite.target,
        invite.vias[0].text,
    )
    assert (cancel.cseq.number, cancel.to.tag, cancel.headers.get("Route")) == (1, None, None)
    assert desk.hear(reply(cancel, 200)) == []
    assert [m.method for m in desk.hear(reply(invite, 487)) if isinstance(m, Request)] == ["ACK"]
    assert [e.response.status for e in desk.events if isinstance(e, ResponseReceived)] == [180, 487]
    assert not desk.layer.cancel(transaction, desk.now)


def test_a_cancelled_invite_that_stays_silent_fails() -> None:
    """After a CANCEL the final response is waited for no longer than 64*T1."""
    desk = Desk()
    transaction, invite = call(desk)
    desk.hear(reply(invite, 180))
    desk.layer.cancel(transaction, desk.now)
    desk.wait(33)
    assert desk.events[-1] == TransactionFailed(transaction, "INVITE", None, "timeout")
    assert desk.layer.live == (0, 0)


def test_a_200_crossing_the_cancel_leaves_a_call_to_hang_up() -> None:
    """If the callee was faster than the CANCEL, the 2xx is acknowledged and the dialog stands until a BYE."""
    desk = Desk()
    transaction, invite = call(desk)
    desk.hear(reply(invite, 180))
    desk.layer.cancel(transaction, desk.now)
    desk.said()
    assert [m.method for m in desk.hear(reply(invite, 200)) if isinstance(m, Request)] == ["ACK"]
    event = desk.last(ResponseReceived)
    assert isinstance(event, ResponseReceived)
    assert event.dialog is not None
    desk.layer.bye(event.dialog, desk.now)
    (bye,) = desk.said()
    assert isinstance(bye, Request)
    assert (bye.method, bye.cseq.number) == ("BYE", 2)
    assert desk.layer.dialogs == []


def test_requests_other_than_invite_are_repeated_every_t2_and_fail() -> None:
    """Timer E repeats up to every T2 and timer F gives up after 64*T1; a provisional slows it to T2 at
    once.
    """
    desk = Desk()
    transaction = desk.layer.options("sip:phone@192.0.2.50:5062", desk.flow, 0.0, from_="<sip:room@192.0.2.1>")
    desk.said()
    times = [at for at, _ in requests(desk.wait(40))]
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert desk.events == [TransactionFailed(transaction, "OPTIONS", None, "timeout")]
    desk = Desk()
    desk.layer.options("sip:phone@192.0.2.50:5062", desk.flow, 0.0, from_="<sip:room@192.0.2.1>")
    (asked,) = desk.said()
    assert isinstance(asked, Request)
    desk.wait(0.6)
    desk.hear(reply(asked, 100))
    assert [at for at, _ in requests(desk.wait(20))] == [1.5, 5.5, 9.5, 13.5, 17.5]


def test_copies_of_a_response_are_told_once_and_strangers_never() -> None:
    """A response is told once; one with another branch, number or a second Via is dropped."""
    desk = Desk()
    desk.layer.options("sip:phone@192.0.2.50:5062", desk.flow, 0.0, from_="<sip:room@192.0.2.1>")
    (sent,) = desk.said()
    assert isinstance(sent, Request)
    good = reply(sent, 200)
    for bad in (
        good.replace(b"z9hG4bK", b"z9hG4bKx"),
        good.replace(b"CSeq: 1", b"CSeq: 2"),
        good.replace(b"From:", b"Via: SIP/2.0/UDP other;branch=z9hG4bK\r\nFrom:"),
    ):
        desk.hear(bad)
    assert desk.events == []
    desk.hear(good)
    desk.hear(good)
    assert desk.count(ResponseReceived) == 1


def test_reinvite_of_ours_is_acknowledged_and_moves_the_target() -> None:
    """A 2xx to our re-INVITE is acknowledged and its Contact is the new target; one runs at a time."""
    desk = Desk()
    _, invite = call(desk)
    desk.hear(reply(invite, 200))
    dialog = desk.layer.dialogs[0]
    desk.layer.reinvite(dialog, desk.now, body=OFFER)
    (again,) = desk.said()
    assert isinstance(again, Request)
    assert (again.cseq.number, again.to.tag) == (2, "them")
    with pytest.raises(OurMistake):
        desk.layer.reinvite(dialog, desk.now, body=OFFER)
    (ack,) = desk.hear(reply(again, 200, contact="<sip:moved@192.0.2.50:7000>"))
    assert isinstance(ack, Request)
    assert (ack.target, ack.cseq.number) == ("sip:moved@192.0.2.50:7000", 2)
    assert not desk.layer.busy(dialog)
    desk.layer.reinvite(dialog, desk.now, body=OFFER)
    (third,) = desk.said()
    assert isinstance(third, Request)
    assert [m.method for m in desk.hear(reply(third, 491)) if isinstance(m, Request)] == ["ACK"]
    assert 2.1 <= desk.layer.glare_delay(dialog) <= 4
    assert desk.layer.dialogs == [dialog]
    assert not desk.layer.busy(dialog)


@pytest.mark.parametrize("how", ["481", "silence"])
def test_a_peer_that_forgot_the_dialog_ends_it(how: str) -> None:
    """481 or silence to a request of ours inside a dialog ends the dialog (RFC 3261 12.2.1.2)."""
    desk = Desk()
    _, invite = call(desk)
    desk.hear(reply(invite, 200))
    dialog = desk.layer.dialogs[0]
    desk.layer.request(dialog, "INFO", desk.now, body=b"Signal=1\r\n", content_type="application/dtmf-relay")
    (info,) = desk.said()
    assert isinstance(info, Request)
    if how == "481":
        desk.hear(reply(info, 481))
    else:
        desk.wait(33)
    assert desk.events[-1] == DialogEnded(dialog, "gone")
    assert desk.layer.dialogs == []


def test_a_lost_connection_fails_what_waits_on_it() -> None:
    """When a stream closes, our waiting requests fail with cause transport and dialogs stand."""
    desk = Desk("tcp")
    _, invite = call(desk)
    desk.hear(reply(invite, 200))
    transaction, _ = call(desk)
    events = desk.layer.flow_lost(desk.flow.connection, desk.now)
    assert events == [TransactionFailed(transaction, "INVITE", None, "transport")]
    assert len(desk.layer.dialogs) == 1


def test_a_repeated_attempt_keeps_its_call_and_its_tag() -> None:
    """After a challenge: same Call-ID and From tag, higher CSeq, another branch; a copy of the 401 is no news."""
    desk = Desk()
    _, first = call(desk)
    desk.hear(reply(first, 401))
    transaction, second = call(
        desk,
        call_id=first.call_id,
        from_tag=first.from_.tag or "",
        cseq=2,  # type: ignore[arg-type]
        headers=[("Authorization", "Digest x")],  # type: ignore[arg-type]
    )
    assert (second.call_id, second.from_.tag, second.cseq.number) == (first.call_id, first.from_.tag, 2)
    assert second.vias[0].branch != first.vias[0].branch and second.headers.get("Authorization") == "Digest x"
    desk.hear(reply(first, 401))
    assert desk.count(ResponseReceived) == 1
    desk.hear(reply(second, 200))
    answered = desk.last(ResponseReceived)
    assert isinstance(answered, ResponseReceived) and answered.transaction == transaction and answered.dialog
    assert answered.dialog.local_tag == first.from_.tag


def test_a_contact_of_the_users_own_is_used() -> None:
    """Where the flow's address is not what peers are to come back to."""
    desk = Desk()
    _, invite = call(desk, contact="<sip:room@rooms.example>")
    assert invite.contacts[0].uri.text == "sip:room@rooms.example"


def test_our_own_calls_are_bounded_too() -> None:
    """Beyond the bound of dialogs or of transactions no INVITE goes out."""
    for limits in (Limits(dialogs=1), Limits(transactions=1)):
        desk = Desk(layer=SipLayer(limits=limits))
        _, invite = call(desk)
        if limits.dialogs == 1:
            desk.hear(reply(invite, 200))
        with pytest.raises(OurMistake):
            call(desk)
        assert desk.said() == []


def test_bad_addresses_are_refused_before_anything_is_sent() -> None:
    """An address that cannot be read raises and leaves nothing."""
    desk = Desk()
    with pytest.raises(TheirMistake):
        desk.layer.invite("sip:a@b c", desk.flow, 0.0, from_="<sip:room@192.0.2.1>")
    with pytest.raises(TheirMistake):
        desk.layer.invite("sip:a@b", desk.flow, 0.0, from_='"room <sip:room@192.0.2.1>')
    with pytest.raises(OurMistake):
        desk.layer.invite("sip:a@b", desk.flow, 0.0, from_="<sip:room@b>", headers=[("Subject", "a\r\nX: y")])
    assert desk.layer.live == (0, 0)
    assert desk.said() == []
