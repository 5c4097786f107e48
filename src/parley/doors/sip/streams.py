"""Streams that carry SIP: what is written to one, how messages are read from one, and for how long one may say nothing.

Nobody holds a stream for free: the first message, and the rest of one that was begun, must come within `whole` seconds;
after that a stream may be silent for `idle`. Who sends more than his share is read more slowly, which TCP tells him.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ...wire.sip.framing import PONG, Broken, Frame, Ping, StreamFramer

READ_MOST = 65536
SLOWED = 0.05  # seconds between two looks whether a source may go on
KEEP_IDLE, KEEP_INTERVAL, KEEP_TIMES = 60, 15, 4  # a peer that vanished is noticed within two minutes
UNACKNOWLEDGED_MS = 30_000  # a peer that takes no bytes for so long is gone: about what a transaction waits


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. idle: dialogs outlive their stream, and phones keep theirs alive."""

    idle: float = 600.0
    whole: float = 30.0
    handshake: float = 10.0  # of TLS


class Outlet(Protocol):
    """The sending side of one stream, whatever it is made of."""

    def write(self, data: bytes) -> None:
        """One message, or a keep-alive."""

    def is_closing(self) -> bool: ...

    def close(self) -> None: ...

    def abort(self) -> None:
        """At once, whatever is still to be sent."""

    @property
    def unsent(self) -> int:
        """Bytes that the peer has not taken yet."""


class TcpOutlet:
    """Of a TCP or TLS connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        keep_alive(writer.get_extra_info("socket"))

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def is_closing(self) -> bool:
        return self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    @property
    def unsent(self) -> int:
        return self._writer.transport.get_write_buffer_size()


def keep_alive(sock: socket.socket | None) -> None:
    """Have the kernel find out that a peer is gone; without such options it is found out later."""
    if sock is None:
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_IDLE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_INTERVAL)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_TIMES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)


@dataclass(frozen=True, slots=True)
class Turns:
    """Whether the source may go on now: with a message, or with a keep-alive."""

    message: Callable[[], bool]
    ping: Callable[[], bool]


async def room(may_go_on: Callable[[], bool]) -> None:
    """Wait until the source may go on."""
    for _ in iter(may_go_on, True):
        await asyncio.sleep(SLOWED)


async def read_messages(
    reader: asyncio.StreamReader,
    outlet: Outlet,
    take: Callable[[bytes], None],
    turns: Turns,
    patience: Patience,
    *,
    accepted: bool,
) -> None:
    """Until the peer closes. accepted: the peer opened it, so it is the peer's turn.

    Raises OSError, TimeoutError for who says too little, TheirMistake for who cannot be followed.
    """
    loop = asyncio.get_running_loop()
    framer = StreamFramer()
    owed_since = loop.time() if accepted else None
    while True:
        wait = patience.idle if owed_since is None else owed_since + patience.whole - loop.time()
        async with asyncio.timeout(max(wait, 0.0)):
            data = await reader.read(READ_MOST)
        if not data:
            return
        found = framer.feed(data)
        for item in found:
            await room(turns.ping if isinstance(item, Ping) else turns.message)
            match item:
                case Frame(frame):
                    take(frame)
                case Ping():
                    outlet.write(PONG)
                case Broken(mistake, wreck):
                    take(wreck)  # it may be worth a 400
                    raise mistake
        if not len(framer):
            owed_since = None
        elif found or owed_since is None:
            owed_since = loop.time()
