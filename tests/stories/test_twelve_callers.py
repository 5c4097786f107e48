"""Twelve callers in one meeting: everybody hears every utterance of everybody else, whole, and never himself."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.kit.baresip import OPUS, PCMU
from tests.kit.recordings import VOICES, Part, Recording, silence, tone

from .scene import Stage, different_uris, stage

pytestmark = [pytest.mark.story, pytest.mark.timeout(120)]

NAMES = [f"caller{number:02}" for number in range(12)]
STEP = 0.1
FIRST = 0.1  # what may be missing at the beginning of an utterance
HOLE = 0.04
EDGE = 0.03  # exactness of the measurement of a length
COUNT = 5
LEAD = 1.0


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


async def heard_by_all(scene: Stage, speeches: dict[str, list[Part]], seconds: float) -> dict[str, Recording]:
    """Let these phones say this at once; what every phone hears meanwhile."""
    prepared = {name: scene.phones[name].prepare(*parts) for name, parts in speeches.items()}
    marks = {name: scene.phones[name].mark() for name in NAMES}
    await asyncio.gather(*(scene.phones[name].say_prepared(speech) for name, speech in prepared.items()))
    await asyncio.sleep(seconds)
    return {name: scene.phones[name].heard_since(marks[name]) for name in NAMES}


def check_utterance(name: str, heard: Recording, voice: float, seconds: float) -> None:
    """The voice is there from within its first 100 ms to its end, without a hole of over 40 ms."""
    problem = complaint(heard, voice, seconds)
    assert not problem, f"{name}: {problem}"


def complaint(heard: Recording, voice: float, seconds: float) -> str:
    """What is wrong with one utterance as it was heard; empty: nothing."""
    runs = heard.runs(voice)
    length = runs[-1].end - runs[0].start if runs else 0.0
    spoken = " ".join(f"{run.start:.3f}-{run.end:.3f}" for run in runs)
    if not seconds - FIRST - EDGE < length < seconds + HOLE + EDGE:
        return f"{voice:.0f} Hz lasts {length:.3f} s of {seconds} s: {spoken}"
    if heard.holes(voice, HOLE):
        return f"{voice:.0f} Hz has holes: {spoken}"
    return ""


def check_speeches(recordings: dict[str, Recording], speakers: dict[str, float], seconds: float) -> None:
    """Everybody hears every speaker but himself, whole, and no other voice; all that is wrong is told at once."""
    problems = []
    for name, heard in recordings.items():
        others = {voice for speaker, voice in speakers.items() if speaker != name}
        if (traces := heard.traces(VOICES)) - others:
            problems.append(f"{name} heard {sorted(traces - others)}, which nobody else said")
        told = (complaint(heard, voice, seconds) for voice in sorted(others))
        problems += [f"{name}: {problem}" for problem in told if problem]
    assert not problems, "\n".join(problems)


async def test_twelve_callers_hear_every_utterance() -> None:
    """A counted sweep by one, then three at once, then each in turn for one second."""
    async with stage() as scene:
        await twelve(scene)

        speaker = NAMES[0]
        spoken = sweep()
        recordings = await heard_by_all(scene, {speaker: spoken}, sum(part.seconds for part in spoken) + 1.0)
        assert not recordings.pop(speaker).traces(VOICES)
        for name, heard in recordings.items():
            check_sweep(name, heard)

        trio = dict(zip(NAMES[1:4], VOICES[1:4], strict=True))
        speeches = {name: [silence(LEAD), tone(voice, 3.0)] for name, voice in trio.items()}
        check_speeches(await heard_by_all(scene, speeches, LEAD + 4.0), trio, 3.0)

        everybody = dict(zip(NAMES, VOICES, strict=True))
        speeches = {
            name: [silence(LEAD + number), tone(voice, 1.0)] for number, (name, voice) in enumerate(everybody.items())
        }
        check_speeches(await heard_by_all(scene, speeches, LEAD + len(NAMES) + 1.0), everybody, 1.0)


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
