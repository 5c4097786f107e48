"""What a leg costs beside Janus: `python bench/bench_janus.py [--seconds 8] [--legs 20 60 120 200]`.

The same crowd of plain-RTP legs (rtp_crowd.py, a process of its own) first in an AudioBridge room of Debian's Janus,
then in a meeting of our media worker, then by turns once more (--rounds); the smaller figure of each counts, since
another process on the machine only ever adds. Everybody talks, then three do and the others send a room's noise. The
processor's time of the whole process is read from the kernel, its own threads and its share of the kernel included.

Beside it stands the floor: the bare codec and socket calls for the same packets (one decode and one socket read for
each packet that comes, one encode for each different thing that is heard, one socket write for each packet that
leaves), timed in this process in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench_audio_mix import voice
from bench_browsers import processor_seconds
from janus_bridge import JanusFailed, janus
from rtp_crowd import KINDS, TALKS, Address, Crowd, Kind, Report, recordings

from parley.backends.engine.client import EngineClient
from parley.core.ids import LegId, MeetingId
from parley.core.leg_inputs import AudioCodec, LegAudio
from parley.core.mediaplan import LegMedia, MediaPlan
from parley.engine.g711 import MU
from parley.engine.opus import OpusDecoder, OpusEncoder
from parley.engine.sound import FRAME

SERVER, CLIENTS = "127.77.3.1", "127.0.0.1"
LOUDEST = 4
SETTLING = 2.5  # seconds between coming in and being measured
TICK = 0.02
FLOOR_TICKS = 100
RATES = {"opus": 48_000, "pcmu": 8_000}


@dataclass(frozen=True, slots=True)
class Measured:
    """processor: seconds of one core for one leg and 20 ms."""

    processor: float
    report: Report

    @property
    def trouble(self) -> str:
        sound = self.report
        lost = sound.holes / max(1, sound.received + sound.holes)
        return f"{lost:6.2%} lost, {sound.deaf} deaf, load late {sound.late * 1e3:.0f} ms"


async def count(crowd: Crowd, pid: int, legs: int, seconds: float) -> Measured:
    await asyncio.sleep(SETTLING)
    crowd.begin_to_count()
    spent, began = processor_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    spent, passed = processor_seconds(pid) - spent, time.monotonic() - began
    report = await asyncio.to_thread(crowd.end)
    return Measured(spent / (passed / TICK) / legs, report)


async def of_janus(kind: Kind, legs: int, talking: int, seconds: float) -> Measured:
    crowd = await asyncio.to_thread(Crowd, CLIENTS, kind)
    with janus() as bridge:
        bridge.open_room(RATES[kind.name])
        targets = [bridge.join(crowd.address, kind.name, kind.payload_type) for _ in range(legs)]
        crowd.begin(targets, talking)
        return await count(crowd, bridge.pid, legs, seconds)


async def of_ours(kind: Kind, legs: int, talking: int, seconds: float) -> Measured:
    crowd = await asyncio.to_thread(Crowd, CLIENTS, kind)
    codec = AudioCodec(kind.name, kind.payload_type, RATES[kind.name])
    with tempfile.TemporaryDirectory() as directory:
        engine = EngineClient(Path(directory), ports=(40_000, 41_000 + 4 * legs), loudest=LOUDEST, dead_after=30)
        await engine.start()
        try:
            targets: list[Address] = []
            names = [LegId(str(number)) for number in range(legs)]
            for name in names:
                port = await engine.open_leg(name, SERVER, LegAudio(*crowd.address, codec))
                assert isinstance(port, int)
                targets.append((SERVER, port))
            heard = tuple(LegMedia(name, contributes=True, receives=True) for name in names)
            engine.apply(MediaPlan(MeetingId("m"), 1, heard))
            crowd.begin(targets, talking)
            assert engine.worker_pid is not None
            return await count(crowd, engine.worker_pid, legs, seconds)
        finally:
            await engine.stop()


def floor(kind: Kind, legs: int) -> float:
    """Seconds of bare calls for one leg and 20 ms."""
    payload_sets = recordings(kind, TALKS, LOUDEST)
    mixes = [voice(FLOOR_TICKS, 20 + n, TALKS) for n in range(LOUDEST + 1)]
    if kind.name == "opus":
        decoders = [OpusDecoder() for _ in range(legs)]
        encoders = [OpusEncoder() for _ in mixes]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        one.bind((SERVER, 0))
        other.bind((SERVER, 0))
        to = other.getsockname()
        began = time.process_time()
        for tick in range(FLOOR_TICKS):
            for leg in range(legs):
                payload = payload_sets[leg % LOUDEST][tick]
                one.sendto(payload, to)  # what a leg is sent; reading it below stands for what a leg sends
                other.recvfrom(2048)
                if kind.name == "opus":
                    decoders[leg].decode(payload)
                else:
                    MU.expand(payload)
            for place, mix in enumerate(mixes):
                if kind.name == "opus":
                    encoders[place].encode(mix[tick])
                else:
                    MU.compress(np.ascontiguousarray(mix[tick][: FRAME // 6]))
        return (time.process_time() - began) / FLOOR_TICKS / legs


async def compare(kind: Kind, legs: int, talking: int, seconds: float, rounds: int) -> None:
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(await of_janus(kind, legs, talking, seconds))
        ours.append(await of_ours(kind, legs, talking, seconds))
    janus_best, our_best = (min(each, key=lambda run: run.processor) for each in (theirs, ours))
    bare = min(floor(kind, legs) for _ in range(rounds))
    print(
        f"{kind.name:5} {legs:4} {talking:8} {janus_best.processor * 1e6:9.1f} {our_best.processor * 1e6:7.1f}"
        f" {janus_best.processor / our_best.processor:11.2f} {bare * 1e6:7.1f} {our_best.processor / bare:11.2f}"
        f" {our_best.processor / TICK * legs:7.0%}   Janus {janus_best.trouble}; ours {our_best.trouble}",
        flush=True,
    )


async def most_of_one_core(kind: Kind, seconds: float) -> None:
    """As many as one worker carries: more and more of them, until a hundredth of what it owes is lost."""
    carried = 0
    for legs in (200, 300, 400, 500, 600, 800):
        found = await of_ours(kind, legs, legs, seconds)
        lost = found.report.holes / max(1, found.report.received + found.report.holes)
        owed = found.report.received / (legs * seconds / TICK)
        print(
            f"{kind.name:5} {legs:4} all talk: {found.processor * 1e6:6.1f} us a leg and tick, "
            f"{owed:.1%} of what is owed, {found.trouble}"
        )
        if owed < 0.99 or lost > 0.01:
            break
        carried = legs
    print(f"{kind.name:5} one worker carries at least {carried} legs that all talk")


async def measure(options: argparse.Namespace) -> None:
    print(f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; us a leg and 20 ms")
    print("codec legs  talking  Janus us ours us  Janus/ours bare us  ours/bare  ours of a core")
    for name in options.codecs:
        for legs in options.legs:
            for talking in (legs, 3):
                await compare(KINDS[name], legs, talking, options.seconds, options.rounds)
    if options.most:
        for name in options.codecs:
            await most_of_one_core(KINDS[name], options.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description="A leg's cost in our media worker and in Janus.")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--legs", type=int, nargs="+", default=[20, 60, 120, 200])
    parser.add_argument("--codecs", nargs="+", default=["opus", "pcmu"], choices=sorted(KINDS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--most", action="store_true", help="find how many legs one worker carries, too")
    try:
        asyncio.run(measure(parser.parse_args()))
    except (JanusFailed, FileNotFoundError) as problem:
        sys.exit(f"Janus (Debian's package `janus`): {problem}")


if __name__ == "__main__":
    main()
