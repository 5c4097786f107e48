"""What a browser's leg costs: `python bench/bench_browsers.py [--seconds 10] [--browsers 8]`.

A media worker over real sockets with so many browsers in one meeting, and a plain aiortc server that sends every
browser its own sound back, one after the other under the same load (bench/light_browser.py). Printed are microseconds
of the server's processor time for each packet that a browser got (one a leg and 20 ms), and what the handshakes of
all browsers at once do to the worker's ticks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

from bench_audio_mix import voice
from light_browser import FINGERPRINT, LightBrowser

from parley.backends.engine.client import EngineClient, WebListening
from parley.core.ids import LegId, MeetingId
from parley.core.leg_inputs import AudioCodec, LegAudio, WebLocal, WebRemote
from parley.core.mediaplan import LegMedia, MediaPlan
from parley.core.secret import Secret
from parley.engine.opus import OpusEncoder

TICK = 0.02
SERVER, CLIENTS = "127.77.1.1", "127.77.1.2"
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_meetings = count(1)


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def payloads(amplitude: float) -> list[bytes]:
    encoder = OpusEncoder()
    return [encoder.encode(frame) for frame in voice(250, 3, amplitude)]


async def pace(browsers: list[LightBrowser], seconds: float) -> None:
    """All of them send, each at its own moment of the 20 ms."""
    began = time.monotonic()
    for tick in range(round(seconds / TICK)):
        for number, browser in enumerate(browsers):
            due = began + (tick + number / len(browsers)) * TICK
            if due > time.monotonic() + 0.001:
                await asyncio.sleep(due - time.monotonic())
            browser.tick(time.monotonic())
        await asyncio.sleep(0)


async def measure(
    pid: int, browsers: list[LightBrowser], join: Callable[[LightBrowser], Awaitable[None]], seconds: float
) -> float:
    """Microseconds for each packet that reaches a browser, less what the server costs with nobody there."""
    before = processor_seconds(pid)
    await asyncio.sleep(2.0)
    idle = (processor_seconds(pid) - before) / 2.0
    for browser in browsers:
        await browser.open(CLIENTS)
    await asyncio.gather(*(join(browser) for browser in browsers))
    pacing = asyncio.create_task(pace(browsers, seconds + 3.0))
    await asyncio.wait_for(asyncio.gather(*(browser.ready.wait() for browser in browsers)), 20)
    await asyncio.sleep(2.0)
    received = sum(browser.received for browser in browsers)
    before, began = processor_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    spent, passed = processor_seconds(pid) - before, time.monotonic() - began
    await pacing
    got = sum(browser.received for browser in browsers) - received
    assert got > 0, "nothing was heard"
    return (spent - idle * passed) / got * 1e6


async def in_the_engine(browsers: list[LightBrowser], seconds: float) -> tuple[float, str]:
    with tempfile.TemporaryDirectory() as directory:
        engine = EngineClient(
            Path(directory), ports=(40_000, 40_001), loudest=4, dead_after=30, web=WebListening((SERVER,), 0)
        )
        await engine.start()
        assert engine.worker_pid is not None
        meeting = MeetingId(f"m{next(_meetings)}")
        legs = tuple(LegMedia(LegId(browser.ufrag), contributes=True, receives=True) for browser in browsers)

        async def join(browser: LightBrowser) -> None:
            far = WebRemote(browser.ufrag, Secret(browser.password), FINGERPRINT, level_extension=1)
            audio = LegAudio("", 0, AudioCodec("opus", 111, 48_000), web=far)
            local = await engine.open_leg(LegId(browser.ufrag), "", audio)
            assert isinstance(local, WebLocal)
            browser.connect((SERVER, local.port), local.ufrag, local.password.reveal())

        engine.apply(MediaPlan(meeting, 1, ()))
        healths: list[float] = []
        watching = asyncio.create_task(_watch(engine, healths))
        joined = asyncio.create_task(measure(engine.worker_pid, browsers, join, seconds))
        await asyncio.sleep(2.5)
        engine.apply(MediaPlan(meeting, 2, legs))
        cost = await joined
        watching.cancel()
        await engine.stop()
        coming, after = max(healths[:5], default=0.0), max(healths[5:], default=0.0)
        return cost, f"worst tick {coming:.1f} ms late while all came in at once, {after:.1f} later"


async def _watch(engine: EngineClient, healths: list[float]) -> None:
    seen = None
    while True:
        if engine.health is not None and engine.health is not seen:
            seen = engine.health
            healths.append(seen.worst_late_ms)
        await asyncio.sleep(0.1)


async def in_aiortc(browsers: list[LightBrowser], seconds: float) -> float:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("aiortc_server.py"))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    turn = asyncio.Lock()

    async def join(browser: LightBrowser) -> None:
        assert process.stdin is not None and process.stdout is not None
        async with turn:
            process.stdin.write(json.dumps(browser.offer()).encode() + b"\n")
            browser.answered(json.loads(await process.stdout.readline()))

    try:
        await asyncio.sleep(2.0)  # its imports are not what is measured
        return await measure(process.pid, browsers, join, seconds)
    finally:
        process.kill()
        await process.wait()


async def compare(number: int, seconds: float) -> None:
    loud, quiet = payloads(0.2), payloads(0.0)
    print("browsers          engine us/leg/tick   aiortc us/leg/tick   ratio")
    for name, speakers in (("all speaking", number), ("one speaks, others listen", 1)):

        def cast(speakers: int = speakers) -> list[LightBrowser]:
            return [
                LightBrowser(place, loud if place < speakers else quiet, -20 if place < speakers else -127)
                for place in range(number)
            ]

        ours, lateness = await in_the_engine(cast(), seconds)
        theirs = await in_aiortc(cast(), seconds)
        print(f"{number:3} {name:26} {ours:8.1f} {theirs:20.1f} {theirs / ours:10.1f}   {lateness}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of a browser's leg, beside aiortc.")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--browsers", type=int, default=8, help="in the meeting")
    options = parser.parse_args()
    asyncio.run(compare(options.browsers, options.seconds))


if __name__ == "__main__":
    main()
