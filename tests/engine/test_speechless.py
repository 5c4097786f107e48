"""Who sends no speech is listened to by turns; with his first word that is over."""

from __future__ import annotations

import numpy as np
import pytest

from parley.engine import g711
from parley.engine.decoders import OpusVoiceDecoder, make_decoder
from parley.engine.g722 import G722Encoder
from parley.engine.messages import Codec
from parley.engine.mixer import TURNS
from parley.engine.opus import OpusEncoder, join_packets
from parley.engine.receiver import SPEECHLESS_PACKETS
from parley.engine.sound import FRAME, RATE, Samples
from tests.engine.rig import OPUS, PCMU, TICK, Caller, Rig, talker
from tests.kit.tones import Sound, longest_hole, sine, tone_spans

PCMA = Codec(name="pcma", payload_type=8, clock_rate=8_000)


def noise(seconds: float, amplitude: float) -> Sound:
    return (np.random.default_rng(3).standard_normal(round(seconds * RATE)) * amplitude).astype(np.float32)


def rising(seconds: float, amplitude: float) -> Sound:
    """No detector takes it for noise."""
    at = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * (300 + 200 * at) * at)).astype(np.float32)


def opus(sound: Sound) -> list[bytes]:
    encoder = OpusEncoder()
    return [encoder.encode(frame) for frame in sound.reshape(-1, FRAME)]


QUIET, LOUD = opus(noise(1, 0.0005)), opus(rising(1, 0.2))
CELT = bytes([28 << 3])  # configuration 28: CELT alone, 20 ms


@pytest.mark.parametrize(
    ("codec", "payload", "speechless"),
    [
        ("opus", QUIET[-1], True),
        ("opus", LOUD[-1], False),
        ("opus", QUIET[-1][:1], True),  # DTX
        ("opus", join_packets(QUIET[-2:]), False),  # of several frames only the first one's word is at hand
        ("opus", CELT + QUIET[-1][1:], False),  # knows no such word
        ("opus", bytes([1 << 3]) + b"\x7f", True),  # 20 ms of SILK: the first bit
        ("opus", bytes([1 << 3]) + b"\x80", False),
        ("opus", bytes([3 << 3]) + b"\x1f", True),  # 60 ms: the first three
        ("opus", bytes([3 << 3]) + b"\x20", False),
        ("opus", bytes([1 << 3 | 4]) + b"\x5f", True),  # stereo: the first, and the third after "has copies"
        ("opus", bytes([1 << 3 | 4]) + b"\x20", False),
        ("pcmu", bytes([0xFF] * 160), True),
        ("pcmu", bytes([0xFF] * 159 + [0x80]), False),
        ("pcmu", bytes([0xFF] * 80 + [0x00] + [0xFF] * 79), False),
        ("pcma", bytes([0xD5, 0x55] * 80), True),
        ("pcma", bytes([0xD5] * 80 + [0xAA] + [0xD5] * 79), False),
        ("g722", G722Encoder().encode(np.zeros(320, np.float32)), False),  # cannot be seen from outside
    ],
)
def test_what_a_packet_tells_of_speech(codec: str, payload: bytes, speechless: bool) -> None:
    """By its sender's own word, or where no sample is loud enough."""
    assert make_decoder(codec).is_speechless(payload) is speechless


@pytest.mark.parametrize("law", [g711.MU, g711.A])
def test_faint_is_what_stays_below_50_dbov(law: g711.Law) -> None:
    """All codes up to that level and no others, to either side of zero."""
    sizes = np.abs(law.expand(bytes(range(256))))
    assert set(law.faint) == {code for code in range(256) if sizes[code] <= 10 ** (-50 / 20)}
    assert 10 < len(law.faint) < 60


class Counting(OpusVoiceDecoder):
    """Tells how often any of them was asked."""

    decodes = 0

    def decode(self, payload: bytes) -> Samples:
        Counting.decodes += 1
        return super().decode(payload)

    def guess(self, payload: bytes) -> float:
        Counting.decodes += 1
        return super().guess(payload)


def room(codec: Codec) -> tuple[Rig, Caller, Caller]:
    """One who listens and one who may speak, in silence for a second."""
    rig = Rig()
    listener, speaker = rig.calls(["listener", "speaker"], codec)
    rig.gather()
    rig.run(1)
    return rig, listener, speaker


def test_a_room_s_noise_is_decoded_by_turns_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two callers who say nothing cost two decodes in eight ticks, though a place in the mix is free."""
    monkeypatch.setattr("parley.engine.receiver.make_decoder", lambda _codec: Counting())
    rig, listener, speaker = room(OPUS)
    for one in (listener, speaker):
        one.say(noise(6, 0.0002))
    rig.run(2)
    Counting.decodes = 0
    rig.run(TURNS * 10 * TICK)
    assert Counting.decodes == 2 * 10


@pytest.mark.parametrize("codec", [PCMU, PCMA, OPUS], ids=["pcmu", "pcma", "opus"])
def test_the_first_word_after_a_silence_waits_for_no_turn(codec: Codec) -> None:
    """In whichever of the turns it begins, it is heard as soon as one who is listened to all the time, and whole."""
    for shift in range(TURNS):
        rig, listener, speaker = room(codec)
        rig.run(shift * TICK)
        listener.forget()
        speaker.say(sine(700, 0.6, RATE, 0.2))
        rig.run(0.9)
        ((begins, ends),) = tone_spans(listener.heard, 700, RATE, 0.2)
        assert begins <= 0.09 and ends - begins >= 0.56
        assert longest_hole(listener.heard[round(begins * RATE) : round(ends * RATE)], 700, RATE, 0.2) == 0


def test_a_faint_phone_that_is_turned_up_waits_for_no_turn() -> None:
    """Its voice stays below what is faint, and is speech all the same: each word is whole from its beginning."""
    for shift in range(TURNS):
        rig = Rig()
        listener, speaker = rig.calls(["listener", "speaker"], PCMU)
        rig.plan(talker("listener"), talker("speaker", gain=16.0))
        rig.run(1 + shift * TICK)
        listener.forget()
        speaker.say(sine(700, 0.6, RATE, 0.0028))
        rig.run(0.9)
        assert tone_spans(listener.heard, 700, RATE, 0.04)[0][0] <= 0.09


def test_a_steady_sound_that_its_sender_takes_for_noise_is_heard_after_a_round_of_turns() -> None:
    """A tone of a second's standing is no speech to Opus; whoever brings it along is heard all the same."""
    rig = Rig()
    listener, speaker = rig.calls(["listener", "speaker"], OPUS)
    rig.gather("listener")
    speaker.say(sine(440, 6, RATE, 0.2))
    rig.run(2)
    rig.gather()
    rig.run(SPEECHLESS_PACKETS * TICK)
    listener.forget()
    rig.run(1)
    assert tone_spans(listener.heard, 440, RATE, 0.2)[0][0] <= TURNS * TICK + 0.05
