"""People are called into meetings, within bounds; and whatever happens, everything is given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from parley.app.dial_transforms import DialTransformEdit
from parley.app.dialling import RESULTS, Dialling, result_of
from parley.app.outbound_rules import OutboundRuleEdit
from parley.app.ports import CallOut, CallResult
from parley.app.spaces import SpaceEdit
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, LegEnded
from parley.core.ids import AccessMethodId, LegId, LegProfileId, SpaceId, TenantId
from parley.core.leg_inputs import Answered, CallFailed, RemoteEnded, Ringing, SrtpKeys
from parley.core.meeting_inputs import Cause, End, Entry, SetLocked
from parley.core.outbound import FailureAction
from parley.core.people import CallOutLimits, SystemDefaults
from parley.core.profiles import CallSettings, LegSettings, MediaEncryption
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.transforms import TransformAction, TransformType
from tests.app.floor import AUDIO, HANG_UP, Floor, no_errors
from tests.kit.fake_outgoing_door import FakeDialler, FakeOutgoingDoor

BUSY = Ending(Side.REMOTE, Reason.BUSY)
UNREACHABLE = Ending(Side.REMOTE, Reason.UNREACHABLE)
ADA = "sip:ada@phones.example"


class Desk:
    """Calls out of one floor; `results` in the order of telling."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.dialler = FakeDialler()
        self.dialling = Dialling(
            floor.held, floor.directory, self.dialler, floor.clock, floor.use.inbound_rules.space_domain
        )
        self.results: list[tuple[LegId, CallResult]] = []

    async def rule(self, domain: str = "*", **fields: object) -> str:
        return await self.floor.use.outbound_rules.create(OutboundRuleEdit(domain=domain, **fields))  # type: ignore[arg-type]

    async def call(self, space: str, target: str = ADA, **fields: object) -> LegId:
        wish = CallOut(SpaceId(space), target, **fields)  # type: ignore[arg-type]
        leg = await self.dialling.call(wish, lambda leg, result: self.results.append((leg, result)))
        await self.floor.settle()
        return leg

    async def refused(self, space: str, target: str = ADA, **fields: object) -> tuple[str, dict[str, object]]:
        with pytest.raises(Refusal) as refusal:
            await self.call(space, target, **fields)
        return refusal.value.code, refusal.value.data

    @property
    def door(self) -> FakeOutgoingDoor:
        return self.dialler.doors[-1]

    async def answer(self, door: FakeOutgoingDoor | None = None) -> None:
        (door or self.door).say(Answered(AUDIO))
        await self.floor.settle()

    async def limits(self, **limits: int) -> None:
        async with self.floor.held.transaction() as tx:
            await tx.save_system_defaults(SystemDefaults(call_out=CallOutLimits(**limits)))


@pytest.fixture
def desk(floor: Floor) -> Iterator[Desk]:
    """A floor with a way to call out; nothing of it may fail unseen."""
    yield Desk(floor)


async def test_somebody_called_is_in_without_a_pin(desk: Desk) -> None:
    """The leg rings, is answered, joins the space's meeting, and the wish hears of it once."""
    await desk.rule()
    space = await desk.floor.space("room", pin="1234")
    leg = await desk.call(space, name="Ada")
    live = desk.floor.directory.leg(leg)
    assert live is not None and (live.state, live.direction, live.view) == ("initial", "outgoing", None)
    desk.door.say(Ringing())
    live = desk.floor.directory.leg(leg)
    assert live is not None and live.state == "ringing"
    await desk.answer()
    live = desk.floor.directory.leg(leg)
    assert live is not None and live.view is not None
    assert (live.state, live.name, live.view.uri) == ("connected", "Ada", "ada@phones.example")
    assert desk.results == [(leg, CallResult.ANSWERED)]
    assert desk.floor.engine.legs[leg] == AUDIO
    desk.door.say(RemoteEnded(HANG_UP))
    await desk.floor.settle()
    assert desk.results == [(leg, CallResult.ANSWERED)]
    desk.floor.assert_nothing_left()
    assert desk.dialling.counts.live(None) == 0


