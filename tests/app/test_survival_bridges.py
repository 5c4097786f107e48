"""The server is killed under calls that were passed on: both go on, and when one is gone, so is the other."""

from __future__ import annotations

from itertools import count

from parley.app.bridges import Bridges
from parley.app.forwarding_rules import ForwardingRuleEdit
from parley.app.outbound_rules import OutboundRuleEdit
from parley.app.survival import SOON
from parley.app.tenants import TenantEdit
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegEnded, MeetingStarted
from parley.core.ids import LegId
from parley.core.leg_inputs import Answered, Digit, RemoteEnded
from tests.app.floor import AUDIO, HANG_UP, Call, no_errors
from tests.app.life import Life
from tests.kit.memory_store import MemoryStore
from tests.kit.surviving_doors import SurvivingFakeDoor

FAR = "far.example"
_doors = count(1)


async def put_through() -> tuple[Life, Call]:
    """A life in which somebody talks to the one he was put through to, for a minute."""
    life = Life(MemoryStore()).survive()
    domain_of = life.use.inbound_rules.space_domain
    counts = life.dialling.counts
    life.arrivals.bridges = Bridges(
        life.held, life.lookup, life.directory, life.services, life.dialler, life.identifiers, counts, domain_of, "s"
    )
    await life.use.forwarding_rules.create(ForwardingRuleEdit(pattern=FAR))
    await life.use.outbound_rules.create(OutboundRuleEdit(domain="*"))
    call = await life.dial("ada", FAR)
    life.dialler.doors[-1].writes = b"called-%d" % next(_doors)
    life.dialler.doors[-1].say(Answered(AUDIO))
    await life.wait(1)  # the one called is in the meeting before the caller
    await call.confirm()
    await life.wait(60)
    return life, call


def other(life: Life, after: Life) -> SurvivingFakeDoor:
    """The door of the one who was called."""
    return after.doors.opened[life.dialler.doors[-1].writes]


async def ended(after: Life) -> None:
    """Nothing is left, in the store and the bounds neither."""
    await after.wait(2)
    after.assert_records_whole()
    assert after.directory.legs() == [] and after.directory.meetings() == []
    assert after.directory._spaces._temporary == {} and after.engine.legs == {}
    assert after.dialling.counts.live(None) == 0
    assert await after.rows() == (0, 0)


async def test_both_go_on() -> None:
    """Meeting, legs and times are those of before, both hear one another, and the call counts as before."""
    with no_errors():
        life, _call = await put_through()
        before, legs = life.meeting(), life.directory.legs()
        after = await life.killed()
        assert before is not None and after.meeting() == before and before.kind == "forwarding"
        one, two = after.directory.legs()
        assert [(leg.leg, leg.direction, leg.seconds) for leg in (one, two)] == [
            (leg.leg, leg.direction, leg.seconds) for leg in legs
        ]
        assert after.engine.hears(one.leg, two.leg) and after.engine.hears(two.leg, one.leg)
        assert after.dialling.counts.live(None) == 1
        await after.use.tenants.create(TenantEdit(name="t"))  # all meetings are resolved anew
        await after.settle()
        again = await after.killed()
        assert again.meeting() == before


async def test_the_end_of_one_is_the_end_of_the_other() -> None:
    """Whichever it is; the records are whole and span both lives."""
    life, call = await put_through()
    after = await life.killed()
    await after.wait(40)
    after.door(call).say(RemoteEnded(HANG_UP))
    assert other(life, after).hung_up == Ending(Side.LOCAL, Reason.HANG_UP)
    await ended(after)
    assert [event.duration for event in after.events(LegEnded)] == [101, 101]  # type: ignore[attr-defined]
    assert len(after.events(MeetingStarted)) == 1

    life, call = await put_through()
    after = await life.killed()
    other(life, after).say(RemoteEnded(HANG_UP))
    assert after.door(call).hung_up == Ending(Side.LOCAL, Reason.HANG_UP)
    await ended(after)


async def test_an_administrator_ends_it() -> None:
    """By one of the legs."""
    life, call = await put_through()
    after = await life.killed()
    await after.directory.drop_leg(LegId(call.leg.id), Ending(Side.ADMINISTRATOR, Reason.HANG_UP))
    assert after.door(call).hung_up is not None and other(life, after).hung_up is not None
    await ended(after)


async def test_keys_still_go_to_the_other_one() -> None:
    """And mute nobody."""
    life, call = await put_through()
    after = await life.killed()
    after.engine.press(call.leg.id, "*6")
    other(life, after).say(Digit("7"))
    await after.settle()
    called = next(leg.leg for leg in after.directory.legs() if leg.direction == "outgoing")
    assert after.engine.sent_digits == {called: "*6", call.leg.id: "7"}
    meeting = after.meeting()
    assert meeting is not None and not any(leg.muted for leg in meeting.legs)


async def test_one_alone_is_hung_up() -> None:
    """Whose other one lost his media, or had ended in the moment before the kill, has nobody to talk to."""
    life, call = await put_through()
    del life.engine.legs[call.leg.id]
    after = await life.killed()
    assert after.door(call).hung_up == Ending(Side.LOCAL, Reason.MEDIA_FAILED)
    assert other(life, after).hung_up is not None
    await ended(after)

    life, call = await put_through()
    life.journal.lines = list(life.journal.lines)
    call.leg.post(RemoteEnded(HANG_UP))
    told = [line for line in life.journal.lines if not isinstance(line[1], LegEnded) or line[1].leg == call.leg.id]
    life.journal.lines[:] = told
    after = await life.killed()
    assert other(life, after).hung_up is not None
    await after.wait(2)
    assert after.directory.legs() == [] and await after.rows() == (0, 0)


async def test_who_is_still_rung_is_not_left_over() -> None:
    """Killed while it rang: nobody is in a call, and the records are whole."""
    life, _call = await put_through()
    await life.dial("bob", FAR)
    await life.wait(SOON)
    after = await life.killed()
    assert len(after.directory.legs()) == 2
    assert after.dialling.counts.live(None) == 1
