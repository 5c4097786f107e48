"""Twelve callers in one meeting, on the virtual clock: who hears whom, from when, without holes."""

import numpy as np
import pytest

from parley.engine.messages import Codec
from tests.engine.rig import OPUS, PCMU, Rig
from tests.kit.tones import heard, level, longest_hole, sine, tone_spans

RATE = 48_000
# 200 Hz apart at least, so that a 10 ms window tells one from another.
FREQUENCIES = (320, 520, 940, 1140, 1340, 1540, 1740, 1940, 2140, 2340, 2640, 2900)


def counted_sweep(base: float) -> np.ndarray:
    """Ten words of 300 ms with 200 ms between them, each higher than the last."""
    words = [np.concatenate((sine(base + 40 * n, 0.3, RATE), np.zeros(RATE // 5, np.float32))) for n in range(10)]
    return np.concatenate(words)


@pytest.mark.parametrize("codecs", [(OPUS,), (PCMU,), (OPUS, PCMU)], ids=["opus", "pcmu", "mixed"])
def test_twelve_callers_hear_every_word_of_the_others_and_none_of_their_own(
    codecs: tuple[Codec, ...],
) -> None:
    """One counts, three speak at once, then each in turn for a second."""
    rig = Rig()
    callers = [rig.call(f"caller-{n}", codecs[n % len(codecs)]) for n in range(12)]
    rig.gather()
    rig.run(1.0)

    for caller in callers:
        caller.forget()
    callers[0].say(counted_sweep(400))
    rig.run(5.2)
    for caller in callers[1:]:
        words = [start for start, end in _sounding(caller.heard) if end - start > 0.25]
        assert words == pytest.approx([0.5 * n for n in range(10)], abs=0.1)
    assert level(callers[0].heard, RATE).max() < -60

    _three_at_once(rig)
    _each_in_turn(rig)


def _sounding(sound: np.ndarray) -> list[tuple[float, float]]:
    from tests.kit.tones import spans

    return spans(level(sound, RATE, 10) > -30, 10)


def _three_at_once(rig: Rig) -> None:
    callers = list(rig.callers.values())
    for caller in callers:
        caller.forget()
    together = {1: 320, 5: 1140, 9: 2340}
    for number, frequency in together.items():
        callers[number].say(sine(frequency, 1.5, RATE))
    rig.run(2.5)
    for number, caller in enumerate(callers):
        for speaker, frequency in together.items():
            assert heard(caller.heard, frequency, RATE) == (speaker != number)
            if speaker != number:
                (first, *_), longest = tone_spans(caller.heard, frequency, RATE), 40
                assert first[0] <= 0.1
                assert longest_hole(caller.heard, frequency, RATE) <= longest


def _each_in_turn(rig: Rig) -> None:
    callers = list(rig.callers.values())
    for caller in callers:
        caller.forget()
    for caller, frequency in zip(callers, FREQUENCIES, strict=True):
        caller.say(sine(frequency, 1.0, RATE))
        rig.run(1.0)
    rig.run(0.5)
    for number, caller in enumerate(callers):
        for turn, frequency in enumerate(FREQUENCIES):
            mine = caller.heard[int(turn * RATE) : int((turn + 1.2) * RATE)]
            if turn == number:
                own = caller.heard[int((turn + 0.15) * RATE) : int((turn + 0.95) * RATE)]
                assert not heard(own, frequency, RATE)
                continue
            spans = tone_spans(mine, frequency, RATE)
            assert spans[0][0] <= 0.1
            assert spans[-1][1] - spans[0][0] == pytest.approx(1.0, abs=0.06)
            assert longest_hole(mine, frequency, RATE) <= 40


def test_fifty_silent_listeners_cost_no_encode() -> None:
    """While nobody talks everybody gets the same ready-made packet."""
    rig = Rig()
    callers = [rig.call(f"caller-{n}") for n in range(50)]
    for caller in callers:
        caller.talking = False
    rig.gather()
    rig.run(0.2)
    payloads = {caller.received[-1][12:] for caller in callers}
    assert len(payloads) == 1


def test_all_listeners_get_one_shared_encode() -> None:
    """Everybody who is not in the mix gets byte-identical payloads; the speaker's own differ."""
    rig = Rig()
    callers = [rig.call(f"caller-{n}") for n in range(6)]
    rig.gather()
    for caller in callers[:2]:
        caller.say(sine(400 if caller is callers[0] else 1900, 1, RATE))
    rig.run(0.5)
    payloads = [caller.received[-1][12:] for caller in callers]
    assert len(set(payloads[2:])) == 1
    assert len(set(payloads)) == 3
