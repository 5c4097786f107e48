"""People come in from browsers, by link, passcode and membership, and meet the phones by the same rules."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.browser import Browser
from tests.kit.firefox import Firefox

from .scene import Space, secret_in, uri
from .test_member_space import MEMBER_FORM, one_uri_for_all
from .web_scene import WebStage, does_to, does_to_all, picture, web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(120)]

OWNER = "user1@parley.example"
REFUSED = "You could not be let in. Check the meeting ID and the passcode."


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


async def owned_space(scene: WebStage) -> Space:
    """The space of scenario 6.4 with user1 as its owner and member."""
    made = await space_with_talking_guests(scene)
    await scene.account(OWNER, "User One")
    await scene.api.put(f"/coSpaces/{made.space}", f"ownerJid={OWNER}")
    await scene.api.post(f"/coSpaces/{made.space}/coSpaceUsers", MEMBER_FORM.format(profile=made.host_profile))
    return made


async def opens_the_space(owner: Browser) -> None:
    """From the page of the own spaces, as the member who is signed in."""
    await owner.click("link", "Open Global")
    await owner.sees("You are signed in as User One.")
    await owner.becomes("document.getElementById('microphone')?.disabled === false")
    await owner.click("button", "Join")


async def leaves(host: Browser) -> None:
    """A host is asked whether only he leaves."""
    await host.click("button", "Leave")
    await host.click("button", "Leave")
    await host.sees("You have left the meeting.")


async def refused(scene: WebStage, guest: Browser, meeting: str, passcode: str) -> str:
    """All that the page says to somebody who is not let in; the ID itself as "ID"."""
    await scene.comes_to_join(guest, f"/meeting/{meeting}", "Gil", passcode)
    await guest.sees(REFUSED)
    return (await guest.text()).replace(meeting, "ID")


async def test_a_guest_by_link_waits_until_a_host_comes_by_passcode() -> None:
    """The lobby is silent; with the host everybody hears everybody, phone and browsers; without him it is silent."""
    async with web_stage() as scene:
        space = await space_with_talking_guests(scene)
        gil, host = await scene.browsers("gil", "host")
        await gil.open(scene.url(await link_of(scene, space)))
        await gil.becomes("document.getElementById('microphone')?.disabled === false")
        await gil.has_no_barriers()
        await picture(gil, "join")
        await scene.joins(gil, "Gil")
        await gil.sees("Waiting for the host.")
        assert "secret" not in await gil.url()
        await gil.has_no_barriers()
        await picture(gil, "lobby")
        await scene.phone_guest("ada")
        await scene.until_waiting("ada")
        await gil.hears_prompt("waiting-for-host")
        scene.nobody_was_heard("gil", "ada")
        await scene.comes_as_host(host, "Hanna")
        await gil.sees("Hanna", "Gil (you)")
        await scene.everybody_hears_everybody("gil", "host", "ada")
        await host.press("p")
        await host.sees("In the meeting (3)")
        await host.has_no_barriers()
        await picture(host, "meeting-people")
        await host.click("button", "Leave")
        await host.has_no_barriers()
        await picture(host, "leave")
        await host.click("button", "Leave")
        await host.sees("You have left the meeting.")
        await host.has_no_barriers()
        await picture(host, "ended")
        await gil.sees("Waiting for the host.")
        await scene.settles({"gil": (), "ada": ()})


async def test_refused_alike_and_a_blank_passcode_where_there_is_a_door_without() -> None:
    """An unknown ID, a wrong passcode and a lock-out read the same; no passcode at all opens the guests' door."""
    async with web_stage(LIMITS__WRONG_PINS="3") as scene:
        await space_with_talking_guests(scene)
        gil = await scene.browser("gil")
        await gil.open(scene.url("/"))
        await gil.finds("heading", "Join a meeting")
        await gil.has_no_barriers()
        await picture(gil, "landing")
        said = [await refused(scene, gil, "4321", ""), await refused(scene, gil, "1234", "54321")]
        await gil.has_no_barriers()
        await picture(gil, "refused")
        await gil.fill("Passcode", "")
        await gil.click("button", "Join")
        await gil.sees("Waiting for the host.")
        await gil.click("button", "Leave")
        await gil.sees("You have left the meeting.")
        # The third wrong one locks: then the right one is refused too, and an unknown ID no otherwise.
        for meeting, passcode in (("1234", "54321"), ("1234", "12345"), ("4321", "12345")):
            said.append(await refused(scene, gil, meeting, passcode))
        assert set(said) == {said[0]}


