"""Every live leg and meeting of this server: who is where, and the way to each one's mailbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from ..core.admission import Candidates
from ..core.dialplan import Ivr
from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId, MeetingId, ParticipantId, SpaceId
from ..core.leg_inputs import Digit, Drop, JoinMeeting, MediaDied, Offered, PlayEnded
from ..core.meeting import Meeting
from ..core.meeting_inputs import (
    DropLeg,
    End,
    Entry,
    Join,
    JoinRefused,
    Left,
    LegLayersChanged,
    LegNews,
    LegView,
    MeetingInput,
    MeetingView,
    SetKeptWhenEmpty,
    SpaceChanged,
)
from ..core.refusals import Refusal
from .changes import Change, Changes
from .layers import call_layers, leg_layers
from .legs import LegServices, LiveLegRunner
from .meetings import MeetingRunner
from .ports import Identifiers, LegDoor, LegFacts, MediaStatistics, Store

log = structlog.get_logger(__name__)

# A change of one of these may change what a live leg or meeting resolves to.
_RESOLVING = {"leg-profile", "call-profile", "space", "access-method", "member", "tenant", "system"}


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """One leg as it stands. view is None while it is at the entrance. state: initial, connected, on-hold, ending."""

    leg: LegId
    number: int
    participant: ParticipantId
    meeting: MeetingId | None
    view: LegView | None
    caller: str
    name: str
    dialled: str
    state: str
    seconds: float
    facts: LegFacts
    statistics: MediaStatistics | None
    kind: str


class Directory:
    """The local directory of meetings; also what legs meet as their lobby and the engine as its listener."""

    def __init__(
        self, store: Store, services: LegServices, identifiers: Identifiers, changes: Changes, legs_most: int
    ) -> None:
        self._store = store
        self._services = services
        self._identifiers = identifiers
        self._legs_most = legs_most
        self._legs: dict[LegId, LiveLegRunner] = {}
        self._place: dict[LegId, MeetingId] = {}
        self._joining: dict[LegId, Join | None] = {}
        self._meetings: dict[MeetingId, MeetingRunner] = {}
        self._of_space: dict[SpaceId, MeetingId] = {}
        self._number = 0
        self._changed = 0  # counts resolving changes, so that a join can see that it read stale layers
        self._stale: set[MeetingId] = set()
        self._watchers: list[Callable[[MeetingId], None]] = []
        self.count_completed = 0
        self.most_legs = 0
        changes.subscribe(self._on_change)
        services.engine.listen(self)

    # --- legs ------------------------------------------------------------------------------------------------

    def arrive(self, offered: Offered, target: Candidates | Ivr, door: LegDoor) -> LiveLegRunner | None:
        """A door has a caller for this target. None: the server is full, nothing was created."""
        if len(self._legs) >= self._legs_most:
            return None
        self._number += 1
        leg = LegId(self._identifiers.uuid())
        runner = LiveLegRunner(
            leg, self._number, ParticipantId(self._identifiers.uuid()), door, target, self._services, lobby=self
        )
        self._legs[leg] = runner
        self.most_legs = max(self.most_legs, len(self._legs))
        runner.post(offered)
        return runner

    def forget(self, leg: LiveLegRunner) -> None:
        if self._legs.pop(leg.id, None) is not None:
            self.count_completed += 1

    def legs(self) -> list[LiveLeg]:
        """In order of arrival."""
        views = {view.leg: view for meeting in self._meetings.values() for view in meeting.view().legs}
        return [self._live(runner, views.get(runner.id)) for runner in self._legs.values() if runner.offered]

    def leg(self, leg: LegId) -> LiveLeg | None:
        runner = self._legs.get(leg)
        return self._live(runner, self._view_of(leg)) if runner and runner.offered else None

    def participant(self, participant: ParticipantId) -> LiveLeg | None:
        for runner in self._legs.values():
            if runner.participant == participant and runner.offered:
                return self._live(runner, self._view_of(runner.id))
        return None

    async def drop_leg(self, leg: LegId, ending: Ending) -> bool:
        """End a leg wherever it is. False: no such leg."""
        runner = self._legs.get(leg)
        if runner is None:
            return False
        meeting = self._meetings.get(self._place.get(leg, MeetingId("")))
        if meeting is not None:
            meeting.post(DropLeg(leg, ending))
        else:
            runner.post(Drop(ending))
        return True

    # --- meetings --------------------------------------------------------------------------------------------

    def meetings(self) -> list[MeetingView]:
        """In order of creation."""
        return [meeting.view() for meeting in self._meetings.values()]

    def meeting(self, meeting: MeetingId) -> MeetingView | None:
        runner = self._meetings.get(meeting)
        return runner.view() if runner else None

    def meeting_of_space(self, space: SpaceId) -> MeetingView | None:
        return self.meeting(self._of_space.get(space, MeetingId("")))

    async def tell(self, meeting: MeetingId, message: MeetingInput) -> bool:
        """The way in for APIs. When it returns the effects have been performed. False: no such meeting."""
        runner = self._meetings.get(meeting)
        if runner is None:
            return False
        runner.post(message)
        return True

    def watch(self, watcher: Callable[[MeetingId], None]) -> None:
        """Call it whenever something may have happened to a meeting, its end included. It must not block."""
        self._watchers.append(watcher)

    def _tell_watchers(self, meeting: MeetingId) -> None:
        for watcher in self._watchers:
            watcher(meeting)

    async def open(self, space: SpaceId) -> MeetingId:
        """The space's meeting, kept although empty. Raises Refusal not-found."""
        runner, _ = await self._meeting_for(space)
        if runner is None:
            raise Refusal("not-found", kind="space", id=space)
        runner.post(SetKeptWhenEmpty(True))
        return runner.view().meeting

    async def close(self, ending: Ending) -> None:
        """Everybody goes: the server stops."""
        for meeting in list(self._meetings.values()):
            meeting.post(End(ending))
        for leg in list(self._legs.values()):
            leg.post(Drop(ending))

    # --- the lobby: what legs ask for -------------------------------------------------------------------------

    def join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        self._joining[leg.id] = None
        self._services.tasks.spawn(
            self._join(leg, wish),
            on_failure=lambda: leg.post(Drop(Ending(Side.LOCAL, Reason.MEDIA_FAILED))),
        )

    def leave(self, leg: LiveLegRunner, ending: Ending) -> None:
        self._joining.pop(leg.id, None)
        meeting = self._meetings.get(self._place.pop(leg.id, MeetingId("")))
        if meeting is not None:
            meeting.post(Left(leg.id, leg.generation, ending))

    async def _join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        offered = leg.offered
        assert offered is not None
        entry = Entry(access_method=wish.access_method)
        while True:
            seen = self._changed
            async with self._store.reading() as tx:
                space = await tx.spaces.get(wish.space)
                layers = await leg_layers(tx, space, entry) if space else ()
                tenant = await tx.tenants.get(space.tenant) if space and space.tenant else None
            runner, _ = await self._meeting_for(wish.space)
            if seen == self._changed:
                break  # nothing changed while we read
        if leg.id not in self._joining:
            self._end_if_empty(runner)
            return  # the leg left while we read
        del self._joining[leg.id]
        if runner is None or space is None:
            leg.tell(leg.generation, JoinRefused(Reason.SPACE_DELETED))
            return
        if tenant and tenant.participant_limit is not None and self._count(tenant.id) >= tenant.participant_limit:
            leg.tell(leg.generation, JoinRefused(Reason.TENANT_LIMIT))
            self._end_if_empty(runner)
            return
        self._place[leg.id] = runner.view().meeting
        runner.post(
            Join(
                leg=leg.id,
                generation=leg.generation,
                number=leg.number,
                participant=leg.participant,
                name=offered.display_name or without_scheme(offered.caller),
                uri=without_scheme(offered.caller),
                entry=entry,
                layers=layers,
                kind=offered.kind,
                language=self._services.entry.language,
            )
        )

    def _count(self, tenant: str) -> int:
        """Participants in all meetings of a tenant."""
        return sum(len(view.legs) for view in self.meetings() if view.tenant == tenant)

    def _end_if_empty(self, runner: MeetingRunner | None) -> None:
        """A meeting made for somebody who did not come in after all must not stay behind."""
        if runner is not None and not (view := runner.view()).legs and not view.kept_when_empty:
            runner.post(SetKeptWhenEmpty(False))
            self._finished(view.meeting)

    async def _meeting_for(self, space_id: SpaceId) -> tuple[MeetingRunner | None, bool]:
        """The live meeting of a space, made if need be (True), or None when there is no such space."""
        async with self._store.reading() as tx:
            space = await tx.spaces.get(space_id)
            layers = await call_layers(tx, space) if space else ()
        existing = self._meetings.get(self._of_space.get(space_id, MeetingId("")))
        if existing is not None or space is None:
            return existing, False
        services = self._services
        machine = Meeting(
            MeetingId(self._identifiers.uuid()), space.id, space.name, space.tenant, layers, services.clock.now()
        )
        runner = MeetingRunner(
            machine,
            clock=services.clock,
            engine=services.engine,
            journal=services.journal,
            tell_leg=self._tell_leg,
            finished=self._finished,
            changed=self._tell_watchers,
        )
        meeting = runner.view().meeting
        self._meetings[meeting] = runner
        self._of_space[space.id] = meeting
        return runner, True

    def _tell_leg(self, leg: LegId, generation: int, news: LegNews) -> None:
        runner = self._legs.get(leg)
        if runner is not None:
            runner.tell(generation, news)

    def _finished(self, meeting: MeetingId) -> None:
        runner = self._meetings.pop(meeting, None)
        if runner is not None:
            self._of_space.pop(runner.view().space, None)
        self._stale.discard(meeting)

    # --- changes: live legs are resolved anew --------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.kind not in _RESOLVING:
            return
        self._changed += 1
        self._refresh(self._touched(change))

    def _touched(self, change: Change) -> Iterable[MeetingId]:
        space = change.id if change.kind == "space" else change.space
        if space is not None:
            return [self._of_space[SpaceId(space)]] if space in self._of_space else []
        return list(self._meetings)

    def _refresh(self, meetings: Iterable[MeetingId]) -> None:
        for meeting in meetings:
            if meeting not in self._stale:
                self._stale.add(meeting)
                self._services.tasks.spawn(self._resolve_anew(meeting))

    async def _resolve_anew(self, meeting: MeetingId) -> None:
        while meeting in self._stale:
            seen = self._changed
            runner = self._meetings.get(meeting)
            if runner is None:
                self._stale.discard(meeting)
                return
            before = runner.view()
            async with self._store.reading() as tx:
                space = await tx.spaces.get(before.space)
                if space is not None:
                    call = await call_layers(tx, space)
                    layers = {leg.leg: await leg_layers(tx, space, leg.entry) for leg in before.legs}
            if seen != self._changed:
                continue
            self._stale.discard(meeting)
            if space is None:
                runner.post(End(Ending(Side.ADMINISTRATOR, Reason.SPACE_DELETED)))
                return
            runner.post(SpaceChanged(space.name, call))
            for leg, fresh in layers.items():
                runner.post(LegLayersChanged(leg, fresh))

    # --- the engine speaks ---------------------------------------------------------------------------------------

    def digit(self, leg: LegId, digit: str) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(Digit(digit))

    def play_ended(self, leg: LegId, play: int) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(PlayEnded(play))

    def media_died(self, leg: LegId) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(MediaDied())

    # --- views ---------------------------------------------------------------------------------------------------

    def _view_of(self, leg: LegId) -> LegView | None:
        meeting = self.meeting(self._place.get(leg, MeetingId("")))
        return next((view for view in meeting.legs if view.leg == leg), None) if meeting else None

    def _live(self, runner: LiveLegRunner, view: LegView | None) -> LiveLeg:
        offered = runner.offered
        assert offered is not None
        state = "initial" if not runner.accepted else "on-hold" if runner.on_hold else "connected"
        return LiveLeg(
            leg=runner.id,
            number=runner.number,
            participant=runner.participant,
            meeting=self._place.get(runner.id) if view else None,
            view=view,
            caller=offered.caller,
            name=offered.display_name or without_scheme(offered.caller),
            dialled=offered.dialled,
            state=state,
            seconds=self._services.clock.now() - runner.started,
            facts=runner.door.facts(),
            statistics=self._services.engine.statistics(runner.id),
            kind=offered.kind,
        )


def without_scheme(uri: str) -> str:
    """2000@example.com of sip:2000@example.com."""
    scheme, colon, rest = uri.partition(":")
    return rest if colon and scheme.isalpha() else uri
