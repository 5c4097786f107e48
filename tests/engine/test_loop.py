"""The audio thread by the clock, on a network that takes its time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

from parley.engine import messages
from parley.engine.engine import Engine
from parley.engine.loop import TICK, AudioLoop, Waker
from parley.engine.prompts import Prompts
from parley.engine.sockets import UdpPorts
from parley.engine.transport import Arrival, Departure

PATIENCE = 2.0  # seconds, after which control gives a silent worker up


class SlowPorts(UdpPorts):
    """Reading alone takes longer than a tick."""

    def drain(self) -> list[Arrival]:
        time.sleep(1.5 * TICK)
        return super().drain()


def test_a_request_is_answered_though_every_tick_is_late() -> None:
    """A worker with too much to do still answers, or control would believe it dead and end all its calls."""
    ports, control = SlowPorts(), Waker()
    loop = AudioLoop(Engine(ports, Prompts({}), random.Random(1), time.time), ports, control)
    loop.start()
    try:
        time.sleep(4 * TICK)  # it is behind by now
        loop.submit(messages.Ping(id=7))
        until = time.monotonic() + PATIENCE
        while messages.Done(id=7) not in loop.replies and time.monotonic() < until:
            time.sleep(TICK)
        assert messages.Done(id=7) in loop.replies
    finally:
        loop.stop()
        control.close()


class SlowEngine(Engine):
    """Each request takes a while, and ticks are counted."""

    ticks = 0

    def handle(self, request: messages.Request, now: float) -> messages.Response | None:
        time.sleep(0.004)
        return super().handle(request, now)

    def step(self, now: float, arrivals: Iterable[Arrival]) -> list[Departure]:
        self.ticks += 1
        return super().step(now, arrivals)


def test_many_requests_at_once_make_no_hole_in_the_sound() -> None:
    """A hundred callers come in the same moment: ticks go on between their requests, and all are answered soon."""
    ports, control = UdpPorts(), Waker()
    engine = SlowEngine(ports, Prompts({}), random.Random(1), time.time)
    loop = AudioLoop(engine, ports, control)
    loop.start()
    try:
        time.sleep(2 * TICK)
        before = engine.ticks
        for number in range(100):
            loop.submit(messages.Ping(id=number))
        until = time.monotonic() + PATIENCE
        while messages.Done(id=99) not in loop.replies and time.monotonic() < until:
            time.sleep(0.005)
        assert messages.Done(id=99) in loop.replies
        assert engine.ticks - before >= 10  # 400 ms of work
    finally:
        loop.stop()
        control.close()
