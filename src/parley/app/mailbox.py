"""One owner, one entrance: inputs of one machine are handled one after another, to completion.

Handling is synchronous and never waits; what must wait (a look-up, a port) runs elsewhere and comes back
as an input. An input posted while another is being handled is handled after it, in order. An input whose
handling fails is logged and lost; those after it and the deadlines are not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

from .ports import Clock, Timer

log = structlog.get_logger(__name__)

I = TypeVar("I")  # noqa: E741 - the input type of the machine


class Mailbox(Generic[I]):
    """Feeds `handle(input, now)`; after each run asks `next_deadline()` and posts `tick` when it comes."""

    def __init__(
        self,
        clock: Clock,
        handle: Callable[[I, float], None],
        next_deadline: Callable[[], float | None],
        tick: I,
    ) -> None:
        self._clock = clock
        self._handle = handle
        self._next_deadline = next_deadline
        self._tick = tick
        self._waiting: deque[I] = deque()
        self._running = False
        self._timer: Timer | None = None
        self._timer_at: float | None = None
        self._closed = False

    def post(self, message: I) -> None:
        """Handle the message now, or after those before it. Nothing happens once closed."""
        if self._closed:
            return
        self._waiting.append(message)
        if self._running:
            return
        self._running = True
        try:
            while self._waiting:
                self._handle_one(self._waiting.popleft())
        finally:
            self._running = False
        self._arm()

    def _handle_one(self, message: I) -> None:
        try:
            self._handle(message, self._clock.now())
        except Exception:
            log.exception("an input could not be handled", kind=type(message).__name__)

    def close(self) -> None:
        """No further input or deadline will be handled."""
        self._closed = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._closed:
            return
        deadline = self._next_deadline()
        if deadline == self._timer_at and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = deadline
        if deadline is not None:
            self._timer = self._clock.call_at(deadline, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._timer_at = None
        self.post(self._tick)
