"""The end of a listener: nobody who has nothing to say keeps it, and whoever is being answered is answered. And the
bounds of its connections: how many there may be, and for how long one may owe us something."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from parley.doors.http import HEAD_MOST, HttpListener, Patience
from parley.doors.shared import accepting
from parley.doors.shared.accepting import Acceptor, Turnstile
from parley.tls import generated_certificate
from tests.doors.test_sip_bounds import gone, until

REQUEST = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
Ask = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@asynccontextmanager
async def listening(
    directory: Path, seconds: float, patience: Patience | None = None
) -> AsyncIterator[tuple[HttpListener, Ask]]:
    """By TLS; every answer takes so long. With a function that sends a request and reads nothing."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await PlainTextResponse("here")(scope, receive, send)

    bound = socket.create_server(("127.0.0.1", 0))
    files = generated_certificate(directory, ["127.0.0.1"], datetime.now(UTC))
    listener = HttpListener(app, "test", Acceptor(Turnstile(100, 100)), patience=patience)
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


# --- bounds ----------------------------------------------------------------------------------------------------------


async def reads_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers when it has the whole request; a WebSocket gets its messages back."""
    if scope["type"] == "websocket":
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)
    else:
        await Request(scope, receive).body()
        await PlainTextResponse("here")(scope, receive, send)


@asynccontextmanager
async def bounded(
    turnstile: Turnstile, patience: Patience | None = None, tls: Path | None = None
) -> AsyncIterator[tuple[int, ssl.SSLContext | None]]:
    """The port; tls: where to put a certificate, and then whom to trust. A handshake may take 0.3 s."""
    bound = socket.create_server(("127.0.0.1", 0))
    files = generated_certificate(tls, ["127.0.0.1"], datetime.now(UTC)) if tls is not None else None
    listener = HttpListener(reads_all, "test", Acceptor(turnstile, 0.3), websockets=True, patience=patience)
    await listener.open([bound], (files.certificate, files.key) if files else None)
    trusting = ssl.create_default_context(cafile=str(files.certificate)) if files else None
    try:
        yield bound.getsockname()[1], trusting
    finally:
        await listener.close()
    assert turnstile.inside == 0


async def answered(port: int, trusting: ssl.SSLContext | None = None) -> asyncio.StreamWriter:
    """A request has its answer; the connection stays."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
    writer.write(REQUEST)
    await asyncio.wait_for(reader.readuntil(b"here"), 5.0)
    return writer


