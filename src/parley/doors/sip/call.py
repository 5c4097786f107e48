"""One SIP call inside its dialog, whoever called whom: re-negotiation, digits, and the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from ...app.ports import LegFacts, LegInbox
from ...core.endings import Ending, Reason, Side
from ...core.leg_inputs import Confirmed, Digit, Drop, LegAudio, LegInput, MediaChanged, RemoteEnded, WebLocal
from ...core.outbound import Hop
from ...wire.offer_answer import Answer, Audio, read_answer
from ...wire.sdes import OurKeys
from ...wire.sdp import Codec, Session
from ...wire.sip.address import bracketed
from ...wire.sip.events import DialogId, IncomingReinvite, IncomingRequest, TransactionId
from ...wire.sip.flow import Flow
from ...wire.sip.message import Request, Response, body_part, handling
from .audio import NO_PORT, answer_to, leg_audio, offer_again, read_offer
from .info import DIGIT_TYPES, digit_of_info
from .page import Page
from .statuses import bye_headers
from .stored_call import StoredCall

AGENT_MOST = 200  # characters that a program says of itself


class Wire(Protocol):
    """What a call asks of the agent."""

    def respond(
        self, transaction: TransactionId, status: int, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()
    ) -> None: ...

    def bye(self, dialog: DialogId, headers: list[tuple[str, str]]) -> None: ...

    def snapshot(self, dialog: DialogId) -> dict[str, Any] | None:
        """The dialog as the next life of the server needs it; None: it is not confirmed, or over."""
        ...


class SipCall:
    """Implements AnsweredDoor. Inputs that come before the app knows the leg are kept in order.

    `audio`, `_flow`, `_port`, `_sent` and `_codec` are set as they become known; `dialog` is None before the answer
    of a call that we make.
    """

    def __init__(self, wire: Wire, call_id: str, media_address: str, session: int, keys: OurKeys | None = None) -> None:
        self.dialog: DialogId | None = None
        self.audio: LegAudio | None = None
        self._wire = wire
        self._call_id = call_id
        self._media_address = media_address
        self._session = session
        self._keys = keys or OurKeys()
        self._flow: Flow | None = None
        self._port = 0
        self._page: Page | None = None  # where the far end's media are WebRTC's
        self._fingerprint: str | None = None  # of our certificate, where keys are agreed by DTLS
        self._sent: Session | None = None
        self._reinvite: tuple[TransactionId, Answer] | None = None
        self._reoffered: Session | None = None  # our offer in a 2xx, until its ACK
        self._codec: Codec | None = None
        self._user_agent = ""
        self._hop: Hop | None = None  # by which we called
        self._inbox: LegInbox | None = None
        self._early: deque[LegInput] = deque(maxlen=64)
        self.ended = False

    # --- AnsweredDoor -------------------------------------------------------------------------------------------

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        self.audio = audio
        if self._page is not None:
            self._sent = self._page.answered(web) or self._sent
        if self._reinvite is None:
            return
        transaction, answer = self._reinvite
        self._reinvite = None
        self._remember(answer)
        self._wire.respond(transaction, 200, answer.session.serialise())

    def hang_up(self, ending: Ending) -> None:
        if not self.ended:
            self.ended = True
            if self._reinvite is not None:  # whoever offers anew must not wait for us for ever
                self._wire.respond(self._reinvite[0], 487)
                self._reinvite = None
            if self._page is not None:
                self._page.give_up()
            if self.dialog is not None:
                self._wire.bye(self.dialog, bye_headers(ending))

    def facts(self) -> LegFacts:
        flow = self._flow
        if flow is None:
            return LegFacts("", "", "", self._call_id)
        return LegFacts(
            remote_address=f"{bracketed(flow.remote[0])}:{flow.remote[1]}",
            local_address=flow.sent_by,
            transport=flow.transport,
            sip_call_id=self._call_id,
            user_agent=self._user_agent,
        )

    def written(self) -> bytes:
        dialog = self._wire.snapshot(self.dialog) if self.dialog is not None and not self.ended else None
        if dialog is None or self._page is not None:  # a page's media cannot be taken up again: it calls anew
            return b""
        return StoredCall(
            dialog=dialog,
            call_id=self._call_id,
            media_address=self._media_address,
            session=self._session,
            port=self._port,
            sent=self._sent,
            codec=self._codec,
            keys=self._keys.known,
            audio=self.audio,
            flow=self._flow,
            user_agent=self._user_agent,
            hop=self._hop,
            fingerprint=self._fingerprint,
        ).encoded()

    def _remember(self, answer: Answer) -> None:
        self._sent = answer.session
        self._codec = answer.audio.codec if answer.audio else self._codec

    # --- the app -----------------------------------------------------------------------------------------------

    @property
    def inbox(self) -> LegInbox | None:
        """The app's side of the call; None: it does not know it yet."""
        return self._inbox

    @property
    def answered(self) -> bool:
        """Somebody has taken the call, we or they."""
        return self.dialog is not None and self._sent is not None

    def _heard(self, audio: Audio, fallback: tuple[str, int]) -> LegAudio:
        """What was agreed. Who takes our sound no longer has put us on hold, and what comes from there is music or
        somebody else's talk; who never took it has only ever wanted to be heard (docs/decisions/0023)."""
        return self._unless_held(leg_audio(audio, fallback))

    def _unless_held(self, agreed: LegAudio) -> LegAudio:
        before = self.audio
        held = not agreed.sends and before is not None and (before.sends or not before.receives)
        return replace(agreed, receives=False) if held else agreed

    def attach(self, inbox: LegInbox) -> None:
        """The app has made the leg: hand over what came meanwhile."""
        self._inbox = inbox
        while self._early:
            inbox.post(self._early.popleft())

    def _post(self, message: LegInput) -> None:
        if self._inbox is None:
            self._early.append(message)
        else:
            self._inbox.post(message)

    # --- the wire ----------------------------------------------------------------------------------------------

    def confirmed(self, ack: Request) -> None:
        """ACK for our 200; it holds the answer where the 200 held an offer.

        An answer we cannot use changes nothing, but a call that began without an offer cannot go on without one.
        """
        offer, self._reoffered = self._reoffered, None
        if offer is not None and self._page is None:  # a page's answer to what stood already changes nothing
            answer = read_offer(body_part(ack, "application/sdp"))
            audio = read_answer(offer, answer) if answer is not None else None
            if audio is not None:
                self._agreed(audio)
                self._post(MediaChanged(self._heard(audio, self._last_address())))
            elif self._codec is None:
                self._post(Drop(Ending(Side.REMOTE, Reason.NO_COMMON_CODEC)))
                return
        self._post(Confirmed())

    def over(self, side: Side, reason: Reason) -> None:
        """CANCEL, BYE, no ACK, or the peer forgot the call."""
        if not self.ended:
            self.ended = True
            self._post(RemoteEnded(Ending(side, reason)))

    def description(self) -> bytes:
        """What we said last, for an INVITE that only refreshes the session."""
        return self._sent.serialise() if self._sent is not None else b""

    def refreshed(self, response: Response) -> None:
        """The 2xx to such an INVITE; its answer may say something new all the same."""
        answer = read_offer(body_part(response, "application/sdp"))
        audio = read_answer(self._sent, answer) if self._sent is not None and answer is not None else None
        if audio is None or self._page is not None:
            return
        changed = self._heard(audio, self._last_address())
        if changed != self.audio:
            self._agreed(audio)
            self._post(MediaChanged(changed))

    def _agreed(self, audio: Audio) -> None:
        """An answer to an offer of ours has come."""
        self._codec = audio.codec
        if audio.keys is not None:
            self._keys.agreed(audio.keys)

    async def way_back(self) -> Flow | None:
        """Another way to the far end, whose stream is gone; None: there is none."""
        return None

    def prove(self, _status: int, _challenges: list[str], _method: str, _uri: str) -> tuple[str, str] | None:
        """The header that answers a challenge to a request inside the call; None: we have nothing to say."""
        return None

    def update(self, event: IncomingRequest) -> None:
        """UPDATE (RFC 3311): a new offer, or none: then it only refreshes session and target."""
        offer = body_part(event.request, "application/sdp")
        if offer is None:
            self._wire.respond(event.transaction, 200)
        elif self._reinvite is not None:
            self._wire.respond(event.transaction, 500)  # their first offer is not answered yet (RFC 3311 5.2)
        elif self._reoffered is not None:
            self._wire.respond(event.transaction, 491)
        else:
            self._offered(event.transaction, offer)

    def reinvite(self, event: IncomingReinvite) -> None:
        """A new offer, or none: then we offer what was agreed, without hold, and the ACK brings the answer.

        Keys may change, but SRTP stays SRTP and plain RTP stays plain: by that the leg was let in, and so it is told
        of in records and lists.
        """
        body = body_part(event.request, "application/sdp")
        if self._reinvite is not None or self._reoffered is not None:
            self._wire.respond(event.transaction, 491)  # an offer is open already (RFC 3261 14.1)
            return
        if body is None and self._sent is not None:
            self._sent = self._reoffered = offer_again(self._sent)
            self._wire.respond(event.transaction, 200, self._sent.serialise())
            return
        self._offered(event.transaction, body)

    def withdrawn(self, transaction: TransactionId) -> None:
        """A re-INVITE was given up before we answered it: what was agreed before stands (RFC 3261 section 14.1)."""
        if self._page is not None:
            self._page.withdrawn(transaction)
        elif self._reinvite is not None and self._reinvite[0] == transaction:
            self._reinvite = None
            if self.audio is not None:
                self._post(MediaChanged(self.audio))

    def _offered(self, transaction: TransactionId, body: bytes | None) -> None:
        if self._page is not None:
            changed = self._page.offered(transaction, body)
            if changed is not None:
                self._post(MediaChanged(self._unless_held(changed)))
            return
        offer = read_offer(body)
        answer = offer and answer_to(
            offer,
            (self._media_address, self._port),
            self._session,
            keys=self._keys if self._fingerprint is None else None,
            fingerprint=self._fingerprint,
            began=self.audio is not None and self.audio.dtls is not None and self.audio.dtls.client,
            secure=self.audio is not None and self.audio.encrypted,
            current=self._codec,
            previous=self._sent,
        )
        if not answer or answer.audio is None:
            self._wire.respond(transaction, 488)
            return
        self._reinvite = (transaction, answer)
        self._post(MediaChanged(self._heard(answer.audio, self._last_address())))

    def _last_address(self) -> tuple[str, int]:
        """Where media went so far; stands in where a description names no address."""
        if self.audio is not None:
            return self.audio.remote_host, self.audio.remote_port
        return (self._flow.remote[0] if self._flow is not None else "0.0.0.0", NO_PORT)

    def info(self, event: IncomingRequest) -> None:
        """INFO with a digit (application/dtmf-relay or application/dtmf); other bodies are not ours, and of packages
        (RFC 6086) we have none."""
        request = event.request
        if (request.headers.get("Info-Package") or "").strip():
            self._wire.respond(event.transaction, 469, headers=[("Recv-Info", "")])
            return
        digit = digit_of_info(request.content_type, request.body)
        if digit is None:
            foreign = bool(request.body) and handling(request.headers) != "optional"
            headers = [("Accept", ", ".join(DIGIT_TYPES))] if foreign else []
            self._wire.respond(event.transaction, 415 if foreign else 200, headers=headers)
            return
        self._wire.respond(event.transaction, 200)
        self._post(Digit(digit))
