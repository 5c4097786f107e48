"""The WebSocket of the push: a client proves itself, subscribes, keeps alive and is told (huawei-api 2.4)."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...app.tokens import ControlPass, Tokens
from ...core.spaces import Role
from .app import control_tokens
from .control_tokens import NOTICES, SOCKET_PATH
from .push_hub import Hub, Subscriber

SOCKETS_MOST = 1000  # of the whole server
MESSAGE_MOST = 64 * 1024  # characters of one message from a client
SILENCE = 180.0  # seconds without a message after which a client is gone (huawei-api 2.4)

GOING_AWAY, POLICY, TOO_BIG, BUSY = 1001, 1008, 1009, 1013
SUCCESS = {"returnCode": 0, "returnDesc": "SUCCESS"}


class Push:
    """The ASGI application of the socket's path."""

    def __init__(self, hub: Hub, tokens: Tokens, silence: float = SILENCE) -> None:
        self._hub = hub
        self._tokens = tokens
        self._silence = silence
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        grant = await self._proved(scope)
        if grant is None:
            await socket.close(POLICY)  # before it is accepted: the client sees its handshake refused
            return
        if self._open >= SOCKETS_MOST:
            await socket.close(BUSY)
            return
        self._open += 1
        try:
            await socket.accept()
            await _Conversation(socket, grant, self._hub, self._tokens, self._silence).run()
        finally:
            self._open -= 1

    async def _proved(self, scope: Scope) -> ControlPass | None:
        if scope["path"] != SOCKET_PATH:
            return None
        try:
            query = parse_qs(scope.get("query_string", b"").decode("ascii"), max_num_fields=20)
        except (UnicodeDecodeError, ValueError):
            return None
        number, token = query.get("confID", [""])[0], query.get("tmpToken", [""])[0]
        grant = await self._tokens.take_socket(token)
        return grant if grant is not None and grant.conference == number else None


def with_push(app: ASGIApp, push: Push) -> ASGIApp:
    """One application for both: what is no WebSocket goes to `app`."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        await (push if scope["type"] == "websocket" else app)(scope, receive, send)

    return chosen


class _Conversation:
    """One client: its messages are answered in order, pushes go out beside them."""

    def __init__(self, socket: WebSocket, grant: ControlPass, hub: Hub, tokens: Tokens, silence: float) -> None:
        self._socket = socket
        self._grant = grant
        self._hub = hub
        self._tokens = tokens
        self._silence = silence
        self._subscriber: Subscriber | None = None
        self._sender: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()  # two tasks write to one socket

    async def run(self) -> None:
        try:
            while True:
                text = await self._next()
                if text is None:
                    return
                await self._answer(text)
        except (WebSocketDisconnect, _Over):
            pass
        finally:
            if self._subscriber is not None:
                self._hub.leave(self._grant.conference, self._subscriber)
            if self._sender is not None:
                self._sender.cancel()

    async def _next(self) -> str | None:
        """None: the client was silent for too long, the conference is over, or it sent what nobody reads."""
        reading = asyncio.ensure_future(self._socket.receive_text())
        waiting: set[asyncio.Future[Any]] = {reading}
        if self._sender is not None:
            waiting.add(self._sender)
        done, _ = await asyncio.wait(waiting, timeout=self._silence, return_when=asyncio.FIRST_COMPLETED)
        if reading not in done:
            reading.cancel()
            await self._close(GOING_AWAY)
            return None
        try:
            text = reading.result()
        except KeyError:  # bytes, where text is spoken
            await self._close(POLICY)
            return None
        if len(text) > MESSAGE_MOST:
            await self._close(TOO_BIG)
            return None
        return text

    async def _answer(self, text: str) -> None:
        try:
            message = json.loads(text)
            action, sequence = str(message["action"]), str(message.get("sequence", ""))[:64]
            data = message.get("data")
            data = json.loads(data) if isinstance(data, str) and data.strip() else data
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            await self._close(POLICY)
            raise _Over from None
        if action == "HeartBeat":
            await self._send({"action": action, "sequence": sequence})
        elif action == "Subscribe":
            result = await self._subscribe(data if isinstance(data, dict) else {})
            await self._send({"action": action, "sequence": sequence, "data": result})
            if result is not SUCCESS:
                await self._close(POLICY)
                raise _Over
            self._start()
        else:
            unknown = {"returnCode": 111070001, "returnDesc": "BAD_REQUEST"}
            await self._send({"action": action[:64], "sequence": sequence, "data": unknown})

    async def _subscribe(self, data: dict[str, Any]) -> dict[str, Any]:
        grant = await self._proved(data)
        if grant is None:
            return {"returnCode": 111072065, "returnDesc": "CONF_NOT_FOUND_OR_AUTH_FAILED"}
        wanted = data.get("subscribeType")
        kinds = frozenset(kind for kind in wanted if kind in NOTICES) if isinstance(wanted, list) else frozenset()
        if self._subscriber is not None:
            self._hub.leave(self._grant.conference, self._subscriber)
        self._subscriber = Subscriber(grant.role is Role.HOST, kinds)
        return SUCCESS

    async def _proved(self, data: dict[str, Any]) -> ControlPass | None:
        """By the control token of the same conference."""
        if str(data.get("conferenceID", self._grant.conference)) != self._grant.conference:
            return None
        for token in control_tokens(str(data.get("confToken", ""))[:1024]):
            grant = await self._tokens.control(token)
            if grant is not None and grant.conference == self._grant.conference:
                return grant
        return None

    def _start(self) -> None:
        assert self._subscriber is not None
        if self._sender is not None:
            self._sender.cancel()
        self._sender = asyncio.create_task(self._push(self._subscriber))
        self._hub.join(self._grant.conference, self._subscriber)

    async def _push(self, subscriber: Subscriber) -> None:
        """Ends when the conference does."""
        while True:
            await subscriber.wake.wait()
            subscriber.wake.clear()
            while subscriber.queue:
                await self._send(subscriber.queue.popleft())
            if subscriber.closed:
                return
            if subscriber.behind:
                self._hub.caught_up(self._grant.conference, subscriber)

    async def _send(self, message: dict[str, Any]) -> None:
        async with self._sending:
            await self._socket.send_text(json.dumps(message, ensure_ascii=False))

    async def _close(self, code: int) -> None:
        async with self._sending:
            await self._socket.close(code)


class _Over(Exception):
    """The conversation was ended by us."""