async def test_the_signed_in_owner_and_the_host_by_passcode_let_in_guests_without() -> None:
    """Scenario 6.4: phone and browser wait until the member opens it, and go on while either host is there."""
    async with web_stage() as scene:
        await owned_space(scene)
        gil, pin, owner = await scene.browsers("gil", "pin", "owner")
        await scene.phone_guest("ada")
        await scene.comes_to_join(gil, "/meeting/1234", "Gil", "")
        await gil.sees("Waiting for the host.")
        await scene.until_waiting("ada")
        await scene.signed_in(owner, OWNER)
        await owner.sees("2 waiting")
        scene.nobody_was_heard("ada", "gil")
        await opens_the_space(owner)
        await owner.sees("User One (you)", "ada", "Gil")
        await scene.everybody_hears_everybody("ada", "gil", "owner")
        await scene.comes_as_host(pin, "Hanna")
        await scene.everybody_hears_everybody("ada", "gil", "owner", "pin")
        await pin.finds("button", "More")
        await leaves(owner)
        await gil.sees("User One left.")
        await scene.everybody_hears_everybody("ada", "gil", "pin")
        await leaves(pin)
        await gil.sees("Waiting for the host.")
        await scene.until_waiting("ada")
        await scene.settles({"ada": (), "gil": ()})


async def test_the_owner_changes_the_guests_passcode() -> None:
    """Scenario 6.4: the next guest needs the new passcode, at a phone and in a browser, or is refused."""
    async with web_stage() as scene:
        made = await owned_space(scene)
        gil, owner = await scene.browsers("gil", "owner")
        await scene.signed_in(owner, OWNER)
        await scene.changes_passcode(owner, made.space, "97531")
        bob = await scene.caller("bob", "global")
        await bob.hears_prompt("enter-pin", bob.start)
        await bob.digits("97531#")
        await scene.until_waiting("bob")
        await refused(scene, gil, "1234", "")
        await gil.fill("Passcode", "97531")
        await gil.click("button", "Join")
        await gil.sees("Waiting for the host.")
        await owner.click("button", "Refuse them")
        await owner.finds("button", "Let them in")
        carol = await scene.phone("carol")
        await carol.dial(uri("global"), established=False)
        assert "404" in (await carol.wait_closed()).param


async def test_a_host_looks_after_one_person() -> None:
    """Mute, allow to speak, lower hand, rename, send back, admit and remove, each from the host's page."""
    async with web_stage() as scene:
        space = await space_with_talking_guests(scene)
        gil, host = await scene.browsers("gil", "host")
        ada = await scene.phone_guest("ada")
        await scene.comes_as_host(host, "Hanna")
        await scene.comes_to_join(gil, await link_of(scene, space), "Gil")
        await gil.sees("Gil (you)")
        await host.press("p")
        await scene.everybody_hears_everybody("ada", "gil", "host")

        await does_to(host, "Gil", "Mute")
        await gil.sees("A host has muted you.")
        await scene.settles({"ada": ["host"], "host": ["ada"], "gil": ["ada", "host"]})
        await gil.press("r")
        await host.sees("Hand raised")
        await does_to(host, "Gil", "Lower hand")
        await gil.finds("button", "Raise hand")
        await does_to(host, "Gil", "Allow to speak")
        await scene.everybody_hears_everybody("ada", "gil", "host")

        await does_to(host, "Gil", "Change name")
        await host.fill("Your name", "Gilbert")
        await host.click("button", "Save")
        await gil.sees("Gilbert (you)")
        await does_to(host, "Gilbert", "Send back to wait")
        await gil.sees("A host asked you to wait here for a moment.")
        await scene.settles({"ada": ["host"], "host": ["ada"], "gil": []})
        await host.click("button", "Admit Gilbert")
        await gil.sees("Gilbert (you)")
        await scene.everybody_hears_everybody("ada", "gil", "host")

        await does_to(host, "ada@phones.example", "Remove")
        await host.click("button", "Remove")
        await ada.wait_closed()
        await does_to(host, "Gilbert", "Remove")
        await host.click("button", "Remove")
        await gil.sees("You were removed from the meeting.")