@pytest.mark.parametrize("turnstile", [Turnstile(2, 100), Turnstile(100, 2)], ids=["in all", "of one source"])
async def test_connections_are_bounded(turnstile: Turnstile) -> None:
    """One more is closed at once; when one of the others ends there is room again."""
    async with bounded(turnstile) as (port, _):
        held = [await answered(port), await answered(port)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await gone(reader)
        held[0].close()
        await until(lambda: turnstile.inside == 1)
        for one in (held[1], writer, await answered(port)):
            one.close()


async def test_whoever_never_begins_tls_counts_and_is_cut(tmp_path: Path) -> None:
    """From when it is accepted on; then there is room for those who do."""
    turnstile = Turnstile(100, 2)
    async with bounded(turnstile, tls=tmp_path) as (port, trusting):
        mute = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await until(lambda: turnstile.inside == 2)
        reader, more = await asyncio.open_connection("127.0.0.1", port)
        assert await gone(reader) and turnstile.inside == 2
        assert [await gone(reader) for reader, _ in mute] == [True, True]
        await until(lambda: turnstile.inside == 0)
        for one in (more, *(writer for _, writer in mute), await answered(port, trusting)):
            one.close()


@pytest.mark.parametrize(
    ("first", "drips"),
    [(b"", False), (REQUEST[:20], False), (REQUEST + REQUEST[:20], True), (REQUEST[:20], True)],
    ids=["nothing", "half a head", "half a second head, dripping", "dripping"],
)
async def test_whoever_owes_a_request_is_not_waited_for(first: bytes, drips: bool) -> None:
    """Neither saying nothing nor a byte now and then keeps a connection."""
    async with bounded(Turnstile(100, 100), Patience(head=0.5)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        ended = asyncio.ensure_future(gone_after_answers(reader))
        while drips and not ended.done():
            writer.write(b"x")
            await asyncio.sleep(0.05)
        await asyncio.wait_for(ended, 5.0)
        writer.close()


async def gone_after_answers(reader: asyncio.StreamReader) -> None:
    """The server ends the connection; what it said before is passed over."""
    with contextlib.suppress(OSError):
        await reader.read()


async def test_whoever_owes_the_rest_of_a_request_is_not_waited_for_either() -> None:
    """It had the time for a whole one."""
    async with bounded(Turnstile(100, 100), Patience(head=60.0, whole=0.5)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 9\r\n\r\nhalf")
        assert await gone(reader)
        writer.close()


async def test_a_websocket_may_be_silent_and_counts() -> None:
    """It owes nothing: it is pinged, and when it ends there is room."""
    turnstile = Turnstile(1, 1)
    async with bounded(turnstile, Patience(head=0.2, whole=0.2)) as (port, _):
        async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as silent:
            await asyncio.sleep(1.5)
            await silent.send("there")
            assert await asyncio.wait_for(silent.recv(), 5.0) == "there"
            assert turnstile.inside == 1
        await until(lambda: turnstile.inside == 0)


async def test_an_answer_may_take_its_time(tmp_path: Path) -> None:
    """Whoever waits for us is not cut."""
    async with listening(tmp_path, 1.6, Patience(head=0.2, whole=0.2)) as (_, ask):
        reader, writer = await ask()
        await asyncio.wait_for(reader.readuntil(b"here"), 5.0)
        writer.transport.abort()


async def test_connections_leave_files_for_everything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens as many as there may be cannot keep the server from opening its journal, its database or a media
    worker: what would use up the last files is closed at once, and who comes when there is room is served."""
    lowest = os.dup(0)
    os.close(lowest)
    monkeypatch.setattr(accepting, "highest_descriptor", lambda: lowest + 25)
    async with listening(tmp_path, 0) as (_, ask):
        port_holders: list[asyncio.StreamWriter] = []
        answered = 0
        for _ in range(20):
            with contextlib.suppress(OSError):
                reader, writer = await ask()
                port_holders.append(writer)
                answered += bool(await reader.read(1))
        assert 3 < answered < 15
        for writer in port_holders:
            writer.transport.abort()
        await asyncio.sleep(0.05)
        reader, writer = await ask()
        assert await reader.read(8) == b"HTTP/1.1"
        writer.transport.abort()


def test_a_share_of_few_files_is_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of them, and no more than 64 of many."""
    for allowed, highest in ((128, 95), (65536, 65471)):
        monkeypatch.setattr(resource, "getrlimit", lambda _which, allowed=allowed: (allowed, allowed))
        assert accepting.highest_descriptor() == highest


CHUNKED = b"POST / HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"a" * 4096),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n" * 600),
        (b"GET /", b"a" * 4096),
        (CHUNKED + b"0\r\nX: ", b"a" * 4096),
    ],
    ids=["one header", "many headers", "the address", "trailers"],
)
async def test_a_head_is_bounded(first: bytes, then: bytes) -> None:
    """Whoever sends one without an end is told and cut after 64 KB, long before it costs memory."""
    async with bounded(Turnstile(2, 2)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 8 << 20 and not reader.at_eof():
                writer.write(then)
                sent += len(then)
                await writer.drain()
                await asyncio.sleep(0)
        assert HEAD_MOST <= sent < 8 << 20
        writer.transport.abort()
        (await answered(port)).close()


async def test_a_long_body_in_many_parts_is_no_long_head() -> None:
    """What is read as it comes may be as long as its application allows."""
    async with bounded(Turnstile(2, 2)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED)
        for _ in range(40):
            writer.write(b"1000\r\n" + b"a" * 4096 + b"\r\n")
        writer.write(b"0\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"here"), 5.0)
        writer.close()


async def test_requests_ahead_of_their_answers_are_bounded(tmp_path: Path) -> None:
    """A few are answered in turn; thousands end the connection instead of waiting in memory."""
    async with listening(tmp_path, 0.01) as (_, ask):
        reader, writer = await ask()
        writer.write(REQUEST * 5)
        for _ in range(6):
            await asyncio.wait_for(reader.readuntil(b"here"), 5.0)
        writer.close()
        reader, writer = await ask()
        writer.write(REQUEST * 1000)
        told = await asyncio.wait_for(reader.read(), 5.0)
        assert told.count(b"200 OK") < 20 and b"400 Bad Request" in told
        writer.transport.abort()
