"""The audio thread by the clock, on a network that takes its time."""

from __future__ import annotations

import random
import time

from parley.engine import messages
from parley.engine.engine import Engine
from parley.engine.loop import TICK, AudioLoop, Waker
from parley.engine.prompts import Prompts
from parley.engine.sockets import UdpPorts
from parley.engine.transport import Arrival

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
