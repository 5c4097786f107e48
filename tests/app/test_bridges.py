"""Callers who are put through: whither, by which ways, what each of the two hears of the other, and that it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest

from parley.app.bridges import Bridges
from parley.app.dial_plan import InboundRuleEdit
from parley.app.dial_transforms import DialTransformEdit
from parley.app.dialling import Dialling
from parley.app.forwarding_rules import ForwardingRuleEdit
from parley.app.outbound_rules import OutboundRuleEdit
from parley.app.ports import Query
from parley.app.tenants import TenantEdit
from parley.core.devices import Binding, Device
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, MeetingStarted
from parley.core.forwarding import CallerIdMode, ForwardingAction, Passage, UriParameters
from parley.core.ids import DeviceId, LegId, UserId
from parley.core.leg_inputs import Answered, CallFailed, Confirmed, Digit, Drop, RemoteEnded, Ringing
from parley.core.outbound import FailureAction
from parley.core.people import CallOutLimits, SystemDefaults, User
from parley.core.secret import Secret
from parley.core.transforms import TransformAction, TransformType
from tests.app.floor import AUDIO, HANG_UP, Call, Floor, no_errors
from tests.kit.fake_leg_door import FakeLegDoor
from tests.kit.fake_outgoing_door import FakeDialler, FakeOutgoingDoor

BUSY = Ending(Side.REMOTE, Reason.BUSY)
UNREACHABLE = Ending(Side.REMOTE, Reason.UNREACHABLE)
FAR = "far.example"


class Exchange:
    """A floor whose callers may be put through."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.dialler = FakeDialler()
        domain_of = floor.use.inbound_rules.space_domain
        self.dialling = Dialling(floor.held, floor.directory, self.dialler, floor.clock, domain_of)
        self.bridges = Bridges(
            floor.held,
            floor.lookup,
            floor.directory,
            floor.directory._services,
            self.dialler,
            floor.identifiers,
            self.dialling.counts,
            domain_of,
            server="secret",
        )
        floor.arrivals.bridges = self.bridges

    async def forwarding(self, pattern: str = FAR, **fields: object) -> str:
        return await self.floor.use.forwarding_rules.create(ForwardingRuleEdit(pattern=pattern, **fields))  # type: ignore[arg-type]

    async def outbound(self, domain: str = "*", **fields: object) -> str:
        return await self.floor.use.outbound_rules.create(OutboundRuleEdit(domain=domain, **fields))  # type: ignore[arg-type]

    async def dial(self, user: str = "ada", domain: str = FAR, passage: Passage | None = None) -> Call:
        door = FakeLegDoor()
        offered = self.floor.offer(user, domain)
        leg = await self.floor.arrivals.arrive(replace(offered, passage=passage or Passage()), door)
        await self.floor.settle()
        return Call(self.floor, door, leg)  # type: ignore[arg-type]

    async def refused(self, user: str = "ada", domain: str = FAR, passage: Passage | None = None) -> Reason:
        """Why nothing was made for a caller."""
        call = await self.dial(user, domain, passage)
        assert not call.made and call.door.rejected is not None
        return call.door.rejected.reason

    @property
    def callee(self) -> FakeOutgoingDoor:
        return self.dialler.doors[-1]

    async def say(self, message: object, door: FakeOutgoingDoor | None = None) -> None:
        (door or self.callee).say(message)  # type: ignore[arg-type]
        await self.floor.settle()

    async def talking(self) -> Call:
        """A caller and the one he called, in the middle of it."""
        call = await self.dial()
        await self.say(Answered(AUDIO))
        await call.confirm()
        return call

    async def device(self, number: int, user: str = "dora", instance: str = "") -> None:
        """A registered device of this person; instance: who it says it is."""
        async with self.floor.held.transaction() as tx:
            if await tx.users.get(user) is None:
                await tx.users.add(User(UserId(user), f"{user}@example.com"))
            until = self.floor.clock.utc() + timedelta(hours=1)
            binding = Binding(f"sip:{user}@192.0.2.{number}:5060", "192.0.2.7", 5060, "udp", "c", 1, until)
            binding = replace(binding, instance=instance, reg_id=str(number))
            device = Device(DeviceId(f"d{number}"), UserId(user), f"{user}{number}", "example.com", Secret("1" * 32))
            await tx.devices.add(replace(device, bindings=(binding,)))

    def nothing_left(self) -> None:
        self.floor.assert_nothing_left()
        assert self.dialling.counts.live(None) == 0


@pytest.fixture
def exchange(floor: Floor) -> Exchange:
    return Exchange(floor)


