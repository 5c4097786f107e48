"""A live meeting: who is in it, who waits, and what follows from every input.

Theory of operation
-------------------
`handle` is the only way in. It first lets happen what time alone had made due (so a late tick changes no
outcome), then does what the input asks, then runs the joint-state rules of `transitions` to a fixed point,
and at last compares the media plan with the one sent before. It answers with effects in the order in
which they are to be performed: records, the plan, what is heard over it, news to legs, and `Finished` as the very last.

The order of records is that of the event log (cms-api 5): a newcomer who waits is *deactivated*, then has
*joined*; a host has *joined*, then each waiting leg is *activated* in the order of joining; who leaves has
*left*, then the others are *deactivated* in that order.

A leg that is dropped is out at once; its own Left, which comes later, finds nothing. A Left may overtake
its Join: the generation is remembered for a while, so that such a Join leaves nothing behind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from .chat import ChatLine, added
from .chimes import Chimes
from .endings import Ending, Reason, Side
from .events import (
    SPACE_MEETING,
    Event,
    LegActivated,
    LegDeactivated,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    UnencryptedMediaPresent,
)
from .ids import LegId, MeetingId, ParticipantId, SpaceId, TenantId
from .key_commands import ONESELF, may
from .mediaplan import LegMedia, MediaPlan
from .meeting_inputs import (
    AdmitParticipant,
    Admitted,
    ApplyPlan,
    DoByKeys,
    DropLeg,
    DropParticipant,
    Dropped,
    End,
    Finished,
    Join,
    JoinRefused,
    KeysDone,
    Left,
    LegLayersChanged,
    LegNews,
    MeetingEffect,
    MeetingInput,
    MeetingView,
    MuteSelf,
    OverrideLeg,
    OverrideLegs,
    Record,
    Rename,
    Say,
    SelfMuted,
    SendBack,
    SetCohost,
    SetFreeMute,
    SetHands,
    SetKeptWhenEmpty,
    SetLocked,
    SetNewcomersMuted,
    SetRole,
    SpaceChanged,
    TellLeg,
    Tick,
    Waiting,
)
from .meeting_keys import meant
from .meeting_legs import MeetingLeg
from .profiles import CallLayer, LockMode, resolve_call
from .survival import Dated, Inside, StoredMeeting, Timed, inside_of
from .transitions import Room, Standing, State, Trigger, happen, next_act, settle

# How many legs that are gone are remembered: a Left overtakes its Join by moments, not by a thousand legs.
_GONE_MOST = 1024


class Meeting:
    """One gathering in a space. Times are monotonic seconds."""

    def __init__(
        self,
        id: MeetingId,
        space: SpaceId,
        name: str,
        tenant: TenantId | None,
        call_layers: Iterable[CallLayer],
        now: float,
        kind: str = SPACE_MEETING,
        brand: str = "",
        tells_alone: bool = False,
    ) -> None:
        """brand: whose prompts are heard in it. tells_alone: see Chimes."""
        self.id = id
        self._kind = kind
        self._space = space
        self._name = name
        self._tenant = tenant
        self._call = resolve_call(call_layers)
        self._room = Room(
            locked=bool(self._call.settings.locked),
            lock_mode=self._call.settings.lock_mode or LockMode.ALL,
            now=now,
            absent_since=now,
        )
        self._legs: dict[LegId, MeetingLeg] = {}  # in join order
        self._gone: OrderedDict[LegId, int] = OrderedDict()  # leg -> newest generation that has left
        self._started_at: float | None = None
        self._finished = False
        self._ordered = False  # somebody has ended it
        self._kept = False
        self._free_mute = False
        self._newcomers_muted: bool | None = None
        self._unencrypted = False
        self._legs_most = 0
        self._legs_completed = 0
        self._chat: tuple[ChatLine, ...] = ()
        self._brand = brand
        self._chimes = Chimes(id, tells_alone)
        self._planned: tuple[LegMedia, ...] = ()
        self._plan_number = 0
        self._records: list[MeetingEffect] = []
        self._news: list[MeetingEffect] = []
        self._inputs: dict[type, Callable[[Any], None]] = {
            Join: self._join,
            Left: self._left,
            OverrideLeg: self._override_leg,
            OverrideLegs: self._override_legs,
            AdmitParticipant: self._admit,
            SendBack: self._send_back,
            MuteSelf: self._mute_self,
            DoByKeys: self._do_by_keys,
            SetFreeMute: self._set_free_mute,
            SetNewcomersMuted: self._set_newcomers_muted,
            SetHands: self._set_hands,
            Rename: self._rename,
            SetRole: self._set_role,
            SetCohost: self._set_cohost,
            Say: self._say,
            DropLeg: self._drop_leg,
            DropParticipant: self._drop_participant,
            SetLocked: self._set_locked,
            SetKeptWhenEmpty: self._set_kept,
            End: self._end,
            LegLayersChanged: self._layers_changed,
            SpaceChanged: self._space_changed,
            Tick: lambda _tick: None,
        }

    # --- from one life of the server to the next ------------------------------------------------------------

    def stored(self, dated: Dated) -> tuple[StoredMeeting, dict[LegId, Inside]]:
        """Everything that `again` needs, legs in join order."""
        room = self._room
        meeting = StoredMeeting(
            id=self.id,
            space=self._space,
            name=self._name,
            tenant=self._tenant,
            locked=room.locked,
            kept_when_empty=self._kept,
            host_present=room.host_present,
            absent_since=dated(room.absent_since),
            started=dated(self._started_at) if self._started_at is not None else None,
            unencrypted=self._unencrypted,
            legs_most=self._legs_most,
            legs_completed=self._legs_completed,
            chat=self._chat,
            kind=self._kind,
            free_mute=self._free_mute,
            newcomers_muted=self._newcomers_muted,
        )
        return meeting, {leg.join.leg: inside_of(leg, dated) for leg in self._legs.values()}

    @classmethod
    def again(
        cls,
        stored: StoredMeeting,
        legs: Iterable[MeetingLeg],
        call_layers: Iterable[CallLayer],
        now: float,
        timed: Timed,
        *,
        brand: str = "",
        tells_alone: bool = False,
    ) -> Meeting:
        """The same meeting, legs in join order. Nothing is recorded or rung by it; its next input makes a plan."""
        meeting = cls(
            stored.id,
            stored.space,
            stored.name,
            stored.tenant,
            call_layers,
            now,
            stored.kind,
            brand,
            tells_alone,
        )
        meeting._room = replace(
            meeting._room,
            locked=stored.locked,
            host_present=stored.host_present,
            absent_since=timed(stored.absent_since),
        )
        meeting._legs = {leg.join.leg: leg for leg in legs}
        meeting._started_at = timed(stored.started) if stored.started is not None else None
        meeting._kept, meeting._unencrypted = stored.kept_when_empty, stored.unencrypted
        meeting._legs_most, meeting._legs_completed = stored.legs_most, stored.legs_completed
        meeting._chat = stored.chat
        meeting._free_mute, meeting._newcomers_muted = stored.free_mute, stored.newcomers_muted
        meeting._chimes.after(meeting._legs.values(), brand, now)  # nobody has come
        return meeting

    # --- the entrance and the exit --------------------------------------------------------------------------

    def handle(self, given: MeetingInput, now: float) -> list[MeetingEffect]:
        """Take one input. Nothing but this changes the meeting."""
        if self._finished:
            if isinstance(given, Join):
                return [TellLeg(given.leg, given.generation, JoinRefused(Reason.MEETING_ENDED))]
            return []
        self._room = replace(self._room, now=now)
        self._pass_time()
        self._inputs[type(given)](given)
        self._pass_time()
        # A meeting that never began ends only by an input that could have filled or kept it.
        over = not self._legs and not self._kept
        if over and (self._started_at is not None or isinstance(given, Join | SetKeptWhenEmpty | End)):
            self._finish()
        heard = self._chimes.after(self._legs.values(), self._brand, now)
        effects = [*self._records, *self._plan(), *heard, *self._news]
        if self._finished:
            effects.append(Finished(self.id, self._ordered))
        self._records, self._news = [], []
        return effects

    def next_deadline(self) -> float | None:
        """When a Tick will have something to do; None: not by time alone."""
        if self._finished:
            return None
        times = [leg.too_long_at for leg in self._legs.values()]
        times.append(next_act((leg.standing for leg in self._legs.values()), self._room))
        return min((time for time in times if time is not None), default=None)

    def view(self, now: float) -> MeetingView:
        """The meeting as it stands."""
        return MeetingView(
            meeting=self.id,
            space=self._space,
            name=self._name,
            tenant=self._tenant,
            locked=self._room.locked,
            kept_when_empty=self._kept,
            seconds=now - self._started_at if self._started_at is not None else 0.0,
            legs_most=self._legs_most,
            legs_completed=self._legs_completed,
            call=self._call,
            legs=tuple(leg.view(now, self._free_mute) for leg in self._legs.values()),
            chat=self._chat,
            kind=self._kind,
            free_mute=self._free_mute,
            newcomers_muted=self._newcomers_muted,
        )

    # --- coming and going -----------------------------------------------------------------------------------

    def _join(self, join: Join) -> None:
        present = self._legs.get(join.leg)
        newest = max(present.join.generation if present else -1, self._gone.get(join.leg, -1))
        if join.generation <= newest:
            return
        if present is not None:
            self._remove(present)  # its connection was replaced; the old one's Left will find nothing
            self._pass_time()  # perhaps it was the last host
        if self._full(join):
            self._tell(join, JoinRefused(Reason.PARTICIPANT_LIMIT))
            return
        self._start()
        leg = MeetingLeg.of(join, self._room.now)
        if self._newcomers_muted is not None and join.stay is None:
            leg.begin_muted(self._newcomers_muted)
        standing = happen(Trigger.RETURNS if join.stay else Trigger.JOINS, leg.standing, self._room)
        if join.admitted and standing is not None:
            standing = happen(Trigger.ADMITTED, standing, self._room)
        assert standing is not None  # no row of JOINS, RETURNS or ADMITTED leads out
        leg.stand(standing, self._room.now)
        self._legs[join.leg] = leg
        self._legs_most = max(self._legs_most, len(self._legs))
        if standing.causes:
            self._record(LegDeactivated(self.id, join.leg))
        self._record(
            ParticipantJoined(
                self.id,
                join.participant,
                join.leg,
                self._space,
                self._name,
                join.uri,
                deactivated=bool(standing.causes),
                encrypted_media=join.encrypted_media,
            )
        )
        if not join.encrypted_media and not self._unencrypted:
            self._unencrypted = True
            self._record(UnencryptedMediaPresent(self.id, self._name))
        self._tell_standing(leg)

    def _full(self, join: Join) -> bool:
        """A further leg of somebody who is in takes no further place; who waits takes one (cms-api 3.7). Who returns
        has a place."""
        limit = self._call.settings.participant_limit
        if limit is None or join.stay is not None:
            return False
        return len({leg.join.participant for leg in self._legs.values()} - {join.participant}) >= limit

    def _left(self, left: Left) -> None:
        leg = self._legs.get(left.leg)
        if leg is not None and leg.join.generation == left.generation:
            self._remove(leg)
        elif leg is None or leg.join.generation < left.generation:
            self._remember_gone(left.leg, left.generation)

    def _remove(self, leg: MeetingLeg) -> None:
        join = leg.join
        del self._legs[join.leg]
        self._legs_completed += 1
        self._remember_gone(join.leg, join.generation)
        self._record(ParticipantLeft(self.id, join.participant, join.leg, self._space, self._name, join.uri))

    def _remember_gone(self, leg: LegId, generation: int) -> None:
        self._gone[leg] = max(generation, self._gone.get(leg, -1))
        self._gone.move_to_end(leg)
        while len(self._gone) > _GONE_MOST:
            self._gone.popitem(last=False)

    def _drop(self, legs: Iterable[MeetingLeg], ending: Ending) -> None:
        for leg in list(legs):
            self._remove(leg)
            self._tell(leg.join, Dropped(ending))

    def _drop_leg(self, drop: DropLeg) -> None:
        if drop.leg in self._legs:
            self._drop([self._legs[drop.leg]], drop.ending)

    def _drop_participant(self, drop: DropParticipant) -> None:
        self._drop(self._legs_of(drop.participant), drop.ending)

    # --- a person's decisions -------------------------------------------------------------------------------

    def _admit(self, admit: AdmitParticipant) -> None:
        self._happen(Trigger.ADMITTED, self._legs_of(admit.participant))

    def _send_back(self, send: SendBack) -> None:
        self._happen(Trigger.SENT_BACK, self._legs_of(send.participant))

    def _mute_self(self, wish: MuteSelf) -> None:
        """All its legs or none: what a person wants to say is heard by none of them."""
        legs = self._legs_of(wish.participant)
        muted = wish.muted
        if muted is None:
            muted = not all(leg.effective.settings.rx_audio_mute for leg in legs)
        granted = self._free_mute or all(leg.effective.settings.may_mute_self(muted) for leg in legs)
        for leg in legs:
            if granted:
                leg.mute_itself(muted)
            self._tell(leg.join, SelfMuted(muted, granted))
        self._resolve(legs)

    def _do_by_keys(self, wish: DoByKeys) -> None:
        leg, command = self._legs.get(wish.leg), wish.command
        if leg is None:
            return
        who = leg.join.participant
        if command in ONESELF:
            self._mute_self(MuteSelf(who, ONESELF[command]))
            return
        granted = may(command, leg.effective.settings, waits=bool(leg.standing.causes))
        for given in meant(command, who) if granted else ():
            self._inputs[type(given)](given)
        if wish.leg in self._legs:
            self._tell(leg.join, KeysDone(command, granted))

    def _set_free_mute(self, change: SetFreeMute) -> None:
        self._free_mute = change.free

    def _set_newcomers_muted(self, change: SetNewcomersMuted) -> None:
        self._newcomers_muted = change.muted

    def _set_hands(self, change: SetHands) -> None:
        for leg in self._legs.values():
            if leg.join.participant in change.participants:
                leg.hand_raised = change.raised

    def _rename(self, change: Rename) -> None:
        for leg in self._legs_of(change.participant):
            leg.name = change.name

    def _set_role(self, change: SetRole) -> None:
        legs = self._legs_of(change.participant)
        for leg in legs:
            leg.role, leg.cohost = change.role, False
            leg.set_values(change.settings, change.unset)
        self._resolve(legs)

    def _set_cohost(self, change: SetCohost) -> None:
        legs = self._legs_of(change.participant)
        for leg in legs:
            leg.cohost = change.cohost
            leg.set_values(change.settings, change.unset)
        self._resolve(legs)

    def _say(self, said: Say) -> None:
        """Those who wait are not heard, in this way either."""
        speaking = next((leg for leg in self._legs_of(said.participant) if not leg.standing.causes), None)
        if speaking is not None:
            name = speaking.name or speaking.join.name
            self._chat = added(self._chat, said.participant, name, said.text, said.at)

    def _legs_of(self, participant: ParticipantId) -> list[MeetingLeg]:
        return [leg for leg in self._legs.values() if leg.join.participant == participant]

    def _set_locked(self, change: SetLocked) -> None:
        if change.locked != self._room.locked:
            self._room = replace(self._room, locked=change.locked)
            self._happen(Trigger.LOCKED if change.locked else Trigger.UNLOCKED, self._legs.values())

    def _set_kept(self, change: SetKeptWhenEmpty) -> None:
        self._kept = change.kept
        if change.kept:
            self._start()

    def _end(self, end: End) -> None:
        self._kept, self._ordered = False, True
        self._drop(self._legs.values(), end.ending)

    # --- settings -------------------------------------------------------------------------------------------

    def _override_leg(self, change: OverrideLeg) -> None:
        if (leg := self._legs.get(change.leg)) is not None:
            leg.override(change)
            self._resolve([leg])

    def _override_legs(self, change: OverrideLegs) -> None:
        """All at once, so that roles can be exchanged without a moment in which nobody is host."""
        chosen = list(self._legs.values())
        if (named := change.participants) is not None:
            chosen = [leg for leg in chosen if (leg.join.participant in named) != change.exclude]
        for leg in chosen:
            leg.set_values(change.settings)
        self._resolve(chosen)

    def _layers_changed(self, change: LegLayersChanged) -> None:
        if (leg := self._legs.get(change.leg)) is not None:
            leg.layers = change.layers
            self._resolve([leg])

    def _space_changed(self, change: SpaceChanged) -> None:
        """`locked` is only the value to start with; a smaller limit sends nobody away (cms-api 2.6, 3.7)."""
        self._name, self._brand = change.name, change.brand
        self._call = resolve_call(change.call_layers)
        self._room = replace(self._room, lock_mode=self._call.settings.lock_mode or LockMode.ALL)

    def _resolve(self, legs: Iterable[MeetingLeg]) -> None:
        chosen = list(legs)
        for leg in chosen:
            leg.resolve()
        self._happen(Trigger.RESOLVED, chosen)

    # --- the rules ------------------------------------------------------------------------------------------

    def _happen(self, trigger: Trigger, legs: Iterable[MeetingLeg]) -> None:
        for leg in legs:
            after = happen(trigger, leg.standing, self._room)
            if after is not None:
                self._stand(leg, after)

    def _pass_time(self) -> None:
        """Drop whoever has been here too long, then run the joint-state rules to their fixed point."""
        now = self._room.now
        over = [leg for leg in self._legs.values() if leg.too_long_at is not None and now >= leg.too_long_at]
        self._drop(over, Ending(Side.LOCAL, Reason.TOO_LONG))
        settled = settle({key: leg.standing for key, leg in self._legs.items()}, self._room)
        self._room = settled.room
        for key, leg in list(self._legs.items()):
            if key in settled.legs:
                self._stand(leg, settled.legs[key])
            else:
                self._drop([leg], Ending(Side.LOCAL, Reason.DEACTIVATED))

    def _stand(self, leg: MeetingLeg, standing: Standing) -> None:
        causes = leg.standing.causes
        if leg.stand(standing, self._room.now):
            waits = standing.state is State.WAITING
            kind = LegDeactivated if waits else LegActivated
            self._record(kind(self.id, leg.join.leg))
        if standing.causes != causes:
            self._tell_standing(leg)

    # --- beginning, end and what goes out -------------------------------------------------------------------

    def _start(self) -> None:
        if self._started_at is None:
            self._started_at = self._room.now
            self._record(MeetingStarted(self.id, self._space, self._name, self._tenant, self._kind))

    def _finish(self) -> None:
        self._finished = True
        if self._started_at is not None:
            duration = self._room.now - self._started_at
            self._record(MeetingEnded(self.id, self._legs_completed, self._legs_most, duration))

    def _plan(self) -> list[MeetingEffect]:
        """The whole plan, when it differs from the last one."""
        legs = tuple(leg.media(self._brand) for leg in self._legs.values())
        if legs == self._planned:
            return []
        self._planned = legs
        self._plan_number += 1
        return [ApplyPlan(MediaPlan(self.id, self._plan_number, legs, self._space))]

    def _record(self, event: Event) -> None:
        self._records.append(Record(event))

    def _tell(self, join: Join, news: LegNews) -> None:
        self._news.append(TellLeg(join.leg, join.generation, news))

    def _tell_standing(self, leg: MeetingLeg) -> None:
        causes = leg.standing.causes
        self._tell(leg.join, Waiting(causes) if causes else Admitted())
