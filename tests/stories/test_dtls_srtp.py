"""Phones that agree their keys by DTLS: heard by plain ones, let in where encryption is asked for, and called."""

from __future__ import annotations

import pytest

from .scene import stage, uri
from .test_srtp import encrypted_media

pytestmark = pytest.mark.story


async def test_phones_by_dtls_and_plain_ones_hear_each_other() -> None:
    """One agrees its keys by DTLS, one tells them in SDP, one has none. The API tells whose media are encrypted."""
    async with stage() as scene:
        await scene.api.post("/coSpaces", "name=Room&uri=room")
        for name, encryption in (("ann", "dtls_srtp"), ("bob", "srtp-mand"), ("cid", "")):
            phone = await scene.phone(name, encryption=encryption)
            await phone.dial(uri("room"))
        await scene.everybody_hears_everybody("ann", "bob", "cid")
        yes, no = ("true", "false"), ("false", "true")
        assert await encrypted_media(scene) == {"ann": yes, "bob": yes, "cid": no}


async def test_a_phone_is_called_by_dtls_where_encryption_is_required() -> None:
    """`sip.srtp_offer=dtls`: the phone that has it takes the call and is heard."""
    async with stage(SIP__SRTP_OFFER="dtls") as scene:
        profile = await scene.api.post("/callLegProfiles", "sipMediaEncryption=required")
        space = await scene.api.post("/coSpaces", f"name=Room&uri=room&callLegProfile={profile}")
        call = await scene.api.post("/calls", f"coSpace={space}")
        host = await scene.phone("host", encryption="dtls_srtp")
        await host.dial(uri("room"))
        ada = await scene.phone("ada", encryption="dtls_srtp")
        await scene.api.post("/outboundDialPlanRules", f"domain=ada.example&sipProxy={ada.address}:{ada.sip_port}")
        await scene.api.post(f"/calls/{call}/participants", "remoteParty=sip:ada@ada.example")
        await ada.wait_for("CALL_ESTABLISHED")
        await scene.everybody_hears_everybody("host", "ada")
