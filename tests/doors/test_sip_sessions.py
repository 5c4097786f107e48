"""What keeps, changes or moves a running SIP call besides INVITE: UPDATE, session timers, and what we do not do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegEnded
from parley.core.leg_inputs import CallFailed, Reached, RemoteEnded
from parley.core.outbound import Credentials
from parley.core.secret import Secret
from parley.doors.sip.agent import SipAgent
from parley.doors.sip.rates import SCANNERS
from parley.wire.sip.message import Request, Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_calling_rig import Told, agent_at_work, callee, hop, leg_of
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer
from tests.kit.manual_clock import ManualClock
from tests.kit.rawcallee import RawCallee


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
    """Hold by UPDATE: our answer keeps our port, the engine neither sends nor listens; no ACK is waited for."""
    phone = await in_call(rig)
    answer = answer_of(await phone.send("UPDATE", offer("pcmu", direction="sendonly", port=4444, version=2)))
    assert answer.status == 200 and audio_of(described(answer)).port == 20000
    (audio,) = rig.floor.engine.legs.values()
    assert (audio.remote_port, audio.sends, audio.receives) == (4444, False, False)
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


@pytest.mark.parametrize("agent", ["friendly-scanner", "sipvicious", "sipcli/v1.8", "VaxSIPUserAgent/3.5"])
async def test_a_scanner_hears_nothing(rig: SipRig, agent: str) -> None:
    """Not even 100; nothing is looked up."""
    await rig.floor.space()
    phone = Phone(rig)
    for method in ("OPTIONS", "INVITE", "REGISTER"):
        assert await phone.send(method, extra=f"User-Agent: {agent}\r\n") == []
    assert rig.floor.directory.legs() == [] and rig.agent.live == (0, 0)
    assert all(name == name.lower() for name in SCANNERS)


# --- session timers (RFC 4028) -----------------------------------------------------------------------------------

TIMER = "Supported: timer\r\nSession-Expires: 600\r\n"
PROXY = "Session-Expires: 600\r\n"  # asked for on the way: the phone knows no timers


async def timed(rig: SipRig, extra: str) -> tuple[Phone, Response]:
    await rig.floor.space()
    phone = Phone(rig)
    (answer,) = await phone.invite(extra=extra)
    await phone.ack()
    return phone, answer


def reply(sent: Request, status: int, body: str = "") -> bytes:
    """The phone's answer to a request of ours."""
    lines = [(name, value) for name, value in sent.headers if name in {"Via", "From", "To", "Call-ID", "CSeq"}]
    if body:
        lines.append(("Content-Type", "application/sdp"))
    return Response(status, None, lines, body.encode()).serialise()


async def test_a_phone_that_does_not_refresh_its_call_is_hung_up(rig: SipRig) -> None:
    """A BYE that says so shortly before the time agreed; the leg ends with a reason of its own, and nothing is left."""
    phone, answer = await timed(rig, TIMER)
    assert answer.headers.get("Session-Expires") == "600;refresher=uac" and answer.headers.get("Require") == "timer"
    assert await phone.took(567) == []
    (bye,) = {one.method: one for one in await phone.took(2)}.values()
    assert bye.method == "BYE" and "not refreshed" in (bye.headers.get("Reason") or "")
    (ended,) = rig.floor.events(LegEnded)
    assert isinstance(ended, LegEnded) and ended.ending == Ending(Side.LOCAL, Reason.SESSION_EXPIRED)
    await rig.floor.wait(64)
    rig.floor.assert_nothing_left()


async def test_a_phone_that_refreshes_stays(rig: SipRig) -> None:
    """By UPDATE without a description, for as long as it likes; the engine is told nothing."""
    phone, _ = await timed(rig, TIMER)
    before = list(rig.floor.engine.legs.values())
    for _ in range(4):
        assert await phone.took(300) == []
        answer = answer_of(await phone.send("UPDATE", extra=TIMER))
        assert (answer.status, answer.headers.get("Session-Expires")) == (200, "600;refresher=uac")
    assert list(rig.floor.engine.legs.values()) == before