async def test_no_rule_no_call(desk: Desk) -> None:
    """Nothing is made: no leg, no door, no record."""
    space = await desk.floor.space()
    await desk.rule("other.example")
    assert await desk.refused(space) == ("no-outbound-rule", {"target": ADA})
    assert desk.dialler.doors == [] and desk.floor.events() == []


@pytest.mark.parametrize("target", ["", "sip:a@b?Route=x", "sip:a;b@c", "a\r\nVia: x"])
async def test_what_names_nobody_is_refused(desk: Desk, target: str) -> None:
    """By the field that holds it."""
    await desk.rule()
    code, data = await desk.refused(await desk.floor.space(), target)
    assert (code, data["field"]) == ("invalid", "target") and desk.dialler.doors == []


async def test_a_number_is_called_at_the_first_domain(desk: Desk) -> None:
    """And we call as the space, at that domain, with its name."""
    await desk.rule("example.com", proxy="192.0.2.20")
    await desk.call(await desk.floor.space("room"), "+49301234")
    assert desk.door.target.uri == "sip:+49301234@example.com"
    assert (desk.door.identity.user, desk.door.identity.domain, desk.door.identity.name) == (
        "room",
        "example.com",
        "Room",
    )
    assert desk.door.hops[0].host == "192.0.2.20"


async def test_the_door_of_the_wish_decides_the_role(desk: Desk) -> None:
    """A guest's door leads to the lobby, a host's opens the meeting; a call-out profile lies above both."""
    space = await desk.floor.two_pins()
    await desk.rule()
    async with desk.floor.held.reading() as tx:
        doors = {m.own: m.id for m in await tx.access_methods.by_uri("room")}
    guest = await desk.call(space, entry=Entry(access_method=doors[True]))
    await desk.answer()
    assert _causes(desk, guest) == {Cause.NO_HOST}
    activated = LegProfileId(await desk.floor.profile(needs_activation=False))
    host = await desk.call(space, entry=Entry(access_method=doors[True], call_out_profile=activated))
    await desk.answer()
    assert _causes(desk, host) == set() and _causes(desk, guest) == set()
    view = desk.floor.directory.leg(host)
    assert view is not None and view.view is not None
    assert view.view.effective.origins["needs_activation"] == "call-out"


async def test_settings_of_the_wish_stand_on_the_leg_through_changes(desk: Desk) -> None:
    """Muted by the wish stays muted when a profile below changes."""
    profile = await desk.floor.profile(rx_audio_mute=False)
    space = await desk.floor.space(leg_profile=profile)
    await desk.rule()
    leg = await desk.call(space, settings=LegSettings(rx_audio_mute=True), extras={"cms": {"ownerId": "7"}})
    await desk.answer()
    await desk.floor.use.spaces.change(space, SpaceEdit(name="Other"))
    await desk.floor.settle()
    live = desk.floor.directory.leg(leg)
    assert live is not None and live.view is not None
    assert live.view.effective.origins["rx_audio_mute"] == "leg"
    assert live.view.layers[-1].extras == {"cms": {"ownerId": "7"}}


async def test_an_admitted_call_skips_lock_and_lobby(desk: Desk) -> None:
    """One called beside it without that waits."""
    space = await desk.floor.space(leg_profile=await desk.floor.guests())
    meeting = await desk.floor.directory.open(SpaceId(space))
    await desk.floor.directory.tell(meeting, SetLocked(True))
    await desk.rule()
    waits = await desk.call(space)
    await desk.answer()
    skips = await desk.call(space, admitted=True)
    await desk.answer()
    assert _causes(desk, waits) == {Cause.LOCKED, Cause.NO_HOST} and _causes(desk, skips) == set()


async def test_a_closed_space_is_open_to_whom_it_calls(desk: Desk) -> None:
    """Non-members may not dial in, but may be called; the same with entry for invited people alone."""
    for fields in ({"non_member_access": False}, {}):
        space = await desk.floor.space(f"room{len(fields)}", **fields)
        if not fields:
            await _alter(desk, space, call_settings=CallSettings(entry_scope="invited"))  # type: ignore[arg-type]
        await desk.rule()
        leg = await desk.call(space)
        await desk.answer()
        assert _causes(desk, leg) == set()


