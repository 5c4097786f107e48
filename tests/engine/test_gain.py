"""Automatic gain: talkers of every loudness, and what is no talk."""

import numpy as np
import pytest

from parley.engine.gain import AutomaticGain
from parley.engine.sound import limit
from tests.engine.rig import OPUS, PCMU, Rig, talker
from tests.kit.tones import Sound, heard, level, sine, strength

RATE = 48_000


def speech(dbov: float, seconds: float, seed: int = 1) -> Sound:
    """Noise in syllables: four a second, each with its dip, and a pause of 300 ms every 1.5 s; RMS of its loud part."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    time = np.arange(len(noise)) / RATE
    envelope = np.clip(0.5 + np.sin(2 * np.pi * 4 * time), 0.05, 1.0) * (time % 1.5 < 1.2)
    sound = np.convolve(noise, np.ones(24) / 24, "same") * envelope
    loud = sound[(envelope > 0.5)]
    scaled: Sound = (sound / np.sqrt((loud**2).mean()) * 10 ** (dbov / 20)).astype(np.float32)
    return scaled


def loudness(sound: Sound) -> float:
    """Of its loud parts."""
    levels = level(sound, RATE)
    return float(np.median(levels[levels > levels.max() - 8]))


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
def test_faint_and_loud_talkers_come_out_alike_after_two_seconds(codec: object) -> None:
    """At -35 and -12 dBov they are within 3 dB of one another, and near -22; without automatic gain 23 dB apart."""
    came: dict[bool, list[float]] = {}
    for agc in (True, False):
        came[agc] = []
        for dbov in (-35.0, -12.0):
            rig = Rig()
            ann, bob = rig.calls(["ann", "bob"], codec)  # type: ignore[arg-type]
            rig.plan(talker("ann", agc=agc), talker("bob"))
            ann.say(speech(dbov, 5))
            rig.run(2)
            bob.forget()
            rig.run(3)
            came[agc].append(loudness(bob.heard))
    faint, loud = came[True]
    assert abs(faint - loud) < 3.0 and abs((faint + loud) / 2 - -22) < 3.0
    assert came[False][1] - came[False][0] > 20


@pytest.mark.parametrize("dbov", [-70.0, -58.0, -45.0])
def test_noise_of_a_room_is_never_brought_up(dbov: float) -> None:
    """Steady noise from the first packet on, for ten seconds: no gain at any moment."""
    noise = np.random.default_rng(2).standard_normal(10 * RATE) * 10 ** (dbov / 20)
    agc = AutomaticGain()
    for one in level(noise.astype(np.float32), RATE):
        agc.hear(float(one))
        assert agc.decibels <= 0.0


def test_noise_beside_a_faint_voice_goes_down_in_its_pauses() -> None:
    """The voice is brought up by 10 dB or more; half a second after it the noise has no gain, and its next word has."""
    agc = AutomaticGain()

    def said(dbov: float, seconds: float) -> list[float]:
        gains = []
        for one in level(speech(dbov, seconds) + speech(-60, seconds, 3), RATE):
            agc.hear(max(float(one), -62.0))
            gains.append(agc.decibels)
        return gains

    said(-36, 4)
    assert said(-36, 1)[-1] > 10
    pause = []
    for _ in range(100):
        agc.hear(-62.0)
        pause.append(agc.decibels)
    assert pause[0] > 10 and pause[60] <= 0.0 and pause[-1] <= 0.0
    assert said(-36, 0.1)[-1] > 10


def test_lost_packets_and_muted_phones_teach_nothing() -> None:
    """Digital silence neither changes the gain that was learnt nor makes the next noise look like speech."""
    agc = AutomaticGain()
    for _ in range(300):
        agc.hear(-127.0)
    for _ in range(100):
        agc.hear(-50.0)
        assert agc.decibels <= 0.0


def test_the_gain_is_bounded_and_steady() -> None:
    """A whisper gets 18 dB at most, a shout loses 15 at most, and an even talker hears no gain change after a while."""
    for dbov, least, most in ((-50.0, 10.0, 18.0), (-2.0, -15.0, -8.0), (-22.0, -4.0, 4.0)):
        agc = AutomaticGain()
        gains = []
        for one in level(speech(dbov, 12), RATE):
            agc.hear(float(one))
            gains.append(agc.decibels)
        settled = [gain for gain in gains[350:] if gain != 0.0 or abs(dbov + 22) < 1]
        assert least <= min(settled) and max(settled) <= most
        spoken = [gain for gain in settled if gain > 0] or settled
        assert max(spoken) - min(spoken) <= 3.0


def test_automatic_gain_reaches_the_statistics_and_goes_with_the_plan() -> None:
    """The decibels are told; a plan without it takes it away, and one that keeps it keeps what was learnt."""
    rig = Rig()
    ann, _ = rig.calls(["ann", "bob"])
    rig.plan(talker("ann", agc=True), talker("bob"))
    ann.say(speech(-35, 6))
    rig.run(3.1)
    before = rig.dump("ann")["automatic_gain_db"]
    rig.plan(talker("ann", agc=True), talker("bob", contributes=False))
    assert rig.dump("ann")["automatic_gain_db"] == before
    assert rig.told_statistics("ann").gain > 8 and rig.told_statistics("bob").gain == 0.0
    rig.gather()
    assert rig.dump("ann")["automatic_gain_db"] is None


def test_four_loud_talkers_are_turned_down_together_and_not_clipped() -> None:
    """Their sum is far over full scale: a listener hears all four alike and next to nothing else, and each of them the
    other three; a moment later one of them alone is as loud as ever."""
    tones = {"ann": 310, "bob": 430, "cid": 550, "dan": 910}
    rig = Rig()
    rig.calls([*tones, "eve"])
    rig.gather()
    for name, tone in tones.items():
        rig.callers[name].say(sine(tone, 1.5 + (name == "ann"), RATE, amplitude=0.6))
    rig.run(0.5)
    for caller in rig.callers.values():
        caller.forget()
    rig.run(1)
    whole = rig.callers["eve"].heard
    assert np.abs(whole).max() < 1.0
    strengths = [float(np.median(strength(whole, tone, RATE, 60))) for tone in tones.values()]
    assert max(strengths) / min(strengths) < 1.1 and min(strengths) > 0.12
    # Bent or clipped, they would make sums and differences of one another: 2 x 310 - 550 and the like.
    assert max(float(np.median(strength(whole, tone, RATE, 60))) for tone in (70, 190, 670, 1340)) < 0.01
    assert not heard(rig.callers["ann"].heard, 310, RATE, 0.3) and heard(rig.callers["ann"].heard, 910, RATE)
    rig.run(0.6)
    rig.callers["eve"].forget()
    rig.run(0.3)
    assert float(np.median(strength(rig.callers["eve"].heard, 310, RATE))) == pytest.approx(0.6, rel=0.1)


def test_the_limiter_bends_what_is_left_over() -> None:
    """Full scale is not left, and what is below the knee is not touched."""
    loud = sine(310, 0.1, RATE, amplitude=1.7)
    assert np.abs(limit(loud)).max() <= 1.0
    soft = sine(310, 0.1, RATE, amplitude=0.79)
    assert limit(soft) is soft
