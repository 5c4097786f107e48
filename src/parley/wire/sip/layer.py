"""One object for a user agent: bytes in, events out; wishes in, bytes out. No sockets and no clock.

    events = layer.receive(data, flow, now)      what a datagram or a frame of a stream means
    layer.respond(...), invite(...), bye(...)    what the user wants; now is always monotonic seconds
    for send in layer.drain(): ...               what is to go on the wire
    events = layer.tick(now)                     call at next_deadline()

The layer by itself sends 100, answers copies, CANCEL, OPTIONS and BYE, repeats 2xx until ACK, acknowledges
refusals and forks, and refuses what it can without a user. See `events` for what it tells.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from parley.wire.sip import sessions
from parley.wire.sip.address import URI, NameAddr
from parley.wire.sip.answers import Dialect
from parley.wire.sip.client import Client
from parley.wire.sip.core import Admits, ClientEntry, Core, Limits, Lines, ServerEntry, random_token
from parley.wire.sip.dialog import Credentials, Dialog, contact_for, user_of
from parley.wire.sip.errors import BadRequest, OurMistake, TheirMistake
from parley.wire.sip.events import DialogId, Event, TransactionId
from parley.wire.sip.flow import Flow, Send
from parley.wire.sip.message import Request
from parley.wire.sip.parser import parse
from parley.wire.sip.reliable import Provisional
from parley.wire.sip.server import Server
from parley.wire.sip.session_timer import SessionTimer, Terms
from parley.wire.sip.transaction import PROCEEDING, Acceptance, InviteClient, Timers

HEADERS_USUAL = 400  # bytes of a request inside a dialog that say nothing of the dialog


class SipLayer:
    """Transactions and dialogs of one user agent, both sides."""

    def __init__(
        self,
        dialect: Dialect | None = None,
        *,
        limits: Limits | None = None,
        timers: Timers | None = None,
        token: Callable[[], str] = random_token,
        secret: bytes | None = None,
        admits: Admits = lambda _flow, _now: True,
    ) -> None:
        """admits: asked before anything is kept of an INVITE that would be a new call, and of a REGISTER."""
        self._core = Core(
            timers or Timers(),
            dialect or Dialect(),
            limits or Limits(),
            token,
            secret or secrets.token_bytes(16),
            admits=admits,
        )
        self._client = Client(self._core)
        self._server = Server(self._core, self._client)

    # -- in and out --------------------------------------------------------------------------------

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Event]:
        """Take one datagram, or one frame of a stream. Never raises for what a peer sent."""
        if not data.strip(b"\r\n\0"):
            return self._events()  # a keep-alive
        try:
            message = parse(data)
            if not isinstance(message, Request):
                self._client.receive(message, flow, now)
            elif self._core.dialect.drops(message.headers.get("User-Agent")):
                self._core.dropped["scanner"] += 1
            else:
                self._server.receive(message, flow, now)
        except BadRequest as wreck:
            self._core.dropped["bad request"] += 1
            self._server.bad_request(wreck, flow)
        except TheirMistake:
            self._core.dropped["unreadable"] += 1
        return self._events()

    def tick(self, now: float) -> list[Event]:
        """Do what time demands. Call at `next_deadline()`; calling early or late is harmless."""
        core = self._core
        while (machine := core.schedule.due(now)) is not None:
            was_proceeding = machine.state == PROCEEDING
            core.send(machine.flow, machine.fire(now))
            if isinstance(machine, Acceptance):
                core.schedule.touch(machine)
                if machine.failed:
                    self._server.never_acknowledged(machine, now)
                continue
            if isinstance(machine, Provisional):
                core.schedule.touch(machine)
                if machine.failed:
                    self._server.ringing.unacknowledged(machine, now)
                continue
            if isinstance(machine, SessionTimer):
                core.schedule.touch(machine)
                self._client.session_timer(machine, now)
                continue
            entry = core.entry_of(machine)
            if entry is None:
                continue
            core.settle(entry)
            if machine.failed and isinstance(entry, ClientEntry):
                self._client.failed(entry, "timeout", now)
            elif machine.failed and isinstance(entry, ServerEntry):
                self._server.expired(entry, was_proceeding)
        return self._events()

    def next_deadline(self) -> float | None:
        """When to call `tick`, or None if nothing is under way."""
        return self._core.schedule.next_deadline()

    def drain(self) -> list[Send]:
        """Everything to put on the wire since the last call, in order."""
        out = list(self._core.outbox)
        self._core.outbox.clear()
        return out

    def _events(self) -> list[Event]:
        events, self._core.events = self._core.events, []
        return events

    # -- the answering side ------------------------------------------------------------------------

    def respond(
        self,
        transaction: TransactionId,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        headers: Lines = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> bool:
        """Answer an IncomingInvite, IncomingReinvite or IncomingRequest; Contact, Record-Route, Allow and
        the tag come by themselves. False, and nothing sent, if it is already over. Raises OurMistake for a
        status out of 101..699.
        """
        return self._server.respond(
            transaction, status, now, reason=reason, headers=headers, body=body, content_type=content_type
        )

    def refuse(self, request: Request, flow: Flow, status: int, headers: Lines = ()) -> None:
        """Answer an IncomingRegister that has no transaction; every copy of it is answered alike."""
        self._server.refuse(request, flow, status, headers)

    # -- the asking side ---------------------------------------------------------------------------

    def invite(
        self,
        target: str,
        flow: Flow,
        now: float,
        *,
        from_: str,
        to: str | None = None,
        body: bytes = b"",
        headers: Lines = (),
        routes: Iterable[str] = (),
        call_id: str | None = None,
        from_tag: str | None = None,
        cseq: int = 1,
        contact: str | None = None,
        credentials: Credentials | None = None,
        direct: bool = False,
    ) -> TransactionId:
        """Call `target`; `from_` and `to` are header values without tags. An empty body asks the peer for
        the offer.

        A repeated attempt (after 401, say) gives the same `call_id` and `from_tag` and a higher `cseq` (RFC 3261
        8.1.3.5). `contact`: our Contact value, where it is not the flow's own address. `headers` may hold a
        Session-Expires other than the dialect's and a Max-Forwards other than 70. `credentials`: see `authenticate`; a
        challenge to the INVITE itself is the user's. `direct`: who is called stands at the far end of the flow whatever
        address it names (it registered from there, through address translation say): what follows goes the same way.
        Raises TheirMistake for addresses that cannot be read, OurMistake beyond the limit of dialogs.
        """
        if len(self._core.dialogs) >= self._core.limits.dialogs or self._core.full:
            raise OurMistake("too many calls")
        called = URI.parse(target)
        headers = tuple(headers)
        NameAddr.parse(to or f"<{target}>")
        sender = NameAddr.parse(from_)
        lines = [
            *(() if any(name == "Max-Forwards" for name, _ in headers) else [("Max-Forwards", "70")]),
            *(("Route", route) for route in routes),
            ("From", f"{from_};tag={from_tag or self._core.token()}"),
            ("To", to or f"<{target}>"),
            ("Call-ID", call_id or self._core.token()),
            ("CSeq", f"{cseq} INVITE"),
            ("Contact", contact or contact_for(flow, user_of(sender.uri), called)),
            *self._core.dialect.about_us(),
            *(() if any(name == "Session-Expires" for name, _ in headers) else sessions.offered(self._core)),
            *headers,
        ]
        return self._outside(Request("INVITE", target, lines, body), flow, now, credentials, direct)

    def options(self, target: str, flow: Flow, now: float, *, from_: str) -> TransactionId:
        """Ask a peer whether it is there; the answer comes as ResponseReceived, silence as
        TransactionFailed.
        """
        URI.parse(target)
        lines = [
            ("Max-Forwards", "70"),
            ("From", f"{from_};tag={self._core.token()}"),
            ("To", f"<{target}>"),
            ("Call-ID", self._core.token()),
            ("CSeq", "1 OPTIONS"),
            ("Accept", ", ".join(self._core.dialect.accept)),
        ]
        return self._outside(Request("OPTIONS", target, lines), flow, now)

    def _outside(
        self,
        request: Request,
        flow: Flow,
        now: float,
        credentials: Credentials | None = None,
        direct: bool = False,
    ) -> TransactionId:
        if self._core.dialect.agent:
            request.headers.add("User-Agent", self._core.dialect.agent)
        if request.body:
            request.headers.add("Content-Type", "application/sdp")
        return self._client.start(
            request, flow, now, has_offer=bool(request.body), credentials=credentials, direct=direct
        ).id

    def acknowledge(self, dialog: DialogId, body: bytes = b"") -> None:
        """ACK the 2xx to an INVITE of ours that held no offer; `body` is the answer. Raises OurMistake."""
        self._client.acknowledge(self._dialog(dialog), body)

    def cancel(self, transaction: TransactionId, now: float, *, unwanted: bool = False) -> bool:
        """Give up an INVITE of ours; False if it is answered. A 2xx may cross it: then hang up
        with `bye`. unwanted: the layer does so by itself, and tells of no dialog.
        """
        return self._client.cancel(transaction, now, unwanted=unwanted)

    def sent(self, transaction: TransactionId) -> bytes | None:
        """Our INVITE as it went out, for `withdraw` after a restart; None: it has its final response."""
        entry = self._core.by_id.get(transaction)
        if entry is None or not isinstance(entry.machine, InviteClient) or not entry.machine.waiting:
            return None
        return entry.machine.request.serialise() if entry.machine.request is not None else None

    def withdraw(self, sent: bytes, flow: Flow, now: float) -> None:
        """Give up an INVITE of the life before, by the way that it took; no event tells of it. Raises TheirMistake for
        what is none.
        """
        invite = parse(sent)
        if not isinstance(invite, Request) or invite.method != "INVITE":
            raise TheirMistake("no INVITE")
        self._client.withdraw(invite, flow, now)

    # -- inside a dialog ---------------------------------------------------------------------------

    def bye(self, dialog: DialogId, now: float, *, headers: Lines = ()) -> TransactionId | None:
        """Hang up; the dialog is over for the user at once and no event about it follows but its answer.

        None if the BYE must wait for the ACK of our 2xx, or if there is no such dialog (the peer was faster).
        Raises OurMistake before the call is answered.
        """
        known = self._core.dialogs.get(dialog)
        return self._client.bye(known, headers, now) if known is not None else None

    def reinvite(self, dialog: DialogId, now: float, *, body: bytes = b"", headers: Lines = ()) -> TransactionId:
        """Offer anew, or ask for an offer. Raises OurMistake if an INVITE is under way in either direction:
        see `busy`. After 491 wait `glare_delay`.
        """
        if self.busy(dialog):
            raise OurMistake("an INVITE is under way")
        known = self._dialog(dialog)
        return self._client.inside(known, "INVITE", now, headers=headers, body=body, content_type="application/sdp").id

    def request(
        self,
        dialog: DialogId,
        method: str,
        now: float,
        *,
        headers: Lines = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> TransactionId:
        """Another request inside a dialog (INFO, OPTIONS, UPDATE). Raises OurMistake for an unknown dialog or for a
        method that has a function of its own.
        """
        if method in ("INVITE", "ACK", "BYE", "CANCEL"):
            raise OurMistake(f"{method} has its own function")
        return self._client.inside(
            self._dialog(dialog), method, now, headers=headers, body=body, content_type=content_type
        ).id

    def authenticate(self, dialog: DialogId, credentials: Credentials | None) -> None:
        """What answers challenges to our requests inside this dialog, each once. Not part of a snapshot."""
        self._dialog(dialog).credentials = credentials

    def busy(self, dialog: DialogId) -> bool:
        """True while no re-INVITE may be sent: one is under way, or an ACK is still to come or to send."""
        return self._dialog(dialog).busy

    def refresh(self, dialog: DialogId, now: float, *, body: bytes = b"", headers: Lines = ()) -> None:
        """Answer to RefreshDue; `body` is our description as it stands, for a peer that takes no UPDATE. What comes of
        it is minded here, challenges included where `authenticate` says how. Nothing happens in a dialog that is over
        or has no session timer.
        """
        known = self._core.dialogs.get(dialog)
        if known is not None:
            self._client.refresh(known, body, headers, now)

    def length(self, dialog: DialogId, body: bytes) -> int:
        """Bytes, about, of a refresh with this body. Raises OurMistake."""
        known = self._dialog(dialog)
        request = known.request("INVITE", known.local_cseq, [], b"" if known.takes_update else body)
        return len(request.serialise()) + HEADERS_USUAL

    def glare_delay(self, dialog: DialogId) -> float:
        """Seconds to wait after 491: 2.1 to 4 for the one who called, up to 2 for the other (RFC 3261
        14.1).
        """
        return self._core.glare_delay(self._dialog(dialog))

    # -- dialogs and flows -------------------------------------------------------------------------

    def snapshot(self, dialog: DialogId) -> dict[str, Any]:
        """A confirmed dialog as values fit for JSON, to `restore` after a restart. Raises OurMistake."""
        known = self._dialog(dialog)
        if not known.confirmed:
            raise OurMistake("the dialog is not confirmed")
        return known.snapshot()

    def restore(self, stored: dict[str, Any], now: float = 0.0, *, skipped: int = 0) -> DialogId:
        """Take up a dialog from its snapshot; its session timer, if it has one, begins anew, and where refreshing is
        ours that is due at once: nobody knows how long ago the last one was. skipped: numbers of ours that may have
        been used since the snapshot.
        """
        dialog = Dialog.restore(stored)
        dialog.local_cseq += skipped
        self._core.dialogs[dialog.id] = dialog
        if stored["session"] is not None:
            sessions.agree(self._core, dialog, Terms(*stored["session"]), now)
            if dialog.session is not None and dialog.session.we_refresh:
                sessions.put_off(self._core, dialog, now)
        return dialog.id

    def next_uri(self, dialog: DialogId) -> str:
        """Where the next request inside the dialog goes: its first route, else its target. Raises OurMistake."""
        known = self._dialog(dialog)
        return known.routes[0].partition("<")[2].partition(">")[0] if known.routes else known.target

    def flow(self, dialog: DialogId) -> Flow:
        """By which the next request inside the dialog goes. Raises OurMistake."""
        return self._dialog(dialog).next_hop()

    def target(self, dialog: DialogId) -> str:
        """The Request-URI of the next request inside the dialog. Raises OurMistake."""
        return self._dialog(dialog).request("OPTIONS", 0, []).target

    def rebind(self, dialog: DialogId, flow: Flow) -> None:
        """Use another flow towards the peer from now on (a stream was opened anew)."""
        self._dialog(dialog).flow = flow

    def flow_lost(self, connection: str | int, now: float) -> list[Event]:
        """A stream closed: requests of ours that wait on it fail. Dialogs stand; the peer may come back by
        another.
        """
        for entry in list(self._core.clients.values()):
            if entry.machine.flow.reliable and entry.machine.flow.connection == connection:
                waiting = entry.machine.waiting
                entry.machine.abandon()
                self._core.settle(entry)
                if waiting:
                    self._client.failed(entry, "transport", now)
        return self._events()

    def _dialog(self, dialog: DialogId) -> Dialog:
        known = self._core.dialogs.get(dialog)
        if known is None:
            raise OurMistake("no such dialog")
        return known

    @property
    def dialogs(self) -> list[DialogId]:
        """Every dialog there is, early ones included."""
        return list(self._core.dialogs)

    @property
    def live(self) -> tuple[int, int]:
        """Number of transactions and of dialogs held."""
        return len(self._core.servers) + len(self._core.clients), len(self._core.dialogs)

    @property
    def dropped(self) -> Counter[str]:
        """What was thrown away unanswered, counted by cause, for metrics."""
        return self._core.dropped
