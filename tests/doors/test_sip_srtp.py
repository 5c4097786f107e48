"""SRTP at the SIP door (RFC 4568): who is let in by it, keys in the middle of a call, and people we call."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from parley.core.endings import Reason
from parley.core.events import LegEnded
from parley.core.leg_inputs import LegAudio, SrtpKeys
from parley.core.profiles import MediaEncryption
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer

SUITE = "AES_CM_128_HMAC_SHA1_80"
OPTIONAL, REQUIRED, PROHIBITED = MediaEncryption.OPTIONAL, MediaEncryption.REQUIRED, MediaEncryption.PROHIBITED


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor())


def key(fill: int) -> str:
    return base64.b64encode(bytes([fill]) * 30).decode()


def secure(fill: int = 1, *, tag: int = 1, **fields: object) -> str:
    """A phone's offer of SRTP alone."""
    text = offer("pcmu", extra=f"a=crypto:{tag} {SUITE} inline:{key(fill)}\r\n", **fields)  # type: ignore[arg-type]
    return text.replace("RTP/AVP", "RTP/SAVP")


def keys_of(rig: SipRig) -> SrtpKeys:
    """What the engine was told of the only leg."""
    (audio,) = rig.floor.engine.legs.values()
    assert isinstance(audio, LegAudio) and audio.srtp is not None
    return audio.srtp


async def door(rig: SipRig, encryption: MediaEncryption, pin: str | None = None) -> None:
    await rig.floor.space(pin=pin, leg_profile=await rig.floor.profile(media_encryption=encryption))


@pytest.mark.parametrize("encryption", MediaEncryption)
@pytest.mark.parametrize("body", [offer("pcmu"), secure()], ids=["plain", "srtp"])
async def test_a_door_asks_for_srtp_or_for_none_or_takes_both(
    rig: SipRig, encryption: MediaEncryption, body: str
) -> None:
    """Required refuses plain RTP and prohibited SRTP, by 488 before anything rings; optional takes what is offered."""
    await door(rig, encryption)
    phone, is_srtp = Phone(rig), "SAVP" in body
    (answer,) = await phone.invite(body)
    refused = encryption is (PROHIBITED if is_srtp else REQUIRED)
    assert answer.status == (488 if refused else 200)
    if refused:
        assert rig.floor.engine.opened == 0
        assert rig.floor.events(LegEnded)[0].ending.reason is Reason.ENCRYPTION_REQUIRED  # type: ignore[attr-defined]
        return
    await phone.ack()
    (leg,) = rig.floor.directory.legs()
    assert leg.view is not None and leg.view.encrypted_media is is_srtp
    await phone.send("BYE")
    assert rig.floor.events(LegEnded)[0].encrypted_media is is_srtp  # type: ignore[attr-defined]


async def test_a_pin_is_asked_for_by_srtp_too(rig: SipRig) -> None:
    """Where both are asked for, whoever comes encrypted hears the prompt."""
    await door(rig, REQUIRED, pin="1234")
    await Phone(rig).call(secure())
    assert list(rig.floor.engine.played.values()) == [["enter-pin"]]


async def test_the_answer_holds_our_key_and_the_engine_both(rig: SipRig) -> None:
    """One crypto line with the offer's tag and suite; a key of ours that is new for every call."""
    await rig.floor.space()
    ours = set()
    for tag in (1, 5):
        phone = Phone(rig)
        media = audio_of(await phone.call(secure(tag=tag)))
        assert media.protocol == "RTP/SAVP"
        told = [value or "" for name, value in media.attributes if name == "crypto"]
        keys = keys_of(rig)
        assert keys.theirs.reveal() == key(1)
        assert told == [f"{tag} {SUITE} inline:{keys.ours.reveal()}"]
        ours.add(keys.ours.reveal())
        await phone.send("BYE")
    assert len(ours) == 2


async def test_a_hold_keeps_the_keys_and_a_new_key_gets_a_new_one(rig: SipRig) -> None:
    """The engine goes on with counters where keys are the same (RFC 4568 section 7.1.4)."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(secure())
    first = keys_of(rig)
    held = await phone.call(secure(direction="sendonly", version=2))
    assert keys_of(rig) == first and first.ours.reveal() in (audio_of(held).get("crypto") or "")
    await phone.call(secure(2, version=3))
    second = keys_of(rig)
    assert second.theirs.reveal() == key(2) and second.ours != first.ours
    said = await phone.send("UPDATE", secure(4, version=4))
    assert [message.status for message in said if isinstance(message, Response)] == [200]
    third = keys_of(rig)
    assert third.theirs.reveal() == key(4) and third.ours not in (first.ours, second.ours)
    said = await phone.send("UPDATE", offer("pcmu", version=5))
    assert [message.status for message in said if isinstance(message, Response)] == [488]
    assert keys_of(rig) == third


@pytest.mark.parametrize(("before", "after"), [(secure(), offer("pcmu")), (offer("pcmu"), secure())])
async def test_a_call_does_not_change_between_srtp_and_plain_rtp(rig: SipRig, before: str, after: str) -> None:
    """488 and the call goes on as it was: nobody talks a leg down to what its door would have refused."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(before)
    (audio,) = rig.floor.engine.legs.values()
    (answer,) = await phone.invite(after)
    assert answer.status == 488
    assert list(rig.floor.engine.legs.values()) == [audio]
    await phone.ack()


async def test_a_re_invite_without_an_offer_keeps_srtp(rig: SipRig) -> None:
    """Our offer holds our key; an answer with another key of theirs counts, a plain one changes nothing."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(secure())
    ours = keys_of(rig).ours
    (answer,) = await phone.invite("")
    media = audio_of(described(answer))
    assert media.protocol == "RTP/SAVP" and ours.reveal() in (media.get("crypto") or "")
    await phone.ack(secure(3))
    assert (keys_of(rig).theirs.reveal(), keys_of(rig).ours) == (key(3), ours)
    await phone.call(secure(3, version=2))
    assert keys_of(rig).ours == ours
    await phone.invite("")
    await phone.ack(offer("pcmu"))
    assert keys_of(rig).ours == ours and len(rig.floor.directory.legs()) == 1


@pytest.mark.parametrize(
    "body",
    [
        offer("pcmu").replace("RTP/AVP", "RTP/SAVP"),
        secure().replace(SUITE, "AES_256_CM_HMAC_SHA1_80"),
        secure().replace(key(1), "short"),
    ],
)
async def test_srtp_without_a_key_for_us_is_488(rig: SipRig, body: str) -> None:
    """It is not answered by plain RTP."""
    await rig.floor.space()
    (answer,) = await Phone(rig).invite(body)
    assert answer.status == 488 and rig.floor.engine.opened == 0


async def test_encryption_that_is_optional_for_the_phone_is_used(rig: SipRig) -> None:
    """Keys in a plain section (RFC 8643): the answer has one too, and a door that asks for encryption lets it in."""
    await door(rig, REQUIRED)
    media = audio_of(await Phone(rig).call(secure().replace("SAVP", "AVP")))
    assert media.protocol == "RTP/AVP" and keys_of(rig).ours.reveal() in (media.get("crypto") or "")


async def test_keys_are_in_no_record(rig: SipRig) -> None:
    """Neither the journal nor what is listed of a leg shows one."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(secure())
    keys = keys_of(rig)
    await phone.send("BYE")
    shown = repr((rig.floor.events(), keys, rig.floor.engine.legs))
    assert keys.ours.reveal() not in shown and keys.theirs.reveal() not in shown
