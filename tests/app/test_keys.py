"""Keys of a phone in a meeting: from profiles in the store to what the meeting does."""

from __future__ import annotations

from parley.app.dtmf_profiles import DtmfProfileEdit
from parley.app.profiles import LegProfileEdit, SystemEdit
from parley.app.tenants import TenantEdit
from parley.core.ids import SpaceId, TenantId
from tests.app.floor import Floor


async def keys(floor: Floor, **settings: str) -> str:
    return await floor.use.dtmf_profiles.create(DtmfProfileEdit(settings=settings))


async def test_keys_are_those_of_the_tenant_before_the_system(floor: Floor) -> None:
    """Field by field; a space without a tenant has the system's."""
    profile = await floor.profile(may_lock=True, may_end=True)
    acme = await floor.use.tenants.create(TenantEdit(name="Acme"))
    await floor.space("room", leg_profile=profile)
    await floor.space("acme", leg_profile=profile, tenant=TenantId(acme))
    system = await keys(floor, lock="*9", unlock="*7")
    await floor.use.system.change(SystemEdit(dtmf_profile=system))
    await floor.use.tenants.change(acme, TenantEdit(dtmf_profile=await keys(floor, lock="#9")))
    for user, typed, locked in (
        ("room", "#9", False),
        ("room", "*9", True),
        ("acme", "*9", False),
        ("acme", "#9", True),
    ):
        caller = await floor.enter(user)
        await caller.type(typed)
        meeting = floor.meeting()
        assert meeting is not None and meeting.locked is locked, (user, typed)
        await caller.type("*7")
        assert not meeting_locked(floor)
        await caller.end()
    floor.assert_nothing_left()


def meeting_locked(floor: Floor) -> bool:
    meeting = floor.meeting()
    return meeting is not None and meeting.locked


async def test_who_is_in_already_has_new_keys_and_rights_at_once(floor: Floor) -> None:
    """A profile that changes, and one that goes, count for legs of running meetings."""
    profile = await floor.profile()
    await floor.space("room", leg_profile=profile)
    id = await keys(floor, lock="*9")
    await floor.use.system.change(SystemEdit(dtmf_profile=id))
    caller = await floor.enter("room")
    await caller.type("*9")
    assert caller.heard[-1] == "mute-refused" and not meeting_locked(floor)
    await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"may_lock": True}))
    await floor.settle()
    await caller.type("*9")
    assert caller.heard[-1] == "locked" and meeting_locked(floor)
    await floor.use.dtmf_profiles.change(id, DtmfProfileEdit(settings={"lock": None, "unlock": "*9*"}))
    await floor.settle()
    await caller.type("*9")
    assert meeting_locked(floor)
    await caller.type("*")
    assert caller.heard[-1] == "unlocked" and not meeting_locked(floor)
    await floor.use.dtmf_profiles.delete(id)
    assert (await floor.use.system.get()).dtmf_profile is None
    await floor.settle()
    heard = len(caller.heard)
    await caller.type("*9*")
    assert len(caller.heard) == heard
    await caller.type("*6")
    assert caller.heard[-1] == "muted"


async def test_a_sequence_that_could_go_on_counts_after_a_moment(floor: Floor) -> None:
    """The leg is woken for it by itself."""
    await floor.space("room", leg_profile=await floor.profile(may_lock=True))
    await floor.use.system.change(SystemEdit(dtmf_profile=await keys(floor, lock="1", unlock="12")))
    caller = await floor.enter("room")
    await caller.type("1")
    assert not meeting_locked(floor)
    await floor.wait(3.1)
    assert meeting_locked(floor)
    await caller.type("12")
    assert not meeting_locked(floor)


async def test_an_end_by_keys_is_told_before_it_happens(floor: Floor) -> None:
    """Of who may alone; a conference that runs in the space ends with it."""
    told: list[tuple[SpaceId, bool]] = []
    floor.directory.ends_by_keys = lambda space: told.append((space, floor.meeting() is not None))
    space = await floor.two_doors()
    profile = await floor.profile(needs_activation=False, may_end=True)
    await floor.method(space, uri="boss", leg_profile=profile)
    await floor.use.system.change(SystemEdit(dtmf_profile=await keys(floor, end="*0")))
    host, boss = await floor.enter("host"), await floor.enter("boss")
    await host.type("*0")
    assert told == [] and host.heard[-1] == "mute-refused"
    await boss.type("*0")
    assert told == [(space, True)]
    assert floor.meeting() is None
    floor.assert_nothing_left()
