"""One SIP call that came to us: a LegDoor that performs answers."""

from __future__ import annotations

from typing import Protocol

from ...app.ports import LegInbox
from ...core.endings import Ending, Reason, Side
from ...core.leg_inputs import LegAudio, WebLocal
from ...wire.sdes import OurKeys
from ...wire.sdp import Session
from ...wire.sip.events import DialogId, IncomingInvite, TransactionId
from ...wire.sip.reliable import required_by
from .audio import answer_to, our_offer
from .call import AGENT_MOST, SipCall, Wire
from .said import readable
from .statuses import status_of


class AnsweringWire(Wire, Protocol):
    """What a call that comes to us asks of the agent."""

    def forget(self, dialog: DialogId) -> None:
        """The call was refused: no event of it is anybody's."""
        ...


class SipLeg(SipCall):
    """Implements LegDoor."""

    dialog: DialogId

    def __init__(
        self,
        invite: IncomingInvite,
        offer: Session | None,
        audio: LegAudio,
        wire: AnsweringWire,
        media_address: str,
        session: int,
        keys: OurKeys,
        plain: LegAudio | None = None,
    ) -> None:
        """offer None: the caller wants ours; `audio` then stands for what his answer will say. keys: of `audio`.

        plain: what `audio` may be instead (see Offered).
        """
        super().__init__(wire, invite.dialog.call_id, media_address, session, keys)
        self.dialog = invite.dialog
        self.audio = audio
        self._answering = wire
        self._flow = invite.flow
        self._invite: TransactionId | None = invite.transaction
        self._offer = offer
        self.offered, self.plain = audio, plain
        self._user_agent = readable(invite.request.headers.get("User-Agent") or "", AGENT_MOST)
        self._wants_ringing = required_by(invite.request)
        self._rang = False

    def attach(self, inbox: LegInbox) -> None:
        """Who insists on reliable ringing waits for it, to agree on something before the answer (RFC 3312)."""
        if self._wants_ringing:
            self.ring()
        super().attach(inbox)

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        self._port = port
        self._fingerprint = web.fingerprint if web is not None else None
        if plain:
            self.audio = self.plain
        if self._offer is None:
            self._sent = self._reoffered = our_offer((self._media_address, port), self._session)
        else:
            self._remember(
                answer_to(
                    self._offer,
                    (self._media_address, port),
                    self._session,
                    keys=self._keys,
                    fingerprint=self._fingerprint,
                    secure=False if plain else None,
                )
            )
        if self._invite is not None and self._sent is not None:
            self._wire.respond(self._invite, 200, self._sent.serialise())
            self._invite = None

    def ring(self) -> None:
        """Somebody whom the caller is put through to is alerted; said once."""
        if self._invite is not None and not self.ended and not self._rang:
            self._rang = True
            self._wire.respond(self._invite, 180)

    def reject(self, ending: Ending) -> None:
        self._refuse(status_of(ending))

    def _refuse(self, status: int) -> None:
        self.ended = True
        if self._invite is not None:
            self._wire.respond(self._invite, status)
            self._invite = None
        self._answering.forget(self.dialog)

    def fail(self) -> None:
        """Something of ours broke: refuse with 500 if nothing was said yet, else end the call."""
        if self._invite is not None:
            self._refuse(500)
        else:
            self.hang_up(Ending(Side.LOCAL, Reason.MEDIA_FAILED))

    def over(self, side: Side, reason: Reason) -> None:
        self._invite = None
        super().over(side, reason)
