"""SIP over WebSocket (RFC 7118): one message a WebSocket message, on an HTTP listener of ours.

A socket is a stream like a TCP connection: responses go back on it, a device that registered by it is called by it, and
it counts against the same bounds. The listener pings, and closes whoever does not answer; so a socket may be silent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...wire.sip.flow import Address, Flow
from ...wire.sip.framing import PONG
from ...wire.sip.parser import MAX_MESSAGE
from ..shared.conversation import converse
from .streams import Outlet, room

log = structlog.get_logger(__name__)

SUBPROTOCOL = "sip"
FIRST_WITHIN = 30.0  # seconds for the first message
SEND_WITHIN = 10.0  # seconds for one message to be taken
GOING_AWAY, POLICY, TOO_BIG, TRY_LATER = 1001, 1008, 1009, 1013


class Listeners(Protocol):
    """What a socket needs of the door's streams."""

    @property
    def received(self) -> Callable[[bytes, Flow], None]: ...

    @property
    def may_send(self) -> Callable[[str], bool]: ...

    @property
    def may_ping(self) -> Callable[[str], bool]: ...

    def attach(self, transport: str, local: Address, remote: Address, outlet: Outlet) -> Flow | None: ...

    def detach(self, flow: Flow) -> None: ...


class SocketOutlet:
    """What is still to be written to one socket."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._unsent = 0
        self._closing = False
        self.wake = asyncio.Event()

    def write(self, data: bytes) -> None:
        if not self._closing:
            self._waiting.append(data)
            self._unsent += len(data)
            self.wake.set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True
        self.wake.set()

    def abort(self) -> None:
        self._waiting.clear()
        self.close()

    @property
    def unsent(self) -> int:
        return self._unsent

    def next(self) -> bytes | None:
        """What to send now; None: nothing."""
        return self._waiting[0] if self._waiting else None

    def sent(self) -> None:
        """The peer has taken it."""
        if self._waiting:
            self._unsent -= len(self._waiting.popleft())
        if not self._waiting:
            self._unsent = 0


class SipSockets:
    """An ASGI application for WebSockets whose subprotocol is sip.

    origins: whose pages may speak, beside those of the host that is asked; `*`: any page's. Programs that are no
    browser send no Origin. Nothing here trusts a cookie: who somebody is, digest tells in each message.
    """

    def __init__(self, listeners: Listeners, origins: Iterable[str] = ()) -> None:
        self._listeners = listeners
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if SUBPROTOCOL not in (scope.get("subprotocols") or []) or not self._welcome(socket):
            await socket.close(POLICY)  # before it is accepted: the client sees its handshake refused
            return
        outlet = SocketOutlet()
        transport = "wss" if scope.get("scheme") == "wss" else "ws"
        local, remote = (tuple(scope.get(end) or ("0.0.0.0", 0)) for end in ("server", "client"))
        flow = self._listeners.attach(transport, local, remote, outlet)
        if flow is None:
            await socket.close(TRY_LATER)
            return
        try:
            await socket.accept(subprotocol=SUBPROTOCOL)
            await self._converse(socket, outlet, flow)
        except (WebSocketDisconnect, RuntimeError) as problem:  # gone while the handshake was answered
            log.debug("SIP socket closed", peer=flow.remote[0], problem=str(problem))
        finally:
            self._listeners.detach(flow)

    def _welcome(self, socket: WebSocket) -> bool:
        origin = socket.headers.get("origin")
        if origin is None or origin in self._origins or "*" in self._origins:
            return True
        return urlsplit(origin).netloc.lower() == socket.headers.get("host", "").lower()

    async def _converse(self, socket: WebSocket, outlet: SocketOutlet, flow: Flow) -> None:
        def last_words() -> bool:
            outlet.close()
            return True

        def failed(failure: Exception) -> None:
            log.error("a SIP socket failed", exc_info=failure)

        await converse(self._read(socket, outlet, flow), _write(socket, outlet), last_words, SEND_WITHIN, failed)

    async def _read(self, socket: WebSocket, outlet: SocketOutlet, flow: Flow) -> None:
        patience: float | None = FIRST_WITHIN
        with contextlib.suppress(TimeoutError):
            while not outlet.is_closing():
                async with asyncio.timeout(patience):
                    data = _bytes_of(await socket.receive())
                if data is None or len(data) > MAX_MESSAGE:
                    return
                patience = None
                ping = not data.strip(b"\r\n")
                await room(partial(self._listeners.may_ping if ping else self._listeners.may_send, flow.remote[0]))
                if not ping:
                    self._listeners.received(data, flow)
                elif data.startswith(b"\r\n\r\n"):
                    outlet.write(PONG)


def _bytes_of(event: object) -> bytes | None:
    """Of a message, whatever its kind; None: the socket is closed."""
    if not isinstance(event, dict) or event.get("type") != "websocket.receive":
        return None
    text = event.get("text")
    return text.encode("utf-8", "surrogatepass") if text is not None else event.get("bytes") or b""


async def _write(socket: WebSocket, outlet: SocketOutlet) -> None:
    """Until the outlet is closed and everything has gone out, or the peer takes nothing."""
    with contextlib.suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
        while True:
            data = outlet.next()
            if data is None:
                if outlet.is_closing():
                    await socket.close(GOING_AWAY)
                    return
                outlet.wake.clear()
                await outlet.wake.wait()
                continue
            async with asyncio.timeout(SEND_WITHIN):
                await _send(socket, data)
            outlet.sent()


async def _send(socket: WebSocket, data: bytes) -> None:
    """Text where it is some (RFC 7118 section 5.1 leaves the choice)."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        await socket.send_bytes(data)
    else:
        await socket.send_text(text)
