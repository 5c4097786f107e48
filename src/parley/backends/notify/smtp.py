"""The courier of mail: hands messages to one SMTP server (RFC 5321), over TLS or STARTTLS (RFC 3207) as set."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiosmtplib

from ...app.ports import NotSent
from ...core.outbox import OutboxEntry
from ...core.secret import Secret

# Refusals that say what is wrong with our settings, not with the message: it is kept until they are right.
OF_SETTINGS = frozenset({530, 534, 535, 538})
LONGEST_REPLY = 200


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """security: starttls refuses to go on without it, tls speaks it from the start. authorities: PEM file of those to
    trust instead of the system's. sender: the envelope's. limit: seconds for each step."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    username: str = ""
    password: Secret | None = None
    authorities: Path | None = None
    limit: float = 30.0
    idle: float = 10.0  # seconds that an open connection is kept for the next message


class SmtpCourier:
    """Implements Courier. Keeps connections for a few seconds, because reminders come in swarms."""

    def __init__(self, settings: SmtpSettings, now: Callable[[], float]) -> None:
        """Raises OSError when the file of authorities cannot be read."""
        self._settings = settings
        self._now = now
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []
        self._context: ssl.SSLContext | None = None
        if settings.security != "none":
            authorities = settings.authorities
            self._context = ssl.create_default_context(cafile=str(authorities) if authorities else None)

    async def send(self, entry: OutboxEntry) -> None:
        """Returns when the server has answered the message with 250. Raises NotSent."""
        used = self._from_idle()
        if used is not None:
            try:
                await self._hand_over(used, entry)
                return
            except ConnectionError:
                used.close()  # it had gone stale: that is no failure of the message
            except (aiosmtplib.SMTPException, OSError) as problem:
                raise _broken(problem) from problem
        await self._hand_over_newly(entry)

    async def close(self) -> None:
        for _, client in self._idle:
            await _quit(client)
        self._idle.clear()

    async def _hand_over_newly(self, entry: OutboxEntry) -> None:
        client = await self._connect()
        try:
            await self._hand_over(client, entry)
        except (aiosmtplib.SMTPException, OSError) as problem:
            client.close()
            raise _broken(problem) from problem

    def _from_idle(self) -> aiosmtplib.SMTP | None:
        while self._idle:
            since, client = self._idle.pop()
            if client.is_connected and self._now() - since < self._settings.idle:
                return client
            client.close()
        return None

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.limit,
            use_tls=settings.security == "tls",
            # True, unlike None, fails when the server does not offer it: nothing is sent in the clear instead.
            start_tls=settings.security == "starttls",
            tls_context=self._context,
        )
        try:
            await client.connect()
            if settings.username and settings.password is not None:
                await client.login(settings.username, settings.password.reveal())
        except aiosmtplib.SMTPAuthenticationError as problem:
            client.close()
            # The server's words are left out: some repeat what they were given.
            raise NotSent(f"the mail server refused the credentials ({problem.code})") from problem
        except ssl.SSLError as problem:
            client.close()
            raise NotSent(f"no TLS with the mail server: {_short(problem.reason or str(problem))}") from problem
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
            client.close()
            raise NotSent(f"no session with the mail server: {_short(str(problem))}") from problem
        except BaseException:
            client.close()
            raise
        return client

    async def _hand_over(self, client: aiosmtplib.SMTP, entry: OutboxEntry) -> None:
        """Raises NotSent, and what a broken connection raises."""
        recipient = _in_ascii(entry.recipient)
        options = []
        if not recipient.isascii():
            if not client.supports_extension("smtputf8"):
                await self._put_back(client)
                raise NotSent("the mail server takes no addresses beyond ASCII", permanent=True)
            options.append("SMTPUTF8")
        try:
            await client.sendmail(self._settings.sender, [recipient], entry.payload, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as problem:
            await self._put_back(client)
            first = problem.recipients[0]
            raise _refused(first.code, first.message) from problem
        except aiosmtplib.SMTPResponseException as problem:
            await self._put_back(client)
            raise _refused(problem.code, problem.message) from problem
        except (asyncio.CancelledError, aiosmtplib.SMTPException):
            client.close()
            raise
        await self._put_back(client)

    async def _put_back(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected:
            self._idle.append((self._now(), client))


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        async with asyncio.timeout(2):
            await client.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        client.close()


def _broken(problem: Exception) -> NotSent:
    return NotSent(f"the session with the mail server broke off ({type(problem).__name__})")


def _refused(code: int, words: str) -> NotSent:
    """4xx may pass, 5xx will not (RFC 5321, 4.2.1)."""
    return NotSent(f"{code} {_short(words)}", permanent=500 <= code <= 599 and code not in OF_SETTINGS)


def _short(words: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in words)
    return re.sub(r" +", " ", shown)[:LONGEST_REPLY]


def _in_ascii(address: str) -> str:
    """With its domain in the ASCII form (RFC 5890), which every server takes."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address
