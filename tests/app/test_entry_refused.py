"""Who is not let in: what is told, what is made of it (nothing), and what breaks with it (nothing else)."""

from __future__ import annotations

import pytest

from parley.app.operator import ENDED_BY_US
from parley.app.spaces import AccessMethodEdit, SpaceEdit
from parley.app.tenants import TenantEdit
from parley.core.endings import Reason
from parley.core.events import LegArrived
from parley.core.meeting_inputs import Cause
from tests.app.floor import PROMPT, Floor, no_errors

# --- nothing is made -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("user", "domain"), [("nobody", "example.com"), ("room", "elsewhere.example"), ("", "")])
async def test_an_unknown_address_creates_nothing(floor: Floor, user: str, domain: str) -> None:
    """No leg, no number, no event, no port; it is refused and counted."""
    await floor.space()
    call = await floor.dial(user, domain)
    assert not call.made and floor.arrivals.unknown == 1
    assert call.door.rejected is not None and call.door.rejected.reason is Reason.UNKNOWN_DESTINATION
    assert floor.events() == [] and floor.engine.opened == 0
    floor.assert_nothing_left()
    assert (await floor.dial("room")).leg.number == 1


async def test_a_space_closed_to_non_members_looks_unknown(floor: Floor) -> None:
    """nonMemberAccess false: refused as if it did not exist, and nothing is created; open again at once after."""
    space = await floor.space(non_member_access=False)
    call = await floor.dial("room")
    assert not call.made and call.door.rejected is not None
    assert call.door.rejected.reason is Reason.UNKNOWN_DESTINATION
    assert floor.events(LegArrived) == []
    await floor.use.spaces.change(space, SpaceEdit(non_member_access=True))
    assert (await floor.enter("room")).active


async def test_a_closed_spaces_call_id_looks_unknown(floor: Floor) -> None:
    """At the IVR it is asked for a PIN and refused like an unknown one, even for its right PIN."""
    await floor.space(pin="123", call_id="300", non_member_access=False)
    closed, unknown = await floor.enter("9000", "300#"), await floor.enter("9000", "999#")
    for _ in range(3):
        await closed.type("123#")
        await unknown.type("123#")
    await floor.wait(PROMPT)
    assert closed.heard == unknown.heard and closed.door.hung_up is not None
    assert closed.reason is Reason.NOT_MEMBER


async def test_a_full_server_refuses_and_creates_nothing() -> None:
    """Beyond the bound of legs: refused before the answer; when one has gone there is room again."""
    floor = Floor(legs=1)
    await floor.space()
    first = await floor.enter("room")
    second = await floor.dial("room")
    assert not second.made and floor.arrivals.refused_full == 1
    assert second.door.rejected is not None and second.door.rejected.reason is Reason.SYSTEM_LIMIT
    await first.end()
    assert (await floor.enter("room")).active


async def test_without_a_port_the_call_is_refused() -> None:
    """The engine is full: told before the answer, as our doing, and nothing is left of it."""
    floor = Floor(ports=1)
    await floor.space()
    first = await floor.enter("room")
    second = await floor.dial("room")
    assert second.door.rejected is not None and second.door.port is None
    assert second.reason is Reason.MEDIA_FAILED
    await first.end()
    floor.assert_nothing_left()


# --- limits inside ---------------------------------------------------------------------------------------------


async def test_a_full_meeting_says_so(floor: Floor) -> None:
    """participantLimit: who is beyond it hears why, and was never part of the meeting; who waits counts."""
    profile = await floor.call_profile(participant_limit=1)
    await floor.space(call_profile=profile, leg_profile=await floor.guests())
    waiting = await floor.enter("room")
    assert waiting.waits
    late = await floor.enter("room")
    assert late.heard == ["meeting-full"] and late.live is not None and late.live.view is None
    await floor.wait(PROMPT)
    assert late.reason is Reason.PARTICIPANT_LIMIT
    assert floor.story().count("ParticipantJoined") == 1
    await waiting.end()
    assert (await floor.enter("room")).waits


