"""Streams that peers open, counted from the moment they are accepted: before TLS, and before anything of them is read.

Whoever opens connections and says nothing costs at most his share of them.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from ...core.attempts import source_key

log = structlog.get_logger(__name__)

BACKLOG = 512
HANDSHAKE_WITHIN = 10.0  # seconds for TLS to begin, and for it to end
PAUSE = 0.5  # seconds without accepting, when the machine has no room for a connection
# Files that connections leave for everything else: the database, the journal, a media worker that must be started
# again. As large a share at most, where few are allowed at all.
RESERVED, RESERVED_SHARE = 64, 0.25

Serve = Callable[[socket.socket, str], Coroutine[Any, Any, None]]


def highest_descriptor() -> int:
    """Connections whose number is above it are closed at once: numbers are given from the lowest free one."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return 2**31
    return allowed - 1 - min(RESERVED, int(allowed * RESERVED_SHARE))


class Turnstile:
    """How many connections there are, in all and of each source (an IPv6 /64 is one)."""

    def __init__(self, most: int, per_source: int) -> None:
        self._most, self._per_source = most, per_source
        self._sources: dict[str, int] = {}
        self.inside = 0

    def enter(self, host: str = "") -> bool:
        """One more of that peer, or of ours; False: there are too many, and it does not count."""
        source = source_key(host) if host else ""
        known = self._sources.get(source, 0)
        if self.inside >= self._most or (source and known >= self._per_source):
            return False
        self.inside += 1
        if source:
            self._sources[source] = known + 1
        return True

    def leave(self, host: str = "") -> None:
        """One that had entered."""
        self.inside -= 1
        if host:
            source = source_key(host)
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]


class Acceptor:
    """Serves each connection in a task of its own, which is counted until it ends.

    within: seconds for TLS to begin, and for it to end.
    """

    def __init__(self, turnstile: Turnstile, within: float = HANDSHAKE_WITHIN) -> None:
        self._turnstile, self._within = turnstile, within
        self._sockets: list[socket.socket] = []
        self._loops: list[asyncio.Task[None]] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._highest = highest_descriptor()

    def listen(self, sock: socket.socket, serve: Serve) -> None:
        """From now on, on a bound socket, which is ours to close. serve: owns the connection it gets, and knows the
        peer's host. Raises OSError."""
        sock.listen(BACKLOG)
        sock.setblocking(False)
        self._sockets.append(sock)
        self._loops.append(asyncio.create_task(self._accept(sock, serve)))

    async def _accept(self, sock: socket.socket, serve: Serve) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(sock)
            except OSError as problem:
                log.warning("a connection cannot be accepted", problem=str(problem))
                await asyncio.sleep(PAUSE)
                continue
            host = address[0].partition("%")[0]
            if connection.fileno() > self._highest:
                log.warning("a connection was closed: too many files are open", files=connection.fileno())
                connection.close()
            elif self._turnstile.enter(host):
                task = asyncio.create_task(serve(connection, host))
                self._serving.add(task)
                task.add_done_callback(partial(self._over, host))
            else:
                connection.close()
            await asyncio.sleep(0)  # a flood must not keep everybody else waiting

    def _over(self, host: str, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._turnstile.leave(host)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("a connection failed", exc_info=failure)

    async def open(
        self, make: Callable[[], asyncio.BaseProtocol], connection: socket.socket, context: ssl.SSLContext | None
    ) -> asyncio.Transport | None:
        """The transport of a connection, when TLS stands; None: it never will, and the connection is closed."""
        loop = asyncio.get_running_loop()
        within = self._within if context is not None else None
        try:
            transport, _ = await loop.connect_accepted_socket(
                make, connection, ssl=context, ssl_handshake_timeout=within, ssl_shutdown_timeout=within
            )
        except OSError as problem:  # TLS's failures are such too
            log.debug("a connection came to nothing", problem=str(problem))
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise
        return transport

    async def open_stream(
        self, connection: socket.socket, context: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The same as a reader and a writer."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport = await self.open(lambda: protocol, connection, context)
        if transport is None:
            return None
        return reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())

    async def stop(self) -> None:
        """Nobody new comes in."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        for sock in self._sockets:
            sock.close()

    async def close(self) -> None:
        """Nobody is served any more either."""
        await self.stop()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
