"""Who is not listened to for a while: time passes for him as for everybody, and he goes on where he is."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from parley.engine import g711
from parley.engine.opus import OpusEncoder
from parley.engine.receiver import Receiver
from parley.engine.resample import Downsampler
from parley.engine.sound import FRAME, RATE, SILENT_FRAME, Samples
from parley.wire.rtp import RtpPacket
from tests.kit.tones import sine

TURN = 8  # ticks, of which he is listened to in one
SECONDS = 8


def payloads(codec: str, packet_ms: int, amplitude: float = 0.2) -> list[bytes]:
    """A gliding tone."""
    place = np.arange(SECONDS * RATE) / RATE
    sound = (amplitude * np.sin(2 * np.pi * (300 + 40 * place) * place)).astype(np.float32)
    if codec == "opus":
        encoder = OpusEncoder()
        return [encoder.encode(frame) for frame in sound.reshape(-1, FRAME)]
    down, before, octets = Downsampler(6), SILENT_FRAME, b""
    for frame in sound.reshape(-1, FRAME):
        octets += g711.MU.compress(down.run(before, frame))
        before = frame
    return [octets[at : at + 8 * packet_ms] for at in range(0, len(octets), 8 * packet_ms)]


def listened(codec: str, packet_ms: int, share: float, *, rests: bool) -> tuple[Receiver, list[Samples | None]]:
    """What was heard at every eighth tick, with so much loss."""
    receiver, dice, heard = Receiver(codec), random.Random(9), []
    made, sent, step = payloads(codec, packet_ms), 0, (48 if codec == "opus" else 8) * packet_ms
    for tick in range(SECONDS * 50):
        while sent * packet_ms <= tick * 20 and sent < len(made):
            if dice.random() >= share:
                receiver.push(RtpPacket(0, False, sent & 0xFFFF, sent * step, 5, made[sent]))
            sent += 1
        if tick % TURN == 0:
            heard.append(receiver.pull(True))
        elif rests:
            receiver.rest()
        else:
            receiver.pull(False)
    return receiver, heard


@pytest.mark.parametrize(
    ("codec", "packet_ms", "share"),
    [("opus", 20, 0.0), ("opus", 20, 0.1), ("pcmu", 20, 0.1), *(("pcmu", ms, 0.0) for ms in (10, 20, 30, 60))],
)
def test_rest_is_time_that_passes(codec: str, packet_ms: int, share: float) -> None:
    """Seven of eight ticks rested through, or each passed over by itself: the same is heard, and the same counted."""
    one, plain = listened(codec, packet_ms, share, rests=False)
    other, rested = listened(codec, packet_ms, share, rests=True)
    for before, after in zip(plain, rested, strict=True):
        assert (before is None) == (after is None)
        assert before is None or after is None or np.array_equal(before, after)
    one.pull(False)
    other.pull(False)
    assert other.concealed_ms == one.concealed_ms and (share == 0.0) == (one.concealed_ms == 0)
    assert other.depth_ms == one.depth_ms


def test_what_waits_while_resting_is_not_told_as_delay() -> None:
    """The depth of the buffer is what would be played from now on."""
    receiver = Receiver("pcmu")
    for number in range(20):
        receiver.push(RtpPacket(0, False, number, number * 160, 5, bytes(160)))
        if number < 10:
            receiver.pull(True)
        else:
            receiver.rest()
    assert 0 <= receiver.depth_ms <= 40


@pytest.mark.parametrize(("codec", "least", "most"), [("pcmu", -58, -56), ("opus", -80, -40)])
def test_a_faint_voice_is_told_by_its_level_alone(codec: str, least: float, most: float) -> None:
    """At its turn a voice below the bar is no sound but a level, told roughly by Opus; one over the bar is both."""
    faint, loud = payloads(codec, 20, 0.002), payloads(codec, 20, 0.2)
    step = 960 if codec == "opus" else 160
    receiver, turn = Receiver(codec), []
    for tick in range(SECONDS * 50):
        made = faint if tick < 200 else loud
        receiver.push(RtpPacket(0, False, tick, tick * step, 5, made[tick]))
        if tick % TURN == 0:
            turn.append((tick, *receiver.hear(-40.0)))
        else:
            receiver.rest()
    quiet = [(frame, level) for tick, frame, level in turn if 16 < tick < 200]
    assert all(frame is None and least <= level <= most for frame, level in quiet)
    voices = [(frame, level) for tick, frame, level in turn if tick > 216]
    assert all(frame is not None and -30 <= level <= -10 for frame, level in voices)


def test_a_resting_tone_is_whole_when_it_is_listened_to_again() -> None:
    """From the first tick of listening on there is no click and no hole."""
    receiver, heard = Receiver("pcmu"), []
    tone = sine(400.0, 4, RATE, 0.2)
    down, before = Downsampler(6), SILENT_FRAME
    for tick, frame in enumerate(tone.reshape(-1, FRAME)):
        payload, before = g711.MU.compress(down.run(before, frame)), frame
        receiver.push(RtpPacket(0, False, tick, tick * 160, 5, payload))
        if 50 <= tick < 100:
            receiver.rest()
        elif (sound := receiver.hear(-math.inf)[0]) is not None and tick >= 101:
            heard.append(sound)
    steps = np.abs(np.diff(np.concatenate(heard)))
    assert steps.max() < 0.2 * 2 * math.pi * 400 / RATE * 1.2
