"""Profiles and the system's defaults."""

from parley.app.ports import Query
from parley.app.profiles import CallProfileEdit, LegProfileEdit, SystemEdit
from parley.app.spaces import AccessMethodEdit, SpaceEdit
from parley.app.tenants import TenantEdit
from parley.core.profiles import CallSettings, DeactivationMode, LegSettings
from tests.app.administration_rig import World


async def test_settings_change_one_by_one() -> None:
    """A setting that is not named stays, None unsets it, False stays False."""
    world = World()
    mode = {"deactivation_mode": DeactivationMode.REMAIN}
    id = await world.use.leg_profiles.create(LegProfileEdit(settings={"needs_activation": False, **mode}))
    await world.use.leg_profiles.change(id, LegProfileEdit(settings={"rx_audio_mute": True, "deactivation_mode": None}))
    assert (await world.use.leg_profiles.get(id)).settings == LegSettings(needs_activation=False, rx_audio_mute=True)
    call = await world.use.call_profiles.create(CallProfileEdit(settings={"participant_limit": 3}))
    await world.use.call_profiles.change(call, CallProfileEdit(settings={"locked": False}))
    assert (await world.use.call_profiles.get(call)).settings == CallSettings(participant_limit=3, locked=False)


async def test_deleting_a_profile_clears_every_reference_and_tells_of_each() -> None:
    """System, tenant, space and access method lose it in the same commit."""
    world = World()
    leg, call = (
        await world.use.leg_profiles.create(LegProfileEdit()),
        await world.use.call_profiles.create(CallProfileEdit()),
    )
    await world.use.system.change(SystemEdit(leg_profile=leg, call_profile=call))
    tenant = await world.use.tenants.create(TenantEdit(name="t", leg_profile=leg, call_profile=call))
    space = await world.use.spaces.create(SpaceEdit(leg_profile=leg, call_profile=call))
    method = await world.use.spaces.create_access_method(space, AccessMethodEdit(leg_profile=leg))
    world.told()
    await world.use.leg_profiles.delete(leg)
    assert world.told() == [
        ("leg-profile", leg, True),
        ("system", "", False),
        ("tenant", tenant, False),
        ("space", space, False),
        ("access-method", method, False),
    ]
    await world.use.call_profiles.delete(call)
    defaults = await world.use.system.get()
    assert (defaults.leg_profile, defaults.call_profile) == (None, None)
    kept = await world.use.tenants.get(tenant)
    assert (kept.leg_profile, kept.call_profile) == (None, None)
    record = await world.use.spaces.get(space)
    assert (record.space.leg_profile, record.space.call_profile) == (None, None)
    assert (await world.use.spaces.access_method(space, method)).leg_profile is None


async def test_used_and_unused_profiles_part_the_whole() -> None:
    """Every profile is in exactly one of the two lists, and pages count within their list."""
    world = World()
    made = [await world.use.call_profiles.create(CallProfileEdit()) for _ in range(3)]
    await world.use.system.change(SystemEdit(call_profile=made[1]))
    used = await world.use.call_profiles.page(Query(), used=True)
    unused = await world.use.call_profiles.page(Query(limit=1), used=False)
    assert [profile.id for profile in used.items] == [made[1]]
    assert (unused.total, [profile.id for profile in unused.items]) == (2, [made[0]])