@pytest.mark.parametrize("user", ["0900123", "%30900123", "0-900123"])
async def test_nobody_is_put_through_to_what_must_not_be_called(exchange: Exchange, user: str) -> None:
    """A dial transform that denies a number denies it to callers of ours who would have it called, too."""
    await exchange.forwarding()
    await exchange.outbound()
    deny = DialTransformEdit(type=TransformType.STRIP, match="($1/^0900/)", action=TransformAction.DENY)
    await exchange.floor.use.dial_transforms.create(deny)
    passage = Passage(user=user)
    assert await exchange.refused(unquote(user), passage=passage) is Reason.UNKNOWN_DESTINATION
    assert exchange.dialler.doors == []
    assert (await exchange.dial()).made


async def test_a_caller_is_put_through(exchange: Exchange) -> None:
    """He hears the ringing, is answered when the other one is, both are in a meeting of two, and it ends for both."""
    await exchange.forwarding()
    await exchange.outbound()
    with no_errors():
        call = await exchange.dial()
        assert call.door.port is None and call.door.rung == 0
        await exchange.say(Ringing())
        assert call.door.rung == 1 and call.door.port is None
        await exchange.say(Answered(AUDIO))
        assert call.door.port is not None
        await call.confirm()
        meeting = exchange.floor.meeting()
        assert meeting is not None and meeting.kind == "forwarding"
        assert [leg.uri for leg in meeting.legs] == ["ada@far.example", "2001@phones.example"]
        plan = next(iter(exchange.floor.engine.plans.values()))
        assert [(leg.contributes, leg.receives) for leg in plan.legs] == [(True, True), (True, True)]
        await call.end()
        assert exchange.callee.hung_up is not None
    exchange.nothing_left()
    (started,) = exchange.floor.events(MeetingStarted)
    assert isinstance(started, MeetingStarted) and started.kind == "forwarding"
    arrived = [event.direction for event in exchange.floor.events(LegArrived)]  # type: ignore[attr-defined]
    assert arrived == ["incoming", "outgoing"]


async def test_the_one_called_hangs_up(exchange: Exchange) -> None:
    """Then the caller is hung up on."""
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.talking()
    await exchange.say(RemoteEnded(HANG_UP))
    assert call.door.hung_up is not None
    exchange.nothing_left()


async def test_the_caller_gives_up(exchange: Exchange) -> None:
    """Before the answer, between the answer and its confirmation, and when his media fail: the other one is let go."""
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.dial()
    await call.end(Ending(Side.REMOTE, Reason.CANCELLED))
    assert exchange.callee.given_up
    exchange.nothing_left()
    call = await exchange.dial()
    await exchange.say(Answered(AUDIO))
    await call.end(Ending(Side.REMOTE, Reason.NO_ACK))
    assert exchange.callee.hung_up is not None
    exchange.nothing_left()


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.DECLINED, Reason.UNREACHABLE, Reason.LOOP, Reason.NO_ANSWER])
async def test_why_nobody_came(exchange: Exchange, reason: Reason) -> None:
    """The caller is refused with the cause of the one who did not come."""
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.dial()
    await exchange.say(CallFailed(Ending(Side.REMOTE, reason)))
    assert call.door.rejected == Ending(Side.REMOTE, reason)
    exchange.nothing_left()


async def test_the_next_hop_is_tried(exchange: Exchange) -> None:
    """Past a next hop that fails and whose rule says continue; not past a person who is busy."""
    await exchange.forwarding()
    for priority in (3, 2, 1):
        await exchange.outbound(
            priority=priority, proxy=f"hop{priority}.example", failure_action=FailureAction.CONTINUE
        )
    call = await exchange.dial()
    await exchange.say(CallFailed(UNREACHABLE))
    assert [hop.host for hop in exchange.callee.hops] == ["hop3.example", "hop2.example"]
    await exchange.say(CallFailed(BUSY))
    assert len(exchange.callee.hops) == 2 and call.door.rejected == BUSY
    exchange.nothing_left()


