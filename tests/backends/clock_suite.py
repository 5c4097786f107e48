"""What every Clock and Identifiers do. A test class gives a `clock` and `wait(seconds)`, or `identifiers`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from parley.app.ports import Clock, Identifiers

ROUNDING = 1e-9  # of floating point, far below any clock's step

Wait = Callable[[float], Awaitable[None]]


class ClockSuite:
    async def test_both_times_move_on_together(self, clock: Clock, wait: Wait) -> None:
        """Monotonic and UTC time advance by what passes."""
        now, utc = clock.now(), clock.utc()
        await wait(0.05)
        assert clock.now() - now >= 0.05 - ROUNDING
        assert (clock.utc() - utc).total_seconds() == pytest.approx(clock.now() - now, abs=0.02)
        assert clock.utc().utcoffset() == timedelta(0)

    async def test_timers_fire_in_order_and_never_early(self, clock: Clock, wait: Wait) -> None:
        """Each action is called once, at its time or after, the earlier first."""
        start = clock.now()
        fired: list[tuple[str, float]] = []
        for name, after in (("late", 0.04), ("early", 0.01), ("past", -5.0)):
            clock.call_at(start + after, lambda name=name: fired.append((name, clock.now() - start)))  # type: ignore[misc]
        assert fired == []
        await wait(0.1)
        assert [name for name, _ in fired] == ["past", "early", "late"]
        assert fired[1][1] >= 0.01 - ROUNDING
        assert fired[2][1] >= 0.04 - ROUNDING

    async def test_a_cancelled_timer_stays_silent(self, clock: Clock, wait: Wait) -> None:
        """Cancelling before or after, once or twice, is allowed."""
        fired: list[str] = []
        timer = clock.call_at(clock.now() + 0.01, lambda: fired.append("cancelled"))
        other = clock.call_at(clock.now() + 0.01, lambda: fired.append("kept"))
        timer.cancel()
        await wait(0.05)
        timer.cancel()
        other.cancel()
        assert fired == ["kept"]

    async def test_a_timer_may_set_the_next_one(self, clock: Clock, wait: Wait) -> None:
        """An action that calls call_at gets its turn within the same span."""
        fired: list[int] = []

        def again() -> None:
            fired.append(len(fired))
            if len(fired) < 3:
                clock.call_at(clock.now() + 0.01, again)

        clock.call_at(clock.now() + 0.01, again)
        await wait(0.15)
        assert fired == [0, 1, 2]


class IdentifiersSuite:
    def test_uuids_are_lower_case_and_different(self, identifiers: Identifiers) -> None:
        """Each is the canonical text of a UUID."""
        made = {identifiers.uuid() for _ in range(1000)}
        assert len(made) == 1000
        assert all(str(UUID(one)) == one for one in made)

    def test_secrets_have_22_characters_of_the_url_alphabet(self, identifiers: Identifiers) -> None:
        """Letters, digits, dot and underscore alone."""
        made = {identifiers.secret() for _ in range(1000)}
        assert len(made) == 1000
        assert all(re.fullmatch(r"[A-Za-z0-9._]{22}", one) for one in made)

    @pytest.mark.parametrize("count", [1, 3, 9, 24])
    def test_digits_are_as_many_as_asked_and_begin_with_no_0(self, identifiers: Identifiers, count: int) -> None:
        """A number of that many digits."""
        assert all(re.fullmatch(rf"[1-9][0-9]{{{count - 1}}}", identifiers.digits(count)) for _ in range(300))
