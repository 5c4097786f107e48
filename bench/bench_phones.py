"""Sixty real phones for a minute: `python bench/bench_phones.py [--phones 60] [--seconds 60]`.

Each is a baresip process with PCMU that records what it hears. One hums a tone all the time, the others are silent in
the same meeting of a whole server. Beside them two phones talk to one another directly, with no server between: the
holes in what those hear are the machine's own, and they are the floor. A hole is a moment without the tone of more than
10 ms. Printed are calls that were lost, holes for each phone and minute, and their ratio to the floor's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.kit.addresses import Network
from tests.kit.baresip import Mark, Phone
from tests.kit.recordings import HEARD, Recording, tone
from tests.kit.server import DOMAIN, Server

TONE = 1000.0  # Hz
HOLE = 0.010  # seconds
SETTLING = 5.0
AT_ONCE = 6  # phones that dial at the same time
EDGE = 0.2  # seconds at both ends of a recording that are not judged


def holes(recording: Recording) -> tuple[int, float]:
    """How many, and their seconds together."""
    inner = recording.between(EDGE, recording.seconds - EDGE)
    found = inner.holes(TONE, HOLE, HEARD / 2)
    return len(found), sum(hole.seconds for hole in found)


async def phones(
    stack: contextlib.AsyncExitStack, network: Network, proxy: str, count: int, seconds: float
) -> list[Phone]:
    """The first of them hums."""
    made = []
    for number in range(count):
        speech = (tone(TONE, seconds),) if number == 0 else ()
        phone = Phone(network.address(), name=f"phone{number}", proxy=proxy, speech=speech)
        made.append(await stack.enter_async_context(phone))
    return made


async def dial_all(callers: list[Phone], uri: str) -> int:
    """How many were not answered."""
    failed = 0
    for start in range(0, len(callers), AT_ONCE):
        answers = await asyncio.gather(
            *(caller.dial(uri) for caller in callers[start : start + AT_ONCE]), return_exceptions=True
        )
        failed += sum(isinstance(answer, BaseException) for answer in answers)
    return failed


async def measure(count: int, seconds: float) -> None:
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, {count} phones, {seconds:.0f} s")
    length = seconds + 2 * count
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            Server(Network(), LIMITS__LEGS="500", MEDIA__PORTS="20000-20999", LOG__LEVEL="warning")
        )
        await server.api.post("/coSpaces", "name=room&uri=room&callId=501")
        inside = await phones(stack, server.network, server.sip, count, length)
        pair = await phones(stack, server.network, "", 2, length)
        lost = await dial_all(inside, f"sip:room@{DOMAIN}")
        await pair[0].dial(f"sip:{pair[1].name}@{pair[1].address}:{pair[1].sip_port}")
        await asyncio.sleep(SETTLING)
        marks: list[Mark] = [phone.mark() for phone in (*inside, pair[1])]
        await asyncio.sleep(seconds)
        heard = [phone.heard_since(mark) for phone, mark in zip((*inside, pair[1]), marks, strict=True)]
        lost += sum(not phone.in_call for phone in inside) if not lost else 0
        found = [holes(recording) for recording in heard[1:-1]]
        floor = holes(heard[-1])
        minutes = seconds / 60
        each = sum(number for number, _ in found) / len(found) / minutes
        spans = sum(span for _, span in found) / len(found) / minutes
        print(f"calls lost: {lost} of {count}")
        print(f"holes a phone and minute: {each:.2f} ({spans * 1e3:.0f} ms); most at one phone {max(found)[0]}")
        print(f"direct call beside them: {floor[0] / minutes:.2f} ({floor[1] / minutes * 1e3:.0f} ms)")
        print(f"ratio of the time without sound to the direct call's: {spans / max(floor[1] / minutes, HOLE):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Many real phones in one meeting.")
    parser.add_argument("--phones", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    asyncio.run(measure(options.phones, options.seconds))


if __name__ == "__main__":
    main()
