"""The network between one person and the server, which a story can cut, mend, and change under a running call.

A relay with an address of its own: TCP for the pages and the WebSocket, UDP for the sound. What the server sees are
the relay's sockets, as it sees those of a router that translates addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

CHUNK = 1 << 16
Address = tuple[str, int]


class Cable:
    """`async with Cable(near, far, tcp_port=..., udp_port=...) as cable:`: what is sent to `near` reaches `far`."""

    def __init__(self, near: str, far: str, *, tcp_port: int = 0, udp_port: int) -> None:
        self.near, self.far = near, far
        self._tcp_port, self._udp_port = tcp_port, udp_port
        self._whole = True
        self._connections: set[asyncio.StreamWriter] = set()
        self._routes: dict[Address, asyncio.DatagramTransport] = {}  # the server's side of each sender near

    async def __aenter__(self) -> Cable:
        loop = asyncio.get_running_loop()
        self._server = (
            await asyncio.start_server(self._connected, self.near, self._tcp_port) if self._tcp_port else None
        )
        self._local, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._from_near), local_addr=(self.near, self._udp_port)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        self.cut()
        self.move()
        self._local.close()

    def cut(self) -> None:
        """Nothing goes through any more; connections break."""
        self._whole = False
        self.break_connections()

    def mend(self) -> None:
        self._whole = True

    def break_connections(self) -> None:
        """Every TCP connection breaks; new ones can be made unless the cable is cut."""
        for writer in self._connections:
            writer.transport.abort()
        self._connections.clear()

    def move(self) -> None:
        """From now on the sound comes from another port: the network has changed."""
        for transport in self._routes.values():
            transport.close()
        self._routes.clear()

    # --- TCP ------------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self.far, self._tcp_port)
        self._connections |= {writer, far_writer}
        with contextlib.suppress(OSError):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._connections -= {writer, far_writer}
        writer.transport.abort()
        far_writer.transport.abort()

    # --- UDP ------------------------------------------------------------------------------------------------------

    def _from_near(self, data: bytes, sender: Address) -> None:
        if not self._whole:
            return
        if sender in self._routes:
            self._routes[sender].sendto(data)
        else:
            asyncio.get_running_loop().create_task(self._open_route(data, sender))

    async def _open_route(self, data: bytes, sender: Address) -> None:
        def back(answer: bytes, _: Address) -> None:
            if self._whole:
                self._local.sendto(answer, sender)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(back), remote_addr=(self.far, self._udp_port)
        )
        if sender in self._routes:
            transport.close()
            return
        self._routes[sender] = transport
        transport.sendto(data)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received) -> None:  # type: ignore[no-untyped-def]
        self.datagram_received = received


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