async def test_a_host_looks_after_all() -> None:
    """Lock, admit, mute all, let all speak, make host, make guest and end for all, from the page; and people chat."""
    async with web_stage() as scene:
        space = await space_with_talking_guests(scene)
        gil, host = await scene.browsers("gil", "host")
        await scene.comes_as_host(host, "Hanna")
        await scene.comes_to_join(gil, await link_of(scene, space), "Gil")
        await gil.sees("Gil (you)")

        await does_to_all(host, "Lock the meeting")
        await gil.sees("The meeting was locked.")
        ada = await scene.phone_guest("ada")
        await scene.until_waiting("ada")
        scene.nobody_was_heard("ada")
        await host.sees("ada@phones.example is waiting to come in.")
        await picture(host, "meeting-waiting")
        await does_to_all(host, "Admit all")
        await does_to_all(host, "Unlock the meeting")
        await scene.everybody_hears_everybody("ada", "gil", "host")

        await does_to_all(host, "Mute all")
        await scene.settles({"ada": ["host"], "gil": ["host"], "host": []})
        await does_to_all(host, "Let all speak")
        await scene.everybody_hears_everybody("ada", "gil", "host")

        await gil.press("c")
        await gil.fill("Message to everyone", "Good morning")
        await gil.press("Enter")
        await host.press("c")
        await host.sees("Good morning")
        await host.has_no_barriers()
        await picture(host, "meeting-chat")

        await host.press("Escape")
        await host.click("button", "Close")
        await host.press("p")
        await does_to(host, "Gil", "Make host")
        await gil.sees("You are a host now.")
        await gil.press("Escape")
        await gil.click("button", "Close")
        await gil.press("p")
        await does_to(gil, "Hanna", "Make guest")
        await host.sees("You are a guest now.")
        await host.finds_no("button", "Actions for Gil")
        await does_to_all(gil, "End for all")
        await gil.has_no_barriers()
        await gil.click("button", "End for all")
        await asyncio.gather(gil.sees("The meeting has ended."), host.sees("The meeting has ended."), ada.wait_closed())
        await scene.until_empty()


async def test_firefox_waits_as_a_guest_and_comes_back_as_a_host() -> None:
    """In Firefox too the lobby is silent until a host comes, and who has the passcode lets the phones in."""
    async with web_stage(beyond_loopback=True) as scene:
        space = await space_with_talking_guests(scene)
        fox = await scene.browser("fox", Firefox)
        await scene.comes_to_join(fox, await link_of(scene, space), "Fox")
        await fox.sees("Waiting for the host.")
        await fox.hears_prompt("waiting-for-host")
        scene.nobody_was_heard("fox")
        boss = await scene.phone("boss")
        await boss.dial(uri("global"))
        await boss.hears_prompt("enter-pin-or-hash", boss.start)
        await boss.digits("12345#")
        await fox.sees("Fox (you)", "boss")
        await scene.everybody_hears_everybody("fox", "boss")
        await boss.hang_up()
        await fox.sees("Waiting for the host.")
        await fox.click("button", "Leave")
        await fox.sees("You have left the meeting.")
        await scene.until_empty()

        await scene.phone_guest("ada")
        await scene.until_waiting("ada")
        await scene.comes_as_host(fox, "Fox")
        await fox.sees("Fox (you)", "ada")
        await fox.has_no_barriers()
        await scene.everybody_hears_everybody("fox", "ada")


async def test_firefox_is_the_signed_in_owner() -> None:
    """In Firefox too the member opens the space from the page of the own spaces, and the phone that waits is let in."""
    async with web_stage(beyond_loopback=True) as scene:
        await owned_space(scene)
        fox = await scene.browser("fox", Firefox)
        await scene.phone_guest("ada")
        await scene.until_waiting("ada")
        await scene.signed_in(fox, OWNER)
        await fox.sees("1 waiting")
        scene.nobody_was_heard("ada")
        await opens_the_space(fox)
        await fox.sees("User One (you)", "ada")
        await scene.everybody_hears_everybody("fox", "ada")
        await leaves(fox)
        await scene.until_waiting("ada")
        await scene.settles({"ada": (), "fox": ()})
