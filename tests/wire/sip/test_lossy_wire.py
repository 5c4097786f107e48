"""Our caller and our callee over a wire that loses, doubles and delays, in simulated time."""

import pytest

from parley.wire.sip.answers import ALLOW, Dialect
from parley.wire.sip.events import (
    AckReceived,
    Cancelled,
    DialogEnded,
    Event,
    IncomingInvite,
    IncomingRequest,
    ResponseReceived,
    TransactionFailed,
)
from parley.wire.sip.layer import SipLayer
from tests.kit.sip_wire import PHONE, SERVER, Party, SipWire

CALLS = 100


def callee(party: Party, event: Event, now: float) -> None:
    if isinstance(event, IncomingInvite):
        party.layer.respond(event.transaction, 180, now)
        party.layer.respond(event.transaction, 200, now, body=b"v=0\r\n")
    elif isinstance(event, IncomingRequest):
        party.layer.respond(event.transaction, 200, now)


def caller(party: Party, event: Event, now: float) -> None:
    if not isinstance(event, ResponseReceived) or event.response.status != 200 or event.dialog is None:
        return
    method = event.response.cseq.method
    if method == "INVITE":
        party.layer.request(event.dialog, "INFO", now, body=b"Signal=5\r\n", content_type="application/dtmf-relay")
    elif method == "INFO":
        party.layer.bye(event.dialog, now)


def play(wire: SipWire, phone: Party, server: Party, calls: int = CALLS) -> None:
    for _ in range(calls):
        phone.layer.invite("sip:room@192.0.2.1", wire.flow(phone, server), wire.now,
                           from_="<sip:phone@192.0.2.50>", body=b"v=0\r\n")  # fmt: skip
        wire.run(0.1)
    wire.run(150)


@pytest.mark.parametrize(
    ("transport", "loss", "doubled"),
    [("udp", 0.0, 0.0), ("tcp", 0.0, 0.0), ("udp", 0.1, 0.0), ("udp", 0.1, 0.1), ("udp", 0.3, 0.1)],
)
def test_every_call_completes_once(transport: str, loss: float, doubled: float) -> None:
    """With 10 % and 30 % loss, doubling and reordering every call is set up, sends a digit and ends,
    exactly once.
    """
    phone, server = Party("phone", PHONE, caller), Party("server", SERVER, callee)
    wire = SipWire(phone, server, transport=transport, loss=loss, doubled=doubled)
    play(wire, phone, server)
    assert server.count(IncomingInvite) == CALLS
    assert server.count(IncomingRequest) == CALLS
    assert server.count(DialogEnded) == CALLS
    assert all(e.why == "bye" for _, e in server.events if isinstance(e, DialogEnded))
    byes = [e for _, e in phone.events if isinstance(e, ResponseReceived) and e.response.cseq.method == "BYE"]
    # With 30 % loss each way an exchange may fail altogether, as the last answer to a BYE, but hardly ever
    # does.
    assert len(byes) + phone.count(TransactionFailed) == CALLS
    assert phone.count(TransactionFailed) == 0
    assert (phone.layer.live, server.layer.live) == ((0, 0), (0, 0))
    assert server.count(AckReceived) <= CALLS


def test_a_wire_that_loses_every_ack_ends_the_calls_at_both_ends() -> None:
    """If no ACK ever passes, the callee ends the call with BYE after 64*T1 and both ends are empty."""
    phone, server = Party("phone", PHONE, lambda *_: None), Party("server", SERVER, callee)
    wire = SipWire(phone, server, lose=lambda _, data: data.startswith(b"ACK"))
    play(wire, phone, server, calls=3)
    assert [e.why for _, e in server.events if isinstance(e, DialogEnded)] == ["no-ack"] * 3
    assert [e.why for _, e in phone.events if isinstance(e, DialogEnded)] == ["bye"] * 3
    assert (phone.layer.live, server.layer.live) == ((0, 0), (0, 0))


@pytest.mark.parametrize("seed", range(20))
def test_a_cancel_under_loss_leaves_both_ends_of_one_mind(seed: int) -> None:
    """A CANCEL that races the answer over a lossy wire ends in no call at all, or in one that both ends
    hold.
    """

    def slow_callee(party: Party, event: Event, now: float) -> None:
        if isinstance(event, IncomingInvite):
            party.layer.respond(event.transaction, 180, now)
            waiting.append(event.transaction)

    waiting: list[int] = []
    phone, server = Party("phone", PHONE, lambda *_: None), Party("server", SERVER, slow_callee)
    wire = SipWire(phone, server, loss=0.2, seed=seed)
    transaction = phone.layer.invite("sip:room@192.0.2.1", wire.flow(phone, server), 0.0,
                                     from_="<sip:phone@192.0.2.50>", body=b"v=0\r\n")  # fmt: skip
    while not waiting:
        wire.run(0.1)
    phone.layer.cancel(transaction, wire.now)
    wire.run(0.01 * seed)
    won = server.layer.respond(waiting[0], 200, wire.now, body=b"v=0\r\n")
    wire.run(120)
    assert won != bool(server.count(Cancelled))
    assert len(phone.layer.dialogs) == len(server.layer.dialogs) == int(won)
    assert phone.layer.live[0] == server.layer.live[0] == 0


@pytest.mark.parametrize("seed", range(10))
def test_reliable_ringing_under_loss_arrives_once_and_in_order(seed: int) -> None:
    """Each provisional response is told to the caller once, before the answer that waited for it."""

    def ringing_callee(party: Party, event: Event, now: float) -> None:
        if isinstance(event, IncomingInvite):
            for status, body in ((180, b""), (183, b"v=0\r\n"), (200, b"v=0\r\n")):
                party.layer.respond(event.transaction, status, now, body=body)

    phone, server = Party("phone", PHONE, lambda *_: None), Party("server", SERVER, ringing_callee)
    dialect = Dialect(allow=(*ALLOW, "PRACK"), supported=("100rel",))
    phone.layer, server.layer = SipLayer(dialect), SipLayer(dialect)
    wire = SipWire(phone, server, loss=0.3, doubled=0.2, seed=seed)
    phone.layer.invite("sip:room@192.0.2.1", wire.flow(phone, server), 0.0, from_="<sip:phone@192.0.2.50>",
                       body=b"v=0\r\n", headers=[("Require", "100rel")])  # fmt: skip
    wire.run(120)
    told = [
        e.response.status
        for _, e in phone.events
        if isinstance(e, ResponseReceived) and e.response.cseq.method == "INVITE"
    ]
    assert [status for status in told if status > 100] == [180, 183, 200]
    assert len(phone.layer.dialogs) == len(server.layer.dialogs) == 1
    assert phone.layer.live[0] == server.layer.live[0] == 0
