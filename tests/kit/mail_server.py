"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from parley.tls import generated_certificate

USERNAME, PASSWORD = "parley", "correct horse battery"


@dataclass
class MailServer:
    """Reached at 127.0.0.1:port. `refuse`: recipient -> reply; `data_reply`: what the whole message is answered."""

    port: int = 0
    certificate: Path | None = None
    letters: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    data_reply: str = "250 OK"
    sessions: int = 0
    logins: list[str] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    drop: bool = False  # close the connection instead of answering DATA
    protocols: list[Any] = field(default_factory=list)
    taking: Callable[[bytes], bool] = lambda _message: True  # told of each message before it is answered; False: lost

    async def handle_EHLO(
        self, _server: Any, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.sessions += session.ssl is None
        return responses

    async def handle_RCPT(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.drop:
            server.transport.abort()
            return "250 never heard"
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from is not None
        self.secure.append(session.ssl is not None)
        if self.data_reply.startswith("250") and self.taking(envelope.content):
            self.letters.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
            self.arrived.set()
        return self.data_reply

    def authenticate(
        self, _server: Any, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        well = data.login.decode() == USERNAME and data.password.decode() == PASSWORD
        return AuthResult(success=well, handled=well)

    async def wait_for(self, count: int, seconds: float = 20) -> None:
        """Until so many messages have come. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(self.letters) < count:
                self.arrived.clear()
                await self.arrived.wait()

    def disconnect_all(self) -> None:
        for protocol in self.protocols:
            if protocol.transport is not None:
                protocol.transport.abort()


@asynccontextmanager
async def mail_server(
    directory: Path, *, starttls: bool = True, tls: bool = False, auth: bool = True
) -> AsyncIterator[MailServer]:
    """starttls: offered and demanded; tls: from the start; auth: demanded (of those who speak TLS)."""
    files = generated_certificate(directory, ["localhost", "127.0.0.1"], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    box = MailServer(certificate=files.certificate)
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it asks for credentials in the clear is what some tests are about
            return kept(
                SMTP(
                    box,
                    hostname="mail.test",
                    ident="test",
                    tls_context=context if starttls and not tls else None,
                    require_starttls=starttls and not tls,
                    authenticator=box.authenticate,
                    auth_required=auth,
                    auth_require_tls=starttls and not tls,
                    enable_SMTPUTF8=False,
                    loop=loop,
                )
            )

    def kept(made: SMTP) -> SMTP:
        box.protocols.append(made)
        return made

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if tls else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        box.disconnect_all()
        await server.wait_closed()
