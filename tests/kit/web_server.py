"""A small HTTP server that says what a test wants, on an address of this machine. `async with WebServer() as web`."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import wave
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np

from .tones import sine


def wav(frequency: float, seconds: float = 0.4, rate: int = 16_000, amplitude: float = 0.5) -> bytes:
    """One tone as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(np.round(sine(frequency, seconds, rate, amplitude) * 32767).astype("<i2").tobytes())
    return file.getvalue()


@dataclass
class WebServer:
    """files: path -> body, with an ETag of their own; raw: path -> the whole answer as it goes out; stuck: paths that
    are never answered whole. asked: (path, headers by lower-case name) in order."""

    address: str = "127.0.0.1"
    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    async def __aenter__(self) -> WebServer:
        self._server = await asyncio.start_server(self._serve, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._open: set[asyncio.StreamWriter] = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = lines[0].split()[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            self.asked.append((path, headers))
            writer.write(self._answer(path, headers))
            await writer.drain()
            if path in self.stuck:
                await asyncio.sleep(60)
            writer.close()
        self._open.discard(writer)

    def _answer(self, path: str, headers: dict[str, str]) -> bytes:
        if path in self.raw:
            return self.raw[path]
        body = self.files.get(path)
        if body is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if headers.get("if-none-match") == tag:
            return b"HTTP/1.1 304 Not Modified\r\n\r\n"
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nETag: {tag}\r\n\r\n".encode()
        return head if path in self.stuck else head + body
