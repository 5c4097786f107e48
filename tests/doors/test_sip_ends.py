"""That nothing is kept of a call that is over, however it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegEnded
from parley.core.profiles import MediaEncryption
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, offer

Story = Callable[[SipRig], Awaitable[int]]


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor(ports=1))


async def _not_secure(rig: SipRig) -> int:
    profile = await rig.floor.profile(media_encryption=MediaEncryption.REQUIRED)
    await rig.floor.space(leg_profile=profile)
    (answer,) = await Phone(rig).invite()
    return answer.status


async def _no_port(rig: SipRig) -> int:
    await rig.floor.space()
    first, second = Phone(rig), Phone(rig)
    await first.call()
    (answer,) = await second.invite()
    await first.send("BYE")
    return answer.status


async def _unknown(rig: SipRig) -> int:
    (answer,) = await Phone(rig, "nobody").invite()
    return answer.status


async def _no_codec(rig: SipRig) -> int:
    await rig.floor.space()
    (answer,) = await Phone(rig).invite(offer("gsm"))
    return answer.status


async def _cancelled(rig: SipRig) -> int:
    await rig.floor.space()
    phone = Phone(rig)
    rig.floor.engine.hold()
    await phone.invite()
    *_, answer = await phone.send("CANCEL", branch="1")
    rig.floor.engine.release()
    return getattr(answer, "status", 0)


async def _never_acknowledged(rig: SipRig) -> int:
    await rig.floor.space()
    (answer,) = await Phone(rig).invite()
    return answer.status


@pytest.mark.parametrize(
    ("story", "status"),
    [
        (_not_secure, 488),
        (_no_port, 503),
        (_unknown, 404),
        (_no_codec, 488),
        (_cancelled, 487),
        (_never_acknowledged, 200),
    ],
)
async def test_nothing_is_kept_of_a_call_that_came_to_nothing(rig: SipRig, story: Story, status: int) -> None:
    """Neither transactions nor dialogs nor legs, once all timers have run out; such calls cost nobody anything."""
    assert await story(rig) == status
    await rig.floor.wait(100)
    assert rig.agent.live == (0, 0) and rig.agent._legs == {}
    rig.floor.assert_nothing_left()


@pytest.mark.parametrize(
    ("extra", "seconds", "status", "ending"),
    [
        ("Require: 100rel\r\n", 33, 504, Ending(Side.REMOTE, Reason.NO_ACK)),
        ("", 301, 480, Ending(Side.LOCAL, Reason.NO_ANSWER)),
    ],
)
async def test_why_a_call_ended_before_it_was_answered(
    rig: SipRig, extra: str, seconds: float, status: int, ending: Ending
) -> None:
    """Nobody acknowledged our ringing, or we never came to an answer: the record says which, and blames no media."""
    await rig.floor.space()
    rig.floor.engine.hold()
    phone = Phone(rig)
    await phone.invite(extra=extra)
    await rig.floor.wait(seconds)
    assert status in [message.status for _, message in rig.sent if isinstance(message, Response)]
    (ended,) = rig.floor.events(LegEnded)
    assert isinstance(ended, LegEnded) and ended.ending == ending
    rig.floor.engine.release()
    await rig.floor.wait(64)
    assert rig.agent._legs == {}
    rig.floor.assert_nothing_left()
