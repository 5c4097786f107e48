"""The door behind a real HTTPS listener with a certificate of its own, for clients that know nothing of us."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from parley.doors.http import HttpListener
from parley.doors.huawei.push import with_push
from parley.doors.shared.accepting import Acceptor, Turnstile
from parley.tls import generated_certificate
from tests.doors.huawei.rig import MeetingRig


@asynccontextmanager
async def served(directory: Path) -> AsyncIterator[tuple[MeetingRig, str, Path]]:
    """(rig, base URL, certificate). Its time is the machine's, and stands still."""
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"https://127.0.0.1:{listening.getsockname()[1]}"
    now = datetime.now(UTC)
    files = generated_certificate(directory, ["127.0.0.1"], now)
    async with MeetingRig(base, utc=now) as rig:
        listener = HttpListener(with_push(rig.app, rig.push), "huawei", Acceptor(Turnstile(100, 100)), websockets=True)
        await listener.open([listening], (files.certificate, files.key))
        try:
            yield rig, base, files.certificate
        finally:
            await listener.close()
