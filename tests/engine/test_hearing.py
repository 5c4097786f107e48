"""Who hears whom, proved with tones through real codecs."""

from itertools import pairwise, product

import numpy as np
import pytest

from parley.engine.messages import Codec, LegPlan, Speakers
from parley.wire.rtp import parse_rtp
from tests.engine.rig import OPUS, PCMU, Rig, talker
from tests.kit.tones import heard, level, longest_hole, sine, strength, tone_spans

RATE = 48_000
TONES = {"ann": 400, "bob": 1100, "cid": 1900}


def hears(rig: Rig, seconds: float = 1.0) -> dict[str, set[str]]:
    """Everybody hums a tone of their own; who is heard by whom."""
    for name, frequency in TONES.items():
        if name in rig.callers:
            rig.callers[name].say(sine(frequency, seconds, RATE))
    rig.run(0.2)
    for caller in rig.callers.values():
        caller.forget()
    rig.run(seconds - 0.2)
    found = {
        listener: {name for name, frequency in TONES.items() if heard(caller.heard, frequency, RATE)}
        for listener, caller in rig.callers.items()
    }
    rig.run(1.0)
    return found


@pytest.mark.parametrize("codecs", [(OPUS, OPUS, OPUS), (PCMU, PCMU, PCMU), (OPUS, PCMU, OPUS), (PCMU, OPUS, PCMU)])
def test_everybody_hears_everybody_else_and_nobody_themselves(codecs: tuple[Codec, ...]) -> None:
    """Three active legs on any mixture of codecs: N-1 for each."""
    rig = Rig()
    for name, codec in zip(TONES, codecs, strict=True):
        rig.call(name, codec)
    rig.gather()
    assert hears(rig) == {"ann": {"bob", "cid"}, "bob": {"ann", "cid"}, "cid": {"ann", "bob"}}


def test_a_leg_without_a_plan_neither_hears_nor_is_heard() -> None:
    """A waiting leg that no plan names gets silence, and gives it."""
    rig = Rig()
    rig.calls(TONES)
    rig.gather("ann", "bob")
    assert hears(rig) == {"ann": {"bob"}, "bob": {"ann"}, "cid": set()}


@pytest.mark.parametrize(("contributes", "receives"), list(product([True, False], repeat=2)))
def test_talking_and_listening_are_separate_rights(contributes: bool, receives: bool) -> None:
    """Muting either way does that and nothing else."""
    rig = Rig()
    rig.calls(TONES)
    rig.plan(talker("ann"), talker("bob"), talker("cid", contributes=contributes, receives=receives))
    found = hears(rig)
    assert found["cid"] == ({"ann", "bob"} if receives else set())
    assert ("cid" in found["ann"], "cid" in found["bob"]) == (contributes, contributes)


def test_a_muted_voice_stops_with_the_next_tick_and_comes_back_at_once() -> None:
    """Mute cuts within 20 ms of sound; unmute needs no new start of the buffer."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"])
    rig.gather()
    ann.say(sine(400, 3, RATE))
    rig.run(1)
    rig.plan(talker("ann", contributes=False), talker("bob"))
    bob.forget()
    rig.run(0.5)
    # 20 ms of codec and filter may still ring.
    assert level(bob.heard[RATE * 40 // 1000 :], RATE).max() < -60
    rig.gather()
    bob.forget()
    rig.run(0.5)
    assert tone_spans(bob.heard, 400, RATE)[0][0] <= 0.03


def test_groups_do_not_hear_one_another() -> None:
    """Two groups of one meeting are two rooms."""
    rig = Rig()
    rig.calls(TONES)
    rig.plan(talker("ann"), talker("bob", group="side"), talker("cid", group="side"))
    assert hears(rig) == {"ann": set(), "bob": {"cid"}, "cid": {"bob"}}


def test_meetings_do_not_hear_one_another_and_the_last_plan_takes_the_leg() -> None:
    """A leg named by another meeting's plan has left the first."""
    rig = Rig()
    rig.calls(TONES)
    rig.plan(talker("ann"), talker("bob"), talker("cid"), meeting="one")
    rig.plan(talker("cid"), meeting="two")
    assert hears(rig) == {"ann": {"bob"}, "bob": {"ann"}, "cid": set()}
    rig.plan(talker("ann"), talker("cid"), meeting="two")
    assert hears(rig) == {"ann": {"cid"}, "bob": set(), "cid": {"ann"}}


