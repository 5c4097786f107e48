"""Inheritable bundles of rights and behaviour, resolved field by field.

Two bundles exist: leg settings (one leg's rights and media behaviour) and call settings (the meeting's
and its entry). A field that is None is unset and falls through to the layer above; the lowest layer that
sets it decides, and the resolved value remembers that layer (cms-api 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from .ids import CallProfileId, LegProfileId

# Values of one dialect that core never reads: {dialect: {wire name: text as it is to be echoed}}.
Extras = Mapping[str, Mapping[str, str]]


class Layer(StrEnum):
    """Where a value was set; later members win."""

    SYSTEM = "system"
    TENANT = "tenant"
    SPACE = "space"
    ACCESS_METHOD = "access-method"
    MEMBER = "member"
    CALL_OUT = "call-out"
    LEG = "leg"


class DeactivationMode(StrEnum):
    """What happens to a leg that needs activation after the last activator has left."""

    DEACTIVATE = "deactivate"  # back to waiting
    DISCONNECT = "disconnect"
    REMAIN = "remain"  # stays in the meeting


class PasscodeMode(StrEnum):
    """How a caller says "no PIN" where one door is blank and others are not (cms-api 3.4)."""

    REQUIRED = "required"  # waits without limit; # alone means blank
    TIMEOUT = "timeout"  # silence after the prompt means blank too


class LockMode(StrEnum):
    """Whom a lock keeps waiting (cms-api 3.6)."""

    ALL = "all"
    NEEDS_ACTIVATION = "needs-activation"


class EntryScope(StrEnum):
    """Who may come in by dialling. More than everyone must be proven: a name in a header proves nothing."""

    EVERYONE = "everyone"
    TENANT = "tenant"  # proven users of the space's tenant, and those who were called
    INVITED = "invited"  # only those who were called or come by a personal link


class MediaEncryption(StrEnum):
    """What is asked of a leg's media."""

    OPTIONAL = "optional"
    REQUIRED = "required"  # plain RTP is refused
    PROHIBITED = "prohibited"  # SRTP is refused


@dataclass(frozen=True, slots=True)
class LegSettings:
    """One layer's leg settings. Times are seconds. rx: what we receive from the leg; tx: what it gets.

    terminal_rx_audio_mute: takes the place of rx_audio_mute for phones and room systems. waiting_room: the leg
    waits until a person lets it in. mute_self: it may mute and unmute itself; unmute_self: of these two, the latter.
    passes_lock: a locked meeting lets it in. agc: its voice is brought to the common level. join_tone, leave_tone: it
    hears somebody come or go while so many participants at most are active; 0: never. may_lock, may_mute_others,
    may_end, may_free_mute, may_mute_newcomers: by keys of a phone (core.key_commands).
    """

    needs_activation: bool | None = None
    rx_audio_mute: bool | None = None
    tx_audio_mute: bool | None = None
    deactivation_mode: DeactivationMode | None = None
    deactivation_delay: int | None = None
    max_duration: int | None = None
    terminal_rx_audio_mute: bool | None = None
    waiting_room: bool | None = None
    media_encryption: MediaEncryption | None = None
    mute_self: bool | None = None
    unmute_self: bool | None = None
    passes_lock: bool | None = None
    agc: bool | None = None
    join_tone: int | None = None
    leave_tone: int | None = None
    may_lock: bool | None = None
    may_mute_others: bool | None = None
    may_end: bool | None = None
    may_free_mute: bool | None = None
    may_mute_newcomers: bool | None = None

    def may_mute_self(self, muted: bool) -> bool:
        """May the leg itself bring this about? Of settings that are resolved."""
        return self.mute_self is not False and (muted or self.unmute_self is not False)


@dataclass(frozen=True, slots=True)
class CallSettings:
    """One layer's call settings. passcode_timeout: seconds from the end of the prompt."""

    participant_limit: int | None = None
    locked: bool | None = None
    lock_mode: LockMode | None = None
    passcode_mode: PasscodeMode | None = None
    passcode_timeout: int | None = None
    entry_scope: EntryScope | None = None


