"""A crowd in which everybody talks: who is not heard is listened to by turns, and still comes in."""

from __future__ import annotations

import pytest

from parley.engine.messages import Codec, Speakers
from parley.engine.mixer import CROWD, TURNS
from parley.engine.sound import RATE
from tests.engine.rig import OPUS, PCMU, TICK, Caller, Rig
from tests.engine.web_rig import WebRig
from tests.kit.tones import longest_hole, sine, tone_spans

LOUDEST = 3
OTHERS = LOUDEST + CROWD + 4
NEW = 1900.0


def crowd(codec: Codec) -> tuple[Rig, list[Caller], Caller]:
    """Many who talk at once, all equally loud, and one who says nothing yet; two seconds have passed."""
    rig = Rig(loudest=LOUDEST)
    talkers = rig.calls([f"talker-{number}" for number in range(OTHERS)], PCMU)
    late = rig.call("late", codec)
    rig.gather()
    for number, one in enumerate(talkers):
        one.say(sine(400 + 60 * number, 6, RATE, 0.05))
    rig.run(2)
    return rig, talkers, late


@pytest.mark.parametrize("codec", [PCMU, OPUS], ids=["pcmu", "opus"])
def test_a_louder_voice_comes_into_a_crowd_when_its_turn_comes(codec: Codec) -> None:
    """It is in the mix after a round of turns and the jitter buffer at the latest, and stays without a hole."""
    rig, talkers, late = crowd(codec)
    listener = talkers[-1]
    listener.forget()
    late.say(sine(NEW, 2, RATE, 0.3))
    rig.run(1.5)
    spans = tone_spans(listener.heard, NEW, RATE, 0.3)
    assert spans[0][0] <= TURNS * TICK + 0.1
    assert longest_hole(listener.heard[int((spans[0][0] + 0.1) * RATE) :], NEW, RATE, 0.3) == 0
    assert rig.told_of(Speakers)[-1].legs[0] == "late"


def test_equals_in_a_crowd_do_not_take_turns_in_the_mix() -> None:
    """Nobody new is a speaker as long as nobody is louder than those who are."""
    rig, _, _ = crowd(PCMU)
    before = set(rig.told_of(Speakers)[-1].legs)
    rig.told.clear()
    rig.run(2)
    assert len(before) == LOUDEST
    assert all(set(told.legs) == before for told in rig.told_of(Speakers))


def test_a_place_that_becomes_free_in_a_crowd_is_taken_at_once() -> None:
    """When a speaker leaves, another one of the crowd is heard with the next tick."""
    rig, talkers, late = crowd(PCMU)
    before = rig.told_of(Speakers)[-1].legs
    rig.gather(*(one.name for one in (*talkers, late) if one.name != before[0]))
    rig.run(0.1)
    late.forget()
    rig.run(0.5)
    now = rig.told_of(Speakers)[-1].legs
    (new,) = set(now) - set(before)
    assert set(now) - {new} == set(before[1:])
    number = int(new.removeprefix("talker-"))
    assert longest_hole(late.heard, 400 + 60 * number, RATE, 0.05) == 0


def test_who_tells_his_level_waits_for_no_turn() -> None:
    """A browser that begins to speak in a crowd of phones is heard at once, in whichever tick it begins."""
    rig = WebRig(loudest=LOUDEST)
    talkers = rig.calls([f"talker-{number}" for number in range(OTHERS)], PCMU)
    late = rig.browse("late", level_extension=1, level=-127)
    rig.gather()
    rig.connect(late)
    for number, one in enumerate(talkers):
        one.say(sine(400 + 60 * number, 30, RATE, 0.05))
    for _ in range(TURNS):
        rig.run(1.5 + TICK)
        talkers[-1].forget()
        late.level = -10
        late.say(sine(NEW, 0.4, RATE, 0.3))
        rig.run(0.4)
        late.level = -127
        rig.run(0.1)
        assert tone_spans(talkers[-1].heard, NEW, RATE, 0.3)[0][0] <= 0.09
