"""Judging typed PINs: the one place where attempts that span legs and meetings are counted."""

from __future__ import annotations

from dataclasses import replace

from ..core.admission import Admit, Candidates, Verdict, judge
from ..core.attempts import Attempts
from ..core.ids import SpaceId
from ..core.secret import Secret
from .lookup import Lookup
from .ports import Clock, Journal


class PinJudge:
    """Reserves an attempt before it compares and settles it after, so that parallel guesses cannot
    exceed the bound. The counters have this one owner."""

    def __init__(self, attempts: Attempts, lookup: Lookup, clock: Clock, journal: Journal) -> None:
        self._attempts = attempts
        self._lookup = lookup
        self._clock = clock
        self._journal = journal

    async def judge(self, candidates: Candidates | None, pin: Secret, source: str, *, entering: bool = True) -> Verdict:
        """candidates None: a call ID that does not exist, with the same work as one that does.

        entering: False where the PIN proves a right over the conference and lets nobody in: who may come in by
        dialling plays no part then.
        """
        space = candidates.space if candidates else None
        reservation = self._attempts.reserve(space, source, self._clock.now())
        try:
            if candidates is None:
                await self._lookup.nothing()
                fresh = None
            else:
                fresh = await self._lookup.refresh(candidates)
                if fresh is not None and not entering:
                    fresh = replace(fresh, call_layers=(), non_member_access=True)
        except BaseException:
            if reservation is not None:  # nothing was judged, so nothing was learned
                self._attempts.release(reservation, self._clock.now())
            raise
        verdict = judge(fresh, pin, locked=reservation is None)
        if reservation is not None and isinstance(verdict, Admit):
            self._attempts.release(reservation, self._clock.now())
        elif reservation is not None:
            for event in self._attempts.confirm(reservation, self._clock.now()):
                self._journal.append(event)
        return verdict

    def is_locked(self, space: SpaceId | None, source: str) -> bool:
        """For explanations: is entry by PIN locked out for this space or source now?"""
        return self._attempts.locked(space, source, self._clock.now())
