"""A client of the browser's protocol that is no browser: the WebSocket by hand, sound by aiortc.

async with WebClient(server, "Ann", 440) as ann:
    await ann.join({"meeting": "189", "passcode": "789"})
    await ann.state(lambda state: state["you"]["state"] == "waiting")
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from .server import Server
from .webpeer import WebPeer

PATIENCE = 10.0
Said = dict[str, Any]


class WebClient:
    """frequency: what it hums."""

    def __init__(self, server: Server, name: str, frequency: float) -> None:
        self.name = name
        self.peer = WebPeer(server.network.address(), frequency)
        self.welcome: Said = {}
        self._url = f"ws://{server.address}:{server.http_port}/api/parley/v1/meeting"
        self._ids = itertools.count(1)
        self._kept: list[Said] = []
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> WebClient:
        await self.peer.__aenter__()
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()
        await self.peer.close()

    async def connect(self) -> None:
        self._socket = await connect(self._url, subprotocols=[Subprotocol("parley.1")])

    async def disconnect(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        self._socket = None
        self._kept.clear()

    @property
    def participant(self) -> str:
        return str(self.welcome["participant"])

    async def join(self, entry: Said) -> None:
        """As far as sound can flow."""
        self.welcome = await self.ask("join", version=1, entry=entry, name=self.name, language="en")
        assert self.welcome["type"] == "welcome", self.welcome
        answer = await self.ask("offer", sdp=await self.peer.offer())
        assert answer["type"] == "answer", answer
        await self.peer.accept(answer["sdp"])
        await self.peer.connected()

    async def resume(self) -> None:
        """On a new socket."""
        await self.connect()
        answer = await self.ask("resume", token=self.welcome["resume"])
        assert answer["participant"] == self.participant, answer

    async def ask(self, type: str, **members: Any) -> Said:
        """The one answer to a request."""
        id = next(self._ids)
        assert self._socket is not None
        await self._socket.send(json.dumps({"type": type, "id": id, **members}))
        return await self.hear(lambda said: said.get("id") == id)

    async def done(self, type: str, **members: Any) -> None:
        answer = await self.ask(type, **members)
        assert answer["type"] == "done", answer

    async def state(self, holds: Callable[[Said], bool] = lambda _state: True) -> Said:
        """The first state for which it holds, later than the one returned before."""
        found = await self.hear(lambda said: said["type"] == "state" and holds(said))
        self._kept = [said for said in self._kept if said.get("revision", found["revision"]) >= found["revision"]]
        return found

    async def hear(self, wanted: str | Callable[[Said], bool]) -> Said:
        """The next message of a type, or for which a function holds; what else came is kept in order."""
        holds = wanted if callable(wanted) else lambda said: said["type"] == wanted
        for index, said in enumerate(self._kept):
            if holds(said):
                return self._kept.pop(index)
        assert self._socket is not None
        async with asyncio.timeout(PATIENCE):
            while not holds(said := json.loads(await self._socket.recv())):
                self._kept.append(said)
        return said
