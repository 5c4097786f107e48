"""The WebSocket of docs/browser-protocol.md: who may open one, and one client's conversation."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...app.moderation import Moderation
from ...app.ports import Clock
from ...core.attempts import source_key
from ...core.endings import Ending, Reason, Side
from ...core.people import User
from ..shared.conversation import converse
from .controls import perform
from .entrance import Caller, Entrance, WebSettings
from .leg import BrowserLeg
from .messages import SUBPROTOCOL, Code, Message, NotAMessage, Problem, error, read, write
from .outbox import POLICY, TOO_BIG, TRY_LATER, Outbox

log = structlog.get_logger(__name__)

PATH = "/api/parley/v1/meeting"
SEND_WITHIN = 10.0  # seconds that a client may take to read one message; a TCP window that stays shut is no client
OFFER_WITHIN = 60.0  # seconds from welcome to the first offer: a person may have to allow the microphone
REFUSALS_MOST = 5  # of join and resume on one socket
# A person at a page says little; holding a key repeats some 30 times a second. Lines of chat go to everybody.
MESSAGES_PER_SECOND, MESSAGES_AT_ONCE = 30.0, 100.0
COSTS = {"say": 6.0, "offer": 6.0, "rename": 3.0, "rename-participant": 3.0}
SPENT = -MESSAGES_AT_ONCE  # who goes on so far after being told is disconnected

NO_MEDIA = Ending(Side.LOCAL, Reason.MEDIA_FAILED)

# The session's text and whether it is a bearer token, to who is signed in by it.
SignedIn = Callable[[str, bool], Awaitable[User | None]]


class MeetingSocket:
    """The ASGI application of PATH. cookie: the name of the one that holds a session."""

    def __init__(
        self,
        entrance: Entrance,
        moderation: Moderation,
        signed_in: SignedIn,
        clock: Clock,
        settings: WebSettings,
        cookie: str,
    ) -> None:
        self._entrance = entrance
        self._moderation = moderation
        self._signed_in = signed_in
        self._clock = clock
        self._settings = settings
        self._cookie = cookie
        self._sources: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if scope["path"] != PATH or not self._own_page(socket) or not _speaks(scope):
            await socket.close(POLICY)  # before it is accepted: the client sees its handshake refused
            return
        if self._entrance.stops:
            await socket.close(TRY_LATER)
            return
        source = source_key(socket.client.host if socket.client else "")
        settings = self._settings
        if self._sources.total() >= settings.sockets or self._sources[source] >= settings.sockets_per_source:
            await socket.close(TRY_LATER)
            return
        self._sources[source] += 1
        try:
            await socket.accept(subprotocol=SUBPROTOCOL if scope.get("subprotocols") else None)
            await Conversation(socket, self._entrance, self._moderation, self._user, self._clock, settings).run()
        finally:
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]

    def _own_page(self, socket: WebSocket) -> bool:
        """Browsers say whose page it is; a program says nothing, and carries nobody's cookie by accident."""
        origin = socket.headers.get("origin")
        if origin is None:
            return True
        if origin in self._settings.origins:
            return True
        parts = urlsplit(origin)
        return parts.scheme in {"http", "https"} and parts.netloc.lower() == socket.headers.get("host", "").lower()

    async def _user(self, socket: WebSocket) -> User | None:
        kind, _, token = socket.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and token:
            return await self._signed_in(token.strip(), True)
        cookie = socket.cookies.get(self._cookie)
        return await self._signed_in(cookie, False) if cookie else None


def _speaks(scope: Scope) -> bool:
    """Whoever names no subprotocol is taken to speak ours."""
    offered = scope.get("subprotocols") or []
    return not offered or SUBPROTOCOL in offered


