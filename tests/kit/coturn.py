"""coturn (Debian package `coturn`) on a loopback address, with a secret for credentials that expire."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from .addresses import free_port
from .api import eventually


class Coturn:
    """`async with Coturn("127.9.9.1") as turn: turn.url, turn.secret`. Serves UDP and TCP."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.port = free_port(address)
        self.secret = secrets.token_urlsafe(12)

    @property
    def url(self) -> str:
        return f"turn:{self.address}:{self.port}"

    async def __aenter__(self) -> Coturn:
        program = shutil.which("turnserver")
        assert program, "turnserver is not there: scripts/install_test_peers.sh"
        self._directory = Path(tempfile.mkdtemp(prefix="coturn-"))
        settings = self._directory / "turnserver.conf"
        settings.write_text(
            f"listening-ip={self.address}\nlistening-port={self.port}\nrelay-ip={self.address}\n"
            f"use-auth-secret\nstatic-auth-secret={self.secret}\nrealm=parley.example\n"
            "no-tls\nno-dtls\nno-cli\nrelay-threads=1\nlog-file=stdout\nsimple-log\n"
            f"pidfile={self._directory}/pid\nuserdb={self._directory}/db\n"
        )
        self._process = await asyncio.create_subprocess_exec(
            *(program, "-c", str(settings)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=self._directory,
        )
        await eventually(self._listens, "coturn does not listen")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        await self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self.address, self.port)
        except OSError:
            return False
        writer.close()
        return True
