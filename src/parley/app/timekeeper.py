"""The one scheduler: occurrences begin, are called out, prolonged and ended when their time comes.

Theory of operation
-------------------
The store holds the truth; in memory stands what is due within the next hours, read again every hour and
for each conference that changes. `run` sleeps to the next moment (a minute at most, for wall clocks are set), then
works on what is due in groups: one transaction reads each occurrence anew, decides by its stored state and stores the
step; what the step causes in the world (calls, the end of a meeting) follows the commit. So each step happens once,
whoever else acts and wherever the server stops: a stop between commit and effect loses calls of that moment, and
never makes two.

A step that fails is tried again after a while, alone, so that it keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from ..core.conferences import Conference, Occurrence, OccurrenceState
from ..core.endings import Ending, Reason, Side
from ..core.events import Event
from ..core.ids import SpaceId
from ..core.meeting_inputs import End
from .attendances import Attendances, Work
from .changes import Change, Changes
from .conference_notices import Notices
from .conference_reading import record_of, records_of
from .conference_start import ConferenceStart, to_be_called
from .conferences import Gatherings
from .due_times import DueTimes
from .occurrences import begin, finish, rest, settle
from .ports import Clock, Query, Store, Transaction

log = structlog.get_logger(__name__)

AHEAD = timedelta(hours=2)  # what is kept in memory
READ_EVERY = timedelta(hours=1)
SLEEP_MOST = 60.0  # seconds: wall clocks are set while we sleep
TOGETHER = 100  # occurrences in one transaction
AGAIN_AFTER = timedelta(seconds=30)  # a step that failed
REMIND_MOST = timedelta(days=30)

OVER = Ending(Side.LOCAL, Reason.MEETING_ENDED)


@dataclass(slots=True)
class _Effects:
    """What follows the commit."""

    starting: list[tuple[Conference, Occurrence]] = field(default_factory=list)
    over: list[tuple[Conference, Occurrence]] = field(default_factory=list)
    to_end: list[SpaceId] = field(default_factory=list)
    gone: list[SpaceId] = field(default_factory=list)
    dressed: list[SpaceId] = field(default_factory=list)
    known: list[tuple[Conference, Occurrence]] = field(default_factory=list)  # what they are now, for what is due next
    work: list[Work] = field(default_factory=list)


class Timekeeper:
    """One for the whole server. Give `take` to the journal as a listener, then `run`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        changes: Changes,
        notices: Notices,
        gatherings: Gatherings,
        start: ConferenceStart,
    ) -> None:
        self._store = store
        self._clock = clock
        self._changes = changes
        self._notices = notices
        self._gatherings = gatherings
        self._start = start
        self._due = DueTimes()
        self._attendances = Attendances(store, gatherings.meeting_of_space, self._stir)
        self._changed: dict[str, None] = {}  # conferences to read anew, in order
        self._read_again: datetime | None = None  # None: at once
        self._not_before: datetime | None = None  # attendance could not be stored: not again before
        self._wake = asyncio.Event()
        self.take = self._attendances.take
        changes.subscribe(self._on_change)

    async def run(self) -> None:
        """Until cancelled."""
        while not await self._tried(self._recover):
            await self._sleep(self._clock.utc() + AGAIN_AFTER)
        while True:
            self._wake.clear()
            await self._attend()
            await self._read()
            if not await self._act():
                await self._sleep(self._next())

    def _stir(self) -> None:
        self._wake.set()

    def _on_change(self, change: Change) -> None:
        if change.kind == "conference":
            self._changed[change.id] = None
            self._stir()

    def _next(self) -> datetime | None:
        moments = (self._due.next(), self._read_again, self._not_before)
        return min((moment for moment in moments if moment is not None), default=None)

    async def _sleep(self, until: datetime | None) -> None:
        seconds = SLEEP_MOST
        if until is not None:
            seconds = max(0.0, min(seconds, (until - self._clock.utc()).total_seconds()))
        timer = self._clock.call_at(self._clock.now() + seconds, self._stir)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def _tried(self, step: Callable[[], object]) -> bool:
        """False: it failed, and the log says how."""
        try:
            await step()  # type: ignore[misc]
        except Exception:
            log.exception("the timekeeper could not finish a step")
            return False
        return True

    # --- knowing what is due ---------------------------------------------------------------------------------

    async def _recover(self) -> None:
        """After a stop few are in any meeting: the open attendance of all others ends now."""
        now = self._clock.utc()
        async with self._store.reading() as tx:
            live = await tx.occurrences.live(now + AHEAD)
        for first in range(0, len(live), TOGETHER):
            async with self._store.transaction() as tx:
                some = live[first : first + TOGETHER]
                conferences = await _conferences(tx, some)
                for one in some:
                    await self._attendances.take_up(tx, conferences[one.conference], one, now)

    async def _read(self) -> None:
        now = self._clock.utc()
        if self._read_again is None or now >= self._read_again:
            done = await self._tried(self._read_ahead)
            self._read_again = now + (READ_EVERY if done else AGAIN_AFTER)
        while self._changed:
            ids = list(self._changed)[:TOGETHER]
            for id in ids:
                del self._changed[id]  # before reading: what changes meanwhile is read once more
            if not await self._tried(lambda ids=ids: self._read_conferences(ids)):  # type: ignore[misc]
                self._read_again = now + AGAIN_AFTER

    async def _read_ahead(self) -> None:
        """Everything that runs or is due soon; reminders day by day, so that nothing else waits for long."""
        now = self._clock.utc()
        async with self._store.reading() as tx:
            await self._note(tx, await tx.occurrences.live(now + AHEAD))
        for day in range(REMIND_MOST.days + 1):
            first = now + timedelta(days=day)
            async with self._store.reading() as tx:
                await self._note(tx, await tx.occurrences.unannounced(first, first + timedelta(days=1)))
            await asyncio.sleep(0)

    async def _note(self, tx: Transaction, occurrences: list[Occurrence]) -> None:
        for first in range(0, len(occurrences), TOGETHER):
            some = occurrences[first : first + TOGETHER]
            conferences = await _conferences(tx, some)
            self._schedule([(conferences[one.conference], one) for one in some if one.conference in conferences])

    async def _read_conferences(self, ids: list[str]) -> None:
        async with self._store.reading() as tx:
            occurrences = await tx.occurrences.of(ids)
            conferences = await _conferences(tx, occurrences)
        for one in occurrences:
            if one.state not in {OccurrenceState.BOOKED, OccurrenceState.RUNNING}:
                self._start.give_up(one.id)
        self._schedule([(conferences[one.conference], one) for one in occurrences])

    def _schedule(self, known: Iterable[tuple[Conference, Occurrence]]) -> None:
        until = self._clock.utc() + AHEAD
        for conference, occurrence in known:
            when = due_at(conference, occurrence)
            self._due.set(occurrence.id, when if when is not None and when <= until else None)

    # --- who comes and goes ----------------------------------------------------------------------------------

    async def _attend(self) -> None:
        if self._not_before is not None and self._clock.utc() < self._not_before:
            return
        self._not_before = None
        while events := self._attendances.batch():
            try:
                work = await self._worked(events)
            except Exception:
                log.exception("attendance could not be stored")
                self._not_before = self._clock.utc() + AGAIN_AFTER
                return
            self._attendances.done(work, len(events))
            for id, space in work.begun.items():
                self._changed[id] = None
                self._changes.publish(Change("space", space))

    async def _worked(self, events: list[tuple[datetime, Event]]) -> Work:
        if not await self._attendances.concern(events):
            return self._attendances.nothing()
        async with self._store.transaction() as tx:
            return await self._attendances.work(tx, events)

    # --- doing what is due -----------------------------------------------------------------------------------

    async def _act(self) -> bool:
        """Work on one group. False: nothing is due."""
        ids = self._due.due(self._clock.utc(), TOGETHER)
        if not ids:
            return False
        if not await self._tried(lambda: self._act_on(ids)):
            for id in ids:
                if not await self._tried(lambda id=id: self._act_on([id])):  # type: ignore[misc]
                    self._due.set(id, self._clock.utc() + AGAIN_AFTER)
        return True

    async def _act_on(self, ids: list[str]) -> None:
        effects = _Effects()
        async with self._store.transaction() as tx:
            now = self._clock.utc()
            occurrences = (await tx.occurrences.page(Query(among=ids))).items
            conferences = await _conferences(tx, occurrences)
            for one in occurrences:
                conference = conferences[one.conference]
                # Another step of this group may have ended one of the same series.
                fresh = one if conference.series is None else await tx.occurrences.get(one.id)
                if fresh is not None:
                    await self._step(tx, conference, fresh, now, effects)
        self._schedule(effects.known)
        await self._perform(effects)

    async def _step(
        self, tx: Transaction, conference: Conference, occurrence: Occurrence, now: datetime, effects: _Effects
    ) -> None:
        """What the stored state and the time ask for."""
        if occurrence.state is OccurrenceState.BOOKED and not conference.cancelled:
            if occurrence.planned_end <= now:
                occurrence = await finish(tx, occurrence, OccurrenceState.MISSED)
                if await settle(tx, conference):
                    effects.gone.append(conference.space)
            elif occurrence.start <= now:
                occurrence = await self._begin(tx, conference, occurrence, now, effects)
            elif _is_past(reminder_at(conference, occurrence), now):
                occurrence = replace(occurrence, reminded=True)
                await tx.occurrences.save(occurrence)
                await self._notices.reminder(tx, await record_of(tx, conference), occurrence)
        elif occurrence.state is OccurrenceState.RUNNING:
            if _is_past(occurrence.end, now):
                occurrence = await self._end(tx, conference, occurrence, now, effects)
            elif not occurrence.dialled and occurrence.start <= now:
                occurrence = replace(occurrence, dialled=True)
                await tx.occurrences.save(occurrence)
                effects.starting.append((conference, occurrence))
        effects.known.append((conference, occurrence))

    async def _begin(
        self, tx: Transaction, conference: Conference, occurrence: Occurrence, now: datetime, effects: _Effects
    ) -> Occurrence:
        """The booked start: from now on it has been called, whatever becomes of the calls."""
        people = bool(self._attendances.present(conference.space))
        occurrence = replace(occurrence, dialled=True)
        occurrence = await begin(tx, conference, occurrence, begun=now if people else None)
        if people:
            effects.work.append(await self._attendances.join_present(tx, conference, occurrence, now))
        effects.starting.append((conference, occurrence))
        effects.dressed.append(conference.space)
        if conference.series is not None:
            self._changed[conference.id] = None  # an earlier one may have given way
        return occurrence

    async def _end(
        self, tx: Transaction, conference: Conference, occurrence: Occurrence, now: datetime, effects: _Effects
    ) -> Occurrence:
        end = occurrence.end
        assert end is not None
        prolong = (occurrence.rules or conference.rules).prolong_by
        if prolong and self._attendances.present(conference.space):
            spans = (now - end) // timedelta(minutes=prolong) + 1
            occurrence = replace(occurrence, end=end + spans * timedelta(minutes=prolong))
            await tx.occurrences.save(occurrence)
            return occurrence
        if end <= occurrence.start:
            occurrence = await rest(tx, conference, occurrence)
            gone = False
        else:
            occurrence = await finish(tx, occurrence, OccurrenceState.ENDED)
            gone = await settle(tx, conference)
        effects.over.append((conference, occurrence))
        (effects.gone if gone else effects.dressed).append(conference.space)
        if not await _another_runs(tx, conference, occurrence):
            effects.to_end.append(conference.space)
        return occurrence

    async def _perform(self, effects: _Effects) -> None:
        for work in effects.work:
            self._attendances.done(work, 0)
        for _, occurrence in effects.over:
            self._start.give_up(occurrence.id)
        for space in effects.to_end:
            view = self._gatherings.meeting_of_space(space)
            if view is not None:
                await self._gatherings.tell(view.meeting, End(OVER))
        for space in effects.dressed:
            self._changes.publish(Change("space", space))
        for space in effects.gone:
            self._changes.publish(Change("space", space, deleted=True))
        starting = [(conference, [one]) for conference, one in effects.starting if to_be_called(conference)]
        if starting:
            async with self._store.reading() as tx:
                records = await records_of(tx, starting)
            for record in records:
                view = self._gatherings.meeting_of_space(record.space.id)
                present = [leg.uri for leg in view.legs] if view is not None else ()
                self._start.begin(record, record.occurrences[0], present)


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def reminder_at(conference: Conference, occurrence: Occurrence) -> datetime | None:
    """When everybody is to be told of one occurrence of a series; None: they were, or will not be."""
    if conference.series is None or occurrence.reminded:
        return None
    return occurrence.start - timedelta(days=conference.series.remind_days)


def due_at(conference: Conference, occurrence: Occurrence) -> datetime | None:
    """When the next step of an occurrence comes; None: there is none."""
    if occurrence.state is OccurrenceState.BOOKED and not conference.cancelled:
        reminder = reminder_at(conference, occurrence)
        return occurrence.start if reminder is None else min(reminder, occurrence.start)
    if occurrence.state is OccurrenceState.RUNNING and occurrence.end is not None:
        return occurrence.end if occurrence.dialled else min(occurrence.end, occurrence.start)
    return None


async def _conferences(tx: Transaction, occurrences: Iterable[Occurrence]) -> dict[str, Conference]:
    ids = sorted({one.conference for one in occurrences})
    return {one.id: one for one in (await tx.conferences.page(Query(among=ids))).items} if ids else {}


async def _another_runs(tx: Transaction, conference: Conference, ended: Occurrence) -> bool:
    """Back-to-back occurrences, or conferences in one room: the people in it are the other's."""
    if conference.own_space and conference.series is None:
        return False
    conferences = [conference] if conference.own_space else await tx.conferences.of_space(conference.space)
    occurrences = await tx.occurrences.of([one.id for one in conferences])
    return any(one.state is OccurrenceState.RUNNING and one.id != ended.id for one in occurrences)