class Conversation:
    """One socket from its acceptance to its end: requests are answered in order, what is shown goes out beside them."""

    def __init__(
        self,
        socket: WebSocket,
        entrance: Entrance,
        moderation: Moderation,
        user: Callable[[WebSocket], Awaitable[User | None]],
        clock: Clock,
        settings: WebSettings,
    ) -> None:
        self._socket = socket
        self._entrance = entrance
        self._moderation = moderation
        self._user = user
        self._clock = clock
        self._settings = settings
        self._outbox = Outbox()
        self._leg: BrowserLeg | None = None
        self._refusals = 0
        self._tokens = MESSAGES_AT_ONCE
        self._counted_at = clock.now()

    async def run(self) -> None:
        def last_words() -> bool:
            return self._outbox.close_code is not None

        def failed(failure: Exception) -> None:
            log.error("a browser's conversation failed", exc_info=failure)

        try:
            await converse(self._read(), self._write(), last_words, SEND_WITHIN, failed)
        finally:
            if self._leg is not None:
                self._entrance.lost(self._leg, self._outbox)

    # --- out ------------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        outbox = self._outbox
        with contextlib.suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
            while True:
                await outbox.wake.wait()
                outbox.wake.clear()
                for text in outbox.drain():
                    async with asyncio.timeout(SEND_WITHIN):
                        await self._socket.send_text(text)
                if outbox.close_code is not None and outbox.empty:
                    async with asyncio.timeout(SEND_WITHIN):
                        await self._socket.close(outbox.close_code)
                    return

    # --- in -------------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Until the client goes, or is sent away."""
        try:
            while self._outbox.close_code is None:
                async with asyncio.timeout(self._patience()):
                    text = await self._socket.receive_text()
                await self._take(text)
                await self._outbox.room.wait()
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            if self._leg is not None:
                self._leg.finish(NO_MEDIA)
            else:
                self._outbox.cut(POLICY)
        except KeyError:  # bytes, where text is spoken
            self._outbox.finish(error(Problem(Code.INVALID, "a message is a text")), POLICY)

    def _patience(self) -> float | None:
        """Seconds that the next message may take."""
        if self._leg is None:
            return self._settings.join_within
        return OFFER_WITHIN if self._leg.runner is None else None

    async def _take(self, text: str) -> None:
        try:
            message = read(text)
            self._afford(message)
            with self._outbox.answering():
                await self._answer(message)
        except NotAMessage as mistake:
            code = TOO_BIG if "bytes" in str(mistake) else POLICY
            self._outbox.finish(error(Problem(Code.INVALID, str(mistake))), code)
        except Problem as problem:
            self._outbox.answer(error(problem))
            if self._leg is None:
                self._refusals += 1
                if self._refusals >= REFUSALS_MOST:
                    self._outbox.finish(error(Problem(Code.TOO_MANY, "too many attempts")), POLICY)

    def _afford(self, message: Message) -> None:
        """A bucket that fills by itself. Raises Problem while it is empty; far below that the socket ends."""
        now = self._clock.now()
        self._tokens = min(MESSAGES_AT_ONCE, self._tokens + (now - self._counted_at) * MESSAGES_PER_SECOND)
        self._counted_at = now
        self._tokens -= COSTS.get(message.type, 1.0)
        if self._tokens < SPENT:
            self._outbox.finish(error(Problem(Code.TOO_MANY, "far too many messages", id=message.id)), POLICY)
        if self._tokens < 0:
            raise Problem(Code.TOO_MANY, "too many messages, try later", id=message.id)

    async def _answer(self, message: Message) -> None:
        """Raises Problem."""
        leg = self._leg
        if leg is None:
            await self._begin(message)
            return
        if message.type in {"join", "resume"}:
            raise Problem(Code.INVALID, "this socket has joined already", "type", message.id)
        if message.type == "offer":
            self._entrance.offer(leg, message["sdp"], message.id)
            return
        if message.type not in {"leave", "ping"}:
            await perform(self._moderation, leg.id, message)
        if message.id is not None:
            self._outbox.answer(write("done", message.id))
        if message.type == "leave":
            self._entrance.leave(leg)

    async def _begin(self, message: Message) -> None:
        if message.type == "join":
            caller = _caller(self._socket)
            self._leg = await self._entrance.join(message, caller, await self._user(self._socket), self._outbox)
        elif message.type == "resume":
            self._leg = await self._entrance.resume(message, _caller(self._socket), self._outbox)
        else:
            raise Problem(Code.INVALID, "the first message is join or resume", "type", message.id)


def _caller(socket: WebSocket) -> Caller:
    host, port = (socket.client.host, socket.client.port) if socket.client else ("", 0)
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Caller(host, shown, socket.headers.get("user-agent", "")[:256])
