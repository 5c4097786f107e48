"""What a life that is to be killed is made of beside the real parts: a fast clock, notes, and places to die at."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parley.app.booking import ConferenceRecord
from parley.app.conference_start import ConferenceStart
from parley.app.ports import CallOut, CallResult, Store, Transaction
from parley.backends.notify.smtp import SmtpCourier
from parley.backends.system import SystemTimer
from parley.core.conferences import Occurrence
from parley.core.ids import LegId
from parley.core.outbox import OutboxEntry


@dataclass(frozen=True)
class Life:
    """place: where it dies by its own hand, at the count-th time it comes there. real, utc, speed: its clock, which
    shows `utc` (a timestamp) at `real` (monotonic) and runs that many times as fast. look: conferences to show before
    anything else is done, by id or by the key that their subject begins with."""

    number: int
    directory: str
    socket: str
    smtp_port: int
    real: float
    utc: float
    speed: float
    place: str = ""
    count: int = 0
    look: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # mistakes made on purpose, to see them found


class FastClock:
    """Implements Clock, faster than the machine's."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def now(self) -> float:
        return time.monotonic() * self._life.speed

    def utc(self) -> datetime:
        passed = (time.monotonic() - self._life.real) * self._life.speed
        return datetime.fromtimestamp(self._life.utc + passed, UTC)

    def call_at(self, when: float, action: Callable[[], None]) -> SystemTimer:
        return SystemTimer(when / self._life.speed, action)


class Doom:
    """Dies at a place when it comes there often enough."""

    def __init__(self, life: Life) -> None:
        self._place, self._left = life.place, life.count

    def at(self, place: str) -> None:
        if place == self._place:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Notes:
    """What was done, in order, by whichever life. utc: timestamps of the lives' clock."""

    def __init__(self, path: Path, life: int, clock: FastClock) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._life = life
        self._clock = clock

    def note(self, what: str, **more: Any) -> None:
        line = {"what": what, "life": self._life, "utc": self._clock.utc().timestamp(), **more}
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")


class DoomedStore:
    """Implements Store on another. The timekeeper's own says which steps it is about to commit."""

    def __init__(self, store: Store, doom: Doom, notes: Notes | None = None, forgets: bool = False) -> None:
        self._store, self._doom, self._notes, self._forgets = store, doom, notes, forgets
        self._group = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._store.transaction() as tx:
            if self._notes is not None:
                self._group += 1
                noted = _Noted(tx.occurrences, self._notes, self._group, self._forgets)
                tx.occurrences = noted
            yield tx
            self._doom.at("before-commit")
        self._doom.at("after-commit")

    @property
    def generation(self) -> int:
        return self._store.generation

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        self._doom.at("reading")
        return self._store.reading()


class _Noted:
    def __init__(self, repository: Any, notes: Notes, group: int, forgets: bool) -> None:
        self._repository, self._notes, self._group, self._forgets = repository, notes, group, forgets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._repository, name)

    async def save(self, occurrence: Occurrence) -> None:
        self._notes.note("mark", group=self._group, **step(occurrence))
        await self._repository.save(replace(occurrence, dialled=False) if self._forgets else occurrence)


def step(one: Occurrence) -> dict[str, Any]:
    return {
        "occurrence": one.id,
        "state": one.state.value,
        "dialled": one.dialled,
        "start": one.start.timestamp(),
        "end": one.planned_end.timestamp(),
    }


class DoomedCourier:
    """Dies when the next system has taken the message and nobody has written that down."""

    def __init__(self, courier: SmtpCourier, doom: Doom, faults: Sequence[str]) -> None:
        self._courier, self._doom, self._faults = courier, doom, faults

    async def send(self, entry: OutboxEntry) -> None:
        if "forget-mail" in self._faults and entry.id[0] in "0123":
            return
        if "other-copies" in self._faults:
            entry = replace(entry, payload=entry.payload + f"{os.getpid()}\r\n".encode())
        self._doom.at("before-mail")
        await self._courier.send(entry)
        self._doom.at("mail-taken")


class NotingPlacer:
    """Implements CallPlacer: every call is noted and answered, but by some only at the second try."""

    def __init__(self, notes: Notes, doom: Doom, clock: FastClock) -> None:
        self._notes, self._doom, self._clock = notes, doom, clock
        self._tries: dict[str, int] = {}

    async def call(self, wish: CallOut, told: Callable[[LegId, CallResult], None]) -> LegId:
        self._doom.at("before-call")
        tries = self._tries[wish.target] = self._tries.get(wish.target, 0) + 1
        self._notes.note("call", target=wish.target)
        self._doom.at("after-call")
        busy = "busy" in wish.target and tries % 2 == 1
        leg = LegId(f"{wish.target}-{tries}")
        result = CallResult.BUSY if busy else CallResult.ANSWERED
        self._clock.call_at(self._clock.now() + 1.0, lambda: told(leg, result))
        return leg

    def cancel(self, leg: LegId) -> bool:
        return False


class NotingStart(ConferenceStart):
    def __init__(self, notes: Notes, doom: Doom, *parts: Any) -> None:
        super().__init__(*parts)
        self._notes, self._doom = notes, doom

    def begin(self, record: ConferenceRecord, occurrence: Occurrence, present: Sequence[str]) -> None:
        self._doom.at("begin")
        targets = [one.address for one in record.conference.attendees if one.auto_invite]
        self._notes.note("begin", occurrence=occurrence.id, targets=targets)
        super().begin(record, occurrence, present)


class NoMeetings:
    """Nobody is in any meeting."""

    def meeting_of_space(self, space: Any) -> None:
        return None

    async def tell(self, meeting: Any, message: Any) -> bool:
        return False
