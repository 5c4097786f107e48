"""Prompts: the files, and who hears them when."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from parley.engine.messages import Done, Failed, LoadPrompts, PlayEnded, StopPlaying
from parley.engine.prompts import DIRECTORY, UnknownPrompt, read_clip
from tests.engine.rig import OPUS, PCMU, Rig, prompts, talker
from tests.kit.tones import heard, sine, strength, tone_spans

RATE = 48_000
NAMES = [
    "welcome", "enter-id", "id-incorrect-try-again", "id-incorrect-final-attempt", "id-incorrect-goodbye",
    "enter-pin", "enter-pin-or-hash", "enter-pin-or-wait", "pin-incorrect-try-again",
    "pin-incorrect-final-attempt", "pin-incorrect-goodbye", "timeout-goodbye", "waiting-for-host",
    "meeting-locked", "only-participant", "meeting-ended", "disconnected", "meeting-full",
    "muted", "unmuted", "mute-refused", "echo",
    "locked", "unlocked", "others-muted", "others-unmuted", "done", "confirm-join",
]  # fmt: skip
BEEP = 0.7  # peak of the prompts, -3 dBov


@pytest.mark.parametrize("language", ["en", "zh", "pt", "x-test"])
def test_every_prompt_exists_in_every_language(language: str) -> None:
    """Same names everywhere, short, at one loudness."""
    assert sorted(path.stem for path in (DIRECTORY / language).glob("*.wav")) == sorted(NAMES)
    for name in NAMES:
        clip = read_clip(DIRECTORY / language / f"{name}.wav")
        assert 0.15 < len(clip) / RATE < 3.5
        assert 0.65 < np.abs(clip.astype(np.int32)).max() / 32768 < 0.8


def test_prompts_differ_between_languages() -> None:
    """No language is a copy of another."""
    for name in NAMES:
        clips = [prompts().clip(name, language) for language in ("en", "zh", "pt", "x-test")]
        assert len({len(clip) for clip in clips}) == 4


@pytest.mark.parametrize(("language", "same_as"), [("pt-BR", "pt"), ("zh-Hans-CN", "zh"), ("fr", "en"), ("", "en")])
def test_languages_fall_back(language: str, same_as: str) -> None:
    """A region falls back to its language, an unknown language to English."""
    assert prompts().clip("welcome", language) is prompts().clip("welcome", same_as)


def test_an_unknown_prompt_is_refused() -> None:
    """No name of a path and no unknown name is found."""
    for name in ("nothing", "../en/welcome", ""):
        with pytest.raises(UnknownPrompt):
            prompts().clip(name, "en")


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
def test_prompts_play_one_after_another_and_their_end_is_told(codec: object) -> None:
    """600 Hz then 3200 Hz, 200 ms each, no pause between, and PlayEnded with the number when both are out."""
    rig = Rig()
    ann = rig.call("ann", codec)  # type: ignore[arg-type]
    rig.run(0.1)
    ann.forget()
    assert isinstance(rig.play("ann", "enter-pin", "pin-incorrect-try-again", play=9), Done)
    rig.run(0.38)
    assert rig.told_of(PlayEnded) == []
    rig.run(0.02)
    # Filled up to whole frames, and the file's resampling filter rings 1 ms: one frame more.
    rig.run(0.02)
    assert [(end.leg, end.play) for end in rig.told_of(PlayEnded)] == [("ann", 9)]
    rig.run(0.3)
    (low,) = tone_spans(ann.heard, 600, RATE, BEEP)
    (high,) = tone_spans(ann.heard, 3200, RATE, BEEP)
    assert low[0] <= 0.03
    assert high[0] == pytest.approx(low[1], abs=0.02)
    assert high[1] - low[0] == pytest.approx(0.4, abs=0.03)
    assert len(rig.told_of(PlayEnded)) == 1


def test_a_new_play_replaces_the_old_one_without_its_end() -> None:
    """Only the second play's end is told."""
    rig = Rig()
    ann = rig.call("ann")
    rig.play("ann", "enter-pin", play=1)
    rig.run(0.1)
    ann.forget()
    rig.play("ann", "enter-pin-or-wait", play=2)
    rig.run(1)
    assert [end.play for end in rig.told_of(PlayEnded)] == [2]
    assert not heard(ann.heard[RATE // 25 :], 600, RATE, BEEP)
    assert heard(ann.heard, 800, RATE, BEEP)


def test_a_stopped_play_is_silent_and_tells_no_end() -> None:
    """StopPlaying acts at once; stopping again is fine."""
    rig = Rig()
    ann = rig.call("ann")
    rig.play("ann", "enter-pin")
    rig.run(0.1)
    ann.forget()
    for number in (50, 51):
        assert rig.ask(StopPlaying(id=number, leg="ann")) == Done(id=number)
    rig.run(1)
    assert not heard(ann.heard[RATE // 25 :], 600, RATE, BEEP)
    assert rig.told_of(PlayEnded) == []


def test_unknown_prompts_change_nothing() -> None:
    """Play and plan with an unknown name fail whole: the old play goes on, the old plan stays."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"])
    rig.gather()
    rig.play("ann", "enter-pin", play=1)
    answer = rig.play("ann", "enter-pin", "no-such", play=2)
    assert isinstance(answer, Failed)
    assert answer.code == "unknown-prompt"
    refused = rig.plan(talker("ann"), talker("bob", announcement="no-such"))
    assert isinstance(refused, Failed)
    assert refused.code == "unknown-prompt"
    ann.say(sine(400, 1, RATE))
    rig.run(1)
    assert [end.play for end in rig.told_of(PlayEnded)] == [1]
    assert heard(bob.heard, 400, RATE)


def test_an_announcement_repeats_after_its_pause() -> None:
    """200 ms of beep, 300 ms of pause, and again; the meeting is not heard meanwhile."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"])
    rig.plan(
        talker("ann"),
        talker(
            "bob",
            contributes=False,
            receives=False,
            announcement="waiting-for-host",
            language="x-test",
            repeat_ms=300,
        ),
    )
    ann.say(sine(400, 3, RATE))
    rig.run(2.2)
    starts = [start for start, _ in tone_spans(bob.heard, 3100, RATE, BEEP)]
    assert len(starts) == 5
    assert np.diff(starts) == pytest.approx(0.52, abs=0.03)
    assert not heard(bob.heard, 400, RATE)


def test_an_announcement_without_repetition_plays_once_and_then_the_mix_is_heard() -> None:
    """A leg that may listen hears the prompt instead of the mix, then the mix."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.plan(talker("ann"), talker("bob", announcement="enter-pin", language="x-test"))
    ann.say(sine(1900, 3, RATE))
    rig.run(2)
    (beep,) = tone_spans(bob.heard, 600, RATE, BEEP)
    (tone,) = tone_spans(bob.heard, 1900, RATE)
    assert tone[0] == pytest.approx(beep[1], abs=0.05)
    assert tone[1] == pytest.approx(2.0, abs=0.05)


def test_a_new_plan_does_not_restart_the_same_announcement() -> None:
    """Only a changed announcement, or entering anew, plays it again."""
    rig = Rig()
    bob = rig.call("bob")
    waiting = talker("bob", contributes=False, receives=False, announcement="enter-pin", language="x-test")
    for _ in range(5):
        rig.plan(waiting)
        rig.run(0.3)
    assert len(tone_spans(bob.heard, 600, RATE, BEEP)) == 1
    rig.plan(talker("bob"))
    rig.run(0.1)
    rig.plan(waiting)
    rig.run(0.5)
    assert len(tone_spans(bob.heard, 600, RATE, BEEP)) == 2


def test_play_goes_before_announcement_and_mix() -> None:
    """While a Play lasts nothing else is heard; the announcement starts when it is over."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.play("bob", "enter-pin", "pin-incorrect-try-again")
    rig.plan(talker("ann"), talker("bob", announcement="enter-id", language="x-test"))
    ann.say(sine(1900, 3, RATE))
    rig.run(1.5)
    order = [tone_spans(bob.heard, tone, RATE, BEEP)[0] for tone in (600, 3200, 200)]
    order.append(tone_spans(bob.heard, 1900, RATE)[0])
    for before, after in itertools.pairwise(order):
        assert after[0] == pytest.approx(before[1], abs=0.05)
    assert strength(bob.heard[: int(RATE * 0.5)], 1900, RATE).max() < 0.05


def test_a_play_on_hold_goes_on_in_time_and_ends() -> None:
    """A peer that may not be sent to still sees its play end."""
    rig = Rig()
    ann = rig.call("ann", sends=False)
    rig.play("ann", "enter-pin", play=3)
    rig.run(1)
    assert [end.play for end in rig.told_of(PlayEnded)] == [3]
    assert ann.received == []


def test_what_is_loaded_already_is_not_read_again(tmp_path: Path) -> None:
    """Another control tells a worker all brands once more: the audio thread reads none of their files for it. Other
    files under the same names are read."""
    rig = Rig()
    first, second = tmp_path / "first.pcm", tmp_path / "second.pcm"
    first.write_bytes(bytes(9600))
    second.write_bytes(bytes(9600))
    files = {"welcome": str(first)}
    assert isinstance(rig.ask(LoadPrompts(id=1, brand="b", files=files)), Done)
    first.unlink()
    assert isinstance(rig.ask(LoadPrompts(id=2, brand="b", files=files)), Done)
    assert isinstance(rig.ask(LoadPrompts(id=3, brand="b", files={"welcome": str(second)})), Done)
    second.unlink()
    assert isinstance(rig.ask(LoadPrompts(id=4, brand="b", files={})), Done)
    answer = rig.ask(LoadPrompts(id=5, brand="b", files={"welcome": str(second)}))
    assert isinstance(answer, Failed) and answer.code == "bad-file"
