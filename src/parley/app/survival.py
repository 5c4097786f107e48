"""Survival: live legs and meetings are stored as they change, and taken up by the server that is started next.

Theory of operation
-------------------
*Writing.* A row is written for each answered leg, each call of ours that rings, and each meeting: within SOON when a
leg rings, is answered, joins or is gone, within WRITE_EVERY when anything else has changed, and before an API is
answered that has changed it. All that has changed goes into one transaction, and only rows that differ are written.

*Taking up.* Media workers outlive the server, and the phones are left where they are. What a start finds in the rows
is made again as it stood, without a word to anybody and without a record; each meeting then makes its plan anew. A leg
goes on when it is in a meeting, or at the entrance to one that is there, its media are in a worker and its door can be
opened again; of two of whom one was put through to the other, both do or neither. Any other one is ended in the
ordinary way once the doors are open: its phone gets a BYE, the journal its end. Then, too, callers at the entrance are
asked once more, and whoever rings is rung no longer. A browser's leg keeps its place, and its sound, until its browser
is back with a leg of its own, or for the grace that browsers have.

What was begun in the journal and has no row (a phone that rang) is ended there too, so that each record is whole; and
what has ended there, in the moment between the journal's line and the row's deletion, is not ended twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from ..core.admission import Candidates
from ..core.dialplan import Echo, Ivr
from ..core.endings import Ending, Reason, Side
from ..core.events import AD_HOC_MEETING, FORWARDING_MEETING
from ..core.ids import LegId, MeetingId, ParticipantId, TenantId
from ..core.leg_inputs import Drop, Resume
from ..core.meeting import Meeting
from ..core.meeting_inputs import Left, Tick
from ..core.spaces import Space
from ..core.survival import Inside, StoredLeg, StoredMeeting, leg_again
from .directory import Directory
from .history import BROKEN_OFF, History
from .joining import SpaceFacts
from .legs import GENERATION, LegServices, LiveLegRunner, Lobby
from .live import OUTGOING
from .meetings import MeetingRunner
from .ports import LiveRepository, Query, Store, SurvivingDoor, SurvivingDoors, Timer
from .surviving_bridges import SurvivingBridge
from .surviving_legs import NoDoor, for_nobody, place_of, surviving

log = structlog.get_logger(__name__)

SEEN_EVERY = 60.0  # seconds: to so much is known when the machine failed
SOON = 0.05  # seconds: a burst of calls shares its commits
WRITE_EVERY = 1.0  # seconds
ANSWER_WITHIN = 2.0  # seconds that an API's answer waits for what it changed to be stored
REST = 4  # times as long as the last write took: no more than a fifth of the time is spent on writing
RECENT = 5000  # events: rows are behind the journal by moments, a day's quiet is no more than this
CLOCK_SET = 1.0  # seconds by which the wall clock may wander before times are dated anew
BROWSER = "browser"

MEDIA_LOST = Ending(Side.LOCAL, Reason.MEDIA_FAILED)
NOT_BACK = Ending(Side.REMOTE, Reason.TRANSPORT_FAILED)

AskedAt = Candidates | Ivr | Echo

K = TypeVar("K", bound=str)
V = TypeVar("V")

Counted = Callable[[TenantId | None], Callable[[], None]]


class Survival:
    """doors: by kind of leg. grace: seconds for which a browser's leg keeps its place. counted: a call of ours counts
    among its tenant's; what it returns is called at its end."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        services: LegServices,
        doors: Mapping[str, SurvivingDoors],
        grace: float,
        counted: Counted,
    ) -> None:
        self._store = store
        self._directory = directory
        self._services = services
        self._clock = services.clock
        self._doors = doors
        self._grace = grace
        self._counted = counted
        self._epoch = services.clock.utc() - timedelta(seconds=services.clock.now())
        self._lag = 0.0  # seconds since the life before ended, where its calls ended with it
        self._seen = services.clock.utc()
        self._heartbeat: Timer | None = None
        self._legs: dict[LegId, StoredLeg] = {}  # as they are in the store
        self._meetings: dict[MeetingId, StoredMeeting] = {}
        self._changed_legs: set[LegId] = set()
        self._changed_meetings: set[MeetingId] = set()
        self._moved: set[LegId] = set()  # whose doors have something else to write
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._not_before = 0.0
        self._one_writer = asyncio.Lock()
        self._writing: set[asyncio.Future[None]] = set()
        self._unsure = False  # whether what was tried last is in the store
        self._doomed: list[tuple[LiveLegRunner, Ending]] = []
        self._rang: list[StoredLeg] = []
        self._resuming: list[tuple[LiveLegRunner, Resume]] = []
        self._awaited: dict[ParticipantId, LiveLegRunner] = {}  # whose browsers may come back
        self._bridges: dict[MeetingId, SurvivingBridge] = {}  # calls that were passed on
        directory.watch(self._meeting_changed)
        directory.store_by(self._leg_changed, self._flush_before_answer)

    # --- what changes ---------------------------------------------------------------------------------------------

    def _leg_changed(self, leg: LegId) -> None:
        known, live = self._legs.get(leg), self._directory.standing(leg)
        if known is None and live is None:
            return  # it is not answered
        self._changed_legs.add(leg)
        self._moved.add(leg)
        turned = known is None or known.ringing or live is None
        if known is not None and known.inside is None:
            turned = turned or self._directory.place(leg) is not None
        self._write_within(SOON if turned else WRITE_EVERY)

    def _meeting_changed(self, meeting: MeetingId) -> None:
        self._changed_meetings.add(meeting)
        gone = not self._directory.is_live(meeting)
        self._write_within(SOON if gone or meeting not in self._meetings else WRITE_EVERY)
        if self._awaited and not gone:
            self._relieve(meeting)

    def _write_within(self, seconds: float) -> None:
        when = max(self._clock.now() + seconds, self._not_before)
        if self._timer is not None and self._timer_at <= when:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._clock.call_at(when, lambda: self._services.tasks.spawn(self._write_now()))

    async def _write_now(self) -> None:
        self._timer = None
        await self.flush()

    async def flush(self) -> None:
        """Everything that is to be stored is, if the store can be written to. Whoever gives up waiting for it leaves
        nothing half done."""
        writing = asyncio.ensure_future(self._in_turn())
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        await asyncio.shield(writing)

    async def _flush_before_answer(self) -> None:
        """What has happened has happened: a database that is locked for long does not keep the answer from who asked
        for it. It is written when it can be."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN):
                await self.flush()

    async def _in_turn(self) -> None:
        async with self._one_writer:
            if self._changed_legs or self._changed_meetings:
                began = self._clock.now()
                await self._flush()
                ended = self._clock.now()
                self._not_before = ended + min(REST * (ended - began), WRITE_EVERY)

    # --- writing --------------------------------------------------------------------------------------------------

    async def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        legs, self._changed_legs = self._changed_legs, set()
        meetings, self._changed_meetings = self._changed_meetings, set()
        moved, self._moved = self._moved, set()
        try:
            new_legs, new_meetings = self._look(legs, meetings, moved)
            async with self._store.transaction() as tx:
                await _keep(tx.live_legs, new_legs, None if self._unsure else self._legs)
                await _keep(tx.live_meetings, new_meetings, None if self._unsure else self._meetings)
        except Exception:
            self._changed_legs |= legs
            self._changed_meetings |= meetings
            self._moved |= moved
            self._unsure = True
            self._write_within(WRITE_EVERY)
            log.warning("live legs could not be stored", exc_info=True)
            return
        self._unsure = False
        _note(self._legs, new_legs)
        _note(self._meetings, new_meetings)
        self._mind_heartbeat()

    def _mind_heartbeat(self) -> None:
        if self._meetings and self._heartbeat is None:
            self._heartbeat = self._clock.call_at(self._clock.now() + SEEN_EVERY, self._beat)
        elif not self._meetings and self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None

    def _beat(self) -> None:
        self._heartbeat = None
        self._seen = self._clock.utc()
        self._changed_meetings |= set(self._meetings)
        self._write_within(WRITE_EVERY)

    def _look(
        self, legs: set[LegId], meetings: set[MeetingId], moved: set[LegId]
    ) -> tuple[dict[LegId, StoredLeg | None], dict[MeetingId, StoredMeeting | None]]:
        """The rows that differ from what is stored; None: it is to go."""
        self._set_epoch()
        seen = {id: self._directory.stored_meeting(id, self._dated) for id in meetings}
        concerned = legs.union(*(found[1] for found in seen.values() if found is not None))
        concerned -= {row.id for row in self._rang}  # until their phones are told: this start may come to nothing
        new_legs: dict[LegId, StoredLeg | None] = {}
        for id in concerned:
            place = self._directory.place(id)
            if place is not None and place not in seen:
                seen[place] = self._directory.stored_meeting(place, self._dated)
            found = seen.get(place) if place is not None else None
            try:
                row = self._row(id, place, found, id in moved)
            except Exception:  # of its door, say: the rows of all others are to be written
                log.exception("a live leg cannot be stored", leg=id)
                continue
            if row != self._legs.get(id):
                new_legs[id] = row
        new_meetings = {
            id: replace(found[0], seen=self._seen) if found is not None else None for id, found in seen.items()
        }
        return new_legs, {id: row for id, row in new_meetings.items() if row != self._meetings.get(id)}

    def _row(
        self,
        id: LegId,
        place: MeetingId | None,
        found: tuple[StoredMeeting, dict[LegId, Inside]] | None,
        moved: bool,
    ) -> StoredLeg | None:
        runner, known = self._directory.standing(id), self._legs.get(id)
        if runner is None:
            return None
        row = runner.stored(self._dated, known.door if known is not None and not moved else None)
        inside = found[1].get(id) if found is not None else None
        if found is None or inside is None:
            return row
        return replace(row, meeting=place, tenant=found[0].tenant, inside=inside)

    def _set_epoch(self) -> None:
        """Another one only when the wall clock was set: what stands still must not look changed."""
        epoch = self._clock.utc() - timedelta(seconds=self._clock.now())
        if abs((epoch - self._epoch).total_seconds()) > CLOCK_SET:
            self._epoch = epoch

    def _dated(self, moment: float) -> datetime:
        return self._epoch + timedelta(seconds=moment)

    def _timed(self, moment: datetime) -> float:
        """Nothing began after now, whatever the wall clock was set to."""
        return min((moment - self._epoch).total_seconds() + self._lag, self._clock.now())

    # --- taking up ------------------------------------------------------------------------------------------------

    async def take_up(self) -> None:
        """Before anybody can come, with the journal of the life before imported. `farewell` follows."""
        try:
            await self._take_up()
        except Exception:
            log.exception("what lived on could not be taken up")
            self._services.engine.keep((), ())

    async def _take_up(self) -> None:
        async with self._store.reading() as tx:
            found = sorted((await tx.live_legs.page(Query())).items, key=lambda row: row.number)
            meetings = (await tx.live_meetings.page(Query())).items
            history = History(await tx.newest_events(RECENT))
            for one in meetings:
                if one.kind == AD_HOC_MEETING and one.id not in history.over:
                    space = Space(one.space, one.name, one.tenant, non_member_access=False)
                    self._directory.spaces.keep_ad_hoc(space)
            facts = {one.id: await self._directory.spaces.facts_in(tx, one.space, ()) for one in meetings}
        rows = [row for row in found if not row.ringing]
        entrances = {row.id: await self._entrance(row, history) for row in rows}
        self._rang = [row for row in found if row.ringing]
        self._legs = {row.id: row for row in found}
        self._meetings = {one.id: one for one in meetings}
        self._changed_legs, self._changed_meetings = set(self._legs), set(self._meetings)
        self._moved = set(self._legs)
        if not self._services.engine.found():
            alive = [at for at in (history.last, *(one.seen for one in meetings)) if at is not None]
            self._lag = max(0.0, (self._clock.utc() - max(alive)).total_seconds()) if alive else 0.0
        runners: list[MeetingRunner] = []
        for one in meetings:
            if one.id not in history.over and one.started is not None:
                inside = [row for row in rows if row.meeting == one.id and not history.has_left(row.id, one.id)]
                runners.append(self._meeting_again(one, inside, facts[one.id]))
        live = {runner.id for runner in runners}
        kept = {
            id
            for row in rows
            if row.id not in history.ended and (id := self._leg_again(row, live, history, entrances[row.id]))
        }
        kept -= self._left_alone(kept)
        self._services.engine.keep(kept, live)
        for runner in runners:
            runner.post(Tick())
        for row in rows:
            if row.id in history.ended and row.inside is not None and not history.has_left(row.id, row.meeting):
                self._left_without_a_word(row, runners)
        placed = {
            row.id
            for row in rows
            if row.inside is not None and row.meeting in live and not history.has_left(row.id, row.meeting)
        }
        for event in history.lacking({row.id for row in rows}, placed, live):
            self._services.journal.append(event)
        await self.flush()  # numbers that the doors have passed over must not come again after another end
        if rows:
            log.info("took up what lived on", legs=len(kept), of=len(rows), meetings=len(live))

    def _meeting_again(
        self, stored: StoredMeeting, rows: Iterable[StoredLeg], facts: SpaceFacts | None
    ) -> MeetingRunner:
        """rows: of those who are in it."""
        legs = [leg_again(row, inside, GENERATION, self._timed) for row in rows if (inside := row.inside) is not None]
        legs.sort(key=lambda leg: leg.joined_at)
        machine = Meeting.again(
            stored,
            legs,
            facts.call if facts is not None else (),
            self._clock.now(),
            self._timed,
            brand=facts.sounds.brand if facts is not None else "",
            tells_alone=self._services.entry.tells_alone,
            says_farewell=self._services.entry.says_farewell,
        )
        if stored.kind == FORWARDING_MEETING:
            self._bridges[stored.id] = SurvivingBridge(stored, self._directory, self._services)
        return self._directory.take_up_meeting(machine, stored.space)

    async def _entrance(self, row: StoredLeg, history: History) -> AskedAt | None:
        """Where somebody who is not in yet is asked once more; None: he is in, or there is nothing any more."""
        if row.entrance is None or row.inside is not None or history.is_in(row.id):
            return None
        return await self._services.lookup.again(row.entrance)

    def _leg_again(
        self, row: StoredLeg, live: set[MeetingId], history: History, entrance: AskedAt | None
    ) -> LegId | None:
        """Its id where it goes on, as all of it is there. entrance: where it is asked once more, if anywhere."""
        inside = row.meeting in live and not history.has_left(row.id, row.meeting)
        door: SurvivingDoor | None = None
        if row.door and row.kind in self._doors:
            door = self._doors[row.kind].open_again(row.door)
        finished = self._counted(row.tenant) if row.direction == OUTGOING else lambda: None
        stored = replace(row, inside=row.inside if inside else None, entrance=row.entrance if entrance else None)
        at = self._meetings.get(row.meeting) if inside and row.meeting is not None else None
        space = at.space if at is not None else None
        bridge = self._bridges.get(at.id) if at is not None else None
        lobby: Lobby = bridge or self._directory
        pressed = bridge.digit if bridge is not None else for_nobody
        target = entrance or place_of(stored, space)
        runner = surviving(stored, door or NoDoor(), self._services, lobby, self._timed, target, finished, pressed)
        self._directory.take_up_leg(runner, row.meeting if inside else None)
        if bridge is not None:
            bridge.legs.append(runner)
        found = row.id in self._services.engine.found()
        if found and inside and door is not None:
            return row.id
        if found and entrance is not None and door is not None and row.entrance is not None:
            self._resuming.append((runner, Resume(entrance, row.entrance.proof)))
            return row.id
        if found and inside and row.kind == BROWSER:
            self._awaited[row.participant] = runner
            return row.id
        self._doomed.append((runner, BROKEN_OFF if found else MEDIA_LOST))
        return None

    def _left_alone(self, kept: set[LegId]) -> set[LegId]:
        """Of two of whom one was put through to the other, those whose other one does not go on."""
        alone = [leg for bridge in self._bridges.values() if not bridge.is_whole(kept) for leg in bridge.legs]
        self._doomed += [(leg, BROKEN_OFF) for leg in alone if leg.id in kept]
        return {leg.id for leg in alone}

    def _left_without_a_word(self, row: StoredLeg, runners: Iterable[MeetingRunner]) -> None:
        """It ended in the very moment: the journal has that, but not that it left."""
        for runner in runners:
            if runner.id == row.meeting:
                runner.post(Left(row.id, GENERATION, BROKEN_OFF))

    def farewell(self) -> None:
        """The doors are open: who does not go on is told so, who rings is rung no longer, who was asked for something
        is asked once more, and browsers may come back from now on."""
        doomed, self._doomed = self._doomed, []
        for runner, ending in doomed:
            runner.post(Drop(ending))
        rang, self._rang = self._rang, []
        for row in rang:
            if row.kind in self._doors:
                self._doors[row.kind].give_up(row.door)
        if rang:
            self._changed_legs |= {row.id for row in rang}
            self._write_within(SOON)
        resuming, self._resuming = self._resuming, []
        for runner, again in resuming:
            runner.post(again)
        if self._awaited:
            self._clock.call_at(self._clock.now() + self._grace, self._give_up)

    # --- browsers that may come back --------------------------------------------------------------------------------

    def _relieve(self, meeting: MeetingId) -> None:
        """Who is back with a leg of his own needs the place of before no longer."""
        view = self._directory.meeting(meeting)
        for leg in view.legs if view is not None else ():
            before = self._awaited.get(leg.participant)
            if before is not None and before.id != leg.leg:
                del self._awaited[leg.participant]
                before.post(Drop(NOT_BACK))

    def _give_up(self) -> None:
        awaited, self._awaited = self._awaited, {}
        for runner in awaited.values():
            runner.post(Drop(NOT_BACK))


async def _keep(repository: LiveRepository[V], new: Mapping[K, V | None], known: Container[K] | None) -> None:
    """known: those that are there; None: who can tell?"""
    if known is None:
        known = {id for id in new if await repository.get(id) is not None}
    await repository.delete_all([id for id, row in new.items() if row is None])
    await repository.add_all([row for id, row in new.items() if row is not None and id not in known])
    for id, row in new.items():
        if row is not None and id in known:
            await repository.save(row)


def _note(stored: dict[K, V], new: Mapping[K, V | None]) -> None:
    for id, row in new.items():
        if row is None:
            stored.pop(id, None)
        else:
            stored[id] = row
