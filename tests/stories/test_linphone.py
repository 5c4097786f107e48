"""A phone of another maker, linphone: what baresip does differently must not be what the server relies on."""

from __future__ import annotations

import json
import re

import pytest

from parley.core.devices import EXPIRES_MOST
from tests.kit.api import eventually
from tests.kit.baresip import OPUS, Phone
from tests.kit.linphone import Linphone

from .scene import Stage, stage, uri

pytestmark = pytest.mark.story


async def registered_linphone(scene: Stage, **account: str) -> Phone:
    """A member's linphone, registered with the credentials that the command line shows once."""
    server = scene.server
    await server.command("users", "add", "lin@parley.example", "--name", "Lin", "--generate")
    made = json.loads(await server.command("users", "sip-device", "add", "lin@parley.example", "--json"))
    server.never_log(made["password"])
    phone = await scene.phone("lin", program=Linphone, password=made["password"], domain="parley.example", **account)
    (row,) = json.loads(await server.command("users", "sip-device", "list", "--json"))
    assert row["registered"], row
    finds_itself(phone.trace())
    return phone


def finds_itself(trace: str) -> None:
    """The Contact of the 200 is its own with its instance, and it has understood for how long it is granted: it comes
    back after nine tenths of the seconds beside the Contact that it takes for its own, else of those it asked for."""
    contact = r".*?\nContact: ([^\r\n]*)"
    sent, answered = (re.findall(f"{first}{contact}", trace, re.S) for first in ("REGISTER sip:", "SIP/2.0 200"))
    assert "+sip.instance=" in sent[-1]
    assert answered[-1] == f"{sent[-1]};expires={EXPIRES_MOST}"
    assert f"scheduling next timer in {EXPIRES_MOST * 900} ms" in trace


async def media_of(scene: Stage, user: str) -> tuple[str | None, str | None]:
    """What the API says of this leg: the codec and whether its media are encrypted."""
    for leg in await scene.api.ids("/callLegs"):
        tree = await scene.api.tree(f"/callLegs/{leg}")
        if (tree.findtext("remoteParty") or "").startswith(user):
            return tree.findtext("status/rxAudio/codec"), tree.findtext("status/encryptedMedia")
    raise AssertionError(f"no leg of {user}")


async def test_a_linphone_types_its_pin_and_holds() -> None:
    """It registers, is asked for the PIN, types it (of several clock rates of keys it offers, Opus's own is agreed) and
    meets a baresip phone; nothing is heard of it while it holds, all after, and its hang-up leaves the other alone."""
    async with stage() as scene:
        await scene.api.post("/coSpaces", "name=Room&uri=room&passcode=7")
        lin = await registered_linphone(scene)
        bob = await scene.phone("bob", OPUS)
        await bob.dial(uri("room"))
        await bob.digits("7#")
        await lin.dial(uri("room"))
        await lin.hears_prompt("enter-pin", lin.start)
        await lin.digits("7#")
        assert all(f"telephone-event/{rate}" in lin.trace() for rate in (48000, 16000, 8000))
        await bob.hears(scene.voices["lin"])
        assert await media_of(scene, "lin") == ("opus", "false")
        await lin.hold()
        await scene.settles({"bob": set()})
        await lin.resume()
        await scene.everybody_hears_everybody("lin", "bob")
        await lin.hang_up()
        assert bob.in_call

        async def alone() -> bool:
            return await scene.api.total("/callLegs") == 1

        await eventually(alone, "its leg is left")


async def test_a_linphone_is_called_by_tcp_and_srtp() -> None:
    """The meeting calls it where it registered, over its own connection; it insists on SRTP, is heard and hears, and
    when the meeting ends it knows."""
    async with stage() as scene:
        profile = await scene.api.post("/callLegProfiles", "sipMediaEncryption=required")
        space = await scene.api.post("/coSpaces", f"name=Room&uri=room&callLegProfile={profile}")
        call = await scene.api.post("/calls", f"coSpace={space}")
        lin = await registered_linphone(scene, transport="tcp", encryption="srtp")
        await scene.api.post(f"/calls/{call}/participants", "remoteParty=lin@parley.example")
        bob = await scene.phone("bob", encryption="srtp-mand")
        await bob.dial(uri("room"))
        await lin.wait_for("CALL_ESTABLISHED")
        await scene.everybody_hears_everybody("lin", "bob")
        assert await media_of(scene, "lin") == ("opus", "true")
        await scene.api.delete(f"/calls/{call}")
        await lin.wait_closed()
        await scene.until_empty()
