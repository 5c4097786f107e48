"""What a meeting is told and what it answers: the only entrance to a live meeting and its only exit.

`Meeting.handle(input, now) -> list[Effect]`, `Meeting.next_deadline() -> float | None`, `Meeting.view(now)`.
Every message about a leg names the leg's generation: a message of an older generation is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .chat import ChatLine
from .endings import Ending, Reason
from .events import SPACE_MEETING, Event
from .ids import AccessMethodId, LegId, LegProfileId, MeetingId, MemberId, ParticipantId, SpaceId, TenantId
from .key_commands import KeyCommand
from .mediaplan import MediaPlan
from .profiles import CallLayer, EffectiveCall, EffectiveLeg, Extras, LegLayer, LegSettings
from .spaces import Role


class Cause(StrEnum):
    """Why a leg waits. A leg is active when it has none."""

    NO_HOST = "no-host"  # it needs activation and no active activator is present
    LOCKED = "locked"  # it came while the meeting was locked
    WAITING_ROOM = "waiting-room"  # only a person's decision ends it
    SENT_BACK = "sent-back"  # only a person's decision ends it


@dataclass(frozen=True, slots=True)
class Entry:
    """By which door a leg came in; enough to look its layers up again when something changes."""

    access_method: AccessMethodId | None = None
    member: MemberId | None = None
    call_out_profile: LegProfileId | None = None


# --- inputs --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stay:
    """What somebody was in a meeting that a restart of the server broke off, to be the same in the one after it.

    causes: for which he waited. settings: what was set on the leg itself. admitted: let in singly.
    """

    causes: frozenset[Cause] = frozenset()
    name: str = ""
    settings: LegSettings = LegSettings()
    role: Role | None = None
    cohost: bool = False
    hand_raised: bool = False
    muted_itself: bool = False
    admitted: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """An admitted leg asks to become part of the meeting. layers: SYSTEM to CALL_OUT, those that are set.

    settings, extras: of the leg itself from the first moment. admitted: it waits for nothing, for somebody has
    let it in already. door_role: as what the access method lets people in, where it says. stay: it returns to what
    it was, and neither a lock nor a limit keeps it out.
    """

    leg: LegId
    generation: int
    number: int
    participant: ParticipantId
    name: str
    uri: str  # without scheme
    entry: Entry
    layers: tuple[LegLayer, ...]
    is_member: bool = False
    encrypted_media: bool = False
    kind: str = "sip"
    language: str = "en"
    settings: LegSettings = LegSettings()
    extras: Extras = field(default_factory=dict)
    admitted: bool = False
    door_role: Role | None = None
    stay: Stay | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """The leg is gone, whatever was in flight."""

    leg: LegId
    generation: int
    ending: Ending


@dataclass(frozen=True, slots=True)
class OverrideLeg:
    """Change values on the leg itself: `settings` replaces the fields it sets, `unset` names fields to clear.

    `extras`: (dialect, wire name, text or None to clear) triples that are stored and echoed.
    """

    leg: LegId
    settings: LegSettings = LegSettings()
    unset: frozenset[str] = frozenset()
    profile: LegProfileId | None = None
    profile_settings: LegSettings | None = None  # of that profile, looked up by the app
    extras: tuple[tuple[str, str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class OverrideLegs:
    """The same for several legs at once. participants None: all; `exclude` turns the list round."""

    settings: LegSettings
    participants: frozenset[ParticipantId] | None = None
    exclude: bool = True


@dataclass(frozen=True, slots=True)
class AdmitParticipant:
    """Let one waiting participant in: removes every cause it has."""

    participant: ParticipantId


@dataclass(frozen=True, slots=True)
class SendBack:
    """Send one participant back to wait (cause SENT_BACK)."""

    participant: ParticipantId


@dataclass(frozen=True, slots=True)
class MuteSelf:
    """One participant asks to be muted or unmuted; muted None: the other way round than it is.

    Its own settings say whether it may (`LegSettings.may_mute_self`); each of its legs hears SelfMuted, and what has
    become of it stands in the view. Others are muted by OverrideLegs, without a question.
    """

    participant: ParticipantId
    muted: bool | None = None


@dataclass(frozen=True, slots=True)
class DoByKeys:
    """The participant of this leg asks by keys for something; its own settings say whether it may.

    Answered by SelfMuted for its own mute, else by KeysDone.
    """

    leg: LegId
    command: KeyCommand


@dataclass(frozen=True, slots=True)
class SetFreeMute:
    """Everybody may mute and unmute himself, whatever his settings say; False: as they say."""

    free: bool


@dataclass(frozen=True, slots=True)
class SetNewcomersMuted:
    """Who joins from now on is not heard at first, or is; None: as his settings say."""

    muted: bool | None


@dataclass(frozen=True, slots=True)
class SetHands:
    """Raise or lower the hands of these participants."""

    participants: frozenset[ParticipantId]
    raised: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """Show one participant under another name."""

    participant: ParticipantId
    name: str


@dataclass(frozen=True, slots=True)
class SetRole:
    """Make one participant a host or a guest from now on, whatever door it came by.

    settings and unset: what that means for its legs, as in OverrideLeg.
    """

    participant: ParticipantId
    role: Role
    settings: LegSettings = LegSettings()
    unset: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SetCohost:
    """Make one participant a co-host, or no longer; a new role ends it. settings and unset: as in SetRole."""

    participant: ParticipantId
    cohost: bool
    settings: LegSettings = LegSettings()
    unset: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Say:
    """One participant says something by text. Nobody hears who is not in or waits. at: UTC."""

    participant: ParticipantId
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DropLeg:
    leg: LegId
    ending: Ending


@dataclass(frozen=True, slots=True)
class DropParticipant:
    participant: ParticipantId
    ending: Ending


@dataclass(frozen=True, slots=True)
class SetLocked:
    locked: bool


@dataclass(frozen=True, slots=True)
class SetKeptWhenEmpty:
    """True: the meeting stays although nobody is in it."""

    kept: bool


@dataclass(frozen=True, slots=True)
class End:
    """Everybody goes."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class LegLayersChanged:
    """A profile, space, access method or member changed: these are the leg's layers now (without LEG)."""

    leg: LegId
    layers: tuple[LegLayer, ...]


