"""The agent's calling half: ways to next hops, INVITEs of ours, and whose responses are whose."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import ssl
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from ...app.ports import CallerIdentity, Clock
from ...core.endings import Reason, Side
from ...core.forwarding import Passage
from ...core.ids import OutboundRuleId
from ...core.outbound import Hop, Target
from ...core.profiles import MediaEncryption
from ...wire.sip.address import URI
from ...wire.sip.errors import TheirMistake
from ...wire.sip.events import DialogId, ResponseReceived, TransactionFailed, TransactionId
from ...wire.sip.flow import Flow
from ...wire.sip.layer import SipLayer
from .addresses import media_address, media_bind_address
from .listeners import Listeners, Security, is_ours
from .outgoing import OutgoingSipLeg
from .passing import headers_of
from .resolver import DEFAULT_PORTS, NameUnknown, Place, Resolver
from .stored_call import StoredInvite
from .tries import Shunned, Vigil
from .ways import Invitation, NoWay, Way

log = structlog.get_logger(__name__)

PEER = OutboundRuleId("peer")  # stands for a rule where the far end of a call is meant
CONNECT_WITHIN = 5.0  # seconds for a stream

Spawn = Callable[..., None]


class Agent(Protocol):
    """What the calling half needs of the whole."""

    def respond(
        self, transaction: TransactionId, status: int, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()
    ) -> None: ...

    def bye(self, dialog: DialogId, headers: list[tuple[str, str]]) -> None: ...

    def adopt(self, dialog: DialogId, leg: OutgoingSipLeg) -> None:
        """Events of this dialog are the leg's from now on."""
        ...

    def flush(self) -> None: ...

    def snapshot(self, dialog: DialogId) -> dict[str, Any] | None: ...

    def session(self) -> int:
        """A number for the o= line of a new call."""
        ...


