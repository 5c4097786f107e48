"""Requests that cross inside a call, as phones see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer
from tests.doors.test_sip_calls import statuses


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor())


async def test_a_reinvite_that_is_cancelled_leaves_the_call_as_it_was(rig: SipRig) -> None:
    """487 to the re-INVITE, the call goes on with what was agreed before, and may be changed again."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(offer("pcmu"))
    (leg,) = rig.floor.directory.legs()
    before = rig.floor.engine.legs[leg.leg]
    rig.floor.engine.hold()
    assert await phone.invite(offer("pcmu", direction="sendonly", port=4010, version=2)) == []
    assert statuses(list(await phone.send("CANCEL", branch="2"))) == [200, 487]
    await phone.send("ACK", branch="2")
    rig.floor.engine.release()
    await rig.floor.wait(40)
    (leg,) = rig.floor.directory.legs()
    assert leg.view is not None and rig.floor.engine.legs[leg.leg] == before
    (answer,) = await phone.invite(offer("pcmu", port=4020, version=3))
    assert answer.status == 200 and audio_of(described(answer)).port == 20000
    await phone.ack()
    assert rig.floor.engine.legs[leg.leg].remote_port == 4020
    assert statuses(list(await phone.send("BYE"))) == [200]
    await rig.floor.wait(64)
    rig.floor.assert_nothing_left()


async def test_a_bye_that_crosses_a_reinvite_ends_both(rig: SipRig) -> None:
    """The re-INVITE gets 487, the BYE 200, and what the engine says later answers nothing."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call(offer("pcmu"))
    rig.floor.engine.hold()
    assert await phone.invite(offer("pcmu", direction="sendonly", version=2)) == []
    assert sorted(statuses(list(await phone.send("BYE")))) == [200, 487]
    before = len(rig.sent)
    rig.floor.engine.release()
    await rig.floor.wait(1)
    assert [m.status for _, m in rig.sent[before:] if isinstance(m, Response) and m.status != 487] == []
    await rig.floor.wait(64)
    rig.floor.assert_nothing_left()
