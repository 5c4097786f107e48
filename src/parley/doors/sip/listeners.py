"""Sockets for SIP: datagrams and streams in, flows and bytes to the agent. No SIP is understood here."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import cast

import structlog

from ...wire.sip.errors import TheirMistake
from ...wire.sip.flow import Address, Flow, Send
from ..shared.accepting import Acceptor, Turnstile
from .keepalive import binding_response, is_keep_alive
from .streams import Outlet, Patience, TcpOutlet, Turns, read_messages

log = structlog.get_logger(__name__)

ROUTE_HOLDS = 30.0  # seconds for which our address towards a peer is not asked for again
RECEIVE_BUFFER = 4 << 20  # a burst of calls must not overflow the socket while one is being handled

Receive = Callable[[bytes, Flow], None]
StreamLost = Callable[[Flow], None]
MaySend = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Connections at a time, of all transports together, counted from when they are accepted."""

    most: int = 1000
    per_source: int = 100
    patience: Patience = Patience()


def source_address(peer: str, now: float | None = None) -> str:
    """Our address on the route to a peer: what the peer can reach us at. Falls back to loopback.

    now: monotonic seconds; None: those of this machine. Routes come and go, the first of all while a machine starts.
    """
    return routed(peer, int((time.monotonic() if now is None else now) / ROUTE_HOLDS))