class SipDialler:
    """Implements Dialler for the app and CallingWire for its legs."""

    def __init__(
        self,
        agent: Agent,
        layer: SipLayer,
        listeners: Listeners,
        clock: Clock,
        spawn: Spawn,
        media_address: str | None,
        resolver: Resolver,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """trust: whose certificates TLS peers may show; None: those that the system trusts."""
        self._agent = agent
        self._layer = layer
        self._listeners = listeners
        self._clock = clock
        self._spawn = spawn
        self._media_address = media_address
        self._resolver = resolver
        self._trust = trust or ssl.create_default_context()
        self._calls: dict[TransactionId, OutgoingSipLeg] = {}
        self._shunned = Shunned()
        self.offers_dtls = False  # where SRTP is offered, with keys by DTLS

    def outgoing(
        self,
        target: Target,
        identity: CallerIdentity,
        encryption: MediaEncryption = MediaEncryption.OPTIONAL,
        passage: Passage | None = None,
    ) -> OutgoingSipLeg:
        call_id, session = secrets.token_hex(12), self._agent.session()
        headers = headers_of(passage)
        return OutgoingSipLeg(target, identity, self, call_id, session, encryption, headers, self.offers_dtls)

    # --- CallingWire -------------------------------------------------------------------------------------------

    def respond(
        self, transaction: TransactionId, status: int, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._agent.respond(transaction, status, body, headers)

    def bye(self, dialog: DialogId, headers: list[tuple[str, str]]) -> None:
        self._agent.bye(dialog, headers)

    def snapshot(self, dialog: DialogId) -> dict[str, Any] | None:
        return self._agent.snapshot(dialog)

    def answered(self, leg: OutgoingSipLeg, dialog: DialogId) -> None:
        self._agent.adopt(dialog, leg)

    def spawn(self, work: Coroutine[Any, Any, None], on_failure: Callable[[], None]) -> None:
        self._spawn(work, on_failure)

    def invite(self, leg: OutgoingSipLeg, invitation: Invitation) -> TransactionId:
        transaction = self._layer.invite(
            invitation.target,
            invitation.flow,
            self._clock.now(),
            from_=invitation.from_,
            body=invitation.body,
            headers=invitation.headers,
            call_id=invitation.call_id,
            from_tag=invitation.from_tag,
            cseq=invitation.cseq,
            contact=invitation.contact,
            credentials=leg.prove,
            direct=invitation.direct,
        )
        self._calls[transaction] = leg
        self._agent.flush()
        return transaction

    def cancel(self, transaction: TransactionId) -> None:
        self._layer.cancel(transaction, self._clock.now())
        self._agent.flush()

    def abandon(self, transaction: TransactionId) -> None:
        self._calls.pop(transaction, None)
        self._layer.cancel(transaction, self._clock.now(), unwanted=True)
        self._agent.flush()

    def watch(self, flow: Flow, nobody: Callable[[], None]) -> Vigil:
        return Vigil(self._clock, flow, nobody)

    def shun(self, place: Place) -> None:
        log.warning("a place of a next hop does not answer", address=place.address, port=place.port)
        self._shunned.note(place, self._clock.now())

    def sent(self, transaction: TransactionId) -> bytes | None:
        return self._layer.sent(transaction)

    async def withdraw(self, stored: StoredInvite) -> None:
        """Give up a call of the life before that rang, where there is a way still."""
        flow = stored.flow
        try:
            if flow.reliable and stored.hop is not None:
                flow = (await self.way_to(stored.hop)).flow
            self._layer.withdraw(stored.sent, flow, self._clock.now())
        except NoWay:
            log.info("no way to who was rung by the life before", address=flow.remote[0])
        self._agent.flush()

    # --- responses ---------------------------------------------------------------------------------------------

    def take(self, event: ResponseReceived | TransactionFailed) -> bool:
        """A response to an INVITE of ours that makes a call, or none. False: the request was another one."""
        leg = self._calls.get(event.transaction)
        if leg is None:
            return False
        if isinstance(event, TransactionFailed):
            del self._calls[event.transaction]
            leg.unanswered(event.why)
            return True
        if event.response.status >= 200:
            del self._calls[event.transaction]
        leg.responded(event.response, event.dialog)
        return True

    # --- ways --------------------------------------------------------------------------------------------------

    async def way_to(self, hop: Hop, passed: Collection[Place] = ()) -> Way:
        if hop.contact is not None:
            return self._way_back(hop)
        try:
            places = await self._resolver.places(hop.host, hop.port, hop.transport)
        except NameUnknown:
            raise NoWay(Side.LOCAL, Reason.NAME_UNKNOWN) from None
        reason = Reason.UNREACHABLE
        untried = [place for place in self._shunned.last(places, self._clock.now()) if place not in passed]
        for number, place in enumerate(untried, 1):
            if self.is_loop(place.address, place.port, place.transport):
                log.warning("a call would come back to us", rule=hop.rule, address=place.address, port=place.port)
                reason = Reason.UNREACHABLE if no_host(place.address) else Reason.LOOP
                continue
            flow = await self._flow(place, hop.host)
            if flow is not None:
                return replace(self._way_by(flow, place.address), place=place, another=number < len(untried))
        raise NoWay(Side.LOCAL, reason)

    async def flow_to(self, uri: str) -> Flow | None:
        """Another way to a peer whose stream is gone, by its Contact or the first proxy; None: there is none."""
        try:
            place = URI.parse(uri)
            transport = "tls" if place.scheme == "sips" else (place.param("transport") or "udp").lower()
            if transport not in DEFAULT_PORTS or not place.host:
                return None  # a page's: it comes to us
            return (await self.way_to(Hop(PEER, place.host, place.port, transport))).flow
        except (NoWay, TheirMistake):
            return None

    async def stream_to(self, flow: Flow) -> Flow | None:
        """The same peer by TCP, for what is too long for a datagram (RFC 3261 section 18.1.1)."""
        return await self._flow(Place(*flow.remote, "tcp"), flow.remote[0])

    def _way_by(self, flow: Flow, remote: str) -> Way:
        local = flow.local[0]
        told = media_address(self._media_address, local, remote)
        return Way(flow, told, media_bind_address(self._media_address, local, remote))

    def _way_back(self, hop: Hop) -> Way:
        """To a device that registered from there: datagrams by our socket, streams by the one that it opened."""
        port = hop.port or DEFAULT_PORTS.get(hop.transport, 0)
        if hop.transport == "udp":
            flow = self._listeners.datagram_flow(hop.host, port)
        else:
            flow = self._listeners.accepted(hop.transport, hop.host, port)
        if flow is None:
            raise NoWay(Side.REMOTE, Reason.UNREACHABLE)
        return self._way_by(flow, hop.host)

    def is_loop(self, address: str, port: int, transport: str) -> bool:
        """Would a call to there arrive at a listener of ours, or at no one host at all?"""
        if no_host(address):
            return True
        return any(
            port == own_port and (host == address or (host in {"0.0.0.0", "::"} and is_ours(address)))
            for host, own_port in self._listeners.places(transport)
        )

    async def _flow(self, place: Place, name: str) -> Flow | None:
        """name: whose certificate a TLS peer must show."""
        if place.transport == "udp":
            return self._listeners.datagram_flow(place.address, place.port)
        security = Security(name, self._trust) if place.transport == "tls" else None
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                return await self._listeners.connect(place.address, place.port, security)
        except (OSError, TimeoutError) as problem:
            log.info("no stream to a next hop", address=place.address, port=place.port, problem=str(problem))
            return None


def no_host(address: str) -> bool:
    """Is it every address, or many hosts'?"""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return ip.is_unspecified or ip.is_multicast
