"""Steps of a call as a phone takes them at a `Desk`."""

from typing import Any

from parley.wire.sip.events import IncomingInvite
from parley.wire.sip.message import Request, Response
from tests.kit.sip_wire import Desk, request


def statuses(messages: list[Request | Response]) -> list[int]:
    """The statuses among what was said."""
    return [message.status for message in messages if isinstance(message, Response)]


def timeline(heard: list[tuple[float, Request | Response]]) -> list[float]:
    """When things were said."""
    return [round(at, 3) for at, _ in heard]


def invited(desk: Desk, **fields: Any) -> IncomingInvite:
    """A call comes in and waits."""
    desk.hear(request(**fields))
    event = desk.last(IncomingInvite)
    assert isinstance(event, IncomingInvite)
    return event


def answered(desk: Desk, body: bytes = b"v=0\r\n") -> IncomingInvite:
    """A call comes in and is answered; its ACK is still to come."""
    event = invited(desk)
    desk.layer.respond(event.transaction, 200, desk.now, body=body)
    desk.said()
    return event


def ack_of(event: IncomingInvite, branch: str = "z9hG4bKack") -> bytes:
    """The ACK of the 2xx of a call."""
    return request("ACK", branch=branch, to=f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}")


def within(event: IncomingInvite, method: str, number: int, **fields: Any) -> bytes:
    """A request of the caller's inside its call."""
    fields.setdefault("branch", f"z9hG4bK{method}{number}")
    to = f"<sip:room@192.0.2.1>;tag={event.dialog.local_tag}"
    return request(method, to=to, number=number, **fields)
