"""Calls out that go as the test says."""

from __future__ import annotations

from collections.abc import Callable

from parley.app.ports import CallOut, CallResult
from parley.core.ids import LegId
from parley.core.refusals import Refusal


class FakeCallPlacer:
    """Implements the CallPlacer port. A call rings until `answer` (or is refused by `refusals`, by target)."""

    def __init__(self) -> None:
        self.wishes: list[CallOut] = []
        self.ringing: dict[LegId, tuple[CallOut, Callable[[LegId, CallResult], None]]] = {}
        self.cancelled: list[str] = []
        self.refusals: dict[str, Refusal] = {}

    async def call(self, wish: CallOut, told: Callable[[LegId, CallResult], None]) -> LegId:
        if wish.target in self.refusals:
            raise self.refusals[wish.target]
        self.wishes.append(wish)
        leg = LegId(f"called-{len(self.wishes)}")
        self.ringing[leg] = (wish, told)
        return leg

    def cancel(self, leg: LegId) -> bool:
        if leg not in self.ringing:
            return False
        wish, told = self.ringing.pop(leg)
        self.cancelled.append(wish.target)
        told(leg, CallResult.CANCELLED)
        return True

    def targets(self) -> list[str]:
        """Whom it was asked to call, in order."""
        return [wish.target for wish in self.wishes]

    def answer(self, target: str, result: CallResult) -> None:
        """The ringing call to this target ends so."""
        leg = next(leg for leg, (wish, _) in self.ringing.items() if wish.target == target)
        _, told = self.ringing.pop(leg)
        told(leg, result)
