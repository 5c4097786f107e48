"""The far side of the operator's door: asks a running server by its UNIX socket."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx

from .core.refusals import Refusal
from .core.secret import Secret

SOCKET_NAME = "ops.sock"
_TIMEOUT = httpx.Timeout(30, connect=5)
_TIMEOUT_OF = {"status": httpx.Timeout(5)}  # waits for nothing; whoever watches over the server wants to know soon


class NotRunning(Exception):
    """No server answers on this data directory."""


class ServerGone(Exception):
    """The server stopped answering in the middle: whether the command took effect is not known."""


class OperatorClient:
    """One server's operator, for the length of an `async with connect(...)`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(self, verb: str, **arguments: Any) -> Any:
        """The verb's result. Raises Refusal as the server did, and ServerGone."""
        try:
            timeout = _TIMEOUT_OF.get(verb, _TIMEOUT)
            response = await self._http.post(f"/{verb}", json=_plain(arguments), timeout=timeout)
        except httpx.TransportError as error:
            raise ServerGone(f"the server stopped answering ({type(error).__name__})") from error
        return _result(response.content)

    async def stream(self, verb: str) -> AsyncIterator[str]:
        """The verb's lines, until the server closes."""
        try:
            async with self._http.stream("POST", f"/{verb}", json={}, timeout=None) as response:
                if response.status_code != 200:
                    _result(await response.aread())
                async for line in response.aiter_lines():
                    if line:
                        yield json.loads(line)
        except httpx.TransportError as error:
            raise ServerGone("the server went away") from error


@contextlib.asynccontextmanager
async def connect(data_dir: Path) -> AsyncIterator[OperatorClient]:
    """Raises NotRunning when nobody answers there, and PermissionError when the socket is somebody else's."""
    with _short_path(data_dir) as path:
        _probe(path, data_dir)
        transport = httpx.AsyncHTTPTransport(uds=path)
        async with httpx.AsyncClient(transport=transport, base_url="http://parley", timeout=_TIMEOUT) as http:
            yield OperatorClient(http)


@contextlib.contextmanager
def _short_path(data_dir: Path) -> Iterator[str]:
    """Through the directory's descriptor: a socket's path may have only 107 bytes (unix(7))."""
    try:
        directory = os.open(data_dir, os.O_DIRECTORY | os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        raise NotRunning(f"there is no data directory {data_dir}") from None
    try:
        yield f"/proc/self/fd/{directory}/{SOCKET_NAME}"
    finally:
        os.close(directory)


def _probe(path: str, data_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunning(f"no server is running on {data_dir}") from None
        except PermissionError:
            raise PermissionError(f"the server on {data_dir} belongs to another user") from None


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    """Secrets travel as text: the socket is open to its owner alone."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in arguments.items()}


def _result(body: bytes) -> Any:
    answer = json.loads(body)
    if "refusal" in answer:
        raise Refusal(answer["refusal"], **answer["data"])
    return answer["result"]
