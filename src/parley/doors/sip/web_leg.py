"""A SIP call whose media is WebRTC's: a page that speaks SIP over WebSocket offers ICE and DTLS-SRTP (RFC 8829).

Its media take the browsers' port of the engine; signalling, rules and the rest of the leg are those of any SIP call.
"""

from __future__ import annotations

from ...core.endings import Ending, Reason, Side
from ...core.leg_inputs import AudioCodec, Confirmed, LegAudio, MediaChanged, WebLocal, WebRemote
from ...core.secret import Secret
from ...wire.sdes import OurKeys
from ...wire.sdp import SdpMistake, Session, parse
from ...wire.sip.events import IncomingInvite, TransactionId
from ...wire.sip.message import Request, Response
from ...wire.web_sdp import PROTOCOLS, WebAnswerer, WebOffer, answer, read_offer
from .call import Wire
from .leg import SipLeg


def web_offer(offer: Session, body: bytes | None) -> WebOffer | None:
    """What a page offers; None: it is no page, or nothing that we could answer as to one."""
    audio = next((media for media in offer.media if media.kind == "audio"), None)
    if body is None or audio is None or audio.protocol.upper() not in PROTOCOLS:
        return None
    if audio.get("ice-ufrag") is None and offer.get("ice-ufrag") is None:
        return None
    try:
        return read_offer(body.decode("utf-8", "surrogateescape"))
    except (SdpMistake, UnicodeError):
        return None


def web_audio(offer: WebOffer) -> LegAudio:
    """In the core's words. Candidates are learnt from checks, so there is no address."""
    return LegAudio(
        remote_host="",
        remote_port=0,
        codec=AudioCodec("opus", offer.opus.payload, offer.opus.clock),
        dtmf_payload_type=offer.events.payload if offer.events else None,
        dtmf_clock_rate=offer.events.clock if offer.events else 8000,
        sends=offer.direction in {"sendrecv", "sendonly"},
        receives=offer.direction in {"sendrecv", "recvonly"},
        web=WebRemote(offer.ufrag, Secret(offer.password), offer.fingerprint, offer.setup, offer.level_extension),
    )


class WebSipLeg(SipLeg):
    """Implements LegDoor."""

    def __init__(
        self, invite: IncomingInvite, offered: Session, offer: WebOffer, wire: Wire, address: str, session: int
    ) -> None:
        super().__init__(invite, offered, web_audio(offer), wire, address, session, OurKeys())
        self._web_offer = offer
        self._version = 0
        self._asked: tuple[TransactionId, WebOffer] | None = None  # a re-INVITE that is not answered yet

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        if self._invite is None:
            return
        if web is None:
            self.reject(Ending(Side.LOCAL, Reason.MEDIA_FAILED))
            return
        self._port = port
        transaction, self._invite = self._invite, None
        self._wire.respond(transaction, 200, self._answer_to(self._web_offer, web))

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        self.audio = audio
        if self._asked is None:
            return
        (transaction, offer), self._asked = self._asked, None
        if web is None:
            self._wire.respond(transaction, 488)
        else:
            self._wire.respond(transaction, 200, self._answer_to(offer, web))

    def _answer_to(self, offer: WebOffer, web: WebLocal) -> bytes:
        self._version += 1
        ours = WebAnswerer(
            web.addresses,
            web.port,
            web.ufrag,
            web.password.reveal(),
            web.fingerprint,
            self._session,
            self._version,
        )
        body = answer(offer, ours).encode()
        self._sent = parse(body)
        return body

    def hang_up(self, ending: Ending) -> None:
        if self._asked is not None and not self.ended:
            self._wire.respond(self._asked[0], 487)
            self._asked = None
        super().hang_up(ending)

    # --- the wire ----------------------------------------------------------------------------------------------

    def confirmed(self, ack: Request) -> None:
        """An answer in the ACK of a 2xx that repeated our description changes nothing."""
        self._reoffered = None
        self._post(Confirmed())

    def refreshed(self, response: Response) -> None:
        """Nor does the answer to a refresh."""

    def _offered(self, transaction: TransactionId, body: bytes | None) -> None:
        if self._asked is not None:
            self._wire.respond(transaction, 491)
            return
        try:
            offer = read_offer((body or b"").decode("utf-8", "surrogateescape"))
        except (SdpMistake, UnicodeError):
            self._wire.respond(transaction, 488)
            return
        self._asked = (transaction, offer)
        self._post(MediaChanged(web_audio(offer)))
