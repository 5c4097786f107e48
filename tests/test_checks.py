"""`parley check` tries what the settings name, against a real TURN server and a real certificate."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parley import checks
from parley.checks import Finding, check
from parley.config import Settings
from parley.tls import generated_certificate
from tests.kit.addresses import Network, free_port
from tests.kit.coturn import Coturn


@pytest.fixture
async def coturn() -> AsyncIterator[Coturn]:
    async with Coturn(Network().server) as server:
        yield server


async def of_turn(*urls: str, secret: str) -> list[Finding]:
    findings = await check(Settings.model_validate({"turn": {"urls": list(urls), "secret": secret}}))
    return [one for one in findings if one.what in urls]


async def test_a_turn_server_with_our_secret_holds(coturn: Coturn) -> None:
    """A relayed address is really given, over UDP and over TCP."""
    findings = await of_turn(coturn.url, f"{coturn.url}?transport=tcp", secret=coturn.secret)
    assert [one.holds for one in findings] == [True, True], findings
    assert all(f"relayed address {coturn.address}:" in one.told for one in findings)


async def test_another_secret_is_found_out(coturn: Coturn) -> None:
    """The server's refusal is told by number, and neither secret is."""
    [finding] = await of_turn(coturn.url, secret="another")
    assert not finding.holds and "401" in finding.told
    assert "another" not in finding.told and coturn.secret not in finding.told


async def test_silence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, over UDP or TCP."""
    monkeypatch.setattr(checks, "RETRANSMISSIONS", (0.1, 0.1))
    address = Network().server
    port = free_port(address)
    udp, tcp = await of_turn(f"turn:{address}:{port}", f"turn:{address}:{port}?transport=tcp", secret="x")
    assert (udp.holds, udp.told) == (False, "no answer")
    assert not tcp.holds and "cannot be reached" in tcp.told


async def test_a_server_that_speaks_something_else_is_told() -> None:
    """What is no TURN is said to be none."""
    address = Network().server

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP ready\r\n")

    server = await asyncio.start_server(greet, address, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        [finding] = await of_turn(f"turn:{address}:{port}?transport=tcp", secret="x")
    assert not finding.holds and "does not speak TURN" in finding.told


async def test_a_certificate_is_looked_at(tmp_path: Path) -> None:
    """One that holds, one that has expired, a key that is another's, and a file that is not there."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    now = datetime.now(UTC)
    good = generated_certificate(tmp_path / "a", ["meet.example.com"], now)
    other = generated_certificate(tmp_path / "b", ["meet.example.com"], now - timedelta(days=20_000))

    async def told(certificate: Path, key: Path) -> Finding:
        https = {"certificate": str(certificate), "key": str(key)}
        [finding, *_] = await check(Settings.model_validate({"https": https}))
        return finding

    assert (await told(good.certificate, good.key)).holds
    wrong = await told(good.certificate, other.key)
    assert (wrong.holds, wrong.told) == (False, f"{other.key} is not the key of {good.certificate}")
    old = await told(other.certificate, other.key)
    assert not old.holds and "expired" in old.told
    none = await told(tmp_path / "none", good.key)
    assert (none.holds, none.told) == (False, f"{tmp_path / 'none'} cannot be read: no such file or directory")
    (tmp_path / "words").write_text("no certificate\n")
    words = await told(tmp_path / "words", good.key)
    assert not words.holds and "certificate" in words.told and "SSL" not in words.told


def test_the_command_ends_with_1_when_something_does_not_hold(tmp_path: Path) -> None:
    """The exit code is for scripts, the table for people; what is not tried is said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    environment |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PARLEY_DATA_DIR": str(tmp_path)}

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from parley.cli import main; main()", "check", *arguments]
        return subprocess.run(command, env=environment | settings, capture_output=True, text=True, check=False)

    plain = run()
    assert plain.returncode == 0 and "not checked: mail" in plain.stdout
    wrong = run(
        "--json",
        PARLEY_TURN__URLS=f"turn:127.0.0.1:{free_port('127.0.0.1')}?transport=tcp",
        PARLEY_TURN__SECRET="north",
    )
    assert wrong.returncode == 1 and "north" not in wrong.stdout + wrong.stderr
    assert [row["holds"] for row in json.loads(wrong.stdout)] == ["yes", "NO", "-"]
