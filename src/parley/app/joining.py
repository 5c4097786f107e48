"""What is read of a space for those who join it, who may not join after all, and as what the others do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.admission import media_refused, within
from ..core.endings import Reason
from ..core.events import SPACE_MEETING
from ..core.ids import SpaceId
from ..core.key_commands import BUILT_IN_KEYS, KeyMap
from ..core.leg_inputs import JoinMeeting
from ..core.meeting_inputs import Entry, Join
from ..core.people import Tenant
from ..core.profiles import CallLayer, Layer, LegLayer, resolve_call, resolve_leg
from ..core.spaces import AccessMethod, Space
from .dtmf_profiles import keys_of_space
from .layers import call_layers, leg_layers
from .legs import LiveLegRunner
from .live import Party, without_scheme
from .ports import Transaction
from .sounds import Sounds, sounds_of_space


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """What the store holds of a space that joins and live meetings go by; layers of legs by their entry."""

    space: Space
    tenant: Tenant | None
    call: tuple[CallLayer, ...]
    legs: Mapping[Entry, tuple[LegLayer, ...]]
    kind: str = SPACE_MEETING
    sounds: Sounds = Sounds()
    keys: KeyMap = BUILT_IN_KEYS


async def space_facts(tx: Transaction, space_id: SpaceId, entries: Iterable[Entry]) -> SpaceFacts | None:
    """None: there is no such space. An entry whose door is gone is left out: who came in by it keeps what he has,
    for the space's own profile may well be a host's."""
    space = await tx.spaces.get(space_id)
    return await facts_of(tx, space, entries) if space is not None else None


async def facts_of(tx: Transaction, space: Space, entries: Iterable[Entry], kind: str = SPACE_MEETING) -> SpaceFacts:
    """As space_facts, of a space that is known."""
    standing = [e for e in entries if not e.access_method or await tx.access_methods.get(e.access_method)]
    return SpaceFacts(
        space=space,
        tenant=await tx.tenants.get(space.tenant) if space.tenant else None,
        call=await call_layers(tx, space),
        legs={entry: await leg_layers(tx, space, entry) for entry in standing},
        sounds=await sounds_of_space(tx, space),
        keys=await keys_of_space(tx, space),
        kind=kind,
    )


def entry_of(wish: JoinMeeting) -> Entry:
    """By which door the leg comes in."""
    return wish.entry or Entry(access_method=wish.access_method)


def why_not(
    facts: SpaceFacts | None, wish: JoinMeeting, door: AccessMethod | None, encrypted_media: bool = False
) -> Reason | None:
    """Why the leg does not come in although it was told to: what has been shut since, or what only shows now.

    Whoever was called comes in where strangers may not, and a member where those who are none may not.
    """
    if facts is None or not facts.space.enabled:
        return Reason.SPACE_DELETED
    entry = entry_of(wish)
    if door is None and entry.access_method is not None:
        return Reason.UNKNOWN_DESTINATION
    if not wish.called and entry.member is None:
        if not facts.space.non_member_access:
            return Reason.NOT_MEMBER
        if not within(resolve_call(facts.call).settings.entry_scope, wish.proof, facts.space.tenant):
            return Reason.ENTRY_RESTRICTED
    settings = resolve_leg((*facts.legs[entry], LegLayer(Layer.LEG, wish.settings))).settings
    return Reason.ENCRYPTION_REQUIRED if media_refused(settings.media_encryption, encrypted_media) else None


def join_of(
    leg: LiveLegRunner, party: Party, wish: JoinMeeting, facts: SpaceFacts, door: AccessMethod | None, language: str
) -> Join:
    """What the meeting is told of a leg that comes in. language: which of ours is spoken to it."""
    entry = entry_of(wish)
    return Join(
        leg=leg.id,
        generation=leg.generation,
        number=leg.number,
        participant=leg.participant,
        name=party.name,
        uri=without_scheme(party.caller),
        entry=entry,
        layers=facts.legs[entry],
        is_member=entry.member is not None,
        encrypted_media=leg.encrypted_media,
        kind=party.kind,
        language=language,
        settings=wish.settings,
        extras=wish.extras,
        admitted=wish.admitted,
        door_role=door.role if door else None,
        stay=wish.stay,
    )
