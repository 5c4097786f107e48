"""Registered devices: a member's phone is host without a PIN (scenario 6.4), and can be called."""

from __future__ import annotations

import json

import pytest

from tests.kit.api import eventually
from tests.kit.baresip import Phone

from .scene import Stage, stage, uri
from .test_member_space import MEMBER_FORM, one_uri_for_all

pytestmark = pytest.mark.story


async def device(scene: Stage, *, password: str | None = None) -> Phone:
    """user1's phone, with the credentials that the command line shows once (or others)."""
    server = scene.server
    await server.command("users", "add", "user1@parley.example", "--name", "User One", "--generate")
    made = json.loads(await server.command("users", "sip-device", "add", "user1@parley.example", "--json"))
    server.never_log(made["password"])
    phone = await scene.phone("user1", password=password or made["password"], domain="parley.example")
    return phone


async def registered(scene: Stage) -> None:
    """The command line shows where the phone is."""

    async def shown() -> bool:
        (row,) = json.loads(await scene.server.command("users", "sip-device", "list", "--json"))
        return bool(row["registered"])

    await eventually(shown)


async def test_the_members_phone_opens_the_meeting_without_a_pin() -> None:
    """The guest waits; the member's registered phone comes in as host, and both hear each other."""
    async with stage() as scene:
        made = await one_uri_for_all(scene.server)
        await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
        owner = await device(scene)
        await scene.api.post(f"/coSpaces/{made.space}/coSpaceUsers", MEMBER_FORM.format(profile=made.host_profile))
        await registered(scene)
        ada = await scene.caller("ada", "global")
        await ada.hears_prompt("enter-pin-or-hash", ada.start)
        await ada.digits("#")
        await scene.until_waiting("ada")
        await owner.dial(uri("global"))
        await scene.everybody_hears_everybody("ada", "user1")


async def test_a_registered_phone_is_called_into_a_meeting() -> None:
    """No outbound rule is needed for a device of ours; it rings where it registered."""
    async with stage() as scene:
        made = await one_uri_for_all(scene.server)
        owner = await device(scene)
        await registered(scene)
        call = await scene.api.post("/calls", f"coSpace={made.space}")
        await scene.api.post(
            f"/calls/{call}/participants",
            f"remoteParty=user1@parley.example&callLegProfile={made.host_profile}",
        )
        await owner.wait_for("CALL_ESTABLISHED")
        await scene.until_in("user1")


async def test_a_stranger_with_the_members_name_is_nobody() -> None:
    """The wrong password registers nothing, and calls under that name are refused."""
    async with stage() as scene:
        await one_uri_for_all(scene.server)
        owner = await device(scene, password="guessed")

        async def refused() -> bool:  # it tells so in an event too, but maybe before anybody listens
            return "reg: sip:user1@parley.example: 401 Unauthorized" in owner.trace()

        await eventually(refused)
        await owner.dial(uri("global"), established=False)
        closed = await owner.wait_closed()
        assert "401" in closed.param or "authentication" in closed.param.lower(), closed
        assert await scene.api.total("/callLegs") == 0
