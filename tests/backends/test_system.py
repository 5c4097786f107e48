"""Clock and identifiers: the machine's own and the fakes held to one suite."""

import asyncio
import time

import pytest

from parley.backends.system import RandomIdentifiers, SystemClock
from tests.backends.clock_suite import ClockSuite, IdentifiersSuite, Wait
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.manual_clock import ManualClock


class TestSystemClock(ClockSuite):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    @pytest.fixture
    def wait(self) -> Wait:
        return asyncio.sleep


class TestManualClock(ClockSuite):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def wait(self, clock: ManualClock) -> Wait:
        return clock.run_for


class TestRandomIdentifiers(IdentifiersSuite):
    @pytest.fixture
    def identifiers(self) -> RandomIdentifiers:
        return RandomIdentifiers()


class TestCountedIdentifiers(IdentifiersSuite):
    @pytest.fixture
    def identifiers(self) -> CountedIdentifiers:
        return CountedIdentifiers()


def test_the_system_clock_tells_monotonic_time() -> None:
    """Its now is comparable with time.monotonic."""
    assert SystemClock().now() == pytest.approx(time.monotonic(), abs=0.1)


def test_every_digit_of_a_random_number_varies() -> None:
    """All first digits but 0 and all last digits occur."""
    made = [RandomIdentifiers().digits(6) for _ in range(2000)]
    assert {one[0] for one in made} == set("123456789")
    assert {one[-1] for one in made} == set("0123456789")


def test_simulated_timers_see_their_own_moment() -> None:
    """Within one advance each action finds the clock at its own time, and the clock ends where it was sent."""
    clock = ManualClock(now=100.0)
    seen: list[float] = []
    for when in (103.0, 101.0, 102.0):
        clock.call_at(when, lambda: seen.append(clock.now()))
    clock.call_at(110.0, lambda: seen.append(clock.now()))
    clock.advance(5)
    assert seen == [101.0, 102.0, 103.0]
    assert clock.now() == 105.0
    assert clock.pending() == 1


def test_simulated_steps_add_up() -> None:
    """Fifty steps of a tenth reach a deadline five seconds away: no test waits for a rounding error."""
    clock = ManualClock()
    deadline = clock.now() + 5
    for _ in range(50):
        clock.advance(0.1)
    assert clock.now() == deadline
