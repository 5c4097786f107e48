"""Fifty browsers beside fifty phones: `python bench/bench_browser_meeting.py [--seconds 8] [--legs 50]`.

A media worker over real sockets with so many PCMU phones in one meeting; then so many legs come beside them, by turns
PCMU phones, Opus phones and browsers (ICE, DTLS-SRTP and Opus, on the one shared port), each kind gone again before
the next comes. Everybody sends a packet each 20 ms; two of the first fifty and two of those who come are talking, the
others send the noise of a room, which browsers call such (RFC 6464) and phones cannot. The load (meeting_load.py) is
this process, the worker is one of its own, whose processor time is read from the kernel at the worker's own count of
ticks. Printed are for each stage the worker's milliseconds for a tick of 20, what each leg that came has added, ticks
begun more than 5 ms late and ticks left out to catch up, packets lost either way, how many heard something in the
end, and by how many milliseconds the load's own packets were late at worst; last, what a browser's leg costs beside a
phone's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from bench_audio_mix import voice
from bench_browsers import processor_seconds
from light_browser import FINGERPRINT
from meeting_load import TICK, HearingBrowser, LightPhone, Pacer, Talker

from parley.app.ports import MediaUnavailable
from parley.backends.engine.client import EngineClient, WebListening
from parley.core.ids import LegId, MeetingId
from parley.core.leg_inputs import AudioCodec, LegAudio, WebLocal, WebRemote
from parley.core.mediaplan import LegMedia, MediaPlan
from parley.core.secret import Secret
from parley.engine.g711 import MU
from parley.engine.messages import Health
from parley.engine.opus import OpusEncoder

SERVER, CLIENTS = "127.77.2.1", "127.77.2.2"
MEETING = MeetingId("m1")
PCMU, OPUS = AudioCodec("pcmu", 0, 8000), AudioCodec("opus", 111, 48_000)
TALKERS = 2  # of each group
TALKS, ROOM = 0.2, 0.0005  # amplitudes
TALKS_LEVEL, ROOM_LEVEL = -20, -80  # dBov, that browsers tell with each packet
SETTLING = 2.0  # seconds between coming in and being measured
MUCH_LEFT_OUT = 0.02  # then a tick works on more packets than one of each leg
COMING = 20.0  # seconds that may pass until all handshakes are done

Joining = Callable[[int, bool], Awaitable[Talker]]


def opus_payloads(amplitude: float) -> list[bytes]:
    encoder = OpusEncoder()
    return [encoder.encode(frame) for frame in voice(250, 3, amplitude)]


def pcmu_payloads(amplitude: float) -> list[bytes]:
    """Every sixth sample will do: whoever listens only asks whether there is anything."""
    return [MU.compress(np.ascontiguousarray(frame[::6])) for frame in voice(250, 3, amplitude)]


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage has shown. tick: seconds of the worker's processor for one tick."""

    name: str
    legs: int
    tick: float
    late: float  # share of ticks
    left_out: float  # share of the ticks that the time had room for
    worst_late_ms: float
    lost_down: int
    lost_up: int
    sent: int
    hearing: int
    load_late: float  # seconds, of the load itself

    def show(self, before: Stage | None) -> None:
        added = f"{self.added(before) * 1e6:12.1f}" if before else f"{'':12}"
        print(
            f"{self.name:24} {self.tick * 1e3:7.2f} {added} {self.late:6.1%} {self.left_out:9.1%}"
            f" {self.worst_late_ms:9.1f} {self.lost_down:10} {self.lost_up:8} {self.sent:8}"
            f" {self.hearing:4}/{self.legs:<4} {self.load_late * 1e3:9.0f}"
        )

    def added(self, before: Stage) -> float:
        """Seconds a tick for each leg that has come."""
        return (self.tick - before.tick) / (self.legs - before.legs)


class TooBusy(Exception):
    """The worker was given up: for two seconds it had not answered."""