async def test_a_phone_that_ends_its_call_is_not_asked_again(rig: SipRig) -> None:
    """After its BYE the timer is gone with everything else."""
    phone, _ = await timed(rig, TIMER)
    await phone.send("BYE")
    assert await phone.took(1000) == []
    rig.floor.assert_nothing_left()


async def test_too_short_a_session_is_422(rig: SipRig) -> None:
    """With the least we take; no leg is made."""
    await rig.floor.space()
    (answer,) = await Phone(rig).invite(extra="Supported: timer\r\nSession-Expires: 30\r\n")
    assert (answer.status, answer.headers.get("Min-SE")) == (422, "90")
    assert rig.floor.directory.legs() == [] and rig.agent.live == (0, 0)


async def test_we_refresh_for_a_phone_that_cannot(rig: SipRig) -> None:
    """At half of the time by a re-INVITE that says what was said; the same answer changes nothing, another one does."""
    phone, answer = await timed(rig, PROXY)
    assert answer.headers.get("Session-Expires") == "600;refresher=uas" and "Require" not in answer.headers
    (before,) = rig.floor.engine.legs.values()
    (again,) = await phone.took(300)
    assert again.method == "INVITE" and again.body == answer.body
    (ack,) = await rig.hear(reply(again, 200, offer("opus")), phone.flow)
    assert isinstance(ack, Request) and ack.method == "ACK"
    assert list(rig.floor.engine.legs.values()) == [before]
    again = (await phone.took(300))[-1]
    await rig.hear(reply(again, 200, offer("opus", port=4444, version=2)), phone.flow)
    (changed,) = rig.floor.engine.legs.values()
    assert (changed.remote_port, changed.codec.name) == (4444, "opus")


async def test_a_refresh_that_meets_their_reinvite_comes_later(rig: SipRig) -> None:
    """491 to ours: within 2 s again, for the phone called us."""
    phone, _ = await timed(rig, PROXY)
    (first,) = await phone.took(300)
    (ack,) = await rig.hear(reply(first, 491), phone.flow)
    assert isinstance(ack, Request) and ack.method == "ACK"
    numbers = [one.cseq.number for one in await phone.took(2.1) if one.method == "INVITE"]
    assert numbers[0] == first.cseq.number and numbers[-1] == first.cseq.number + 1


# --- session timers of calls that we make ------------------------------------------------------------------------

EXPIRES = "Session-Expires: 600;refresher=uac"


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def agent(clock: ManualClock) -> AsyncIterator[SipAgent]:
    """On a real socket, with time that moves when told."""
    async with agent_at_work(clock) as made:
        yield made


async def placed(
    agent: SipAgent, ada: RawCallee, credentials: Credentials | None = None, transport: str = "udp"
) -> Told:
    leg, told = leg_of(agent)
    leg.reach(hop(ada, transport, credentials=credentials))
    await told.hears(Reached)
    leg.place(20000)
    await ada.hears("INVITE")
    return told


async def test_a_call_of_ours_asks_for_a_timer_and_learns_the_least(agent: SipAgent) -> None:
    """422: once more with the interval it wants; a second one is the end of the attempt."""
    async with callee([(422, "Min-SE: 3600")]) as ada:
        told = await placed(agent, ada)
        second = await ada.hears("INVITE", 2)
        first = ada.requests("INVITE")[0]
        assert "timer" in first.header("Supported") and first.header("Session-Expires") == "1800"
        assert (second.header("Session-Expires"), second.header("Min-SE")) == ("3600", "3600")
        assert (second.header("CSeq"), second.tag) == ("2 INVITE", first.tag)
        await ada.hears("ACK", 2)
        await asyncio.sleep(0.05)
        assert len(ada.requests("INVITE")) == 2
        assert CallFailed(Ending(Side.REMOTE, Reason.DECLINED)) in told.messages


async def test_a_call_of_ours_is_refreshed_by_update(agent: SipAgent, clock: ManualClock) -> None:
    """Where the answer allows it, at half of the time agreed, over and over."""
    async with callee([(200, f"{EXPIRES}\r\nAllow: INVITE, ACK, BYE, UPDATE")]) as ada:
        await placed(agent, ada)
        await ada.hears("ACK")
        for number in (1, 2):
            await clock.run_for(300)
            update = await ada.hears("UPDATE", number)
            assert update.header("Session-Expires") == "600;refresher=uac"
            await asyncio.sleep(0.05)  # its 200
        assert len(ada.requests("INVITE")) == 1 and ada.requests("BYE") == []


