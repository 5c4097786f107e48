"""A phone in a meeting presses *6: from the key to the media plan and the prompt."""

from __future__ import annotations

from parley.app.profiles import LegProfileEdit
from tests.app.floor import Floor


def contributes(floor: Floor, leg: str) -> bool:
    (plan,) = floor.engine.plans.values()
    return next(media.contributes for media in plan.legs if media.leg == leg)


async def test_a_phone_mutes_and_unmutes_itself_by_keys(floor: Floor) -> None:
    """The others hear it no more, then again; it hears which."""
    await floor.two_doors()
    host, guest = await floor.enter("host"), await floor.enter("guest")
    for heard, prompt in ((False, "muted"), (True, "unmuted")):
        await guest.type("*6")
        assert contributes(floor, guest.leg.id) is heard
        assert guest.heard[-1] == prompt
        await floor.wait(1.0)
    assert contributes(floor, host.leg.id)
    await guest.end()
    await host.end()
    floor.assert_nothing_left()


async def test_a_profile_without_the_right_refuses(floor: Floor) -> None:
    """The guest hears so and stays muted; once the profile grants it, the same keys do it."""
    profile = await floor.guests(rx_audio_mute=True, mute_self=False)
    space = await floor.space("guest", leg_profile=profile)
    await floor.method(space, uri="host", leg_profile=await floor.profile(needs_activation=False))
    await floor.enter("host")
    guest = await floor.enter("guest")
    await guest.type("*6")
    assert guest.heard[-1] == "mute-refused"
    assert not contributes(floor, guest.leg.id)
    await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"mute_self": True}))
    await floor.settle()
    await guest.type("*6")
    assert guest.heard[-1] == "unmuted"
    assert contributes(floor, guest.leg.id)
