"""What is understood at a loss: `python bench/bench_loss.py [--seconds 20]`.

A phone speaks sentences in Opus with FEC into a meeting, another hears them in PCMU; the engine runs in virtual time
and without sockets, and 0, 5 or 20 of a hundred of the speaker's packets never arrive, each by itself or in bursts of
three. What is heard is compared with the run without loss: segmental SNR over pieces of 20 ms that hold speech, each
bounded to -10 and 35 dB, each half second aligned first, for buffers may have stretched. The floor is libopus itself
with the same packets in its hands, in order, the next one always there for FEC, and no network to wait for; the ratio
is ours to that.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from bench_audio_mix import NumberedPorts

from parley.engine.engine import Engine
from parley.engine.g711 import MU
from parley.engine.messages import Codec, Configure, LegMedia, LegPlan, OpenLeg, SetPlan
from parley.engine.opus import OpusDecoder, OpusEncoder
from parley.engine.prompts import Prompts
from parley.engine.sound import FRAME, RATE, TICK_MS
from parley.engine.transport import Arrival
from parley.wire.rtp import build_rtp, is_rtcp, parse_rtp

SPEAKER, LISTENER = ("192.0.2.1", 2000), ("192.0.2.3", 2002)
OPUS, PCMU = Codec(name="opus", payload_type=111, clock_rate=RATE), Codec(name="pcmu", payload_type=0, clock_rate=8000)
EXPECTED = 20  # per cent that the sender's FEC is made for
PIECE = 160  # samples at 8 kHz: 20 ms
BLOCK = 4000  # half a second
SHIFT = 800  # samples that a block may have moved
SPOKEN = 0.01  # of full scale: below that a piece is a pause
LEAST, MOST = -10.0, 35.0  # dB


def sentences(seconds: float) -> np.ndarray:
    """Speech in frames of 20 ms: the prompts, one after another."""
    prompts = Prompts.load()
    names = ("welcome", "enter-id", "enter-pin", "waiting-for-host", "meeting-locked")
    clips = [prompts.clip(name, "en") for name in names if _has(prompts, name)]
    sound = np.concatenate(clips).astype(np.float32) / 32768
    length = int(seconds * RATE) // FRAME * FRAME
    return np.resize(sound, length).reshape(-1, FRAME)


def _has(prompts: Prompts, name: str) -> bool:
    try:
        prompts.clip(name, "en")
    except LookupError:
        return False
    return True


def lost(ticks: int, share: float, burst: int) -> list[bool]:
    """Which packets never arrive; the first second's do."""
    dice = random.Random(7)
    gone = [False] * ticks
    for place in range(50, ticks):
        if dice.random() < share / burst:
            gone[place : place + burst] = [True] * len(gone[place : place + burst])
    return gone


def heard_through_engine(payloads: list[bytes], gone: list[bool]) -> np.ndarray:
    """At 8 kHz, from the listener's packets."""
    engine = Engine(NumberedPorts(), Prompts({}), random.Random(1), time.time)
    engine.handle(Configure(id=1, port_low=20_000, port_high=29_999), 0.0)
    for name, codec, (host, port) in (("speaker", OPUS, SPEAKER), ("listener", PCMU, LISTENER)):
        media = LegMedia(remote_host=host, remote_port=port, codec=codec)
        engine.handle(OpenLeg(id=2, leg=name, local="192.0.2.2", media=media), 0.0)
    plan = tuple(LegPlan(leg=name, contributes=name == "speaker", receives=True) for name in ("speaker", "listener"))
    engine.handle(SetPlan(id=3, meeting="m", number=1, legs=plan), 0.0)
    sound = []
    for tick, payload in enumerate(payloads):
        arrivals = []
        if not gone[tick]:
            data = build_rtp(111, tick & 0xFFFF, tick * FRAME, 5, payload)
            arrivals.append(Arrival("speaker", False, data, SPEAKER))
        silence = build_rtp(0, tick & 0xFFFF, tick * PIECE, 6, b"\xff" * PIECE)
        arrivals.append(Arrival("listener", False, silence, LISTENER))
        for leaving in engine.step(tick * TICK_MS / 1000, arrivals):
            if leaving.leg == "listener" and not is_rtcp(leaving.data):
                packet = parse_rtp(leaving.data)
                assert packet is not None
                sound.append(MU.expand(packet.payload))
        engine.take_notifications()
    return np.concatenate(sound)


def heard_by_libopus(payloads: list[bytes], gone: list[bool]) -> np.ndarray:
    decoder, sound = OpusDecoder(), []
    for place, payload in enumerate(payloads):
        frame = decoder.decode(payload) if not gone[place] else None
        if gone[place]:
            there = place + 1 < len(payloads) and not gone[place + 1]
            frame = decoder.recover(payloads[place + 1], FRAME) if there else decoder.conceal(FRAME)
        assert frame is not None
        sound.append(frame.reshape(-1, 6).mean(axis=1))
    return np.concatenate(sound)


def segmental_snr(clean: np.ndarray, other: np.ndarray) -> float:
    """Decibels, over pieces with speech, each block aligned."""
    found: list[float] = []
    for start in range(SHIFT, min(len(clean), len(other)) - BLOCK - SHIFT, BLOCK):
        wanted = clean[start : start + BLOCK]
        around = other[start - SHIFT : start + BLOCK + SHIFT]
        shift = int(np.argmax(np.correlate(around, wanted, "valid")))
        found += _pieces(wanted, around[shift : shift + BLOCK])
    return float(np.mean(found))


def _pieces(wanted: np.ndarray, got: np.ndarray) -> list[float]:
    found = []
    for start in range(0, BLOCK, PIECE):
        piece = wanted[start : start + PIECE]
        power = float(np.mean(piece**2))
        if power > SPOKEN**2:
            noise = float(np.mean((got[start : start + PIECE] - piece) ** 2))
            found.append(float(np.clip(10 * np.log10(power / max(noise, 1e-12)), LEAST, MOST)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Speech through the engine at a loss.")
    parser.add_argument("--seconds", type=float, default=20.0, help="of speech, in virtual time")
    frames = sentences(parser.parse_args().seconds)
    encoder = OpusEncoder()
    encoder.expect_loss(EXPECTED)
    payloads = [encoder.encode(frame) for frame in frames]
    none = [False] * len(payloads)
    clean, ideal = heard_through_engine(payloads, none), heard_by_libopus(payloads, none)
    print("loss  bursts of  segmental SNR dB: engine  libopus alone   ratio")
    for share in (0.05, 0.20):
        for burst in (1, 3):
            gone = lost(len(payloads), share, burst)
            ours = segmental_snr(clean, heard_through_engine(payloads, gone))
            bare = segmental_snr(ideal, heard_by_libopus(payloads, gone))
            print(f"{sum(gone) / len(gone):4.0%}  {burst:9}  {ours:24.1f}  {bare:13.1f}  {ours / bare:6.2f}")


if __name__ == "__main__":
    main()
