"""A page that called us by SIP: a LegDoor that answers with the browsers' port."""

from __future__ import annotations

from ...core.endings import Ending, Reason, Side
from ...core.leg_inputs import WebLocal
from ...wire.sdes import OurKeys
from ...wire.sdp import Session, parse
from ...wire.sip.events import IncomingInvite
from ...wire.web_sdp import WebOffer
from ..shared.web_audio import audio_of
from .call import Wire
from .leg import SipLeg
from .page import Page


class WebSipLeg(SipLeg):
    """Implements LegDoor."""

    def __init__(
        self, invite: IncomingInvite, offered: Session, offer: WebOffer, wire: Wire, address: str, session: int
    ) -> None:
        super().__init__(invite, offered, audio_of(offer), wire, address, session, OurKeys())
        self._page: Page = Page(session, wire.respond)
        self._page_offer = offer

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        if self._invite is None:
            return
        if web is None:
            self.reject(Ending(Side.LOCAL, Reason.MEDIA_FAILED))
            return
        self._port = port
        transaction, self._invite = self._invite, None
        body = self._page.answer_to(self._page_offer, web)
        self._sent = parse(body)
        self._wire.respond(transaction, 200, body)
