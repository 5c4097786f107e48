"""Administrators keep users, spaces and live meetings in the pages; new people choose their own password."""

from __future__ import annotations

import pytest

from tests.kit.browser import Browser
from tests.kit.server import DOMAIN

from .scene import Space
from .test_member_space import one_uri_for_all
from .web_scene import WebStage, picture, web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("pages")]

TEMPORARY, OWN = "For-Once-17-Only", "Quite-Another-9"
PHONES = "phones.example"  # what the callers' addresses end in


async def administrator(scene: WebStage, path: str) -> Browser:
    """The administrator at this page."""
    root = await scene.browser("root")
    await root.open(scene.url(path))
    await root.fill("Account", "admin")
    await root.fill("Password", scene.server.password)
    await root.click("button", "Sign in")
    await root.becomes(f"location.pathname === '{path}'")
    return root


async def test_a_new_user_chooses_a_password_before_anything_else() -> None:
    """The administrator makes the account in the page; its first password opens nothing but the form for another.
    Nobody is led to a page that says nothing to him: administrators find theirs, who goes astray finds a way on."""
    async with web_stage() as scene:
        scene.server.never_log(TEMPORARY, OWN)
        root = await administrator(scene, "/admin/users")
        await root.click("link", "New user")
        await root.fill("Name", "Bea")
        await root.fill("Account", "bea")
        await root.fill("Password", TEMPORARY)
        await root.click("button", "Create")
        await root.finds("heading", "Bea")
        await picture(root, "admin-user")
        await root.has_no_barriers()

        bea = await scene.browser("bea")
        await bea.open(scene.url("/spaces"))
        await bea.fill("Account", "bea")
        await bea.fill("Password", TEMPORARY)
        await bea.click("button", "Sign in")
        await bea.finds("heading", "Choose a new password")
        await picture(bea, "new-password")
        await bea.has_no_barriers()
        await bea.fill("New password", "bea-bea-1")
        await bea.fill("New password again", "bea-bea-1")
        await bea.click("button", "Change password")
        await bea.sees("It must not hold your account name.")
        await bea.fill("New password", OWN)
        await bea.fill("New password again", OWN)
        await bea.click("button", "Change password")
        await bea.finds("heading", "My spaces")
        await bea.open(scene.url("/admin/users"))
        await bea.sees("Only administrators of this installation see this page.")
        assert "Bea" not in (await bea.text()).partition("Administration")[2]
        await bea.sees_no("You may not do this.")
        await bea.open(scene.url("/nothing"))
        await bea.finds("heading", "There is no such page")
        await bea.has_no_barriers()
        await bea.click("link", "To the start page")
        await bea.finds("heading", "Join a meeting")
        await root.open(scene.url("/sign-in"))
        await root.finds("heading", "Live meetings")


async def makes_a_space(scene: WebStage, root: Browser) -> str:
    """A leg profile that does not exist is refused at its field; the space's id."""
    await root.open(scene.url("/admin/spaces/new"))
    for label, text in (
        ("Name", "Team"),
        ("Address (URI)", "team"),
        ("Call ID", "4711"),
        ("Leg profile", "Nobody"),
    ):
        await root.fill(label, text)
    await root.click("button", "Create")
    await root.sees("Nothing has exactly this name. Pick one of the list.")
    await root.fill("Leg profile", "Guests")
    await root.becomes("document.querySelector('datalist option[value=Guests]')")
    await root.click("button", "Create")
    await root.finds("heading", "Team")
    (space,) = await scene.api.ids("/coSpaces")
    return space


async def looks_at_what_holds(root: Browser) -> None:
    """Each setting with its layer, and whither an address leads."""
    await root.click("link", "What holds")
    await root.sees("Needs a host", "built in", "Guests")
    await picture(root, "admin-settings")
    await root.has_no_barriers()

    await root.click("link", "Explain")
    await root.fill("Address or call ID", "4711")
    await root.click("button", "Explain")
    await root.sees("it leads to space", "has a PIN")
    await picture(root, "admin-explain")
    await root.has_no_barriers()


async def test_an_administrator_keeps_a_space_and_sees_where_its_settings_come_from() -> None:
    """Profile, space, access method and member are made in the page; what leads to nothing is refused at its field;
    `explain` knows the doors; what was deleted is gone."""
    async with web_stage() as scene:
        scene.server.never_log("13579")
        await scene.account(f"ann@{DOMAIN}", "Ann")
        root = await administrator(scene, "/admin/leg-profiles/new")
        await root.fill("Name", "Guests")
        await root.choose("Needs a host", "yes")
        await root.click("button", "Create")
        await root.finds("heading", "Guests")

        space = await makes_a_space(scene, root)
        await root.click("link", "Access methods")
        await root.click("button", "New access method")
        for label, text in (("Name", "Hosts"), ("Call ID", "4711"), ("Passcode", "13579")):
            await root.fill(label, text)
        await root.click("button", "Create")
        await root.finds("button", "Change Hosts")
        await picture(root, "admin-access-methods")

        await root.click("link", "Members")
        await root.click("button", "New member")
        await root.fill("User", "ann")
        await root.becomes("document.querySelector('dialog datalist option')")
        await root.fill("User", f"Ann (ann@{DOMAIN})")
        await root.click("button", "Create")
        await root.finds("button", "Change Ann")
        assert await scene.api.total(f"/coSpaces/{space}/coSpaceUsers") == 1

        await looks_at_what_holds(root)
        await root.open(scene.url(f"/admin/spaces/{space}"))
        await root.click("button", "Delete")
        await root.click("button", "Delete")
        await root.finds("link", "New space")
        assert await scene.api.ids("/coSpaces") == []


async def test_an_administrator_leads_a_live_meeting() -> None:
    """Who waits is let in and heard, then muted and heard no more; one is hung up; it ends; the log tells of it."""
    async with web_stage() as scene:
        made: Space = await one_uri_for_all(scene.server)
        await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
        root = await administrator(scene, "/admin")
        await root.sees("No meeting is running.")
        for name in ("ada", "bob"):
            guest = await scene.caller(name, "global")
            await guest.hears_prompt("enter-pin-or-hash", guest.start)
            await guest.digits("#")
        await scene.until_waiting("ada", "bob")
        await root.finds("link", "Global")  # without anybody asking for it
        await root.has_no_barriers()
        await root.click("link", "Global")
        await root.sees("2 waiting", "waits for a host")
        await picture(root, "admin-meeting")
        await root.has_no_barriers()

        for name in ("ada", "bob"):
            await root.click("button", f"Let in: {name}@{PHONES}")
        await scene.everybody_hears_everybody("ada", "bob")
        await root.click("button", f"Mute: ada@{PHONES}")
        await root.finds("button", f"Unmute: ada@{PHONES}")
        await scene.settles({"ada": {"bob"}, "bob": ()})
        await root.click("button", "Lock")
        await root.finds("button", "Unlock")
        await root.click("button", f"Hang up: bob@{PHONES}")
        await root.click("button", "Hang up")
        await root.finds_no("button", f"Hang up: bob@{PHONES}")
        await root.click("button", "End for all")
        await root.click("button", "End for all")
        await root.sees("No meeting is running.")
        await root.click("link", "Event log")
        await root.fill("Show lines with", "ended call")
        await root.sees("1 of ")
        await picture(root, "admin-log")
        await root.has_no_barriers()
