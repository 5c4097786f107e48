"""People come in from browsers, by link, passcode and membership, and meet the phones by the same rules."""

from __future__ import annotations

import pytest

from .scene import Space, secret_in
from .test_member_space import one_uri_for_all
from .web_scene import WebStage, web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers")]


async def space_with_talking_guests(scene: WebStage) -> Space:
    """The space of scenario 6.4; its guests may be heard once they are in."""
    made = await one_uri_for_all(scene.server)
    await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
    return made


async def link_of(scene: WebStage, space: Space) -> str:
    """The guests' link."""
    secret = secret_in(await scene.api.get(f"/coSpaces/{space.space}"))
    scene.server.never_log(secret)
    return f"/meeting/1234?secret={secret}"


async def test_a_guest_by_link_waits_until_a_host_comes_by_passcode() -> None:
    """The lobby is silent; with the host everybody hears everybody, phone and browsers; without him it is silent."""
    async with web_stage() as scene:
        space = await space_with_talking_guests(scene)
        gil, host = await scene.browser("gil"), await scene.browser("host")
        await scene.comes_to_join(gil, await link_of(scene, space), "Gil")
        await gil.sees("Waiting for the host.")
        assert "secret" not in await gil.url()
        ada = await scene.caller("ada", "global")
        await ada.hears_prompt("enter-pin-or-hash", ada.start)
        await ada.digits("#")
        await scene.until_waiting("ada")
        await gil.hears_prompt("waiting-for-host")
        scene.nobody_was_heard("gil", "ada")
        await host.open(scene.url("/"))
        await host.fill("Meeting ID or address", "1234")
        await host.fill("Passcode", "12345")
        await host.click("button", "Continue")
        await scene.joins(host, "Hanna")
        await gil.sees("Hanna", "Gil (you)")
        await scene.everybody_hears_everybody("gil", "host", "ada")
