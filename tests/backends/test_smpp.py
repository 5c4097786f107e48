"""The courier of SMS by SMPP against a message centre."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from parley.app.ports import NotSent
from parley.backends.notify.smpp import SmppCourier, SmppSettings
from parley.core.ids import OutboxId
from parley.core.outbox import Channel, Notice, OutboxEntry
from parley.core.secret import Secret
from tests.kit.smpp_centre import PASSWORD, SYSTEM_ID, SmppCentre, smpp_centre

T = datetime(2026, 1, 1, tzinfo=UTC)
BIND, SUBMIT, UNBIND, ENQUIRE = 0x02, 0x04, 0x06, 0x15


def entry(text: str, reference: str = "ref-1", to: str = "+8613800138000") -> OutboxEntry:
    return OutboxEntry(OutboxId("1"), Channel.SMS, Notice.BOOKED, to, reference, text.encode(), T, T)


@pytest.fixture
async def centre() -> AsyncIterator[SmppCentre]:
    async with smpp_centre() as centre:
        yield centre


@pytest.fixture
async def courier(centre: SmppCentre) -> AsyncIterator[SmppCourier]:
    courier = SmppCourier(settings(centre))
    yield courier
    await courier.close()


def settings(centre: SmppCentre, **changes: Any) -> SmppSettings:
    given = SmppSettings("127.0.0.1", centre.port, SYSTEM_ID, Secret(PASSWORD), sender="Parley", limit=2.0)
    return replace(given, **changes)


async def test_a_short_text_is_one_message_in_the_gsm_alphabet(centre: SmppCentre, courier: SmppCourier) -> None:
    """To an international number, from an alphanumeric sender, by version 3.4."""
    await courier.send(entry("Review @ 9"))
    (message,) = centre.submitted
    assert message.destination == (1, 1, "8613800138000")
    assert message.source == (5, 0, "Parley")
    assert (message.esm_class, message.coding) == (0, 0)
    assert message.message == b"Review \x00 9"
    assert centre.binds == [(SYSTEM_ID, PASSWORD, 0x34)]


async def test_a_chinese_text_goes_in_ucs2(centre: SmppCentre, courier: SmppCourier) -> None:
    """Two octets a character, big end first."""
    await courier.send(entry("会议"))
    assert (centre.submitted[0].coding, centre.submitted[0].message) == (8, b"\x4f\x1a\x8b\xae")


async def test_a_long_text_goes_in_parts_that_phones_put_together(centre: SmppCentre, courier: SmppCourier) -> None:
    """Each with a header of one reference, the number of parts and its own; the same at every try."""
    text = "会" * 150
    await courier.send(entry(text))
    parts = list(centre.submitted)
    assert [part.esm_class for part in parts] == [0x40] * 3
    heads = [part.message[:6] for part in parts]
    assert [head[:3] for head in heads] == [b"\x05\x00\x03"] * 3
    assert len({head[3] for head in heads}) == 1
    assert [(head[4], head[5]) for head in heads] == [(3, 1), (3, 2), (3, 3)]
    assert b"".join(part.message[6:] for part in parts).decode("utf-16-be") == text
    await courier.send(entry(text))
    assert centre.submitted[3:] == parts


async def test_one_session_serves_many(centre: SmppCentre, courier: SmppCourier) -> None:
    """Also at the same time; it is bound once and unbound at the end."""
    await asyncio.gather(*(courier.send(entry(f"text {n}", f"ref-{n}")) for n in range(20)))
    assert sorted(message.message for message in centre.submitted) == sorted(b"text %d" % n for n in range(20))
    assert centre.commands.count(BIND) == 1
    await courier.close()
    assert centre.commands[-1] == UNBIND


@pytest.mark.parametrize(
    ("status", "permanent"), [(0x0B, True), (0x01, True), (0x58, False), (0x14, False), (0x08, False), (0x0A, False)]
)
async def test_what_the_centre_says_decides(
    centre: SmppCentre, courier: SmppCourier, status: int, permanent: bool
) -> None:
    """A bad number is for good; throttling, full queues and a sender that is not allowed are for now."""
    centre.statuses = [status]
    with pytest.raises(NotSent) as caught:
        await courier.send(entry("x"))
    assert caught.value.permanent == permanent
    assert f"0x{status:08X}" in str(caught.value)
    await courier.send(entry("y"))
    assert centre.commands.count(BIND) == 1


async def test_a_refused_bind_is_of_the_settings(centre: SmppCentre) -> None:
    """The message waits until they are right; the password is in no words."""
    courier = SmppCourier(settings(centre, password=Secret("wr0ng")))
    with pytest.raises(NotSent, match="bind") as caught:
        await courier.send(entry("x"))
    assert not caught.value.permanent
    assert "wr0ng" not in str(caught.value)
    await courier.close()


async def test_a_lost_session_is_bound_anew(centre: SmppCentre, courier: SmppCourier) -> None:
    """The next message finds a new one."""
    await courier.send(entry("x"))
    centre.hang_up()
    await asyncio.sleep(0.05)
    await courier.send(entry("y"))
    assert [message.message for message in centre.submitted] == [b"x", b"y"]
    assert centre.commands.count(BIND) == 2


async def test_a_silent_centre_is_given_up_in_time(centre: SmppCentre) -> None:
    """For now, and the session is not used again."""
    courier = SmppCourier(settings(centre, limit=0.2))
    await courier.send(entry("x"))
    centre.mute = True
    with pytest.raises(NotSent) as caught:
        await courier.send(entry("y"))
    assert not caught.value.permanent
    centre.mute = False
    await courier.send(entry("z"))
    assert centre.commands.count(BIND) == 2
    await courier.close()


async def test_nonsense_ends_the_session(centre: SmppCentre, courier: SmppCourier) -> None:
    """A length that no PDU has is no reason to read on."""
    centre.noise = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with pytest.raises(NotSent) as caught:
        await courier.send(entry("x"))
    assert not caught.value.permanent
    centre.noise = b""
    await courier.send(entry("y"))


async def test_the_centres_own_questions_are_answered(centre: SmppCentre, courier: SmppCourier) -> None:
    """enquire_link, unbind, and what we do not know (generic_nack)."""
    await courier.send(entry("x"))
    for question, answer in ((0x15, 0x80000015), (0x00000103, 0x80000000), (0x06, 0x80000006)):
        centre.ask(question)
        async with asyncio.timeout(5):
            while answer not in centre.commands:  # noqa: ASYNC110 - the other side's list
                await asyncio.sleep(0.01)
    await courier.send(entry("y"))
    assert centre.commands.count(BIND) == 2


async def test_a_quiet_link_is_tried(centre: SmppCentre) -> None:
    """enquire_link after the pause that is set."""
    courier = SmppCourier(settings(centre, enquire=0.05))
    await courier.send(entry("x"))
    await asyncio.sleep(0.2)
    assert ENQUIRE in centre.commands
    await courier.close()


async def test_no_centre_is_for_now() -> None:
    """Connection refused."""
    courier = SmppCourier(settings(SmppCentre(port=9)))
    with pytest.raises(NotSent) as caught:
        await courier.send(entry("x"))
    assert not caught.value.permanent
    await courier.close()


async def test_an_endless_text_is_not_sent(centre: SmppCentre, courier: SmppCourier) -> None:
    """Parts cost money: twenty is the most."""
    with pytest.raises(NotSent) as caught:
        await courier.send(entry("会" * 2000))
    assert caught.value.permanent
    assert centre.submitted == []
