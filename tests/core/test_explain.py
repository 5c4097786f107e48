"""explain says what would happen and why, and never a PIN."""

import pytest

from parley.core.admission import Candidates
from parley.core.dialplan import InboundRule, Ivr
from parley.core.explain import Inquiry, explain
from parley.core.ids import AccessMethodId, CallProfileId, InboundRuleId, IvrId, LegProfileId, TenantId
from parley.core.leg_inputs import UnknownTarget
from parley.core.profiles import CallLayer, CallSettings, Layer, LegLayer, LegSettings, PasscodeMode
from parley.core.secret import Secret
from tests.core.leg_kit import space

RULE = InboundRule(InboundRuleId("rule-1"), "example.com", priority=3, resolve_to_users=False)
MIXED = space(None, "8642", mode=PasscodeMode.TIMEOUT, timeout=5)


def told(target: object, **more: object) -> str:
    return "\n".join(explain(Inquiry("room@example.com", target, **more)))  # type: ignore[arg-type]


def test_the_claiming_rule_is_named() -> None:
    """By domain, id, priority and what it resolves to; a rule of the settings has none of its own."""
    assert (
        "room@example.com is claimed by the inbound rule for example.com (rule-1, priority 3),"
        " which resolves to spaces, IVRs" in told(MIXED, rule=RULE)
    )
    assert "(of the settings)" in told(MIXED, rule=RULE, of_settings=True)
    assert "no inbound rule claims room@example.com" in told(UnknownTarget())
    assert "is a call ID" in told(MIXED, by_call_id=True)


def test_an_address_that_leads_nowhere_is_said_to() -> None:
    """The call would be refused at once."""
    assert "it leads nowhere: the call is refused at once" in told(UnknownTarget(), rule=RULE)


def test_doors_are_listed_with_whether_they_have_a_pin() -> None:
    """Own door and access method, blank or not."""
    text = told(MIXED, rule=RULE, names={AccessMethodId("d1"): "host"})
    assert "2 doors" in text
    assert "door d0 (the space's own): blank, no PIN" in text
    assert "door d1 (host): has a PIN" in text


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (space(None), "nothing is asked: the caller comes in by door d0"),
        (space("8642"), "a PIN is asked for"),
        (MIXED, "# alone, or 5 s of silence after the prompt, means the door without one"),
        (space(None, "8642"), "a PIN is asked for; # alone means the door without one"),
        (space(None, closed=True), "refused: the space is closed to non-members"),
    ],
)
def test_what_would_be_asked_is_what_admission_asks(target: Candidates, said: str) -> None:
    """One answer for each kind of doors."""
    assert said in told(target, rule=RULE)


@pytest.mark.parametrize(
    ("target", "pin", "locked", "said"),
    [
        (MIXED, "8642", False, "admitted by door d1"),
        (MIXED, "", False, "admitted by door d0"),
        (MIXED, "9753", False, "the PIN fits no door"),
        (MIXED, "8642", True, "locked out"),
        (None, "8642", False, "no space has this call ID"),
        (space(None), "8642", False, "the one given is not used"),
    ],
)
def test_what_the_pin_picks_is_said_without_the_pin(
    target: Candidates | None, pin: str, locked: bool, said: str
) -> None:
    """The verdict of admission in words; no PIN, neither typed nor stored, is shown."""
    text = told(target, by_call_id=True, pin=Secret(pin), locked=locked)
    assert said in text
    assert "8642" not in text
    assert "9753" not in text


def test_every_value_is_shown_with_its_layer() -> None:
    """Leg values per door, call values once; what nobody set is a built-in default."""
    target = Candidates(
        MIXED.space,
        "Space",
        None,
        True,
        MIXED.doors,
        (CallLayer(Layer.TENANT, CallSettings(participant_limit=9), CallProfileId("cp")),),
    )
    layers = {
        AccessMethodId("d0"): [LegLayer(Layer.SPACE, LegSettings(needs_activation=True), LegProfileId("guest"))],
        AccessMethodId("d1"): [
            LegLayer(Layer.SPACE, LegSettings(needs_activation=True, rx_audio_mute=True), LegProfileId("guest")),
            LegLayer(Layer.ACCESS_METHOD, LegSettings(needs_activation=False), LegProfileId("host")),
        ],
    }
    lines = explain(Inquiry("room@example.com", target, rule=RULE, leg_layers=layers))
    assert "  participant_limit = 9 (tenant, profile cp)" in lines
    assert "  locked = false (built-in default)" in lines
    guest = lines[lines.index("leg settings by door d0 (the space's own):") :]
    host = guest[guest.index("leg settings by door d1:") :]
    assert "  needs_activation = true (space, profile guest)" in guest
    assert "  needs_activation = false (access-method, profile host)" in host
    assert "  rx_audio_mute = true (space, profile guest)" in host
    assert "  max_duration = none (built-in default)" in host


def test_an_ivr_is_said_to_ask_for_a_call_id() -> None:
    """And whose spaces it reaches."""
    ivr = Ivr(IvrId("ivr"), "411", TenantId("t"), resolve_call_ids=False)
    text = told(ivr, rule=RULE)
    assert "it leads to IVR ivr: the caller is asked for a call ID" in text
    assert "only spaces of tenant t can be reached" in text
    assert "resolves no call IDs" in text
