"""Offers and answers of a SIP call: codecs, hold, and who offers when."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from parley.core.endings import Reason
from parley.core.leg_inputs import LegAudio
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor())


def media_of(rig: SipRig) -> LegAudio:
    """What the engine was told of the only leg."""
    (audio,) = rig.floor.engine.legs.values()
    return audio


async def in_call(rig: SipRig, body: str | None = None) -> Phone:
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(body)
    return phone


@pytest.mark.parametrize(("codecs", "chosen"), [(("pcmu", "opus"), "opus"), (("pcmu",), "pcmu"), ((), "opus")])
async def test_our_best_codec_is_chosen_with_their_numbers(rig: SipRig, codecs: tuple[str, ...], chosen: str) -> None:
    """Opus before G.711; packets go where the offer says; digits by its payload type."""
    await in_call(rig, offer(*codecs, address="192.0.2.77", port=4444))
    audio = media_of(rig)
    assert (audio.codec.name, audio.remote_host, audio.remote_port) == (chosen, "192.0.2.77", 4444)
    assert audio.dtmf_payload_type == 101 and audio.sends and audio.receives


NONSENSE = ["hello", "\r\n\r\n", "m=audio x RTP/AVP 0\r\n", "v=0\r\nm=audio 99999999999 RTP/AVP 0\r\n"]


@pytest.mark.parametrize("body", NONSENSE)
async def test_sdp_that_cannot_be_read_is_400(rig: SipRig, body: str) -> None:
    """Nothing is created for it, not even a look-up."""
    await rig.floor.space()
    reads = rig.floor.held.reads
    (answer,) = await Phone(rig).invite(body)
    assert answer.status == 400
    assert rig.floor.events() == [] and rig.floor.held.reads == reads


USELESS = [
    "v=0",
    offer("gsm"),
    offer(port=0),
    offer().replace("RTP/AVP", "RTP/SAVP"),
    offer().replace("m=audio", "m=video"),
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n",
]


@pytest.mark.parametrize("body", USELESS)
async def test_an_offer_without_anything_for_us_is_488(rig: SipRig, body: str) -> None:
    """No codec, no audio, no plain RTP: refused before anything is created."""
    await rig.floor.space()
    (answer,) = await Phone(rig).invite(body)
    assert answer.status == 488
    assert rig.floor.events() == [] and rig.floor.engine.opened == 0


async def test_every_line_of_an_offer_is_answered(rig: SipRig) -> None:
    """Video is refused in its place with port 0."""
    phone = Phone(rig)
    await rig.floor.space()
    session = await phone.call(offer(extra="m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"))
    assert [(media.kind, bool(media.port)) for media in session.media] == [("audio", True), ("video", False)]


# --- re-INVITE ---------------------------------------------------------------------------------------------------

HOLDS = {
    "sendonly": (offer("pcmu", direction="sendonly", version=2), "recvonly", False, False),
    "inactive": (offer("pcmu", direction="inactive", version=2), "inactive", False, False),
    "all zero": (offer("pcmu", address="0.0.0.0", version=2), None, False, False),
    "recvonly": (offer("pcmu", direction="recvonly", version=2), "sendonly", True, False),
}


@pytest.mark.parametrize("hold", HOLDS)
async def test_hold_and_resume_keep_codec_port_and_session(rig: SipRig, hold: str) -> None:
    """Each answer's version is one more; the direction mirrors the offer's; resumed, all is as before."""
    body, direction, sends, receives = HOLDS[hold]
    phone = Phone(rig)
    await rig.floor.space()
    first = await phone.call(offer("pcmu"))
    before = media_of(rig)
    held = await phone.call(body)
    audio = media_of(rig)
    assert audio.sends == sends and (receives is None or audio.receives == receives)
    if direction is not None:
        assert held.direction_of(audio_of(held)) == direction
    resumed = await phone.call(offer("pcmu", version=3))
    assert media_of(rig) == before
    sessions = [first, held, resumed]
    assert [one.origin.version - first.origin.version for one in sessions] == [0, 1, 2]
    assert {(audio_of(one).port, tuple(audio_of(one).formats), one.origin.session) for one in sessions} == {
        (audio_of(first).port, ("0", "101"), first.origin.session)
    }
    assert rig.floor.engine.opened == 1


async def test_hold_is_seen_in_the_list_of_legs(rig: SipRig) -> None:
    """State on-hold while the far end holds, connected after."""
    phone = await in_call(rig)
    await phone.call(offer(direction="inactive"))
    assert rig.floor.directory.legs()[0].state == "on-hold"
    await phone.call(offer())
    assert rig.floor.directory.legs()[0].state == "connected"


async def test_the_codec_in_use_is_kept_while_it_is_offered(rig: SipRig) -> None:
    """A re-INVITE that adds a better one does not change horses; one that drops it does."""
    phone = await in_call(rig, offer("pcmu"))
    await phone.call(offer("opus", "pcmu"))
    assert media_of(rig).codec.name == "pcmu"
    await phone.call(offer("opus"))
    assert media_of(rig).codec.name == "opus"


async def test_media_moves_to_a_new_address(rig: SipRig) -> None:
    """The far end's new host and port are the engine's at once."""
    phone = await in_call(rig)
    await phone.call(offer(address="198.51.100.7", port=6000))
    assert (media_of(rig).remote_host, media_of(rig).remote_port) == ("198.51.100.7", 6000)


@pytest.mark.parametrize("body", [offer("gsm"), "garbage"])
async def test_an_unusable_new_offer_changes_nothing(rig: SipRig, body: str) -> None:
    """488, and the call goes on as it was."""
    phone = await in_call(rig)
    before = media_of(rig)
    (answer,) = await phone.invite(body)
    assert answer.status == 488
    assert media_of(rig) == before and len(rig.floor.directory.legs()) == 1


async def test_a_second_offer_while_one_is_open_is_refused(rig: SipRig) -> None:
    """500 with a time to wait while theirs is being answered, 491 while ours is (RFC 3261 section 14.2)."""
    phone = await in_call(rig)
    rig.floor.engine.hold()
    assert await phone.invite(offer(port=6000)) == []
    (second,) = await phone.invite(offer(port=7000))
    assert second.status == 500 and second.headers.get("Retry-After") is not None
    rig.floor.engine.release()
    await rig.floor.settle()
    assert media_of(rig).remote_port == 6000
    await phone.ack()
    (ours,) = await phone.invite("")
    assert ours.status == 200
    (glare,) = await phone.invite(offer(port=7000))
    assert glare.status == 491 and media_of(rig).remote_port == 6000


async def test_bye_during_a_re_invite_ends_both(rig: SipRig) -> None:
    """487 to the one, 200 to the other; nothing is left."""
    phone = await in_call(rig)
    rig.floor.engine.hold()
    await phone.invite(offer(port=6000))
    said = await phone.send("BYE")
    assert sorted(message.status for message in said if isinstance(message, Response)) == [200, 487]
    rig.floor.engine.release()
    await rig.floor.wait(64)
    assert rig.agent.live == (0, 0)
    rig.floor.assert_nothing_left()


async def test_our_end_during_a_re_invite_answers_it(rig: SipRig) -> None:
    """The worker dies while media is changed: 487 to the offer, then BYE."""
    phone = await in_call(rig)
    rig.floor.engine.hold()
    await phone.invite(offer(port=6000))
    before = len(rig.sent)
    rig.floor.engine.kill()
    await rig.floor.settle()
    said = [message for _, message in rig.sent[before:]]
    assert [m.status if isinstance(m, Response) else m.method for m in said] == [487, "BYE"]
    rig.floor.engine.release()
    await rig.floor.settle()


# --- calls and re-INVITEs without an offer -------------------------------------------------------------------------


async def test_a_re_invite_without_an_offer_gets_ours(rig: SipRig) -> None:
    """What is in use, in the same place; nothing differs, so the version stays (RFC 3264 section 8)."""
    phone = Phone(rig)
    await rig.floor.space()
    first = await phone.call(offer("pcmu"))
    (answer,) = await phone.invite("")
    assert described(answer).serialise() == first.serialise()
    before = media_of(rig)
    await phone.ack(offer("pcmu"))
    assert media_of(rig) == before


async def test_a_held_call_is_resumed_by_a_re_invite_without_an_offer(rig: SipRig) -> None:
    """Our offer asks for both directions again, and the answer in the ACK counts."""
    phone = await in_call(rig, offer("pcmu"))
    held = await phone.call(offer("pcmu", direction="sendonly"))
    assert not media_of(rig).sends
    (answer,) = await phone.invite("")
    again = described(answer)
    assert again.direction_of(audio_of(again)) == "sendrecv"
    assert again.origin.version == held.origin.version + 1
    await phone.ack(offer("pcmu", port=4800))
    audio = media_of(rig)
    assert (audio.sends, audio.receives, audio.remote_port) == (True, True, 4800)


@pytest.mark.parametrize("body", ["", "garbage", offer("gsm")])
async def test_an_answer_we_cannot_use_changes_nothing(rig: SipRig, body: str) -> None:
    """In the ACK of a re-INVITE without an offer."""
    phone = await in_call(rig)
    before = media_of(rig)
    await phone.invite("")
    await phone.ack(body)
    assert media_of(rig) == before and len(rig.floor.directory.legs()) == 1


async def test_a_call_without_an_offer_gets_ours(rig: SipRig) -> None:
    """Gateways call so: our codecs in the 200, theirs with the ACK, then the prompts (RFC 3261 section 13.2.1)."""
    await rig.floor.space(pin="123")
    phone = Phone(rig)
    (answer,) = await phone.invite("")
    assert answer.status == 200
    media = audio_of(described(answer))
    assert (media.port, [codec.name for codec in media.codecs()][:4]) == (20000, ["opus", "G722", "PCMU", "PCMA"])
    assert not media_of(rig).sends and rig.floor.engine.played == {}
    await phone.ack(offer("pcmu", address="198.51.100.7", port=6000))
    audio = media_of(rig)
    assert (audio.codec.name, audio.remote_host, audio.remote_port) == ("pcmu", "198.51.100.7", 6000)
    assert audio.sends and audio.dtmf_payload_type == 101
    assert list(rig.floor.engine.played.values()) == [["enter-pin"]]


@pytest.mark.parametrize("body", ["", "garbage", offer("gsm")])
async def test_a_call_that_never_says_its_media_is_ended(rig: SipRig, body: str) -> None:
    """No offer and no answer we can use: BYE, and nothing is left."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.invite("")
    await phone.ack(body)
    assert [one.method for one in await phone.took()] == ["BYE"]
    ended = rig.floor.events()[-1]
    assert ended.ending.reason is Reason.NO_COMMON_CODEC
    rig.floor.engine.release()
    assert rig.floor.engine.legs == {} and rig.floor.directory.legs() == []


async def test_an_unknown_address_without_an_offer_is_404(rig: SipRig) -> None:
    """It costs no port."""
    (answer,) = await Phone(rig, "nobody").invite("")
    assert answer.status == 404 and rig.floor.engine.opened == 0


async def test_an_ipv6_phone_is_answered_in_kind(rig: SipRig) -> None:
    """The address of the route it used, and its own as the engine's target."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(offer(address="2001:db8::50"))
    assert ip_address(media_of(rig).remote_host).version == 6
