"""Meetings by the protocol alone, with sound: what docs/browser-protocol.md promises, against a real server."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosedError

from tests.kit.api import eventually
from tests.kit.tones import heard
from tests.kit.webclient import Said, WebClient

from .scene import same_uri_two_pins, stage

pytestmark = pytest.mark.story

GUEST = {"meeting": "189", "passcode": "789"}
HOST = {"meeting": "889", "passcode": "1234"}
GUS, HANA = 1100.0, 1300.0


def active(state: Said) -> bool:
    return bool(state["you"]["state"] == "active")


def hears(client: WebClient, frequency: float) -> bool:
    return heard(client.peer.heard, frequency, client.peer.rate)


async def comes_to_hear(client: WebClient, *frequencies: float) -> None:
    """From now on, all of them."""
    client.peer.forget()

    async def all_there() -> bool:
        return all(hears(client, frequency) for frequency in frequencies)

    await eventually(all_there, f"{client.name} does not hear {frequencies}")


async def listen(*clients: WebClient, seconds: float = 1.0) -> None:
    for client in clients:
        client.peer.forget()
    await asyncio.sleep(seconds)


async def test_a_guest_waits_and_a_host_comes() -> None:
    """The guest hears nothing of the meeting before the host is there, and then each hears the other and a phone."""
    async with stage() as scene:
        server = scene.server
        made = await same_uri_two_pins(server)
        await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
        async with WebClient(server, "Gus", GUS) as gus, WebClient(server, "Hana", HANA) as hana:
            await gus.join(GUEST)
            waiting = await gus.state()
            assert waiting["you"]["causes"] == ["no-host"] and len(waiting["participants"]) == 1
            phone = await scene.caller("phone", "guestpin.space")
            await phone.digits("789#")
            await scene.until_waiting("phone")
            await listen(gus)
            assert not hears(gus, scene.voices["phone"])

            await hana.join(HOST)
            state = await gus.state(active)
            assert [one["kind"] for one in state["participants"]] == ["browser", "phone", "browser"]
            await comes_to_hear(gus, HANA, scene.voices["phone"])
            await comes_to_hear(hana, GUS, scene.voices["phone"])
            assert not hears(gus, GUS) and not hears(hana, HANA)
            assert (await hana.hear("quality"))["received"]["packets"] > 20
            assert (await gus.hear("speakers"))["participants"]

            await hana.done("mute-participant", participant=gus.participant, muted=True)
            await asyncio.sleep(1.0)
            await listen(hana)
            assert not hears(hana, GUS) and hears(hana, scene.voices["phone"])
            await gus.done("mute", muted=False)
            await gus.done("say", text="Can you hear me?")
            assert (await hana.hear("chat"))["text"] == "Can you hear me?"
            await comes_to_hear(hana, GUS)

            await hana.done("end")
            assert (await gus.hear("ended"))["reason"] == "meeting-ended"
        await scene.until_empty()


async def test_sound_goes_on_while_the_socket_is_broken() -> None:
    """The participant stays, heard and hearing; a new socket resumes it, and after the grace it has left."""
    async with stage(WEB__GRACE="2") as scene:
        server = scene.server
        made = await same_uri_two_pins(server)
        await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
        async with WebClient(server, "Gus", GUS) as gus, WebClient(server, "Hana", HANA) as hana:
            await hana.join(HOST)
            await gus.join(GUEST)
            await gus.state(active)
            await hana.state(lambda state: len(state["participants"]) == 2)
            await gus.disconnect()
            await comes_to_hear(gus, HANA)
            await comes_to_hear(hana, GUS)
            await gus.resume()
            assert active(await gus.state())
            server.never_log(gus.welcome["resume"], hana.welcome["resume"])
            await asyncio.sleep(2.5)
            await gus.done("hand", raised=True)
            await gus.disconnect()
            gone = await hana.state(lambda state: len(state["participants"]) == 1)
            assert gone["participants"][0]["name"] == "Hana"
            await asyncio.sleep(1.0)
            await listen(hana)
            assert not hears(hana, GUS)
            await hana.done("leave")
        await scene.until_empty()


async def test_a_server_that_stops_is_to_be_asked_again() -> None:
    """Its sockets close as those of a service that restarts (1012): no client is told that the meeting is over."""
    async with contextlib.AsyncExitStack() as clients:
        async with stage() as scene:
            await same_uri_two_pins(scene.server)
            hana = await clients.enter_async_context(WebClient(scene.server, "Hana", HANA))
            await hana.join(HOST)
            await hana.state(active)
        with pytest.raises(ConnectionClosedError) as closed:
            await hana.hear("ended")
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
