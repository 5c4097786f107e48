"""Requests that cross inside a call, as phones see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer
from tests.doors.test_sip_calls import statuses
from tests.kit.sip_wire import SERVER, request


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


@pytest.mark.parametrize("transport", ["ws", "sctp", "nonsense"])
async def test_who_cannot_be_reached_any_more_is_hung_up_on_in_peace(rig: SipRig, transport: str) -> None:
    """The stream is gone and the Contact names a way that we cannot go: the leg ends, and it is no failure of ours."""
    await rig.floor.space()
    flow = Flow("ws", SERVER, ("192.0.2.50", 5062), 77)
    contact = f"<sip:x@a.invalid;transport={transport}>"
    via = "SIP/2.0/WS a.invalid;branch=z9hG4bKws"
    (_, answer) = await rig.hear(request(via=via, target="sip:room@example.com", contact=contact, body=offer()), flow)
    assert isinstance(answer, Response) and answer.status == 200
    await rig.hear(request("ACK", via=via + "a", to=f"<sip:room@192.0.2.1>;tag={answer.to.tag}"), flow)
    (leg,) = rig.floor.directory.legs()
    await rig.floor.directory.drop_leg(leg.leg, Ending(Side.ADMINISTRATOR, Reason.HANG_UP))
    await rig.floor.wait(100)
    assert rig.agent.live == (0, 0) and rig.agent._legs == {}
    rig.floor.assert_nothing_left()