async def test_a_refresh_opens_the_stream_that_was_idle_for_too_long(agent: SipAgent, clock: ManualClock) -> None:
    """A call by TCP whose connection is gone by then: another one, and the call goes on."""
    async with callee([(200, f"{EXPIRES}\r\nAllow: INVITE, ACK, BYE, UPDATE")]) as ada:
        told = await placed(agent, ada, transport="tcp")
        await ada.hears("ACK")
        for writer in agent._listeners._streams.values():
            writer.close()
        await asyncio.sleep(0.05)
        await clock.run_for(300)
        await ada.hears("UPDATE")
        assert ada.connections == 2
        await asyncio.sleep(0.05)
        await clock.run_for(299)
        assert not any(isinstance(message, RemoteEnded) for message in told.messages)


@pytest.mark.parametrize("listens", [True, False])
async def test_a_refresh_that_is_too_long_for_a_datagram_goes_by_tcp(
    agent: SipAgent, clock: ManualClock, listens: bool
) -> None:
    """Over 1300 bytes, by proxies that note much on the way say (RFC 3261 section 18.1.1); without TCP it is sent as it
    is."""
    async with callee() as ada:
        route = f"Record-Route: <sip:{ada.place};lr;noted={'x' * 800}>"
        ada._scripts = [[(200, f"{EXPIRES}\r\n{route}")]]
        told = await placed(agent, ada)
        await ada.hears("ACK")
        if not listens:
            ada._server.close()
        await clock.run_for(300)
        refresh = await ada.hears("INVITE", 2)
        await ada.hears("ACK", 2)
        assert len(refresh.text) > 1300 and "m=audio 20000" in refresh.text
        assert refresh.header("Via").startswith(f"SIP/2.0/{'TCP' if listens else 'UDP'} ")
        assert ada.connections == listens
        assert not any(isinstance(message, RemoteEnded) for message in told.messages)


async def test_a_challenged_refresh_proves_itself(agent: SipAgent, clock: ManualClock) -> None:
    """A trunk that asks for credentials in every request gets them, once for each."""

    def challenge(nonce: str) -> tuple[int, str]:
        return 401, f'WWW-Authenticate: Digest realm="trunk", nonce="{nonce}", algorithm=SHA-256'

    script: list[list[object]] = [[challenge("a")], [(200, EXPIRES)], [challenge("b")], [(200, EXPIRES)]]
    script += [[challenge("c")], [challenge("d")]]
    async with callee(*script) as ada:
        told = await placed(agent, ada, Credentials("parley", Secret("sesame"), "trunk"))
        await ada.hears("ACK", 2)
        await clock.run_for(300)
        refresh = await ada.hears("INVITE", 4)
        assert 'nonce="b"' in refresh.header("Authorization") and "m=audio 20000" in refresh.text
        await ada.hears("ACK", 4)
        await asyncio.sleep(0.05)
        await clock.run_for(300)
        assert 'nonce="c"' in (await ada.hears("INVITE", 6)).header("Authorization")
        await asyncio.sleep(0.05)
        assert len(ada.requests("INVITE")) == 6, "a refusal of our credentials is not answered at once"
        assert not any(isinstance(message, RemoteEnded) for message in told.messages)


async def test_a_call_of_ours_that_they_do_not_refresh_ends(agent: SipAgent, clock: ManualClock) -> None:
    """They said they would: a BYE, and the leg hears why."""
    async with callee([(200, "Session-Expires: 600;refresher=uas\r\nRequire: timer")]) as ada:
        told = await placed(agent, ada)
        await ada.hears("ACK")
        await clock.run_for(567)
        assert ada.requests("BYE") == []
        await clock.run_for(2)
        assert "not refreshed" in (await ada.hears("BYE")).header("Reason")
        assert told.messages[-1] == RemoteEnded(Ending(Side.LOCAL, Reason.SESSION_EXPIRED))
