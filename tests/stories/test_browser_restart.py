"""The server is started anew under a running meeting, and people at browsers are in it again by themselves."""

from __future__ import annotations

import time

import pytest

from tests.kit.baresip import Phone

from .scene import uri
from .test_browser_meeting import link_of, space_with_talking_guests
from .web_scene import WebStage, does_to, web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(180)]

BACK = 40.0  # seconds that a page may take to be back after a restart


async def participants(scene: WebStage) -> dict[str, str]:
    """Ids by the names that the API tells."""
    names = {}
    for id in await scene.api.ids("/participants"):
        body = await scene.api.get(f"/participants/{id}")
        names[body.partition("<name>")[2].partition("</name>")[0]] = id
    return names


async def calls(phone: Phone) -> None:
    """By the guests' door."""
    await phone.dial(uri("global"))
    await phone.hears_prompt("enter-pin-or-hash", phone.start)
    await phone.digits("#")


@pytest.mark.parametrize("end", ["killed", "stopped"])
async def test_a_restart_ends_no_browsers_meeting(end: str) -> None:
    """Without a click the guest whom the host made a host is who he was, hearing a phone: one that was never dropped
    where the server was killed, one that calls anew where it was stopped."""
    async with web_stage(MEDIA__OUTLIVE="60") as scene:
        space = await space_with_talking_guests(scene)
        gil = await scene.browser("gil")
        ada = await scene.phone("ada")  # its voice is the one nearest to the pages' chimes
        host = await scene.browser("host")
        await scene.comes_as_host(host, "Hanna")
        await scene.comes_to_join(gil, await link_of(scene, space), "Gil")
        await calls(ada)
        await scene.everybody_hears_everybody("gil", "host", "ada")
        await host.press("p")
        await does_to(host, "Gil", "Make host")
        await host.press("m")
        await gil.press("r")
        await host.sees("Hand raised")
        await scene.settles({"gil": ["ada"], "ada": ["gil"]})
        before = await participants(scene)
        scene.nobody_heard_himself()

        await (scene.server.kill_and_restart() if end == "killed" else scene.server.restart())
        ready = time.monotonic()
        for browser in (gil, host):
            browser.start = browser.mark()  # a tone that is cut off clicks, which sounds like every voice
        await gil.sees("Gil (you)", "Hanna", patience=BACK)
        await host.sees("Hanna (you)", "Gil", patience=BACK)
        await gil.sees_no("Reconnecting…", patience=BACK)
        print(f"{end}: back {time.monotonic() - ready:.1f} s after the server was ready")
        after = await participants(scene)
        assert {name: after.get(name) for name in ("Gil", "Hanna")} == {name: before[name] for name in ("Gil", "Hanna")}
        if end == "stopped":
            await ada.hang_up()
            await calls(ada)
        await scene.settles({"gil": ["ada"], "ada": ["gil"], "host": ["ada", "gil"]}, patience=BACK)
        await host.sees("Hand raised")
        await gil.press("p")
        await gil.finds("button", "Actions for Hanna")
