"""Tones and words over the mix."""

import numpy as np
import pytest

from parley.engine.messages import Announce, Codec, Done, Failed
from parley.engine.overlays import MOST_WAITING
from tests.engine.rig import OPUS, PCMU, Rig, talker
from tests.kit.tones import heard, longest_hole, sine, strength, tone_spans

RATE = 48_000
TONE = 10 ** (-15 / 20)  # peak of the tones
LONG = 60.0  # milliseconds of a window that tells notes a third apart


def announce(rig: Rig, *legs: str, prompt: str = "join-tone", meeting: str = "m", language: str = "en") -> object:
    return rig.ask(Announce(id=next(rig.ids), meeting=meeting, prompt=prompt, legs=legs, language=language))


def notes(sound: np.ndarray, *frequencies: int) -> list[float]:
    """The greatest strength of each."""
    return [float(strength(sound, frequency, RATE, LONG).max()) for frequency in frequencies]


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
def test_a_tone_lies_over_the_talk_of_those_it_is_for(codec: Codec) -> None:
    """Ann talks on without a hole; the two that are named hear both notes at their level, ann and cid none of them."""
    rig = Rig()
    ann, bob, cid, dan = rig.calls(["ann", "bob", "cid", "dan"], codec)
    rig.gather()
    ann.say(sine(400, 3, RATE))
    dan.say(sine(1900, 3, RATE))  # one who is in the mix himself
    rig.run(1)
    for caller in rig.callers.values():
        caller.forget()
    assert announce(rig, "bob", "dan") == Done(id=next(rig.ids) - 1)
    rig.run(0.6)
    for caller in (bob, dan):
        assert notes(caller.heard, 659, 880) == pytest.approx([TONE, TONE], rel=0.15)
        assert len(tone_spans(caller.heard, 880, RATE, TONE)) == 1, "once"
    for caller in (ann, cid):
        assert max(notes(caller.heard, 659, 880)) < TONE / 10
    for caller in (bob, cid, dan):
        assert heard(caller.heard, 400, RATE) and longest_hole(caller.heard[1000:-1000], 400, RATE) == 0.0


def test_a_tone_is_heard_in_silence_and_silence_again_after_it() -> None:
    """Where nobody talks the tone stands alone, and after it the stream goes on with silence."""
    rig = Rig()
    ann, _ = rig.calls(["ann", "bob"])
    rig.gather()
    rig.run(0.5)
    ann.forget()
    announce(rig, "ann", "bob", prompt="leave-tone")
    rig.run(1)
    first, second = (tone_spans(ann.heard, note, RATE, TONE) for note in (880, 659))
    assert len(first) == len(second) == 1 and first[0][0] < second[0][0] < 0.2
    assert np.abs(ann.heard[RATE // 2 :]).max() < 0.001


def test_sounds_for_one_leg_follow_one_another_and_others_do_not_wait() -> None:
    """Bob's second one begins when his first has ended; cid's is heard at once."""
    rig = Rig()
    _, bob, cid = rig.calls(["ann", "bob", "cid"])
    rig.gather()
    rig.run(0.2)
    bob.forget()
    cid.forget()
    announce(rig, "bob", prompt="enter-pin", language="x-test")  # 600 Hz for 200 ms
    announce(rig, "bob", prompt="enter-pin-or-wait", language="x-test")  # 800 Hz
    announce(rig, "cid", prompt="enter-pin-or-hash", language="x-test")  # 700 Hz
    rig.run(1)
    loud = 0.7
    assert 0.19 < tone_spans(bob.heard, 800, RATE, loud)[0][0] < 0.28
    assert tone_spans(cid.heard, 700, RATE, loud)[0][0] < 0.04


def test_more_than_a_few_in_waiting_are_left_out() -> None:
    """A meeting that is stormed is not rung for minutes."""
    rig = Rig()
    ann, _ = rig.calls(["ann", "bob"])
    rig.gather()
    rig.run(0.2)
    for _ in range(4 * MOST_WAITING):
        announce(rig, "ann")
    rig.run(5)
    assert len(tone_spans(ann.heard, 880, RATE, TONE)) == MOST_WAITING


def test_waiting_legs_and_strangers_hear_nothing_of_it() -> None:
    """Nor is an unknown meeting or leg an error; an unknown prompt is, and changes nothing."""
    rig = Rig()
    ann, bob, cid = rig.calls(["ann", "bob", "cid"])
    rig.plan(talker("ann"), talker("bob", contributes=False, receives=False, announcement="welcome", language="x-test"))
    rig.run(0.2)
    assert isinstance(announce(rig, "ann", meeting="none"), Done)
    answer = announce(rig, "ann", prompt="nothing")
    assert isinstance(answer, Failed) and answer.code == "unknown-prompt"
    rig.run(0.5)
    assert max(notes(ann.heard, 659, 880)) < 0.01
    assert isinstance(announce(rig, "ann", "bob", "cid", "nobody"), Done)
    rig.run(0.5)
    assert min(notes(ann.heard, 659, 880)) > TONE / 2
    assert notes(cid.heard, 659, 880) == pytest.approx([0, 0], abs=0.01)
    assert not tone_spans(bob.heard[RATE // 2 :], 880, RATE, TONE)
