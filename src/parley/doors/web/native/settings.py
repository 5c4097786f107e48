"""Leg and call settings as values of this API, and where each effective value comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Annotated, Any

from pydantic import Field

from ....core.profiles import (
    CallLayer,
    CallSettings,
    DeactivationMode,
    EffectiveCall,
    EffectiveLeg,
    EntryScope,
    LegLayer,
    LegSettings,
    LockMode,
    MediaEncryption,
    PasscodeMode,
    settings_for,
)
from .values import In, Number, Out

Tone = Annotated[int, Field(ge=0, le=100)]  # up to so many participants; 0: never
DEFAULT = "default"  # the layer of what nobody has set


class LegSettingsIn(In):
    """null: unset, the layer above decides."""

    needs_activation: bool | None = None
    rx_audio_mute: bool | None = None
    tx_audio_mute: bool | None = None
    deactivation_mode: DeactivationMode | None = None
    deactivation_delay: Number | None = None
    max_duration: Number | None = None
    terminal_rx_audio_mute: bool | None = None
    waiting_room: bool | None = None
    media_encryption: MediaEncryption | None = None
    mute_self: bool | None = None
    unmute_self: bool | None = None
    passes_lock: bool | None = None
    agc: bool | None = None
    join_tone: Tone | None = None
    leave_tone: Tone | None = None
    may_lock: bool | None = None
    may_mute_others: bool | None = None
    may_end: bool | None = None
    may_free_mute: bool | None = None
    may_mute_newcomers: bool | None = None


class CallSettingsIn(In):
    """null: unset, the layer above decides."""

    participant_limit: Number | None = None
    locked: bool | None = None
    lock_mode: LockMode | None = None
    passcode_mode: PasscodeMode | None = None
    passcode_timeout: Number | None = None
    entry_scope: EntryScope | None = None


class LegSettingsOut(Out):
    """What a profile sets; null: nothing."""

    needs_activation: bool | None
    rx_audio_mute: bool | None
    tx_audio_mute: bool | None
    deactivation_mode: DeactivationMode | None
    deactivation_delay: int | None
    max_duration: int | None
    terminal_rx_audio_mute: bool | None
    waiting_room: bool | None
    media_encryption: MediaEncryption | None
    mute_self: bool | None
    unmute_self: bool | None
    passes_lock: bool | None
    agc: bool | None
    join_tone: int | None
    leave_tone: int | None
    may_lock: bool | None
    may_mute_others: bool | None
    may_end: bool | None
    may_free_mute: bool | None
    may_mute_newcomers: bool | None


class CallSettingsOut(Out):
    """What a profile sets; null: nothing."""

    participant_limit: int | None
    locked: bool | None
    lock_mode: LockMode | None
    passcode_mode: PasscodeMode | None
    passcode_timeout: int | None
    entry_scope: EntryScope | None


class Traced(Out):
    """One effective value, the layer that decided it ("default" where none did), and that layer's profile, if any."""

    value: bool | int | str | None
    layer: str
    profile: str | None


def shown(settings: LegSettings | CallSettings) -> dict[str, Any]:
    """Every value of one layer by name."""
    return {spec.name: getattr(settings, spec.name) for spec in fields(settings)}


def traced_leg(effective: EffectiveLeg, layers: Iterable[LegLayer], kind: str = "") -> dict[str, Traced]:
    """kind: of the leg, where it matters."""
    profiles: dict[str, str | None] = {}
    for layer in layers:
        _note(profiles, settings_for(layer.settings, kind), layer.profile)
    return _traced(effective.settings, effective.origins, profiles)


def traced_call(effective: EffectiveCall, layers: Iterable[CallLayer]) -> dict[str, Traced]:
    profiles: dict[str, str | None] = {}
    for layer in layers:
        _note(profiles, layer.settings, layer.profile)
    return _traced(effective.settings, effective.origins, profiles)


def _note(profiles: dict[str, str | None], settings: LegSettings | CallSettings, profile: str | None) -> None:
    for name, value in shown(settings).items():
        if value is not None:
            profiles[name] = profile


def _traced(
    settings: LegSettings | CallSettings, origins: Mapping[str, Enum], profiles: Mapping[str, str | None]
) -> dict[str, Traced]:
    return {
        name: Traced(
            value=value.value if isinstance(value, Enum) else value,
            layer=str(origins[name].value) if name in origins else DEFAULT,
            profile=profiles.get(name),
        )
        for name, value in shown(settings).items()
    }
