"""Who is in a meeting, who waits and who has gone: how legs come, stand and leave, and what that leaves behind.

Whatever changes is noted as records and as news to legs, in the order in which it happened; the meeting takes them out
and sends them. The order of records is that of the event log (cms-api 5): a newcomer who waits is *deactivated*, then
has *joined*; a host has *joined*, then each waiting leg is *activated* in the order of joining; who leaves has *left*,
then the others are *deactivated* in that order.

A leg that is dropped is out at once; its own Left, which comes later, finds nothing. A Left may overtake its Join: the
generation is remembered for a while, so that such a Join leaves nothing behind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from .endings import Ending, Reason, Side
from .events import (
    FORWARDING_MEETING,
    Event,
    LegActivated,
    LegDeactivated,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    UnencryptedMediaPresent,
)
from .farewells import FAREWELLS_MOST, farewell
from .ids import LegId, MeetingId, ParticipantId, SpaceId, TenantId
from .meeting_inputs import (
    Admitted,
    Dropped,
    Join,
    JoinRefused,
    Left,
    LegNews,
    MeetingEffect,
    Record,
    SpaceChanged,
    TellLeg,
    Waiting,
)
from .meeting_legs import MeetingLeg
from .profiles import TERMINALS, EffectiveCall, LockMode, resolve_call
from .transitions import Room, Standing, State, Trigger, happen, settle

# How many legs that are gone are remembered: a Left overtakes its Join by moments, not by a thousand legs.
_GONE_MOST = 1024


class Attendance:
    """Of one meeting, which alone changes it. Times are monotonic seconds."""

    def __init__(
        self,
        meeting: MeetingId,
        space: SpaceId,
        name: str,
        tenant: TenantId | None,
        kind: str,
        call: EffectiveCall,
        brand: str,
        now: float,
        says_farewell: bool,
    ) -> None:
        """says_farewell: phones that are sent out are told so before they are hung up."""
        self.meeting = meeting
        self.space = space
        self.name = name
        self.tenant = tenant
        self.kind = kind
        self.call = call
        self.brand = brand
        self.room = Room(
            locked=bool(call.settings.locked),
            lock_mode=call.settings.lock_mode or LockMode.ALL,
            now=now,
            absent_since=now,
        )
        self.legs: dict[LegId, MeetingLeg] = {}  # in join order
        self.started_at: float | None = None
        self.newcomers_muted: bool | None = None
        self.unencrypted = False
        self.legs_most = 0
        self.legs_completed = 0
        self._gone: OrderedDict[LegId, int] = OrderedDict()  # leg -> newest generation that has left
        # Of two of whom one was put through to the other, the other one would only wait for it.
        self._says_farewell = says_farewell and kind != FORWARDING_MEETING
        self._records: list[MeetingEffect] = []
        self._news: list[MeetingEffect] = []

    def take_out(self) -> tuple[list[MeetingEffect], list[MeetingEffect]]:
        """Records and news since the last time."""
        noted = self._records, self._news
        self._records, self._news = [], []
        return noted

    # --- coming and going -----------------------------------------------------------------------------------

    def join(self, join: Join) -> None:
        """He comes, waits or is refused; a newer generation of a leg takes the older one's place."""
        present = self.legs.get(join.leg)
        newest = max(present.join.generation if present else -1, self._gone.get(join.leg, -1))
        if join.generation <= newest:
            return
        if present is not None:
            self._remove(present)  # its connection was replaced; the old one's Left will find nothing
            self.pass_time(self.room.now)  # perhaps it was the last host
        if self._full(join):
            self.tell(join, JoinRefused(Reason.PARTICIPANT_LIMIT))
            return
        self.start()
        leg = MeetingLeg.of(join, self.room.now)
        if self.newcomers_muted is not None and join.stay is None:
            leg.begin_muted(self.newcomers_muted)
        standing = happen(Trigger.RETURNS if join.stay else Trigger.JOINS, leg.standing, self.room)
        if join.admitted and standing is not None:
            standing = happen(Trigger.ADMITTED, standing, self.room)
        assert standing is not None  # no row of JOINS, RETURNS or ADMITTED leads out
        leg.stand(standing, self.room.now)
        self.legs[join.leg] = leg
        self.legs_most = max(self.legs_most, len(self.legs))
        if standing.causes:
            self._record(LegDeactivated(self.meeting, join.leg))
        self._record(
            ParticipantJoined(
                self.meeting,
                join.participant,
                join.leg,
                self.space,
                self.name,
                join.uri,
                deactivated=bool(standing.causes),
                encrypted_media=join.encrypted_media,
            )
        )
        if not join.encrypted_media and not self.unencrypted:
            self.unencrypted = True
            self._record(UnencryptedMediaPresent(self.meeting, self.name))
        self._tell_standing(leg)

    def _full(self, join: Join) -> bool:
        """A further leg of somebody who is in takes no further place; who waits takes one (cms-api 3.7). Who returns
        has a place."""
        limit = self.call.settings.participant_limit
        if limit is None or join.stay is not None:
            return False
        return len({leg.join.participant for leg in self.legs.values()} - {join.participant}) >= limit

    def left(self, left: Left) -> None:
        """He has gone, perhaps before he came."""
        leg = self.legs.get(left.leg)
        if leg is not None and leg.join.generation == left.generation:
            self._remove(leg)
        elif leg is None or leg.join.generation < left.generation:
            self._remember_gone(left.leg, left.generation)

    def _remove(self, leg: MeetingLeg) -> None:
        join = leg.join
        del self.legs[join.leg]
        self.legs_completed += 1
        self._remember_gone(join.leg, join.generation)
        self._record(ParticipantLeft(self.meeting, join.participant, join.leg, self.space, self.name, join.uri))

    def _remember_gone(self, leg: LegId, generation: int) -> None:
        self._gone[leg] = max(generation, self._gone.get(leg, -1))
        self._gone.move_to_end(leg)
        while len(self._gone) > _GONE_MOST:
            self._gone.popitem(last=False)

    def drop(self, legs: Iterable[MeetingLeg], ending: Ending, among: int = 1) -> None:
        """among: so many are dropped for the same cause, if not all at once."""
        dropped = list(legs)
        says = self._says_farewell and max(among, len(dropped)) <= FAREWELLS_MOST
        for leg in dropped:
            self._remove(leg)
            heard = says and leg.join.kind in TERMINALS  # a page shows it
            self.tell(leg.join, Dropped(ending, farewell(ending, leg.join.language, self.brand) if heard else None))

    # --- how they stand -------------------------------------------------------------------------------------

    def happen(self, trigger: Trigger, legs: Iterable[MeetingLeg]) -> None:
        """By the table of `transitions`, to each of these legs."""
        for leg in legs:
            after = happen(trigger, leg.standing, self.room)
            if after is not None:
                self._stand(leg, after)

    def pass_time(self, now: float) -> None:
        """Drop whoever has been here too long, then run the joint-state rules to their fixed point."""
        self.room = replace(self.room, now=now)
        over = [leg for leg in self.legs.values() if leg.too_long_at is not None and now >= leg.too_long_at]
        self.drop(over, Ending(Side.LOCAL, Reason.TOO_LONG))
        settled = settle({key: leg.standing for key, leg in self.legs.items()}, self.room)
        self.room = settled.room
        among = len(self.legs) - len(settled.legs)
        for key, leg in list(self.legs.items()):
            if key in settled.legs:
                self._stand(leg, settled.legs[key])
            else:
                self.drop([leg], Ending(Side.LOCAL, Reason.DEACTIVATED), among)

    def _stand(self, leg: MeetingLeg, standing: Standing) -> None:
        causes = leg.standing.causes
        if leg.stand(standing, self.room.now):
            waits = standing.state is State.WAITING
            kind = LegDeactivated if waits else LegActivated
            self._record(kind(self.meeting, leg.join.leg))
        if standing.causes != causes:
            self._tell_standing(leg)

    def lock(self, locked: bool) -> None:
        """Newcomers wait from now on, or nobody waits for the lock any more."""
        if locked != self.room.locked:
            self.room = replace(self.room, locked=locked)
            self.happen(Trigger.LOCKED if locked else Trigger.UNLOCKED, self.legs.values())

    def space_changed(self, change: SpaceChanged) -> None:
        """`locked` is only the value to start with; a smaller limit sends nobody away (cms-api 2.6, 3.7)."""
        self.name, self.brand = change.name, change.brand
        self.call = resolve_call(change.call_layers)
        self.room = replace(self.room, lock_mode=self.call.settings.lock_mode or LockMode.ALL)

    def resolve(self, legs: Iterable[MeetingLeg]) -> None:
        """The settings of these legs have changed."""
        chosen = list(legs)
        for leg in chosen:
            leg.resolve()
        self.happen(Trigger.RESOLVED, chosen)

    def legs_of(self, participant: ParticipantId) -> list[MeetingLeg]:
        return [leg for leg in self.legs.values() if leg.join.participant == participant]

    # --- what is noted --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Once: from the first who is in, or when the meeting is to be kept."""
        if self.started_at is None:
            self.started_at = self.room.now
            self._record(MeetingStarted(self.meeting, self.space, self.name, self.tenant, self.kind))

    def finish(self) -> None:
        """Nobody is there any more. A meeting that never began leaves no record."""
        if self.started_at is not None:
            duration = self.room.now - self.started_at
            self._record(MeetingEnded(self.meeting, self.legs_completed, self.legs_most, duration))

    def _record(self, event: Event) -> None:
        self._records.append(Record(event))

    def tell(self, join: Join, news: LegNews) -> None:
        """News to the leg that joined so."""
        self._news.append(TellLeg(join.leg, join.generation, news))

    def _tell_standing(self, leg: MeetingLeg) -> None:
        causes = leg.standing.causes
        self.tell(leg.join, Waiting(causes) if causes else Admitted())
