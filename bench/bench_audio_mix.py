"""What a leg costs: `python bench/bench_audio_mix.py [--seconds 10]` (with the package installed or on PYTHONPATH).

Runs the engine (no sockets) with 20 and with 60 Opus legs of which four talk, on packets prepared beforehand, and
prints microseconds per leg and tick, beside the bare libopus calls that the same ticks need: one decode for each
packet and one encode for each different thing heard. The ratio tells what everything else costs.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np

from parley.engine.engine import Engine
from parley.engine.messages import Codec, Configure, LegMedia, LegPlan, OpenLeg, SetPlan
from parley.engine.opus import OpusDecoder, OpusEncoder
from parley.engine.prompts import Prompts
from parley.engine.sound import FRAME, RATE, TICK_MS
from parley.engine.transport import Arrival
from parley.wire.rtp import build_rtp


class NumberedPorts:
    """Ports that are numbers; nothing is opened."""

    def __init__(self) -> None:
        self._next = 20_000

    def open(self, leg: str, local: str, low: int, high: int) -> int:
        self._next += 2
        return self._next

    def check_remote(self, leg_local: str, remote: str) -> None: ...

    def close(self, leg: str) -> None: ...

    def send(self, departures: object) -> None: ...

    def taken(self) -> list[bytes]:
        return []


OPUS = Codec(name="opus", payload_type=111, clock_rate=RATE)
TALKERS = 4


def voice(ticks: int, seed: int, amplitude: float) -> np.ndarray:
    """Something speech-like: a harmonic buzz under a syllable rhythm, with noise."""
    dice = np.random.default_rng(seed)
    place = np.arange(ticks * FRAME) / RATE
    buzz = sum(np.sin(2 * np.pi * (110 + 13 * seed) * n * place) / n for n in range(1, 12))
    rhythm = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * place + seed)
    sound = amplitude * (buzz * rhythm * 0.4 + 0.05 * dice.standard_normal(len(place)))
    return sound.astype(np.float32).reshape(-1, FRAME)


def prepare(legs: int, ticks: int) -> list[list[bytes]]:
    """For each leg its packets' payloads: four voices, and room noise below the threshold from the rest."""
    made = []
    for leg in range(legs):
        source = leg if leg <= TALKERS else TALKERS  # the silent ones share one recording
        if leg > TALKERS:
            made.append(made[TALKERS])
            continue
        encoder = OpusEncoder()
        amplitude = 0.2 if source < TALKERS else 0.0005
        made.append([encoder.encode(frame) for frame in voice(ticks, leg + 1, amplitude)])
    return made


def run_engine(legs: int, payloads: list[list[bytes]], ticks: int) -> float:
    engine = Engine(NumberedPorts(), Prompts({}), random.Random(1), time.time)
    engine.handle(Configure(id=1, port_low=20_000, port_high=29_999, loudest=TALKERS), 0.0)
    names = [f"leg-{number}" for number in range(legs)]
    for number, name in enumerate(names):
        media = LegMedia(remote_host="192.0.2.1", remote_port=2000 + number, codec=OPUS)
        engine.handle(OpenLeg(id=2, leg=name, local="192.0.2.2", media=media), 0.0)
    plan = tuple(LegPlan(leg=name, contributes=True, receives=True) for name in names)
    engine.handle(SetPlan(id=3, meeting="m", number=1, legs=plan), 0.0)
    arrivals = [
        [
            Arrival(name, False, build_rtp(111, tick, tick * FRAME, n, payloads[n][tick]), ("192.0.2.1", 2000 + n))
            for n, name in enumerate(names)
        ]
        for tick in range(ticks)
    ]
    started = time.perf_counter()
    for tick in range(ticks):
        engine.step(tick * TICK_MS / 1000, arrivals[tick])
        engine.take_notifications()
    return time.perf_counter() - started


def run_bare(legs: int, payloads: list[list[bytes]], ticks: int) -> float:
    """One decode a leg, and one encode for each of the talkers and for everybody else."""
    decoders = [OpusDecoder() for _ in range(legs)]
    encoders = [OpusEncoder() for _ in range(TALKERS + 1)]
    mixes = [voice(ticks, 20 + n, 0.2) for n in range(TALKERS + 1)]
    started = time.perf_counter()
    for tick in range(ticks):
        for number, decoder in enumerate(decoders):
            decoder.decode(payloads[number][tick])
        for encoder, mix in zip(encoders, mixes, strict=True):
            encoder.encode(mix[tick])
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of a leg in the audio engine.")
    parser.add_argument("--seconds", type=int, default=10, help="virtual seconds for each measurement")
    ticks = parser.parse_args().seconds * 1000 // TICK_MS
    print("legs  engine us/leg/tick  bare libopus us/leg/tick  ratio  share of one core")
    for legs in (20, 60):
        payloads = prepare(legs, ticks)
        # The best of five, by turns: another process on the machine only ever adds.
        runs = [(run_engine(legs, payloads, ticks), run_bare(legs, payloads, ticks)) for _ in range(5)]
        engine, bare = (min(column) for column in zip(*runs, strict=True))
        scale = 1e6 / ticks / legs
        share = engine / ticks / (TICK_MS / 1000)
        print(f"{legs:4}  {engine * scale:18.1f}  {bare * scale:24.1f}  {engine / bare:5.2f}  {share:17.1%}")


if __name__ == "__main__":
    main()
