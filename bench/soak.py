"""Does anything leak? `python bench/soak.py [--hours 1] [--minutes 10] [--callers 100]`.

First an hour of the engine's own time, as fast as the machine goes: legs come, talk, hold prompts and go at random in
three meetings; in the end no leg, port or meeting is left, and the process has grown by no more than it had in the
first tenth. Then ten real minutes of a whole server: so many callers, each with a SIP dialog and sound both ways, join
and leave at random; some hang up within the IVR, some vanish without a word. In the end no leg, call, port, thread or
descriptor is left, and memory has stood still over the second half. Ends with 1 and says what leaked.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench_audio_mix import NumberedPorts, prepare
from bench_calls import resident, tree
from light_caller import CallFailed, LightCaller
from tests.kit.addresses import Network
from tests.kit.server import DOMAIN, Server

from parley.engine.engine import Engine
from parley.engine.messages import CloseLeg, Codec, Configure, DropMeeting, LegMedia, LegPlan, OpenLeg, Play, SetPlan
from parley.engine.prompts import Prompts
from parley.engine.sound import FRAME, RATE, TICK_MS
from parley.engine.transport import Arrival
from parley.wire.rtp import build_rtp

MEETINGS = 3
LEGS = 12  # at a time in the virtual hour
STAY = 60.0  # seconds, on average
PIN = "4321"
GROWTH = 0.10  # of memory that is forgiven between the middle and the end
TICKS_A_SECOND = 1000 // TICK_MS


class Counted(NumberedPorts):
    """Ports that know how many are open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: set[str] = set()

    def open(self, leg: str, local: str, low: int, high: int, *more: object) -> int:
        self.opened.add(leg)
        return super().open(leg, local, low, high)

    def close(self, leg: str) -> None:
        self.opened.discard(leg)


@dataclass(slots=True)
class Guest:
    """One leg of the virtual hour: it sends until its last tick, and some are silent from the first."""

    name: str
    meeting: str
    leaves: int
    speaks: bool
    sequence: int = 0


class VirtualHour:
    def __init__(self) -> None:
        self._dice = random.Random(11)
        self._ports = Counted()
        self._engine = Engine(self._ports, Prompts.load(), random.Random(1), time.time)
        self._engine.handle(Configure(id=1, port_low=20_000, port_high=60_001), 0.0)
        self._payloads = prepare(4, 250)
        self._guests: dict[str, Guest] = {}
        self._plans = 0
        self._came = 0

    def run(self, hours: float) -> list[str]:
        """What leaked."""
        ticks = int(hours * 3600 * TICKS_A_SECOND)
        early = 0
        for tick in range(ticks):
            self._turn(tick)
            if tick == ticks // 10:
                early = _own_memory()
        for guest in list(self._guests.values()):
            self._leave(guest, ticks)
        for number in range(MEETINGS):
            self._engine.handle(DropMeeting(id=9, meeting=f"m{number}"), 0.0)
        state, late = self._engine.dump(), _own_memory()
        print(f"virtual: {self._came} legs in {hours:g} h, {early >> 20} MiB after a tenth, {late >> 20} at the end")
        kept = {"legs": state["legs"], "meetings": state["meetings"], "ports": self._ports.opened}
        grown = [f"engine: memory {early} -> {late}"] if late > early * (1 + GROWTH) else []
        return [f"engine: {what} {left}" for what, left in kept.items() if left] + grown

    def _turn(self, tick: int) -> None:
        now = tick * TICK_MS / 1000
        if len(self._guests) < LEGS and self._dice.random() < 0.02:
            self._join(tick)
        for guest in [guest for guest in self._guests.values() if tick >= guest.leaves]:
            self._leave(guest, tick)
        arrivals = []
        for place, guest in enumerate(self._guests.values()):
            if guest.speaks and self._dice.random() > 0.02:
                data = build_rtp(
                    111, guest.sequence & 0xFFFF, guest.sequence * FRAME, 9, self._payloads[place % 4][tick % 250]
                )
                arrivals.append(Arrival(guest.name, False, data, ("192.0.2.1", 2000)))
            guest.sequence += 1
        self._engine.step(now, arrivals)
        self._engine.take_notifications()

    def _join(self, tick: int) -> None:
        self._came += 1
        stay = int(self._dice.expovariate(1 / STAY) * TICKS_A_SECOND)
        guest = Guest(f"leg{self._came}", f"m{self._dice.randrange(MEETINGS)}", tick + stay, self._dice.random() < 0.9)
        self._guests[guest.name] = guest
        media = LegMedia(
            remote_host="192.0.2.1",
            remote_port=2000,
            codec=Codec(name="opus", payload_type=111, clock_rate=RATE),
        )
        now = tick * TICK_MS / 1000
        self._engine.handle(OpenLeg(id=2, leg=guest.name, local="192.0.2.2", media=media), now)
        if self._dice.random() < 0.5:
            self._engine.handle(Play(id=3, leg=guest.name, play=1, prompts=("enter-pin",)), now)
        self._plan(guest.meeting, now)

    def _leave(self, guest: Guest, tick: int) -> None:
        del self._guests[guest.name]
        now = tick * TICK_MS / 1000
        self._engine.handle(CloseLeg(id=4, leg=guest.name), now)
        self._plan(guest.meeting, now)

    def _plan(self, meeting: str, now: float) -> None:
        self._plans += 1
        legs = tuple(
            LegPlan(leg=each.name, contributes=True, receives=True)
            for each in self._guests.values()
            if each.meeting == meeting
        )
        self._engine.handle(SetPlan(id=5, meeting=meeting, number=self._plans, legs=legs), now)


