"""Errors of ours in the middle of a tick: whom they concern is passed over in it, and everybody else is heard."""

from __future__ import annotations

MOST_FAULTS = 50  # ticks in a row: after a second of them a leg is as good as dead


class Faults:
    """How many ticks in a row went wrong, by whatever is named."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int]] = {}  # the tick, and the how manieth in a row it was

    def note(self, name: str, tick: int) -> int:
        """How many it makes; 0: this tick was counted already."""
        self._last = {known: last for known, last in self._last.items() if last[0] >= tick - 1}
        at, count = self._last.get(name, (tick - 1, 0))
        if at == tick:
            return 0
        self._last[name] = (tick, count + 1)
        return count + 1
