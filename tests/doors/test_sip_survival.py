"""SIP calls after the server was killed and started again, as phones see them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest

from parley.app.ports import Query
from parley.core.endings import Ending, Reason, Side
from parley.core.ids import OutboundRuleId, SpaceId
from parley.core.leg_inputs import Granted
from parley.core.meeting_inputs import Entry
from parley.core.outbound import Credentials, Hop
from parley.core.secret import Secret
from parley.doors.sip.stored_call import StoredCall, decoded
from parley.doors.sip.surviving import SKIPPED
from parley.wire.sip.message import Request
from tests.app.floor import no_errors
from tests.app.life import Life
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer
from tests.doors.test_sip_dtls import by_dtls
from tests.kit.memory_store import MemoryStore

KEY = base64.b64encode(bytes(range(30))).decode()
CRYPTO = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"
DROPPED = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
TIMER = "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\nAllow: INVITE, UPDATE\r\n"


def rig_of(life: Life) -> SipRig:
    rig = SipRig(life)
    rig.agent.changed = life.directory.door_changed
    life.survive(rig.agent)
    return rig


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield rig_of(Life(MemoryStore()))


async def killed(rig: SipRig, *phones: Phone) -> SipRig:
    """The next life; these phones speak to it from now on."""
    before = rig.floor
    assert isinstance(before, Life)
    life = await before.after_kill()
    after = rig_of(life)
    await life.take_up()
    for phone in phones:
        phone.rig = after
    return after


async def in_meeting(rig: SipRig, body: str | None = None) -> Phone:
    """A phone that has been in for a while."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(body)
    await rig.floor.wait(2)
    return phone


async def test_a_phone_that_hangs_up_after_a_restart(rig: SipRig) -> None:
    """Its BYE gets 200 and ends leg, media and row."""
    phone = await in_meeting(rig)
    after = await killed(rig, phone)
    (answer,) = await phone.send("BYE")
    assert not isinstance(answer, Request) and answer.status == 200
    await after.floor.wait(40)
    after.floor.assert_nothing_left()
    assert isinstance(after.floor, Life) and await after.floor.rows() == (0, 0)


async def test_a_hold_after_a_restart(rig: SipRig) -> None:
    """The re-INVITE is answered in the same session, at the same port, by a description newer than any before."""
    phone = await in_meeting(rig)
    (answer,) = await phone.invite(offer("pcmu", version=2))
    await phone.ack()
    said = described(answer)
    after = await killed(rig, phone)
    (answer,) = await phone.invite(offer("pcmu", direction="sendonly", version=3))
    held = described(answer)
    assert held.origin.session == said.origin.session
    assert held.origin.version > said.origin.version
    assert audio_of(held).port == audio_of(said).port
    assert held.direction_of(audio_of(held)) == "recvonly"
    await phone.ack()
    (leg,) = after.floor.directory.legs()
    assert after.floor.engine.legs[leg.leg].sends is False


async def test_a_leg_that_we_hang_up_after_two_restarts(rig: SipRig) -> None:
    """Its BYE goes where the phone is, in the dialog as it was, under a number that was never used."""
    phone = await in_meeting(rig)
    once = await killed(rig, phone)
    await once.floor.wait(2)
    twice = await killed(once, phone)
    (leg,) = twice.floor.directory.legs()
    await twice.floor.directory.drop_leg(leg.leg, DROPPED)
    (bye,) = await phone.took()
    assert bye.method == "BYE"
    assert bye.cseq.number > 2 * SKIPPED
    assert f";tag={bye.from_.tag}" == phone.to_tag and bye.to.tag == "phone"


async def test_a_second_kill_right_after_the_first(rig: SipRig) -> None:
    """Numbers that the life in between may have used do not come again, although it lived for no time."""
    phone = await in_meeting(rig)
    once = await killed(rig, phone)
    twice = await killed(once, phone)
    (leg,) = twice.floor.directory.legs()
    await twice.floor.directory.drop_leg(leg.leg, DROPPED)
    (bye,) = await phone.took()
    assert bye.cseq.number > 2 * SKIPPED