# Kinds of legs that are phones or room systems rather than browsers and apps.
TERMINALS = frozenset({"sip"})

# What holds when no layer says anything (cms-api 2.5, 2.6, 3.4, 8).
DEFAULT_LEG = LegSettings(
    needs_activation=False,
    rx_audio_mute=False,
    tx_audio_mute=False,
    deactivation_mode=DeactivationMode.DEACTIVATE,
    deactivation_delay=0,
    waiting_room=False,
    media_encryption=MediaEncryption.OPTIONAL,
    mute_self=True,
    unmute_self=True,
    passes_lock=False,
    agc=False,
    join_tone=0,
    leave_tone=0,
    may_lock=False,
    may_mute_others=False,
    may_end=False,
    may_free_mute=False,
    may_mute_newcomers=False,
)
DEFAULT_CALL = CallSettings(
    locked=False,
    lock_mode=LockMode.ALL,
    passcode_mode=PasscodeMode.REQUIRED,
    passcode_timeout=5,
    entry_scope=EntryScope.EVERYONE,
)


@dataclass(frozen=True, slots=True)
class LegProfile:
    """A named, shared bundle of leg settings."""

    id: LegProfileId
    name: str | None = None
    settings: LegSettings = LegSettings()
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallProfile:
    """A shared bundle of call settings."""

    id: CallProfileId
    settings: CallSettings = CallSettings()
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LegLayer:
    """One layer's contribution to a leg. `profile` is None for values set on the leg itself."""

    layer: Layer
    settings: LegSettings
    profile: LegProfileId | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallLayer:
    """One layer's contribution to a call."""

    layer: Layer
    settings: CallSettings
    profile: CallProfileId | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectiveLeg:
    """Resolved leg settings; `origins` names the deciding layer of each field (absent: built-in default)."""

    settings: LegSettings
    origins: Mapping[str, Layer]

    @property
    def needs_activation(self) -> bool:
        return bool(self.settings.needs_activation)


@dataclass(frozen=True, slots=True)
class EffectiveCall:
    """Resolved call settings; `origins` as in EffectiveLeg."""

    settings: CallSettings
    origins: Mapping[str, Layer]


def _merge(start: Any, layers: Iterable[LegLayer] | Iterable[CallLayer]) -> tuple[Any, dict[str, Layer]]:
    values: dict[str, Any] = {}
    origins: dict[str, Layer] = {}
    for entry in layers:
        for spec in fields(entry.settings):
            value = getattr(entry.settings, spec.name)
            if value is not None:
                values[spec.name] = value
                origins[spec.name] = entry.layer
    return replace(start, **values), origins


def settings_for(settings: LegSettings, kind: str) -> LegSettings:
    """One layer's settings as they count for a kind of leg: on terminals the mute of terminals stands in for the other.

    It does so layer by layer, so that a mute set on the leg itself wins over what its profile says of terminals.
    """
    if kind in TERMINALS and settings.terminal_rx_audio_mute is not None:
        return replace(settings, rx_audio_mute=settings.terminal_rx_audio_mute)
    return settings


def resolve_leg(layers: Iterable[LegLayer], kind: str = "") -> EffectiveLeg:
    """Layers in the order of Layer; the last one that sets a field decides it. kind: of the leg, where it matters."""
    settings, origins = _merge(
        DEFAULT_LEG, [replace(layer, settings=settings_for(layer.settings, kind)) for layer in layers]
    )
    return EffectiveLeg(settings, origins)


def resolve_call(layers: Iterable[CallLayer]) -> EffectiveCall:
    """Layers in the order of Layer; the last one that sets a field decides it."""
    settings, origins = _merge(DEFAULT_CALL, layers)
    return EffectiveCall(settings, origins)
