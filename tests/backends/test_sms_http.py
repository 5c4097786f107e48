"""The courier of SMS by HTTP against a real gateway."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from parley.app.ports import NotSent
from parley.backends.notify.sms_http import SmsGatewayCourier, SmsGatewaySettings
from parley.core.ids import OutboxId
from parley.core.outbox import Channel, Notice, OutboxEntry
from parley.core.secret import Secret
from tests.kit.sms_gateway import SmsGateway, sms_gateway

T = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "会议邀请：评审; ação €"
ENTRY = OutboxEntry(OutboxId("1"), Channel.SMS, Notice.BOOKED, "+8613800138000", "ref-1", TEXT.encode(), T, T)


@pytest.fixture
async def gateway() -> AsyncIterator[SmsGateway]:
    async with sms_gateway() as gateway:
        yield gateway


async def send(gateway: SmsGateway, **settings: Any) -> None:
    courier = SmsGatewayCourier(SmsGatewaySettings(**{"url": gateway.url, **settings}), lambda: T)
    try:
        await courier.send(ENTRY)
    finally:
        await courier.close()


async def test_a_message_is_posted_as_json(gateway: SmsGateway) -> None:
    """Reference, number, text and sender; the reference also as the idempotency key."""
    await send(gateway, sender="Parley")
    ((headers, body),) = gateway.requests
    assert json.loads(body) == {"reference": "ref-1", "to": "+8613800138000", "text": TEXT, "from": "Parley"}
    assert headers["idempotency-key"] == "ref-1"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert "authorization" not in headers


async def test_a_repetition_is_the_same_request(gateway: SmsGateway) -> None:
    """So that the gateway can tell it for one."""
    await send(gateway, token=Secret("t-o-k-e-n"))
    await send(gateway, token=Secret("t-o-k-e-n"))
    first, second = gateway.requests
    assert first[1] == second[1]
    assert first[0]["idempotency-key"] == second[0]["idempotency-key"]


async def test_the_token_is_a_bearer_token(gateway: SmsGateway) -> None:
    """RFC 6750."""
    await send(gateway, token=Secret("t-o-k-e-n"))
    assert gateway.requests[0][0]["authorization"] == "Bearer t-o-k-e-n"


async def test_the_key_signs_time_and_body(gateway: SmsGateway) -> None:
    """HMAC-SHA256 of the timestamp, a dot and the body as sent."""
    await send(gateway, key=Secret("shared key"))
    headers, body = gateway.requests[0]
    assert headers["x-parley-timestamp"] == "1767225600"
    expected = hmac.new(b"shared key", b"1767225600." + body, hashlib.sha256).hexdigest()
    assert headers["x-parley-signature"] == f"sha256={expected}"


ANSWERS = [
    (JSONResponse({"error": "not a number"}, 400), True, "the SMS gateway said 400 not a number"),
    (JSONResponse({"error": "x"}, 422), True, "the SMS gateway said 422 x"),
    (JSONResponse({}, 413), True, "the SMS gateway said 413"),
    (JSONResponse({"error": "no"}, 401), False, "the SMS gateway said 401 no"),
    (PlainTextResponse("<html>", 404), False, "the SMS gateway said 404"),
    (JSONResponse({"error": "slow down"}, 429), False, "the SMS gateway said 429 slow down"),
    (JSONResponse({"error": "\x1b[2J" + "x" * 1000}, 500), False, "the SMS gateway said 500  [2J" + "x" * 196),
    (PlainTextResponse("x" * 100_000, 503), False, "the SMS gateway said 503"),
    (JSONResponse([1], 500), False, "the SMS gateway said 500"),
    (RedirectResponse("http://127.0.0.1:9/", 307), False, "the SMS gateway said 307"),
]


@pytest.mark.parametrize(("answer", "permanent", "words"), ANSWERS, ids=lambda value: getattr(value, "status_code", ""))
async def test_what_the_gateway_says_decides(
    gateway: SmsGateway, answer: Response, permanent: bool, words: str
) -> None:
    """For good only what is said of this very message; words bounded and harmless; no redirect is followed."""
    gateway.answers = [answer]
    with pytest.raises(NotSent) as caught:
        await send(gateway)
    assert (caught.value.permanent, str(caught.value)) == (permanent, words)


async def test_no_gateway_is_for_now() -> None:
    """Connection refused, and nothing of the settings in the words."""
    courier = SmsGatewayCourier(SmsGatewaySettings("http://127.0.0.1:9/x?key=hidden"), lambda: T)
    with pytest.raises(NotSent) as caught:
        await courier.send(ENTRY)
    await courier.close()
    assert not caught.value.permanent
    assert "hidden" not in str(caught.value)


async def test_a_gateway_that_drips_is_not_waited_for(gateway: SmsGateway) -> None:
    """A refusal whose words come one letter at a time ends with the bound of one attempt; it is tried again later."""

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.05)

    gateway.answers.append(StreamingResponse(drip(), 500))
    async with asyncio.timeout(3):
        with pytest.raises(NotSent, match="did not answer") as told:
            await send(gateway, limit=0.3)
    assert not told.value.permanent
