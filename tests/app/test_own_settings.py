"""What spaces and access methods set themselves, beside their profiles, and who is shut out by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.app.layers import call_layers, leg_layers
from parley.core.endings import Reason
from parley.core.ids import LegProfileId
from parley.core.meeting_inputs import Cause, Entry
from parley.core.profiles import (
    CallSettings,
    EntryScope,
    Layer,
    LegSettings,
    MediaEncryption,
    resolve_call,
    resolve_leg,
)
from tests.app.floor import Floor


async def alter(floor: Floor, space: str, **fields: object) -> None:
    """Set what no use case of spaces sets yet."""
    async with floor.held.transaction() as tx:
        found = await tx.spaces.get(space)
        assert found is not None
        await tx.spaces.save(replace(found, **fields))  # type: ignore[arg-type]


async def test_own_settings_stand_directly_above_the_profile_of_the_same_layer(floor: Floor) -> None:
    """A space's own value wins over its profile, an access method's profile over both, its own over that."""
    low = await floor.profile(needs_activation=True, rx_audio_mute=True, max_duration=10)
    high = await floor.profile(max_duration=30)
    space = await floor.space("room", leg_profile=low)
    method = await floor.method(space, uri="other", leg_profile=high)
    await alter(floor, space, leg_settings=LegSettings(rx_audio_mute=False, max_duration=20))
    async with floor.held.transaction() as tx:
        kept = await tx.access_methods.get(method)
        assert kept is not None
        await tx.access_methods.save(replace(kept, leg_settings=LegSettings(tx_audio_mute=True)))
        found = await tx.spaces.get(space)
        assert found is not None
        layers = await leg_layers(tx, found, Entry(access_method=kept.id))
    assert [(layer.layer, layer.profile) for layer in layers] == [
        (Layer.SPACE, LegProfileId(low)),
        (Layer.SPACE, None),
        (Layer.ACCESS_METHOD, LegProfileId(high)),
        (Layer.ACCESS_METHOD, None),
    ]
    settings = resolve_leg(layers).settings
    assert (settings.needs_activation, settings.rx_audio_mute) == (True, False)
    assert (settings.max_duration, settings.tx_audio_mute) == (30, True)


@pytest.mark.parametrize(
    ("profile", "own", "size", "limit"),
    [
        (None, None, None, None),
        (5, None, None, 5),
        (5, 7, None, 7),
        (None, None, 3, 3),
        (5, None, 3, 3),
        (5, None, 9, 5),
        (5, 9, 7, 7),
    ],
)
async def test_the_size_of_a_room_bounds_every_limit(
    floor: Floor, profile: int | None, own: int | None, size: int | None, limit: int | None
) -> None:
    """Own call settings win over the profile's; the size counts where it is smaller."""
    kept = await floor.call_profile(participant_limit=profile) if profile else None
    space = await floor.space("room", call_profile=kept)
    await alter(floor, space, call_settings=CallSettings(participant_limit=own), size=size)
    async with floor.held.reading() as tx:
        found = await tx.spaces.get(space)
        assert found is not None
        assert resolve_call(await call_layers(tx, found)).settings.participant_limit == limit


async def test_a_room_of_two_takes_two(floor: Floor) -> None:
    """The third hears that it is full."""
    space = await floor.space("room")
    await alter(floor, space, size=2)
    for _ in range(2):
        assert (await floor.enter("room")).active
    third = await floor.enter("room")
    await floor.wait(60.0)
    assert third.reason is Reason.PARTICIPANT_LIMIT


@pytest.mark.parametrize("scope", [EntryScope.TENANT, EntryScope.INVITED])
async def test_a_restricted_space_looks_unknown_from_outside(floor: Floor, scope: EntryScope) -> None:
    """Nothing is made for a caller who has proven nothing, and by call ID he is asked for a PIN that never fits."""
    space = await floor.space("room", call_id="100")
    await alter(floor, space, call_settings=CallSettings(entry_scope=scope))
    call = await floor.dial("room")
    assert not call.made and call.door.rejected is not None
    assert call.door.rejected.reason is Reason.UNKNOWN_DESTINATION
    ivr = await floor.enter("9000", "100#")
    await ivr.type("#")
    assert not ivr.active and ivr.heard[-1] == "pin-incorrect-try-again"


async def test_a_space_switched_off_looks_unknown(floor: Floor) -> None:
    """By URI and by call ID alike; switched on again it is back."""
    space = await floor.space("room", call_id="100")
    await alter(floor, space, enabled=False)
    assert not (await floor.dial("room")).made
    assert await floor.lookup.resolve_call_id(floor.lookup.access_ivr, "100") is None
    await alter(floor, space, enabled=True)
    assert (await floor.enter("room")).active


async def test_plain_media_are_refused_before_the_answer(floor: Floor) -> None:
    """A space that requires encryption refuses a phone without it, with the reason that doors make 488 of."""
    space = await floor.space("room")
    await alter(floor, space, leg_settings=LegSettings(media_encryption=MediaEncryption.REQUIRED))
    call = await floor.dial("room")
    assert call.reason is Reason.ENCRYPTION_REQUIRED and call.door.port is None
    assert call.door.rejected is not None and call.door.rejected.reason is Reason.ENCRYPTION_REQUIRED


async def test_a_pin_does_not_open_a_door_for_plain_media(floor: Floor) -> None:
    """Where another door would take them the call is answered; the PIN of the strict one ends it."""
    space = await floor.space("room", "1111")
    strict = await floor.profile(media_encryption=MediaEncryption.REQUIRED)
    await floor.method(space, "2222", uri="room", leg_profile=strict)
    assert (await floor.enter("room", "1111#")).active
    refused = await floor.enter("room", "2222#")
    assert refused.reason is Reason.ENCRYPTION_REQUIRED
    assert refused.door.hung_up is not None


async def test_a_waiting_room_holds_callers_until_a_person_decides(floor: Floor) -> None:
    """A guest waits although a host is there."""
    guests = await floor.guests()
    space = await floor.space("guest", leg_profile=guests)
    await floor.method(space, uri="host", leg_profile=await floor.profile(needs_activation=False))
    await alter(floor, space, leg_settings=LegSettings(waiting_room=True))
    host, guest = await floor.enter("host"), await floor.enter("guest")
    assert host.active and guest.live is not None and guest.live.view is not None
    assert guest.live.view.causes == {Cause.WAITING_ROOM}


async def test_phones_are_muted_as_terminals(floor: Floor) -> None:
    """A SIP leg takes the mute of terminals instead of the general one."""
    space = await floor.space("room")
    await alter(floor, space, leg_settings=LegSettings(rx_audio_mute=False, terminal_rx_audio_mute=True))
    call = await floor.enter("room")
    media = floor.engine.media(call.leg.id)
    assert media is not None and not media.contributes