@lru_cache(maxsize=4096)
def routed(peer: str, _period: int) -> str:
    """The same, asked of the kernel once in each period."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((peer, 9))  # connects a datagram socket: looks the route up and sends nothing
            return str(probe.getsockname()[0])
    except OSError:
        return "::1" if family == socket.AF_INET6 else "127.0.0.1"


def is_ours(address: str) -> bool:
    """Can a socket of this machine stand on that address?"""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def every_address_like(address: str) -> str:
    """The wildcard of the same IP version."""
    return "::" if ":" in address else "0.0.0.0"


def bind_sockets(host: str, port: int, kind: socket.SocketKind) -> list[socket.socket]:
    """One socket, or one per IP version when `host` is `::`. Raises OSError; IPv6 alone may be missing."""
    hosts = ["0.0.0.0", "::"] if host == "::" else [host]
    bound: list[socket.socket] = []
    for one in hosts:
        family = socket.AF_INET6 if ":" in one else socket.AF_INET
        try:
            sock = socket.socket(family, kind)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            sock.setblocking(False)
            sock.bind((one, port or (bound[0].getsockname()[1] if bound else 0)))
        except OSError:
            if one == "::" and bound:
                log.warning("no IPv6 on this machine", port=port)
                continue
            for other in bound:
                other.close()
            raise
        bound.append(sock)
    return bound


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listeners: Listeners, name: str) -> None:
        self._listeners = listeners
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._local = transport.get_extra_info("sockname")
        self._everywhere = _wildcard(self._local[0])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        host, port = addr[0].partition("%")[0], addr[1]
        if is_keep_alive(data):
            if self._listeners.may_ping(host) and (answer := binding_response(data, (host, port))) is not None:
                self._transport.sendto(answer, addr)
            return
        if not self._listeners.may_send(host):
            return
        local = source_address(host) if self._everywhere else self._local[0]
        self._listeners.received(data, Flow("udp", (local, self._local[1]), (host, port), self._name))

    def error_received(self, exc: Exception) -> None:
        log.debug("datagram refused", problem=str(exc))


@dataclass(frozen=True, slots=True)
class Security:
    """What is asked of a TLS peer: a certificate of this name, from somebody the context trusts."""

    name: str
    context: ssl.SSLContext


class Listeners:
    """Owns every SIP socket. `receive(data, flow)` gets datagrams and whole stream messages.

    may_send: whether a source may be listened to now; its datagrams are dropped while not, its streams wait. may_ping:
    the same for what only keeps a way open, so that no number of those takes the place of a call.
    """

    def __init__(
        self,
        receive: Receive,
        broken: StreamLost,
        may_send: MaySend = lambda _source: True,
        limits: StreamLimits | None = None,
        may_ping: MaySend = lambda _source: True,
    ) -> None:
        self.received = receive
        self.may_send = may_send
        self.may_ping = may_ping
        self._broken = broken
        self._limits = limits or StreamLimits()
        self._datagrams: dict[str, asyncio.DatagramTransport] = {}
        self._turnstile = Turnstile(self._limits.most, self._limits.per_source)
        self._acceptor = Acceptor(self._turnstile, self._limits.patience.handshake)
        self._streams: dict[int, Outlet] = {}
        # Streams that we opened, by transport, where to, and whose certificate was shown.
        self._opened: dict[tuple[str, str, int, str], Flow] = {}
        self._accepted: dict[tuple[str, str, int], Flow] = {}  # streams that peers opened, by transport and whence
        self._readers: set[asyncio.Task[None]] = set()
        self._places: dict[str, list[tuple[str, int]]] = {}
        self._serial = 0
        self.ports: dict[str, int] = {}

    async def open_udp(self, host: str, port: int) -> None:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        for sock in bind_sockets(host, port, socket.SOCK_DGRAM):
            name = f"udp-{len(self._datagrams)}"
            self._open_at("udp", sock)
            transport, _ = await loop.create_datagram_endpoint(partial(_Datagrams, self, name), sock=sock)
            self._datagrams[name] = transport

    async def open_tcp(self, host: str, port: int) -> None:
        """Raises OSError."""
        await self._open_streams("tcp", host, port, None)

    async def open_tls(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Raises OSError."""
        await self._open_streams("tls", host, port, context)

    async def _open_streams(self, transport: str, host: str, port: int, context: ssl.SSLContext | None) -> None:
        for sock in bind_sockets(host, port, socket.SOCK_STREAM):
            self._open_at(transport, sock)
            self._acceptor.listen(sock, partial(self._serve_stream, transport, context))

    def _open_at(self, transport: str, sock: socket.socket) -> None:
        place = sock.getsockname()[:2]
        self.ports.setdefault(transport, place[1])
        self._places.setdefault(transport, []).append(place)

    def places(self, transport: str) -> list[tuple[str, int]]:
        """Where we listen, wildcards as they are."""
        return self._places.get(transport, [])

    def datagram_flow(self, host: str, port: int) -> Flow | None:
        """The flow by which a peer is reached over UDP; None where no socket of ours speaks its IP version."""
        for name, transport in self._datagrams.items():
            local, own_port = transport.get_extra_info("sockname")[:2]
            if (":" in local) == (":" in host):
                shown = source_address(host) if _wildcard(local) else local
                return Flow("udp", (shown, own_port), (host, port), name)
        return None

    def accepted(self, transport: str, host: str, port: int) -> Flow | None:
        """The stream that a peer opened from there, while it stands."""
        return self._accepted.get((transport, host, port))

    def stands(self, flow: Flow) -> bool:
        """False for a stream that is gone."""
        if not flow.reliable:
            return True
        outlet = self._streams.get(int(flow.connection))
        return outlet is not None and not outlet.is_closing()

    async def connect(self, host: str, port: int, security: Security | None = None) -> Flow:
        """A stream to a peer: the one that we opened before, else a new one. Raises OSError, ssl.SSLError among them
        when a TLS peer is not whom we want.

        It names our listener's port where we have one, because peers come back there when the stream is gone.
        """
        transport = "tls" if security is not None else "tcp"
        to = (transport, host, port, security.name if security is not None else "")
        known = self._opened.get(to)
        if known is not None and not self._streams[int(known.connection)].is_closing():
            return known
        if not self._turnstile.enter():
            raise OSError("too many streams")
        try:
            reader, writer = await self._open_stream(transport, host, port, security)
            local, own_port = writer.get_extra_info("sockname")[:2]
        except BaseException:
            self._turnstile.leave()
            raise
        self._serial += 1
        flow = Flow(transport, (local, self.ports.get(transport, own_port)), (host, port), self._serial)
        outlet = self._streams[self._serial] = TcpOutlet(writer)
        self._opened[to] = flow
        task = asyncio.get_running_loop().create_task(self._keep_stream(reader, outlet, flow, to))
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)
        return flow

    async def _open_stream(
        self, transport: str, host: str, port: int, security: Security | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        own = next((place for place, _ in self.places(transport) if (":" in place) == (":" in host)), None)
        return await asyncio.open_connection(
            host,
            port,
            local_addr=None if own is None or _wildcard(own) else (own, 0),
            ssl=security.context if security is not None else None,
            server_hostname=security.name if security is not None else None,
        )

    async def _keep_stream(
        self, reader: asyncio.StreamReader, outlet: Outlet, flow: Flow, to: tuple[str, str, int, str]
    ) -> None:
        try:
            await self._read_stream(reader, outlet, flow, accepted=False)
        finally:
            del self._streams[int(flow.connection)]
            if self._opened.get(to) == flow:
                del self._opened[to]
            self._turnstile.leave()
            outlet.close()
            self._broken(flow)

    def send(self, item: Send) -> None:
        """Put bytes on the wire. A stream that is gone is reported by `broken`."""
        flow = item.flow
        if not flow.reliable:
            transport = self._datagrams.get(str(flow.connection))
            if transport is not None and not transport.is_closing():
                try:
                    transport.sendto(item.data, flow.remote)
                except (OSError, ValueError) as problem:  # an address that a peer has named and no socket can reach
                    log.debug("datagram not sent", problem=str(problem))
            return
        outlet = self._streams.get(int(flow.connection))
        if outlet is None or outlet.is_closing():
            asyncio.get_running_loop().call_soon(self._broken, flow)
            return
        if outlet.unsent > RECEIVE_BUFFER:
            outlet.abort()  # a peer that does not read must not fill our memory
            return
        outlet.write(item.data)

    def attach(self, transport: str, local: Address, remote: Address, outlet: Outlet) -> Flow | None:
        """Take over a stream that a peer opened, until `detach`; None: there are too many."""
        return self._taken(transport, local, remote, outlet) if self._turnstile.enter(remote[0]) else None

    def detach(self, flow: Flow) -> None:
        """It has ended, or is to end."""
        self._turnstile.leave(flow.remote[0])
        self._given_up(flow)

    def _taken(self, transport: str, local: Address, remote: Address, outlet: Outlet) -> Flow:
        self._serial += 1
        flow = Flow(transport, local, remote, self._serial)
        self._streams[self._serial] = outlet
        self._accepted[(transport, *remote)] = flow
        return flow

    def _given_up(self, flow: Flow) -> None:
        outlet = self._streams.pop(int(flow.connection))
        key = (flow.transport, *flow.remote)
        if self._accepted.get(key) == flow:
            del self._accepted[key]
        outlet.close()
        self._broken(flow)

    async def _serve_stream(
        self, transport: str, context: ssl.SSLContext | None, connection: socket.socket, host: str
    ) -> None:
        opened = await self._acceptor.open_stream(connection, context)
        if opened is None:
            return
        reader, writer = opened
        outlet = TcpOutlet(writer)
        peer = writer.get_extra_info("peername")
        if peer is None:  # gone already
            outlet.close()
            return
        flow = self._taken(transport, writer.get_extra_info("sockname")[:2], (host, peer[1]), outlet)
        try:
            await self._read_stream(reader, outlet, flow, accepted=True)
        finally:
            self._given_up(flow)

    async def _read_stream(self, reader: asyncio.StreamReader, outlet: Outlet, flow: Flow, *, accepted: bool) -> None:
        def take(data: bytes) -> None:
            self.received(data, flow)

        source, patience = flow.remote[0], self._limits.patience
        try:
            turns = Turns(partial(self.may_send, source), partial(self.may_ping, source))
            await read_messages(reader, outlet, take, turns, patience, accepted=accepted)
        except (OSError, TimeoutError, TheirMistake) as problem:
            log.debug("SIP stream closed", peer=source, problem=str(problem))

    async def close(self) -> None:
        for outlet in list(self._streams.values()):
            outlet.close()
        for transport in self._datagrams.values():
            transport.close()
        for reader in list(self._readers):
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self._acceptor.close()
        await asyncio.sleep(0)


def _wildcard(host: str) -> bool:
    return ipaddress.ip_address(host).is_unspecified
