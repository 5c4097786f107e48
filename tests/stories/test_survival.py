"""Calls survive a restart of control: the server is killed and started again under twenty phones in two meetings, and
under callers who are in none of these."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest

from tests.kit.addresses import Network
from tests.kit.api import eventually
from tests.kit.chorus import AMPLITUDE, RATE, Chorus
from tests.kit.plain_phone import PlainPhone
from tests.kit.rawcallee import RawCallee
from tests.kit.server import DOMAIN, Server
from tests.kit.tones import strength

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(120)]

EACH = 10
GAP = 0.2  # seconds that the mix may stop
VOICES = {"alpha0": 440.0, "alpha1": 640.0, "beta0": 880.0, "beta1": 1240.0, "ann": 440.0, "bob": 640.0, "echo": 880.0}
TONES = [440.0, 640.0, 880.0, 1240.0]
CALLED = "beta9"  # whom the server calls
BY_TCP = {"alpha5", "alpha6"}

Phones = dict[str, PlainPhone]


@contextlib.asynccontextmanager
async def two_meetings(server: Server) -> AsyncIterator[Phones]:
    """Ten phones in each; two of each hum, the others are silent."""
    phones: Phones = {}
    for space in ("alpha", "beta"):
        await server.api.post("/coSpaces", f"name={space}&uri={space}")
    with Chorus() as chorus:
        async with contextlib.AsyncExitStack() as stack:
            for space in ("alpha", "beta"):
                for number in range(EACH):
                    name = f"{space}{number}"
                    address = server.network.address()
                    voice = chorus.voice(address, VOICES.get(name))
                    phone = PlainPhone(name, address, voice, server.sip, "tcp" if name in BY_TCP else "udp")
                    phones[name] = await stack.enter_async_context(phone)
                    if name != CALLED:
                        await phone.dial(f"sip:{space}@{DOMAIN}")
            called = phones[CALLED]
            await server.api.post("/outboundDialPlanRules", f"domain=*&sipProxy={called.address}:{called.port}")
            await eventually(lambda: are_in(server, 2 * EACH - 1), "not everybody is in")
            call = await call_of(server, "beta")
            await server.api.post(f"/calls/{call}/participants", "remoteParty=sip:beta9@phones.example")
            await eventually(lambda: are_in(server, 2 * EACH), "not everybody is in")
            yield phones


async def are_in(server: Server, participants: int) -> bool:
    return await server.api.total("/participants") == participants


async def call_of(server: Server, space: str) -> str:
    for call in await server.api.ids("/calls"):
        if (await server.api.tree(f"/calls/{call}")).findtext("name") == space:
            return call
    raise AssertionError(f"no call in {space}")


async def live(server: Server) -> dict[str, str]:
    """Everything that the API shows of calls, participants and legs, but what counts seconds and packets."""
    shown: dict[str, str] = {}
    for collection in ("calls", "participants", "callLegs"):
        for id in await server.api.ids(f"/{collection}"):
            tree = await server.api.tree(f"/{collection}/{id}")
            for status in tree.findall("status"):
                for child in list(status):
                    if child.tag.startswith(("duration", "rx", "tx")):
                        status.remove(child)
            for child in list(tree):
                if child.tag.startswith("duration"):
                    tree.remove(child)
            shown[f"{collection}/{id}"] = ElementTree.tostring(tree, "unicode")
    return shown


async def hears(phones: Phones, name: str, expected: set[str], seconds: float = 0.5) -> None:
    """Exactly these voices, from a moment that comes soon."""

    async def so() -> bool:
        now = time.time()
        await asyncio.sleep(seconds)
        heard = phones[name].voice.tones(TONES, now, now + seconds)
        return heard == {VOICES[speaker] for speaker in expected}

    await eventually(so, f"{name} does not hear {expected} alone")


async def records(server: Server) -> Counter[tuple[str, str]]:
    """(kind, id) of the starts and ends."""
    rows = json.loads(await server.command("records", "--lines", "2000", "--json"))
    return Counter((row["record"], row["id"]) for row in rows if row["record"].endswith(("Start", "End")))


async def whole_records(server: Server, calls: int, legs: int) -> None:
    """Everything has begun once and ended once, as soon as the last lines of the journal are imported."""

    async def ends() -> bool:
        return sum(kind == "callLegEnd" for kind, _ in await records(server)) >= legs

    await eventually(ends, "not every leg's end is in the records")
    found = await records(server)
    assert set(found.values()) == {1}
    assert Counter(kind for kind, _ in found) == {
        "callStart": calls,
        "callEnd": calls,
        "callLegStart": legs,
        "callLegEnd": legs,
    }


async def test_nobody_is_dropped_by_a_kill() -> None:
    """SIGKILL under twenty phones: no BYE, no gap, everything as it stood; then everything works as before."""
    async with Server(Network(), MEDIA__OUTLIVE="60", MEDIA__WORKERS="2") as server, two_meetings(server) as phones:
        alpha = await call_of(server, "alpha")
        muted = await server.api.leg_of("beta1")
        await server.api.put(f"/calls/{alpha}", "locked=true")
        await hears(phones, "alpha7", {"alpha0", "alpha1"})
        before = await live(server)

        began = time.time()
        await asyncio.sleep(0.3)
        killed = time.time()
        mute = asyncio.create_task(server.api.put(f"/callLegs/{muted}", "rxAudioMute=true"))
        await mute  # answered: from here on it holds, whatever happens
        await server.kill_and_restart()
        ready = time.time()
        await asyncio.sleep(0.5)
        over = time.time()

        gaps = {name: phone.voice.longest_gap(began, over) for name, phone in phones.items()}
        print(f"back after {ready - killed:.2f} s; the longest gap of any phone {max(gaps.values()) * 1000:.0f} ms")
        assert max(gaps.values()) <= GAP, gaps
        assert all("BYE" not in phone.requests for phone in phones.values())
        after = await live(server)
        assert after.pop(f"callLegs/{muted}") != before.pop(f"callLegs/{muted}")
        assert after == before
        for name in ("alpha7", "alpha5"):
            assert phones[name].voice.tones(TONES, began, over) == {440.0, 640.0}
        assert phones["alpha0"].voice.tones(TONES, began, over) == {640.0}
        await hears(phones, "beta9", {"beta0"})

        await everything_works(server, phones)

        for space in ("alpha", "beta"):
            await server.api.delete(f"/calls/{await call_of(server, space)}")
        for phone in phones.values():
            if phone.voice.remote is not None:
                await phone.is_hung_up()
        assert await server.api.total("/callLegs") == 0
        await whole_records(server, calls=2, legs=2 * EACH)


async def test_a_start_that_fails_ends_no_call() -> None:
    """After a SIGKILL one start finds its port taken: the next one has the call as it was; the phone hears no word, and
    one that was rung gets its CANCEL from it."""
    network = Network()
    async with (
        Server(network, MEDIA__OUTLIVE="60") as server,
        RawCallee(network.address(), [180]) as callee,
        contextlib.AsyncExitStack() as stack,
    ):
        await server.api.post("/coSpaces", "name=alpha&uri=alpha")
        voice = stack.enter_context(Chorus()).voice(address := server.network.address(), None)
        phone = await stack.enter_async_context(PlainPhone("ann", address, voice, server.sip, "udp"))
        await phone.dial(f"sip:alpha@{DOMAIN}")
        await eventually(lambda: are_in(server, 1), "she is not in")
        await server.api.put(f"/callLegs/{await server.api.leg_of('ann')}", "rxAudioMute=true")
        await server.api.post("/outboundDialPlanRules", f"domain=*&sipProxy={callee.place}")
        call = await call_of(server, "alpha")
        await server.api.post(f"/calls/{call}/participants", "remoteParty=sip:cid@phones.example")
        await callee.hears("INVITE")
        await asyncio.sleep(0.5)  # its row is written
        said = await server.kill_and_fail_to_restart()
        assert "cannot listen" in said and "Traceback" not in said and "never awaited" not in said
        assert not callee.requests("CANCEL")
        await server.start_again()
        await callee.hears("CANCEL")
        assert await is_in(server, "ann") and "BYE" not in phone.requests
        assert await phone.hang_up() == 200


async def everything_works(server: Server, phones: Phones) -> None:
    """What phones and API can do in a call that has survived, over UDP and TCP."""
    assert await phones["beta8"].hang_up() == 200
    assert await phones[CALLED].hang_up() == 200
    await eventually(lambda: is_gone(server, "beta8"), "who hung up is still there")
    await eventually(lambda: is_gone(server, CALLED), "who hung up is still there")

    assert await phones["alpha0"].offer_again("sendonly") == "recvonly"
    assert await phones["alpha0"].offer_again("sendrecv") == "sendrecv"
    assert await phones["alpha5"].offer_again("sendonly") == "recvonly"  # by a connection of its own
    assert await phones["alpha5"].offer_again("sendrecv") == "sendrecv"

    leg = await server.api.leg_of("alpha0")
    await server.api.put(f"/callLegs/{leg}", "rxAudioMute=true")
    await hears(phones, "alpha7", {"alpha1"})
    await server.api.put(f"/callLegs/{leg}", "rxAudioMute=false")
    await hears(phones, "alpha7", {"alpha0", "alpha1"})
    await hears(phones, "alpha5", {"alpha0", "alpha1"})

    for name in ("alpha4", "alpha6"):  # the latter has no connection: one is made to it
        await server.api.delete(f"/callLegs/{await server.api.leg_of(name)}")
        await phones[name].is_hung_up()


async def is_gone(server: Server, name: str) -> bool:
    return not await is_in(server, name)


async def is_in(server: Server, name: str) -> bool:
    try:
        await server.api.leg_of(name)
    except AssertionError:
        return False
    return True


# --- who is in no meeting of many ------------------------------------------------------------------------------------

ENTER_PIN, WAITING, ENDED = (600.0,), (3100.0,), (3200.0, 3100.0)  # prompts of beeps
OTHERS = ("ann", "bob", "pin", "lobby", "echo")


async def hears_prompt(phone: PlainPhone, tones: tuple[float, ...], since: float) -> None:
    """All of these beeps, one after another, begin to sound after this moment."""

    async def heard() -> bool:
        sound = phone.voice.sound(since, time.time())
        if len(sound) < RATE // 5:
            return False
        loud = [strength(sound, tone, RATE, 100.0) > AMPLITUDE / 2 for tone in tones]
        return all(found.any() for found in loud) and [found.argmax() for found in loud] == sorted(
            found.argmax() for found in loud
        )

    await eventually(heard, f"{phone.name} does not hear {tones}")


async def others(server: Server, stack: contextlib.AsyncExitStack, callee: RawCallee) -> Phones:
    """ann is put through to bob, one types a PIN, one waits for a host, one hears himself, and somebody is rung."""
    chorus, phones = stack.enter_context(Chorus()), dict[str, PlainPhone]()
    for name in OTHERS:
        address = server.network.address()
        voice = chorus.voice(address, VOICES.get(name))
        phones[name] = await stack.enter_async_context(PlainPhone(name, address, voice, server.sip))
    guests = await server.api.post("/callLegProfiles", "needsActivation=true")
    hosts = await server.api.post("/callLegProfiles", "needsActivation=false")
    await server.api.post("/coSpaces", f"name=secret&uri=secret&passcode=1234&callLegProfile={hosts}")
    space = await server.api.post("/coSpaces", f"name=lobby&uri=lobby&callLegProfile={guests}")
    await server.api.post(f"/coSpaces/{space}/accessMethods", f"uri=host&callLegProfile={hosts}")
    await server.api.post("/forwardingDialPlanRules", "matchPattern=far.example")
    for domain, place in (("far.example", f"{phones['bob'].address}:{phones['bob'].port}"), ("*", callee.place)):
        await server.api.post("/outboundDialPlanRules", f"domain={domain}&sipProxy={place}")
    await phones["ann"].dial("sip:bob@far.example")
    for name, user in (("pin", "secret"), ("lobby", "lobby"), ("echo", "echo")):
        await phones[name].dial(f"sip:{user}@{DOMAIN}")
    await eventually(lambda: are_in(server, 3), "not everybody is in")
    call = await call_of(server, "lobby")
    await server.api.post(f"/calls/{call}/participants", "remoteParty=sip:cid@phones.example")
    await callee.hears("INVITE")
    return phones


async def test_callers_outside_meetings_of_many_survive_a_kill() -> None:
    """SIGKILL: a call that was passed on goes on without a gap, who typed a PIN is asked again, who waits for a host
    or hears himself goes on, and a phone that was rung gets its CANCEL. Who is sent out at last hears so, then gets his
    BYE, and is in no list meanwhile."""
    network = Network()
    async with (
        Server(network, MEDIA__OUTLIVE="60") as server,
        RawCallee(network.address(), [180]) as callee,
        contextlib.AsyncExitStack() as stack,
    ):
        phones = await others(server, stack, callee)
        await hears_prompt(phones["pin"], ENTER_PIN, 0.0)
        await hears_prompt(phones["lobby"], WAITING, 0.0)
        await phones["pin"].press("12")
        await hears(phones, "ann", {"bob"})

        began = time.time()
        await asyncio.sleep(0.3)
        await server.kill_and_restart()
        ready = time.time()
        await callee.hears("CANCEL")
        await asyncio.sleep(0.5)
        over = time.time()

        gaps = {name: phones[name].voice.longest_gap(began, over) for name in ("ann", "bob")}
        print(f"the longest gap of a call that was passed on {max(gaps.values()) * 1000:.0f} ms")
        assert max(gaps.values()) <= GAP, gaps
        assert phones["bob"].voice.tones(TONES, began, over) == {440.0}
        assert all("BYE" not in phone.requests for phone in phones.values())
        await hears(phones, "echo", {"echo"})
        await hears_prompt(phones["pin"], ENTER_PIN, ready)
        await phones["pin"].press("1234#")
        await eventually(lambda: are_in(server, 4), "the PIN lets nobody in")
        assert await server.api.waits("lobby")
        await phones["echo"].hang_up()
        await phones["echo"].dial(f"sip:host@{DOMAIN}")
        await hears(phones, "lobby", {"echo"})

        assert await phones["bob"].hang_up() == 200
        await phones["ann"].is_hung_up()
        for name in ("secret", "lobby"):
            await server.api.delete(f"/calls/{await call_of(server, name)}")
        deleted = time.time()
        assert (await server.api.total("/callLegs"), await server.api.total("/calls")) == (0, 0)
        assert "BYE" not in phones["lobby"].requests
        await hears_prompt(phones["lobby"], ENDED, deleted)
        for name in ("pin", "lobby", "echo"):
            await phones[name].is_hung_up()
        assert time.time() - deleted < 3.0
        await whole_records(server, calls=3, legs=7)
