"""Seats: everybody at a browser can be the same participant again after a restart of the server.

Theory of operation
-------------------
A seat is written when somebody joins and when what he is inside has changed, all seats together and at most once every
WRITE_EVERY seconds, and deleted when he is gone. What a start of the server finds are the seats of the life before:
they are held for the grace, counted from when the server is ready, and whoever claims one by his token takes it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from ..core.admission import closed_by
from ..core.ids import MeetingId, ParticipantId, SpaceId
from ..core.leg_inputs import Granted
from ..core.people import User
from ..core.seats import Seat, stay_of
from .directory import Directory
from .layers import candidates
from .ports import Clock, Query, Store, Timer, Transaction
from .tasks import Tasks

log = structlog.get_logger(__name__)

WRITE_EVERY = 1.0  # seconds
# A seat that was not written for so long is nobody's. Longer than a server is away, and renewed at half of it.
LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Sitting:
    """A seat that was claimed, and what its space is called now."""

    seat: Seat
    space_name: str


class Seats:
    """grace: seconds for which seats of the life before are held once the server is ready."""

    def __init__(self, store: Store, directory: Directory, clock: Clock, tasks: Tasks, grace: float) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._tasks = tasks
        self._grace = grace
        self._held: dict[str, Seat] = {}  # of the life before, claimed by nobody yet
        self._taken: dict[str, Seat] = {}
        self._of: dict[ParticipantId, str] = {}
        self._unwritten: set[str] = set()
        self._meetings: set[MeetingId] = set()  # that something happened to since they were looked at
        self._timer: Timer | None = None
        self._renewal: Timer | None = None
        self._one_writer = asyncio.Lock()
        self._written_at = clock.now() - WRITE_EVERY
        directory.watch(self._happened)

    # --- the life before ------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Before anybody can come."""
        async with self._store.transaction() as tx:
            await tx.seats.forget_expired(self._clock.utc())
            self._held = {seat.id: seat for seat in (await tx.seats.page(Query())).items}

    def ready(self) -> None:
        """Whoever can come may come from now on: the grace begins."""
        if self._held:
            self._clock.call_at(self._clock.now() + self._grace, self._give_up)

    def _give_up(self) -> None:
        for id in list(self._held):
            self.leave(id)

    def ended(self, space: SpaceId) -> None:
        """A host has ended the meeting for all: for those too who have not come back to it yet."""
        for seat in list(self._held.values()):
            if seat.space == space:
                self.leave(seat.id)

    async def claim(self, id: str) -> Sitting | None:
        """The seat, taken, if its space and its door still let its owner in. None: there is none, or it is no more.

        Of two that claim it at the same time one is given it.
        """
        seat = self._held.get(id)
        if seat is None:
            return None
        async with self._store.reading() as tx:
            space_name = await _still_open(tx, seat.returning)
        if self._held.pop(id, None) is None:
            return None
        if space_name is None:
            self._write(id)
            return None
        self._sit(seat)
        return Sitting(seat, space_name)

    # --- this life ------------------------------------------------------------------------------------------------

    def take(
        self,
        id: str,
        participant: ParticipantId,
        granted: Granted,
        *,
        caller: str,
        call_id: str,
        name: str,
        language: str,
    ) -> None:
        """Somebody has joined. id: as in Seat."""
        now = self._clock.utc()
        self._sit(
            Seat(
                id,
                participant,
                granted.space,
                granted.tenant,
                granted.entry,
                granted.proof,
                caller,
                call_id,
                name,
                language,
                changed=now,
                expires=now + LASTS,
            )
        )
        self._write(id)

    def leave(self, id: str) -> None:
        """He has left or was sent away, and cannot come back by his token."""
        seat = self._taken.pop(id, None) or self._held.pop(id, None)
        if seat is not None:
            self._of.pop(seat.participant, None)
            self._write(id)
        if self._renewal is not None and not self._taken:
            self._renewal.cancel()
            self._renewal = None

    def _sit(self, seat: Seat) -> None:
        self._taken[seat.id] = seat
        self._of[seat.participant] = seat.id
        if self._renewal is None:
            self._renew_later()

    def _renew_later(self) -> None:
        self._renewal = self._clock.call_at(self._clock.now() + LASTS.total_seconds() / 2, self._renew)

    def _renew(self) -> None:
        self._unwritten |= set(self._taken)
        self._write_later()
        self._renew_later()

    def _happened(self, meeting: MeetingId) -> None:
        if self._taken:
            self._meetings.add(meeting)
            self._write_later()

    def _look(self) -> None:
        """Note what has changed of those whose meetings something happened to."""
        meetings, self._meetings = self._meetings, set()
        for meeting in meetings:
            view = self._directory.meeting(meeting)
            for leg in view.legs if view is not None else ():
                id = self._of.get(leg.participant)
                if id is not None and (stay := stay_of(leg)) != self._taken[id].stay:
                    self._taken[id] = replace(self._taken[id], stay=stay)
                    self._unwritten.add(id)

    # --- writing --------------------------------------------------------------------------------------------------

    def _write(self, id: str) -> None:
        self._unwritten.add(id)
        self._write_later()

    def _write_later(self) -> None:
        if self._timer is None and not self._one_writer.locked():
            when = max(self._clock.now(), self._written_at + WRITE_EVERY)
            self._timer = self._clock.call_at(when, lambda: self._tasks.spawn(self._write_now()))

    async def _write_now(self) -> None:
        self._timer = None
        self._written_at = self._clock.now()
        await self.flush()
        if self._unwritten or self._meetings:
            self._write_later()

    async def flush(self) -> None:
        """Everything that is to be kept is, if the store can be written to."""
        async with self._one_writer:
            await self._flush()

    async def _flush(self) -> None:
        self._look()
        ids, self._unwritten = self._unwritten, set()
        if not ids:
            return
        try:
            async with self._store.transaction() as tx:
                for id in ids:
                    await self._keep(tx, id)
        except Exception:
            self._unwritten |= ids
            log.warning("seats could not be written", exc_info=True)

    async def _keep(self, tx: Transaction, id: str) -> None:
        seat, now = self._taken.get(id), self._clock.utc()
        if seat is None:
            await tx.seats.delete(id)
            return
        seat = replace(seat, changed=now, expires=now + LASTS)
        await (tx.seats.add(seat) if await tx.seats.get(id) is None else tx.seats.save(seat))


async def _still_open(tx: Transaction, granted: Granted) -> str | None:
    """The name of the space, where whoever was granted this may still come in; else None."""
    space, entry, proof = await tx.spaces.get(granted.space), granted.entry, granted.proof
    if space is None or not space.enabled:
        return None
    if proof.user is not None and not _may_sign_in(await tx.users.get(proof.user)):
        return None
    if entry.member is not None:
        member = await tx.members.get(entry.member)
        belongs = member is not None and member.space == space.id and _may_sign_in(await tx.users.get(member.user))
        return space.name if belongs else None
    door = await tx.access_methods.get(entry.access_method) if entry.access_method is not None else None
    found = await candidates(tx, [door]) if door is not None and door.space == space.id else None
    return space.name if found is not None and closed_by(found, proof) is None else None


def _may_sign_in(user: User | None) -> bool:
    return user is not None and user.enabled
