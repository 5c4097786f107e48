"""SIP as sipp and raw datagrams speak it: digits in two manners, TCP, hold, OPTIONS, refusals, floods."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.kit.addresses import Network, free_port
from tests.kit.api import eventually
from tests.kit.baresip import Phone
from tests.kit.rawsip import RawCaller
from tests.kit.server import Server
from tests.kit.sipp import MUSIC_TONE, Sipp

from .scene import different_uris, same_uri_two_pins, stage

pytestmark = pytest.mark.story


@pytest.mark.parametrize("manner", ["info_digits", "rfc4733_digits"])
async def test_a_pin_typed_by_sipp_opens_the_hosts_door(manner: str) -> None:
    """Digits as INFO and as telephone-events of payload type 96 are the same PIN."""
    async with stage() as scene:
        await same_uri_two_pins(scene.server)
        address = scene.server.network.address()
        async with Sipp(manner, scene.server.sip, address, service="guestpin.space", digits="1234#") as call:
            await scene.until_in("sipp")
            await call.succeeds()
        await scene.until_empty()


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_a_plain_call_by_udp_and_by_tcp(transport: str) -> None:
    """INVITE, ACK, BYE by either transport: the host is in, then nothing is left."""
    async with stage() as scene:
        await different_uris(scene.server)
        address = scene.server.network.address()
        async with Sipp("call", scene.server.sip, address, service="host.space", transport=transport) as call:
            await scene.until_in("sipp")
            await call.succeeds()
        await scene.until_empty()


async def test_calls_survive_loss_of_every_tenth_message() -> None:
    """With 10 % of the messages lost, ten calls are answered and ended all the same."""
    async with stage() as scene:
        await different_uris(scene.server)
        address = scene.server.network.address()
        async with Sipp("call", scene.server.sip, address, service="host.space", calls=10, loss=10) as call:
            result = await call.finished(patience=30.0)
        assert result.successful == 10, str(result)
        await scene.until_empty()


async def test_hold_is_not_death() -> None:
    """A phone that holds by re-INVITE and plays music meanwhile stays in; nobody hears of it until it resumes."""
    async with stage() as scene:
        await different_uris(scene.server)
        host = await scene.caller("host", "host.space")
        await host.be_silent()
        mark = host.mark()
        async with Sipp("hold", scene.server.sip, scene.server.network.address(), service="host.space") as call:
            await scene.until_in("sipp")
            result = await call.succeeds()
        assert result.messages.count("SIP/2.0 200 OK") >= 4, str(result)
        assert "a=recvonly" in result.messages, str(result)
        (held,) = host.heard_since(mark).holes(MUSIC_TONE, longer_than=0.5)
        assert 1.5 < held.seconds < 2.5, held
        await host.hang_up()
        await scene.until_empty()


async def test_a_session_timer_and_update() -> None:
    """The answers to INVITE and UPDATE agree on who refreshes; hold by UPDATE is answered like one by re-INVITE."""
    async with stage() as scene:
        await different_uris(scene.server)
        address = scene.server.network.address()
        async with Sipp("session", scene.server.sip, address, service="host.space") as call:
            await scene.until_in("sipp")
            result = await call.succeeds()
        assert result.messages.count("Session-Expires: 90;refresher=uac\nRequire: timer") >= 3, str(result)
        assert "a=recvonly" in result.messages, str(result)
        await scene.until_empty()


async def test_a_phone_that_holds_is_not_heard_until_it_resumes() -> None:
    """While a phone holds, nobody hears it and it stays in; after it resumes it is heard again."""
    async with stage() as scene:
        await different_uris(scene.server)
        await scene.caller("host", "host.space")
        ada = await scene.caller("ada", "host.space")
        await scene.everybody_hears_everybody("ada", "host")
        await ada.hold()
        await scene.settles({"host": set()})
        assert await scene.api.is_in("ada")
        await ada.resume()
        await scene.settles({"host": {"ada"}})  # baresip 1.0 itself stays deaf after a hold, whoever its peer is


async def test_a_gateway_with_reliable_ringing_moves_to_another_space() -> None:
    """180 by PRACK, then REFER: it leaves one space for another, is told so, and of a transfer that leads nowhere."""
    async with stage() as scene:
        await different_uris(scene.server)
        await scene.api.post("/coSpaces", "name=Elsewhere&uri=elsewhere.space")
        address = scene.server.network.address()
        async with Sipp("transfer", scene.server.sip, address, service="host.space") as call:
            result = await call.succeeds()
        assert result.messages.count("Subscription-State: terminated;reason=noresource") >= 2, str(result)
        assert "SIP/2.0 404 Not Found\n" in result.messages and "SIP/2.0 100 Trying\n" in result.messages, str(result)
        await scene.until_empty()


async def test_options_is_answered() -> None:
    """OPTIONS outside a dialog gets 200 and creates nothing."""
    async with stage() as scene:
        await different_uris(scene.server)
        async with Sipp("options", scene.server.sip, scene.server.network.address(), service="host.space") as call:
            await call.succeeds()
        assert await scene.api.total("/callLegs") == 0


@pytest.mark.parametrize("between", [0.0, 0.002, 0.02])
async def test_a_cancel_that_crosses_the_answer_leaves_nothing(between: float) -> None:
    """INVITE and CANCEL in one breath: CANCEL gets 200, INVITE ends by 487 or by 200 and BYE, and no leg is left."""
    async with stage() as scene:
        await different_uris(scene.server)
        caller = RawCaller(scene.server.network.address(), scene.server.sip, "sip:host.space@parley.example")
        await caller.invite_and_cancel(between)
        await caller.settle(1.5)
        caller.close()
        assert caller.statuses("1 CANCEL") == [200], caller.replies
        final = [status for status in caller.statuses("1 INVITE") if status >= 200]
        assert final in ([487], [200]), caller.replies
        if final == [200]:
            assert caller.statuses("2 BYE") == [200], caller.replies
        await scene.until_empty()


async def test_an_unknown_uri_gets_404_at_once_and_creates_nothing() -> None:
    """No leg, no call, no event-log line, and the answer within a fifth of a second; foreign domains likewise."""
    async with stage() as scene:
        await different_uris(scene.server)
        for uri in ("sip:nobody@parley.example", "sip:guest.space@elsewhere.example"):
            caller = RawCaller(scene.server.network.address(), scene.server.sip, uri)
            began = time.monotonic()
            await caller.invite()
            while not any(status >= 200 for status in caller.statuses("1 INVITE")):
                assert time.monotonic() - began < 0.2, caller.replies
                await caller.settle(0.02)
            assert caller.statuses("1 INVITE")[-1] == 404, caller.replies
            caller.close()
        assert await scene.api.total("/callLegs") == 0 and await scene.api.total("/calls") == 0
        assert not [text for text in await scene.server.event_texts() if "incoming" in text]


async def test_a_flood_to_unknown_uris_leaves_no_legs() -> None:
    """200 INVITEs a second to a URI that leads nowhere: all refused, no leg; a real caller gets in meanwhile."""
    async with stage(LIMITS__CALLS_PER_SOURCE="1000") as scene:
        await different_uris(scene.server)
        ada = await scene.phone("ada")
        address = scene.server.network.address()
        async with Sipp("unknown", scene.server.sip, address, calls=200, rate=200) as flood:
            await asyncio.sleep(0.3)
            await ada.dial("sip:host.space@parley.example")
            assert await scene.api.total("/callLegs") == 1
            await flood.succeeds()
        assert await scene.api.ids("/callLegs") == [await scene.api.leg_of("ada")]
        await ada.hang_up()
        await scene.until_empty()


async def test_a_flood_beyond_the_bound_of_one_source_is_refused() -> None:
    """More new calls a second from one address than set are refused before anything is created for them."""
    async with stage(LIMITS__CALLS_PER_SOURCE="5") as scene:
        await different_uris(scene.server)
        address = scene.server.network.address()
        async with Sipp("call", scene.server.sip, address, service="host.space", calls=60, rate=200) as flood:
            await asyncio.sleep(1.0)
            assert 1 <= await scene.api.total("/callLegs") <= 10
            result = await flood.finished(patience=20.0)
        assert result.failed >= 50, str(result)
        await scene.until_empty()


async def test_a_call_by_tls_is_told_as_encrypted() -> None:
    """baresip calls over TLS, hears and is heard, and the event log says that its signalling was encrypted."""
    network = Network()
    tls = f"{network.server}:{free_port(network.server)}"
    async with Server(network, SIP__TLS=tls) as server:
        await different_uris(server)
        phone = Phone(network.address(), "ada", proxy=tls, transport="tls")
        async with phone:
            await phone.dial("sip:host.space@parley.example")
            await eventually(lambda: server.api.is_in("ada"), "ada is not in the meeting")
            texts = await server.event_texts()
            assert any(text.startswith("call 1: incoming encrypted SIP call from") for text in texts), texts
            await phone.hang_up()
        await eventually(lambda: _empty(server), "legs are left")


async def _empty(server: Server) -> bool:
    return await server.api.total("/callLegs") == 0
