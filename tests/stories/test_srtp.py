"""Encrypted and plain phones: who hears whom, and who is let in where encryption is asked for."""

from __future__ import annotations

import pytest

from tests.kit.api import eventually
from tests.kit.baresip import OPUS, PCMU, Codec

from .scene import Stage, stage, uri
from .test_conferences import called, office

pytestmark = pytest.mark.story

SRTP = "srtp-mand"


async def encrypted_media(scene: Stage) -> dict[str, tuple[str, str]]:
    """What the API says of each leg's media: encrypted, unencrypted."""
    told = {}
    for leg in await scene.api.ids("/callLegs"):
        tree = await scene.api.tree(f"/callLegs/{leg}")
        user = (tree.findtext("remoteParty") or "").removeprefix("sip:").partition("@")[0]
        told[user] = (
            tree.findtext("status/encryptedMedia") or "",
            tree.findtext("status/unencryptedMedia") or "",
        )
    return told


@pytest.mark.parametrize("codec", [PCMU, OPUS], ids=lambda codec: codec.name)
async def test_a_phone_with_srtp_and_a_plain_one_hear_each_other(codec: Codec) -> None:
    """One insists on SRTP, one offers it, one has none; each hears the two others, and they hear
    him after a hold too. The API tells whose media are encrypted."""
    async with stage() as scene:
        await scene.api.post("/coSpaces", "name=Room&uri=room")
        for name, encryption in (("ann", SRTP), ("bob", "srtp"), ("cid", "")):
            phone = await scene.phone(name, codec, encryption=encryption)
            await phone.dial(uri("room"))
        await scene.everybody_hears_everybody("ann", "bob", "cid")
        yes, no = ("true", "false"), ("false", "true")
        assert await encrypted_media(scene) == {"ann": yes, "bob": yes, "cid": no}
        ann = scene.phones["ann"]
        await ann.hold()
        await scene.settles({"bob": {"cid"}, "cid": {"bob"}})
        await ann.resume()
        await scene.settles({"bob": {"ann", "cid"}, "cid": {"ann", "bob"}})


async def test_a_space_that_requires_encryption_refuses_plain_phones() -> None:
    """488 for the plain phone; those with SRTP are in and hear each other. Where it is prohibited they are refused."""
    async with stage() as scene:
        for name in ("required", "prohibited"):
            profile = await scene.api.post("/callLegProfiles", f"sipMediaEncryption={name}")
            await scene.api.post("/coSpaces", f"name={name}&uri={name}&callLegProfile={profile}")
        ann, bob = await scene.phone("ann", encryption=SRTP), await scene.phone("bob", encryption=SRTP)
        plain = await scene.phone("plain")
        await ann.dial(uri("required"))
        await bob.dial(uri("required"))
        await plain.dial(uri("required"), established=False)
        assert "488" in (await plain.wait_closed()).param
        await scene.everybody_hears_everybody("ann", "bob")
        for name, encryption, refused in (("cid", SRTP, True), ("dot", "", False)):
            phone = await scene.phone(name, encryption=encryption)
            await phone.dial(uri("prohibited"), established=False)
            event = await phone.wait_for("CALL_ESTABLISHED", "CALL_CLOSED")
            assert ("488" in event.param) is refused and phone.in_call is not refused


async def test_a_phone_called_where_encryption_is_required_is_offered_srtp() -> None:
    """The phone that has it is in and hears the host; the one that has none is not connected."""
    async with stage() as scene:
        profile = await scene.api.post("/callLegProfiles", "sipMediaEncryption=required")
        space = await scene.api.post("/coSpaces", f"name=Room&uri=room&callLegProfile={profile}")
        call = await scene.api.post("/calls", f"coSpace={space}")
        host = await scene.phone("host", encryption=SRTP)
        await host.dial(uri("room"))
        ada, plain = await scene.phone("ada", encryption=SRTP), await scene.phone("plain")
        for phone in (ada, plain):
            await scene.api.post(
                "/outboundDialPlanRules", f"domain={phone.name}.example&sipProxy={phone.address}:{phone.sip_port}"
            )
            await scene.api.post(f"/calls/{call}/participants", f"remoteParty=sip:{phone.name}@{phone.name}.example")
        await ada.wait_for("CALL_ESTABLISHED")
        await scene.everybody_hears_everybody("host", "ada")

        async def two() -> bool:
            return await scene.api.total("/callLegs") == 2

        await eventually(two, "somebody else is there")
        assert not plain.in_call


async def test_a_conference_with_forced_encryption_takes_phones_with_srtp_alone() -> None:
    """encryptMode 1: the phone it calls is in by SRTP, who dials its ID without is refused, and who dials it with SRTP
    is asked for the password and heard."""
    async with office() as here:
        scene = here.scene
        ada = await scene.phone("ada", encryption=SRTP)
        await here.rule("ada", f"{ada.address}:{ada.sip_port}")
        booked = await here.book(subject="Secret", encrypt_mode=1, attendees=[called("ada", role=1)])
        await ada.wait_for("CALL_ESTABLISHED")
        plain = await scene.phone("plain")
        await plain.dial(uri(booked.number), established=False)
        assert "488" in (await plain.wait_closed()).param
        await scene.phone("host", encryption=SRTP)
        await here.dials("host", booked, booked.host)
        await scene.everybody_hears_everybody("ada", "host")
