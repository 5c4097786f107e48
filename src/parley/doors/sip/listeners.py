"""Sockets for SIP: datagrams and streams in, flows and bytes to the agent. No SIP is understood here."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import structlog

from ...core.attempts import source_key
from ...wire.sip.errors import TheirMistake
from ...wire.sip.flow import Flow, Send
from ...wire.sip.framing import PONG, Broken, Frame, Ping, StreamFramer

log = structlog.get_logger(__name__)

RECEIVE_BUFFER = 4 << 20  # a burst of calls must not overflow the socket while one is being handled
STREAMS_MOST = 1000  # connections at a time
STREAMS_PER_SOURCE = 50
IDLE_AFTER = 600.0  # seconds without a byte; dialogs outlive their stream, phones keep theirs alive

Receive = Callable[[bytes, Flow], None]
StreamLost = Callable[[Flow], None]


@lru_cache(maxsize=4096)
def source_address(peer: str) -> str:
    """Our address on the route to a peer: what the peer can reach us at. Falls back to loopback."""
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
        self._local = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        host, port = addr[0].partition("%")[0], addr[1]
        local = self._local[0] if not _wildcard(self._local[0]) else source_address(host)
        self._listeners.received(data, Flow("udp", (local, self._local[1]), (host, port), self._name))

    def error_received(self, exc: Exception) -> None:
        log.debug("datagram refused", problem=str(exc))


@dataclass(frozen=True, slots=True)
class Security:
    """What is asked of a TLS peer: a certificate of this name, from somebody the context trusts."""

    name: str
    context: ssl.SSLContext


class Listeners:
    """Owns every SIP socket. `receive(data, flow)` gets datagrams and whole stream messages."""

    def __init__(self, receive: Receive, broken: StreamLost) -> None:
        self.received = receive
        self._broken = broken
        self._datagrams: dict[str, asyncio.DatagramTransport] = {}
        self._servers: list[asyncio.Server] = []
        self._streams: dict[int, asyncio.StreamWriter] = {}
        # Streams that we opened, by transport, where to, and whose certificate was shown.
        self._opened: dict[tuple[str, str, int, str], Flow] = {}
        self._accepted: dict[tuple[str, str, int], Flow] = {}  # streams that peers opened, by transport and whence
        self._readers: set[asyncio.Task[None]] = set()
        self._places: dict[str, list[tuple[str, int]]] = {}
        self._sources: dict[str, int] = {}
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

    async def open_tls(self, host: str, port: int, certificate: Path, key: Path) -> None:
        """Raises OSError. Peers show no certificate: who they are is not known by it."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        await self._open_streams("tls", host, port, context)

    async def _open_streams(self, transport: str, host: str, port: int, context: ssl.SSLContext | None) -> None:
        for sock in bind_sockets(host, port, socket.SOCK_STREAM):
            self._open_at(transport, sock)
            serve = partial(self._serve_stream, transport)
            self._servers.append(await asyncio.start_server(serve, sock=sock, backlog=512, ssl=context))

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
        writer = self._streams.get(int(flow.connection))
        return writer is not None and not writer.is_closing()

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
        if len(self._streams) >= STREAMS_MOST:
            raise OSError("too many streams")
        own = next((place for place, _ in self.places(transport) if (":" in place) == (":" in host)), None)
        source = None if own is None or _wildcard(own) else (own, 0)
        reader, writer = await asyncio.open_connection(
            host,
            port,
            local_addr=source,
            ssl=security.context if security is not None else None,
            server_hostname=security.name if security is not None else None,
        )
        local, own_port = writer.get_extra_info("sockname")[:2]
        self._serial += 1
        flow = Flow(transport, (local, self.ports.get(transport, own_port)), (host, port), self._serial)
        self._streams[self._serial] = writer
        self._opened[to] = flow
        task = asyncio.get_running_loop().create_task(self._keep_stream(reader, writer, flow, to))
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)
        return flow

    async def _keep_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow, to: tuple[str, str, int, str]
    ) -> None:
        try:
            await self._read_stream(reader, writer, flow)
        except (OSError, TimeoutError, TheirMistake) as problem:
            log.debug("SIP stream closed", peer=flow.remote[0], problem=str(problem))
        finally:
            del self._streams[int(flow.connection)]
            if self._opened.get(to) == flow:
                del self._opened[to]
            writer.close()
            self._broken(flow)

    def send(self, item: Send) -> None:
        """Put bytes on the wire. A stream that is gone is reported by `broken`."""
        flow = item.flow
        if not flow.reliable:
            transport = self._datagrams.get(str(flow.connection))
            if transport is not None and not transport.is_closing():
                transport.sendto(item.data, flow.remote)
            return
        writer = self._streams.get(int(flow.connection))
        if writer is None or writer.is_closing():
            asyncio.get_running_loop().call_soon(self._broken, flow)
            return
        if writer.transport.get_write_buffer_size() > RECEIVE_BUFFER:
            writer.transport.abort()  # a peer that does not read must not fill our memory
            return
        writer.write(item.data)

    async def _serve_stream(self, transport: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("peername")[:2]
        source = source_key(host)
        if len(self._streams) >= STREAMS_MOST or self._sources.get(source, 0) >= STREAMS_PER_SOURCE:
            writer.transport.abort()
            return
        self._serial += 1
        serial = self._serial
        flow = Flow(transport, writer.get_extra_info("sockname")[:2], (host, port), serial)
        self._streams[serial] = writer
        self._accepted[(transport, host, port)] = flow
        self._sources[source] = self._sources.get(source, 0) + 1
        try:
            await self._read_stream(reader, writer, flow)
        except (OSError, TimeoutError, TheirMistake) as problem:
            log.debug("SIP stream closed", peer=host, problem=str(problem))
        finally:
            del self._streams[serial]
            self._accepted.pop((transport, host, port), None)
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]
            writer.close()
            self._broken(flow)

    async def _read_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow) -> None:
        framer = StreamFramer()
        while True:
            async with asyncio.timeout(IDLE_AFTER):
                data = await reader.read(65536)
            if not data:
                return
            for item in framer.feed(data):
                match item:
                    case Frame(frame):
                        self.received(frame, flow)
                    case Ping():
                        writer.write(PONG)
                    case Broken(mistake, wreck):
                        self.received(wreck, flow)  # it may be worth a 400
                        raise mistake

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for writer in list(self._streams.values()):
            writer.close()
        for transport in self._datagrams.values():
            transport.close()
        for reader in list(self._readers):
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await asyncio.sleep(0)


def _wildcard(host: str) -> bool:
    return ipaddress.ip_address(host).is_unspecified