# --- who is refused before anybody is rung ------------------------------------------------------------------------


async def test_spaces_that_are_not_there_call_nobody(desk: Desk) -> None:
    """Unknown, or switched off: not found."""
    await desk.rule()
    space = await desk.floor.space()
    await _alter(desk, space, enabled=False)
    for id in ("nothing", space):
        assert await desk.refused(id) == ("not-found", {"kind": "space", "id": id})


async def test_doors_and_profiles_of_the_wish_must_exist(desk: Desk) -> None:
    """A door of another space is none of this one's."""
    await desk.rule()
    space, other = await desk.floor.space("a"), await desk.floor.space("b")
    async with desk.floor.held.reading() as tx:
        foreign = (await tx.access_methods.by_uri("b"))[0].id
    for entry in (Entry(access_method=foreign), Entry(access_method=AccessMethodId("x"))):
        assert (await desk.refused(space, entry=entry))[0] == "unknown-reference"
    missing = Entry(call_out_profile=LegProfileId("x"))
    assert await desk.refused(other, entry=missing) == (
        "unknown-reference",
        {"kind": "leg-profile", "field": "call_out_profile"},
    )


@pytest.mark.parametrize("encryption", MediaEncryption)
async def test_people_are_called_with_the_media_that_the_door_asks_for(desk: Desk, encryption: MediaEncryption) -> None:
    """Whoever calls for us is told whether media must be encrypted, may be or must not."""
    await desk.rule()
    space = await desk.floor.space()
    await _alter(desk, space, leg_settings=LegSettings(media_encryption=encryption))
    await desk.call(space)
    assert desk.door.encryption is encryption


@pytest.mark.parametrize("encrypted", [True, False])
async def test_whoever_answers_with_plain_media_is_not_let_in_where_encryption_is_required(
    desk: Desk, encrypted: bool
) -> None:
    """The answer is judged by what was agreed, and the call record tells it."""
    await desk.rule()
    space = await desk.floor.space()
    await _alter(desk, space, leg_settings=LegSettings(media_encryption=MediaEncryption.REQUIRED))
    await desk.call(space)
    keys = SrtpKeys("AES_CM_128_HMAC_SHA1_80", Secret("a"), Secret("b"))
    desk.door.say(Answered(replace(AUDIO, srtp=keys if encrypted else None)))
    await desk.floor.settle()
    assert (desk.door.hung_up is None) is encrypted
    desk.door.say(RemoteEnded(HANG_UP))
    await desk.floor.settle()
    ended = desk.floor.events(LegEnded)
    assert [(event.encrypted_media, event.ending.reason) for event in ended] == (
        [(True, Reason.HANG_UP)] if encrypted else [(False, Reason.ENCRYPTION_REQUIRED)]
    )


async def test_nobody_is_rung_for_a_full_meeting(desk: Desk) -> None:
    """Whoever would be turned away on answering is not called."""
    await desk.rule()
    space = await desk.floor.space(call_profile=await desk.floor.call_profile(participant_limit=1))
    await desk.floor.enter("room")
    assert await desk.refused(space) == ("limit", {"which": "participant"})


async def test_calls_at_once_and_in_a_minute_are_bounded(desk: Desk) -> None:
    """A call counts from its wish to its end; what is refused counts for nothing."""
    await desk.rule()
    await desk.limits(at_once=2, per_minute=3)
    space = await desk.floor.space()
    await desk.call(space)
    first = desk.door
    await desk.call(space)
    assert await desk.refused(space) == ("limit", {"which": "call-out-at-once"})
    first.say(CallFailed(BUSY))
    await desk.call(space)
    desk.door.say(CallFailed(BUSY))
    assert await desk.refused(space) == ("limit", {"which": "call-out-per-minute"})
    await desk.floor.wait(60.0)
    await desk.call(space)


