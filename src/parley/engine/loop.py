"""The audio thread: keeps the 20 ms, and meets the control thread only in two deques.

A request wakes it, so answers do not wait for the tick; the control thread is woken the same way. Neither
ever waits for the other: appends and pops of a deque are atomic, and there is no lock.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import threading
import time
from collections import deque

from parley.engine import messages
from parley.engine.engine import Engine
from parley.engine.sockets import UdpPorts
from parley.engine.sound import TICK_MS

TICK = TICK_MS / 1000
LATE = 0.005  # a tick begun later than this is counted
MOST_CAUGHT_UP = 2  # more would be a burst that the listeners' buffers throw away
TICKS_PER_SECOND = 1000 // TICK_MS
MOST_STEPS = 16  # of handshakes in one tick, half a millisecond each
SHARE = 0.01  # of a tick, for requests that are waiting when it begins
SPARE = 0.008  # a collection needs this much of the tick left


class Waker:
    """Ends another thread's select(); safe to call from anywhere, any number of times."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def fileno(self) -> int:
        return self._read

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._write, b"w")

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


class AudioLoop(threading.Thread):
    """Owns the engine and its sockets from start() to stop()."""

    def __init__(self, engine: Engine, ports: UdpPorts, control: Waker) -> None:
        super().__init__(name="audio", daemon=True)
        self.requests: deque[messages.Request] = deque()
        self.replies: deque[messages.Response | messages.Notification] = deque()
        self._engine = engine
        self._ports = ports
        self._control = control
        self._waker = Waker()
        self._stopping = False
        self._ticks = 0
        self._late_ticks = 0
        self._worst_late = 0.0
        self._busy = 0.0

    def submit(self, request: messages.Request) -> None:
        """Hand over one request of control."""
        self.requests.append(request)
        self._waker.wake()

    def stop(self) -> None:
        """Ask the thread to end, and wait for it."""
        self._stopping = True
        self._waker.wake()
        self.join(timeout=2)

    def run(self) -> None:
        # What was made at start lives as long as the process; the collector need never look at it again.
        gc.collect()
        gc.freeze()
        gc.disable()
        next_tick = time.monotonic() + TICK
        while not self._stopping:
            remaining = next_tick - time.monotonic()
            if remaining > 0:
                if not self.requests:
                    readable, _, _ = select.select([self._waker], [], [], remaining)
                    if readable:
                        self._waker.clear()
                self._carry_out(next_tick)
                continue
            # However late it is: whoever gets no answer believes this process dead.
            self._carry_out(time.monotonic() + SHARE)
            next_tick = self._run_tick(next_tick)
        self._ports.close_all()

    def _carry_out(self, until: float) -> None:
        """One request, and more while there is time: a leg takes most of a millisecond to open, and a hundred callers
        at once are no hole in the sound of those who are there."""
        late = False
        while self.requests and not late:
            request = self.requests.popleft()
            try:
                reply = self._engine.handle(request, time.monotonic())
            except Exception as problem:
                self._log("error", f"{type(request).__name__} failed: {problem!r}")
                reply = messages.Failed(id=getattr(request, "id", 0), code="bad-request", text="internal error")
            if reply is not None:
                self.replies.append(reply)
                self._control.wake()
            late = time.monotonic() >= until

    def _run_tick(self, due: float) -> float:
        """One tick; when the next one is due."""
        started = time.monotonic()
        lateness = started - due
        self._ticks += 1
        self._late_ticks += lateness > LATE
        self._worst_late = max(self._worst_late, lateness)
        behind = int(lateness / TICK)
        if behind > MOST_CAUGHT_UP:
            self._engine.skip(behind - MOST_CAUGHT_UP)
            due += (behind - MOST_CAUGHT_UP) * TICK
        try:
            self._ports.send(self._engine.step(started, self._ports.drain()))
        except Exception as problem:  # one tick is lost, not the meetings
            self._log("error", f"tick failed: {problem!r}")
        self._negotiate(due + TICK - SPARE)
        told = self._engine.take_notifications()
        ended = time.monotonic()
        self._busy += ended - started
        if self._ticks % TICKS_PER_SECOND == 0:
            told.append(self._health())
            if ended < due + TICK - SPARE:
                # The oldest generation is small, because of the freeze, but is looked at once a minute only.
                gc.collect(2 if self._ticks % (60 * TICKS_PER_SECOND) == 0 else 1)
        if told:
            self.replies.extend(told)
            self._control.wake()
        return due + TICK

    def _negotiate(self, until: float) -> None:
        """Browsers' handshakes, now that the tick's sound has left: at least one step, more while there is time."""
        for _ in range(MOST_STEPS):
            try:
                departures = self._engine.negotiate(time.monotonic())
            except Exception as problem:
                self._log("error", f"handshake failed: {problem!r}")
                return
            if departures is None:
                return
            self._ports.send(departures)
            if time.monotonic() >= until:
                return

    def _health(self) -> messages.Health:
        health = messages.Health(
            ticks=self._ticks,
            late_ticks=self._late_ticks,
            worst_late_ms=round(self._worst_late * 1000, 2),
            busy_ratio=round(min(self._busy, 1.0), 4),
        )
        self._worst_late = self._busy = 0.0
        return health

    def _log(self, level: str, text: str) -> None:
        self.replies.append(messages.Log(level=level, text=text))
        self._control.wake()
