"""DTLS-SRTP at the SIP door: who is let in by it, what the engine is told, and people we call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from parley.core.leg_inputs import Answered, CallFailed, DtlsRemote, LegAudio, Reached, WebLocal
from parley.core.profiles import MediaEncryption
from parley.core.secret import Secret
from parley.doors.sip.agent import SipAgent
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_calling_rig import HOST, agent_at_work, callee, hop, leg_of
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer

THEIRS, OTHERS = ":".join(["AB"] * 32), ":".join(["CD"] * 32)
OURS = ":".join(["01"] * 32)
OPTIONAL, REQUIRED, PROHIBITED = MediaEncryption.OPTIONAL, MediaEncryption.REQUIRED, MediaEncryption.PROHIBITED


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor())


def by_dtls(
    setup: str = "actpass", fingerprint: str = THEIRS, profile: str = "UDP/TLS/RTP/SAVP", **fields: object
) -> str:
    lines = f"a=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\n"
    return offer("pcmu", extra=lines, **fields).replace("RTP/AVP", profile)  # type: ignore[arg-type]


def both() -> str:
    """The audio once by DTLS and once plain."""
    plain = offer("pcmu")
    return by_dtls() + plain[plain.index("m=audio") :].replace("m=audio 4000", "m=audio 4002")


def audio(rig: SipRig) -> LegAudio:
    """What the engine was told of the only leg."""
    (found,) = rig.floor.engine.legs.values()
    assert isinstance(found, LegAudio)
    return found


async def door(rig: SipRig, encryption: MediaEncryption) -> None:
    await rig.floor.space(leg_profile=await rig.floor.profile(media_encryption=encryption))


@pytest.mark.parametrize(("setup", "ours", "client"), [("actpass", "passive", False), ("passive", "active", True)])
async def test_an_offer_by_dtls_is_answered_in_kind(rig: SipRig, setup: str, ours: str, client: bool) -> None:
    """The answer names the engine's certificate and a role; the engine is told theirs, and the leg is encrypted."""
    await rig.floor.space()
    media = audio_of(await Phone(rig).call(by_dtls(setup)))
    assert (media.protocol, media.get("setup")) == ("UDP/TLS/RTP/SAVP", ours)
    assert (media.get("fingerprint") or "").startswith("sha-256 ") and media.port
    assert media.get("ice-ufrag") is None
    assert audio(rig).dtls == DtlsRemote(THEIRS, client)
    (leg,) = rig.floor.directory.legs()
    assert leg.view is not None and leg.view.encrypted_media


@pytest.mark.parametrize("encryption", MediaEncryption)
@pytest.mark.parametrize(
    ("body", "srtp", "plain"),
    [
        (offer("pcmu"), False, True),
        (by_dtls(), True, False),
        (both(), True, True),
        (by_dtls(profile="RTP/AVP"), True, True),
    ],
    ids=["plain", "dtls", "two sections", "best effort"],
)
async def test_a_door_gets_what_it_asks_for_or_refuses(
    rig: SipRig, encryption: MediaEncryption, body: str, srtp: bool, plain: bool
) -> None:
    """Required takes SRTP alone and prohibited plain RTP alone, 488 where it is not offered; optional SRTP first."""
    await door(rig, encryption)
    phone = Phone(rig)
    (answer,) = await phone.invite(body)
    possible = {OPTIONAL: True, REQUIRED: srtp, PROHIBITED: plain}[encryption]
    assert answer.status == (200 if possible else 488)
    if not possible:
        assert rig.floor.engine.opened == 0
        return
    await phone.ack()
    encrypted = srtp and encryption is not PROHIBITED
    assert audio(rig).encrypted is encrypted
    (leg,) = rig.floor.directory.legs()
    assert leg.view is not None and leg.view.encrypted_media is encrypted
    taken = [media for media in described(answer).media if media.port]
    assert [media.get("fingerprint") is not None for media in taken] == [encrypted]


