"""HTTP and JSON over a UNIX socket in the data directory; its file mode is its access rule.

POST /VERB with a JSON object of arguments answers {"result": ...}, or {"refusal": code, "data": {...}} with 4xx.
A stream answers one JSON text per line until either side closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ...core.refusals import Refusal
from .commands import Command, commands
from .operations import Operations

SOCKET_NAME = "ops.sock"
MAX_BODY = 64 << 10
MAX_FOLLOWERS = 16

log = structlog.get_logger(__name__)


class OpsInUse(Exception):
    """Another server answers on this data directory's socket."""


class OpsDoor:
    """Listens from `open` to `close`, on the running event loop."""

    def __init__(self, operations: Operations, data_dir: Path) -> None:
        self._commands = commands(operations)
        self._data_dir = data_dir
        self._closing = asyncio.Event()
        self._followers = 0
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def path(self) -> Path:
        return self._data_dir / SOCKET_NAME

    async def open(self) -> None:
        """Returns when commands are answered. Raises OpsInUse, or OSError when the socket cannot be made."""
        listener = _listen(self._data_dir)
        app = Starlette(routes=[Route("/{verb}", self._answer, methods=["POST"])])
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="ops-door")
        while not self._server.started:
            if self._task.done():
                listener.close()
                await self._task
                raise OSError(f"the ops door on {self.path} did not start")
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Ends streams, answers what is under way, and removes the socket."""
        if self._server is None or self._task is None:
            return
        self._closing.set()
        self._server.should_exit = True
        await self._task
        self.path.unlink(missing_ok=True)
        self._server = self._task = None

    async def _answer(self, request: Request) -> Response:
        command = self._commands.get(request.path_params["verb"])
        try:
            if command is None:
                raise Refusal("not-found", kind="verb", id=request.path_params["verb"][:64])
            arguments = command.parse(await _body(request))
            if command.stream is not None:
                return self._stream(command)
            assert command.run is not None
            return JSONResponse({"result": await command.run(**arguments)})
        except Refusal as refusal:
            status = 404 if refusal.code == "not-found" else 400
            return JSONResponse({"refusal": refusal.code, "data": _plain(refusal.data)}, status)
        except Exception:
            log.exception("operator's command failed", verb=request.path_params["verb"][:64])
            return JSONResponse({"refusal": "internal", "data": {}}, 500)

    def _stream(self, command: Command) -> Response:
        if self._followers >= MAX_FOLLOWERS:
            raise Refusal("limit", which="followers")
        return StreamingResponse(self._lines(command), media_type="application/x-ndjson")

    async def _lines(self, command: Command) -> AsyncIterator[str]:
        assert command.stream is not None
        self._followers += 1
        source = command.stream()
        closing = asyncio.ensure_future(self._closing.wait())
        line: asyncio.Future[str | None] | None = None
        try:
            yield "\n"  # sends the head at once: the reader knows that it follows
            while True:
                line = asyncio.ensure_future(anext(source, None))
                await asyncio.wait({line, closing}, return_when=asyncio.FIRST_COMPLETED)
                if not line.done() or (text := line.result()) is None:
                    return
                yield json.dumps(text, ensure_ascii=False) + "\n"
        finally:
            self._followers -= 1
            closing.cancel()
            if line is not None:
                line.cancel()
                await asyncio.wait({line})
            if isinstance(source, AsyncGenerator):
                await source.aclose()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program, not to one of its doors."""
        yield


async def _body(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refusal("invalid", field="body", error=f"more than {MAX_BODY} bytes")
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise Refusal("invalid", field="body", error="not a JSON object")
    return given


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, str | int | bool | None) else str(value) for key, value in data.items()}


def _listen(data_dir: Path) -> socket.socket:
    """A listening socket of mode 0600.

    It is bound through the directory's descriptor, because a socket's path may have only 107 bytes (unix(7))
    and a data directory may lie deeper than that.
    """
    directory = os.open(data_dir, os.O_DIRECTORY | os.O_RDONLY)
    try:
        path = Path(f"/proc/self/fd/{directory}") / SOCKET_NAME
        _clear(path, data_dir)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(mask)
        return listener
    finally:
        os.close(directory)


def _clear(path: Path, data_dir: Path) -> None:
    """Remove the socket that a killed server left; never one that is answered, nor another kind of file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(f"{data_dir / SOCKET_NAME} is in the way and is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OpsInUse(f"another server is running on {data_dir}")
