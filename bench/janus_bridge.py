"""Debian's Janus with one AudioBridge room that takes plain-RTP participants, driven by its HTTP API."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

PLUGIN = "janus.plugin.audiobridge"
ROOM = 1
START_WITHIN = 10.0  # seconds
HOST = "127.0.0.1"  # Janus listens only on what an interface names
JANUS_CONFIG = """general: {{ configs_folder = "{folder}"  debug_level = 2  session_timeout = 0 }}
nat: {{ ice_lite = true }}
media: {{ rtp_port_range = "20000-20999" }}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "{transports}" }}
"""
OTHERS = ("duktape", "echotest", "lua", "nosip", "recordplay", "sip", "streaming", "textroom")
OTHERS += ("videocall", "videoroom", "voicemail")
TRANSPORTS = ("mqtt", "nanomsg", "pfunix", "rabbitmq", "websockets")
HTTP_CONFIG = """general: {{
  json = "plain"  base_path = "/janus"  http = true  port = {port}  ip = "{host}"  https = false
}}
admin: {{ admin_http = false }}
"""
BRIDGE_CONFIG = """general: {{ local_ip = "{host}"  rtp_port_range = "21000-39999"  events = false }}
"""


class JanusFailed(Exception):
    """It did not start or refused something."""


class JanusBridge:
    """A running Janus. pid: of its process."""

    def __init__(self, process: subprocess.Popen[bytes], base: str) -> None:
        self._base = base
        self._numbers = count(1)
        self.pid = process.pid
        self._session = 0
        self._handles: list[int] = []

    def open_room(self, rate: int) -> None:
        """rate: Hz that the room mixes at."""
        self._session = self._ask("", {"janus": "create"})["data"]["id"]
        handle = self._attach()
        room = {"request": "create", "room": ROOM, "sampling_rate": rate, "allow_rtp_participants": True}
        answer = self._ask(f"/{self._session}/{handle}", {"janus": "message", "body": room})
        if answer["plugindata"]["data"].get("audiobridge") != "created":
            raise JanusFailed(f"no room: {answer}")

    def join(self, sent_to: tuple[str, int], codec: str, payload_type: int) -> tuple[str, int]:
        """One more plain-RTP participant; where it is to send."""
        handle = self._attach()
        body = {
            "request": "join",
            "room": ROOM,
            "codec": codec,
            "rtp": {"ip": sent_to[0], "port": sent_to[1], "payload_type": payload_type},
        }
        self._ask(f"/{self._session}/{handle}", {"janus": "message", "body": body})
        while True:
            event = self._call("GET", f"/{self._session}?maxev=1", None)
            if event.get("janus") == "event" and event.get("sender") == handle:
                data = event["plugindata"]["data"]
                if "rtp" not in data:
                    raise JanusFailed(f"did not join: {data}")
                return data["rtp"]["ip"], data["rtp"]["port"]

    def _attach(self) -> int:
        return int(self._ask(f"/{self._session}", {"janus": "attach", "plugin": PLUGIN})["data"]["id"])

    def _ask(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        answer = self._call("POST", path, {**message, "transaction": str(next(self._numbers))})
        if answer.get("janus") == "error":
            raise JanusFailed(f"refused: {answer['error']}")
        return answer

    def _call(self, method: str, path: str, message: dict[str, Any] | None) -> dict[str, Any]:
        body = None if message is None else json.dumps(message).encode()
        with urlopen(Request(self._base + path, data=body, method=method), timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@contextlib.contextmanager
def janus() -> Iterator[JanusBridge]:
    """Started in a folder of its own, ended afterwards. Raises JanusFailed; FileNotFoundError where it is missing."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        others, transports = _libraries(OTHERS), _libraries(TRANSPORTS)
        _write(folder, "janus.jcfg", JANUS_CONFIG.format(folder=folder, others=others, transports=transports))
        _write(folder, "janus.transport.http.jcfg", HTTP_CONFIG.format(host=HOST, port=port))
        _write(folder, "janus.plugin.audiobridge.jcfg", BRIDGE_CONFIG.format(host=HOST))
        command: Sequence[str] = ("janus", "-F", folder, "-C", f"{folder}/janus.jcfg")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                base = f"http://{HOST}:{port}/janus"
                _await_http(process, base)
                yield JanusBridge(process, base)
            finally:
                process.kill()


def _libraries(names: Sequence[str]) -> str:
    return ",".join(f"libjanus_{name}.so" for name in names)


def _write(folder: str, name: str, text: str) -> None:
    Path(folder, name).write_text(text)


def _await_http(process: subprocess.Popen[bytes], base: str) -> None:
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise JanusFailed(f"ended with {process.returncode}")
        with contextlib.suppress(URLError, OSError), urlopen(f"{base}/info", timeout=1):
            return
        time.sleep(0.1)
    raise JanusFailed("does not answer")