async def test_a_hold_keeps_the_certificate_and_another_one_is_told(rig: SipRig) -> None:
    """A re-INVITE names ours again in the same role; plain RTP and keys in SDP are refused in such a call."""
    await rig.floor.space()
    phone = Phone(rig)
    first = audio_of(await phone.call(by_dtls()))
    held = audio_of(await phone.call(by_dtls(direction="sendonly", version=2)))
    assert (held.get("fingerprint"), held.get("setup")) == (first.get("fingerprint"), "passive")
    assert not audio(rig).receives or not audio(rig).sends
    await phone.call(by_dtls(fingerprint=OTHERS, version=3))
    assert audio(rig).dtls == DtlsRemote(OTHERS, False)
    key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "\r\n"
    for body in (offer("pcmu", version=4), offer("pcmu", version=4, extra=key).replace("RTP/AVP", "RTP/SAVP")):
        said = await phone.send("UPDATE", body)
        assert [message.status for message in said if isinstance(message, Response)] == [488]
    assert audio(rig).dtls == DtlsRemote(OTHERS, False)


async def test_who_began_the_handshake_keeps_that_part(rig: SipRig) -> None:
    """RFC 8842 section 5.3: a hold that leaves the roles open again is answered in the one that we have."""
    await rig.floor.space()
    phone = Phone(rig)
    assert audio_of(await phone.call(by_dtls("passive"))).get("setup") == "active"
    held = audio_of(await phone.call(by_dtls("actpass", direction="sendonly", version=2)))
    assert held.get("setup") == "active" and audio(rig).dtls == DtlsRemote(THEIRS, True)


async def test_a_re_invite_without_an_offer_gets_one_by_dtls(rig: SipRig) -> None:
    """In the role that we have; the answer in the ACK counts."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(by_dtls())
    (answer,) = await phone.invite("")
    media = audio_of(described(answer))
    assert (media.protocol, media.get("setup")) == ("UDP/TLS/RTP/SAVP", "passive")
    await phone.ack(by_dtls("active", port=4100))
    assert audio(rig).remote_port == 4100 and audio(rig).dtls == DtlsRemote(THEIRS, False)


# --- people we call ------------------------------------------------------------------------------------------------


@pytest.fixture
async def agent() -> AsyncIterator[SipAgent]:
    async with agent_at_work(offers_dtls=True) as made:
        yield made


@pytest.mark.parametrize(("setup", "client"), [("active", False), ("passive", True)])
async def test_keys_are_offered_by_dtls_where_that_is_set(agent: SipAgent, setup: str, client: bool) -> None:
    """With the port's certificate and either role; the answer says who begins."""
    lines = f"a=fingerprint:sha-256 {THEIRS}\na=setup:{setup}"
    async with callee([200], protocol="UDP/TLS/RTP/SAVP", extra=lines) as ada:
        leg, told = leg_of(agent, encryption=REQUIRED)
        leg.reach(hop(ada))
        assert await told.hears(Reached) == Reached(HOST, ada.address, keys="dtls")
        leg.place(20000, WebLocal(20000, "", Secret(""), OURS, ()))
        answered = await told.hears(Answered)
        assert isinstance(answered, Answered)
        assert answered.audio.dtls == DtlsRemote(THEIRS, client)
        invite = ada.requests("INVITE")[0].text
        assert "m=audio 20000 UDP/TLS/RTP/SAVP" in invite and "a=setup:actpass" in invite
        assert f"a=fingerprint:sha-256 {OURS}" in invite and "crypto" not in invite


async def test_an_answer_without_a_certificate_is_hung_up(agent: SipAgent) -> None:
    """It is for SRTP or nothing."""
    async with callee([200]) as ada:
        leg, told = leg_of(agent, encryption=REQUIRED)
        leg.reach(hop(ada))
        await told.hears(Reached)
        leg.place(20000, WebLocal(20000, "", Secret(""), OURS, ()))
        assert isinstance(await told.hears(CallFailed), CallFailed)


async def test_nothing_secure_is_offered_where_it_is_prohibited(agent: SipAgent) -> None:
    """A plain offer, and the engine is not asked for a certificate."""
    async with callee([200]) as ada:
        leg, told = leg_of(agent, encryption=PROHIBITED)
        leg.reach(hop(ada))
        assert await told.hears(Reached) == Reached(HOST, ada.address)
        leg.place(20000)
        answered = await told.hears(Answered)
        assert isinstance(answered, Answered) and not answered.audio.encrypted
        assert "fingerprint" not in ada.requests("INVITE")[0].text
