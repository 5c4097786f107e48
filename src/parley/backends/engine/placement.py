"""Which worker a leg or a meeting comes to: legs of a meeting to one, for they are mixed there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ...core.ids import LegId, MeetingId, SpaceId
from ...core.mediaplan import MediaPlan
from .media_worker import MediaWorker
from .opened import OpenedLeg


class Placement:
    """Looks at what is open, what is planned, and each meeting's home as they stand when it is asked."""

    def __init__(
        self,
        workers: Sequence[MediaWorker],
        legs: Mapping[LegId, OpenedLeg],
        plans: Mapping[MeetingId, MediaPlan],
        homes: Mapping[MeetingId, MediaWorker],
    ) -> None:
        self._workers = workers
        self._legs = legs
        self._plans = plans
        self._homes = homes

    def of_leg(self, space: SpaceId | None) -> MediaWorker:
        """The worker for a new leg: that of its space's meeting, else the one with the fewest legs."""
        together = None if space is None else self._of_space(space)
        if together is not None and together.link is not None:
            return together
        return self._least_loaded()

    def of_meeting(self, plan: MediaPlan) -> MediaWorker:
        """Where a new meeting goes: to its browsers, which stay on their socket, else to where most of its legs are."""
        legs = [opened for leg in plan.legs if (opened := self._legs.get(leg.leg)) is not None]
        votes = Counter(opened.wanted.index for opened in legs if opened.is_browsers)
        votes = votes or Counter(opened.wanted.index for opened in legs)
        return self._workers[votes.most_common(1)[0][0]] if votes else self.of_leg(plan.space)

    def _of_space(self, space: SpaceId) -> MediaWorker | None:
        for plan in self._plans.values():
            if plan.space == space and plan.meeting in self._homes:  # else it is the one that is being placed
                return self._homes[plan.meeting]
        return next((opened.worker for opened in self._legs.values() if opened.space == space), None)

    def _least_loaded(self) -> MediaWorker:
        alive = [worker for worker in self._workers if worker.link is not None] or self._workers
        if len(alive) == 1:
            return alive[0]
        legs = Counter(opened.worker.index for opened in self._legs.values())
        return min(alive, key=lambda worker: (legs[worker.index], worker.index))
