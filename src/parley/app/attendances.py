"""Who is in which occurrence: the journal's joins and leaves become attendance, and the first of them its beginning.

Somebody who only waits (for a host, in the waiting room) is in attendance, but begins nothing: a conference begins
when the first one is really in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..core.conferences import Attendance, Attendee, Conference, Occurrence, OccurrenceState, answers_to
from ..core.events import Event, LegActivated, ParticipantJoined, ParticipantLeft
from ..core.ids import LegId, MeetingId, OccurrenceId, SpaceId
from ..core.meeting_inputs import LegView, MeetingView
from ..core.spaces import Role
from .conference_reading import LIVE
from .conference_spaces import doors_of
from .occurrences import begin
from .ports import Store, Transaction
from .remembered import Remembered

# A room is used between its conferences too: who comes earlier than this is not there for the next one.
ROOM_OPENS = timedelta(minutes=30)
BATCH = 50

_WATCHED = (ParticipantJoined, ParticipantLeft, LegActivated)


@dataclass(frozen=True, slots=True)
class Stay:
    """An open row of attendance."""

    occurrence: OccurrenceId
    address: str
    joined: datetime


@dataclass(slots=True)
class Work:
    """stays: open rows after it. begun: conferences whose occurrence began by it, each with its space."""

    stays: dict[LegId, Stay]
    begun: dict[str, SpaceId] = field(default_factory=dict)


class Attendances:
    """Takes events at once and works on them later, in order, in transactions of the one who calls `work`."""

    def __init__(
        self,
        store: Store,
        meeting_of_space: Callable[[SpaceId], MeetingView | None],
        wake: Callable[[], None],
    ) -> None:
        self._booked: Remembered[bool] = Remembered(store)  # of spaces: has it conferences?
        self._meeting_of_space = meeting_of_space
        self._wake = wake
        self._inbox: deque[tuple[datetime, Event]] = deque()
        self._stays: dict[LegId, Stay] = {}

    def take(self, at: datetime, event: Event) -> None:
        """A listener of the journal."""
        if isinstance(event, _WATCHED):
            self._inbox.append((at, event))
            self._wake()

    def present(self, space: SpaceId) -> list[LegView]:
        """Those who are in and do not wait."""
        view = self._meeting_of_space(space)
        return [leg for leg in view.legs if not leg.waits] if view is not None else []

    def batch(self) -> list[tuple[datetime, Event]]:
        """The next events to work on; they stay until `done`."""
        return [self._inbox[index] for index in range(min(BATCH, len(self._inbox)))]

    async def concern(self, events: Iterable[tuple[datetime, Event]]) -> bool:
        """Has any of them to do with a conference?"""
        for _, event in events:
            if isinstance(event, ParticipantJoined):
                if await self._is_booked(event.space):
                    return True
            elif isinstance(event, ParticipantLeft | LegActivated) and event.leg in self._stays:
                return True
        return False

    async def _is_booked(self, space: SpaceId) -> bool:
        async def look(tx: Transaction) -> bool:
            return bool(await tx.conferences.of_space(space))

        return bool(await self._booked.read(space, look))

    def nothing(self) -> Work:
        return Work(self._stays)

    async def work(self, tx: Transaction, events: Iterable[tuple[datetime, Event]]) -> Work:
        """Returns what changed; give it to `done` after the commit."""
        work = Work(dict(self._stays))
        for at, event in events:
            match event:
                case ParticipantJoined():
                    await self._joined(tx, work, at, event)
                case ParticipantLeft():
                    await _left(tx, work, at, event.leg)
                case LegActivated():
                    await _activated(tx, work, at, event)
        return work

    def done(self, work: Work, count: int) -> None:
        """Committed: these many events are behind us."""
        self._stays = work.stays
        for _ in range(count):
            self._inbox.popleft()

    async def take_up(self, tx: Transaction, conference: Conference, occurrence: Occurrence, now: datetime) -> None:
        """After a restart: whoever is in still stays in attendance, and whoever else was has left by now."""
        view = self._meeting_of_space(conference.space)
        inside = list(view.legs) if view is not None else []
        work = Work(self._stays)
        for row in await tx.attendance(occurrence.id):
            if row.left is not None:
                continue
            leg = next((leg for leg in inside if leg.uri == row.address), None)
            if leg is None:
                await tx.end_attendance(occurrence.id, row.address, row.joined, now)
            else:
                inside.remove(leg)
                work.stays[leg.leg] = Stay(occurrence.id, row.address, row.joined)
        if occurrence.state is OccurrenceState.RUNNING:  # who came in the very last moment
            await _enter_all(tx, work, conference, occurrence, inside, now)

    async def join_present(self, tx: Transaction, conference: Conference, occurrence: Occurrence, at: datetime) -> Work:
        """Who is in the room already when an occurrence begins takes part in it from then on."""
        work = Work(dict(self._stays))
        view = self._meeting_of_space(conference.space)
        legs = view.legs if view is not None else ()
        for leg in legs:
            await _left(tx, work, at, leg.leg)
        await _enter_all(tx, work, conference, occurrence, legs, at)
        return work

    async def _joined(self, tx: Transaction, work: Work, at: datetime, event: ParticipantJoined) -> None:
        found = await _meant(tx, event.space, at)
        if found is None:
            return
        conference, occurrence = found
        doors = await doors_of(tx, conference)
        view = self._meeting_of_space(event.space)
        leg = next((one for one in view.legs if one.leg == event.leg), None) if view else None
        host = leg is not None and doors is not None and leg.entry.access_method == doors[1].id
        name, kind = (leg.name, leg.kind) if leg is not None else ("", "sip")
        await _enter(tx, work, conference, occurrence, event.leg, name, event.uri, kind, host, at)
        if not event.deactivated:
            await _begin(tx, work, conference, occurrence, at, event.meeting)


async def _meant(tx: Transaction, space: SpaceId, at: datetime) -> tuple[Conference, Occurrence] | None:
    """The occurrence somebody who comes into this space now is there for: the running one, else the next."""
    conferences = {one.id: one for one in await tx.conferences.of_space(space) if not one.cancelled}
    if not conferences:
        return None
    live = [one for one in await tx.occurrences.of(list(conferences)) if one.state in LIVE]
    running = [one for one in live if one.state is OccurrenceState.RUNNING]
    if running:
        chosen = running[-1]
    else:
        near = [one for one in live if conferences[one.conference].own_space or one.start - at <= ROOM_OPENS]
        if not near:
            return None
        chosen = near[0]
    return conferences[chosen.conference], chosen


async def _enter(
    tx: Transaction,
    work: Work,
    conference: Conference,
    occurrence: Occurrence,
    leg: LegId,
    name: str,
    address: str,
    kind: str,
    host: bool,
    at: datetime,
) -> None:
    invited = _invited(conference, address)
    await tx.add_attendance(
        Attendance(
            occurrence=occurrence.id,
            name=(invited.name if invited else "") or name or address.partition("@")[0],
            address=address,
            kind=kind,
            joined=at,
            user=invited.user if invited else None,
            role=Role.HOST if host else Role.GUEST,
        )
    )
    work.stays[leg] = Stay(occurrence.id, address, at)


async def _enter_all(
    tx: Transaction, work: Work, conference: Conference, occurrence: Occurrence, legs: Iterable[LegView], at: datetime
) -> None:
    doors = await doors_of(tx, conference)
    for leg in legs:
        host = doors is not None and leg.entry.access_method == doors[1].id
        await _enter(tx, work, conference, occurrence, leg.leg, leg.name, leg.uri, leg.kind, host, at)


async def _left(tx: Transaction, work: Work, at: datetime, leg: LegId) -> None:
    stay = work.stays.pop(leg, None)
    if stay is not None:
        await tx.end_attendance(stay.occurrence, stay.address, stay.joined, at)


async def _activated(tx: Transaction, work: Work, at: datetime, event: LegActivated) -> None:
    stay = work.stays.get(event.leg)
    occurrence = await tx.occurrences.get(stay.occurrence) if stay is not None else None
    conference = await tx.conferences.get(occurrence.conference) if occurrence is not None else None
    if occurrence is not None and conference is not None and occurrence.state in LIVE:
        await _begin(tx, work, conference, occurrence, at, event.meeting)


async def _begin(
    tx: Transaction, work: Work, conference: Conference, occurrence: Occurrence, at: datetime, meeting: MeetingId
) -> None:
    if occurrence.begun is None or occurrence.meeting != meeting:
        await begin(tx, conference, occurrence, begun=at, meeting=meeting)
        work.begun[conference.id] = conference.space


def _invited(conference: Conference, address: str) -> Attendee | None:
    return next((one for one in conference.attendees if answers_to(one.address, address)), None)