async def test_a_tenant_has_bounds_and_rules_of_its_own(desk: Desk) -> None:
    """The tenant of the space counts; another tenant's rule leads nowhere for it."""
    async with desk.floor.held.transaction() as tx:
        for name in ("t1", "t2"):
            await tx.tenants.add(_tenant(name))
    await desk.rule("*", tenant=TenantId("t1"))
    mine, theirs = await desk.floor.space("a", tenant="t1"), await desk.floor.space("b", tenant="t2")
    await desk.call(mine)
    assert (await desk.refused(theirs))[0] == "no-outbound-rule"
    assert await desk.refused(mine) == ("limit", {"which": "call-out-at-once"})
    assert desk.dialling.counts.live(TenantId("t1")) == 1 and desk.dialling.counts.live(None) == 0


async def test_a_full_server_calls_nobody() -> None:
    """And the place that was reserved is given back."""
    with no_errors():
        desk = Desk(Floor(legs=1))
        await desk.rule()
        space = await desk.floor.space()
        await desk.call(space)
        assert await desk.refused(space) == ("limit", {"which": "legs"})
        assert desk.dialling.counts.live(None) == 1


# --- how calls end -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "result"),
    [
        (BUSY, CallResult.BUSY),
        (UNREACHABLE, CallResult.UNREACHABLE),
        (Ending(Side.LOCAL, Reason.NAME_UNKNOWN), CallResult.UNREACHABLE),
        (Ending(Side.REMOTE, Reason.NO_ANSWER), CallResult.NO_ANSWER),
        (Ending(Side.REMOTE, Reason.DECLINED), CallResult.REJECTED),
        (Ending(Side.REMOTE, Reason.NO_COMMON_CODEC), CallResult.REJECTED),
        (Ending(Side.LOCAL, Reason.SYSTEM_LIMIT), CallResult.FAILED),
    ],
)
async def test_each_failure_has_its_result(desk: Desk, ending: Ending, result: CallResult) -> None:
    """Told once; everything is given back."""
    await desk.rule()
    leg = await desk.call(await desk.floor.space())
    desk.door.say(CallFailed(ending))
    await desk.floor.settle()
    assert desk.results == [(leg, result)]
    assert [event.ending for event in desk.floor.events(LegEnded)] == [ending]  # type: ignore[attr-defined]
    desk.floor.assert_nothing_left()


def test_every_reason_has_a_result() -> None:
    """What is not listed is our own failure, and nothing but an answer is an answer."""
    assert result_of(None) is CallResult.ANSWERED
    for reason in Reason:
        assert result_of(Ending(Side.LOCAL, reason)) is RESULTS.get(reason, CallResult.FAILED)
        assert result_of(Ending(Side.LOCAL, reason)) is not CallResult.ANSWERED


async def test_nobody_rings_for_longer_than_wished(desk: Desk) -> None:
    """Then the call is cancelled and its result is no answer."""
    await desk.rule()
    leg = await desk.call(await desk.floor.space(), ring_seconds=20.0)
    desk.door.say(Ringing())
    await desk.floor.wait(19.9)
    assert desk.results == []
    await desk.floor.wait(0.2)
    assert desk.results == [(leg, CallResult.NO_ANSWER)] and desk.door.given_up
    desk.floor.assert_nothing_left()


async def test_a_call_can_be_taken_back_until_it_is_answered(desk: Desk) -> None:
    """cancel gives up; afterwards, and for strangers, there is nothing to cancel."""
    await desk.rule()
    space = await desk.floor.space()
    leg = await desk.call(space)
    assert desk.dialling.cancel(leg) and desk.door.given_up
    assert desk.results == [(leg, CallResult.CANCELLED)]
    assert not desk.dialling.cancel(leg)
    desk.floor.assert_nothing_left()
    answered = await desk.call(space)
    await desk.answer()
    caller = await desk.floor.enter("room")
    assert not desk.dialling.cancel(answered) and not desk.dialling.cancel(caller.leg.id)


async def test_the_meetings_end_cancels_what_still_rings_for_it(desk: Desk) -> None:
    """Calls begun into a meeting end with it; one begun while there was none waits for its answer."""
    await desk.rule()
    space = await desk.floor.space()
    early = await desk.call(space)
    host = await desk.floor.enter("room")
    late = await desk.call(space)
    await host.end()
    assert desk.results == [(late, CallResult.CANCELLED)]
    assert desk.floor.directory.leg(early) is not None and desk.floor.directory.leg(late) is None
    await desk.answer(desk.dialler.doors[0])
    assert desk.results[-1] == (early, CallResult.ANSWERED)


