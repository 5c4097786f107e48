"""A client of WebDriver BiDi: commands and events as JSON over one WebSocket (https://w3c.github.io/webdriver-bidi/)."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import websockets

Json = dict[str, Any]
PATIENCE = 20.0


class BidiError(Exception):
    """The browser refused a command; `code` is the protocol's, such as "no such element"."""

    def __init__(self, method: str, code: str, message: str) -> None:
        super().__init__(f"{method}: {code}: {message}")
        self.code = code


class Bidi:
    """`async with Bidi(url, on_event) as bidi: await bidi.send("session.new", capabilities={})`."""

    def __init__(self, url: str, on_event: Callable[[str, Json], None]) -> None:
        self._url, self._on_event = url, on_event
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Json]] = {}

    async def __aenter__(self) -> Bidi:
        self._socket = await websockets.connect(self._url, max_size=None, proxy=None)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reader.cancel()
        await self._socket.close()

    async def send(self, method: str, **params: Any) -> Json:
        """The result of a command. Raises BidiError."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        answer = await asyncio.wait_for(self._answers[number], PATIENCE)
        if answer["type"] == "error":
            raise BidiError(method, answer["error"], answer["message"])
        result: Json = answer["result"]
        return result

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if message["type"] == "event":
                self._on_event(message["method"], message["params"])
            elif waiting := self._answers.pop(message.get("id"), None):
                waiting.set_result(message)
