"""Seats: what is kept of everybody at a browser, so that he is the same participant after a restart of the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from .admission import Proof
from .ids import ParticipantId, SpaceId, TenantId
from .leg_inputs import Granted
from .meeting_inputs import Entry, LegView, Stay
from .profiles import Layer, LegLayer, LegSettings


@dataclass(frozen=True, slots=True)
class Seat:
    """id: the SHA-256 of the token that resumes, in hexadecimal. space, tenant, entry, proof: as was granted.

    caller: the URI others see. call_id: what others can be told to type. stay: as last seen. Times are UTC.
    """

    id: str
    participant: ParticipantId
    space: SpaceId
    tenant: TenantId | None
    entry: Entry
    proof: Proof
    caller: str
    call_id: str
    name: str
    language: str
    changed: datetime
    expires: datetime
    stay: Stay = Stay()

    @property
    def returning(self) -> Granted:
        """What was granted, with what he returns to."""
        return Granted(self.space, self.tenant, self.entry, self.proof, self.stay)


def stay_of(leg: LegView) -> Stay:
    """What there is to return to. A profile that was set on the leg itself is kept by its values."""
    return Stay(
        causes=leg.causes,
        name=leg.name,
        settings=_own_settings(leg.layers),
        role=leg.role,
        cohost=leg.cohost,
        hand_raised=leg.hand_raised,
        muted_itself=leg.muted_itself,
        admitted=leg.admitted,
    )


def _own_settings(layers: Iterable[LegLayer]) -> LegSettings:
    own = [layer.settings for layer in layers if layer.layer is Layer.LEG]
    values = {spec.name: getattr(each, spec.name) for each in own for spec in fields(each)}
    return LegSettings(**{name: value for name, value in values.items() if value is not None})
