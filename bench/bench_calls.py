"""How many calls and registrations a second: `python bench/bench_calls.py [--seconds 5]`.

A whole server, sipp as its callers and, beside it, sipp as a peer that answers the same calls and has nothing behind
them (no ports, no meeting, no records): the cheapest there is. Each call is INVITE, 200 with RTP set up, ACK, half a
second inside a meeting, BYE. The rate is raised until more than one call in a hundred fails or needs a repetition;
what the call costs is the processor's time of control and media worker together, read from the kernel. First on
one core, then on two. Then registrations with digest (REGISTER, 401, REGISTER, 200), and what calls that only stand
there weigh in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench_browsers import processor_seconds
from tests.kit.addresses import Network, free_port
from tests.kit.server import DOMAIN, Server

SCENARIOS = Path(__file__).parent / "sipp"
RATES = (25, 50, 100, 150, 200, 300, 400, 600, 800)
BAD = 0.01  # share of calls that failed, or messages that were repeated
IDLE_CALLS = 200
MEDIA_PORTS = "10000-29999"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What sipp tells at its end."""

    calls: int
    failed: int
    repeated: int

    @property
    def bad(self) -> float:
        return (self.failed + self.repeated) / max(1, self.calls)


async def sipp(folder: Path, scenario: str, target: str, own: str, rate: float, calls: int, *more: str) -> Outcome:
    """So many calls at so many a second."""
    arguments = ("-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", own, "-mi", own, "-p", str(free_port(own)))
    arguments += ("-r", f"{rate:g}", "-m", str(calls), "-l", str(calls), "-key", "domain", DOMAIN, "-nostdin")
    arguments += (
        "-trace_stat",
        "-stf",
        "statistics",
        "-fd",
        "1",
        "-timeout",
        "60",
        "-buff_size",
        "4194304",
        *more,
        target,
    )
    (folder / "statistics").unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        "sipp",
        *arguments,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()
    names, *_, last = (folder / "statistics").read_text().splitlines()
    row = dict(zip(names.split(";"), last.split(";"), strict=False))
    return Outcome(
        int(row["SuccessfulCall(C)"]) + int(row["FailedCall(C)"]),
        int(row["FailedCall(C)"]),
        int(row["Retransmissions(C)"]),
    )


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += tree(int(child))
    return found


def keep_to(pids: list[int], cores: int) -> None:
    """All their threads run on the first so many cores only."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), set(range(cores)))


def spent(pids: list[int]) -> float:
    return sum(processor_seconds(pid) for pid in pids)


def resident(pids: list[int]) -> int:
    """Bytes that are theirs alone or shared, of all of them."""
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return sum(int(found[1]) * 1024 for text in texts if (found := re.search(r"(?m)^Pss:\s+(\d+)", text)))


async def climb(
    name: str, folder: Path, scenario: str, target: str, own: str, pids: list[int], seconds: float
) -> tuple[float, float]:
    """Raise the rate until it is too much: the highest rate that was borne, and seconds of processor a call there."""
    best = (0.0, 0.0)
    for rate in RATES:
        before = spent(pids)
        outcome = await sipp(folder, scenario, target, own, rate, round(rate * seconds))
        cost = (spent(pids) - before) / max(1, outcome.calls)
        print(
            f"  {name:34} {rate:5}/s {cost * 1e3:7.2f} ms a call, {outcome.failed} failed, "
            f"{outcome.repeated} repeated of {outcome.calls}",
            flush=True,
        )
        if outcome.bad > BAD:
            break
        best = (float(rate), cost)
    return best


async def peer(folder: Path, seconds: float, network: Network) -> tuple[float, float]:
    """The same calls answered by sipp itself."""
    address, own = network.address(), network.address()
    port = free_port(address)
    arguments = ("-sf", str(SCENARIOS / "answer.xml"), "-i", address, "-mi", address, "-p", str(port), "-nostdin")
    process = await asyncio.create_subprocess_exec(
        *("sipp", *arguments, "-buff_size", "4194304"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        await asyncio.sleep(1)
        return await climb("sipp, which only answers", folder, "call", f"{address}:{port}", own, [process.pid], seconds)
    finally:
        process.kill()
        await process.wait()


def server_on(network: Network) -> Server:
    return Server(
        network,
        LIMITS__LEGS="10000",
        LIMITS__CALLS_PER_SOURCE="10000",
        MEDIA__PORTS=MEDIA_PORTS,
        LOG__LEVEL="warning",
    )


async def calls(folder: Path, seconds: float, cores: int) -> tuple[float, float]:
    network = Network()
    async with server_on(network) as server:
        await server.api.post("/coSpaces", "name=room&uri=room&callId=501")
        pids = tree(server.pid)
        keep_to(pids, cores)
        name = f"parley on {cores} core{'s' if cores > 1 else ''}"
        return await climb(name, folder, "call", server.sip, network.address(), pids, seconds)


async def registrations(folder: Path, seconds: float) -> tuple[float, float]:
    network = Network()
    async with server_on(network) as server:
        user, password = await _device(server)
        more = ("-au", user, "-ap", password, "-auth_uri", DOMAIN, "-s", user)
        pids, best, own = tree(server.pid), (0.0, 0.0), network.address()
        for rate in RATES:
            before = spent(pids)
            outcome = await sipp(folder, "register", server.sip, own, rate, round(rate * seconds), *more)
            cost = (spent(pids) - before) / max(1, outcome.calls)
            print(
                f"  registrations with digest {rate:5}/s {cost * 1e3:7.2f} ms each, "
                f"{outcome.failed} failed, {outcome.repeated} repeated"
            )
            if outcome.bad > BAD:
                break
            best = (float(rate), cost)
        return best


async def _device(server: Server) -> tuple[str, str]:
    """A user's SIP device: its name and its password."""
    await server.command("users", "add", "ann@parley.example", "--generate")
    made = json.loads(await server.command("users", "sip-device", "add", "ann@parley.example", "--json"))
    return made["username"], made["password"]


async def weigh(folder: Path) -> None:
    network = Network()
    async with server_on(network) as server:
        await server.api.post("/coSpaces", "name=room&uri=room&callId=501")
        pids = tree(server.pid)
        before = resident(pids)
        running = asyncio.create_task(sipp(folder, "idle", server.sip, network.address(), 50, IDLE_CALLS))
        await asyncio.sleep(IDLE_CALLS / 50 + 4)
        inside = await server.api.total("/callLegs")
        after = resident(pids)
        print(f"memory: {(after - before) / 1024 / inside:.0f} KiB for each of {inside} calls that stand there")
        await running


async def measure(seconds: float) -> None:
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = await peer(folder, seconds, Network())
        for cores in range(1, min(2, os.cpu_count() or 1) + 1):
            ours = await calls(folder, seconds, cores)
            print(
                f"{ours[0]:.0f} calls a second on {cores}: {ours[1] * 1e3:.2f} ms of processor each, "
                f"{ours[1] / theirs[1]:.1f} times what sipp spends to answer one"
            )
        rate, cost = await registrations(folder, seconds)
        print(f"{rate:.0f} registrations a second: {cost * 1e3:.2f} ms each, {cost / theirs[1]:.1f} times sipp's call")
        await weigh(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Calls and registrations a second.")
    parser.add_argument("--seconds", type=float, default=5.0, help="at each rate")
    asyncio.run(measure(parser.parse_args().seconds))


if __name__ == "__main__":
    main()
