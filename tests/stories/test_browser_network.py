"""What happens to a page and its network does not make another participant: reload, lost sockets, another network."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.kit.browser import Browser

from .scene import uri
from .test_browser_meeting import link_of, space_with_talking_guests
from .web_scene import WebStage, web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(120)]


async def in_a_meeting(scene: WebStage) -> tuple[Browser, list[str]]:
    """A guest in a browser with a host at a phone, who hear one another; and the ids of the two legs."""
    space = await space_with_talking_guests(scene)
    boss = await scene.phone("boss")
    await boss.dial(uri("global"))
    await boss.hears_prompt("enter-pin-or-hash", boss.start)
    await boss.digits("12345#")
    gil = await scene.browser("gil")
    await scene.comes_to_join(gil, await link_of(scene, space), "Gil")
    await gil.sees("Gil (you)")
    await scene.everybody_hears_everybody("boss", "gil")
    return gil, await scene.api.ids("/callLegs")


async def test_a_reload_keeps_the_participant() -> None:
    """The page comes back into the meeting by itself, as the same leg and muted as it was, and is heard again."""
    async with web_stage() as scene:
        gil, legs = await in_a_meeting(scene)
        await gil.reload()
        await gil.sees("Gil (you)")
        await scene.everybody_hears_everybody("boss", "gil")
        assert await scene.api.ids("/callLegs") == legs
        await gil.press("m")
        await scene.settles({"boss": (), "gil": ["boss"]})
        await gil.reload()
        await gil.sees("Gil (you)")
        await scene.settles({"boss": (), "gil": ["boss"]})
        assert await scene.api.ids("/callLegs") == legs


async def test_a_broken_websocket_is_not_heard() -> None:
    """Every connection breaks: the sound goes on without a hole, and the page's controls work again."""
    async with web_stage(by_cable=True) as scene:
        gil, legs = await in_a_meeting(scene)
        assert scene.cable
        boss = scene.phones["boss"]
        mark = boss.mark()
        scene.cable.break_connections()
        await asyncio.sleep(2.0)
        assert not boss.heard_since(mark).holes(scene.voices["gil"], 0.2)
        await gil.press("r")
        await gil.finds("button", "Lower hand")
        assert await scene.api.ids("/callLegs") == legs


async def test_another_network_keeps_the_participant() -> None:
    """The sound is followed to another port; after seconds without any network all is as it was."""
    async with web_stage(by_cable=True) as scene:
        gil, legs = await in_a_meeting(scene)
        assert scene.cable
        began = time.monotonic()
        scene.cable.move()
        await asyncio.sleep(1.0)  # what is on its way is heard; then the path is another, or none
        await scene.everybody_hears_everybody("boss", "gil")
        print(f"followed after {time.monotonic() - began:.1f} s")
        scene.cable.cut()
        await gil.sees("Reconnecting…")
        await scene.settles({"boss": (), "gil": ()})
        began = time.monotonic()
        scene.cable.mend()
        scene.cable.move()
        await scene.everybody_hears_everybody("boss", "gil")
        print(f"back after {time.monotonic() - began:.1f} s")
        await gil.sees_no("Reconnecting…")
        assert await scene.api.ids("/callLegs") == legs
