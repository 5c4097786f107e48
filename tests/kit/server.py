"""Parley itself, started by its own command with nothing but environment variables, as an administrator would.

The server must say `ready` within 15 s, end with code 0 within 10 s of SIGTERM, and leave no registered secret in
anything it wrote: `never_log(secret)` registers one, leaving the context checks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from .addresses import Network, free_port
from .api import Api

# What the console script `parley` runs, in this interpreter.
COMMAND = (sys.executable, "-c", "from parley.cli import main; main()")
READY_PATIENCE = 15.0
STOP_PATIENCE = 10.0
DOMAIN = "parley.example"
LANGUAGE = "x-test"  # prompts that are short tones, so that stories do not wait for sentences


# 2017-02-21 17:48:54.809 Info text: one or two blanks between date and time, padding after the level
EVENT_LINE = re.compile(r"(\d{4}-\d\d-\d\d) {1,2}(\d\d:\d\d:\d\d\.\d{3})\s+(Info|Warning|Error)\s+(.*)")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the event log."""

    at: datetime
    level: str
    text: str


class Server:
    """`async with Server(Network()) as server: await server.api.get("/coSpaces")`."""

    def __init__(self, network: Network, *, https: bool = False, **settings: str) -> None:
        """settings: more variables without the prefix, such as LIMITS__WRONG_PINS="5".

        https: listen by TLS too; the certificate to be trusted is the file `certificate`.
        """
        self.network = network
        self.address = network.server
        self.https_port = free_port(self.address) if https else 0
        self.http_port, self.sip_port = free_port(self.address), free_port(self.address)
        self.web_port = free_port(self.address)  # of browsers' sound
        self.sip = f"{self.address}:{self.sip_port}"
        self._password = secrets.token_urlsafe(18)
        self._settings = settings
        self._secrets: list[str] = [self._password]
        self.lines: list[str] = []

    @property
    def password(self) -> str:
        """Of the administrator `admin`."""
        return self._password

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        return self._process.pid

    async def __aenter__(self) -> Server:
        self.data = Path(tempfile.mkdtemp(prefix="parley-"))
        self.certificate = self.data / "https-certificate.pem"
        self.api = Api(f"http://{self.address}:{self.http_port}", "admin", self._password)
        await self._run()
        return self

    async def kill_and_restart(self) -> None:
        """SIGKILL in the midst of whatever it does, then a new start with the same settings and data directory."""
        await self._kill()
        await self._run()

    async def kill_and_fail_to_restart(self) -> str:
        """SIGKILL, then a start that comes to nothing; what it said. `start_again` is to follow."""
        await self._kill()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((self.address, self.sip_port))
            with contextlib.suppress(AssertionError):
                await self._run()
        assert not self._ready_said
        return self._tail()

    async def start_again(self) -> None:
        """After a start that failed."""
        await self._run()

    async def restart(self) -> None:
        """SIGTERM, then a new start with the same settings and data directory."""
        await self.stop()
        await self._run()

    async def _run(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "serve"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.data,
            env=self._environment(),
        )
        self._ready = asyncio.Event()
        self._run_began = len(self.lines)
        self._reader = asyncio.create_task(self._collect())
        try:
            await self._wait_ready()
        except BaseException:
            await self._kill()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.api.close()
        try:
            if error is not None:
                with contextlib.suppress(Exception):
                    print("--- event log ---\n" + "\n".join(await self.event_texts()))
                print("--- server output ---\n" + "\n".join(self.lines[-120:]))
                await self._kill()
                return
            await self.stop()
            self.check_secrets()
        finally:
            await self._kill()
            shutil.rmtree(self.data, ignore_errors=True)

    async def stop(self) -> None:
        """SIGTERM; the server must end cleanly and soon."""
        self._process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        try:
            code = await asyncio.wait_for(self._process.wait(), STOP_PATIENCE)
        except TimeoutError:
            raise AssertionError(f"no end within {STOP_PATIENCE} s of SIGTERM:\n{self._tail()}") from None
        await self._reader
        assert code == 0, f"ended with {code} after {time.monotonic() - began:.1f} s:\n{self._tail()}"

    # --- secrets ----------------------------------------------------------------------------------------------

    def never_log(self, *secrets: str) -> None:
        """None of these may ever stand in anything the server writes about what it does."""
        self._secrets.extend(secrets)

    def check_secrets(self) -> None:
        """Search the output and every log and journal in the data directory, whole words only.

        A PIN such as 789 also occurs inside longer numbers, which tells nothing; times are cut away first.
        """
        texts = {"output": "\n".join(self.lines)}
        for path in self.data.rglob("*"):
            kept = "log" in path.name or "journal" in str(path) or "inputs" in str(path)
            if path.is_file() and ".db" not in path.name and kept:
                texts[str(path.relative_to(self.data))] = path.read_text(errors="replace")
        for where, text in texts.items():
            cleaned = re.sub(r"\d+[:.]\d+[:.\d]*", "", text)  # times, durations and addresses
            for secret in self._secrets:
                found = re.search(rf"[^\n]*(?<![\w-]){re.escape(secret)}(?![\w-])[^\n]*", cleaned)
                assert found is None, f"a secret stands in {where}: {found and found[0]}"

    # --- the command line ---------------------------------------------------------------------------------------

    async def command(self, *arguments: str, stdin: str = "", code: int = 0, **settings: str) -> str:
        """Run `parley ARGUMENTS` beside the running server; its output. AssertionError when it does not end with the
        code. settings: others than the server's."""
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.data,
            env=self._environment() | {f"PARLEY_{key}": value for key, value in settings.items()},
        )
        output, errors = await asyncio.wait_for(process.communicate(stdin.encode()), 15.0)
        assert process.returncode == code, f"parley {arguments} ended with {process.returncode}:\n{errors.decode()}"
        return output.decode()

    async def events(self) -> list[LogLine]:
        """The event log so far, as `parley log` shows it."""
        lines = (await self.command("log", "--lines", "2000")).splitlines()
        found = [EVENT_LINE.fullmatch(line.strip()) for line in lines if line.strip()]
        assert all(found), f"not lines of the event log: {lines}"
        return [
            LogLine(datetime.fromisoformat(f"{match[1]}T{match[2]}"), match[3], match[4]) for match in found if match
        ]

    async def event_texts(self) -> list[str]:
        """The texts of the event log, oldest first."""
        return [event.text for event in await self.events()]

    # --- running ------------------------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
        inherited["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        inherited["PYTHONUNBUFFERED"] = "1"
        settings = {
            "DATA_DIR": str(self.data),
            "HTTP__LISTEN": f"{self.address}:{self.http_port}",
            "HTTPS__LISTEN": f"{self.address}:{self.https_port}" if self.https_port else "",
            "SIP__UDP": self.sip,
            "SIP__TCP": self.sip,
            "SIP__TLS": "",
            "SIP__DOMAINS": f"{DOMAIN},{self.address}",
            "MEDIA__PORTS": self.network.media_ports(),
            "MEDIA__ADDRESS": self.address,
            "MEDIA__WEB_LISTEN": self.address,
            "MEDIA__WEB_PORT": str(self.web_port),
            "MEDIA__WORKERS": "1",
            "MEDIA__OUTLIVE": "1",  # after a SIGKILL nothing lingers
            "IVR__LANGUAGE": LANGUAGE,
            "BOOTSTRAP_ADMIN": f"admin:{self._password}",
            **self._settings,
        }
        return inherited | {f"PARLEY_{key}": value for key, value in settings.items()}

    async def _collect(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            self.lines.append(line)
            if line.strip() == "ready":
                self._ready.set()
        self._ready.set()

    async def _wait_ready(self) -> None:
        try:
            await asyncio.wait_for(self._ready_or_ended(), READY_PATIENCE)
        except TimeoutError:
            raise AssertionError(f"not ready within {READY_PATIENCE} s:\n{self._tail()}") from None
        assert self._ready_said, f"ended before it was ready:\n{self._tail()}"

    async def _ready_or_ended(self) -> None:
        """Media workers of the life before hold its output, which therefore does not end with it."""
        while not self._ready.is_set() and self._process.returncode is None:  # noqa: ASYNC110 - as in _kill
            await asyncio.sleep(0.01)
        if not self._ready.is_set():
            await asyncio.sleep(0.1)  # for its last words

    @property
    def _ready_said(self) -> bool:
        return any(line.strip() == "ready" for line in self.lines[self._run_began :])

    async def _kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            # `wait` would wait for media workers too, which have its output.
            while self._process.returncode is None:  # noqa: ASYNC110 - asyncio tells of this alone
                await asyncio.sleep(0.005)
        self._reader.cancel()

    def _tail(self) -> str:
        return "\n".join(self.lines[-60:])