async def test_a_tenants_limit_counts_all_its_meetings(floor: Floor) -> None:
    """The sum over its spaces; another tenant's places are its own."""
    ours = await floor.use.tenants.create(TenantEdit(name="ours", participant_limit=2))
    theirs = await floor.use.tenants.create(TenantEdit(name="theirs", participant_limit=2))
    for user, tenant in (("a", ours), ("b", ours), ("c", ours), ("d", theirs)):
        await floor.space(user, tenant=tenant)
    inside = [await floor.enter("a"), await floor.enter("b")]
    full = await floor.enter("c")
    assert full.heard == ["meeting-full"] and (await floor.enter("d")).active
    await floor.wait(PROMPT)
    assert full.reason is Reason.TENANT_LIMIT
    assert [view.space for view in floor.directory.meetings() if not view.legs] == []
    await inside[0].end()
    assert (await floor.enter("c")).active


async def test_a_leg_that_hears_why_it_may_not_join_can_be_dropped(floor: Floor) -> None:
    """An administrator's drop ends it although no meeting knows it."""
    profile = await floor.call_profile(participant_limit=1)
    await floor.space(call_profile=profile)
    await floor.enter("room")
    late = await floor.enter("room")
    assert await floor.directory.drop_leg(late.leg.id, ENDED_BY_US)
    assert late.door.hung_up is not None


async def test_prompts_are_spoken_in_the_servers_language(floor: Floor) -> None:
    """A waiting leg hears the announcement of its cause."""
    await floor.two_doors()
    guest = await floor.enter("guest")
    media = floor.engine.media(guest.leg.id)
    assert media is not None and (media.announcement, media.language) == ("waiting-for-host", "en")
    assert guest.live is not None and guest.live.view is not None and guest.live.view.causes == {Cause.NO_HOST}


# --- the same work ---------------------------------------------------------------------------------------------


async def test_an_unknown_call_id_costs_the_same_reads_as_a_known_one(floor: Floor) -> None:
    """Look-up and judgement read as often, so that the time of an answer tells nothing."""
    await floor.two_pins()
    counted: list[int] = []
    for call_id in ("100", "999"):
        call = await floor.enter("9000")
        before = floor.held.reads
        await call.type(f"{call_id}#")
        await call.type("9#")
        counted.append(floor.held.reads - before)
        assert call.heard[-1] == "pin-incorrect-try-again"
    assert counted[0] == counted[1]


# --- when things break -----------------------------------------------------------------------------------------


async def test_a_failing_look_up_ends_that_call_alone() -> None:
    """The database is gone while a PIN is judged: that leg ends as our failure; who is inside stays."""
    with no_errors("background work failed"):
        floor = Floor()
        await floor.space(pin="123")
        inside = await floor.enter("room", "123#")
        call = await floor.enter("room", "123")
        floor.held.broken = True
        await call.type("#")
        assert call.door.hung_up is not None and call.reason is Reason.MEDIA_FAILED
        assert inside.active
        floor.held.broken = False
        assert (await floor.enter("room", "123#")).active


async def test_a_failing_join_ends_that_call_alone() -> None:
    """Nothing of the meeting that might have been is left."""
    with no_errors("background work failed"):
        floor = Floor()
        await floor.space()
        call = await floor.dial("room")
        floor.held.broken = True
        await call.confirm()
        assert call.reason is Reason.MEDIA_FAILED
        floor.assert_nothing_left()


async def test_an_outage_is_no_guess() -> None:
    """Judgements that failed for want of a database lock nobody out."""
    with no_errors("background work failed"):
        floor = Floor(wrong_most=3)
        await floor.space(pin="123")
        for _ in range(5):
            call = await floor.enter("room", "123")
            floor.held.broken = True
            await call.type("#")
            floor.held.broken = False
        assert (await floor.enter("room", "123#")).active


async def test_a_new_access_method_with_the_same_uri_is_found_by_the_next_caller(floor: Floor) -> None:
    """Doors are looked up for each call."""
    space = await floor.space()
    assert (await floor.enter("room")).active
    method = await floor.method(space, "2222", uri="room")
    assert (await floor.enter("room")).heard == ["enter-pin-or-hash"]
    await floor.use.spaces.change_access_method(space, method, AccessMethodEdit(uri="elsewhere"))
    assert (await floor.enter("room")).active
