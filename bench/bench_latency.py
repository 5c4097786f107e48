"""How long people wait: `python bench/bench_latency.py [--runs 40]`.

A whole server whose commits take 15 ms longer than they would (slow_commits.py), and callers in this process
(light_caller.py) that send PCMU and note when which packet came. Measured are

- from the INVITE to the first packet with the sound of those who are inside;
- from the first packet of `#` behind a PIN to the first packet that holds the meeting;
- from the host's last digit packet, and from the ACK of a host without a PIN, to the first packet to a waiting guest
  that holds the host's tone; of the former 20 ms are the phone's own, which sends nothing while a key is down: so it is
  also measured from the first packet with sound after the key;
- from mouth to ear: from the sending of the first packet that holds a tone to the coming of the first that does.

The floor is a relay of the same run that does nothing but send each packet on at its next tick of 20 ms, as whatever
mixes must; the last column is the median's ratio to the floor's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from light_caller import TICK, LightCaller
from tests.kit import server as kit
from tests.kit.addresses import Network
from tests.kit.server import DOMAIN, Server

SLOW = (sys.executable, str(Path(__file__).parent / "slow_commits.py"))
INSIDE, HOST = 2350.0, 1250.0  # Hz; prompts hold neither
DICE = random.Random()
HOST_PIN, GUEST_PIN = "1234", "789"
BEGIN = 0.3  # seconds between events of a run

Sample = Callable[[], Awaitable[float]]


class Relay(asyncio.DatagramProtocol):
    """Sends what it gets to one place, at its next tick."""

    def __init__(self) -> None:
        self.to: tuple[str, int] = ("", 0)
        self._waiting: list[bytes] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._waiting.append(data)

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            due += TICK
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            for data in self._waiting:
                self._transport.sendto(data, self.to)
            self._waiting.clear()


class Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came: asyncio.Queue[float] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.came.put_nowait(time.monotonic())


async def floor(runs: int, address: str) -> list[float]:
    loop = asyncio.get_running_loop()
    way, relay = await loop.create_datagram_endpoint(Relay, (address, 0))
    end, ear = await loop.create_datagram_endpoint(Ear, (address, 0))
    relay.to = end.get_extra_info("sockname")
    running = asyncio.create_task(relay.run())
    found = []
    for _ in range(runs):
        await asyncio.sleep(TICK + DICE.uniform(0, TICK))
        began = time.monotonic()
        end.sendto(bytes(172), way.get_extra_info("sockname"))
        found.append(await ear.came.get() - began)
    running.cancel()
    way.close()
    end.close()
    return found


class Floor:
    """The server's spaces and those who call."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._callers: list[LightCaller] = []
        self._resumed: list[float] = []  # from the first sound after the host's digits to the guest's ear

    async def caller(self, *, tone: float = 0.0) -> LightCaller:
        network = self._server.network
        caller = LightCaller(network.address(), (self._server.address, self._server.sip_port), DOMAIN, tone=tone)
        await caller.open()
        self._callers.append(caller)
        return caller

    def close(self) -> None:
        for caller in self._callers:
            caller.close()

    async def prepare(self) -> None:
        api = self._server.api
        waits = await api.post("/callLegProfiles", "needsActivation=true&deactivationMode=deactivate")
        hosts = await api.post("/callLegProfiles", "needsActivation=false")
        await api.post("/coSpaces", "name=open&uri=open&callId=501")
        await api.post("/coSpaces", f"name=locked&uri=locked&callId=502&passcode={GUEST_PIN}")
        lobby = await api.post("/coSpaces", f"name=lobby&uri=lobby&callId=503&callLegProfile={waits}")
        for way in (f"uri=host&callId=504&passcode={HOST_PIN}", "uri=owner&callId=505"):
            await api.post(f"/coSpaces/{lobby}/accessMethods", f"{way}&callLegProfile={hosts}")
        self._inside = await self.caller(tone=INSIDE)
        self._newcomer = await self.caller()
        self._guest = await self.caller()
        self._host = await self.caller(tone=HOST)

    async def invite_to_sound(self) -> float:
        await self._newcomer.call("open")
        heard = await self._newcomer.hears(INSIDE, after=self._newcomer.invited_at)
        await self._newcomer.hang_up()
        return heard - self._newcomer.invited_at

    async def pin_to_mix(self) -> float:
        caller = self._newcomer
        await caller.call("locked")
        await caller.hears_anything(after=caller.invited_at)  # the prompt
        await asyncio.sleep(BEGIN + DICE.uniform(0, TICK))
        caller.press(f"{GUEST_PIN}#")
        heard = await caller.hears(INSIDE, after=caller.answered_at)
        await caller.hang_up()
        return heard - caller.digit_began_at  # `#` is the last that was pressed

    async def digit_to_guest(self) -> float:
        await self._host.call("host")
        await self._host.hears_anything(after=self._host.invited_at)
        await asyncio.sleep(BEGIN + DICE.uniform(0, TICK))
        self._host.press(f"{HOST_PIN}#")
        heard = await self._guest.hears(HOST, after=self._host.answered_at)
        self._resumed.append(heard - self._host.resumed_at)
        return await self._host_leaves(heard - self._host.digit_ended_at)

    async def ack_to_guest(self) -> float:
        await self._host.call("owner")
        heard = await self._guest.hears(HOST, after=self._host.invited_at)
        return await self._host_leaves(heard - self._host.acknowledged_at)

    async def _host_leaves(self, took: float) -> float:
        await self._host.hang_up()
        await self._guest.quiet_of(HOST)
        return took

    async def mouth_to_ear(self) -> float:
        self._host.tone = 0.0
        await self._newcomer.quiet_of(HOST)
        await asyncio.sleep(BEGIN + DICE.uniform(0, TICK))
        began = await self._host.hum(HOST)
        return await self._newcomer.hears(HOST, after=began) - began

    async def all(self, runs: int, least: list[float]) -> None:
        await self._inside.call("open")
        show("INVITE to first sound of those inside", await repeated(self.invite_to_sound, runs), least)
        await self._inside.hang_up()
        await self._inside.call("locked")
        await self._inside.hears_anything(after=self._inside.invited_at)
        self._inside.press(f"{GUEST_PIN}#")
        await asyncio.sleep(1)
        show("# of a PIN to being in the mix", await repeated(self.pin_to_mix, runs), least)
        await self._guest.call("lobby")
        show("host's last digit packet to the guest's ear", await repeated(self.digit_to_guest, runs), least)
        show("  of it from the first sound after the digit", self._resumed, least)
        show("host's ACK to the guest's ear", await repeated(self.ack_to_guest, runs), least)
        await self._host.call("open")
        await self._newcomer.call("open")
        show("mouth to ear", await repeated(self.mouth_to_ear, runs), least)


