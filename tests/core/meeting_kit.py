"""A meeting on simulated time: join and leave by name, then look at plan, records and news."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from parley.core.endings import Ending, Reason, Side
from parley.core.events import Event
from parley.core.ids import LegId, MeetingId, ParticipantId, SpaceId
from parley.core.mediaplan import LegMedia
from parley.core.meeting import Meeting
from parley.core.meeting_inputs import (
    ApplyPlan,
    Cause,
    Entry,
    Join,
    Left,
    LegNews,
    LegView,
    MeetingEffect,
    MeetingInput,
    Record,
    TellLeg,
    Tick,
)
from parley.core.profiles import CallLayer, CallSettings, DeactivationMode, Layer, LegLayer, LegSettings
from parley.core.survival import Inside, StoredLeg, leg_again

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
GONE = Ending(Side.REMOTE, Reason.HANG_UP)
MODES = {
    "deactivate": DeactivationMode.DEACTIVATE,
    "disconnect": DeactivationMode.DISCONNECT,
    "remain": DeactivationMode.REMAIN,
}


def guest_settings(mode: str = "deactivate", delay: int = 0) -> LegSettings:
    return LegSettings(needs_activation=True, deactivation_mode=MODES[mode], deactivation_delay=delay)


HOST = LegSettings(needs_activation=False)
GUEST = guest_settings()


def join(
    name: str,
    settings: LegSettings = HOST,
    *,
    generation: int = 0,
    member: bool = False,
    encrypted: bool = True,
    participant: str | None = None,
) -> Join:
    return Join(
        leg=LegId(name),
        generation=generation,
        number=1,
        participant=ParticipantId(participant or name),
        name=name,
        uri=f"{name}@example.com",
        entry=Entry(),
        layers=(LegLayer(Layer.SPACE, settings),),
        is_member=member,
        encrypted_media=encrypted,
    )


def dated(moment: float) -> datetime:
    return EPOCH + timedelta(seconds=moment)


def timed(moment: datetime) -> float:
    return (moment - EPOCH).total_seconds()


def stored_leg(join: Join, inside: Inside) -> StoredLeg:
    """The row of a leg as far as its meeting is concerned."""
    return StoredLeg(
        id=join.leg,
        number=join.number,
        participant=join.participant,
        caller=f"sip:{join.uri}",
        dialled="sip:room@example.com",
        display_name="",
        kind=join.kind,
        direction="incoming",
        language="",
        began=inside.joined,
        counted=inside.joined,
        encrypted_media=join.encrypted_media,
        inside=inside,
    )


class Gathering:
    """Drives one meeting. `effects` are those of the last input; `plan` is the newest plan by leg."""

    def __init__(self, call: CallSettings | None = None) -> None:
        self.now = 1000.0
        layers = (CallLayer(Layer.SPACE, call or CallSettings()),)
        self.meeting = Meeting(MeetingId("m"), SpaceId("s"), "Room", None, layers, self.now)
        self.effects: list[MeetingEffect] = []
        self.plan: dict[str, LegMedia] = {}
        self.plan_numbers: list[int] = []

    def do(self, given: MeetingInput) -> list[MeetingEffect]:
        self.effects = self.meeting.handle(given, self.now)
        for effect in self.effects:
            if isinstance(effect, ApplyPlan):
                self.plan = {media.leg: media for media in effect.plan.legs}
                self.plan_numbers.append(effect.plan.number)
        return self.effects

    def live_again(self, layers: Iterable[CallLayer]) -> None:
        """As after a restart of the server: all there is passes through what is stored."""
        meeting, insides = self.meeting.stored(dated)
        joins = {leg.join.leg: leg.join for leg in self.meeting._there.legs.values()}
        legs = [
            leg_again(stored_leg(joins[id], inside), inside, joins[id].generation, timed)
            for id, inside in insides.items()
        ]
        self.meeting = Meeting.again(meeting, legs, layers, self.now, timed)
        self.plan_numbers = []

    def join(self, name: str, settings: LegSettings = HOST, **options: object) -> list[MeetingEffect]:
        return self.do(join(name, settings, **options))  # type: ignore[arg-type]

    def leave(self, name: str, generation: int = 0) -> list[MeetingEffect]:
        return self.do(Left(LegId(name), generation, GONE))

    def wait(self, seconds: float) -> list[MeetingEffect]:
        """Let time pass, with a tick at every deadline on the way."""
        until = self.now + seconds
        seen: list[MeetingEffect] = []
        while (due := self.meeting.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            seen += self.do(Tick())
        self.now = until
        self.effects = seen
        return seen

    def events(self) -> list[Event]:
        return [effect.event for effect in self.effects if isinstance(effect, Record)]

    def lines(self) -> list[str]:
        """The records of the last input as `Kind leg`."""
        return [f"{type(e).__name__} {getattr(e, 'leg', '')}".strip() for e in self.events()]

    def news(self) -> list[tuple[str, LegNews]]:
        return [(effect.leg, effect.news) for effect in self.effects if isinstance(effect, TellLeg)]

    def leg(self, name: str) -> LegView:
        return next(leg for leg in self.meeting.view(self.now).legs if leg.leg == name)

    def causes(self) -> dict[str, set[Cause]]:
        return {leg.leg: set(leg.causes) for leg in self.meeting.view(self.now).legs}

    def active(self) -> list[str]:
        return [leg.leg for leg in self.meeting.view(self.now).legs if not leg.causes]


def started() -> Gathering:
    """A host and two active guests."""
    room = Gathering()
    room.join("host")
    room.join("ann", GUEST)
    room.join("bob", GUEST)
    return room
