"""Judging typed PINs: the one place where attempts that span legs and meetings are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.admission import NOTHING_PROVEN, Admit, Candidates, Proof, Verdict, judge, judge_link
from ..core.attempts import Attempts, Reservation
from ..core.ids import AccessMethodId, SpaceId
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

    async def judge(
        self,
        candidates: Candidates | None,
        pin: Secret,
        source: str,
        *,
        entering: bool = True,
        proof: Proof = NOTHING_PROVEN,
    ) -> Verdict:
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
        verdict = judge(fresh, pin, reservation is None, proof)
        self._settle(reservation, verdict)
        return verdict

    def judge_link(
        self,
        candidates: Candidates | None,
        secrets: Sequence[Secret],
        source: str,
        proof: Proof = NOTHING_PROVEN,
        personal: AccessMethodId | None = None,
    ) -> Verdict:
        """What a link means, of doors that were read just now; see `admission.judge_link`.

        A wrong one counts against its source alone: nobody guesses a secret of 128 bits, so those who have a space's
        link need not suffer for those who try its PINs.
        """
        reservation = self._attempts.reserve(None, source, self._clock.now())
        verdict = judge_link(candidates, secrets, reservation is None, proof, personal)
        self._settle(reservation, verdict)
        return verdict

    def _settle(self, reservation: Reservation | None, verdict: Verdict) -> None:
        if reservation is not None and isinstance(verdict, Admit):
            self._attempts.release(reservation, self._clock.now())
        elif reservation is not None:
            for event in self._attempts.confirm(reservation, self._clock.now()):
                self._journal.append(event)

    def is_locked(self, space: SpaceId | None, source: str) -> bool:
        """For explanations: is entry by PIN locked out for this space or source now?"""
        return self._attempts.locked(space, source, self._clock.now())
