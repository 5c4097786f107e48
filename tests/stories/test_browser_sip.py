"""A real browser as a SIP phone: a page of somebody else's, by SIP over secure WebSocket and its own WebRTC."""

from __future__ import annotations

import json

import pytest

from tests.kit.api import eventually
from tests.kit.sip_page import PagePhone, SipPage

from .scene import DOMAIN, uri
from .web_scene import WebStage, web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(120)]


async def page_phone(scene: WebStage, site: SipPage) -> PagePhone:
    """The page of a user with a device of its own, registered; the registrar knows it by what it said of itself."""
    server = scene.server
    await server.command("users", "add", f"page@{DOMAIN}", "--name", "Page", "--generate")
    made = json.loads(await server.command("users", "sip-device", "add", f"page@{DOMAIN}", "--sha256", "--json"))
    server.never_log(made["password"])
    browser = await scene.browser("page")
    where = f"wss://{scene.host}:{server.https_port}/sip"
    phone = await site.open(browser, where, "page", DOMAIN, made["password"])
    await phone.do("register()")
    return phone


async def leg_of_page(scene: WebStage) -> str:
    for leg in await scene.api.ids("/callLegs"):
        tree = await scene.api.tree(f"/callLegs/{leg}")
        if (tree.findtext("remoteParty") or "").startswith("page"):
            assert tree.findtext("status/encryptedMedia") == "true"
            return leg
    raise AssertionError("no leg of the page")


async def both_hear_each_other(scene: WebStage, page: PagePhone) -> None:
    await scene.phones["bob"].hears(scene.voices["page"])
    await page.browser.hears(scene.voices["bob"])


async def test_a_page_in_a_browser_is_a_phone() -> None:
    """It types its PIN by both kinds of keys, meets a phone and holds; from another network, by another socket and new
    paths, it comes back as the same phone, asks for our offer and is hung up; it rings once when the meeting calls it,
    hangs up, and calls again without an offer."""
    async with SipPage() as site, web_stage(SIP__WEBSOCKET_ORIGINS=site.origin) as scene:
        await scene.api.post("/coSpaces", "name=Room&uri=room&passcode=72")
        bob = await scene.phone("bob")
        await bob.dial(uri("room"))
        await bob.digits("72#")
        page = await page_phone(scene, site)
        await page.do(f"dial('{uri('room')}')")
        await page.browser.hears_prompt("enter-pin", page.browser.start)
        await page.do("press('72')")
        assert await page.do("inform('#')") == 200
        await scene.everybody_hears_everybody("bob", "page")
        leg = await leg_of_page(scene)
        await page.do("hold()")
        await scene.settles({"bob": (), "page": ()})
        await page.do("reconnect()")
        await page.do("resume()")
        await both_hear_each_other(scene, page)
        await page.do("inviteForOffer()")
        await both_hear_each_other(scene, page)
        await scene.api.delete(f"/callLegs/{leg}")
        await page.browser.becomes("phone.ended.startsWith('BYE')")
        call = (await scene.api.ids("/calls"))[0]
        await scene.api.post(f"/calls/{call}/participants", f"remoteParty=page@{DOMAIN}")
        await both_hear_each_other(scene, page)
        await leg_of_page(scene)
        assert await page.do("rang") == 1
        assert await page.do("hangUp()") == 200

        async def alone() -> bool:
            return await scene.api.total("/callLegs") == 1

        await eventually(alone, "its leg is left")
        again = page.browser.mark()
        await page.do(f"dial('{uri('room')}', {{ offers: false }})")
        await page.browser.hears_prompt("enter-pin", again)
        await page.do("press('72#')")
        await both_hear_each_other(scene, page)
        assert bob.in_call