def test_gain_makes_a_voice_softer_or_louder_for_the_others() -> None:
    """0.5 is 6 dB less, 2.0 is 6 dB more, 0 is silence."""
    measured = []
    for gain in (0.5, 1.0, 2.0, 0.0):
        rig = Rig()
        ann, bob = rig.calls(["ann", "bob"], PCMU)
        rig.plan(talker("ann", gain=gain), talker("bob"))
        ann.say(sine(400, 1, RATE, amplitude=0.2))
        rig.run(1)
        measured.append(float(np.median(strength(bob.heard[RATE // 2 :], 400, RATE))))
    assert measured[0] == pytest.approx(0.1, rel=0.1)
    assert measured[1] == pytest.approx(0.2, rel=0.1)
    assert measured[2] == pytest.approx(0.4, rel=0.1)
    assert measured[3] < 0.001


def test_loud_voices_together_do_not_clip() -> None:
    """Three voices near full scale reach a fourth within full scale, and all three are there."""
    rig = Rig()
    rig.calls(TONES)
    listener = rig.call("dan")
    rig.gather()
    for name, frequency in TONES.items():
        rig.callers[name].say(sine(frequency, 1, RATE, amplitude=0.8))
    rig.run(1)
    assert np.abs(listener.heard).max() < 1.2  # Opus overshoots a little; unlimited it would be 2.4
    assert all(heard(listener.heard, frequency, RATE, 0.8) for frequency in TONES.values())


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
def test_the_first_sound_of_an_utterance_is_not_cut_off(codec: Codec) -> None:
    """After a long silence a word is heard from its start, in its full length."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], codec)
    rig.gather()
    rig.run(3)
    bob.forget()
    ann.say(sine(400, 0.3, RATE))
    rig.run(1)
    spans = tone_spans(bob.heard, 400, RATE)
    assert len(spans) == 1
    assert spans[0][0] <= 0.08
    assert spans[0][1] - spans[0][0] == pytest.approx(0.3, abs=0.02)


def test_only_the_loudest_are_mixed() -> None:
    """Of five who talk at different levels, the three loudest are heard where three is the limit."""
    rig = Rig(loudest=3)
    amplitudes = {400: 0.3, 900: 0.2, 1400: 0.12, 1900: 0.02, 2400: 0.01}
    for number, (frequency, amplitude) in enumerate(amplitudes.items()):
        rig.call(f"talker-{number}", PCMU).say(sine(frequency, 3, RATE, amplitude))
    listener = rig.call("listener", PCMU)
    rig.gather()
    rig.run(1)
    listener.forget()
    rig.run(1)
    present = [f for f, a in amplitudes.items() if heard(listener.heard, f, RATE, a)]
    assert present == [400, 900, 1400]
    last = rig.told_of(Speakers)[-1]
    assert last.legs == ("talker-0", "talker-1", "talker-2")


def test_a_newly_loud_voice_enters_within_two_ticks() -> None:
    """With every place taken, a louder voice is in the mix two ticks after its first packet was due."""
    rig = Rig(loudest=2)
    one, two, new = rig.calls(["one", "two", "new"], PCMU)
    listener = rig.call("listener", PCMU)
    rig.gather()
    one.say(sine(400, 5, RATE, 0.02))
    two.say(sine(900, 5, RATE, 0.1))
    rig.run(2)
    listener.forget()
    new.say(sine(1900, 2, RATE, 0.3))
    rig.run(1)
    # 40 ms of jitter buffer and filters, and two ticks.
    assert tone_spans(listener.heard, 1900, RATE, 0.3)[0][0] <= 0.08
    late = listener.heard[RATE // 2 :]
    assert heard(late, 900, RATE, 0.1)
    assert not heard(late, 400, RATE, 0.02)


def test_a_mixed_voice_stays_for_400_ms() -> None:
    """A voice that has just entered is not pushed out by a louder one before 400 ms have passed."""
    rig = Rig(loudest=1)
    first, second = rig.calls(["first", "second"], PCMU)
    listener = rig.call("listener", PCMU)
    rig.gather()
    rig.run(1)
    listener.forget()
    first.say(sine(400, 3, RATE, 0.1))
    rig.run(0.1)
    second.say(sine(1900, 3, RATE, 0.4))
    rig.run(1.5)
    (start, end) = tone_spans(listener.heard, 400, RATE, 0.1)[0]
    assert end - start == pytest.approx(0.4, abs=0.03)
    assert tone_spans(listener.heard, 1900, RATE, 0.4)[0][0] == pytest.approx(end, abs=0.03)


def test_silence_in_a_place_gives_way_to_speech() -> None:
    """Speakers in turn, each as loud as the last, are all heard from their first 100 ms with one place."""
    rig = Rig(loudest=1)
    first, second = rig.calls(["first", "second"], PCMU)
    listener = rig.call("listener", PCMU)
    rig.gather()
    first.say(sine(400, 1, RATE))
    rig.run(1.1)
    second.say(sine(1900, 1, RATE))
    rig.run(1.2)
    spans = tone_spans(listener.heard, 1900, RATE)
    assert spans[0][0] <= 1.1 + 0.1
    assert longest_hole(listener.heard, 1900, RATE) == 0


def test_noise_below_the_threshold_takes_no_place() -> None:
    """A quiet line is neither mixed nor told as a speaker."""
    rig = Rig()
    rig.calls(["ann", "bob"])
    rig.gather()
    rig.callers["ann"].say(sine(400, 1, RATE, amplitude=0.0008))
    rig.run(1)
    assert rig.told_of(Speakers) == []


def test_speakers_are_told_on_change_only_and_loudest_first() -> None:
    """One talks, two talk, silence: three tellings and no more, never two within 100 ms."""
    rig = Rig()
    ann, bob, _ = rig.calls(TONES)
    rig.gather()
    ann.say(sine(400, 2, RATE, 0.1))
    rig.run(1)
    bob.say(sine(1100, 1, RATE, 0.4))
    rig.run(3)
    told = [message.legs for message in rig.told_of(Speakers)]
    assert told[:2] == [("ann",), ("bob", "ann")]
    assert told[-1] == ()
    assert len(told) <= 4  # they may fall silent in one tick or in two


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
def test_the_stream_to_a_leg_never_stops(codec: Codec) -> None:
    """Silence, prompt, mix and shared mix are one RTP stream: every sequence number, steady time, one SSRC."""
    rig = Rig()
    ann, bob, _ = rig.calls(TONES, codec)
    rig.run(0.3)
    rig.play("ann", "enter-pin")
    rig.run(0.5)
    rig.gather()
    bob.say(sine(1100, 1, RATE))
    rig.run(0.5)
    ann.say(sine(400, 1, RATE))
    rig.run(1)
    rig.plan()
    rig.run(0.5)
    packets = [parse_rtp(data) for data in ann.received]
    assert len(packets) == round(2.8 / 0.02)
    step = codec.clock_rate // 50
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == step
        assert after.ssrc == before.ssrc
        assert after.payload_type == codec.payload_type


def test_moving_between_encoders_makes_no_hole_and_no_bang() -> None:
    """A listener who starts and stops talking hears the other's tone evenly through both changes."""
    rig = Rig()
    ann, bob, _ = rig.calls(TONES)
    rig.gather()
    bob.say(sine(1100, 4, RATE))
    rig.run(0.5)
    ann.forget()
    for _ in range(3):
        ann.say(sine(400, 0.3, RATE))
        rig.run(1.0)
    assert longest_hole(ann.heard, 1100, RATE) == 0
    assert np.abs(ann.heard).max() < 0.35
    assert strength(ann.heard, 1100, RATE).min() > 0.15


def test_a_plan_with_an_older_number_changes_nothing() -> None:
    """Plans are numbered; a lower or equal number than the last is answered and ignored."""
    rig = Rig()
    rig.calls(TONES)
    rig.plan(talker("ann"), talker("bob"), number=5)
    for number in (5, 4):
        rig.plan(talker("ann"), talker("bob"), talker("cid"), number=number)
    assert hears(rig)["cid"] == set()
    rig.plan(LegPlan(leg="gone"), talker("ann"), talker("cid"), number=6)
    assert hears(rig) == {"ann": {"cid"}, "bob": set(), "cid": {"ann"}}


def test_who_holds_is_not_heard_whatever_comes_from_there() -> None:
    """Music of a phone that holds reaches nobody; what the meeting says would still reach the phone, were it sent."""
    rig = Rig()
    rig.calls(["ann", "bob"])
    rig.call("cid", receives=False)
    rig.gather()
    assert hears(rig) == {"ann": {"bob"}, "bob": {"ann"}, "cid": {"ann", "bob"}}