@dataclass(frozen=True, slots=True)
class SpaceChanged:
    """The space's name, call settings or brand changed."""

    name: str
    call_layers: tuple[CallLayer, ...]
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """The time asked for by next_deadline has come (or any other time)."""


MeetingInput = (
    Join
    | Left
    | OverrideLeg
    | OverrideLegs
    | AdmitParticipant
    | SendBack
    | MuteSelf
    | DoByKeys
    | SetFreeMute
    | SetNewcomersMuted
    | SetHands
    | Rename
    | SetRole
    | SetCohost
    | Say
    | DropLeg
    | DropParticipant
    | SetLocked
    | SetKeptWhenEmpty
    | End
    | LegLayersChanged
    | SpaceChanged
    | Tick
)

# --- effects, in the order in which they are to be performed -----------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """Journal class: append before any later effect of the same batch."""

    event: Event


@dataclass(frozen=True, slots=True)
class ApplyPlan:
    """Live class: the newest plan."""

    plan: MediaPlan


@dataclass(frozen=True, slots=True)
class Announce:
    """Live class: lay a prompt over what these legs hear, once."""

    meeting: MeetingId
    prompt: str
    legs: tuple[LegId, ...]
    language: str
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """News to a leg: it is active."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """News to a leg: it waits for these causes (never empty)."""

    causes: frozenset[Cause]


@dataclass(frozen=True, slots=True)
class JoinRefused:
    """News to a leg: it did not become part of the meeting."""

    reason: Reason  # a limit, MEETING_ENDED, SPACE_DELETED or ENCRYPTION_REQUIRED


@dataclass(frozen=True, slots=True)
class Dropped:
    """News to a leg: it is out of the meeting and should hang up with this ending."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class SelfMuted:
    """News to a leg: its participant asked for this by MuteSelf, and it was granted or refused."""

    muted: bool
    granted: bool


@dataclass(frozen=True, slots=True)
class KeysDone:
    """News to a leg: its participant asked for this by keys, and it was done or refused."""

    command: KeyCommand
    granted: bool


LegNews = Admitted | Waiting | JoinRefused | Dropped | SelfMuted | KeysDone


@dataclass(frozen=True, slots=True)
class TellLeg:
    """Live class: news for one leg of this generation."""

    leg: LegId
    generation: int
    news: LegNews


@dataclass(frozen=True, slots=True)
class Finished:
    """The meeting is over; nothing follows and every later input is answered with nothing or JoinRefused.

    ordered: somebody ended it; else the last one left.
    """

    meeting: MeetingId
    ordered: bool = False


MeetingEffect = Record | ApplyPlan | Announce | TellLeg | Finished

# --- what others may read -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegView:
    """One leg as it stands. role: what it was made while inside; None: what its door says.

    door_role: what its access method says, if anything. muted_itself: its own doing was the last word on its mute.
    cohost: a guest who may do for the host what hosts let others do. admitted: let in singly, without a host.
    free_mute: as in the meeting's view.
    """

    leg: LegId
    number: int
    participant: ParticipantId
    name: str
    uri: str
    kind: str
    entry: Entry
    effective: EffectiveLeg
    layers: tuple[LegLayer, ...]  # in order, LEG included when something is set on the leg
    causes: frozenset[Cause]
    seconds: float  # since it joined
    active_seconds: float
    encrypted_media: bool
    hand_raised: bool = False
    role: Role | None = None
    door_role: Role | None = None
    muted_itself: bool = False
    cohost: bool = False
    admitted: bool = False
    free_mute: bool = False

    def may_mute_itself(self, muted: bool) -> bool:
        """May it bring this about?"""
        return self.free_mute or self.effective.settings.may_mute_self(muted)

    @property
    def stands_as(self) -> Role:
        """What it was made inside, else what its door says, else a host is whoever activates others."""
        if (said := self.role or self.door_role) is not None:
            return said
        return Role.GUEST if self.effective.needs_activation else Role.HOST

    @property
    def muted(self) -> bool:
        """Is nothing heard of it?"""
        return bool(self.effective.settings.rx_audio_mute)

    @property
    def waits(self) -> bool:
        return bool(self.causes)

    @property
    def is_activator(self) -> bool:
        """Active and activates others."""
        return not self.causes and not self.effective.needs_activation


@dataclass(frozen=True, slots=True)
class MeetingView:
    """One meeting as it stands; legs in join order, chat oldest first.

    free_mute: everybody may mute and unmute himself. newcomers_muted: None: as their settings say.
    """

    meeting: MeetingId
    space: SpaceId
    name: str
    tenant: TenantId | None
    locked: bool
    kept_when_empty: bool
    seconds: float
    legs_most: int
    legs_completed: int
    call: EffectiveCall
    legs: tuple[LegView, ...]
    chat: tuple[ChatLine, ...] = ()
    kind: str = SPACE_MEETING
    free_mute: bool = False
    newcomers_muted: bool | None = None


def by_participant(legs: Iterable[LegView]) -> Mapping[ParticipantId, LegView]:
    """The first leg of each participant, in the order of joining."""
    found: dict[ParticipantId, LegView] = {}
    for leg in legs:
        found.setdefault(leg.participant, leg)
    return found
