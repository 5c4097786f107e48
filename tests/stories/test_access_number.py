"""The global IVR: one number for everybody, then a call ID, then perhaps a PIN."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.baresip import Phone

from .scene import Stage, different_uris, same_uri_host_pin, same_uri_two_pins, stage

pytestmark = pytest.mark.story


async def at_access_number(scene: Stage, name: str, call_id: str = "") -> Phone:
    """He is asked for a call ID, and types this one if any."""
    phone = await scene.caller(name, "9000")
    await phone.hears_prompt("enter-id", phone.start)
    if call_id:
        await phone.digits(call_id)
    return phone


async def test_call_ids_without_a_pin_join_at_once() -> None:
    """628821815 is the guest's door and 888 the host's, nobody is asked for a PIN."""
    async with stage() as scene:
        made = await different_uris(scene.server)
        await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
        await at_access_number(scene, "ada", "628821815#")
        await scene.until_waiting("ada")
        await at_access_number(scene, "host", "888#")
        await scene.everybody_hears_everybody("ada", "host")


async def test_call_ids_with_pins() -> None:
    """189 takes 789, 889 takes 1234, and neither takes the other's PIN."""
    async with stage() as scene:
        await same_uri_two_pins(scene.server)
        for name, call_id, wrong, right in (("ada", "189#", "1234#", "789#"), ("host", "889#", "789#", "1234#")):
            phone = await at_access_number(scene, name, call_id)
            await phone.hears_prompt("enter-pin", phone.start)
            await phone.digits(wrong)
            await phone.hears_prompt("pin-incorrect-try-again", phone.start)
            await phone.digits(right)
            if name == "ada":
                await scene.until_waiting("ada")
        await scene.until_in("ada", "host")


async def test_a_call_id_without_a_pin_asks_none_though_its_uri_does() -> None:
    """In scenario 6.3 call ID 189 is the guest's alone: no PIN is asked for; 889 asks for the host's."""
    async with stage() as scene:
        await same_uri_host_pin(scene.server)
        await at_access_number(scene, "ada", "189#")
        await scene.until_waiting("ada")
        host = await at_access_number(scene, "host", "889#")
        await host.hears_prompt("enter-pin", host.start)
        await host.digits("1234#")
        await scene.until_in("ada", "host")


async def test_an_unknown_call_id_sounds_like_one_with_a_pin() -> None:
    """An unknown ID is asked for a PIN, refused with the same prompts, and its call ended after three tries."""
    async with stage() as scene:
        await same_uri_two_pins(scene.server)
        eve = await at_access_number(scene, "eve", "4711#")
        await eve.hears_prompt("enter-pin", eve.start)
        for prompt in ("pin-incorrect-try-again", "pin-incorrect-final-attempt"):
            await eve.digits("1234#")
            await eve.hears_prompt(prompt, eve.start)
        await eve.digits("1234#")
        await eve.wait_closed()
        await scene.until_empty()


async def test_silence_at_the_access_number_ends_the_call() -> None:
    """Whoever says nothing is sent away after the set time."""
    async with stage(IVR__NO_INPUT_TIMEOUT="1") as scene:
        ada = await at_access_number(scene, "ada")
        await asyncio.sleep(0.5)
        assert ada.in_call
        await ada.wait_closed(patience=5.0)
        await scene.until_empty()
