"""`parley check`: is what the settings name really there? Each finding says what was tried and what came of it."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from cryptography import x509

from .checks_base import Finding
from .checks_sip import check_sip, is_running
from .config import Settings
from .tls_contexts import CertificatePair, certificate_words
from .wire.turn import HEADER, Allocation, TurnFault, ephemeral_credential, length_of

# RFC 8489 section 6.2.1, with fewer repetitions: a person is waiting for the outcome.
RETRANSMISSIONS = (0.5, 1.0, 2.0)
STREAM_WITHIN = 5.0  # seconds for a connection and an answer on it
CREDENTIAL_SECONDS = 300

NOT_CHECKED = (
    "mail, SMS and SIP next hops; whether ports of this machine can be reached from other networks; all ports of "
    "media.ports but the one of the call that was made; the port of browsers' sound (media.web_port); whether a TURN "
    "server relays to every network"
)

Ask = Callable[[bytes], Awaitable[bytes]]


async def check(settings: Settings) -> list[Finding]:
    """Everything that is checked; nothing is changed by it."""
    findings = [_certificate(settings)]
    for url in settings.turn.urls:
        findings.append(await _turn(settings, url))
    if not settings.turn.urls:
        findings.append(Finding("turn.urls", True, "empty: browsers are told of no TURN server"))
    if not await is_running(settings.data_dir):
        return [*findings, Finding("sip", None, "not tried: no server runs on this data directory")]
    return findings + await check_sip(settings)


def _certificate(settings: Settings) -> Finding:
    """The certificate of HTTPS, where one is named."""
    what, path = "https.certificate", settings.https.certificate
    if path is None:
        return Finding(what, True, "not set: a certificate made here is used, which browsers warn of")
    try:
        [leaf, *_] = x509.load_pem_x509_certificates(Path(path).read_bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, settings.https.key)
    except (OSError, ValueError, ssl.SSLError) as problem:
        assert settings.https.key is not None  # the two are set together
        return Finding(what, False, certificate_words(CertificatePair(path, settings.https.key), problem))
    days = (leaf.not_valid_after_utc.timestamp() - time.time()) / 86_400
    if days < 0:
        return Finding(what, False, f"{path} has expired")
    return Finding(what, True, f"{path} and its key belong together; it holds for {days:.0f} days")


async def _turn(settings: Settings, url: str) -> Finding:
    """A relayed address is asked for with a credential like a browser's, and given back."""
    scheme, host, port, transport = _parts(url)
    if scheme == "stun":
        return Finding(url, None, "handed out as it is, not tried")
    assert settings.turn.secret is not None  # turn.urls and turn.secret come together
    expires = int(time.time()) + CREDENTIAL_SECONDS
    trial = Allocation(*ephemeral_credential(settings.turn.secret.get_secret_value(), "check", expires))
    try:
        if scheme == "turn" and transport == "udp":
            relayed = await _over_udp(trial, host, port)
        else:
            relayed = await _over_stream(trial, host, port, tls=scheme == "turns")
    except TurnFault as fault:
        return Finding(url, False, f"refused: {fault}")
    except TimeoutError:
        return Finding(url, False, "no answer")
    except (OSError, asyncio.IncompleteReadError) as problem:
        return Finding(url, False, f"cannot be reached: {problem}")
    return Finding(url, True, f"relayed address {relayed} was given for a credential made from turn.secret")


def _parts(url: str) -> tuple[str, str, int, str]:
    """(scheme, host, port, transport) with the defaults of RFC 7065."""
    match = re.fullmatch(r"(stun|turns?):(\[[^\]]+\]|[^:?]+)(?::([0-9]+))?(?:\?transport=(udp|tcp))?", url)
    assert match is not None  # the settings hold
    scheme, host, port, transport = match.groups()
    usual = 5349 if scheme == "turns" else 3478
    return scheme, host.strip("[]"), int(port or usual), transport or ("tcp" if scheme == "turns" else "udp")


async def _allocated(trial: Allocation, ask: Ask) -> str:
    """Raises TurnFault, and what `ask` raises."""
    for _ in range(3):  # without a credential, with it, with a fresh nonce
        transaction = secrets.token_bytes(12)
        answer = trial.take(await ask(trial.allocate(transaction)), transaction)
        if answer is not None:
            break
    else:
        raise TurnFault("it goes on asking for a credential")
    if answer.relayed is None:
        raise TurnFault("it gave no relayed address")
    host, port = answer.relayed
    await ask(trial.release(secrets.token_bytes(12)))
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue(16)

    def datagram_received(self, data: bytes, _address: object) -> None:
        if not self.received.full():
            self.received.put_nowait(data)

    def error_received(self, _problem: Exception) -> None:
        """A port that is closed shows as silence; another try may find it open."""


async def _over_udp(trial: Allocation, host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    transport, protocol = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(str(found[0][4][0]), port))

    async def ask(request: bytes) -> bytes:
        for patience in RETRANSMISSIONS:
            transport.sendto(request)
            try:
                async with asyncio.timeout(patience):
                    while True:
                        data = await protocol.received.get()
                        if data[8:HEADER] == request[8:HEADER]:  # not a repeated answer to an earlier request
                            return data
            except TimeoutError:
                continue
        raise TimeoutError

    try:
        return await _allocated(trial, ask)
    finally:
        transport.close()


async def _over_stream(trial: Allocation, host: str, port: int, *, tls: bool) -> str:
    async with asyncio.timeout(STREAM_WITHIN):
        context = ssl.create_default_context() if tls else None
        reader, writer = await asyncio.open_connection(host, port, ssl=context)

        async def ask(request: bytes) -> bytes:
            writer.write(request)
            await writer.drain()
            header = await reader.readexactly(HEADER)
            return header + await reader.readexactly(length_of(header))

        try:
            return await _allocated(trial, ask)
        finally:
            writer.close()
