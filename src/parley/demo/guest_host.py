"""Plays the guest-and-host scenario against a running server with phones of our own, and says who hears whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from itertools import permutations

from .phone import CallFailed, Phone

Say = Callable[[str], None]

HOST_TONE = 440.0
GUEST_TONE = 640.0  # the first guest's; each further guest is 130 Hz higher, so no tone is another's harmonic
GUEST_STEP = 130.0
SETTLE = 15.0  # seconds to wait for one thing at most


async def run(host: str, sip_port: int, uri: str, guest_count: int, host_pin: str, say: Say) -> bool:
    """Guests call and enter with #, wait in silence; the host types the PIN, everybody hears everybody; the
    host leaves. Returns whether all went as it should. The PIN is typed, never said."""
    local = host if host.startswith("127.") or ":" in host else "127.0.0.1"
    async with AsyncExitStack() as stack:
        guests = [
            await stack.enter_async_context(Phone(f"Guest {n + 1}", GUEST_TONE + GUEST_STEP * n, host, sip_port, local))
            for n in range(guest_count)
        ]
        leader = await stack.enter_async_context(Phone("Host", HOST_TONE, host, sip_port, local))
        try:
            return await _play(guests, leader, uri, host_pin, say)
        except CallFailed as failure:
            say(f"✗ {failure}")
            return False


async def _play(guests: list[Phone], leader: Phone, uri: str, host_pin: str, say: Say) -> bool:
    well = True
    for guest in guests:
        started = time.monotonic()
        await guest.call(uri)
        await _heard_something(guest)
        first = (guest.first_packet_at or time.monotonic()) - started
        say(f"{guest.name} called {uri}: first sound after {first * 1000:.0f} ms")
        await guest.type_digits("#")
        say(f"{guest.name} pressed # for no PIN, sends {guest.frequency:.0f} Hz")
    await asyncio.sleep(1.0)
    well &= _report(say, "the host is not there", guests, expected=set())

    await leader.call(uri)
    await _heard_something(leader)
    await leader.type_digits(host_pin + "#")
    say(f"{leader.name} called and typed the PIN, sends {leader.frequency:.0f} Hz")
    everybody = [leader, *guests]
    wanted = {(a.name, b.name) for a, b in permutations(everybody, 2)}
    started = time.monotonic()
    await _until(lambda: _who_hears(everybody) == wanted)
    say(f"after {(time.monotonic() - started) * 1000:.0f} ms:")
    well &= _report(say, "the host is there", everybody, expected=wanted)

    await leader.hang_up()
    say(f"{leader.name} hung up")
    await _until(lambda: not any(guest.hears(other.frequency) for guest in guests for other in everybody))
    for guest in guests:
        guest.forget()
    await asyncio.sleep(0.7)
    well &= _report(say, "the host is gone", [g for g in guests if g.in_call], expected=set(), others=[leader])
    for guest in guests:
        say(f"{guest.name} is {'still connected and waits' if guest.in_call else 'disconnected'}")
    say("✓ as it should be" if well else "✗ not as it should be")
    return well


def _who_hears(phones: Iterable[Phone], others: Iterable[Phone] = ()) -> set[tuple[str, str]]:
    ears = list(phones)
    return {(a.name, b.name) for a in ears for b in [*ears, *others] if a.in_call and a.hears(b.frequency)}


def _report(
    say: Say, when: str, phones: list[Phone], expected: set[tuple[str, str]], others: Iterable[Phone] = ()
) -> bool:
    """Say who hears whom, one line an ear, and whether it is as expected."""
    heard = _who_hears(phones, others)
    for ear in phones:
        names = sorted(b for a, b in heard if a == ear.name)
        say(f"  {when}: {ear.name} hears {', '.join(names) if names else 'nobody'}")
    if heard != expected:
        wrong = ", ".join(f"{a} and {b}" for a, b in sorted(heard ^ expected))
        say(f"  ✗ not expected between: {wrong}")
    return heard == expected


async def _heard_something(phone: Phone) -> None:
    await _until(lambda: phone.first_packet_at is not None)


async def _until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + SETTLE
    while time.monotonic() < end:
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False