async def test_facts_are_those_of_before(rig: SipRig) -> None:
    """Addresses, transport, Call-ID and the phone's name."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.invite(extra="User-Agent: Desk/1\r\n")
    await phone.ack()
    await rig.floor.wait(2)
    (before,) = rig.floor.directory.legs()
    after = await killed(rig, phone)
    (leg,) = after.floor.directory.legs()
    assert leg.facts == before.facts and leg.facts.user_agent == "Desk/1"


async def test_srtp_goes_on_with_its_keys(rig: SipRig) -> None:
    """A re-INVITE with the key of before is answered with ours of before; no row shows either."""
    body = offer("pcmu", extra=CRYPTO).replace("RTP/AVP", "RTP/SAVP")
    phone = await in_meeting(rig, body)
    (audio,) = rig.floor.engine.legs.values()
    assert audio.srtp is not None
    after = await killed(rig, phone)
    (answer,) = await phone.invite(body)
    assert audio.srtp.ours.reveal() in (audio_of(described(answer)).get("crypto") or "")
    (leg,) = after.floor.directory.legs()
    assert leg.view is not None and leg.view.encrypted_media
    async with after.floor.held.reading() as tx:
        assert KEY not in repr((await tx.live_legs.page(Query())).items)


async def test_keys_by_dtls_go_on_with_our_certificate(rig: SipRig) -> None:
    """A re-INVITE with the fingerprint of before is answered with ours of before, in the same role."""
    await rig.floor.space()
    phone = Phone(rig)
    first = audio_of(await phone.call(by_dtls()))
    await rig.floor.wait(2)
    after = await killed(rig, phone)
    held = audio_of(await phone.call(by_dtls(direction="sendonly", version=2)))
    assert (held.get("fingerprint"), held.get("setup")) == (first.get("fingerprint"), first.get("setup"))
    (leg,) = after.floor.directory.legs()
    assert leg.view is not None and leg.view.encrypted_media


async def test_a_session_that_we_refresh_is_refreshed_soon(rig: SipRig) -> None:
    """The phone may be about to give it up; whether the call still stands there shows by it too."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.invite(extra=TIMER)
    await phone.ack()
    await rig.floor.wait(2)
    await killed(rig, phone)
    (refresh, *_) = await phone.took(5)
    assert refresh.method == "UPDATE"
    assert refresh.headers.get("Session-Expires") == "600;refresher=uac"


async def test_a_call_that_cannot_be_read_ends(rig: SipRig) -> None:
    """What another version has written of a call does not keep the server from starting."""
    phone = await in_meeting(rig)
    async with rig.floor.held.transaction() as tx:
        (row,) = (await tx.live_legs.page(Query())).items
        await tx.live_legs.save(replace(row, door=b"{}"))
    with no_errors("a call of the life before cannot be read"):
        after = await killed(rig, phone)
    assert after.floor.directory.legs() == [] and after.floor.engine.legs == {}


async def test_a_way_out_is_written_with_its_credentials(rig: SipRig) -> None:
    """So that a trunk that challenges a refresh gets its answer, and a stream is opened where the call went."""
    phone = await in_meeting(rig)
    async with rig.floor.held.reading() as tx:
        (row,) = (await tx.live_legs.page(Query())).items
    stored = decoded(row.door)
    hop = Hop(OutboundRuleId("r"), "proxy", 5060, "tcp", credentials=Credentials("trunk", Secret("pass"), "realm"))
    assert decoded(replace(stored, hop=hop).encoded()) == replace(stored, hop=hop)
    assert isinstance(stored, StoredCall) and stored.call_id == phone._call_id


async def test_a_participant_who_survived_can_be_moved(rig: SipRig) -> None:
    """Into another meeting, as before."""
    phone = await in_meeting(rig)
    other = await rig.floor.space("other")
    after = await killed(rig, phone)
    (leg,) = after.floor.directory.legs()
    assert after.floor.directory.move(leg.participant, Granted(SpaceId(other), None, Entry()))
    await after.floor.settle()
    meeting = after.floor.meeting()
    assert meeting is not None and meeting.space == other
    assert [one.leg for one in meeting.legs] == [leg.leg]
