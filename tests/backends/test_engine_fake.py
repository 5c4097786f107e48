"""The fake engine, held to the engine's suite."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from parley.core.ids import MeetingId
from tests.backends.engine_suite import PORTS, Bench, EngineSuite
from tests.kit.fake_engine import FakeEngine
from tests.kit.manual_clock import ManualClock


class TestFakeEngine(EngineSuite):
    @pytest.fixture
    def bench(self) -> Bench:
        clock = ManualClock()

        async def wait(seconds: float) -> None:
            clock.advance(seconds)
            await asyncio.sleep(0)

        async def until(condition: Callable[[], object]) -> None:
            for _ in range(100):
                if condition():
                    return
                await wait(0.1)
            raise AssertionError("it never held")

        engine = FakeEngine(clock, prompt_seconds=0.5, ports=PORTS)

        async def lose_worker() -> None:
            engine.lose()

        async def control_again() -> FakeEngine:
            engine.start_again()
            return engine

        return Bench(engine, until, wait, lose_worker, control_again)

    async def legs_of(self, bench: Bench, meeting: MeetingId) -> list[str]:
        engine = bench.engine
        assert isinstance(engine, FakeEngine)
        found = engine.plans.get(meeting)
        return [leg.leg for leg in found.legs if leg.leg in engine.legs] if found else []
