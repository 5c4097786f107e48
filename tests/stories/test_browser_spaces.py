"""Members look after their spaces in the pages: each deed by a right of its own, there and in the API behind."""

from __future__ import annotations

import json

import pytest

from tests.kit.browser import Browser
from tests.kit.chromium import Chromium

from .scene import secret_in
from .web_scene import PASSWORD, WebStage, picture, web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("pages"), pytest.mark.timeout(120)]

JID = "user1@parley.example"
RIGHTS = (
    *("canDestroy", "canAddRemoveMember", "canChangeName", "canChangeUri", "canChangeCallId", "canChangePasscode"),
    *("canRemoveSelf", "canChangeNonMemberAccessAllowed"),
)

# What each right puts on the page, and the request that it allows.
CONTROLS = {
    "canChangeName": ("Change Name", "patch", "", {"name": "Renamed"}),
    "canChangeUri": ("Change Address (URI)", "patch", "", {"uri": "moved"}),
    "canChangeCallId": ("Change Call ID", "patch", "", {"call_id": "4321"}),
    "canChangePasscode": ("Change Guest passcode", "patch", "", {"passcode": "2468"}),
    "canChangeNonMemberAccessAllowed": ("Refuse them", "patch", "", {"non_member_access": False}),
    "canAddRemoveMember": ("Add", "post", "/members", {"account": "user2@parley.example"}),
    "canRemoveSelf": ("Leave this space", "remove", "/members/{member}", None),
    "canDestroy": ("Delete this space", "remove", "", None),
}


async def asked(page: Browser, method: str, path: str, body: object) -> str:
    """What the native API says to the page's own session: "done", or the code of the refusal."""
    more = "" if body is None else f", {json.dumps(body)}"
    call = f"import('/static/api.js').then(api => api.{method}({json.dumps(path)}{more}))"
    return str(await page.evaluate(f"{call}.then(() => 'done', problem => problem.code)"))


async def space_of_user1(scene: WebStage, allowed: bool) -> tuple[str, str]:
    """A space with one member, who may do everything or nothing; the ids of both."""
    await scene.account(JID, "User One")
    await scene.account("user2@parley.example", "User Two")
    scene.server.never_log("13579", "2468")
    space = await scene.api.post("/coSpaces", "name=Global&uri=global&callId=1234&passcode=13579&nonMemberAccess=true")
    rights = "&".join(f"{right}={str(allowed).lower()}" for right in RIGHTS)
    return space, await scene.api.post(f"/coSpaces/{space}/coSpaceUsers", f"userJid={JID}&{rights}")


async def test_signing_in_refuses_a_wrong_password_and_keeps_no_session_after_signing_out() -> None:
    """A wrong password is told so; the right one leads where one wanted to go; signing out ends it."""
    async with web_stage() as scene:
        await scene.account(JID, "User One")
        ann = await scene.browser("ann")
        await ann.open(scene.url("/spaces"))
        await ann.finds("heading", "Sign in")
        await ann.has_no_barriers()
        await picture(ann, "sign-in")
        await ann.fill("Account", JID)
        await ann.fill("Password", PASSWORD[::-1])
        await ann.click("button", "Sign in")
        await ann.sees("Account or password is wrong.")
        await ann.fill("Password", PASSWORD)
        await ann.click("button", "Sign in")
        await ann.finds("heading", "My spaces")
        await ann.sees("You are a member of no space yet.")
        await picture(ann, "spaces-none")
        await ann.click("button", "User One")
        await ann.click("menuitem", "Sign out")
        await ann.finds("link", "Sign in")
        await ann.open(scene.url("/spaces"))
        await ann.finds("heading", "Sign in")


async def test_a_member_without_rights_sees_everything_and_changes_nothing() -> None:
    """Each control is absent or dead, with a word why; the API behind it refuses the same."""
    async with web_stage() as scene:
        space, member = await space_of_user1(scene, False)
        ann = await scene.browser("ann")
        await scene.signed_in(ann, JID, f"/spaces/{space}")
        await ann.finds("heading", "Global")
        await ann.sees("1234", "global@", "You have no right to change this.")
        before = await scene.api.get(f"/coSpaces/{space}")
        for right, (control, method, path, body) in CONTROLS.items():
            dead = f"[...document.querySelectorAll('button:disabled')].some(b => b.innerText === {json.dumps(control)})"
            assert await ann.count("button", control) == 0 or await ann.evaluate(dead), right
            said = await asked(ann, method, f"/spaces/{space}{path.format(member=member)}", body)
            assert said == "not-permitted", f"{right}: {said}"
        assert await scene.api.get(f"/coSpaces/{space}") == before
        assert await scene.api.total(f"/coSpaces/{space}/coSpaceUsers") == 1
        await ann.has_no_barriers()
        await picture(ann, "space-without-rights")


