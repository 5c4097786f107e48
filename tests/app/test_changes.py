"""A committed change reaches every live leg that it concerns, at once, and stale settings never survive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from parley.app.changes import Change, Changes
from parley.app.profiles import CallProfileEdit, LegProfileEdit, SystemEdit
from parley.app.resolving import RETRY_AFTER
from parley.app.spaces import AccessMethodEdit, SpaceEdit
from parley.app.tenants import TenantEdit
from parley.core.endings import Reason
from parley.core.ids import SpaceId
from parley.core.profiles import Layer
from tests.app.floor import Call, Floor, no_errors
from tests.kit.delayed_store import DelayedStore
from tests.kit.memory_store import MemoryStore

# What makes everybody who enters by `room` wait, by the layer that is changed.
Act = Callable[[Floor, str, str, str], Awaitable[object]]  # space, access method, profile that makes wait


async def _by_tenant(floor: Floor, space: str, method: str, profile: str) -> object:
    record = await floor.use.spaces.get(space)
    assert record.space.tenant is not None
    return await floor.use.tenants.change(record.space.tenant, TenantEdit(leg_profile=profile))  # type: ignore[arg-type]


ACTS: dict[str, Act] = {
    "system": lambda floor, _space, _method, profile: floor.use.system.change(SystemEdit(leg_profile=profile)),  # type: ignore[arg-type]
    "tenant": _by_tenant,
    "space": lambda floor, space, _method, profile: floor.use.spaces.change(space, SpaceEdit(leg_profile=profile)),  # type: ignore[arg-type]
    "access-method": lambda floor, space, method, profile: floor.use.spaces.change_access_method(
        space,
        method,
        AccessMethodEdit(leg_profile=profile),  # type: ignore[arg-type]
    ),
}


async def place(floor: Floor) -> tuple[str, str, str]:
    """A space of a tenant with an access method `room`, and a profile that makes wait and is used nowhere."""
    tenant = await floor.use.tenants.create(TenantEdit(name="ours"))
    space = await floor.space("own", tenant=tenant)
    return space, await floor.method(space, uri="room"), await floor.guests()


@pytest.mark.parametrize("layer", ACTS)
async def test_every_layer_reaches_the_legs_inside(floor: Floor, layer: str) -> None:
    """After the commit and one turn of the loop, without time passing, each leg stands under the new settings."""
    space, method, profile = await place(floor)
    calls = [await floor.enter("room") for _ in range(3)]
    assert all(call.active for call in calls)
    await ACTS[layer](floor, space, method, profile)
    await floor.settle()
    assert all(call.waits for call in calls)
    view = calls[0].live and calls[0].live.view
    assert view and view.effective.origins["needs_activation"] == Layer(layer)


async def test_a_profile_changed_reaches_all_who_use_it_and_nobody_else(floor: Floor) -> None:
    """In whatever space and by whatever door they came."""
    profile = await floor.profile(rx_audio_mute=False)
    for user in ("a", "b"):
        await floor.space(user, leg_profile=profile)
    await floor.space("c")
    calls = {user: await floor.enter(user) for user in ("a", "b", "c")}
    await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"rx_audio_mute": True}))
    await floor.settle()
    heard = {user: media.contributes for user, call in calls.items() if (media := floor.engine.media(call.leg.id))}
    assert heard == {"a": False, "b": False, "c": True}


async def test_a_deleted_profile_falls_through(floor: Floor) -> None:
    """Whoever stood under it stands under the layer above."""
    profile = await floor.guests()
    await floor.space(leg_profile=profile)
    call = await floor.enter("room")
    assert call.waits
    await floor.use.leg_profiles.delete(profile)
    await floor.settle()
    assert call.active


async def test_a_changed_call_profile_holds_from_the_next_caller_on(floor: Floor) -> None:
    """A smaller participant limit sends nobody away and keeps the next one out."""
    profile = await floor.call_profile(participant_limit=5)
    await floor.space(call_profile=profile)
    calls = [await floor.enter("room") for _ in range(2)]
    await floor.use.call_profiles.change(profile, CallProfileEdit(settings={"participant_limit": 2}))
    await floor.settle()
    assert all(call.active for call in calls)
    assert (await floor.enter("room")).heard == ["meeting-full"]


async def test_a_renamed_space_renames_its_meeting(floor: Floor) -> None:
    """At once."""
    space = await floor.space()
    await floor.enter("room")
    await floor.use.spaces.change(space, SpaceEdit(name="Other"))
    await floor.settle()
    meeting = floor.meeting()
    assert meeting is not None and meeting.name == "Other"


async def test_a_deleted_space_ends_its_meeting(floor: Floor) -> None:
    """Everybody is hung up, waiting or not, and nothing is left; other meetings do not notice."""
    space = await floor.two_doors()
    await floor.space("other")
    calls: list[Call] = [await floor.enter(user) for user in ("guest", "host")]
    bystander = await floor.enter("other")
    await floor.use.spaces.delete(space)
    await floor.settle()
    assert [call.reason for call in calls] == [Reason.SPACE_DELETED] * 2
    assert bystander.active
    await bystander.end()
    floor.assert_nothing_left()


async def test_a_meeting_kept_empty_ends_with_its_space(floor: Floor) -> None:
    """Also when nobody is in it."""
    space = await floor.space()
    await floor.directory.open(SpaceId(space))
    await floor.use.spaces.delete(space)
    await floor.settle()
    floor.assert_nothing_left()


# --- while something is read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ACTS)
async def test_a_change_during_a_join_is_not_missed(floor: Floor, layer: str) -> None:
    """The join has read the old settings and has not used them yet when the change commits."""
    space, method, profile = await place(floor)
    call = await floor.dial("room")
    floor.held.hold()
    await call.confirm()
    await ACTS[layer](floor, space, method, profile)
    floor.held.release()
    await floor.settle()
    assert call.waits


async def test_a_call_profile_changed_during_a_join_is_not_missed(floor: Floor) -> None:
    """The meeting that the join makes has the new call settings, not those it had read first."""
    profile = await floor.call_profile(locked=False)
    await floor.space(call_profile=profile)
    call = await floor.dial("room")
    floor.held.hold()
    await call.confirm()
    await floor.use.call_profiles.change(profile, CallProfileEdit(settings={"locked": True, "participant_limit": 7}))
    floor.held.release()
    await floor.settle()
    meeting = floor.meeting()
    assert meeting is not None and meeting.call.settings.participant_limit == 7
    assert meeting.locked and call.waits


async def test_a_call_profile_changed_while_an_api_opens_a_meeting_is_not_missed(floor: Floor) -> None:
    """The same for a meeting made by an API."""
    profile = await floor.call_profile(participant_limit=5)
    space = await floor.space(call_profile=profile)
    floor.held.hold()
    opening = asyncio.ensure_future(floor.directory.open(SpaceId(space)))
    await floor.settle()
    await floor.use.call_profiles.change(profile, CallProfileEdit(settings={"participant_limit": 7}))
    floor.held.release()
    meeting = floor.directory.meeting(await opening)
    assert meeting is not None and meeting.call.settings.participant_limit == 7


async def test_a_space_deleted_during_a_join_leaves_nothing(floor: Floor) -> None:
    """No meeting of a space that is gone, and the caller is told to go."""
    space = await floor.space()
    call = await floor.dial("room")
    floor.held.hold()
    await call.confirm()
    await floor.use.spaces.delete(space)
    floor.held.release()
    await floor.settle()
    assert call.reason is Reason.SPACE_DELETED
    floor.assert_nothing_left()


async def test_two_changes_in_a_row_leave_the_last(floor: Floor) -> None:
    """The second commits while the legs are being resolved for the first."""
    profile = await floor.profile(rx_audio_mute=False)
    await floor.space(leg_profile=profile)
    call = await floor.enter("room")
    floor.held.hold()
    await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"rx_audio_mute": True}))
    await floor.settle()
    await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"tx_audio_mute": True}))
    floor.held.release()
    await floor.settle()
    media = floor.engine.media(call.leg.id)
    assert media is not None and (media.contributes, media.receives) == (False, False)


async def test_a_leg_that_comes_during_a_resolving_has_the_new_settings(floor: Floor) -> None:
    """It joined after the change was committed and before the others were resolved."""
    profile = await floor.profile(rx_audio_mute=False)
    await floor.space(leg_profile=profile)
    await floor.enter("room")
    late = await floor.dial("room")
    floor.held.hold()
    await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"rx_audio_mute": True}))
    await late.confirm()
    floor.held.release()
    await floor.settle()
    media = floor.engine.media(late.leg.id)
    assert media is not None and not media.contributes


async def test_changes_of_other_spaces_do_not_hold_up_a_join(floor: Floor) -> None:
    """A bulk import of spaces must not make every join begin anew."""
    await floor.space()
    call = await floor.dial("room")
    floor.held.hold()
    await call.confirm()
    before = floor.held.reads
    for number in range(20):
        await floor.space(f"bulk{number}")
    floor.held.release()
    await floor.settle()
    assert call.active and floor.held.reads == before


async def test_a_meeting_is_resolved_by_few_reads(floor: Floor) -> None:
    """Twenty legs that came by two doors are read for like two."""
    await floor.two_doors()
    for _ in range(10):
        await floor.enter("guest")
        await floor.enter("host")
    before = floor.held.reads
    await floor.use.system.change(SystemEdit(leg_profile=await floor.profile(rx_audio_mute=True)))  # type: ignore[arg-type]
    await floor.settle()
    assert floor.held.reads - before < 30
    assert not any(leg.contributes for plan in floor.engine.plans.values() for leg in plan.legs)


async def test_a_change_that_could_not_be_read_is_read_again() -> None:
    """The database is gone right after the commit: the meeting goes on, and the change counts when it is back."""
    with no_errors("background work failed"):
        floor = Floor()
        profile = await floor.profile(rx_audio_mute=False)
        await floor.space(leg_profile=profile)
        call = await floor.enter("room")
        floor.held.broken = True
        await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"rx_audio_mute": True}))
        await floor.settle()
        assert call.active and contributes(floor, call)
        await floor.wait(3 * RETRY_AFTER)
        floor.held.broken = False
        await floor.wait(RETRY_AFTER)
        assert not contributes(floor, call)
        await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"rx_audio_mute": False}))
        await floor.settle()
        assert contributes(floor, call)
        await call.end()
        floor.assert_nothing_left()


def contributes(floor: Floor, call: Call) -> bool:
    """May others hear this leg?"""
    media = floor.engine.media(call.leg.id)
    return media is not None and media.contributes


async def test_live_effects_do_not_wait_for_commits() -> None:
    """On a disk whose commits take 15 ms, a caller is in, and a host's coming is heard, without any commit."""
    with no_errors():
        floor = Floor(store=DelayedStore(MemoryStore()))
        await floor.two_doors()
        guest = await floor.enter("guest")
        writing = asyncio.ensure_future(floor.space("slow"))
        host = await floor.enter("host")
        assert not writing.done()
        assert floor.engine.hears(guest.leg.id, host.leg.id)
        await writing


def test_every_listener_is_told_of_each_change_in_order() -> None:
    """At once, by the one who publishes."""
    changes, told = Changes(), []
    changes.subscribe(lambda change: told.append(("a", change.id)))
    changes.subscribe(lambda change: told.append(("b", change.id)))
    changes.publish(Change("space", "1"))
    changes.publish(Change("space", "2"))
    assert told == [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2")]


async def test_who_came_by_a_door_that_is_gone_keeps_what_he_had(floor: Floor) -> None:
    """A guest whose access method is deleted does not become a host by the space's own profile."""
    space, method, profile = await place(floor)
    await floor.use.spaces.change_access_method(space, method, AccessMethodEdit(leg_profile=profile))  # type: ignore[arg-type]
    guest = await floor.enter("room")
    assert guest.waits
    await floor.use.spaces.delete_access_method(space, method)
    await floor.settle()
    assert guest.waits
