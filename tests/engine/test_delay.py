"""The delay of one voice over hours, and on bad networks: no growth, no gap, and a tone that stays a tone."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engine import g711, splice
from parley.engine.delay import HIGHEST, RESERVE, Delays
from parley.engine.opus import OpusEncoder
from parley.engine.receiver import Receiver
from parley.engine.resample import Downsampler
from parley.engine.sound import FRAME, RATE, SILENT_FRAME, Samples
from parley.wire.rtp import RtpPacket
from tests.kit.tones import sine

TICK = 0.02
TONE = 400.0  # eight periods in a packet, so that one packet's payload is every packet's
Way = Callable[[float], float | None]  # when a packet left -> how long it takes; None: lost


def steady(at: float) -> float | None:
    return 0.003


def shaken(seconds: float, seed: int = 1) -> Way:
    dice = random.Random(seed)
    return lambda at: dice.random() * seconds


def losing(share: float, seed: int = 2) -> Way:
    dice = random.Random(seed)
    return lambda at: None if dice.random() < share else 0.003


def played(payloads: list[bytes], seconds: float, way: Way, clock: float = 1.0, codec: str = "pcmu") -> Listening:
    """`payloads` said again and again by a clock that runs at `clock`."""
    listening = Listening(codec)
    step = 960 if codec == "opus" else 160
    due: list[tuple[float, int]] = []
    number = 0
    for tick in range(round(seconds / TICK)):
        now = tick * TICK
        while number * TICK / clock <= now:
            took = way(number * TICK / clock)
            if took is not None:
                due.append((number * TICK / clock + took, number))
            number += 1
        if len(due) > 1:
            due.sort()
        while due and due[0][0] <= now:
            _, sent = due.pop(0)
            payload = payloads[sent % len(payloads)]
            packet = RtpPacket(0, False, sent & 0xFFFF, sent * step & 0xFFFFFFFF, 5, payload)
            listening.receiver.push(packet)
        listening.listen()
    return listening


class Listening:
    """What came out, second by second."""

    def __init__(self, codec: str) -> None:
        self.receiver = Receiver(codec)
        self.depths: list[float] = []
        self.purities: list[float] = []  # dB of the tone over all else
        self._second: list[Samples] = []

    def listen(self) -> None:
        frame = self.receiver.pull(True)
        self._second.append(SILENT_FRAME if frame is None else frame)
        if len(self._second) == 50:
            sound = np.concatenate(self._second).astype(np.float64)
            self._second.clear()
            self.depths.append(self.receiver.depth_ms)
            self.purities.append(purity(sound))


def purity(sound: np.ndarray) -> float:
    """dB of a steady tone over what is left of the sound without it, whatever its phase in each 20 ms."""
    at = np.arange(FRAME) / RATE
    basis = np.stack([np.cos(2 * np.pi * TONE * at), np.sin(2 * np.pi * TONE * at)])
    frames = sound.reshape(-1, FRAME)
    tone = (frames @ basis.T) * (2 / FRAME) @ basis
    rest = float(((frames - tone) ** 2).sum())
    return float(10 * np.log10(float((tone**2).sum()) / max(rest, 1e-9) + 1e-9))


def telephone(frequency: float = TONE) -> list[bytes]:
    down, before, payloads = Downsampler(6), SILENT_FRAME, []
    for frame in sine(frequency, 0.1, RATE).reshape(-1, FRAME):
        payloads.append(g711.MU.compress(down.run(before, frame)))
        before = frame
    return payloads[2:]


def test_an_hour_of_skew_neither_grows_nor_is_heard() -> None:
    """3600 s at +200 ppm are 720 ms too much: the delay stays where it was, and every second is a clean tone."""
    hour = played(telephone(), 3600, steady, clock=1.0002)
    assert max(hour.depths[2:]) <= 60
    assert min(hour.purities[2:]) > 25  # a gap of one frame would leave 17
    assert hour.receiver.concealed_ms == 0 and hour.receiver.late == 0


@pytest.mark.parametrize("skew", [-500, -200, 500])
def test_skew_either_way_is_stretched_away(skew: int) -> None:
    """Ten minutes: a sender that is too slow is stretched before the buffer is empty, so nothing need be invented."""
    told = played(telephone(), 600, steady, clock=1 + skew / 1e6)
    assert max(told.depths[2:]) <= 70
    assert min(told.purities[2:]) > 25
    assert told.receiver.concealed_ms == 0


@pytest.mark.parametrize("skew", [-200, 200])
def test_skew_under_jitter_stays_in_bounds(skew: int) -> None:
    """60 ms of jitter and a skewed clock together for ten minutes: hardly anything is late, and no delay piles up."""
    told = played(telephone(), 600, shaken(0.06), clock=1 + skew / 1e6)
    assert np.mean(told.depths[10:]) < 80
    assert max(told.depths[10:]) <= 140
    assert told.receiver.late <= 0.02 * 600 * 50
    assert told.receiver.concealed_ms <= 0.02 * 600_000


def test_delay_follows_the_jitter_up_and_down() -> None:
    """A calm network that shakes for ten seconds: more delay meanwhile, and half a minute later as little as before."""
    dice = random.Random(3)

    def way(at: float) -> float:
        return 0.003 + (dice.random() * 0.09 if 20 <= at < 30 else 0.0)

    told = played(telephone(), 75, way)
    assert max(told.depths[5:19]) <= 45
    assert max(told.depths[22:30]) > 70
    assert max(told.depths[65:]) <= 50
    assert told.receiver.concealed_ms <= 300


def test_one_stall_is_forgotten() -> None:
    """200 ms once, at 10 s: nothing lost, and soon the delay is small again."""

    def way(at: float) -> float:
        return max(10.2 - at, 0.003) if 10 <= at < 10.2 else 0.003

    told = played(telephone(), 40, way)
    assert max(told.depths[30:]) <= 50
    assert min(told.purities[20:]) > 15


def voice(seconds: float) -> Samples:
    """Vowels that glide and pause, with a little breath."""
    at = np.arange(round(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.7 * at)) / RATE
    buzz = sum(np.sin(n * pitch) / n for n in range(1, 18))
    rhythm = np.clip(np.sin(2 * np.pi * 2.5 * at) + 0.5, 0, 1)
    breath = np.random.default_rng(5).standard_normal(len(at)) * 0.01
    return (0.12 * buzz * rhythm + breath * rhythm).astype(np.float32)


def spoken(share: float, *, copies: bool) -> tuple[Receiver, float]:
    """Twenty seconds of Opus with so much loss: the receiver, and the segmental SNR against the run without, in dB."""
    encoder = OpusEncoder(complexity=0)
    encoder._set(4004, 1103)  # wideband, as telephones over bad lines: SILK, which knows copies
    encoder.expect_loss(20 if copies else 0)
    payloads = [encoder.encode(frame) for frame in voice(20.0).reshape(-1, FRAME)]

    def run(lossy: bool) -> tuple[Receiver, np.ndarray]:
        receiver, dice, out = Receiver("opus"), random.Random(4), []
        for number, payload in enumerate(payloads):
            if not (dice.random() < share and lossy and number > 10):
                receiver.push(RtpPacket(111, False, number, number * FRAME, 5, payload))
            frame = receiver.pull(True)
            out.append(SILENT_FRAME if frame is None else frame)
        return receiver, np.stack(out[20:]).astype(np.float64)

    _, clean = run(False)
    receiver, heard = run(True)
    power = (clean**2).sum(axis=1)
    loud = power > power.max() * 1e-3
    ratio = power[loud] / np.maximum(((clean - heard) ** 2).sum(axis=1)[loud], 1e-9)
    return receiver, float(np.mean(np.clip(10 * np.log10(ratio), -10, 35)))


@pytest.mark.parametrize(("share", "most_concealed", "least_gain"), [(0.05, 0.6, 3.0), (0.2, 0.65, 6.0)])
def test_copies_of_opus_make_good_what_is_lost(share: float, most_concealed: float, least_gain: float) -> None:
    """At 5 % and 20 % loss in-band FEC brings speech much closer to the clean run; pauses have no copies."""
    with_copies, better = spoken(share, copies=True)
    without, worse = spoken(share, copies=False)
    assert without.concealed_ms == pytest.approx(share * 20_000, rel=0.35)
    assert with_copies.concealed_ms <= most_concealed * without.concealed_ms
    assert better >= worse + least_gain


def test_a_tone_under_loss_has_no_holes() -> None:
    """5 % of PCMU lost: repeated periods stand for it, so the tone is still clean."""
    told = played(telephone(), 60, losing(0.05))
    assert min(told.purities[2:]) > 15
    assert told.receiver.concealed_ms == pytest.approx(3000, rel=0.3)


# --- the parts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frequency", [120, 210, 440, 1000])
def test_a_period_more_or_less_leaves_a_tone_clean(frequency: float) -> None:
    """Cutting out and repeating change the length by whole periods and nothing else."""
    sound = sine(frequency, 0.06, RATE)
    for changed in (splice.shorten(sound), splice.lengthen(sound)):
        assert 0 < abs(len(changed) - len(sound)) <= RATE * 15 // 1000
        assert np.abs(np.diff(changed)).max() <= np.abs(np.diff(sound)).max() * 1.1
    assert np.array_equal(splice.lengthen(sound)[-1000:], sound[-1000:])
    assert np.array_equal(splice.lengthen(sound)[:240], sound[:240])


@given(st.lists(st.integers(-RATE, RATE), min_size=1, max_size=400), st.integers(1, 40))
def test_the_delay_aimed_at_is_always_bounded(steps: list[int], every: int) -> None:
    """Whatever the transits, it is between the least reserve and the bound, over the quickest packet."""
    delays, transit = Delays(), 0
    for number, step in enumerate(steps):
        transit += step
        delays.note(transit)
        if number % every == 0:
            delays.look()
        assert RESERVE <= delays.spread <= HIGHEST


def test_all_but_a_few_are_in_time() -> None:
    """The aim is what 97 % of the packets keep, with a little to spare."""
    delays, dice = Delays(), random.Random(6)
    transits = [dice.randrange(0, 80 * 48) for _ in range(300)]
    for transit in transits:
        delays.note(transit)
    delays.look()
    aim = delays.aim
    assert aim is not None
    assert 0.97 <= np.mean([transit <= aim for transit in transits]) <= 1.0
    assert aim <= 86 * 48