async def test_a_member_with_a_right_uses_it_in_the_page() -> None:
    """Name, URI, call ID, passcode and access of non-members are changed in the page and read back by the API."""
    async with web_stage() as scene:
        space, _ = await space_of_user1(scene, True)
        ann = await scene.browser("ann")
        await scene.signed_in(ann, JID)
        await ann.finds("heading", "My spaces")
        await picture(ann, "spaces")
        await ann.has_no_barriers()
        await ann.click("link", "Global")
        await ann.sees("Leave or delete")
        await picture(ann, "space")
        await ann.has_no_barriers()
        for control, label, text in (
            ("Change Name", "Name", "Renamed"),
            ("Change Address (URI)", "Address (URI)", "moved"),
            ("Change Call ID", "Call ID", "4321"),
            ("Change Guest passcode", "Guest passcode", "2468"),
        ):
            await ann.click("button", control)
            await ann.fill(label, text)
            await ann.click("button", "Save")
            await ann.finds("button", control)
        await ann.click("button", "Refuse them")
        await ann.finds("button", "Let them in")
        kept = await scene.api.tree(f"/coSpaces/{space}")
        values = {name: kept.findtext(name) for name in ("name", "uri", "callId", "passcode", "nonMemberAccess")}
        assert values == {
            "name": "Renamed", "uri": "moved", "callId": "4321", "passcode": "2468", "nonMemberAccess": "false"
        }  # fmt: skip
        await ann.fill("Add a member", "user2@parley.example")
        await ann.click("button", "Add")
        await ann.finds("button", "Remove User Two")
        assert await scene.api.total(f"/coSpaces/{space}/coSpaceUsers") == 2
        await ann.click("button", "Remove User Two")
        await ann.click("button", "Remove")
        await ann.finds_no("button", "Remove User Two")
        await ann.click("button", "Delete this space")
        await ann.finds("dialog", "Delete this space")


async def test_what_a_member_copies_lets_others_in() -> None:
    """The link, alone or in the invitation, opens the meeting to a browser without the passcode that is set."""
    async with web_stage() as scene:
        space, _ = await space_of_user1(scene, False)
        secret = secret_in(await scene.api.get(f"/coSpaces/{space}"))
        scene.server.never_log(secret)
        link = scene.url(f"/meeting/1234?secret={secret}")
        ann, gil = await scene.browsers("ann", "gil")
        await scene.signed_in(ann, JID, f"/spaces/{space}")
        await ann.click("button", "Copy link of Global")
        await ann.sees("Copied.")
        assert isinstance(ann, Chromium)
        assert await ann.copied() == link
        await ann.click("button", "Copy invitation to Global")
        await ann.becomes("document.querySelectorAll('.toast').length === 2")
        invitation = (await ann.copied()).split()
        assert "1234" in invitation
        await gil.open(next(word for word in invitation if word.startswith("https:")))
        await scene.joins(gil, "Gil")
        await gil.sees("Gil (you)")
        assert secret not in await gil.url()


async def test_a_member_leaves_and_deletes_by_right() -> None:
    """Who leaves is a member no more; who deletes ends the space."""
    async with web_stage() as scene:
        await space_of_user1(scene, True)
        other = await scene.api.post("/coSpaces", "name=Other&uri=other&callId=777")
        await scene.api.post(f"/coSpaces/{other}/coSpaceUsers", f"userJid={JID}&canRemoveSelf=true")
        ann = await scene.browser("ann")
        await scene.signed_in(ann, JID, f"/spaces/{other}")
        await ann.click("button", "Leave this space")
        await ann.click("button", "Leave this space")
        await ann.finds("heading", "My spaces")
        assert await scene.api.total(f"/coSpaces/{other}/coSpaceUsers") == 0
        await ann.click("link", "Global")
        await ann.click("button", "Delete this space")
        await ann.click("button", "Delete this space")
        await ann.sees("You are a member of no space yet.")
        assert await scene.api.ids("/coSpaces") == [other]
