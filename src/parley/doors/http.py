"""One HTTP or HTTPS listener: an ASGI application on sockets of its own, in the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 512
SOCKET_MESSAGE_MOST = 256 * 1024  # bytes of one WebSocket message


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the whole server, not to one listener of it."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever keeps an idle connection by TLS would be waited for: a farewell that he may never read."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and _is_idle(connection) and not transport.get_write_buffer_size():
                transport.abort()
        await super().shutdown(sockets)


def _is_idle(connection: object) -> bool:
    """Of HTTP, without a request that is being answered."""
    if not hasattr(connection, "cycle"):
        return False  # a WebSocket, which is told why
    return connection.cycle is None or bool(connection.cycle.response_complete)


class HttpListener:
    """Listens from `open` to `close`. websockets: the application speaks that too."""

    def __init__(self, app: ASGIApp, name: str, *, websockets: bool = False) -> None:
        self._app = app
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
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="websockets-sansio" if self._websockets else "none",
            ws_max_size=SOCKET_MESSAGE_MOST,
            ws_per_message_deflate=False,  # its windows would cost more memory than its messages
            proxy_headers=False,  # a header never says who asks
            server_header=False,
            date_header=True,
            backlog=BACKLOG,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=2,
            ssl_certfile=str(files[0]) if files else None,
            ssl_keyfile=str(files[1]) if files else None,
            ssl_context_factory=(lambda _config, _default: context) if context else None,
        )
        self._server = _Server(config)
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
