"""The media of a page in a SIP call: WebRTC's, offered and answered (RFC 8829). Its other end is engine/browsers.py.

Pages speak SIP over WebSocket. Signalling, rules and everything else of the leg are those of any SIP call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...core.leg_inputs import LegAudio, WebLocal
from ...wire.sdp import SdpMistake, Session, parse
from ...wire.sip.events import TransactionId
from ...wire.web_sdp import PROTOCOLS, WebAnswerer, WebOffer, answer, make_offer, read_offer
from ..shared.web_audio import audio_of

Respond = Callable[[TransactionId, int, bytes], None]


def page_offer(offer: Session, body: bytes | None) -> WebOffer | None:
    """What a page offers; None: it is no page, or nothing that we could answer as to one."""
    audio = next((media for media in offer.media if media.kind == "audio"), None)
    if audio is None or audio.protocol.upper() not in PROTOCOLS:
        return None
    if audio.get("ice-ufrag") is None and offer.get("ice-ufrag") is None:
        return None
    return read_page(body)


def read_page(body: bytes | None) -> WebOffer | None:
    """The offer, or the answer to ours; None where it is neither."""
    try:
        return read_offer((body or b"").decode("utf-8", "surrogateescape"))
    except (SdpMistake, UnicodeError):
        return None


@dataclass(slots=True)
class Page:
    """Our side of one call's descriptions. session: of the o= line."""

    session: int
    respond: Respond
    _version: int = 0
    _asked: tuple[TransactionId, WebOffer] | None = None  # a re-INVITE that is not answered yet

    def offer(self, web: WebLocal) -> bytes:
        """Ours, to a page that we call."""
        return make_offer(self._ours(web)).encode()

    def answer_to(self, offer: WebOffer, web: WebLocal) -> bytes:
        return answer(offer, self._ours(web)).encode()

    def _ours(self, web: WebLocal) -> WebAnswerer:
        self._version += 1
        password = web.password.reveal()
        return WebAnswerer(web.addresses, web.port, web.ufrag, password, web.fingerprint, self.session, self._version)

    def offered(self, transaction: TransactionId, body: bytes | None) -> LegAudio | None:
        """A re-INVITE or UPDATE: what to change to, and then `answered`; None: it is refused already."""
        offer = read_page(body)
        if offer is None or self._asked is not None:
            self.respond(transaction, 488 if offer is None else 491, b"")
            return None
        self._asked = (transaction, offer)
        return audio_of(offer)

    def answered(self, web: WebLocal | None) -> Session | None:
        """The engine has changed to what was offered last; what we say to it, None: nothing."""
        if self._asked is None:
            return None
        (transaction, offer), self._asked = self._asked, None
        if web is None:
            self.respond(transaction, 488, b"")
            return None
        body = self.answer_to(offer, web)
        self.respond(transaction, 200, body)
        return parse(body)

    def withdrawn(self, transaction: TransactionId) -> None:
        """It was given up: there is nothing to answer any more."""
        if self._asked is not None and self._asked[0] == transaction:
            self._asked = None

    def give_up(self) -> None:
        """Whoever offers anew must not wait for us for ever."""
        if self._asked is not None:
            self.respond(self._asked[0], 487, b"")
            self._asked = None
