"""The measuring itself: what is there is found, what is missing is missed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.kit.recordings import LEVEL, PROMPTS, SILENT, VOICES, Part, Recording, samples_of, silence, tone, write_wav

from .test_twelve_callers import LEAD, NAMES, TONES, check_speeches, check_sweep, complaint, sweep, utterance


def recorded(folder: Path, *parts: Part, rate: int = 8000) -> Recording:
    raw = write_wav(folder / "said.wav", parts, rate, 1).read_bytes()
    return samples_of(raw[44:], 1, rate)


@pytest.mark.parametrize("rate", [8000, 48000])
def test_three_voices_at_once_are_told_apart(tmp_path: Path, rate: int) -> None:
    """Each of three mixed voices is found whole with its level, and no other."""
    mixed = sum(recorded(tmp_path, tone(voice, 1.0), rate=rate).samples for voice in VOICES[4:7])
    heard = Recording(np.asarray(mixed), 8000)
    assert heard.voices(VOICES) == heard.traces(VOICES) == set(VOICES[4:7])
    for voice in VOICES[4:7]:
        assert abs(heard.level(voice) - LEVEL) < LEVEL / 50
        assert not heard.holes(voice, 0.01)


@pytest.mark.parametrize(("gap", "found"), [(0.03, 0), (0.05, 1), (0.1, 1)])
def test_a_hole_longer_than_forty_milliseconds_is_found(tmp_path: Path, gap: float, found: int) -> None:
    """A gap of 30 ms is no hole over 40 ms, one of 50 ms is."""
    heard = recorded(tmp_path, tone(VOICES[0], 0.5), silence(gap), tone(VOICES[0], 0.5))
    assert len(heard.holes(VOICES[0], 0.04)) == found


def test_a_burst_of_one_packet_is_a_trace(tmp_path: Path) -> None:
    """A voice that is there for a moment only is not silence."""
    heard = recorded(tmp_path, silence(5.0), tone(VOICES[5], 0.02), silence(5.0))
    assert heard.traces(VOICES) >= {VOICES[5]} and not heard.voices(VOICES)


@pytest.mark.parametrize(("missing", "well"), [(0.0, True), (0.06, True), (0.1, True), (0.15, False), (0.3, False)])
def test_a_late_beginning_of_an_utterance_is_noticed(tmp_path: Path, missing: float, well: bool) -> None:
    """The first 100 ms of an utterance may be missing, not more."""
    turn = recorded(tmp_path, silence(0.5), *utterance(*TONES["caller05"], 1.0), silence(0.5))
    swept = recorded(tmp_path, *sweep())
    for heard, start in ((turn, 0.5), (swept, LEAD)):
        heard.samples[round(start * 8000) : round((start + missing) * 8000)] = 0
    assert (complaint(turn, *TONES["caller05"], 1.0) == "") is well
    if well:
        check_sweep("x", swept)
    else:
        with pytest.raises(AssertionError):
            check_sweep("x", swept)


@pytest.mark.parametrize("seconds", [3.0, 1.0])
def test_twelve_voices_in_turn_and_three_at_once_pass_when_whole(tmp_path: Path, seconds: float) -> None:
    """Faultless recordings are found faultless; hearing the own voice, or a hole in another's, is found."""
    names = NAMES[1:4] if seconds > 1 else NAMES
    said = {}
    for number, name in enumerate(names):
        start = 0.5 if seconds > 1 else 0.5 + number
        parts = [silence(start), *utterance(*TONES[name], seconds), silence(12.5 - start)]
        said[name] = recorded(tmp_path, *parts).samples
    speakers = {name: TONES[name] for name in names}
    heard = {name: Recording(sum(said[other] for other in names if other != name), 8000) for name in names}
    check_speeches(heard, speakers, seconds)
    own = heard | {names[1]: Recording(heard[names[1]].samples + said[names[1]] * 0.1, 8000)}
    with pytest.raises(AssertionError, match=f"{names[1]} heard"):
        check_speeches(own, speakers, seconds)
    heard[names[0]].samples[17600:18080] = 0
    with pytest.raises(AssertionError, match="has holes"):
        check_speeches(heard, speakers, seconds)


def test_a_missing_step_in_the_sweep_is_noticed(tmp_path: Path) -> None:
    """60 ms of silence in the midst of a sweep are a hole."""
    swept = recorded(tmp_path, *sweep())
    swept.samples[round((LEAD + 0.43) * 8000) : round((LEAD + 0.49) * 8000)] = 0
    with pytest.raises(AssertionError):
        check_sweep("x", swept)


def test_a_prompt_is_no_voice_and_hides_none(tmp_path: Path) -> None:
    """A loud beep beside a voice's frequency is not taken for the voice; a burst of the voice after it is found."""
    beep = recorded(tmp_path, silence(0.33), tone(PROMPTS["waiting-for-host"], 0.2), silence(0.4)).samples * 2.8
    burst = recorded(tmp_path, tone(VOICES[11], 0.05), silence(0.4)).samples
    assert not Recording(beep, 8000).traces(VOICES)
    assert VOICES[11] in Recording(np.concatenate((beep, burst)), 8000).traces(VOICES)


def test_the_edge_of_a_prompt_is_no_voice_in_a_short_recording(tmp_path: Path) -> None:
    """A twentieth of a second in which a prompt begins hard holds traces of everything, and no voice."""
    beep = recorded(tmp_path, tone(PROMPTS["pin-incorrect-try-again"], 0.1)).samples[400:600] * 2.8
    heard = Recording(np.concatenate((np.zeros(200), beep)), 8000)
    assert max(map(heard.level, VOICES)) > SILENT and not heard.traces(VOICES)
