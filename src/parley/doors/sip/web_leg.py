"""A page that called us by SIP: a LegDoor that answers with the browsers' port."""

from __future__ import annotations

from ...core.endings import Ending, Reason, Side
from ...core.leg_inputs import Drop, MediaChanged, WebLocal
from ...core.outgoing_leg import provisional_audio
from ...wire.sdes import OurKeys
from ...wire.sdp import Session, parse
from ...wire.sip.events import IncomingInvite
from ...wire.sip.message import Request, body_part
from ...wire.web_sdp import WebOffer
from ..shared.web_audio import audio_of
from .leg import AnsweringWire, SipLeg
from .page import Page, read_page


class WebSipLeg(SipLeg):
    """Implements LegDoor. offer None: the page leaves it to us, and answers with its ACK."""

    def __init__(
        self,
        invite: IncomingInvite,
        offered: Session | None,
        offer: WebOffer | None,
        wire: AnsweringWire,
        address: str,
        session: int,
    ) -> None:
        audio = audio_of(offer) if offer is not None else provisional_audio("", "web")
        super().__init__(invite, offered, audio, wire, address, session, OurKeys())
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
        if self._page_offer is not None:
            body = self._page.answer_to(self._page_offer, web)
            self._sent = parse(body)
        else:
            body = self._page.offer(web)
            self._sent = self._reoffered = parse(body)
        self._wire.respond(transaction, 200, body)

    def confirmed(self, ack: Request) -> None:
        if self._page_offer is None:
            self._page_offer = read_page(body_part(ack, "application/sdp"))
            if self._page_offer is None:
                self._post(Drop(Ending(Side.REMOTE, Reason.NO_COMMON_CODEC)))
                return
            self._post(MediaChanged(audio_of(self._page_offer)))
        super().confirmed(ack)
