"""The half of the layer that answers (RFC 3261 sections 8.2, 9.2, 12.2.2, 13.3, 15.1.2)."""

from parley.wire.sip import reliable, sessions
from parley.wire.sip.answers import Echo, merge_key, refusal, server_key, stateless_tag
from parley.wire.sip.bodies import describes
from parley.wire.sip.client import Client
from parley.wire.sip.core import ClientEntry, Core, Held, Lines, ServerEntry
from parley.wire.sip.dialog import Dialog
from parley.wire.sip.errors import BadRequest, OurMistake
from parley.wire.sip.events import (
    AckReceived,
    Cancelled,
    DialogEnded,
    DialogId,
    IncomingInvite,
    IncomingRegister,
    IncomingReinvite,
    IncomingRequest,
    TransactionId,
)
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Headers, Request
from parley.wire.sip.ringing import Ringing
from parley.wire.sip.session_timer import REFRESHING
from parley.wire.sip.transaction import PROCEEDING, Acceptance, InviteServer, Key, NonInviteServer


class Server:
    """Requests of the peer to events, and the user's responses to bytes."""

    def __init__(self, core: Core, client: Client) -> None:
        self._core = core
        self._client = client
        self.ringing = Ringing(core, self._answer)

    # -- requests ----------------------------------------------------------------------------------

    def bad_request(self, wreck: BadRequest, flow: Flow) -> None:
        """Answer what could not be read, remembering nothing."""
        self.refuse(Request(wreck.method, "", Headers(wreck.echo)), flow, wreck.status, reason=wreck.reason)

    def receive(self, request: Request, flow: Flow, now: float) -> None:
        """One well-formed request."""
        core = self._core
        top = request.vias[0]
        sourced = top.with_source(*flow.remote)
        if sourced is not top:
            request.headers.replace_first_value("Via", sourced.text)
        method = "INVITE" if request.method == "ACK" else request.method
        key = server_key(request, method)
        entry = core.servers.get(key)
        if request.method == "ACK":
            self._ack(request, entry, now)
        elif entry is not None:
            core.send(entry.machine.flow, entry.machine.duplicate())
        elif request.method == "CANCEL":
            self._cancel(request, flow, now)
        elif (refused := refusal(request, core.dialect)) is not None:
            self.refuse(request, flow, *refused)
        elif core.full:
            self._overload(request, flow)
        elif request.to.tag is not None:
            self._inside(request, flow, key, now)
        elif merge_key(request) in core.merges:
            self.refuse(request, flow, 482)
        elif request.method == "OPTIONS":
            self.refuse(request, flow, 200, core.dialect.about_us())
        elif request.method == "INVITE":
            self._new_call(request, flow, key, now)
        elif request.method == "REGISTER":
            self._register(request, flow, key, now)
        else:
            self.refuse(request, flow, 481)

    def _register(self, request: Request, flow: Flow, key: Key, now: float) -> None:
        """Outside any dialog; its To tag is ours alone."""
        if not self._core.admits(flow, now):
            self._busy(request, flow)
            return
        if "Authorization" not in request.headers:
            self._core.events.append(IncomingRegister(None, request, flow))
            return
        tag = self._core.token()
        nowhere = DialogId(request.call_id, tag, request.from_.tag or "")
        entry = self._open(request, flow, now, key=key, dialog=nowhere, tag=tag)
        self._core.events.append(IncomingRegister(entry.id, request, flow))

    def _overload(self, request: Request, flow: Flow) -> None:
        if request.method == "INVITE":
            self._busy(request, flow)
        else:
            self._core.dropped["overload"] += 1

    def _busy(self, request: Request, flow: Flow) -> None:
        """Remembering nothing."""
        self.refuse(request, flow, 503, [("Retry-After", str(self._core.limits.retry_after))])

    def refuse(
        self,
        request: Request,
        flow: Flow,
        status: int,
        headers: Lines = (),
        *,
        tag: str = "",
        reason: str | None = None,
    ) -> None:
        """Answer without a transaction: a copy of the request gets the same bytes again."""
        core = self._core
        echo = Echo(request)
        if not tag and not echo.tagged:
            tag = stateless_tag(core.secret, echo.vias[0], echo.call_id)
        answer = echo.response(status, tag=tag if echo.to else "", reason=reason, headers=self._signed(headers))
        via = request.vias[0]
        if reason is not None:  # a wreck: its Via has not been told yet where it came from
            via = via.with_source(*flow.remote)
            answer.headers.replace_first_value("Via", via.text)
        core.send(flow.for_response(via), answer.serialise())

    def _signed(self, headers: Lines) -> list[tuple[str, str]]:
        agent = self._core.dialect.agent
        return [*headers, ("Server", agent)] if agent else list(headers)

    def _open(self, request: Request, flow: Flow, now: float, *, key: Key, dialog: DialogId, tag: str) -> ServerEntry:
        core = self._core
        reply_flow = flow.for_response(request.vias[0])
        make = InviteServer if request.method == "INVITE" else NonInviteServer
        machine = make(key, reply_flow, core.timers, now)
        merge = merge_key(request)
        entry = ServerEntry(
            next(core.ids), machine, request.method, request.cseq.number, dialog, tag, Echo(request), merge
        )
        core.servers[key] = core.by_id[entry.id] = entry
        core.merges[merge] = entry.id
        core.schedule.touch(machine)
        if request.method == "INVITE":
            self._answer(entry, 100, now)
        return entry

    def _new_call(self, request: Request, flow: Flow, key: Key, now: float) -> None:
        core = self._core
        if len(core.dialogs) >= core.limits.dialogs or not core.admits(flow, now):
            self._overload(request, flow)
            return
        tag = core.token()
        dialog = Dialog.for_server(request, flow, tag)
        core.dialogs[dialog.id] = dialog
        entry = self._open(request, flow, now, key=key, dialog=dialog.id, tag=tag)
        entry.opens_dialog = True
        if reliable.OPTION in core.dialect.extensions and reliable.known_to(request):
            entry.reliable = "required" if reliable.required_by(request) else "known"
        entry.terms = sessions.asked(core, dialog, request)
        dialog.server_invite = entry.id
        core.events.append(IncomingInvite(entry.id, dialog.id, request, flow))

    def _inside(self, request: Request, flow: Flow, key: Key, now: float) -> None:
        core = self._core
        dialog_id = DialogId(request.call_id, request.to.tag or "", request.from_.tag or "")
        dialog = core.dialogs.get(dialog_id)
        if dialog is None:
            self._unknown(request, flow, core.early.get(dialog_id))
            return
        number, last = request.cseq.number, dialog.remote_cseq
        if last is not None and (number < last or (number == last and request.method == "INVITE")):
            self.refuse(request, flow, 500)
            return
        dialog.remote_cseq = number
        dialog.note_allow(request)
        if dialog.flow != flow:
            dialog.flow = flow  # a new connection, or a NAT that moved the peer: its latest word counts
        entry = self._open(request, flow, now, key=key, dialog=dialog_id, tag="")
        if request.method in REFRESHING and dialog.confirmed:
            entry.terms = sessions.asked(core, dialog, request)
        if request.method == "INVITE":
            self._reinvite(entry, dialog, request, now)
        elif request.method == "OPTIONS":
            self._answer(entry, 200, now, headers=core.dialect.about_us())
        elif request.method == "BYE":
            self._bye(entry, dialog, request, now)
        elif request.method == "UPDATE":
            self._update(entry, dialog, request, now)
        elif request.method == "PRACK":
            self.ringing.acknowledged(entry, dialog, request, now)
        else:
            core.events.append(IncomingRequest(entry.id, dialog_id, request))

    def _unknown(self, request: Request, flow: Flow, early: Dialog | None) -> None:
        """Of no dialog, or of one that an INVITE of ours has not made yet: then a session that is not agreed cannot be
        changed, but may well be asked after.
        """
        status, headers = 481, list[tuple[str, str]]()
        if early is not None and request.method == "OPTIONS":
            status, headers = 200, self._core.dialect.about_us()
        elif early is not None and request.method == "UPDATE":
            status, headers = (500, self._later()) if describes(request) else (200, [("Contact", early.contact)])
        if early is not None:
            early.remote_cseq = max(early.remote_cseq or 0, request.cseq.number)
        self.refuse(request, flow, status, headers)

    def _reinvite(self, entry: ServerEntry, dialog: Dialog, request: Request, now: float) -> None:
        """One INVITE at a time: glare with ours gets 491, a second one of theirs 500 (RFC 3261 14.2)."""
        if dialog.client_invite is not None:
            self._answer(entry, 491, now)
        elif dialog.server_invite is not None or dialog.server_update is not None:
            self._answer(entry, 500, now, headers=self._later())
        else:
            dialog.server_invite = entry.id
            entry.new_target = request.contacts[0].uri.text if request.contacts else None
            self._core.events.append(IncomingReinvite(entry.id, dialog.id, request))

    def _later(self) -> list[tuple[str, str]]:
        return [("Retry-After", str(int(self._core.token()[:4], 16) % 10))]

    def _update(self, entry: ServerEntry, dialog: Dialog, request: Request, now: float) -> None:
        """One UPDATE at a time, and one offer: 491 where ours is open, 500 where theirs is (RFC 3311 5.2)."""
        offers = describes(request)
        if dialog.server_update is not None or (offers and dialog.server_invite is not None):
            self._answer(entry, 500, now, headers=self._later())
        elif offers and dialog.client_invite is not None:
            self._answer(entry, 491, now)
        else:
            dialog.server_update = entry.id
            entry.new_target = request.contacts[0].uri.text if request.contacts else None
            self._core.events.append(IncomingRequest(entry.id, dialog.id, request))

    def _bye(self, entry: ServerEntry, dialog: Dialog, request: Request, now: float) -> None:
        """200 to the BYE; what is still open in the dialog ends with 487 (RFC 3261 15.1.2)."""
        core = self._core
        self._answer(entry, 200, now)
        waiting = core.by_id.get(dialog.server_invite) if dialog.server_invite is not None else None
        if isinstance(waiting, ServerEntry) and waiting.machine.state == PROCEEDING:
            self._answer(waiting, 487, now)
        announced = dialog.bye_wanted is None
        core.forget(dialog)
        if announced:
            core.events.append(DialogEnded(dialog.id, "bye", request))

    def _cancel(self, request: Request, flow: Flow, now: float) -> None:
        """Matched by branch and sent-by. The answer needs no state: a copy finds the same INVITE (9.2)."""
        core = self._core
        entry = core.servers.get(server_key(request, "INVITE"))
        if entry is None:
            self.refuse(request, flow, 481)
            return
        self.refuse(request, flow, 200, tag="" if request.to.tag else entry.tag)
        if entry.machine.state == PROCEEDING:
            self._answer(entry, 487, now)
            core.events.append(Cancelled(entry.id, entry.dialog, "cancel"))

    def _ack(self, request: Request, entry: ServerEntry | None, now: float) -> None:
        core = self._core
        if entry is not None and isinstance(entry.machine, InviteServer):
            entry.machine.ack(now)
            core.settle(entry)
        dialog_id = DialogId(request.call_id, request.to.tag or "", request.from_.tag or "")
        dialog = core.dialogs.get(dialog_id)
        acceptance = dialog.acceptances.pop(request.cseq.number, None) if dialog else None
        if dialog is None or acceptance is None:
            core.dropped["stray ACK"] += entry is None and dialog is None
            return
        acceptance.acknowledged()
        if dialog.bye_wanted is None:
            core.events.append(AckReceived(dialog_id, request))
        elif not dialog.acceptances:
            self._client.bye(dialog, dialog.bye_wanted, now)

    # -- responses ---------------------------------------------------------------------------------

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
        """Answer a transaction. False, and nothing sent, if it is already over (cancelled, hung up, timed
        out).

        Raises OurMistake for a status out of 101..699 or an id that never was a server transaction's.
        """
        if not 101 <= status <= 699:
            raise OurMistake("status out of range")
        entry = self._core.by_id.get(transaction)
        if isinstance(entry, ClientEntry):
            raise OurMistake("not a transaction of the peer's")
        if entry is None or entry.echo is None:
            return False
        response = Held(status, reason, list(headers), body, content_type)
        if status < 300 and (entry.held or self.ringing.waits(entry, response)):
            if len(entry.held) < reliable.HELD_MOST or status >= 200:
                entry.held.append(response)
            return True
        self._answer(entry, status, now, reason=reason, headers=headers, body=body, content_type=content_type)
        return True

    def _answer(
        self,
        entry: ServerEntry,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        headers: Lines = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> None:
        core, machine, echo = self._core, entry.machine, entry.echo
        if echo is None:
            raise OurMistake("a final response was already given")
        dialog = core.dialogs.get(entry.dialog)
        invite = entry.method == "INVITE"
        accepted = entry.method in ("INVITE", "UPDATE") and 200 <= status < 300
        lines = list(headers)
        if dialog is not None and (accepted or ((invite or entry.method == "REFER") and 100 < status < 300)):
            lines.append(("Contact", dialog.contact))
        if accepted:
            lines += core.dialect.about_us()
            lines += entry.terms.answered() if entry.terms is not None else ()
        reliably = invite and 100 < status < 200 and dialog is not None and self.ringing.reliably(entry, body)
        if reliably:
            lines += self.ringing.numbered(entry)
        if body:
            lines.append(("Content-Type", content_type))
        tag = entry.tag if status > 100 else ""
        routes = invite and 100 < status < 300
        data = echo.response(
            status, tag=tag, reason=reason, headers=self._signed(lines), body=body, routes=routes
        ).serialise()
        machine.respond(status, data, now)
        core.send(machine.flow, data)
        if reliably and dialog is not None:
            self.ringing.sent(entry, dialog, data, bool(body), now)
        if status >= 200:
            entry.held.clear()
            if invite and entry.opens_dialog and dialog is not None and dialog.provisional is not None:
                dialog.provisional.abandon()  # but its PRACK may still come
            entry.echo = None
            if invite and dialog is not None:
                self._decided(entry, dialog, status, data, now)
            elif dialog is not None and dialog.server_update == entry.id:
                dialog.server_update = None
                dialog.target = entry.new_target or dialog.target if accepted else dialog.target
            if dialog is not None and accepted and dialog.confirmed and core.dialect.session_expires:
                sessions.agree(core, dialog, entry.terms, now)
        core.settle(entry)

    def _decided(self, entry: ServerEntry, dialog: Dialog, status: int, data: bytes, now: float) -> None:
        """An INVITE got its final response: the dialog stands, stays as it was, or goes."""
        core = self._core
        if dialog.server_invite == entry.id:
            dialog.server_invite = None
        if status < 300:
            dialog.confirmed = True
            dialog.target = entry.new_target or dialog.target
            acceptance = Acceptance(entry.machine.flow, core.timers, dialog.id, data, now)
            dialog.acceptances[entry.number] = acceptance
            core.schedule.touch(acceptance)
        elif entry.opens_dialog:
            core.forget(dialog)

    def never_acknowledged(self, acceptance: Acceptance, now: float) -> None:
        """64*T1 without an ACK for our 2xx: the session is ended with a BYE (RFC 3261 13.3.1.4)."""
        dialog = self._core.dialogs.get(acceptance.dialog)
        if dialog is None:
            return
        announced = dialog.bye_wanted is None
        self._client.inside(dialog, "BYE", now, headers=dialog.bye_wanted or ())
        self._core.forget(dialog)
        if announced:
            self._core.events.append(DialogEnded(dialog.id, "no-ack"))

    def expired(self, entry: ServerEntry, was_proceeding: bool) -> None:
        """The user left an INVITE unanswered for too long: the machine is gone, the caller gets 480."""
        core = self._core
        dialog = core.dialogs.get(entry.dialog)
        if was_proceeding and entry.echo is not None and entry.method == "INVITE":
            answer = entry.echo.response(480, tag=entry.tag, headers=self._signed(()))
            core.send(entry.machine.flow, answer.serialise())
            core.events.append(Cancelled(entry.id, entry.dialog, "unanswered"))
        if dialog is not None and dialog.server_invite == entry.id:
            dialog.server_invite = None
            if entry.opens_dialog:
                core.forget(dialog)