async def test_who_was_called_before_there_was_a_meeting_rings_until_somebody_ends_it(desk: Desk) -> None:
    """Others may come and go while a phone rings; an end by hand ends the ringing, and an answer that crosses it begins
    no new meeting."""
    await desk.rule()
    space = await desk.floor.space("room")
    ringing, crossing = await desk.call(space), await desk.call(space, "sip:bob@phones.example")
    first, second = desk.dialler.doors
    visitor = await desk.floor.enter("room")
    await visitor.end()
    assert desk.floor.meeting() is None and desk.results == []
    await desk.floor.enter("room")
    meeting = desk.floor.meeting()
    assert meeting is not None
    desk.floor.held.hold()
    await desk.answer(second)
    await desk.floor.directory.tell(meeting.meeting, End(Ending(Side.ADMINISTRATOR, Reason.MEETING_ENDED)))
    desk.floor.held.release()
    await desk.floor.settle()
    assert [(leg, result) for leg, result in desk.results] == [
        (crossing, CallResult.ANSWERED),
        (ringing, CallResult.CANCELLED),
    ]
    assert first.given_up
    desk.floor.assert_nothing_left()


async def test_an_answer_that_crosses_the_meetings_end_begins_no_new_one(desk: Desk) -> None:
    """Whoever answers as the meeting ends is hung up, not left alone in another meeting."""
    await desk.rule()
    space = await desk.floor.space()
    host = await desk.floor.enter("room")
    await desk.call(space)
    desk.door.say(Answered(AUDIO))  # the join is being read
    host.leg.post(RemoteEnded(HANG_UP))
    await desk.floor.settle()
    assert desk.door.hung_up == Ending(Side.LOCAL, Reason.MEETING_ENDED)
    desk.floor.assert_nothing_left()


async def test_the_next_hop_is_tried_where_the_rule_says_so(desk: Desk) -> None:
    """By priority; a hop that fails leads on, and the second one's answer counts."""
    await desk.rule("*", priority=1, proxy="192.0.2.22")
    await desk.rule("*", priority=2, proxy="192.0.2.21", failure_action=FailureAction.CONTINUE)
    leg = await desk.call(await desk.floor.space())
    desk.door.say(CallFailed(UNREACHABLE))
    await desk.floor.settle()
    assert [hop.host for hop in desk.door.hops] == ["192.0.2.21", "192.0.2.22"] and len(desk.door.placed) == 2
    await desk.answer()
    assert desk.results == [(leg, CallResult.ANSWERED)]
    assert len(desk.floor.events(LegArrived)) == 1


async def test_a_space_deleted_meanwhile_lets_nobody_in(desk: Desk) -> None:
    """Whoever answers then is hung up; the call had been answered all the same."""
    await desk.rule()
    space = await desk.floor.space()
    await desk.call(space)
    await desk.floor.use.spaces.delete(space)
    await desk.answer()
    assert desk.door.hung_up == Ending(Side.LOCAL, Reason.SPACE_DELETED)
    desk.floor.assert_nothing_left()


async def test_shutdown_ends_what_rings_and_what_talks(desk: Desk) -> None:
    """Given up and hung up, and afterwards nobody is called any more."""
    await desk.rule()
    space = await desk.floor.space()
    await desk.call(space)
    await desk.answer()
    talking = desk.door
    await desk.call(space)
    await desk.floor.directory.close(Ending(Side.LOCAL, Reason.SHUTDOWN))
    await desk.floor.settle()
    assert desk.door.given_up and talking.hung_up is not None
    assert desk.results[-1][1] is CallResult.FAILED
    desk.floor.assert_nothing_left()
    assert (await desk.refused(space))[0] == "limit"