async def test_as_whom_and_whither(exchange: Exchange) -> None:
    """The rule rewrites the domain; the caller's address is made anew at a domain of ours, or kept where it says so."""
    await exchange.outbound(local_from_domain="trunk.example")
    rule = await exchange.forwarding(destination_domain="b.example", uri_parameters=UriParameters.FORWARD)
    call = await exchange.dial(passage=Passage(9, ("0" * 16,), ";user=phone;transport=tls", "Ada"))
    made = exchange.callee
    assert (made.target.uri, made.target.parameters) == ("sip:Ada@b.example", ";user=phone")
    assert (made.identity.user, made.identity.domain) == ("2001", "example.com")
    assert made.hops[0].from_domain == "trunk.example"
    assert made.passage is not None and (made.passage.forwards, len(made.passage.marks)) == (8, 2)
    await call.end(Ending(Side.REMOTE, Reason.CANCELLED))
    await exchange.floor.use.forwarding_rules.change(rule, ForwardingRuleEdit(caller_id=CallerIdMode.PRESERVE))
    call = await exchange.dial()
    assert (exchange.callee.identity.domain, exchange.callee.hops[0].from_domain) == ("phones.example", None)
    await call.end(Ending(Side.REMOTE, Reason.CANCELLED))
    exchange.nothing_left()


async def test_whom_nobody_may_call(exchange: Exchange) -> None:
    """No rule, a rule that refuses, no way onward, a domain of ours, a circle: nothing is created."""
    await exchange.outbound("*.example")
    assert await exchange.refused() is Reason.UNKNOWN_DESTINATION
    await exchange.forwarding("closed.*", action=ForwardingAction.REJECT, priority=9)
    await exchange.forwarding("*")
    assert await exchange.refused(domain="closed.far.example") is Reason.DECLINED
    assert await exchange.refused(domain="far.elsewhere") is Reason.UNKNOWN_DESTINATION
    assert await exchange.refused(user="a;b") is Reason.UNKNOWN_DESTINATION
    assert await exchange.refused(domain="example.com") is Reason.UNKNOWN_DESTINATION
    assert await exchange.refused(passage=Passage(forwards=1)) is Reason.TOO_MANY_HOPS
    call = await exchange.dial()
    passage = exchange.callee.passage
    assert passage is not None
    assert await exchange.refused(passage=passage) is Reason.LOOP
    await call.end(Ending(Side.REMOTE, Reason.CANCELLED))
    exchange.nothing_left()
    assert len(exchange.floor.events(LegArrived)) == 2


async def test_a_tenants_rule_goes_by_the_tenants_outbound_rules(exchange: Exchange) -> None:
    """And by no other tenant's."""
    tenant = await exchange.floor.use.tenants.create(TenantEdit(name="t"))
    await exchange.outbound(tenant=tenant)
    rule = await exchange.forwarding()
    assert await exchange.refused() is Reason.UNKNOWN_DESTINATION
    await exchange.floor.use.forwarding_rules.change(rule, ForwardingRuleEdit(tenant=tenant))
    call = await exchange.dial()
    assert exchange.dialling.counts.live(tenant) == 1
    await call.end(Ending(Side.REMOTE, Reason.CANCELLED))
    assert exchange.dialling.counts.live(tenant) == 0


async def test_bounds_hold(exchange: Exchange) -> None:
    """Calls that are passed on count as calls out; a full server refuses, and nothing of the call is left."""
    await exchange.forwarding()
    await exchange.outbound()
    async with exchange.floor.held.transaction() as tx:
        await tx.save_system_defaults(SystemDefaults(call_out=CallOutLimits(at_once=1)))
    call = await exchange.dial()
    assert await exchange.refused() is Reason.SYSTEM_LIMIT
    await call.end(Ending(Side.REMOTE, Reason.CANCELLED))
    exchange.nothing_left()


async def test_a_server_with_one_leg_left_puts_nobody_through(floor: Floor) -> None:
    """Where there is room for the caller alone he is refused."""
    exchange = Exchange(floor)
    floor.directory._legs_most = 1
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.dial()
    assert call.door.rejected == Ending(Side.LOCAL, Reason.SYSTEM_LIMIT)
    exchange.nothing_left()


async def test_all_devices_of_a_person_ring(exchange: Exchange) -> None:
    """Whoever answers first has the call; the others stop ringing, and one that is busy stops nobody."""
    for number in (1, 2, 3):
        await exchange.device(number)
    call = await exchange.dial("dora", "example.com")
    first, second, third = exchange.dialler.doors
    assert {door.hops[0].contact for door in (first, second, third)} == {
        f"sip:dora@192.0.2.{number}:5060" for number in (1, 2, 3)
    }
    await exchange.say(Ringing(), first)
    await exchange.say(Ringing(), second)
    await exchange.say(CallFailed(BUSY), first)
    assert call.door.rejected is None
    await exchange.say(Answered(AUDIO), second)
    assert third.given_up and call.door.port is not None
    await call.confirm()
    meeting = exchange.floor.meeting()
    assert meeting is not None and len(meeting.legs) == 2
    await call.end()
    assert second.hung_up is not None
    exchange.nothing_left()


