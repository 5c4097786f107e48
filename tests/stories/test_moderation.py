"""What an administrator does to a running meeting by the API: mute, drop, lock, let in, send back, trace."""

from __future__ import annotations

import pytest

from tests.kit.api import ApiError, eventually
from tests.kit.baresip import Mark, Phone
from tests.kit.recordings import PROMPT_HEARD

from .scene import DECLARATION, GUEST_FIELDS, HOST_FIELDS, Stage, different_uris, same_uri_two_pins, stage

pytestmark = pytest.mark.story

REFUSED, UNLOCKED = 3400.0, 600.0  # the first beeps of mute-refused and unlocked, Hz


async def in_meeting(scene: Stage) -> str:
    """ada and bob as guests who may be heard, and a host; the id of the call."""
    made = await different_uris(scene.server)
    await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
    for name, user in (("ada", "guest.space"), ("bob", "guest.space"), ("host", "host.space")):
        await scene.caller(name, user)
    await scene.everybody_hears_everybody("ada", "bob", "host")
    (call,) = await scene.api.ids("/calls")
    return call


async def test_mutes_of_both_directions() -> None:
    """rxAudioMute on a leg: nobody hears it. txAudioMute: it hears nobody. Unset: the profile's value again."""
    async with stage() as scene:
        await in_meeting(scene)
        leg = await scene.api.leg_of("ada")
        await scene.api.put(f"/callLegs/{leg}", "rxAudioMute=true")
        assert await scene.settles({"ada": {"bob", "host"}, "bob": {"host"}, "host": {"bob"}}) < 1.5
        await scene.api.put(f"/callLegs/{leg}", "rxAudioMute=false&txAudioMute=true")
        assert await scene.settles({"ada": set(), "bob": {"ada", "host"}, "host": {"ada", "bob"}}) < 1.5
        await scene.api.put(f"/callLegs/{leg}", "rxAudioMute=&txAudioMute=")
        assert await scene.everybody_hears_everybody("ada", "bob", "host") < 1.5


async def test_dropped_legs_and_participants_are_gone() -> None:
    """DELETE of a leg or a participant hangs up on that phone alone."""
    async with stage() as scene:
        await in_meeting(scene)
        leg = await scene.api.leg_of("ada")
        await scene.api.delete(f"/callLegs/{leg}")
        await scene.phones["ada"].wait_closed()
        with pytest.raises(ApiError) as gone:
            await scene.api.get(f"/callLegs/{leg}")
        assert gone.value.body == f"{DECLARATION}<failureDetails><callLegDoesNotExist /></failureDetails>"
        await scene.api.delete(f"/participants/{await scene.api.participant_of('bob')}")
        await scene.phones["bob"].wait_closed()
        assert scene.phones["host"].in_call


async def test_deleting_the_call_ends_it_for_all() -> None:
    """DELETE /calls/<id> hangs up on everybody, and the call does not exist any more."""
    async with stage() as scene:
        call = await in_meeting(scene)
        await scene.api.delete(f"/calls/{call}")
        for phone in scene.phones.values():
            await phone.wait_closed()
        await scene.until_empty()
        with pytest.raises(ApiError) as gone:
            await scene.api.get(f"/calls/{call}")
        assert gone.value.body == f"{DECLARATION}<failureDetails><callDoesNotExist /></failureDetails>"


async def test_a_locked_call_keeps_newcomers_waiting_until_it_is_unlocked() -> None:
    """Lock: nobody inside is touched, newcomers wait and hear nobody; unlock lets them in. By keys of a phone too, for
    whoever may: *7 unlocks, *0 ends the meeting for all; who may not hears so."""
    async with stage() as scene:
        call = await in_meeting(scene)
        keys = await scene.api.post("/dtmfProfiles", "unlockCall=*7&endCall=*0")
        await scene.api.put("/system/profiles", f"dtmfProfile={keys}")
        profile = await scene.api.post("/callLegProfiles", "callLockAllowed=true&endCallAllowed=true")
        await scene.api.put(f"/callLegs/{await scene.api.leg_of('host')}", f"callLegProfile={profile}")
        ada, host = scene.phones["ada"], scene.phones["host"]
        await scene.api.put(f"/calls/{call}", "locked=true")
        await scene.caller("late", "guest.space")
        await scene.until_waiting("late")
        await scene.everybody_hears_everybody("ada", "bob", "host")
        scene.nobody_was_heard("late")
        for phone, beep in ((ada, REFUSED), (host, UNLOCKED)):
            mark = phone.mark()
            await phone.digits("*7")

            async def told(phone: Phone = phone, beep: float = beep, mark: Mark = mark) -> bool:
                return bool(phone.heard_since(mark).runs(beep, PROMPT_HEARD, shortest=0.08))

            await eventually(told, f"{phone.name} does not hear what became of it")
        await scene.everybody_hears_everybody("ada", "bob", "host", "late")
        await host.digits("*0")
        for phone in scene.phones.values():
            await phone.wait_closed()


async def test_one_waiting_guest_is_let_in_and_sent_back() -> None:
    """deactivated=false lets in that one without a host; deactivated=true sends him back to hear nobody."""
    async with stage() as scene:
        made = await different_uris(scene.server)
        await scene.api.put(f"/callLegProfiles/{made.guest_profile}", "rxAudioMute=false")
        for name in ("ada", "bob", "cleo"):
            await scene.caller(name, "guest.space")
        await scene.until_waiting("ada", "bob", "cleo")
        for name in ("ada", "bob"):
            await scene.api.put(f"/participants/{await scene.api.participant_of(name)}", "deactivated=false")
        await scene.everybody_hears_everybody("ada", "bob")
        assert await scene.api.waits("cleo")
        scene.nobody_was_heard("cleo")
        await scene.api.put(f"/participants/{await scene.api.participant_of('bob')}", "deactivated=true")
        await scene.until_waiting("bob")
        assert await scene.settles({"ada": set(), "bob": set(), "cleo": set()}) < 1.5


async def test_the_trace_names_the_layer_of_every_value() -> None:
    """callLegProfileTrace: the space's profile for a guest; the space's and then the access method's for a host."""
    async with stage() as scene:
        made = await same_uri_two_pins(scene.server)
        for name, pin in (("ada", "789#"), ("host", "1234#")):
            phone = await scene.caller(name, "guestpin.space")
            await phone.hears_prompt("enter-pin", phone.start)
            await phone.digits(pin)
        await scene.until_in("ada", "host")
        guest = f'<callLegProfile id="{made.guest_profile}">{GUEST_FIELDS}</callLegProfile>'
        host = f'<callLegProfile id="{made.host_profile}">{HOST_FIELDS}</callLegProfile>'
        leg = await scene.api.leg_of("ada")
        assert await scene.api.get(f"/callLegs/{leg}/callLegProfileTrace") == (
            f'{DECLARATION}<callLegProfileTrace callLeg="{leg}"><profile scope="coSpace">{guest}</profile>'
            "</callLegProfileTrace>"
        )
        leg = await scene.api.leg_of("host")
        assert await scene.api.get(f"/callLegs/{leg}/callLegProfileTrace") == (
            f'{DECLARATION}<callLegProfileTrace callLeg="{leg}"><profile scope="coSpace">{guest}</profile>'
            f'<profile scope="accessMethod">{host}</profile></callLegProfileTrace>'
        )
