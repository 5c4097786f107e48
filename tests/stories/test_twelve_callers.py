"""Twelve callers in one meeting: everybody hears every utterance of everybody else, whole, and never himself."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from functools import partial

import pytest

from tests.kit.baresip import OPUS, PCMU
from tests.kit.recordings import VOICES, Part, Recording, silence, tone
from tests.kit.stalls import Stalls

from .scene import Stage, different_uris, stage

# One after another with the heaviest of the browsers: together they want more processor than there is.
pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(120)]

NAMES = [f"caller{number:02}" for number in range(12)]
STEP = 0.1
FIRST = 0.1  # what may be missing at the beginning of an utterance
HOLE = 0.04
EDGE = 0.03  # exactness of the measurement of a length
COUNT = 5
LEAD = 2.0  # silence before anything is said: what loading the sound files costs is over
STALL = 0.03  # a machine that stood still for longer has spoilt the recording
# Everybody's voice, and the tone that marks the second 100 ms of an utterance: between two voices and two prompts.
MARKS = (430.0, 650.0, *(voice + 114.0 for voice in VOICES[2:11]), 3050.0)
TONES = {name: (voice, mark) for name, voice, mark in zip(NAMES, VOICES, MARKS, strict=True)}

Speeches = dict[str, list[Part]]
Recordings = dict[str, Recording]


def sweep() -> list[Part]:
    """Five utterances; utterance n begins with voice n and climbs ten steps of 100 ms through the voices."""
    parts: list[Part] = [silence(LEAD)]
    for number in range(COUNT):
        parts += [tone(VOICES[(number + step) % len(VOICES)], STEP) for step in range(10)]
        parts.append(silence(0.5))
    return parts


async def twelve(scene: Stage) -> None:
    """Everybody dials in as a host, phones of both codecs by turns, silent."""
    await different_uris(scene.server)
    for number, name in enumerate(NAMES):
        phone = await scene.phone(name, OPUS if number % 2 else PCMU, silent=True)
        await phone.dial("sip:host.space@parley.example")
    await scene.until_in(*NAMES)


async def heard_by_all(scene: Stage, speeches: Speeches, check: Callable[[Recordings], None]) -> None:
    """Let these phones say this at once and check what every phone heard meanwhile.

    A recording made while the machine itself stood still proves nothing about the server: it is made again, at
    most twice.
    """
    seconds = max(sum(part.seconds for part in parts) for parts in speeches.values()) + 1.0
    for attempt in range(3):
        prepared = {name: scene.phones[name].prepare(*parts) for name, parts in speeches.items()}
        marks = {name: scene.phones[name].mark() for name in NAMES}
        await asyncio.gather(*(scene.phones[name].say_prepared(speech) for name, speech in prepared.items()))
        await asyncio.sleep(LEAD / 2)  # what loading the files costs is over
        with Stalls() as stalls:
            await asyncio.sleep(seconds - LEAD / 2)
        recordings = {name: scene.phones[name].heard_since(marks[name]) for name in NAMES}
        try:
            check(recordings)
            return
        except AssertionError:
            if attempt == 2 or stalls.longest < STALL:
                raise


def utterance(voice: float, mark: float, seconds: float) -> list[Part]:
    """One second or more of a voice, whose second 100 ms are marked: whoever hears the mark whole heard the start."""
    return [tone(voice, FIRST), tone(mark, FIRST), tone(voice, seconds - 2 * FIRST)]


def complaint(heard: Recording, voice: float, mark: float, seconds: float) -> str:
    """What is wrong with one utterance as it was heard; empty: nothing.

    Its length may shrink by a tenth, for a receiver that works off delay plays a little faster.
    """
    marks, runs = heard.runs(mark), heard.runs(voice)
    spoken = " ".join(f"{run.start:.3f}-{run.end:.3f}" for run in (*marks, *runs))
    if len(marks) != 1 or abs(marks[0].seconds - FIRST) > EDGE + 0.01:
        return f"{voice:.0f} Hz: its second 100 ms are not heard whole: {spoken}"
    rest = [run for run in runs if run.start > marks[0].start]
    length = rest[-1].end - marks[0].start if rest else 0.0
    if not (seconds - FIRST) * 0.9 - EDGE < length < seconds - FIRST + HOLE + EDGE:
        return f"{voice:.0f} Hz lasts {length:.3f} s of {seconds - FIRST} s: {spoken}"
    pieces = [*marks, *rest]
    if any(after.start - before.end > HOLE for before, after in itertools.pairwise(pieces)):
        return f"{voice:.0f} Hz has holes: {spoken}"
    return ""


def check_speeches(recordings: Recordings, speakers: dict[str, tuple[float, float]], seconds: float) -> None:
    """Everybody hears every speaker but himself, whole, and no other voice; all that is wrong is told at once."""
    problems = []
    for name, heard in recordings.items():
        others = {speaker: tones for speaker, tones in speakers.items() if speaker != name}
        expected = {frequency for tones in others.values() for frequency in tones}
        if (traces := heard.traces(VOICES)) - expected:
            problems.append(f"{name} heard {sorted(traces - expected)}, which nobody else said")
        told = (complaint(heard, *tones, seconds) for tones in others.values())
        problems += [f"{name}: {problem}" for problem in told if problem]
    assert not problems, "\n".join(problems)


async def test_twelve_callers_hear_every_utterance() -> None:
    """A counted sweep by one, then three at once, then each in turn for one second."""
    async with stage() as scene:
        await twelve(scene)
        await heard_by_all(scene, {NAMES[0]: sweep()}, check_sweeps)

        trio = {name: TONES[name] for name in NAMES[1:4]}
        speeches = {name: [silence(LEAD), *utterance(*tones, 3.0)] for name, tones in trio.items()}
        await heard_by_all(scene, speeches, partial(check_speeches, speakers=trio, seconds=3.0))

        speeches = {
            name: [silence(LEAD + number), *utterance(*tones, 1.0)]
            for number, (name, tones) in enumerate(TONES.items())
        }
        await heard_by_all(scene, speeches, partial(check_speeches, speakers=TONES, seconds=1.0))


def check_sweeps(recordings: Recordings) -> None:
    """Everybody but the speaker hears the whole sweep; he hears nothing."""
    for name, heard in recordings.items():
        if name == NAMES[0]:
            assert not heard.traces(VOICES), f"{name} hears the own sweep"
        else:
            check_sweep(name, heard)


def check_sweep(name: str, heard: Recording) -> None:
    """Every step of every utterance, in order; of the first step a part may be missing, of the others nothing."""
    steps = [(run, voice) for voice in VOICES for run in heard.runs(voice)]
    steps.sort(key=lambda step: step[0].start)
    order = [VOICES.index(voice) for _, voice in steps]
    wanted = [[(number + step) % len(VOICES) for step in range(10)] for number in range(COUNT)]
    position = 0
    for number, said in enumerate(wanted):
        # The first 100 ms are the first step: it may be missing.
        utterance = said if order[position : position + 1] == said[:1] else said[1:]
        found = steps[position : position + len(utterance)]
        assert [VOICES.index(voice) for _, voice in found] == utterance, f"{name}, utterance {number + 1}: {order}"
        for run, voice in found[1:] if utterance is said else found:
            assert abs(run.seconds - STEP) < EDGE + 0.01, f"{name}: a step of {voice:.0f} Hz lasts {run.seconds:.3f} s"
        for (before, _), (after, _) in itertools.pairwise(found):
            assert after.start - before.end <= HOLE, f"{name}: hole of {after.start - before.end:.3f} s in the sweep"
        position += len(utterance)
    assert position == len(order), f"{name} heard more than was said: {order[position:]}"
