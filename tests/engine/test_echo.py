"""A leg that hears itself, measured with tones."""

import pytest

from parley.engine.messages import Codec, Failed, LegPlan
from tests.engine.rig import OPUS, PCMU, RATE, Rig
from tests.kit.tones import heard, sine, tone_spans


def alone(leg: str, echo_ms: int = 1000) -> LegPlan:
    return LegPlan(leg=leg, contributes=True, receives=True, echo_ms=echo_ms)


@pytest.mark.parametrize("codec", [OPUS, PCMU])
def test_what_a_leg_says_comes_back_after_the_delay(codec: Codec) -> None:
    """A second later, to within what the jitter buffer and the codec add, and as long as it was said."""
    rig = Rig()
    ann = rig.call("ann", codec)
    rig.plan(alone("ann"), meeting="echo:ann")
    rig.run(0.5)
    ann.forget()
    ann.say(sine(440, 0.5, RATE))
    rig.run(2.5)
    [(start, end)] = tone_spans(ann.heard, 440, RATE)
    assert 1.0 <= start <= 1.15 and 0.45 <= end - start <= 0.55


def test_a_prompt_covers_the_echo_and_does_not_delay_it() -> None:
    """What was said during the greeting is not kept for after it."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    rig.plan(alone("ann", 400), meeting="echo:ann")
    rig.run(0.2)
    rig.play("ann", "welcome", "welcome", "welcome", "welcome")  # 0.96 s of 600 and 800 Hz
    ann.say(sine(440, 0.3, RATE))
    rig.run(1.2)
    ann.forget()
    ann.say(sine(440, 0.2, RATE))
    rig.run(1.2)
    [(start, _)] = tone_spans(ann.heard, 440, RATE)
    assert 0.4 <= start <= 0.55


def test_two_who_hear_themselves_do_not_hear_one_another() -> None:
    """Each has a plan of his own."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.plan(alone("ann", 100), meeting="echo:ann")
    rig.plan(alone("bob", 100), meeting="echo:bob")
    ann.say(sine(440, 1, RATE))
    bob.say(sine(1100, 1, RATE))
    rig.run(1.2)
    assert [heard(ann.heard, tone, RATE) for tone in (440, 1100)] == [True, False]
    assert [heard(bob.heard, tone, RATE) for tone in (440, 1100)] == [False, True]


@pytest.mark.parametrize("echo_ms", [-20, 10_020])
def test_a_delay_without_bounds_is_refused(echo_ms: int) -> None:
    """Memory for what was said is bounded."""
    rig = Rig()
    rig.call("ann", PCMU)
    answer = rig.plan(alone("ann", echo_ms))
    assert isinstance(answer, Failed) and answer.code == "bad-request"
