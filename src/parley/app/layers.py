"""Reads from the store what the pure rules need: the layers of profiles and the doors of an address."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.admission import Candidates, Door
from ..core.ids import LegProfileId, SpaceId
from ..core.meeting_inputs import Entry
from ..core.profiles import (
    CallLayer,
    CallSettings,
    Layer,
    LegLayer,
    LegSettings,
    MediaEncryption,
    resolve_call,
    resolve_leg,
)
from ..core.spaces import AccessMethod, Space
from .ports import Transaction
from .sounds import sounds_of_space

NOBODY = "00000000-0000-0000-0000-000000000000"  # the id of nothing
_NO_LEG_SETTINGS = LegSettings()


async def leg_layers(tx: Transaction, space: Space, entry: Entry) -> tuple[LegLayer, ...]:
    """The layers that are set for somebody who entered so, in order, LEG left out (cms-api 3.1).

    What a space or an access method sets itself stands directly above its profile, as a layer without one.
    """
    tenant = await tx.tenants.get(space.tenant) if space.tenant else None
    method = await tx.access_methods.get(entry.access_method) if entry.access_method else None
    member = await tx.members.get(entry.member) if entry.member else None
    chosen: list[tuple[Layer, LegProfileId | None, LegSettings]] = [
        (Layer.SYSTEM, (await tx.system_defaults()).leg_profile, _NO_LEG_SETTINGS),
        (Layer.TENANT, tenant.leg_profile if tenant else None, _NO_LEG_SETTINGS),
        (Layer.SPACE, space.leg_profile, space.leg_settings),
        (
            Layer.ACCESS_METHOD,
            method.leg_profile if method else None,
            method.leg_settings if method else _NO_LEG_SETTINGS,
        ),
        (Layer.MEMBER, member.leg_profile if member else None, _NO_LEG_SETTINGS),
        (Layer.CALL_OUT, entry.call_out_profile, _NO_LEG_SETTINGS),
    ]
    layers: list[LegLayer] = []
    for layer, profile_id, inline in chosen:
        profile = await tx.leg_profiles.get(profile_id) if profile_id else None
        if profile is not None:
            layers.append(LegLayer(layer, profile.settings, profile.id, profile.extras))
        if inline != _NO_LEG_SETTINGS:
            layers.append(LegLayer(layer, inline))
    return tuple(layers)


async def call_layers(tx: Transaction, space: Space, *, even: bool = False) -> tuple[CallLayer, ...]:
    """The layers of call settings that are set for a space, in order. The size of a room bounds every limit.

    even: read as often for every space, so that the time it takes tells nothing.
    """
    tenant = await tx.tenants.get(space.tenant or NOBODY) if space.tenant or even else None
    chosen = [
        (Layer.SYSTEM, (await tx.system_defaults()).call_profile),
        (Layer.TENANT, tenant.call_profile if tenant else None),
        (Layer.SPACE, space.call_profile),
    ]
    layers: list[CallLayer] = []
    for layer, profile_id in chosen:
        profile = await tx.call_profiles.get(profile_id or NOBODY) if profile_id or even else None
        if profile is not None:
            layers.append(CallLayer(layer, profile.settings, profile.id, profile.extras))
    if space.call_settings != CallSettings():
        layers.append(CallLayer(Layer.SPACE, space.call_settings))
    limit = resolve_call(layers).settings.participant_limit
    if space.size is not None and (limit is None or space.size < limit):
        layers.append(CallLayer(Layer.SPACE, CallSettings(participant_limit=space.size)))
    return tuple(layers)


async def candidates(
    tx: Transaction, methods: Sequence[AccessMethod], *, media: bool = False, even: bool = False
) -> Candidates | None:
    """What these access methods (of one space) could mean for a caller; None when there are none.

    A space that is switched off has no doors. media: read what each door asks of media too, so that a call can
    be refused before its answer; whoever is answered already hears of it on joining. even: as many reads when nothing
    is found as when something is.
    """
    if not methods and not even:
        return None
    space = await tx.spaces.get(methods[0].space if methods else NOBODY)
    if space is None or not space.enabled:
        if even:
            nowhere = Space(SpaceId(NOBODY))
            await call_layers(tx, nowhere, even=True)
            await sounds_of_space(tx, nowhere)
        return None
    sounds = await sounds_of_space(tx, space, methods)
    return Candidates(
        space=space.id,
        space_name=space.name,
        tenant=space.tenant,
        non_member_access=space.non_member_access,
        doors=tuple([await _door(tx, space, method, media) for method in methods if method.space == space.id]),
        call_layers=await call_layers(tx, space, even=even),
        brand=sounds.brand,
        language=sounds.language,
    )


async def _door(tx: Transaction, space: Space, method: AccessMethod, media: bool) -> Door:
    if not media:
        return Door(method.id, method.own, method.passcode, secret=method.secret)
    layers = await leg_layers(tx, space, Entry(access_method=method.id))
    encryption = resolve_leg(layers).settings.media_encryption or MediaEncryption.OPTIONAL
    return Door(method.id, method.own, method.passcode, encryption, method.secret)
