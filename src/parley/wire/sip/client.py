"""The half of the layer that asks (RFC 3261 sections 8.1, 9.1, 12.2.1, 13.2, 15.1.1)."""

from typing import Literal

from parley.wire.sip import reliable, sessions
from parley.wire.sip.address import BRANCH_COOKIE
from parley.wire.sip.core import Again, ClientEntry, Core, Early, Lines
from parley.wire.sip.dialog import Credentials, Dialog
from parley.wire.sip.digest import HEADERS
from parley.wire.sip.errors import OurMistake
from parley.wire.sip.events import DialogEnded, DialogId, RefreshDue, ResponseReceived, TransactionFailed, TransactionId
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Request, Response
from parley.wire.sip.session_timer import SessionTimer
from parley.wire.sip.transaction import CALLING, PROCEEDING, InviteClient, NonInviteClient


class Client:
    """The user's requests to bytes, and the peer's responses to events."""

    def __init__(self, core: Core) -> None:
        self._core = core

    # -- requests ----------------------------------------------------------------------------------

    def start(
        self,
        request: Request,
        flow: Flow,
        now: float,
        *,
        dialog: DialogId | None = None,
        has_offer: bool = False,
        credentials: Credentials | None = None,
        direct: bool = False,
    ) -> ClientEntry:
        """Put our Via on a request, open its transaction and send it. `dialog`: the one it is sent inside."""
        core = self._core
        branch = BRANCH_COOKIE + core.token()
        request = Request(request.method, request.target, [self._via(flow, branch), *request.headers], request.body)
        key = (branch, request.method)
        make = InviteClient if request.method == "INVITE" else NonInviteClient
        machine = make(key, flow, core.timers, request, now)
        entry = ClientEntry(
            next(core.ids),
            machine,
            request.method,
            request.cseq.number,
            dialog,
            has_offer,
            dialog is not None,
            direct=direct,
            credentials=credentials,
        )
        if isinstance(machine, InviteClient) and entry.inside:
            machine.patience = core.timers.answer_limit
        core.clients[key] = core.by_id[entry.id] = entry
        core.schedule.touch(machine)
        core.send(flow, machine.initial)
        return entry

    def _via(self, flow: Flow, branch: str) -> tuple[str, str]:
        return "Via", f"SIP/2.0/{flow.transport.upper()} {flow.sent_by};branch={branch};rport"

    def inside(
        self,
        dialog: Dialog,
        method: str,
        now: float,
        *,
        headers: Lines = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> ClientEntry:
        """A request inside a dialog."""
        core = self._core
        lines = list(headers)
        if method in ("INVITE", "UPDATE"):
            lines += core.dialect.about_us()
            lines += sessions.offered(core, dialog)
        if core.dialect.agent:
            lines.append(("User-Agent", core.dialect.agent))
        if body:
            lines.append(("Content-Type", content_type))
        request = dialog.request(method, dialog.next_cseq(), lines, body)
        entry = self.start(request, dialog.next_hop(), now, dialog=dialog.id, has_offer=bool(body))
        if dialog.credentials is not None:
            entry.again = Again(dialog, request.target, list(headers), body, content_type)
        if method == "INVITE":
            dialog.client_invite = entry.id
        return entry

    def acknowledge(self, dialog: Dialog, body: bytes = b"") -> None:
        """ACK for the 2xx that waits for one; kept, because every copy of the 2xx wants it again."""
        number = dialog.ack_owed
        if number is None:
            raise OurMistake("no 2xx waits for an ACK")
        dialog.ack_owed = None
        flow = dialog.next_hop()
        lines = [*dialog.proofs, *([("Content-Type", "application/sdp")] if body else [])]
        request = dialog.request("ACK", number, lines, body)
        via = self._via(flow, BRANCH_COOKIE + self._core.token())
        data = Request("ACK", request.target, [via, *request.headers], body).serialise()
        dialog.sent_ack = (number, flow, data)
        self._core.send(flow, data)

    def bye(self, dialog: Dialog, headers: Lines, now: float) -> TransactionId | None:
        """End a dialog. The callee may not hang up before the ACK of its 2xx (RFC 3261 15): then the BYE
        waits.
        """
        if not dialog.confirmed:
            raise OurMistake("the call is not answered: refuse it instead")
        if dialog.acceptances:
            dialog.bye_wanted = list(headers)
            return None
        if dialog.ack_owed is not None:
            self.acknowledge(dialog)
        entry = self.inside(dialog, "BYE", now, headers=headers)
        self._core.forget(dialog)
        return entry.id

    def cancel(self, transaction: TransactionId, now: float, *, unwanted: bool = False) -> bool:
        """Give up an INVITE of ours. False if it has its final response. Before any provisional the CANCEL
        waits for one, because it must not overtake the INVITE. A 2xx may still cross it: then the dialog
        stands and wants a BYE.
        """
        entry = self._core.by_id.get(transaction)
        if not isinstance(entry, ClientEntry) or not isinstance(entry.machine, InviteClient):
            return False
        entry.unwanted = entry.unwanted or (unwanted and entry.machine.waiting)
        if entry.machine.state == CALLING:
            entry.machine.cancel_wanted = True
            return True
        if entry.machine.state != PROCEEDING:
            return False
        self._send_cancel(entry, entry.machine, now)
        return True

    def withdraw(self, invite: Request, flow: Flow, now: float) -> None:
        """Give up an INVITE that rings, and of which no transaction is known any more: it was sent by somebody whose
        place we have taken. The user hears nothing of it; who takes the call all the same is hung up on.
        """
        core, key = self._core, (invite.vias[0].branch, "INVITE")
        machine = InviteClient(key, flow, core.timers, invite, now)
        machine.receive(180, now)
        entry = ClientEntry(next(core.ids), machine, "INVITE", invite.cseq.number, None, bool(invite.body))
        entry.unwanted = True
        core.clients[key] = core.by_id[entry.id] = entry
        self._send_cancel(entry, machine, now)

    def _send_cancel(self, entry: ClientEntry, machine: InviteClient, now: float) -> None:
        core, invite = self._core, machine.request
        if entry.cancel_sent or invite is None:
            return
        entry.cancel_sent = True
        machine.cancelled(now)
        core.schedule.touch(machine)
        cancel = Request("CANCEL", invite.target, self._of_hop(invite, "CANCEL", invite.headers.get("To") or ""))
        key = (invite.vias[0].branch, "CANCEL")
        client = NonInviteClient(key, machine.flow, core.timers, cancel, now)
        cancel_entry = ClientEntry(next(core.ids), client, "CANCEL", entry.number, entry.dialog)
        core.clients[key] = core.by_id[cancel_entry.id] = cancel_entry
        core.schedule.touch(client)
        core.send(machine.flow, client.initial)

    def _of_hop(self, invite: Request, method: str, to: str) -> list[tuple[str, str]]:
        """Headers of the CANCEL, or of the ACK for a refusal: the same hop as the INVITE, its one Via
        (17.1.1.3).
        """
        headers = invite.headers
        lines = [("Via", invite.vias[0].text), ("Max-Forwards", "70")]
        lines += [("Route", route) for route in headers.lines("Route")]
        lines += [("From", headers.get("From") or ""), ("To", to), ("Call-ID", invite.call_id)]
        return [*lines, ("CSeq", f"{invite.cseq.number} {method}")]

    # -- responses ---------------------------------------------------------------------------------

    def receive(self, response: Response, flow: Flow, now: float) -> None:
        """One well-formed response. What matches no transaction is dropped (RFC 3261 18.1.2)."""
        core = self._core
        entry = core.clients.get((response.vias[0].branch, response.cseq.method))
        if len(response.vias) != 1 or entry is None or response.cseq.number != entry.number:
            core.dropped["stray response"] += 1
            return
        machine = entry.machine
        if isinstance(machine, InviteClient):
            self._invite_answered(entry, machine, response, flow, now)
        elif (
            machine.receive(response.status, now)
            and entry.method != "CANCEL"
            and not self._proven(entry, response, now)
        ):
            self._update_answered(entry, response)
            sessions.answered(core, entry, response, now)
            core.events.append(ResponseReceived(entry.id, response, entry.dialog, flow))
            self._maybe_gone(entry, response.status, now)
        core.settle(entry)

    def _proven(self, entry: ClientEntry, response: Response, now: float) -> bool:
        """A challenge to a request inside a dialog: is it repeated with credentials? The user sees one request."""
        core, again = self._core, entry.again
        if again is None or again.dialog.credentials is None or response.status not in HEADERS:
            return False
        lines = response.headers.lines(HEADERS[response.status][0])
        header = again.dialog.credentials(response.status, lines, entry.method, again.target)
        if header is None:
            return False
        known = entry.id
        entry.id = next(core.ids)
        core.by_id[entry.id] = entry
        repeated = self.inside(
            again.dialog,
            entry.method,
            now,
            headers=[*again.headers, header],
            body=again.body,
            content_type=again.content_type,
        )
        del core.by_id[repeated.id]
        repeated.id, repeated.again = known, None
        core.by_id[known] = repeated
        if entry.method == "INVITE":
            again.dialog.client_invite = known
            again.dialog.proofs = [header]
        return True

    def _update_answered(self, entry: ClientEntry, response: Response) -> None:
        dialog = self._core.dialogs.get(entry.dialog) if entry.dialog else None
        if entry.method == "UPDATE" and dialog is not None and 200 <= response.status < 300:
            dialog.refresh_target(response)

    def _invite_answered(
        self, entry: ClientEntry, machine: InviteClient, response: Response, flow: Flow, now: float
    ) -> None:
        core, status = self._core, response.status
        if status >= 300 and (ack := machine.copy_of_refusal()) is not None:
            core.send(machine.flow, ack)
            return
        first = machine.state in (CALLING, PROCEEDING)
        if not machine.receive(status, now):
            return
        if status < 200:
            if machine.cancel_wanted:
                self._send_cancel(entry, machine, now)
            if not self._provisional(entry, machine, response, now):
                return
        elif status < 300:
            if not self._accepted(entry, machine, response, first=first, now=now):
                return
        else:
            invite = machine.request
            assert invite is not None
            headers = self._of_hop(invite, "ACK", response.headers.get("To") or "")
            data = Request("ACK", invite.target, headers).serialise()
            core.send(machine.flow, data)
            machine.refused(data, now)
            self._no_longer_pending(entry)
            if self._proven(entry, response, now):
                return
        sessions.answered(core, entry, response, now)
        core.events.append(ResponseReceived(entry.id, response, entry.dialog, flow))
        if status >= 300:
            self._maybe_gone(entry, status, now)

    def _provisional(self, entry: ClientEntry, machine: InviteClient, response: Response, now: float) -> bool:
        """Acknowledge a reliable one by PRACK (RFC 3262 section 4). False: a copy, or out of order."""
        rseq, tag = reliable.rseq_of(response), response.to.tag
        if rseq is None or tag is None or entry.inside or machine.request is None:
            return True
        early = entry.early.get(tag)
        if early is not None:
            if rseq != early.rseq + 1:
                self._core.dropped["provisional out of order"] += 1
                return False
            early.rseq = rseq
        elif len(entry.early) >= reliable.FORKS_MOST:
            return False
        else:
            dialog = Dialog.for_client(machine.request, response, machine.flow, entry.direct)
            dialog.confirmed = False
            dialog.credentials = entry.credentials
            early = entry.early[tag] = Early(dialog, rseq)
            self._core.early[dialog.id] = dialog
        rack = reliable.RAck(rseq, entry.number, "INVITE")
        self.inside(early.dialog, "PRACK", now, headers=[("RAck", str(rack))])
        return True

    def _made(self, entry: ClientEntry, invite: Request, response: Response, flow: Flow) -> Dialog:
        """The dialog that a 2xx makes; where it was an early one, its numbers go on."""
        dialog = Dialog.for_client(invite, response, flow, entry.direct)
        early = entry.early.get(dialog.id.remote_tag)
        if early is not None:
            dialog.local_cseq = early.dialog.local_cseq
            dialog.remote_cseq = early.dialog.remote_cseq
        dialog.credentials = entry.credentials
        given = {header for _, header in HEADERS.values()}
        dialog.proofs = [line for line in invite.headers if line[0] in given]
        return dialog

    def _accepted(
        self,
        entry: ClientEntry,
        machine: InviteClient,
        response: Response,
        *,
        first: bool,
        now: float,
    ) -> bool:
        """A 2xx: the first one makes or confirms the dialog, a copy gets its ACK again, another fork is
        ended.
        """
        core, invite = self._core, machine.request
        assert invite is not None
        dialog = core.dialogs.get(entry.dialog) if entry.dialog else None
        another = not first and (entry.dialog is None or (response.to.tag or "") != entry.dialog[2])
        if not entry.inside and (entry.unwanted or another):
            if entry.unwanted:
                self._no_longer_pending(entry)
            self._too_late(entry, invite, response, machine.flow, now)
            return False
        if first and not entry.inside:
            dialog = self._made(entry, invite, response, machine.flow)
            entry.dialog = dialog.id
            core.dialogs[dialog.id] = dialog
        elif first and dialog is not None:
            dialog.refresh_target(response)
        if not first:
            if dialog is not None and dialog.sent_ack and dialog.sent_ack[0] == entry.number:
                core.send(*dialog.sent_ack[1:])
            return False
        self._no_longer_pending(entry)
        if dialog is not None:
            dialog.ack_owed = entry.number
            if entry.has_offer:
                self.acknowledge(dialog)
        return True

    def _too_late(self, entry: ClientEntry, invite: Request, response: Response, flow: Flow, now: float) -> None:
        """Another one of a fork has taken the call, or nobody wants it any more: it gets its ACK, each copy of its 2xx
        again, and one BYE."""
        tag = response.to.tag or ""
        if tag in entry.forks:
            self._core.send(*entry.forks[tag])
        elif len(entry.forks) >= reliable.FORKS_MOST:
            self._core.dropped["forks"] += 1
        else:
            fork = self._made(entry, invite, response, flow)
            fork.ack_owed = entry.number
            self.acknowledge(fork)
            if fork.sent_ack is not None:
                entry.forks[tag] = fork.sent_ack[1:]
            self.inside(fork, "BYE", now)

    def _no_longer_pending(self, entry: ClientEntry) -> None:
        for early in entry.early.values():
            self._core.early.pop(early.dialog.id, None)
        dialog = self._core.dialogs.get(entry.dialog) if entry.dialog else None
        if dialog is not None and dialog.client_invite == entry.id:
            dialog.client_invite = None

    def _maybe_gone(self, entry: ClientEntry, status: int, now: float) -> None:
        """481 or 408 to a request inside a dialog: the peer knows it no longer (RFC 3261 12.2.1.2), or should not go on
        in a call that is over here. A NOTIFY is refused so by who no longer wants to know, and the call goes on
        (RFC 5057 section 5.1); so it does where the PRACK of a call that was answered all the same finds nobody.
        """
        dialog = self._core.dialogs.get(entry.dialog) if entry.dialog else None
        if entry.inside and dialog is not None and status in (408, 481) and entry.method not in ("NOTIFY", "PRACK"):
            if status == 408:
                self.inside(dialog, "BYE", now, headers=[("Reason", 'SIP;cause=408;text="no answer inside the call"')])
            self._core.forget(dialog)
            self._core.events.append(DialogEnded(dialog.id, "gone"))

    def failed(self, entry: ClientEntry, why: Literal["timeout", "transport"], now: float) -> None:
        """No final response came, or none can come any more."""
        if entry.method == "CANCEL":
            return
        self._core.events.append(TransactionFailed(entry.id, entry.method, entry.dialog, why))
        self._no_longer_pending(entry)
        if why == "timeout":
            self._maybe_gone(entry, 408, now)
        dialog = self._core.dialogs.get(entry.dialog) if entry.dialog else None
        if dialog is not None and dialog.session is not None and dialog.session.asking == entry.id:
            sessions.put_off(self._core, dialog, now)

    def refresh(self, dialog: Dialog, body: bytes, headers: Lines, now: float) -> None:
        """Refresh the session by UPDATE where the peer takes it, else by an INVITE with our description as it is."""
        session = dialog.session
        if session is None:
            return
        if dialog.takes_update:
            entry = self.inside(dialog, "UPDATE", now, headers=headers)
        elif dialog.busy:
            sessions.put_off(self._core, dialog, now)
            return
        else:
            entry = self.inside(dialog, "INVITE", now, headers=headers, body=body, content_type="application/sdp")
        session.asked(entry.id)
        self._core.schedule.touch(session)

    def session_timer(self, timer: SessionTimer, now: float) -> None:
        """It is time to refresh, or too late: then the session ends with a BYE (RFC 4028 section 10)."""
        core, dialog = self._core, self._core.dialogs.get(timer.dialog)
        if dialog is None or dialog.session is not timer:
            return
        if not timer.failed:
            core.events.append(RefreshDue(dialog.id))
            return
        self.bye(dialog, [("Reason", 'SIP;cause=408;text="the session was not refreshed"')], now)
        core.events.append(DialogEnded(dialog.id, "expired"))
