"""One SIP call that we make: hop by hop until somebody answers (RFC 3261 sections 13.2, 9.1, 22)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import quote

import structlog

from ...app.ports import CallerIdentity
from ...core.endings import Ending, Reason, Side
from ...core.leg_inputs import Answered, CallFailed, LegInput, Reached, Ringing, WebLocal
from ...core.outbound import FailureAction, Hop, Target
from ...core.profiles import MediaEncryption
from ...wire.offer_answer import read_answer
from ...wire.sdp import Session, parse
from ...wire.sip.digest import HEADERS, DigestClient
from ...wire.sip.errors import OurMistake, TheirMistake
from ...wire.sip.events import DialogId, TransactionId
from ...wire.sip.flow import Flow
from ...wire.sip.message import Response, body_part
from ...wire.sip.reliable import FORKS_MOST, rseq_of
from ...wire.sip.session_timer import least_of
from ..shared.web_audio import audio_of
from .audio import NO_PORT, our_offer, read_offer
from .call import AGENT_MOST, SipCall, Wire
from .dialect import SESSION_EXPIRES
from .page import Page, read_page
from .redirections import elsewhere
from .resolver import Place
from .said import readable
from .stored_call import StoredInvite
from .tries import Tries, Watching
from .ways import DATAGRAM_MOST, Invitation, NoWay, Way

log = structlog.get_logger(__name__)

NAME_MOST = 100  # characters of a display name


class CallingWire(Wire, Watching, Protocol):
    """What a call that we make asks of the agent."""

    def spawn(self, work: Coroutine[Any, Any, None], on_failure: Callable[[], None]) -> None: ...

    async def way_to(self, hop: Hop, passed: Collection[Place] = ()) -> Way:
        """The best but for those that were tried. Raises NoWay."""
        ...

    async def stream_to(self, flow: Flow) -> Flow | None:
        """The same peer by a stream; None: it takes none."""
        ...

    def invite(self, leg: OutgoingSipLeg, invitation: Invitation) -> TransactionId:
        """Responses come to the leg's `responded` and `unanswered`. Raises OurMistake, TheirMistake."""
        ...

    def cancel(self, transaction: TransactionId) -> None: ...

    def abandon(self, transaction: TransactionId) -> None:
        """Cancel it and tell nothing more of it; who takes the call all the same is hung up on."""
        ...

    def sent(self, transaction: TransactionId) -> bytes | None:
        """The INVITE as it went out; None: it has its final response."""
        ...

    def answered(self, leg: OutgoingSipLeg, dialog: DialogId) -> None:
        """From now on events of the dialog are the leg's."""
        ...


# What a final response says of the person called; 5xx and whatever else is wrong with the way itself is not here.
_REFUSED: dict[int, Reason] = {
    404: Reason.UNREACHABLE,
    408: Reason.NO_ANSWER,
    410: Reason.UNREACHABLE,
    415: Reason.NO_COMMON_CODEC,
    480: Reason.NO_ANSWER,
    482: Reason.LOOP,
    483: Reason.TOO_MANY_HOPS,
    484: Reason.UNREACHABLE,
    485: Reason.UNREACHABLE,
    486: Reason.BUSY,
    487: Reason.NO_ANSWER,  # the peer gave up by itself
    488: Reason.NO_COMMON_CODEC,
    600: Reason.BUSY,
    603: Reason.DECLINED,
    604: Reason.UNREACHABLE,
    606: Reason.NO_COMMON_CODEC,
}


def ending_of(status: int) -> Ending:
    """What a final response of 300 to 699 to our INVITE means; a redirection, where it is not followed."""
    if status in _REFUSED:
        return Ending(Side.REMOTE, _REFUSED[status])
    return Ending(Side.REMOTE, Reason.UNREACHABLE if 500 <= status < 600 else Reason.DECLINED)


