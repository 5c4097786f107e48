"""REFER inside a call: a phone sends its own participant on to another meeting (RFC 3515, RFC 4488).

A REFER names where the sender wants the call to go, and we are the other end of it: the call stays up, and its
participant leaves one meeting for another. Only addresses that lead somewhere here are gone to; that somebody
else is called for it is no phone's to decide (docs/decisions/0022).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

from ...app.ports import LegInbox
from ...core.dialplan import Address
from ...core.endings import Ending, Reason, Side
from ...wire.sip.address import NameAddr, legible
from ...wire.sip.errors import TheirMistake
from ...wire.sip.events import DialogId, IncomingRequest
from ...wire.sip.message import REASONS, Request
from .call import SipCall
from .statuses import status_of

log = structlog.get_logger(__name__)

SIPFRAG = "message/sipfrag;version=2.0"
EXPIRES = 60  # seconds that a subscription could last; ours is over in a moment

Lines = list[tuple[str, str]]


class Moves(Protocol):
    """The app's way from one meeting to another."""

    async def move(self, leg: LegInbox, to: Address, local_address: str) -> Reason | None:
        """See app.transfers."""
        ...


class ReferWire(Protocol):
    """What it asks of the agent."""

    def respond(self, transaction: int, status: int, body: bytes = b"", headers: Lines = ...) -> None: ...

    def notify(self, dialog: DialogId, headers: Lines, body: bytes, content_type: str) -> None:
        """Nothing happens where the dialog is over."""
        ...


class NotTaken(Exception):
    """The REFER is refused with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def destination(request: Request) -> Address:
    """Whom a REFER names. Raises NotTaken."""
    lines = request.headers.lines("Refer-To")
    try:
        uri = NameAddr.parse(lines[0]).uri if len(lines) == 1 else None
    except TheirMistake:
        uri = None
    if uri is None:
        raise NotTaken(400)
    if uri.scheme not in {"sip", "sips"}:
        raise NotTaken(416)
    # Another method than INVITE, or headers (such as Replaces) for it: to be done to others in our name.
    if "?" in uri.text or (uri.param("method") or "INVITE").upper() != "INVITE" or not uri.username:
        raise NotTaken(403)
    return Address(legible(uri.username).lower(), uri.host.lower().rstrip("."))


class Referrals:
    """Answers REFERs and tells their senders what came of them. moves None: nobody goes anywhere."""

    def __init__(
        self,
        wire: ReferWire,
        moves: Moves | None,
        spawn: Callable[[Coroutine[Any, Any, None], Callable[[], None]], None],
    ) -> None:
        self._wire = wire
        self._moves = moves
        self._spawn = spawn
        self._going: set[DialogId] = set()

    def refer(self, event: IncomingRequest, call: SipCall, local_address: str) -> None:
        """One at a time in a call; it is accepted at once, and then the door says whether he may come in."""
        inbox = call.inbox
        try:
            if self._moves is None or inbox is None:
                raise NotTaken(603)
            to = destination(event.request)
            if event.dialog in self._going:
                raise NotTaken(491)
        except NotTaken as refused:
            self._wire.respond(event.transaction, refused.status)
            return
        quiet = (event.request.headers.get("Refer-Sub") or "").strip().lower().startswith("false")
        self._wire.respond(event.transaction, 200 if quiet else 202, headers=[("Refer-Sub", "false")] if quiet else [])
        told = None if quiet else event.request.cseq.number
        self._going.add(event.dialog)
        self._tell(event.dialog, told, 100)
        self._spawn(
            self._go(self._moves, inbox, to, local_address, event.dialog, told),
            lambda: self._over(event.dialog, told, 500),
        )

    async def _go(
        self, moves: Moves, inbox: LegInbox, to: Address, local_address: str, dialog: DialogId, told: int | None
    ) -> None:
        reason = await moves.move(inbox, to, local_address)
        log.info("a phone moves its participant", address=f"{to.user}@{to.domain}", refused=reason)
        self._over(dialog, told, 200 if reason is None else status_of(Ending(Side.LOCAL, reason)))

    def _over(self, dialog: DialogId, told: int | None, status: int) -> None:
        self._going.discard(dialog)
        self._tell(dialog, told, status)

    def _tell(self, dialog: DialogId, told: int | None, status: int) -> None:
        """told: the CSeq of the REFER, which tells its subscription from others; None: he does not want to know."""
        if told is None:
            return
        state = f"active;expires={EXPIRES}" if status < 200 else "terminated;reason=noresource"
        body = f"SIP/2.0 {status} {REASONS.get(status, 'Refused')}\r\n".encode()
        headers = [("Event", f"refer;id={told}"), ("Subscription-State", state)]
        self._wire.notify(dialog, headers, body, SIPFRAG)
