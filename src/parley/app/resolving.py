"""Live meetings go by what is committed: what a change concerns is read anew, and its meetings are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId, MeetingId, SpaceId
from ..core.meeting_inputs import End, LegLayersChanged, SpaceChanged
from .changes import Change, Changes
from .legs import LegServices, LiveLegRunner
from .meetings import MeetingRunner
from .space_reader import SpaceReader

# A change of one of these may change what a live leg or meeting resolves to.
_PROFILES = {"leg-profile", "call-profile", "dtmf-profile"}
_RESOLVING = _PROFILES | {"branding", "space", "access-method", "member", "tenant", "system"}

RETRY_AFTER = 1.0  # seconds until a meeting is resolved anew once more, when the store could not be read


class Resolving:
    """legs, meetings, of_space: those that are live, as the directory keeps them."""

    def __init__(
        self,
        changes: Changes,
        spaces: SpaceReader,
        services: LegServices,
        legs: Mapping[LegId, LiveLegRunner],
        meetings: Mapping[MeetingId, MeetingRunner],
        of_space: Mapping[SpaceId, MeetingId],
    ) -> None:
        self._spaces = spaces
        self._services = services
        self._legs = legs
        self._meetings = meetings
        self._of_space = of_space
        self._under_way: set[MeetingId] = set()
        changes.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind not in _RESOLVING:
            return
        space = change.id if change.kind == "space" else change.space
        self._spaces.changed(space)
        if space is None:
            self.anew(list(self._meetings))
        elif space in self._of_space:
            self.anew([self._of_space[SpaceId(space)]])

    def anew(self, meetings: Iterable[MeetingId]) -> None:
        """A meeting that is being resolved anew is so once: what it reads is read again if it has become old."""
        for meeting in meetings:
            if meeting in self._meetings and meeting not in self._under_way:
                self._under_way.add(meeting)
                self._services.tasks.spawn(self._resolve_anew(meeting), on_failure=partial(self._later, meeting))

    def forget(self, meeting: MeetingId) -> None:
        """It has ended."""
        self._under_way.discard(meeting)

    def _later(self, meeting: MeetingId) -> None:
        """The store could not be read. The meeting goes on with what it has until it can be."""
        self._under_way.discard(meeting)
        clock = self._services.clock
        clock.call_at(clock.now() + RETRY_AFTER, lambda: self.anew([meeting]))

    async def _resolve_anew(self, meeting: MeetingId) -> None:
        runner = self._meetings.get(meeting)
        if runner is None:
            return  # it ended before this began
        space = runner.space
        if self._spaces.is_temporary(space):
            self._under_way.discard(meeting)
            return  # nothing of it is stored
        # Legs are many and their entries few; whoever comes in while this reads has read for himself.
        facts = await self._spaces.facts(space, lambda: {leg.entry for leg in runner.view().legs})
        self._under_way.discard(meeting)
        if facts is None:
            runner.post(End(Ending(Side.ADMINISTRATOR, Reason.SPACE_DELETED)))
            return
        runner.post(SpaceChanged(facts.space.name, facts.call, facts.sounds.brand))
        for leg in runner.view().legs:
            if (own := self._legs.get(leg.leg)) is not None:
                own.use_keys(facts.keys)
            if leg.entry in facts.legs:
                runner.post(LegLayersChanged(leg.leg, facts.legs[leg.entry]))
