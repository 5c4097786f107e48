"""Which profile applies (cms-api 3.1)."""

from itertools import combinations

import pytest

from parley.core.profiles import (
    CallLayer,
    CallSettings,
    DeactivationMode,
    Layer,
    LegLayer,
    LegSettings,
    LockMode,
    MediaEncryption,
    PasscodeMode,
    resolve_call,
    resolve_leg,
)

ORDER = ["system", "tenant", "space", "access-method", "member", "call-out", "leg"]


def test_the_layers_stand_in_the_order_of_the_sheet() -> None:
    """System, tenant, space, access method, member, call-out, leg: later ones win."""
    assert [str(layer) for layer in Layer] == ORDER


@pytest.mark.parametrize(("outer", "inner"), list(combinations(ORDER, 2)))
def test_of_any_two_layers_the_inner_one_decides(outer: str, inner: str) -> None:
    """A value set on two layers is that of the inner one, and says so."""
    effective = resolve_leg(
        [
            LegLayer(Layer(outer), LegSettings(needs_activation=True, deactivation_delay=9)),
            LegLayer(Layer(inner), LegSettings(needs_activation=False)),
        ]
    )
    assert effective.settings.needs_activation is False
    assert effective.origins["needs_activation"] == inner
    assert effective.settings.deactivation_delay == 9
    assert effective.origins["deactivation_delay"] == outer


def test_fields_are_resolved_each_by_itself() -> None:
    """A layer that sets one field leaves every other to the layers above."""
    effective = resolve_leg(
        [
            LegLayer(Layer.SYSTEM, LegSettings(rx_audio_mute=True, max_duration=60)),
            LegLayer(Layer.SPACE, LegSettings(needs_activation=True)),
            LegLayer(Layer.ACCESS_METHOD, LegSettings(deactivation_mode=DeactivationMode.REMAIN)),
        ]
    )
    assert effective.settings == LegSettings(
        needs_activation=True,
        rx_audio_mute=True,
        tx_audio_mute=False,
        deactivation_mode=DeactivationMode.REMAIN,
        deactivation_delay=0,
        max_duration=60,
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
    assert "tx_audio_mute" not in effective.origins


def test_without_any_layer_the_built_in_values_hold() -> None:
    """Nobody waits, nobody is muted; a lock is for all; a blank PIN is said with `#`."""
    leg, call = resolve_leg([]), resolve_call([])
    assert not leg.needs_activation
    assert leg.settings.deactivation_mode is DeactivationMode.DEACTIVATE
    assert leg.settings.deactivation_delay == 0
    assert call.settings.lock_mode is LockMode.ALL
    assert call.settings.passcode_mode is PasscodeMode.REQUIRED
    assert call.settings.participant_limit is None
    assert leg.origins == call.origins == {}


def test_call_settings_resolve_the_same_way() -> None:
    """System, tenant, space; each field remembers its layer."""
    effective = resolve_call(
        [
            CallLayer(Layer.SYSTEM, CallSettings(participant_limit=5, locked=True)),
            CallLayer(Layer.TENANT, CallSettings(participant_limit=7)),
            CallLayer(Layer.SPACE, CallSettings(passcode_timeout=3)),
        ]
    )
    assert effective.settings.participant_limit == 7
    assert effective.settings.locked is True
    assert effective.settings.passcode_timeout == 3
    assert effective.origins == {"participant_limit": "tenant", "locked": "system", "passcode_timeout": "space"}


@pytest.mark.parametrize(
    ("kind", "layers", "muted"),
    [
        ("sip", [LegSettings(rx_audio_mute=True, terminal_rx_audio_mute=False)], False),
        ("web", [LegSettings(rx_audio_mute=True, terminal_rx_audio_mute=False)], True),
        ("sip", [LegSettings(rx_audio_mute=False, terminal_rx_audio_mute=True)], True),
        ("web", [LegSettings(rx_audio_mute=False, terminal_rx_audio_mute=True)], False),
        ("sip", [LegSettings(terminal_rx_audio_mute=True), LegSettings(rx_audio_mute=False)], False),
        ("sip", [LegSettings(rx_audio_mute=False), LegSettings(terminal_rx_audio_mute=True)], True),
        ("sip", [LegSettings(rx_audio_mute=True)], True),
    ],
)
def test_terminals_have_a_mute_of_their_own(kind: str, layers: list[LegSettings], muted: bool) -> None:
    """For phones it takes the place of the general one on the same layer; a later layer wins over both."""
    order = [Layer.SPACE, Layer.LEG]
    effective = resolve_leg([LegLayer(layer, one) for layer, one in zip(order, layers, strict=False)], kind)
    assert effective.settings.rx_audio_mute is muted
