"""Every live leg and meeting of this server: who is where, and the way to each one's mailbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..core.admission import NOTHING_PROVEN, Candidates, Proof
from ..core.dialplan import Echo, Ivr
from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId, MeetingId, ParticipantId, SpaceId
from ..core.key_commands import KeyCommand, may
from ..core.leg_inputs import (
    Dial,
    Drop,
    Granted,
    JoinMeeting,
    LegInput,
    MoveTo,
    Offered,
)
from ..core.meeting import Meeting
from ..core.meeting_inputs import (
    DoByKeys,
    DropLeg,
    End,
    Join,
    JoinRefused,
    Left,
    LegNews,
    LegView,
    MeetingInput,
    MeetingView,
    SetKeptWhenEmpty,
)
from ..core.people import Tenant
from ..core.refusals import Refusal
from ..core.spaces import Space
from ..core.survival import Dated, Inside, StoredMeeting
from .changes import Changes
from .engine_news import EngineNews
from .incoming_legs import IncomingLegRunner
from .inputs import MEETING, SURVIVED
from .joining import SpaceFacts, join_of, why_not
from .legs import LegServices, LiveLegRunner
from .live import LiveLeg
from .meetings import MeetingRunner
from .outgoing_legs import Elsewhere, OutgoingLegRunner, nowhere
from .ports import AnsweredDoor, Identifiers, LegDoor, OutgoingDoor, Store
from .resolving import Resolving
from .space_reader import SpaceReader

REPLACED = Ending(Side.REMOTE, Reason.HANG_UP)

R = TypeVar("R", bound=LiveLegRunner)


class Directory:
    """The local directory of meetings; also what legs meet as their lobby."""

    def __init__(
        self, store: Store, services: LegServices, identifiers: Identifiers, changes: Changes, legs_most: int
    ) -> None:
        self._spaces = SpaceReader(store)
        self._services = services
        self._identifiers = identifiers
        self._legs_most = legs_most
        self._legs: dict[LegId, LiveLegRunner] = {}
        self._place: dict[LegId, MeetingId] = {}
        self._joining: dict[LegId, Join | None] = {}
        self._meetings: dict[MeetingId, MeetingRunner] = {}
        self._of_space: dict[SpaceId, MeetingId] = {}
        self._number = 0
        self._closed = False
        self._watchers: list[Callable[[MeetingId], None]] = []
        self._leg_watchers: list[Callable[[LegId], None]] = []
        self._before_answers: list[Callable[[], Awaitable[None]]] = []
        # Told of a space whose meeting somebody ends for all by keys, before it ends.
        self.ends_by_keys: Callable[[SpaceId], None] = lambda _space: None
        self.count_completed = 0
        self.most_legs = 0
        self._resolving = Resolving(changes, self._spaces, services, self._legs, self._meetings, self._of_space)
        services.engine.listen(EngineNews(self._legs))

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
        return self.take_in(
            lambda leg, number, person: IncomingLegRunner(
                leg, number, participant or person, door, target, self._services, lobby=self, proof=proof
            ),
            offered,
        )

    def dial(
        self,
        call: Dial,
        door: OutgoingDoor,
        told: Callable[[LegId, Ending | None], None],
        finished: Callable[[], None],
        elsewhere: Elsewhere = nowhere,
    ) -> OutgoingLegRunner | None:
        """Call somebody (see app.dialling, which decides whether we may). None: the server is full or stops."""
        return self.take_in(
            lambda leg, number, person: OutgoingLegRunner(
                leg,
                number,
                person,
                door,
                self._services,
                lobby=self,
                space=call.space,
                into=self._of_space.get(call.space),
                told=told,
                finished=finished,
                elsewhere=elsewhere,
            ),
            call,
        )

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
        self._spaces.keep(facts)

    def forget_space(self, space: SpaceId) -> None:
        self._spaces.forget(space)

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
        """In order of arrival, without those that were sent out of their meeting and hear why."""
        views = {view.leg: view for meeting in self._meetings.values() for view in meeting.view().legs}
        shown = (runner for runner in self._legs.values() if runner.party and not runner.leaving)
        return [self._live(runner, views.get(runner.id)) for runner in shown]

    def leg(self, leg: LegId) -> LiveLeg | None:
        """None: there is none such that `legs` shows."""
        runner = self._legs.get(leg)
        return self._live(runner, self._view_of(leg)) if runner and runner.party and not runner.leaving else None

    def participant(self, participant: ParticipantId) -> LiveLeg | None:
        for runner in self._legs.values():
            if runner.participant == participant and runner.party and not runner.leaving:
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
        if runner is None or runner.leaving:
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
        if runner is None or not runner.accepted or runner.ended or runner.leaving:
            return False
        runner.send_keys(keys)
        return True

    # --- meetings --------------------------------------------------------------------------------------------

    def meetings(self) -> list[MeetingView]:
        """In order of creation."""
        return [meeting.view() for meeting in self._meetings.values()]

    def is_live(self, meeting: MeetingId) -> bool:
        """Without a look at everybody who is in it."""
        return meeting in self._meetings

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

    @property
    def spaces(self) -> SpaceReader:
        """What is read of spaces, those included that no store knows."""
        return self._spaces

    async def open_ad_hoc(self, name: str) -> MeetingId:
        """A meeting without a space, into which people are called or moved. Raises Refusal limit(which: ad-hoc)."""
        space = Space(SpaceId(self._identifiers.uuid()), name, non_member_access=False)
        self._spaces.keep_ad_hoc(space)
        try:
            return await self.open(space.id)
        except BaseException:
            self._spaces.forget(space.id)
            raise

    async def open(self, space: SpaceId) -> MeetingId:
        """The space's meeting, kept although empty. Raises Refusal not-found."""
        facts = await self._spaces.facts(space)
        if facts is None:
            raise Refusal("not-found", kind="space", id=space)
        runner = self._meeting_for(facts)
        runner.post(SetKeptWhenEmpty(True))
        await self._answer()
        return runner.id

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
        """An answered leg, or one of ours that rings."""
        runner = self._legs.get(leg)
        rings = isinstance(runner, OutgoingLegRunner) and runner.rings_out
        return runner if runner is not None and (rings or runner.stands) else None

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
        self._resolving.anew([machine.id])
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
                self.ends_by_keys(meeting.space)
        meeting.post(wish)

    async def _join(self, leg: LiveLegRunner, wish: JoinMeeting) -> None:
        party = leg.party
        assert party is not None
        facts, door = await self._spaces.joined_by(wish)
        # From here on nothing waits: what was read still holds when the leg is in.
        if leg.id not in self._joining:
            return  # the leg left while we read
        del self._joining[leg.id]
        reason = why_not(facts, wish, door, leg.encrypted_media)
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
        self._place[leg.id] = runner.id
        leg.use_keys(facts.keys)
        language = self._services.entry.spoken_to(party.language or (door and door.language) or facts.sounds.language)
        runner.post(join_of(leg, party, wish, facts, door, language))
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
        own = (facts.kind, facts.sounds.brand, services.entry.tells_alone, services.entry.says_farewell)
        made = (meeting, space.id, space.name, space.tenant, facts.call, now, *own)
        services.inputs.began(MEETING, meeting, made)
        machine = Meeting(*made)
        return self._run(machine, space.id)

    def _run(self, machine: Meeting, space: SpaceId) -> MeetingRunner:
        services = self._services
        runner = MeetingRunner(
            machine,
            space=space,
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

    def _tell_leg(self, leg: LegId, generation: int, news: LegNews) -> None:
        runner = self._legs.get(leg)
        if runner is not None:
            runner.tell(generation, news)

    def _finished(self, meeting: MeetingId, ordered: bool) -> None:
        """Whom we call into it is called no longer; who was called before there was a meeting, only if somebody has
        ended it: others come and go while a phone rings."""
        runner = self._meetings.pop(meeting, None)
        space = runner.space if runner is not None else None
        if space is not None:
            self._of_space.pop(space, None)
            if self._spaces.ad_hoc(space) is not None:
                self._spaces.forget(space)
        self._resolving.forget(meeting)
        for leg in [] if self._closed else list(self._legs.values()):
            if not isinstance(leg, OutgoingLegRunner):
                continue
            ahead = leg.into is None and leg.space == space and (leg.outside or leg.id in self._joining)
            if (leg.into == meeting and leg.outside) or (ordered and ahead):
                leg.post(Drop(Ending(Side.LOCAL, Reason.MEETING_ENDED)))

    # --- views ---------------------------------------------------------------------------------------------------

    def _view_of(self, leg: LegId) -> LegView | None:
        meeting = self.meeting(self._place.get(leg, MeetingId("")))
        return next((view for view in meeting.legs if view.leg == leg), None) if meeting else None

    def _live(self, runner: LiveLegRunner, view: LegView | None) -> LiveLeg:
        meeting = self._place.get(runner.id) if view else None
        if isinstance(runner, OutgoingLegRunner) and runner.outside and runner.into in self._meetings:
            meeting = runner.into
        return runner.live(meeting, view)
