"""What keeps, changes or moves a running SIP call besides INVITE: UPDATE, session timers, and what we do not do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.doors.sip.rates import SCANNERS
from parley.wire.sip.message import Request, Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor())


async def in_call(rig: SipRig) -> Phone:
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call()
    return phone


def answer_of(said: list[Request | Response]) -> Response:
    (answer,) = said
    assert isinstance(answer, Response)
    return answer


# --- UPDATE (RFC 3311) -------------------------------------------------------------------------------------------


async def test_an_update_without_offer_changes_no_media(rig: SipRig) -> None:
    """200 without a body; the engine is told nothing."""
    phone = await in_call(rig)
    (before,) = rig.floor.engine.legs.values()
    answer = answer_of(await phone.send("UPDATE"))
    assert (answer.status, answer.body) == (200, b"")
    assert list(rig.floor.engine.legs.values()) == [before]


async def test_an_update_with_an_offer_is_answered_like_a_reinvite(rig: SipRig) -> None:
    """Hold by UPDATE: our answer keeps our port, the engine sends no more; no ACK is waited for."""
    phone = await in_call(rig)
    answer = answer_of(await phone.send("UPDATE", offer("pcmu", direction="sendonly", port=4444, version=2)))
    assert answer.status == 200 and audio_of(described(answer)).port == 20000
    (audio,) = rig.floor.engine.legs.values()
    assert (audio.remote_port, audio.sends, audio.receives) == (4444, False, True)
    assert "BYE" not in {one.method for one in await phone.took(40)}


@pytest.mark.parametrize(("body", "status"), [(offer("gsm"), 488), ("v=0 rubbish", 488)])
async def test_an_update_that_cannot_be_served_changes_nothing(rig: SipRig, body: str, status: int) -> None:
    """No codec of ours, or no description at all."""
    phone = await in_call(rig)
    before = list(rig.floor.engine.legs.values())
    assert answer_of(await phone.send("UPDATE", body)).status == status
    assert list(rig.floor.engine.legs.values()) == before


async def test_an_update_while_our_own_offer_is_open_is_491(rig: SipRig) -> None:
    """We offered in a 200 whose ACK is still to come (RFC 3311 section 5.2)."""
    phone = await in_call(rig)
    (answer,) = await phone.invite("")
    number = answer.cseq.number
    assert answer.status == 200
    assert answer_of(await phone.send("UPDATE", offer(version=3))).status == 491
    await phone.send("ACK", offer(version=2), number=number)
    assert answer_of(await phone.send("UPDATE", offer(version=3))).status == 200


# --- what we do not do -------------------------------------------------------------------------------------------


async def test_nobody_transfers_our_participants(rig: SipRig) -> None:
    """REFER, inside a call or outside, is 405 and the Allow of our answers does not name it; the call stands."""
    phone = await in_call(rig)
    refused = answer_of(await phone.send("REFER", extra="Refer-To: <sip:elsewhere@example.com>\r\n"))
    assert refused.status == 405 and "REFER" not in (refused.headers.get("Allow") or "REFER")
    assert answer_of(await Phone(rig).send("REFER", extra="Refer-To: <sip:elsewhere@example.com>\r\n")).status == 405
    assert len(rig.floor.directory.legs()) == 1
    assert await phone.took() == []


@pytest.mark.parametrize("agent", ["friendly-scanner", "sipvicious", "sipcli/v1.8", "VaxSIPUserAgent/3.5"])
async def test_a_scanner_hears_nothing(rig: SipRig, agent: str) -> None:
    """Not even 100; nothing is looked up."""
    await rig.floor.space()
    phone = Phone(rig)
    for method in ("OPTIONS", "INVITE", "REGISTER"):
        assert await phone.send(method, extra=f"User-Agent: {agent}\r\n") == []
    assert rig.floor.directory.legs() == [] and rig.agent.live == (0, 0)
    assert all(name == name.lower() for name in SCANNERS)
