"""The one entrance: inputs in order, to completion; deadlines; failures that stay where they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from parley.app.mailbox import Mailbox
from parley.app.tasks import Tasks
from tests.kit.manual_clock import ManualClock


class Machine:
    """Writes down what it handles and when; `reply` may post more or raise."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.handled: list[tuple[str, float]] = []
        self.deadline: float | None = None
        self.reply: Callable[[str], None] = lambda _message: None
        self.mailbox: Mailbox[str] = Mailbox(self.clock, self._handle, lambda: self.deadline, "tick")

    def _handle(self, message: str, now: float) -> None:
        self.handled.append((message, now - 1000.0))
        self.reply(message)

    @property
    def messages(self) -> list[str]:
        return [message for message, _ in self.handled]


def test_an_input_posted_while_another_is_handled_comes_after_it() -> None:
    """In the order of posting, never inside one another."""
    machine = Machine()
    depth: list[str] = []

    def reply(message: str) -> None:
        depth.append(f"in {message}")
        if message == "a":
            machine.mailbox.post("b")
            machine.mailbox.post("c")
        depth.append(f"out {message}")

    machine.reply = reply
    machine.mailbox.post("a")
    assert depth == ["in a", "out a", "in b", "out b", "in c", "out c"]


def test_the_deadline_is_ticked_once_at_its_time() -> None:
    """And asked for anew after each run."""
    machine = Machine()
    machine.deadline = 1005.0
    machine.mailbox.post("a")
    machine.reply = lambda _message: setattr(machine, "deadline", None)
    machine.clock.advance(4.9)
    assert machine.messages == ["a"]
    machine.clock.advance(10)
    assert machine.handled == [("a", 0.0), ("tick", 5.0)]


def test_a_moved_deadline_replaces_the_old_one() -> None:
    """Later, earlier or gone; never two timers."""
    machine = Machine()
    for deadline in (1005.0, 1009.0, 1003.0, None, 1004.0):
        machine.deadline = deadline
        machine.mailbox.post("a")
        assert machine.clock.pending() == (deadline is not None)
    machine.reply = lambda _message: setattr(machine, "deadline", None)
    machine.clock.advance(20)
    assert machine.handled[5:] == [("tick", 4.0)]


def test_a_deadline_kept_over_many_inputs_keeps_its_timer() -> None:
    """A busy meeting does not fill the clock with cancelled timers."""
    machine = Machine()
    machine.deadline = 1005.0
    for _ in range(100):
        machine.mailbox.post("a")
    assert len(machine.clock._timers) == 1


def test_nothing_happens_once_closed() -> None:
    """Neither inputs that wait, nor later ones, nor the deadline."""
    machine = Machine()
    machine.deadline = 1005.0

    def reply(message: str) -> None:
        machine.mailbox.post("waiting")
        machine.mailbox.close()

    machine.reply = reply
    machine.mailbox.post("a")
    machine.mailbox.post("late")
    machine.clock.advance(100)
    assert machine.messages == ["a"] and machine.clock.pending() == 0


def test_a_failure_costs_its_own_input_alone() -> None:
    """It is logged; the inputs after it are handled and the deadline stands."""
    machine = Machine()
    machine.deadline = 1005.0

    def reply(message: str) -> None:
        if message == "a":
            machine.mailbox.post("b")
            raise RuntimeError("broken")
        if message == "tick":
            machine.deadline = None

    machine.reply = reply
    with structlog.testing.capture_logs() as lines:
        machine.mailbox.post("a")
    machine.clock.advance(100)
    assert machine.messages == ["a", "b", "tick"]
    assert [line["log_level"] for line in lines] == ["error"]


async def test_background_work_that_fails_is_told_and_logged() -> None:
    """Once; work that succeeds is not told; nothing is held afterwards."""
    tasks, told = Tasks(), []

    async def work(fails: bool) -> None:
        if fails:
            raise RuntimeError("broken")

    with structlog.testing.capture_logs() as lines:
        tasks.spawn(work(True), lambda: told.append("failed"))
        tasks.spawn(work(False), lambda: told.append("never"))
        await tasks.settle()
    assert told == ["failed"] and [line["event"] for line in lines] == ["background work failed"]
    assert not tasks._running


async def test_work_under_way_is_cancelled_with_the_server() -> None:
    """Cancelling is no failure."""
    tasks, told = Tasks(), []

    async def work() -> None:
        await asyncio.Event().wait()

    tasks.spawn(work(), lambda: told.append("failed"))
    await asyncio.sleep(0)
    await tasks.cancel()
    assert told == [] and not tasks._running