async def test_whoever_fails_at_the_news_does_not_fail_the_call() -> None:
    """The error is logged; the person called stays in the meeting."""
    with no_errors("nobody took the result of a call"):
        desk = Desk(Floor())
        await desk.rule()
        space = await desk.floor.space()

        def fails(_leg: LegId, _result: CallResult) -> None:
            raise RuntimeError

        leg = await desk.dialling.call(CallOut(SpaceId(space), ADA), fails)
        await desk.floor.settle()
        await desk.answer()
        assert _causes(desk, leg) == set()


async def test_no_media_no_ringing() -> None:
    """When no port is free nobody is rung, and the wish hears that it failed."""
    with no_errors():
        desk = Desk(Floor(ports=0))
        await desk.rule()
        leg = await desk.call(await desk.floor.space())
        assert desk.results == [(leg, CallResult.FAILED)] and desk.door.placed == []
        desk.floor.assert_nothing_left()


# --- helpers -------------------------------------------------------------------------------------------------------


def _causes(desk: Desk, leg: LegId) -> set[Cause]:
    live = desk.floor.directory.leg(leg)
    assert live is not None and live.view is not None
    return set(live.view.causes)


async def _alter(desk: Desk, space: str, **fields: object) -> None:
    """Set what no use case of spaces sets yet."""
    async with desk.floor.held.transaction() as tx:
        found = await tx.spaces.get(space)
        assert found is not None
        await tx.spaces.save(replace(found, **fields))  # type: ignore[arg-type]


def _tenant(name: str) -> object:
    from parley.core.people import Tenant

    return Tenant(TenantId(name), name, call_out=CallOutLimits(at_once=1))


async def test_a_redirection_leads_only_where_we_may_call(desk: Desk) -> None:
    """By our own rules, named anew to the hop, over no less secure a way; else the call was refused."""
    space = await desk.floor.space()
    await desk.rule("phones.example")
    await desk.rule("b.example")
    await desk.call(space)
    wrong = ("sip:eve@premium.example", "sips:bob@b.example", "sip:@b.example")
    desk.door.say(CallFailed(Ending(Side.REMOTE, Reason.DECLINED), (*wrong, "sip:bob@b.example")))
    await desk.floor.settle()
    assert [(hop.host, hop.target) for hop in desk.door.hops[1:]] == [("b.example", "sip:bob@b.example")]


@pytest.mark.parametrize("to", ["sip:0900123@b.example", "sip:%300900@b.example", "sip:0-900@b.example:5070"])
async def test_a_redirection_leads_nowhere_that_must_not_be_called(desk: Desk, to: str) -> None:
    """A transform that denies a number denies it to whoever is called and sends us there, too."""
    deny = DialTransformEdit(type=TransformType.STRIP, match="($1/^0+900\\d*$/)", action=TransformAction.DENY)
    await desk.floor.use.dial_transforms.create(deny)
    space = await desk.floor.space()
    await desk.rule("*")
    await desk.call(space)
    desk.door.say(CallFailed(Ending(Side.REMOTE, Reason.DECLINED), (to, "sip:bob@b.example")))
    await desk.floor.settle()
    assert [hop.target for hop in desk.door.hops[1:]] == ["sip:bob@b.example"]


async def test_what_is_dialled_is_transformed_before_the_rules_are_asked(desk: Desk) -> None:
    """The best transform that fits says what is called; one that denies ends it; keys wait for the answer."""
    transforms = desk.floor.use.dial_transforms
    await desk.rule("pstn.example")
    space = await desk.floor.space()
    assert (await desk.refused(space, "9 12"))[0] == "invalid"
    await transforms.create(
        DialTransformEdit(type=TransformType.STRIP, match="($1/^9/)", transform="$1{/^9//}@pstn.example")
    )
    leg = await desk.call(space, "9 12", keys="1,2")
    assert desk.door.target.uri == "sip:12@pstn.example"
    assert desk.floor.engine.sent_digits == {}
    await desk.answer()
    assert desk.floor.engine.sent_digits == {leg: "1,2"}
    await transforms.create(DialTransformEdit(match="($1/^900/)", priority=5, action=TransformAction.DENY))
    assert await desk.refused(space, "900") == ("invalid", {"field": "target", "error": "a dial transform denies it"})
    desk.door.say(RemoteEnded(HANG_UP))
    await desk.floor.settle()
    desk.floor.assert_nothing_left()
