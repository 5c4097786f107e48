"""The wire between a campaign of kills and one life: lines of JSON until it dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any


class Talk:
    """The wire to one life."""

    def __init__(self) -> None:
        self.dead = asyncio.Event()
        self.looked: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()
        self.answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._asked = 0

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while (line := await reader.readline()).endswith(b"\n"):
                words = json.loads(line)
                if "looked" in words:
                    self.looked.set_result(words)
                elif "ready" in words:
                    self.ready.set_result(True)
                elif "re" in words:
                    self.answers[words["re"]].set_result(words)
        self.dead.set()
        self.closed.set()
        writer.close()

    @property
    def spoke(self) -> bool:
        return self._writer is not None

    def ask(self, wish: dict[str, Any]) -> asyncio.Future[dict[str, Any]]:
        assert self._writer is not None
        self._asked += 1
        answer = self.answers[self._asked] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"re": self._asked, **wish}).encode() + b"\n")
        return answer

    async def either(self, *hopes: asyncio.Future[Any], seconds: float) -> bool:
        """Until all of these have come, or the life is over (False). Raises TimeoutError."""
        death = asyncio.ensure_future(self.dead.wait())
        try:
            async with asyncio.timeout(seconds):
                while not all(hope.done() for hope in hopes) and not death.done():
                    pending = [hope for hope in hopes if not hope.done()]
                    await asyncio.wait({death, *pending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            death.cancel()
        return all(hope.done() for hope in hopes)
