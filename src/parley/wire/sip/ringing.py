"""Provisional responses of ours that are acknowledged, and what waits for that (RFC 3262 section 3)."""

from typing import Protocol

from parley.wire.sip import reliable
from parley.wire.sip.bodies import describes
from parley.wire.sip.core import Core, Held, Lines, ServerEntry
from parley.wire.sip.dialog import Dialog
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.events import Cancelled
from parley.wire.sip.message import Request
from parley.wire.sip.transaction import PROCEEDING


class Answer(Protocol):
    """Sends a response of a transaction."""

    def __call__(
        self,
        entry: ServerEntry,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        headers: Lines = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> None: ...


class Ringing:
    """What the answering half does about PRACK."""

    def __init__(self, core: Core, answer: Answer) -> None:
        self._core = core
        self._answer = answer

    def numbered(self, entry: ServerEntry) -> list[tuple[str, str]]:
        """Headers of the next reliable response of that INVITE."""
        entry.rseq = entry.rseq + 1 if entry.rseq else 1 + int(self._core.token()[:4], 16)
        return [("Require", reliable.OPTION), ("RSeq", str(entry.rseq))]

    def sent(self, entry: ServerEntry, dialog: Dialog, data: bytes, described: bool, now: float) -> None:
        """It is on its way; repeat it."""
        core = self._core
        dialog.provisional = reliable.Provisional(
            entry.machine.flow,
            core.timers,
            now,
            dialog=dialog.id,
            number=entry.number,
            rseq=entry.rseq,
            data=data,
            described=described,
        )
        core.schedule.touch(dialog.provisional)

    def acknowledged(self, entry: ServerEntry, dialog: Dialog, request: Request, now: float) -> None:
        """Our reliable provisional response arrived; what waited for that may be said (RFC 3262 section 3)."""
        try:
            rack = reliable.RAck.of(request)
        except TheirMistake:
            self._answer(entry, 400, now)
            return
        provisional = dialog.provisional
        if provisional is None or not provisional.acknowledges(rack):
            self._answer(entry, 481, now)
            return
        dialog.provisional = None
        provisional.abandon()
        # An offer here would come before there was any answer to change (RFC 6337 section 2.2).
        self._answer(entry, 488 if describes(request) else 200, now)
        invite = self._core.by_id.get(dialog.server_invite) if dialog.server_invite is not None else None
        while isinstance(invite, ServerEntry) and invite.held and not self.waits(invite, invite.held[0]):
            held = invite.held.popleft()
            self._answer(
                invite,
                held.status,
                now,
                reason=held.reason,
                headers=held.headers,
                body=held.body,
                content_type=held.content_type,
            )

    def waits(self, entry: ServerEntry, response: Held) -> bool:
        """Must it wait for the PRACK of another one? A refusal never does."""
        dialog = self._core.dialogs.get(entry.dialog)
        before = dialog.provisional if dialog is not None and entry.opens_dialog else None
        if before is None or not before.outstanding or response.status >= 300:
            return False
        return before.described if response.status >= 200 else self.reliably(entry, response.body)

    def reliably(self, entry: ServerEntry, body: bytes) -> bool:
        """All provisional responses to who requires it, and to who knows how those that describe a session."""
        return entry.reliable == "required" or (entry.reliable == "known" and bool(body))

    def unacknowledged(self, provisional: reliable.Provisional, now: float) -> None:
        """No PRACK came in 64*T1: the call is refused (RFC 3262 section 3)."""
        dialog = self._core.dialogs.get(provisional.dialog)
        entry = self._core.by_id.get(dialog.server_invite) if dialog and dialog.server_invite is not None else None
        if isinstance(entry, ServerEntry) and entry.machine.state == PROCEEDING:
            self._answer(entry, 504, now)
            self._core.events.append(Cancelled(entry.id, entry.dialog, "no-prack"))