def _own_memory() -> int:
    gc.collect()
    return resident([os.getpid()])


@dataclass(frozen=True, slots=True)
class Weight:
    """Of all processes of the server."""

    memory: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Weight:
        pids = tree(pid)
        return cls(
            resident(pids),
            sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in pids),
            sum(len(list(Path(f"/proc/{each}/task").iterdir())) for each in pids),
        )


class Restless:
    """One caller who comes and goes for as long as the soak lasts."""

    def __init__(self, server: Server, dice: random.Random) -> None:
        self._server, self._dice = server, dice
        self._address = server.network.address()
        self.calls = self.failed = 0

    async def run(self, until: float) -> None:
        while time.monotonic() < until:
            caller = LightCaller(self._address, (self._server.address, self._server.sip_port), DOMAIN, tone=500.0)
            await caller.open()
            try:
                await self._once(caller, until)
            except (CallFailed, TimeoutError):
                self.failed += 1
            finally:
                caller.close()
            await asyncio.sleep(self._dice.expovariate(1.0))

    async def _once(self, caller: LightCaller, until: float) -> None:
        self.calls += 1
        room = self._dice.choice(("open", "open", "locked"))
        await caller.call(room)
        if room == "locked" and self._dice.random() < 0.7:
            await asyncio.sleep(0.5)
            caller.press(f"{PIN}#")
        stay = min(self._dice.expovariate(1 / 15), max(0.0, until - time.monotonic()))
        await asyncio.sleep(stay)
        if self._dice.random() < 0.95:
            await caller.hang_up()  # else it vanishes, as a phone whose battery is empty does


async def real(minutes: float, callers: int) -> list[str]:
    settings = {"LIMITS__LEGS": "2000", "LIMITS__CALLS_PER_SOURCE": "1000", "MEDIA__DEAD_AFTER": "10"}
    async with Server(Network(), MEDIA__PORTS="10000-19999", LOG__LEVEL="warning", **settings) as server:
        await server.api.post("/coSpaces", "name=open&uri=open&callId=501")
        await server.api.post("/coSpaces", f"name=locked&uri=locked&callId=502&passcode={PIN}")
        dice = random.Random(5)
        crowd = [Restless(server, random.Random(dice.random())) for _ in range(callers)]
        await _for(crowd, 20.0)  # what is made once, is made
        await _until_empty(server)
        before = Weight.of(server.pid)
        await _for(crowd, minutes * 30)
        await _until_empty(server)
        middle = Weight.of(server.pid)
        await _for(crowd, minutes * 30)
        left = await _until_empty(server)
        after = Weight.of(server.pid)
        calls, failed = sum(each.calls for each in crowd), sum(each.failed for each in crowd)
        print(f"real: {calls} calls in {minutes:g} minutes, {failed} failed; {before}, {middle}, {after}")
        return [
            *left,
            *([f"server: {failed} calls failed"] if failed else []),
            *(["server: descriptors"] if after.descriptors > middle.descriptors else []),
            *(["server: threads"] if after.threads > middle.threads else []),
            *(["server: memory"] if after.memory > middle.memory * (1 + GROWTH) else []),
        ]


async def _for(crowd: list[Restless], seconds: float) -> None:
    until = time.monotonic() + seconds
    await asyncio.gather(*(each.run(until) for each in crowd))


async def _until_empty(server: Server) -> list[str]:
    """Those who vanished are missed after a while; what is left then, has leaked."""
    left = []
    for _ in range(60):
        left = [f"server: {what}" for what in ("/callLegs", "/calls") if await server.api.total(what)]
        if not left:
            break
        await asyncio.sleep(1)
    await asyncio.sleep(35)  # transactions are remembered for 64*T1 (RFC 3261 section 17)
    return left


def main() -> None:
    parser = argparse.ArgumentParser(description="Look for leaks.")
    parser.add_argument("--hours", type=float, default=1.0, help="of the engine's own time")
    parser.add_argument("--minutes", type=float, default=10.0, help="of a real server's")
    parser.add_argument("--callers", type=int, default=100)
    options = parser.parse_args()
    leaked = VirtualHour().run(options.hours) if options.hours else []
    if options.minutes:
        with contextlib.suppress(KeyboardInterrupt):
            leaked += asyncio.run(real(options.minutes, options.callers))
    print("\n".join(leaked) or "nothing leaked")
    sys.exit(1 if leaked else 0)


if __name__ == "__main__":
    main()
