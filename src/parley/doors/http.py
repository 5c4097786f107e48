"""One HTTP or HTTPS listener: an ASGI application on sockets of its own, in the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SOCKET_MESSAGE_MOST = 256 * 1024  # bytes of one WebSocket message
KEEP_ALIVE = 30  # seconds between two requests
HEAD_MOST = 64 * 1024  # bytes of a request's line and headers, or of trailers; a browser's cookies have 8 KB at most
AHEAD_MOST = 16  # requests of one connection that wait for the answer to the one before
TICKS = 10  # of uvicorn, between two looks at who owes us something


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. head: of a request, beginning with the end of the one before; whole: for all of one."""

    head: float = 40.0
    whole: float = 120.0


class Accepting(Protocol):
    """How connections come in, within their bounds."""

    def listen(self, sock: socket.socket, serve: Callable[[socket.socket, str], Coroutine[Any, Any, None]]) -> None:
        """Raises OSError."""
        ...

    async def open(
        self, make: Callable[[], asyncio.BaseProtocol], connection: socket.socket, context: ssl.SSLContext | None
    ) -> asyncio.Transport | None: ...

    async def stop(self) -> None: ...

    async def close(self) -> None: ...


class TooManyAhead(Exception):
    """Of requests; the parser makes 400 of it."""


class BoundedHttp(HttpToolsProtocol):
    """Whoever goes over a bound is answered 400, and the connection is closed. uvicorn's own protocol bounds neither a
    head nor how many requests are sent ahead of their answers, and one connection could fill the memory with either."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._undecided = 0  # bytes since something of a request was whole

    def data_received(self, data: bytes) -> None:
        self._undecided += len(data)
        super().data_received(data)
        if self._undecided > HEAD_MOST and self.transport.get_protocol() is self and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        self._undecided = 0
        if len(self.pipeline) >= AHEAD_MOST:
            raise TooManyAhead
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._undecided = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._undecided = 0
        super().on_message_complete()


@dataclass(eq=False, slots=True)
class _Held:
    """One connection. owing: what its peer owes us, of which request, since when."""

    protocol: Any  # uvicorn's
    transport: asyncio.Transport
    over: asyncio.Event = field(default_factory=asyncio.Event)
    owing: tuple[float, object] = (0.0, None)
    since: float = 0.0


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, accepting: Accepting, patience: Patience) -> None:
        super().__init__(config)
        self._accepting, self._patience = accepting, patience
        self._held: set[_Held] = set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the whole server, not to one listener of it."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Connections are accepted, counted and ended by us; what is said on them is uvicorn's."""
        for sock in sockets or []:
            self._accepting.listen(sock, self._serve_connection)
        await super().startup([])

    async def _serve_connection(self, connection: socket.socket, _host: str) -> None:
        make: Any = self.config.http_protocol_class
        protocol = make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        transport = await self._accepting.open(lambda: protocol, connection, self.config.ssl)
        if transport is None:
            return
        held = _Held(protocol, transport, since=asyncio.get_running_loop().time())
        self._held.add(held)
        try:
            await held.over.wait()
        finally:
            self._held.discard(held)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        now = asyncio.get_running_loop().time()
        for held in self._held:
            if held.transport.is_closing():
                held.over.set()
            elif counter % TICKS == 0:
                self._look_at(held, now)
        return await super().on_tick(counter)

    def _look_at(self, held: _Held, now: float) -> None:
        """Neither who says nothing nor who drips is waited for."""
        protocol = held.protocol
        within = self._owed_within(protocol) if protocol in self.server_state.connections else 0.0  # else a WebSocket
        if held.owing != (within, protocol.cycle):
            if held.owing[0]:
                held.since = now
            held.owing = (within, protocol.cycle)
        if within and now - held.since > within:
            held.transport.abort()

    def _owed_within(self, protocol: Any) -> float:
        """Seconds in which the peer must go on; 0: it is our turn."""
        if _is_idle(protocol):
            return self._patience.head
        return self._patience.whole if protocol.cycle.more_body else 0.0

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever keeps an idle connection by TLS would be waited for: a farewell that he may never read."""
        await self._accepting.stop()
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and _is_idle(connection) and not transport.get_write_buffer_size():
                transport.abort()
        await super().shutdown(sockets)
        await self._accepting.close()


def _is_idle(connection: object) -> bool:
    """Of HTTP, without a request that is being answered."""
    if not hasattr(connection, "cycle"):
        return False  # a WebSocket, which is told why
    return connection.cycle is None or bool(connection.cycle.response_complete)


class HttpListener:
    """Listens from `open` to `close`. accepting: its own; websockets: the application speaks that too."""

    def __init__(
        self,
        app: ASGIApp,
        name: str,
        accepting: Accepting,
        *,
        websockets: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self._app = app
        self._accepting = accepting
        self._patience = patience or Patience()
        self._name = name
        self._websockets = websockets
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self, sockets: list[socket.socket], tls: tuple[Path, Path] | ssl.SSLContext | None = None) -> None:
        """Serve on bound stream sockets; tls: certificate chain and key, or who we are. Returns when requests are
        answered. Raises OSError."""
        files = tls if isinstance(tls, tuple) else None
        context = tls if isinstance(tls, ssl.SSLContext) else None
        config = uvicorn.Config(
            self._app,
            http=BoundedHttp,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="websockets-sansio" if self._websockets else "none",
            ws_max_size=SOCKET_MESSAGE_MOST,
            ws_per_message_deflate=False,  # its windows would cost more memory than its messages
            proxy_headers=False,  # a header never says who asks
            server_header=False,
            date_header=True,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=2,
            ssl_certfile=str(files[0]) if files else None,
            ssl_keyfile=str(files[1]) if files else None,
            ssl_context_factory=(lambda _config, _default: context) if context else None,
        )
        self._server = _Server(config, self._accepting, self._patience)
        self._task = asyncio.create_task(self._server.serve(sockets=sockets), name=self._name)
        while not self._server.started:
            if self._task.done():
                await self._task
                raise OSError(f"{self._name} did not start")
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Answers what is under way, 2 s at most."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            self._server = self._task = None