async def repeated(sample: Sample, runs: int) -> list[float]:
    found = []
    for _ in range(runs):
        await asyncio.sleep(DICE.uniform(0, TICK))  # a run ends with a packet, and so with a tick of the server's
        found.append(await sample())
    return found


def show(name: str, found: list[float], least: list[float]) -> None:
    median, late = np.percentile(found, [50, 95]) * 1e3
    ratio = median / (np.median(least) * 1e3)
    print(f"{name:46} {len(found):5} {median:8.1f} {late:8.1f} {max(found) * 1e3:8.1f} {ratio:8.2f}", flush=True)


async def measure(runs: int) -> None:
    kit.COMMAND = SLOW
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; milliseconds")
    print(f"{'':46} {'runs':>5} {'median':>8} {'95 %':>8} {'worst':>8} {'ratio':>8}")
    async with Server(Network()) as server:
        least = await floor(runs, server.network.address())
        show("floor: a relay with a tick of 20 ms", least, least)
        hall = Floor(server)
        try:
            await hall.prepare()
            await hall.all(runs, least)
        finally:
            hall.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="How long callers wait for what they hear.")
    parser.add_argument("--runs", type=int, default=40, help="of each measurement")
    asyncio.run(measure(parser.parse_args().runs))


if __name__ == "__main__":
    main()
