"""A live meeting: what follows from every input.

Theory of operation
-------------------
`handle` is the only way in. It first lets happen what time alone had made due (so a late tick changes no outcome), then
does what the input asks, then runs the joint-state rules of `transitions` to a fixed point, and at last compares the
media plan with the one sent before. It answers with effects in the order in which they are to be performed: records,
the plan, what is heard over it, news to legs, and `Finished` as the very last.

How legs come, stand and leave, and what is recorded of it, is in `attendance`; here is what people and administrators
decide about those who are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from .attendance import Attendance
from .chat import ChatLine, added
from .chimes import Chimes
from .endings import Reason
from .events import SPACE_MEETING
from .ids import LegId, MeetingId, SpaceId, TenantId
from .key_commands import ONESELF, may
from .mediaplan import LegMedia, MediaPlan
from .meeting_inputs import (
    AdmitParticipant,
    ApplyPlan,
    DoByKeys,
    DropLeg,
    DropParticipant,
    End,
    Finished,
    Join,
    JoinRefused,
    KeysDone,
    Left,
    LegLayersChanged,
    MeetingEffect,
    MeetingInput,
    MeetingView,
    MuteSelf,
    OverrideLeg,
    OverrideLegs,
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
)
from .meeting_keys import meant
from .meeting_legs import MeetingLeg
from .profiles import CallLayer, resolve_call
from .survival import Dated, Inside, StoredMeeting, Timed, inside_of
from .transitions import Trigger, next_act


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
        says_farewell: bool = False,
    ) -> None:
        """brand: whose prompts are heard in it. tells_alone: see Chimes. says_farewell: phones that it sends out are
        told so before they are hung up."""
        self.id = id
        self._there = Attendance(id, space, name, tenant, kind, resolve_call(call_layers), brand, now, says_farewell)
        self._finished = False
        self._ordered = False  # somebody has ended it
        self._kept = False
        self._free_mute = False
        self._chat: tuple[ChatLine, ...] = ()
        self._chimes = Chimes(id, tells_alone)
        self._planned: tuple[LegMedia, ...] = ()
        self._plan_number = 0
        self._inputs: dict[type, Callable[[Any], None]] = {
            Join: self._there.join,
            Left: self._there.left,
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
            SpaceChanged: self._there.space_changed,
            Tick: lambda _tick: None,
        }

    # --- from one life of the server to the next ------------------------------------------------------------

    def stored(self, dated: Dated) -> tuple[StoredMeeting, dict[LegId, Inside]]:
        """Everything that `again` needs, legs in join order."""
        there = self._there
        meeting = StoredMeeting(
            id=self.id,
            space=there.space,
            name=there.name,
            tenant=there.tenant,
            locked=there.room.locked,
            kept_when_empty=self._kept,
            host_present=there.room.host_present,
            absent_since=dated(there.room.absent_since),
            started=dated(there.started_at) if there.started_at is not None else None,
            unencrypted=there.unencrypted,
            legs_most=there.legs_most,
            legs_completed=there.legs_completed,
            chat=self._chat,
            kind=there.kind,
            free_mute=self._free_mute,
            newcomers_muted=there.newcomers_muted,
        )
        return meeting, {leg.join.leg: inside_of(leg, dated) for leg in there.legs.values()}

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
        says_farewell: bool = False,
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
            says_farewell,
        )
        there = meeting._there
        there.room = replace(
            there.room,
            locked=stored.locked,
            host_present=stored.host_present,
            absent_since=timed(stored.absent_since),
        )
        there.legs = {leg.join.leg: leg for leg in legs}
        there.started_at = timed(stored.started) if stored.started is not None else None
        there.unencrypted, there.newcomers_muted = stored.unencrypted, stored.newcomers_muted
        there.legs_most, there.legs_completed = stored.legs_most, stored.legs_completed
        meeting._kept, meeting._free_mute, meeting._chat = stored.kept_when_empty, stored.free_mute, stored.chat
        meeting._chimes.after(there.legs.values(), brand, now)  # nobody has come
        return meeting

    # --- the entrance and the exit --------------------------------------------------------------------------

    def handle(self, given: MeetingInput, now: float) -> list[MeetingEffect]:
        """Take one input. Nothing but this changes the meeting."""
        if self._finished:
            if isinstance(given, Join):
                return [TellLeg(given.leg, given.generation, JoinRefused(Reason.MEETING_ENDED))]
            return []
        self._there.pass_time(now)
        self._inputs[type(given)](given)
        self._there.pass_time(now)
        # A meeting that never began ends only by an input that could have filled or kept it.
        over = not self._there.legs and not self._kept
        if over and (self._there.started_at is not None or isinstance(given, Join | SetKeptWhenEmpty | End)):
            self._finished = True
            self._there.finish()
        heard = self._chimes.after(self._there.legs.values(), self._there.brand, now)
        records, news = self._there.take_out()
        effects = [*records, *self._plan(), *heard, *news]
        if self._finished:
            effects.append(Finished(self.id, self._ordered))
        return effects

    def next_deadline(self) -> float | None:
        """When a Tick will have something to do; None: not by time alone."""
        if self._finished:
            return None
        legs = self._there.legs.values()
        times = [*(leg.too_long_at for leg in legs), next_act((leg.standing for leg in legs), self._there.room)]
        return min((time for time in times if time is not None), default=None)

    def view(self, now: float) -> MeetingView:
        """The meeting as it stands."""
        there = self._there
        return MeetingView(
            meeting=self.id,
            space=there.space,
            name=there.name,
            tenant=there.tenant,
            locked=there.room.locked,
            kept_when_empty=self._kept,
            seconds=now - there.started_at if there.started_at is not None else 0.0,
            legs_most=there.legs_most,
            legs_completed=there.legs_completed,
            call=there.call,
            legs=tuple(leg.view(now, self._free_mute) for leg in there.legs.values()),
            chat=self._chat,
            kind=there.kind,
            free_mute=self._free_mute,
            newcomers_muted=there.newcomers_muted,
        )

    # --- a person's decisions -------------------------------------------------------------------------------

    def _drop_leg(self, drop: DropLeg) -> None:
        if drop.leg in self._there.legs:
            self._there.drop([self._there.legs[drop.leg]], drop.ending)

    def _drop_participant(self, drop: DropParticipant) -> None:
        self._there.drop(self._there.legs_of(drop.participant), drop.ending)

    def _admit(self, admit: AdmitParticipant) -> None:
        self._there.happen(Trigger.ADMITTED, self._there.legs_of(admit.participant))

    def _send_back(self, send: SendBack) -> None:
        self._there.happen(Trigger.SENT_BACK, self._there.legs_of(send.participant))

    def _mute_self(self, wish: MuteSelf) -> None:
        """All its legs or none: what a person wants to say is heard by none of them."""
        legs = self._there.legs_of(wish.participant)
        muted = wish.muted
        if muted is None:
            muted = not all(leg.effective.settings.rx_audio_mute for leg in legs)
        granted = self._free_mute or all(leg.effective.settings.may_mute_self(muted) for leg in legs)
        for leg in legs:
            if granted:
                leg.mute_itself(muted)
            self._there.tell(leg.join, SelfMuted(muted, granted))
        self._there.resolve(legs)

    def _do_by_keys(self, wish: DoByKeys) -> None:
        leg, command = self._there.legs.get(wish.leg), wish.command
        if leg is None:
            return
        who = leg.join.participant
        if command in ONESELF:
            self._mute_self(MuteSelf(who, ONESELF[command]))
            return
        granted = may(command, leg.effective.settings, waits=bool(leg.standing.causes))
        for given in meant(command, who) if granted else ():
            self._inputs[type(given)](given)
        if wish.leg in self._there.legs:
            self._there.tell(leg.join, KeysDone(command, granted))

    def _set_free_mute(self, change: SetFreeMute) -> None:
        self._free_mute = change.free

    def _set_newcomers_muted(self, change: SetNewcomersMuted) -> None:
        self._there.newcomers_muted = change.muted

    def _set_hands(self, change: SetHands) -> None:
        for leg in self._there.legs.values():
            if leg.join.participant in change.participants:
                leg.hand_raised = change.raised

    def _rename(self, change: Rename) -> None:
        for leg in self._there.legs_of(change.participant):
            leg.name = change.name

    def _set_role(self, change: SetRole) -> None:
        legs = self._there.legs_of(change.participant)
        for leg in legs:
            leg.role, leg.cohost = change.role, False
            leg.set_values(change.settings, change.unset)
        self._there.resolve(legs)

    def _set_cohost(self, change: SetCohost) -> None:
        legs = self._there.legs_of(change.participant)
        for leg in legs:
            leg.cohost = change.cohost
            leg.set_values(change.settings, change.unset)
        self._there.resolve(legs)

    def _say(self, said: Say) -> None:
        """Those who wait are not heard, in this way either."""
        speaking = next((leg for leg in self._there.legs_of(said.participant) if not leg.standing.causes), None)
        if speaking is not None:
            name = speaking.name or speaking.join.name
            self._chat = added(self._chat, said.participant, name, said.text, said.at)

    def _set_locked(self, change: SetLocked) -> None:
        self._there.lock(change.locked)

    def _set_kept(self, change: SetKeptWhenEmpty) -> None:
        self._kept = change.kept
        if change.kept:
            self._there.start()

    def _end(self, end: End) -> None:
        self._kept, self._ordered = False, True
        self._there.drop(self._there.legs.values(), end.ending)

    # --- settings -------------------------------------------------------------------------------------------

    def _override_leg(self, change: OverrideLeg) -> None:
        if (leg := self._there.legs.get(change.leg)) is not None:
            leg.override(change)
            self._there.resolve([leg])

    def _override_legs(self, change: OverrideLegs) -> None:
        """All at once, so that roles can be exchanged without a moment in which nobody is host."""
        chosen = list(self._there.legs.values())
        if (named := change.participants) is not None:
            chosen = [leg for leg in chosen if (leg.join.participant in named) != change.exclude]
        for leg in chosen:
            leg.set_values(change.settings)
        self._there.resolve(chosen)

    def _layers_changed(self, change: LegLayersChanged) -> None:
        if (leg := self._there.legs.get(change.leg)) is not None:
            leg.layers = change.layers
            self._there.resolve([leg])

    # --- what goes out --------------------------------------------------------------------------------------

    def _plan(self) -> list[MeetingEffect]:
        """The whole plan, when it differs from the last one."""
        legs = tuple(leg.media(self._there.brand) for leg in self._there.legs.values())
        if legs == self._planned:
            return []
        self._planned = legs
        self._plan_number += 1
        return [ApplyPlan(MediaPlan(self.id, self._plan_number, legs, self._there.space))]
