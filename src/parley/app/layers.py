"""Reads from the store what the pure rules need: the layers of profiles and the doors of an address."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.admission import Candidates, Door
from ..core.ids import LegProfileId
from ..core.meeting_inputs import Entry
from ..core.profiles import CallLayer, Layer, LegLayer
from ..core.spaces import AccessMethod, Space
from .ports import Transaction


async def leg_layers(tx: Transaction, space: Space, entry: Entry) -> tuple[LegLayer, ...]:
    """The layers that are set for somebody who entered so, in order, LEG left out (cms-api 3.1)."""
    tenant = await tx.tenants.get(space.tenant) if space.tenant else None
    method = await tx.access_methods.get(entry.access_method) if entry.access_method else None
    member = await tx.members.get(entry.member) if entry.member else None
    chosen: list[tuple[Layer, LegProfileId | None]] = [
        (Layer.SYSTEM, (await tx.system_defaults()).leg_profile),
        (Layer.TENANT, tenant.leg_profile if tenant else None),
        (Layer.SPACE, space.leg_profile),
        (Layer.ACCESS_METHOD, method.leg_profile if method else None),
        (Layer.MEMBER, member.leg_profile if member else None),
        (Layer.CALL_OUT, entry.call_out_profile),
    ]
    layers: list[LegLayer] = []
    for layer, profile_id in chosen:
        profile = await tx.leg_profiles.get(profile_id) if profile_id else None
        if profile is not None:
            layers.append(LegLayer(layer, profile.settings, profile.id, profile.extras))
    return tuple(layers)


async def call_layers(tx: Transaction, space: Space) -> tuple[CallLayer, ...]:
    """The layers of call settings that are set for a space, in order."""
    tenant = await tx.tenants.get(space.tenant) if space.tenant else None
    chosen = [
        (Layer.SYSTEM, (await tx.system_defaults()).call_profile),
        (Layer.TENANT, tenant.call_profile if tenant else None),
        (Layer.SPACE, space.call_profile),
    ]
    layers: list[CallLayer] = []
    for layer, profile_id in chosen:
        profile = await tx.call_profiles.get(profile_id) if profile_id else None
        if profile is not None:
            layers.append(CallLayer(layer, profile.settings, profile.id, profile.extras))
    return tuple(layers)


async def candidates(tx: Transaction, methods: Sequence[AccessMethod]) -> Candidates | None:
    """What these access methods (of one space) could mean for a caller; None when there are none."""
    if not methods:
        return None
    space = await tx.spaces.get(methods[0].space)
    if space is None:
        return None
    return Candidates(
        space=space.id,
        space_name=space.name,
        tenant=space.tenant,
        non_member_access=space.non_member_access,
        doors=tuple(Door(m.id, m.own, m.passcode) for m in methods if m.space == space.id),
        call_layers=await call_layers(tx, space),
    )