class CallByHop(SipCall):
    """A call that went by a hop, as far as it did: by it goes the way back, and for it are the credentials."""

    _calling: CallingWire

    async def way_back(self) -> Flow | None:
        if self._hop is None:
            return None
        try:
            return (await self._calling.way_to(self._hop)).flow
        except NoWay:
            return None

    def prove(self, status: int, challenges: list[str], method: str, uri: str) -> tuple[str, str] | None:
        digest = digest_of(self._hop) if self._hop is not None else None
        return digest.answer(status, challenges, method, uri) if digest is not None else None


class OutgoingSipLeg(CallByHop):
    """Implements OutgoingDoor."""

    def __init__(
        self,
        target: Target,
        identity: CallerIdentity,
        wire: CallingWire,
        call_id: str,
        session: int,
        encryption: MediaEncryption = MediaEncryption.OPTIONAL,
        headers: tuple[tuple[str, str], ...] = (),
        by_dtls: bool = False,
    ) -> None:
        """headers: of every INVITE of this call, beside the usual ones. by_dtls: how keys are agreed that we offer."""
        super().__init__(wire, call_id, "", session)
        self._calling = wire
        self._target = target.uri + target.parameters
        self._headers = headers
        self._identity = identity
        self._encryption = encryption
        self._by_dtls = by_dtls
        self._attempts = 0
        self._invite: TransactionId | None = None
        self._sent_invitation: Invitation | None = None
        self._digest: DigestClient | None = None
        self._tries = Tries(wire, lambda: None)
        self._media_local = ""  # where our port is bound
        self._web: WebLocal | None = None  # and what is told of it besides
        self._foretold: dict[str, Session] = {}  # by tag: answers that came before the call was taken

    # --- OutgoingDoor ------------------------------------------------------------------------------------------

    def reach(self, hop: Hop) -> None:
        self._tries = Tries(self._calling, lambda: self._dead(Ending(Side.REMOTE, Reason.UNREACHABLE)))
        self._calling.spawn(self._reach(hop), lambda: self._failed(Ending(Side.LOCAL, Reason.UNREACHABLE)))

    async def _reach(self, hop: Hop) -> None:
        try:
            way = await self._calling.way_to(hop)
        except NoWay as no:
            self._failed(no.ending)
            return
        self._media_local = way.media_local
        self._go(hop, way)
        keys = "dtls" if self._by_dtls and self._offers_srtp(way.flow) else ""
        if way.flow.transport in {"ws", "wss"} and self._encryption is not MediaEncryption.PROHIBITED:
            keys = "web"  # whoever registered by WebSocket is a page
        self._tell(Reached(way.media_local, way.flow.remote[0], keys))

    def _go(self, hop: Hop, way: Way) -> None:
        self._tries.at(way.place, way.another or hop.failure_action is FailureAction.CONTINUE)
        self._hop, self._flow, self._media_address = hop, way.flow, way.media_address

    def place(self, port: int, web: WebLocal | None = None) -> None:
        hop, flow = self._hop, self._flow
        if hop is None or flow is None or self.ended:
            return
        self._port, self._web = port, web
        self._attempts += 1
        if self._attempts > 1:
            self._call_id = f"{self._call_id.partition('-')[0]}-{self._attempts}"  # another call to another place
        self._digest = digest_of(hop)
        self._sent = self._our_offer(port, flow, web)
        user = quote(self._identity.user, safe="-_.!~*'()&=+$,/")
        target, contact = hop.contact or hop.target or self._target, None
        if hop.contact_domain:
            secure = target.startswith("sips:") and flow.transport == "tls"
            transport = "" if flow.transport == "udp" or secure else f";transport={flow.transport}"
            contact = f"<{'sips' if secure else 'sip'}:{user}@{hop.contact_domain}{transport}>"
        self._send(
            Invitation(
                target=target,
                flow=flow,
                from_=f"{display(self._identity.name)}<sip:{user}@{hop.from_domain or self._identity.domain}>",
                body=self._sent.serialise(),
                call_id=self._call_id,
                contact=contact,
                headers=self._headers,
                direct=hop.contact is not None,
            )
        )

    def _our_offer(self, port: int, flow: Flow, web: WebLocal | None) -> Session:
        if web is not None and web.ufrag:
            self._page = Page(self._session, self._wire.respond)
            return parse(self._page.offer(web))
        self._page = None
        self._fingerprint = web.fingerprint if web is not None else None
        crypto = self._keys.first() if self._offers_srtp(flow) and self._fingerprint is None else None
        return our_offer((self._media_address, port), self._session, crypto, self._fingerprint)

    def _offers_srtp(self, flow: Flow) -> bool:
        """Where it must be, and where the way keeps the keys secret; then it is SRTP or no call (RFC 4568, 5.1.1)."""
        if self._encryption is MediaEncryption.OPTIONAL:
            return flow.transport in {"tls", "wss"}
        return self._encryption is MediaEncryption.REQUIRED

    def give_up(self) -> None:
        self.ended = True
        self._tries.over()
        if self._invite is not None:
            self._calling.cancel(self._invite)

    def written(self) -> bytes:
        """Before an answer, what the next life of the server needs to give the call up."""
        if self.dialog is not None:
            return super().written()
        sent = self._calling.sent(self._invite) if self._invite is not None and not self.ended else None
        flow = self._sent_invitation.flow if self._sent_invitation is not None else None
        return StoredInvite(sent, flow, self._hop).encoded() if sent is not None and flow is not None else b""

    # --- the wire ----------------------------------------------------------------------------------------------

    def _send(self, invitation: Invitation) -> None:
        if invitation.flow.transport == "udp" and invitation.length > DATAGRAM_MOST:
            self._calling.spawn(
                self._send_by_stream(invitation), lambda: self._failed(Ending(Side.LOCAL, Reason.UNREACHABLE))
            )
        else:
            self._send_now(invitation)

    async def _send_by_stream(self, invitation: Invitation) -> None:
        """Too long for a datagram: by TCP where the peer has it, else as it is."""
        flow = await self._calling.stream_to(invitation.flow)
        if not self.ended:
            self._flow = flow or invitation.flow
            self._send_now(replace(invitation, flow=self._flow))

    def _send_now(self, invitation: Invitation) -> None:
        self._sent_invitation = invitation
        try:
            self._invite = self._calling.invite(self, invitation)
            self._tries.sent(invitation.flow)
        except (OurMistake, TheirMistake) as problem:
            log.warning("a call could not be placed", problem=str(problem))
            self._failed(Ending(Side.LOCAL, Reason.SYSTEM_LIMIT))

    def responded(self, response: Response, dialog: DialogId | None) -> None:
        """A response to our INVITE."""
        status = response.status
        self._tries.heard(status)
        if status < 200:
            if status > 100:
                self._note_early(response)
                self._tell(Ringing())
            return
        self._invite = None
        if status < 300 and dialog is not None:
            self._answer(response, dialog)
        elif status == 503:
            self._dead(ending_of(status))
        elif not self._authenticate(response) and not self._longer(response):
            self._tell(CallFailed(ending_of(status), elsewhere(response)))

    def unanswered(self, why: str) -> None:
        """Our INVITE got no final response, or its connection broke."""
        self._invite = None
        reason = Reason.UNREACHABLE if why == "timeout" else Reason.TRANSPORT_FAILED
        self._dead(Ending(Side.REMOTE, reason))

    def _dead(self, ending: Ending) -> None:
        """Nobody took the call where the hop was tried: by its next place, where it has one."""
        hop, invite, self._invite = self._hop, self._invite, None
        if invite is not None:
            self._calling.abandon(invite)
        if hop is None or self.ended or not self._tries.dead():
            self._failed(ending)
            return
        self._calling.spawn(self._go_on(hop, ending), lambda: self._failed(ending))

    async def _go_on(self, hop: Hop, ending: Ending) -> None:
        """To the next place that is reached from where our port is bound."""
        try:
            way = await self._calling.way_to(hop, self._tries.passed)
            while way.media_local != self._media_local and way.place is not None:
                self._tries.passed.add(way.place)
                way = await self._calling.way_to(hop, self._tries.passed)
        except NoWay:
            self._failed(ending)
            return
        self._go(hop, way)
        self.place(self._port, self._web)

    def _note_early(self, response: Response) -> None:
        """An answer in what arrives reliably is one (RFC 3262 section 5). What is played before the call is taken, a
        ringing tone or an announcement, is nothing to be heard in a meeting."""
        answer = read_offer(body_part(response, "application/sdp"))
        if answer is not None and rseq_of(response) is not None and len(self._foretold) < FORKS_MOST:
            self._foretold[response.to.tag or ""] = answer

    def _answer(self, response: Response, dialog: DialogId) -> None:
        agent = response.headers.get("Server") or response.headers.get("User-Agent") or ""
        self._user_agent = readable(agent, AGENT_MOST)
        if self.ended:
            self._wire.bye(dialog, [])  # the answer crossed our CANCEL
            return
        body, foretold = body_part(response, "application/sdp"), self._foretold.get(response.to.tag or "")
        if self._page is not None and body is None and foretold is not None:
            body = foretold.serialise()
        if self._page is not None and (page := read_page(body)) is not None:
            self.dialog, self.audio = dialog, audio_of(page)
            self._calling.answered(self, dialog)
            self._tell(Answered(self.audio))
            return
        answer = read_offer(body) or foretold
        audio = read_answer(self._sent, answer) if self._sent is not None and answer is not None else None
        if audio is None or self._flow is None or self._page is not None:
            self._wire.bye(dialog, [("Reason", 'SIP;cause=488;text="no common codec"')])
            self._failed(Ending(Side.REMOTE, Reason.NO_COMMON_CODEC))
            return
        self.dialog = dialog
        self._agreed(audio)
        self.audio = self._heard(audio, (self._flow.remote[0], NO_PORT))
        self._calling.answered(self, dialog)
        self._tell(Answered(self.audio))

    def _authenticate(self, response: Response) -> bool:
        """Repeat the INVITE with our credentials, where the challenge is one that we answer."""
        sent = self._sent_invitation
        if response.status not in HEADERS or self._digest is None or sent is None or self.ended:
            return False
        lines = response.headers.lines(HEADERS[response.status][0])
        header = self._digest.answer(response.status, lines, "INVITE", sent.target)
        if header is None:
            return False
        self._once_more(sent, response, header)
        return True

    def _longer(self, response: Response) -> bool:
        """Repeat the INVITE with the least session interval that the peer takes (RFC 4028 section 7.3), once."""
        sent = self._sent_invitation
        if response.status != 422 or sent is None or self.ended or any(name == "Min-SE" for name, _ in sent.headers):
            return False
        try:
            least = least_of(response)
        except TheirMistake:
            return False
        self._once_more(sent, response, ("Session-Expires", str(max(least, SESSION_EXPIRES))), ("Min-SE", str(least)))
        return True

    def _once_more(self, sent: Invitation, response: Response, *headers: tuple[str, str]) -> None:
        """The same INVITE with these headers in place of those of their names."""
        names = [name for name, _ in headers]
        kept = [line for line in sent.headers if line[0] not in names]
        self._send(replace(sent, headers=(*kept, *headers), from_tag=response.from_.tag, cseq=sent.cseq + 1))

    def _failed(self, ending: Ending) -> None:
        self._tell(CallFailed(ending))

    def _tell(self, message: LegInput) -> None:
        """Nothing more is told of a call that was given up."""
        if not self.ended:
            self._post(message)


def digest_of(hop: Hop) -> DigestClient | None:
    """What answers the challenges of a hop; None: we have no credentials for it."""
    known = hop.credentials
    return DigestClient(known.realm, known.username, known.password.reveal()) if known is not None else None


def display(name: str) -> str:
    """A display name as it stands before an address, with its blank; empty for none."""
    text = "".join(char for char in name[:NAME_MOST] if char.isprintable()).strip()
    if not text:
        return ""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '" '