async def test_a_device_with_two_ways_to_it_rings_once(exchange: Exchange) -> None:
    """Where it says that it is the same; another one rings beside it."""
    for number, instance in ((1, "desk"), (2, "desk"), (3, "hall")):
        await exchange.device(number, instance=instance)
    call = await exchange.dial("dora", "example.com")
    assert [door.hops[0].contact for door in exchange.dialler.doors] == [
        f"sip:dora@192.0.2.{number}:5060" for number in (1, 3)
    ]
    await call.end()
    exchange.nothing_left()


async def test_a_person_who_is_busy_everywhere(exchange: Exchange) -> None:
    """The caller is told what says most."""
    for number in (1, 2):
        await exchange.device(number)
    call = await exchange.dial("dora", "example.com")
    for door, ending in zip(exchange.dialler.doors, (BUSY, UNREACHABLE), strict=True):
        await exchange.say(CallFailed(ending), door)
    assert call.door.rejected == BUSY
    exchange.nothing_left()


async def test_people_are_called_only_where_a_rule_says_so(exchange: Exchange) -> None:
    """A domain whose rule does not lead to users leads nowhere, and a tenant's rule to none but that tenant's."""
    await exchange.device(1, "emil")
    async with exchange.floor.held.transaction() as tx:
        await tx.users.add(User(UserId("fay"), "fay@other.example"))
        device = next(iter((await tx.devices.page(Query())).items))
        await tx.devices.add(
            replace(device, id=DeviceId("fay"), user=UserId("fay"), username="fay", realm="other.example")
        )
    rule = await exchange.floor.use.inbound_rules.create(
        InboundRuleEdit(domain="other.example", resolve_to_users=False)
    )
    assert await exchange.refused("fay", "other.example") is Reason.UNKNOWN_DESTINATION
    tenant = await exchange.floor.use.tenants.create(TenantEdit(name="t"))
    await exchange.floor.use.inbound_rules.change(rule, InboundRuleEdit(resolve_to_users=True, tenant=tenant))
    assert await exchange.refused("fay", "other.example") is Reason.UNKNOWN_DESTINATION
    await exchange.floor.use.inbound_rules.change(rule, InboundRuleEdit(tenant=None))
    call = await exchange.dial("fay", "other.example")
    assert call.made
    await call.end(Ending(Side.REMOTE, Reason.CANCELLED))
    exchange.nothing_left()


async def test_keys_go_to_the_other_one(exchange: Exchange) -> None:
    """A key that one presses is pressed for the other, and mutes nobody here."""
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.talking()
    called = next(leg.leg for leg in exchange.floor.directory.legs() if leg.direction == "outgoing")
    await call.type("*6")
    await exchange.say(Digit("7"))
    sent = exchange.floor.engine.sent_digits
    assert sent == {called: "*6", call.leg.id: "7"}
    meeting = exchange.floor.meeting()
    assert meeting is not None and not any(leg.muted for leg in meeting.legs)
    await call.end()
    exchange.nothing_left()


async def test_an_administrator_ends_it(exchange: Exchange) -> None:
    """Dropping either leg, or all at a shutdown, ends both."""
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.talking()
    await exchange.floor.directory.drop_leg(LegId(call.leg.id), Ending(Side.ADMINISTRATOR, Reason.HANG_UP))
    await exchange.floor.settle()
    assert call.door.hung_up is not None and exchange.callee.hung_up is not None
    exchange.nothing_left()
    call = await exchange.talking()
    await exchange.floor.directory.close(Ending(Side.LOCAL, Reason.SHUTDOWN))
    await exchange.floor.settle()
    assert call.door.hung_up is not None and exchange.callee.hung_up is not None
    exchange.nothing_left()


async def test_a_change_of_the_system_leaves_it_alone(exchange: Exchange) -> None:
    """What live meetings are resolved anew from is not there for this one, and it goes on."""
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.talking()
    await exchange.floor.use.tenants.create(TenantEdit(name="t"))
    await exchange.floor.settle()
    assert exchange.floor.meeting() is not None and call.door.hung_up is None
    call.leg.post(Drop(HANG_UP))
    await exchange.floor.settle()
    exchange.nothing_left()


async def test_a_confirmation_that_never_comes(exchange: Exchange) -> None:
    """An answer that crosses the caller's end finds nobody, and is let go."""
    await exchange.forwarding()
    await exchange.outbound()
    call = await exchange.dial()
    callee = exchange.callee
    call.leg.post(RemoteEnded(Ending(Side.REMOTE, Reason.CANCELLED)))
    callee.say(Answered(AUDIO))
    call.leg.post(Confirmed())
    await exchange.floor.settle()
    exchange.nothing_left()
