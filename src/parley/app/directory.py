"""Every live leg and meeting of this server: who is where, and the way to each one's mailbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from ..core.admission import NOTHING_PROVEN, Candidates, Proof
from ..core.dialplan import Echo, Ivr
from ..core.endings import Ending, Reason, Side
from ..core.events import AD_HOC_MEETING
from ..core.ids import LegId, MeetingId, ParticipantId, SpaceId
from ..core.key_commands import KeyCommand, may
from ..core.leg_inputs import (
    Confirmed,
    Dial,
    Digit,
    Drop,
    Granted,
    JoinMeeting,
    LegInput,
    MediaDied,
    MoveTo,
    Offered,
    PlayEnded,
)
from ..core.meeting import Meeting
from ..core.meeting_inputs import (
    DoByKeys,
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
from ..core.people import Tenant
from ..core.quality import QualityWindow
from ..core.refusals import Refusal
from ..core.spaces import AccessMethod, Space
from ..core.survival import Dated, Inside, StoredMeeting
from .changes import Change, Changes
from .inputs import MEETING, SURVIVED
from .joining import SpaceFacts, entry_of, facts_of, space_facts, why_not
from .legs import IncomingLegRunner, LegServices, LiveLegRunner
from .live import LiveLeg, without_scheme
from .meetings import MeetingRunner
from .outgoing_legs import Elsewhere, OutgoingLegRunner, nowhere
from .ports import AnsweredDoor, Identifiers, LegDoor, OutgoingDoor, Store, Transaction
from .remembered import Remembered

log = structlog.get_logger(__name__)

# A change of one of these may change what a live leg or meeting resolves to.
_PROFILES = {"leg-profile", "call-profile", "dtmf-profile"}
_RESOLVING = _PROFILES | {"branding", "space", "access-method", "member", "tenant", "system"}

REPLACED = Ending(Side.REMOTE, Reason.HANG_UP)
AD_HOC_MOST = 1000  # meetings without a space at once
RETRY_AFTER = 1.0  # seconds until a meeting is resolved anew once more, when the store could not be read

T = TypeVar("T")
R = TypeVar("R", bound=LiveLegRunner)


@dataclass(slots=True, eq=False)
class _Reading:
    """What is being read of a space; stale once a change that concerns the space was committed meanwhile."""

    space: SpaceId
    stale: bool = False


class Directory:
    """The local directory of meetings; also what legs meet as their lobby and the engine as its listener."""

    def __init__(
        self, store: Store, services: LegServices, identifiers: Identifiers, changes: Changes, legs_most: int
    ) -> None:
        self._store = store
        self._entered: Remembered[tuple[SpaceFacts | None, AccessMethod | None]] = Remembered(store)
        self._services = services
        self._identifiers = identifiers
        self._legs_most = legs_most
        self._legs: dict[LegId, LiveLegRunner] = {}
        self._place: dict[LegId, MeetingId] = {}
        self._joining: dict[LegId, Join | None] = {}
        self._meetings: dict[MeetingId, MeetingRunner] = {}
        self._of_space: dict[SpaceId, MeetingId] = {}
        self._number = 0
        self._readings: set[_Reading] = set()
        self._stale: set[MeetingId] = set()  # meetings that are being resolved anew
        self._closed = False
        self._temporary: dict[SpaceId, SpaceFacts] = {}  # spaces that exist for one call, and in no store
        self._ad_hoc: dict[SpaceId, Space] = {}  # the same, but for everything that holds for spaces without a tenant
        self._watchers: list[Callable[[MeetingId], None]] = []
        self._leg_watchers: list[Callable[[LegId], None]] = []
        self._before_answers: list[Callable[[], Awaitable[None]]] = []
        # Told of a space whose meeting somebody ends for all by keys, before it ends.
        self.ends_by_keys: Callable[[SpaceId], None] = lambda _space: None
        self.count_completed = 0
        self.most_legs = 0
        changes.subscribe(self._on_change)
        services.engine.listen(self)

    # --- legs ------------------------------------------------------------------------------------------------

    def arrive(
        self,
        offered: Offered,
        target: Candidates | Ivr | Granted | Echo,
        door: LegDoor,
        proof: Proof = NOTHING_PROVEN,
        participant: ParticipantId | None = None,
    ) -> LiveLegRunner | None:
        """A door has a caller for this target. None: the server is full or stops, nothing was created."""
        if self._closed or len(self._legs) >= self._legs_most:
            return None
        self._number += 1
        leg = LegId(self._identifiers.uuid())
        person = participant or ParticipantId(self._identifiers.uuid())
        runner = IncomingLegRunner(leg, self._number, person, door, target, self._services, lobby=self, proof=proof)
        self._take(runner, offered)
        return runner

    def dial(
        self,
        call: Dial,
        door: OutgoingDoor,
        told: Callable[[LegId, Ending | None], None],
        finished: Callable[[], None],
        elsewhere: Elsewhere = nowhere,
    ) -> OutgoingLegRunner | None:
        """Call somebody (see app.dialling, which decides whether we may). None: the server is full or stops."""
        if self._closed or len(self._legs) >= self._legs_most:
            return None
        self._number += 1
        leg = LegId(self._identifiers.uuid())
        runner = OutgoingLegRunner(
            leg,
            self._number,
            ParticipantId(self._identifiers.uuid()),
            door,
            self._services,
            lobby=self,
            space=call.space,
            into=self._of_space.get(call.space),
            told=told,
            finished=finished,
            elsewhere=elsewhere,
        )
        self._take(runner, call)
        return runner

    def take_in(self, make: Callable[[LegId, int, ParticipantId], R], first: LegInput) -> R | None:
        """A leg that somebody else makes and is the lobby of. None: the server is full or stops, nothing was made."""
        if self._closed or len(self._legs) >= self._legs_most:
            return None
        self._number += 1
        runner = make(LegId(self._identifiers.uuid()), self._number, ParticipantId(self._identifiers.uuid()))
        self._take(runner, first)
        return runner

    def keep_space(self, facts: SpaceFacts) -> None:
        """A space for one call, which no store knows."""
        self._temporary[facts.space.id] = facts

    def forget_space(self, space: SpaceId) -> None:
        self._temporary.pop(space, None)

    def _take(self, runner: LiveLegRunner, first: LegInput) -> None:
        self._legs[runner.id] = runner
        self.most_legs = max(self.most_legs, len(self._legs))
        runner.post(first)

    def cancel_call(self, leg: LegId, ending: Ending) -> bool:
        """Give up a call of ours that nobody has answered yet. False: there is none."""
        runner = self._legs.get(leg)
        if not isinstance(runner, OutgoingLegRunner) or not runner.calling:
            return False
        runner.post(Drop(ending))
        return True

    def forget(self, leg: LiveLegRunner) -> None:
        if self._legs.pop(leg.id, None) is not None:
            self.count_completed += 1

    def happened(self, leg: LiveLegRunner) -> None:
        for watcher in self._leg_watchers:
            watcher(leg.id)

    def legs(self) -> list[LiveLeg]:
        """In order of arrival."""
        views = {view.leg: view for meeting in self._meetings.values() for view in meeting.view().legs}
        return [self._live(runner, views.get(runner.id)) for runner in self._legs.values() if runner.party]

    def leg(self, leg: LegId) -> LiveLeg | None:
        runner = self._legs.get(leg)
        return self._live(runner, self._view_of(leg)) if runner and runner.party else None

    def participant(self, participant: ParticipantId) -> LiveLeg | None:
        for runner in self._legs.values():
            if runner.participant == participant and runner.party:
                return self._live(runner, self._view_of(runner.id))
        return None

    def move(self, participant: ParticipantId, to: Granted) -> bool:
        """Take somebody on the phone out of the meeting he is in and into another one. False: there is none such."""
        moved = [leg for leg in self.legs() if leg.participant == participant and leg.movable]
        for leg in moved:
            if (meeting := self.meeting_of_space(to.space)) is None or leg.meeting != meeting.meeting:
                self._legs[leg.leg].post(MoveTo(to))
        return bool(moved)

    async def drop_leg(self, leg: LegId, ending: Ending) -> bool:
        """End a leg wherever it is. False: no such leg."""
        runner = self._legs.get(leg)
        if runner is None:
            return False
        meeting = self._meetings.get(self._place.get(leg, MeetingId("")))
        if meeting is not None and any(view.leg == leg for view in meeting.view().legs):
            meeting.post(DropLeg(leg, ending))
        else:
            runner.post(Drop(ending))  # at the entrance, or hearing why the meeting would not have it
        await self._answer()
        return True

    def send_keys(self, leg: LegId, keys: str) -> bool:
        """Press keys for the far end of an answered leg. False: there is none."""
        runner = self._legs.get(leg)
        if runner is None or not runner.accepted or runner.ended:
            return False
        runner.send_keys(keys)
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
        await self._answer()
        return True

    async def _answer(self) -> None:
        for ready in self._before_answers:
            await ready()

    def watch(self, watcher: Callable[[MeetingId], None]) -> None:
        """Call it whenever something may have happened to a meeting, its end included. It must not block."""
        self._watchers.append(watcher)

    def _tell_watchers(self, meeting: MeetingId) -> None:
        for watcher in self._watchers:
            watcher(meeting)

    def ad_hoc(self, space: SpaceId) -> Space | None:
        """The space of a meeting that has none in the store, where this is one."""
        return self._ad_hoc.get(space)

    def keep_ad_hoc(self, space: Space) -> None:
        """There is such a space until its meeting is over."""
        self._ad_hoc[space.id] = space

    async def open_ad_hoc(self, name: str) -> MeetingId:
        """A meeting without a space, into which people are called or moved. Raises Refusal limit(which: ad-hoc)."""
        if len(self._ad_hoc) >= AD_HOC_MOST:
            raise Refusal("limit", which="ad-hoc")
        space = Space(SpaceId(self._identifiers.uuid()), name, non_member_access=False)
        self.keep_ad_hoc(space)
        try:
            return await self.open(space.id)
        except BaseException:
            self._ad_hoc.pop(space.id, None)
            raise

    async def facts(self, tx: Transaction, space: SpaceId, entries: Iterable[Entry]) -> SpaceFacts | None:
        """What holds for joins. None: there is no such space."""
        own = self._ad_hoc.get(space)
        if own is not None:
            return await facts_of(tx, own, entries, AD_HOC_MEETING)
        return await space_facts(tx, space, entries)

    async def open(self, space: SpaceId) -> MeetingId:
        """The space's meeting, kept although empty. Raises Refusal not-found."""
        facts = await self._read(space, lambda tx: self.facts(tx, space, ()))
        if facts is None:
            raise Refusal("not-found", kind="space", id=space)
        runner = self._meeting_for(facts)
        runner.post(SetKeptWhenEmpty(True))
        await self._answer()
        return runner.view().meeting

    async def close(self, ending: Ending) -> None:
        """Everybody goes, and nobody comes in any more: the server stops."""
        self._closed = True
        for meeting in list(self._meetings.values()):
            meeting.post(End(ending))
        for leg in list(self._legs.values()):
            leg.post(Drop(ending))

    # --- from one life of the server to the next (see app.survival) ----------------------------------------------

    def store_by(self, leg: Callable[[LegId], None], ready: Callable[[], Awaitable[None]]) -> None:
        """leg: called whenever something may have changed of what is stored of one. ready: awaited between what an API
        has changed and its answer."""
        self._leg_watchers.append(leg)
        self._before_answers.append(ready)

    def door_changed(self, door: AnsweredDoor) -> None:
        """What the door of some leg would write for the next life of the server is another."""
        for runner in self._legs.values():
            if runner.is_behind(door):
                self.happened(runner)
                return

    def standing(self, leg: LegId) -> LiveLegRunner | None:
        """An answered leg."""
        runner = self._legs.get(leg)
        return runner if runner is not None and runner.stands else None

    def place(self, leg: LegId) -> MeetingId | None:
        return self._place.get(leg)

    def stored_meeting(self, meeting: MeetingId, dated: Dated) -> tuple[StoredMeeting, dict[LegId, Inside]] | None:
        runner = self._meetings.get(meeting)
        return runner.stored(dated) if runner is not None else None

    def take_up_leg(self, runner: LiveLegRunner, meeting: MeetingId | None) -> None:
        """A leg of the life before, which nobody is told of."""
        self._legs[runner.id] = runner
        self._number = max(self._number, runner.number)
        self.most_legs = max(self.most_legs, len(self._legs))
        if meeting is not None:
            self._place[runner.id] = meeting

    def take_up_meeting(self, machine: Meeting, space: SpaceId) -> MeetingRunner:
        """A meeting of the life before: it goes by what is in the store by now."""
        self._services.inputs.began(MEETING, machine.id, (machine.id, space), how=SURVIVED)
        runner = self._run(machine, space)
        self._refresh([machine.id])
        return runner

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

    def ask(self, leg: LiveLegRunner, wish: MeetingInput) -> None:
        meeting = self._meetings.get(self._place.get(leg.id, MeetingId("")))
        if meeting is None:
            return
        if isinstance(wish, DoByKeys) and wish.command is KeyCommand.END:
            own = self._view_of(leg.id)
            if own is not None and may(wish.command, own.effective.settings, waits=own.waits):
                self.ends_by_keys(meeting.view().space)
        meeting.post(wish)

    async def _join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        party = leg.party
        assert party is not None
        entry = entry_of(wish)

        async def read(tx: Transaction) -> tuple[SpaceFacts | None, AccessMethod | None]:
            door = await tx.access_methods.get(entry.access_method) if entry.access_method else None
            return await self.facts(tx, wish.space, [entry]), door

        facts, door = self._temporary.get(wish.space), None
        if facts is None:
            known = self._entered.recall((wish.space, entry))
            if known is None:
                known = await self._entered.learn((wish.space, entry), lambda: self._read(wish.space, read))
            facts, door = known or (None, None)
        # From here on nothing waits: what was read still holds when the leg is in.
        if leg.id not in self._joining:
            return  # the leg left while we read
        del self._joining[leg.id]
        encrypted = leg.audio is not None and leg.audio.encrypted
        reason = why_not(facts, wish, door, encrypted)
        if isinstance(leg, OutgoingLegRunner) and leg.into is not None and leg.into not in self._meetings:
            reason = Reason.MEETING_ENDED  # what somebody was called into ended between the answer and now
        if facts is None or reason is not None:
            leg.tell(leg.generation, JoinRefused(reason or Reason.SPACE_DELETED))
            return
        tenant = facts.tenant
        if tenant and wish.stay is None and self._is_full(tenant):
            leg.tell(leg.generation, JoinRefused(Reason.TENANT_LIMIT))
            return
        runner = self._meeting_for(facts)
        self._place[leg.id] = runner.view().meeting
        leg.use_keys(facts.keys)
        runner.post(
            Join(
                leg=leg.id,
                generation=leg.generation,
                number=leg.number,
                participant=leg.participant,
                name=party.name,
                uri=without_scheme(party.caller),
                entry=entry,
                layers=facts.legs[entry],
                is_member=entry.member is not None,
                encrypted_media=encrypted,
                kind=party.kind,
                language=self._services.entry.spoken_to(
                    party.language or (door and door.language) or facts.sounds.language
                ),
                settings=wish.settings,
                extras=wish.extras,
                admitted=wish.admitted,
                door_role=door.role if door else None,
                stay=wish.stay,
            )
        )
        replaced, leg.replaces = leg.replaces, None
        if replaced is not None:  # only now, so that a host's place is never empty
            replaced.post(Drop(REPLACED))

    def _is_full(self, tenant: Tenant) -> bool:
        """By the participants in all its meetings."""
        inside = sum(len(view.legs) for view in self.meetings() if view.tenant == tenant.id)
        return tenant.participant_limit is not None and inside >= tenant.participant_limit

    def _meeting_for(self, facts: SpaceFacts) -> MeetingRunner:
        """The live meeting of a space, made if need be: whoever asks puts somebody in or keeps it."""
        space = facts.space
        existing = self._meetings.get(self._of_space.get(space.id, MeetingId("")))
        if existing is not None:
            return existing
        services = self._services
        meeting, now = MeetingId(self._identifiers.uuid()), services.clock.now()
        own = (facts.kind, facts.sounds.brand, services.entry.tells_alone)
        made = (meeting, space.id, space.name, space.tenant, facts.call, now, *own)
        services.inputs.began(MEETING, meeting, made)
        machine = Meeting(*made)
        return self._run(machine, space.id)

    def _run(self, machine: Meeting, space: SpaceId) -> MeetingRunner:
        services = self._services
        runner = MeetingRunner(
            machine,
            clock=services.clock,
            engine=services.engine,
            journal=services.journal,
            tell_leg=self._tell_leg,
            finished=self._finished,
            changed=self._tell_watchers,
            inputs=services.inputs,
        )
        self._meetings[machine.id] = runner
        self._of_space[space] = machine.id
        return runner

    async def _read(self, space: SpaceId, read: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `read` finds, which is read again when a change of this space was committed meanwhile.

        The caller must not wait between this and the use of what was found.
        """
        while True:
            reading = _Reading(space)
            self._readings.add(reading)
            try:
                async with self._store.reading() as tx:
                    found = await read(tx)
            finally:
                self._readings.discard(reading)
            if not reading.stale:
                return found

    def _tell_leg(self, leg: LegId, generation: int, news: LegNews) -> None:
        runner = self._legs.get(leg)
        if runner is not None:
            runner.tell(generation, news)

    def _finished(self, meeting: MeetingId, ordered: bool) -> None:
        """Whom we call into it is called no longer; who was called before there was a meeting, only if somebody has
        ended it: others come and go while a phone rings."""
        runner = self._meetings.pop(meeting, None)
        space = runner.view().space if runner is not None else None
        if space is not None:
            self._of_space.pop(space, None)
            self._ad_hoc.pop(space, None)
        self._stale.discard(meeting)
        for leg in [] if self._closed else list(self._legs.values()):
            if not isinstance(leg, OutgoingLegRunner):
                continue
            ahead = leg.into is None and leg.space == space and (leg.outside or leg.id in self._joining)
            if (leg.into == meeting and leg.outside) or (ordered and ahead):
                leg.post(Drop(Ending(Side.LOCAL, Reason.MEETING_ENDED)))

    # --- changes: live legs are resolved anew --------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.kind not in _RESOLVING:
            return
        space = change.id if change.kind == "space" else change.space
        for reading in self._readings:
            if space in {None, reading.space}:
                reading.stale = True
        if space is None:
            self._refresh(list(self._meetings))
        elif space in self._of_space:
            self._refresh([self._of_space[SpaceId(space)]])

    def _refresh(self, meetings: Iterable[MeetingId]) -> None:
        for meeting in meetings:
            if meeting in self._meetings and meeting not in self._stale:
                self._stale.add(meeting)
                self._services.tasks.spawn(
                    self._resolve_anew(meeting), on_failure=partial(self._refresh_later, meeting)
                )

    def _refresh_later(self, meeting: MeetingId) -> None:
        """The store could not be read. The meeting goes on with what it has until it can be."""
        self._stale.discard(meeting)
        clock = self._services.clock
        clock.call_at(clock.now() + RETRY_AFTER, lambda: self._refresh([meeting]))

    async def _resolve_anew(self, meeting: MeetingId) -> None:
        runner = self._meetings.get(meeting)
        if runner is None:
            return  # it ended before this began
        space = runner.view().space
        if space in self._temporary:
            self._stale.discard(meeting)
            return  # nothing of it is stored
        # Legs are many and their entries few; whoever comes in while this reads has read for himself.
        facts = await self._read(space, lambda tx: self.facts(tx, space, {leg.entry for leg in runner.view().legs}))
        self._stale.discard(meeting)
        if facts is None:
            runner.post(End(Ending(Side.ADMINISTRATOR, Reason.SPACE_DELETED)))
            return
        runner.post(SpaceChanged(facts.space.name, facts.call, facts.sounds.brand))
        for leg in runner.view().legs:
            if leg.leg in self._legs:
                self._legs[leg.leg].use_keys(facts.keys)
            if leg.entry in facts.legs:
                runner.post(LegLayersChanged(leg.leg, facts.legs[leg.entry]))

    # --- the engine speaks ---------------------------------------------------------------------------------------

    def digit(self, leg: LegId, digit: str) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(Digit(digit))

    def media_ready(self, leg: LegId) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(Confirmed())

    def play_ended(self, leg: LegId, play: int) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(PlayEnded(play))

    def quality(self, leg: LegId, window: QualityWindow) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.quality.take(window)

    def media_died(self, leg: LegId) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.post(MediaDied())

    def media_lost(self, leg: LegId) -> None:
        if (runner := self._legs.get(leg)) is not None:
            runner.renew_media()

    # --- views ---------------------------------------------------------------------------------------------------

    def _view_of(self, leg: LegId) -> LegView | None:
        meeting = self.meeting(self._place.get(leg, MeetingId("")))
        return next((view for view in meeting.legs if view.leg == leg), None) if meeting else None

    def _live(self, runner: LiveLegRunner, view: LegView | None) -> LiveLeg:
        party = runner.party
        assert party is not None
        meeting = self._place.get(runner.id) if view else None
        if isinstance(runner, OutgoingLegRunner) and runner.outside and runner.into in self._meetings:
            meeting = runner.into
        return LiveLeg(
            leg=runner.id,
            number=runner.number,
            participant=runner.participant,
            meeting=meeting,
            view=view,
            caller=party.caller,
            name=party.name,
            dialled=party.dialled,
            state=runner.state,
            seconds=self._services.clock.now() - runner.started,
            facts=runner.facts(),
            statistics=self._services.engine.statistics(runner.id),
            kind=party.kind,
            direction=party.direction,
            quality=runner.quality.last,
        )