class Hall:
    """One worker, one meeting, and those in it."""

    def __init__(self, engine: EngineClient) -> None:
        assert engine.worker_pid is not None
        self._engine, self._worker = engine, engine.worker_pid
        self._pacer = Pacer()
        self._legs: dict[LegId, Talker] = {}
        self._numbers, self._plans = count(1), count(1)
        self._payloads = {
            (opus, talks): (opus_payloads if opus else pcmu_payloads)(TALKS if talks else ROOM)
            for opus in (False, True)
            for talks in (False, True)
        }

    async def phone(self, number: int, talks: bool, *, opus: bool) -> Talker:
        phone = LightPhone(number, self._payloads[opus, talks], opus=opus)
        audio = LegAudio(*await phone.open(CLIENTS), OPUS if opus else PCMU)
        port = await self._engine.open_leg(LegId(str(number)), SERVER, audio)
        assert isinstance(port, int)
        phone.connect((SERVER, port))
        return phone

    async def browser(self, number: int, talks: bool) -> Talker:
        browser = HearingBrowser(number, self._payloads[True, talks], TALKS_LEVEL if talks else ROOM_LEVEL)
        await browser.open(CLIENTS)
        far = WebRemote(browser.ufrag, Secret(browser.password), FINGERPRINT, level_extension=1)
        local = await self._engine.open_leg(LegId(str(number)), "", LegAudio("", 0, OPUS, web=far))
        assert isinstance(local, WebLocal)
        browser.connect((SERVER, local.port), local.ufrag, local.password.reveal())
        return browser

    async def come(self, legs: int, join: Joining) -> list[LegId]:
        came = []
        for place in range(legs):
            number = next(self._numbers)
            leg = LegId(str(number))
            self._legs[leg] = await join(number, place < TALKERS)
            self._pacer.talkers[self._legs[leg]] = None
            came.append(leg)
        browsers = [talker for talker in self._legs.values() if isinstance(talker, HearingBrowser)]
        async with asyncio.timeout(COMING):
            await asyncio.gather(*(browser.ready.wait() for browser in browsers))
        self._plan()
        return came

    def go(self, legs: list[LegId]) -> None:
        for leg in legs:
            talker = self._legs.pop(leg)
            del self._pacer.talkers[talker]
            self._engine.close_leg(leg)
            talker.close()
        self._plan()

    def _plan(self) -> None:
        legs = tuple(LegMedia(leg, contributes=True, receives=True) for leg in self._legs)
        self._engine.apply(MediaPlan(MEETING, next(self._plans), legs))

    async def _health(self) -> Health:
        """The worker's next word of itself, which it says each fifty ticks. Raises TooBusy."""
        seen = self._engine.health
        async with asyncio.timeout(10):
            while (said := self._engine.health) is seen or said is None:
                self._check()
                await asyncio.sleep(0.002)
        self._check()
        return said

    def _check(self) -> None:
        if self._engine.worker_pid != self._worker:
            raise TooBusy

    def _lost_up(self) -> int:
        found = [self._engine.statistics(leg) for leg in self._legs]
        return sum(each.packets_lost for each in found if each is not None)

    async def measure(self, name: str, seconds: float) -> Stage:
        """Once it has settled."""
        pid = self._worker
        await asyncio.sleep(SETTLING)
        before, began = await self._health(), time.monotonic()
        spent, lost_up = processor_seconds(pid), self._lost_up()
        for talker in self._legs.values():
            talker.ears.begin()
        self._pacer.worst_late = worst_late = 0.0
        after, ended = before, began
        while ended < began + seconds:
            after, ended = await self._health(), time.monotonic()
            worst_late = max(worst_late, after.worst_late_ms)
        spent = processor_seconds(pid) - spent
        ticks = after.ticks - before.ticks
        talkers = list(self._legs.values())
        return Stage(
            name,
            len(talkers),
            spent / ticks,
            (after.late_ticks - before.late_ticks) / ticks,
            max(0.0, 1 - ticks * TICK / (ended - began)),
            worst_late,
            sum(talker.ears.lost for talker in talkers),
            self._lost_up() - lost_up,
            sum(talker.ears.received + talker.ears.lost for talker in talkers),
            sum(talker.hears() for talker in talkers),
            self._pacer.worst_late,
        )

    async def run(self, legs: int, seconds: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            pacing = tasks.create_task(self._pacer.run())
            await self._stages(legs, seconds)
            pacing.cancel()

    async def _stages(self, legs: int, seconds: float) -> None:
        kinds: dict[str, Joining] = {
            "PCMU phones": lambda number, talks: self.phone(number, talks, opus=False),
            "Opus phones": lambda number, talks: self.phone(number, talks, opus=True),
            "browsers": self.browser,
        }
        await self.come(legs, kinds["PCMU phones"])
        alone = await self.measure(f"{legs} PCMU phones", seconds)
        alone.show(None)
        added, left_out = {}, alone.left_out
        for kind, join in kinds.items():
            came = await self.come(legs, join)
            stage = await self.measure(f"  and {legs} {kind}", seconds)
            stage.show(alone)
            added[kind], left_out = stage.added(alone), max(left_out, stage.left_out)
            self.go(came)
        for kind in ("PCMU phones", "Opus phones"):
            print(f"ratio (a browser's leg / one of {kind}): {added['browsers'] / added[kind]:.2f}")
        if left_out > MUCH_LEFT_OUT:
            print(f"up to {left_out:.0%} of the ticks were left out: too busy a machine for these costs to be trusted")


async def measure(legs: int, seconds: float) -> None:
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, ticks of 20 ms")
    print(
        "meeting"
        + " " * 18
        + "ms/tick  us/leg/tick   late  left out  worst ms  lost down  lost up      of   hear  load late"
    )
    with tempfile.TemporaryDirectory() as directory:
        engine = EngineClient(
            Path(directory), ports=(40_000, 40_000 + 8 * legs), loudest=4, dead_after=30, web=WebListening((SERVER,), 0)
        )
        await engine.start()
        try:
            await Hall(engine).run(legs, seconds)
        except* (TooBusy, MediaUnavailable):
            sys.exit("given up: the worker did not answer for two seconds; here is too little processor for the load")
        finally:
            await engine.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Many browsers and phones in one meeting.")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each of the four stages")
    parser.add_argument("--legs", type=int, default=50, help="phones, and legs that come beside them")
    options = parser.parse_args()
    asyncio.run(measure(options.legs, options.seconds))


if __name__ == "__main__":
    main()
