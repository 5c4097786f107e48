"""What is stored of live legs and meetings, so that the server that is started next takes them up where they stood.

Machines count in monotonic seconds, which mean nothing to another process: `dated` and `timed` turn them into UTC and
back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from .active_time import ActiveTime
from .admission import NOTHING_PROVEN, Candidates, Proof
from .chat import ChatLine
from .dialplan import Echo, Ivr
from .events import SPACE_MEETING
from .ids import AccessMethodId, LegId, LegProfileId, MeetingId, ParticipantId, SpaceId, TenantId, UserId
from .ivr import SoFar
from .meeting_inputs import Entry, Join, Stay
from .meeting_legs import MeetingLeg
from .profiles import Extras, LegLayer, LegSettings, resolve_leg
from .spaces import Role
from .transitions import Standing

Dated = Callable[[float], datetime]  # of monotonic seconds
Timed = Callable[[datetime], float]  # the way back


@dataclass(frozen=True, slots=True)
class Inside:
    """One leg as its meeting has it. layers: without what was set on the leg, which is stay.settings, profile, extras.

    active_since: None while it waits; active_before: seconds of earlier activity.
    """

    joined: datetime
    name: str  # with which it joined
    uri: str
    entry: Entry
    layers: tuple[LegLayer, ...]
    stay: Stay
    is_member: bool = False
    language: str = "en"
    door_role: Role | None = None
    profile: LegProfileId | None = None
    profile_settings: LegSettings = LegSettings()
    extras: Extras = field(default_factory=dict)
    active_since: datetime | None = None
    active_before: float = 0.0


@dataclass(frozen=True, slots=True)
class AtEntrance:
    """A caller who is not in yet. ivr, echo or space: whither he came; of a space, by which doors, which are read
    afresh. wrong_ids, wrong_pins, began: as in SoFar."""

    ivr: Ivr | None = None
    echo: Echo | None = None
    space: SpaceId | None = None
    doors: tuple[AccessMethodId, ...] = ()
    proof: Proof = NOTHING_PROVEN
    wrong_ids: int = 0
    wrong_pins: int = 0
    began: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredLeg:
    """An answered leg, or a call of ours that rings. caller to direction: as in its Party. began: when it was made;
    counted: from when its duration counts. door: what its door wrote for itself, with keys in it; empty: the door has
    nothing to go on with. user, asserted: of a caller, as in Offered.

    meeting, inside: None while it stands at the entrance, of which entrance tells. tenant: of the meeting's space.
    """

    id: LegId
    number: int
    participant: ParticipantId
    caller: str
    dialled: str
    display_name: str
    kind: str
    direction: str
    language: str
    began: datetime
    counted: datetime
    encrypted_media: bool
    door: bytes = field(default=b"", repr=False)
    meeting: MeetingId | None = None
    tenant: TenantId | None = None
    inside: Inside | None = None
    user: UserId | None = None
    asserted: tuple[str, ...] = ()
    entrance: AtEntrance | None = None
    ringing: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a leg of the life before. inside: it is in a meeting. counted: from when its duration counts.
    source, language: as in Offered. so_far: of a caller at the entrance, whom Resume asks once more.

    Times are monotonic seconds of this life, which may lie before its beginning.
    """

    inside: bool
    counted: float
    encrypted_media: bool
    active_since: float | None = None
    active_before: float = 0.0
    source: str = ""
    language: str = ""
    so_far: SoFar | None = None


@dataclass(frozen=True, slots=True)
class StoredMeeting:
    """A meeting but for its legs. started: None before anybody was in. host_present, absent_since: as in Room.

    seen: when the server was last seen alive with it, to a minute.
    """

    id: MeetingId
    space: SpaceId
    name: str
    tenant: TenantId | None
    locked: bool
    kept_when_empty: bool
    host_present: bool
    absent_since: datetime
    started: datetime | None = None
    unencrypted: bool = False
    legs_most: int = 0
    legs_completed: int = 0
    chat: tuple[ChatLine, ...] = ()
    seen: datetime | None = None
    kind: str = SPACE_MEETING
    free_mute: bool = False
    newcomers_muted: bool | None = None


def inside_of(leg: MeetingLeg, dated: Dated) -> Inside:
    """The leg as it stands."""
    join = leg.join
    stay = Stay(
        causes=leg.standing.causes,
        name=leg.name,
        settings=leg.overrides,
        role=leg.role,
        cohost=leg.cohost,
        hand_raised=leg.hand_raised,
        muted_itself=leg.muted_itself,
        admitted=leg.standing.admitted,
    )
    return Inside(
        joined=dated(leg.joined_at),
        name=join.name,
        uri=join.uri,
        entry=join.entry,
        layers=leg.layers,
        stay=stay,
        is_member=join.is_member,
        language=join.language,
        door_role=join.door_role,
        profile=leg.profile,
        profile_settings=leg.profile_settings,
        extras={dialect: dict(values) for dialect, values in leg.extras.items()},
        active_since=dated(leg.active.since) if leg.active.since is not None else None,
        active_before=leg.active.before,
    )


def leg_again(stored: StoredLeg, inside: Inside, generation: int, timed: Timed) -> MeetingLeg:
    """The same leg: it does not join once more, and nothing is decided about it."""
    join = Join(
        leg=stored.id,
        generation=generation,
        number=stored.number,
        participant=stored.participant,
        name=inside.name,
        uri=inside.uri,
        entry=inside.entry,
        layers=inside.layers,
        is_member=inside.is_member,
        encrypted_media=stored.encrypted_media,
        kind=stored.kind,
        language=inside.language,
        door_role=inside.door_role,
    )
    stay = inside.stay
    leg = MeetingLeg(
        join,
        timed(inside.joined),
        inside.layers,
        resolve_leg(()),
        Standing(needs_activation=False, causes=stay.causes, is_member=inside.is_member, admitted=stay.admitted),
        overrides=stay.settings,
        profile=inside.profile,
        profile_settings=inside.profile_settings,
        extras={dialect: dict(values) for dialect, values in inside.extras.items()},
        active=ActiveTime(
            timed(inside.active_since) if inside.active_since is not None else None, inside.active_before
        ),
        name=stay.name,
        hand_raised=stay.hand_raised,
        role=stay.role,
        cohost=stay.cohost,
        muted_itself=stay.muted_itself,
    )
    leg.resolve()
    return leg


def at_entrance(target: Candidates | Ivr | Echo, proof: Proof, so_far: SoFar, dated: Dated) -> AtEntrance:
    """Of somebody who came to this target."""
    stored = AtEntrance(
        proof=proof,
        wrong_ids=so_far.wrong_ids,
        wrong_pins=so_far.wrong_pins,
        began=dated(so_far.began) if so_far.began is not None else None,
    )
    match target:
        case Candidates():
            doors = tuple(door.access_method for door in target.doors)
            return replace(stored, space=target.space, doors=doors)
        case Ivr():
            return replace(stored, ivr=target)
        case Echo():
            return replace(stored, echo=target)


def counted_so_far(stored: AtEntrance, timed: Timed) -> SoFar:
    """The way back."""
    began = timed(stored.began) if stored.began is not None else None
    return SoFar(stored.wrong_ids, stored.wrong_pins, began)
