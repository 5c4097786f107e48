"""A leg that hears itself: what it says comes back a while later, whether or not it goes on talking."""

from __future__ import annotations

from collections import deque

from parley.engine.messages import LegPlan
from parley.engine.sound import TICK_MS, Samples

ECHO_MOST_MS = 10_000


class EchoLine:
    """One frame in at each tick; `heard` is the one that comes out of it, None for silence."""

    def __init__(self, delay_ms: int) -> None:
        self.delay_ms = delay_ms
        self.heard: Samples | None = None
        self._frames: deque[Samples | None] = deque([None] * (delay_ms // TICK_MS))

    def say(self, frame: Samples | None) -> None:
        """What the leg said in this tick. A prompt that plays meanwhile covers what comes out, and delays nothing."""
        self._frames.append(frame)
        self.heard = self._frames.popleft()


def echo_line(before: EchoLine | None, plan: LegPlan) -> EchoLine | None:
    """What the plan asks for: the line there was, if it is as long, so that a repeated plan makes no hole."""
    if plan.echo_ms is None:
        return None
    return before if before is not None and before.delay_ms == plan.echo_ms else EchoLine(plan.echo_ms)
