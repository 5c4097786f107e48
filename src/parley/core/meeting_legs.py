"""One leg as its meeting keeps it: layers, standing, time, and what the media plan and the view say of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

from .active_time import ActiveTime
from .ids import LegProfileId
from .mediaplan import LegMedia
from .meeting_inputs import Cause, Join, LegView, OverrideLeg, Stay
from .profiles import EffectiveLeg, Layer, LegLayer, LegSettings, resolve_leg
from .spaces import Role
from .transitions import Standing, State

# What a waiting leg hears, and after how many seconds again: often enough to know the line is alive.
WAITING_FOR_HOST = "waiting-for-host"
MEETING_LOCKED = "meeting-locked"
REPEAT_AFTER = 30.0

NOTHING_SET = LegSettings()


def announcement(causes: frozenset[Cause]) -> str:
    """The prompt for these causes. A lock is told first: a host's coming will not end it."""
    return MEETING_LOCKED if Cause.LOCKED in causes else WAITING_FOR_HOST


@dataclass(slots=True)
class MeetingLeg:
    """Changed only by its meeting. `layers` are those of the join; what was set on the leg itself is beside them."""

    join: Join
    joined_at: float
    layers: tuple[LegLayer, ...]
    effective: EffectiveLeg
    standing: Standing
    overrides: LegSettings = LegSettings()
    profile: LegProfileId | None = None
    profile_settings: LegSettings = LegSettings()
    extras: dict[str, dict[str, str]] = field(default_factory=dict)
    active: ActiveTime = field(default_factory=ActiveTime)
    name: str = ""  # what it was renamed to
    hand_raised: bool = False
    role: Role | None = None  # what it was made while inside
    cohost: bool = False
    muted_itself: bool = False  # its own doing was the last word on its mute

    @classmethod
    def of(cls, join: Join, now: float) -> MeetingLeg:
        extras = {name: dict(values) for name, values in join.extras.items()}
        standing = Standing(needs_activation=False, is_member=join.is_member)
        leg = cls(join, now, join.layers, resolve_leg(()), standing, overrides=join.settings, extras=extras)
        if join.stay is not None:
            leg._return(join.stay)
        leg.resolve()
        return leg

    def _return(self, stay: Stay) -> None:
        self.standing = replace(self.standing, causes=stay.causes, admitted=stay.admitted)
        self.overrides, self.name, self.role, self.cohost = stay.settings, stay.name, stay.role, stay.cohost
        self.hand_raised, self.muted_itself = stay.hand_raised, stay.muted_itself

    def all_layers(self) -> tuple[LegLayer, ...]:
        """In order; what was set on the leg itself comes last, its profile before its single values."""
        own: list[LegLayer] = []
        if self.profile is not None:
            own.append(LegLayer(Layer.LEG, self.profile_settings, self.profile))
        if self.overrides != NOTHING_SET or self.extras:
            own.append(
                LegLayer(Layer.LEG, self.overrides, extras={name: dict(values) for name, values in self.extras.items()})
            )
        return (*self.layers, *own)

    def resolve(self) -> None:
        self.effective = resolve_leg(self.all_layers(), self.join.kind)
        self.standing = self.standing.resolved(self.effective)

    def override(self, change: OverrideLeg) -> None:
        self.set_values(change.settings, change.unset)
        if change.profile is not None:
            self.profile = change.profile
            self.profile_settings = change.profile_settings or LegSettings()
        elif "profile" in change.unset:
            self.profile = None
            self.profile_settings = LegSettings()
        for dialect, name, text in change.extras:
            values = self.extras.setdefault(dialect, {})
            if text is None:
                values.pop(name, None)
            else:
                values[name] = text
            if not values:
                del self.extras[dialect]

    def set_values(self, settings: LegSettings, unset: Iterable[str] = ()) -> None:
        """Values that are set replace; names in `unset` are cleared; a name in both is set."""
        names = [spec.name for spec in fields(LegSettings)]
        cleared = {name: None for name in names if name in set(unset)}
        given = {name: getattr(settings, name) for name in names if getattr(settings, name) is not None}
        if "rx_audio_mute" in given:
            # The later word counts: a leg muted as a terminal when it came must hear an unmute of itself.
            cleared["terminal_rx_audio_mute"] = None
        if "rx_audio_mute" in given or "rx_audio_mute" in cleared:
            self.muted_itself = False
        self.overrides = replace(self.overrides, **{**cleared, **given})

    def begin_muted(self, muted: bool) -> None:
        """Heard from the first moment or not, unless that was said of this very leg."""
        if self.overrides.rx_audio_mute is None:
            self.set_values(LegSettings(rx_audio_mute=muted))
            self.resolve()

    def mute_itself(self, muted: bool) -> None:
        self.set_values(LegSettings(rx_audio_mute=muted))
        self.muted_itself = muted

    def stand(self, standing: Standing, now: float) -> bool:
        """Take a new standing and keep the time. True: it began or ceased to wait."""
        before = self.standing.state
        self.standing = standing
        if standing.state is State.ACTIVE:
            self.active.begin(now)
        elif standing.state is State.WAITING:
            self.active.stop(now)
        return standing.state is not before

    @property
    def too_long_at(self) -> float | None:
        limit = self.effective.settings.max_duration
        return None if limit is None else self.joined_at + limit

    def media(self, brand: str = "") -> LegMedia:
        """brand: whose prompts are heard in this meeting."""
        settings = self.effective.settings
        causes = self.standing.causes
        if causes:
            return LegMedia(
                self.join.leg,
                contributes=False,
                receives=False,
                announcement=announcement(causes),
                language=self.join.language,
                repeat_after=REPEAT_AFTER,
                brand=brand,
            )
        return LegMedia(
            self.join.leg,
            contributes=not settings.rx_audio_mute,
            receives=not settings.tx_audio_mute,
            agc=bool(settings.agc),
            language=self.join.language,
            brand=brand,
        )

    def view(self, now: float, free_mute: bool = False) -> LegView:
        join = self.join
        return LegView(
            leg=join.leg,
            number=join.number,
            participant=join.participant,
            name=self.name or join.name,
            uri=join.uri,
            kind=join.kind,
            entry=join.entry,
            effective=self.effective,
            layers=self.all_layers(),
            causes=self.standing.causes,
            seconds=now - self.joined_at,
            active_seconds=self.active.seconds(now),
            encrypted_media=join.encrypted_media,
            hand_raised=self.hand_raised,
            role=self.role,
            door_role=join.door_role,
            muted_itself=self.muted_itself,
            cohost=self.cohost,
            admitted=self.standing.admitted,
            free_mute=free_mute,
        )
