"""The courier of SMS by an HTTP gateway; the interface is described in docs/sms-gateway.md."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from ...app.ports import NotSent
from ...core.outbox import OutboxEntry
from ...core.secret import Secret

# What the gateway says of this very message, which no later try would change. Everything else may be of the moment
# or of the settings.
OF_THE_MESSAGE = frozenset({400, 413, 422})
LONGEST_ANSWER = 2000


@dataclass(frozen=True, slots=True)
class SmsGatewaySettings:
    """token: sent as a bearer token; key: signs each request instead. sender: what phones show, where it may be set."""

    url: str
    sender: str = ""
    token: Secret | None = None
    key: Secret | None = None
    limit: float = 15.0  # seconds


class SmsGatewayCourier:
    """Implements Courier."""

    def __init__(self, settings: SmsGatewaySettings, utc: Callable[[], datetime]) -> None:
        self._settings = settings
        self._utc = utc
        # Redirects are not followed: they would carry passcodes to where nobody set.
        self._http = httpx.AsyncClient(timeout=settings.limit, follow_redirects=False, trust_env=False)

    async def send(self, entry: OutboxEntry) -> None:
        """Returns when the gateway has answered 2xx. Raises NotSent."""
        body = self._body(entry)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": entry.message_id,
            **self._proof(body),
        }
        try:
            async with (
                asyncio.timeout(self._settings.limit),  # in all: one that drips would hold its place for an hour
                self._http.stream("POST", self._settings.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
                words = "" if answer.is_success else await _words(answer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as problem:
            raise NotSent(f"the SMS gateway did not answer ({type(problem).__name__})") from problem
        if not 200 <= status < 300:
            raise NotSent(f"the SMS gateway said {status} {words}".rstrip(), permanent=status in OF_THE_MESSAGE)

    async def close(self) -> None:
        await self._http.aclose()

    def _body(self, entry: OutboxEntry) -> bytes:
        message = {"reference": entry.message_id, "to": entry.recipient, "text": entry.payload.decode()}
        if self._settings.sender:
            message["from"] = self._settings.sender
        return json.dumps(message, ensure_ascii=False).encode()

    def _proof(self, body: bytes) -> dict[str, str]:
        if self._settings.token is not None:
            return {"Authorization": f"Bearer {self._settings.token.reveal()}"}
        if self._settings.key is None:
            return {}
        stamp = str(int(self._utc().timestamp()))
        signed = hmac.new(self._settings.key.reveal().encode(), stamp.encode() + b"." + body, hashlib.sha256)
        return {"X-Parley-Timestamp": stamp, "X-Parley-Signature": f"sha256={signed.hexdigest()}"}


async def _words(answer: httpx.Response) -> str:
    """The `error` of a JSON answer, bounded; nothing else of it is shown."""
    data = b""
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > LONGEST_ANSWER:
            return ""
    try:
        error = json.loads(data).get("error", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return "".join(c if c.isprintable() else " " for c in error)[:200] if isinstance(error, str) else ""
