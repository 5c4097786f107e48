"""The end of a listener: nobody who has nothing to say keeps it, and whoever is being answered is answered."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from parley.doors.http import HttpListener
from parley.tls import generated_certificate

REQUEST = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
Ask = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@asynccontextmanager
async def listening(directory: Path, seconds: float) -> AsyncIterator[tuple[HttpListener, Ask]]:
    """By TLS; every answer takes so long. With a function that sends a request and reads nothing."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await PlainTextResponse("here")(scope, receive, send)

    bound = socket.create_server(("127.0.0.1", 0))
    files = generated_certificate(directory, ["127.0.0.1"], datetime.now(UTC))
    listener = HttpListener(app, "test")
    await listener.open([bound], (files.certificate, files.key))
    port, trusting = bound.getsockname()[1], ssl.create_default_context(cafile=str(files.certificate))

    async def ask() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        writer.write(REQUEST)
        return reader, writer

    try:
        yield listener, ask
    finally:
        await listener.close()


async def test_an_idle_connection_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A client that keeps its connection and does not read from it is not waited for."""
    async with listening(tmp_path, 0) as (listener, ask):
        reader, writer = await ask()
        await reader.readuntil(b"here")
        writer.transport.pause_reading()
        began = time.monotonic()
        await listener.close()
        assert time.monotonic() - began < 1.5
        writer.transport.abort()


async def test_a_request_under_way_is_answered(tmp_path: Path) -> None:
    """The end waits for its answer, which arrives whole."""
    async with listening(tmp_path, 0.3) as (listener, ask):
        reader, writer = await ask()
        await asyncio.sleep(0.1)
        await asyncio.gather(listener.close(), reader.readuntil(b"here"))
        writer.transport.abort()
