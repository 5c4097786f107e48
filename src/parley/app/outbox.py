"""The sender of what waits in the outbox, and the operator's view of it.

A row exists exactly when its cause was committed. It is handed to the courier of its channel and marked as sent once
the next system has taken it; a crash in between sends the same bytes again (at least once). What fails for now is
tried again after a growing pause, what fails for good is kept as failed until the operator retries or forgets it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from ..core.outbox import Channel, OutboxEntry, OutboxState
from ..core.refusals import Refusal
from ..core.retry import Retries
from .ports import Clock, Courier, NotSent, Query, Store, Transaction

log = structlog.get_logger(__name__)

HOUR = 3600.0
# 30 s, doubled up to an hour, for about two days: an invitation is of little use much later.
SEND_AGAIN = Retries((30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, *(HOUR,) * 47))
LONGEST_ERROR = 300
SHOWN_MOST = 1000


@dataclass(frozen=True, slots=True)
class OutboxTiming:
    """Seconds. look_again: how long a row can stay unseen without a poke; record_again: pause after a failed write.

    at_once: messages of one channel on their way at a time; batch: rows read at a time.
    kept: days that sent rows are shown; failed ones stay five times as long. switched_off: until a row of a channel
    that is not set up is looked at again.
    """

    look_again: float = 30.0
    record_again: float = 5.0
    tidy_every: float = HOUR
    switched_off: float = HOUR
    at_once: int = 4
    batch: int = 200
    kept: int = 7
    retries: Retries = field(default=SEND_AGAIN)


class Outbox:
    """One sender per store. `run` until cancelled or stopped; `poke` after every commit that may have added rows."""

    def __init__(
        self, store: Store, couriers: Mapping[Channel, Courier], clock: Clock, timing: OutboxTiming | None = None
    ) -> None:
        self._store = store
        self._couriers = couriers
        self._clock = clock
        self._timing = timing or OutboxTiming()
        self._wake = asyncio.Event()
        self._stopping = False
        self._under_way: dict[str, tuple[Channel, asyncio.Task[None]]] = {}
        # Taken by the next system, and not yet recorded because the store failed: never to be sent again for that.
        self._taken: dict[str, datetime] = {}
        self._held: dict[str, float] = {}
        self._tidied: float | None = None

    def poke(self) -> None:
        """Look now. Returns at once."""
        self._wake.set()

    async def run(self) -> None:
        """Sends what is due, for ever."""
        try:
            while not self._stopping:
                self._wake.clear()
                pause = await self._look()
                if not self._stopping:
                    await self._sleep(pause)
        finally:
            if not self._stopping:
                await self._give_way()

    async def stop(self, within: float = 3.0) -> None:
        """Begin nothing new and let what is under way end, but not for longer than so many seconds."""
        self._stopping = True
        self._wake.set()
        if tasks := [task for _, task in self._under_way.values()]:
            await asyncio.wait(tasks, timeout=within)
        await self._give_way()

    async def _give_way(self) -> None:
        tasks = [task for _, task in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _sleep(self, seconds: float) -> None:
        timer = self._clock.call_at(self._clock.now() + seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def _look(self) -> float:
        """Begin what can begin; returns how long there is nothing more to do."""
        try:
            await self._tidy()
            now = self._clock.utc()
            async with self._store.reading() as tx:
                due = await tx.outbox.due(now, self._timing.batch + len(self._under_way))
                following = await tx.outbox.next_due()
        except Exception:
            log.exception("the outbox could not be read")
            return self._timing.record_again
        for entry in due:
            self._begin(entry)
        # Rows that wait for a free place, or whose sending is under way, wake us by its end.
        if following is None or following <= now:
            return self._timing.look_again
        return min((following - now).total_seconds(), self._timing.look_again)

    def _begin(self, entry: OutboxEntry) -> None:
        busy = sum(channel is entry.channel for channel, _ in self._under_way.values())
        if self._held.get(entry.id, 0.0) > self._clock.now():
            return
        self._held.pop(entry.id, None)
        if entry.id in self._under_way or busy >= self._timing.at_once or self._stopping:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(entry))
        self._under_way[entry.id] = entry.channel, task

        def ended(_task: asyncio.Task[None]) -> None:
            self._under_way.pop(entry.id, None)
            self._wake.set()

        task.add_done_callback(ended)

    async def _deliver(self, entry: OutboxEntry) -> None:
        try:
            if not await self._still_due(entry.id):
                return
            outcome = await self._outcome(entry)
            await self._record(entry.id, outcome)
            self._taken.pop(entry.id, None)
        except Exception:
            # The row says what it said before: hold it back for a moment, or a store that can be read and not
            # written would have us try as fast as the processor goes.
            log.exception("what became of a message could not be recorded", entry=entry.id)
            until = self._held[entry.id] = self._clock.now() + self._timing.record_again
            self._clock.call_at(until, self._wake.set)

    async def _still_due(self, id: str) -> bool:
        """A row that was read while its sending ended is stale, and must not be sent once more."""
        async with self._store.reading() as tx:
            row = await tx.outbox.get(id)
        return row is not None and row.state is OutboxState.WAITING and row.due <= self._clock.utc()

    async def _outcome(self, entry: OutboxEntry) -> Callable[[OutboxEntry], OutboxEntry]:
        """What the row becomes. Hands the message over unless that has been done before."""
        if (taken := self._taken.get(entry.id)) is not None:
            return lambda row: _sent(row, taken)
        courier = self._couriers.get(entry.channel)
        if courier is None:
            later = self._clock.utc() + timedelta(seconds=self._timing.switched_off)
            return lambda row: replace(row, due=later, last_error=f"{entry.channel.value} is not set up")
        try:
            await courier.send(entry)
        except NotSent as problem:
            error, permanent = str(problem)[:LONGEST_ERROR], problem.permanent
            log.warning("a message was not taken", entry=entry.id, channel=entry.channel.value, error=error)
            return lambda row: self._failed(row, error, permanent)
        except Exception as problem:
            # A fault of ours, which must stop neither the others nor later tries. Its words could hold anything.
            log.exception("a courier failed", entry=entry.id, channel=entry.channel.value)
            name = type(problem).__name__
            return lambda row: self._failed(row, f"internal error ({name})", False)
        at = self._taken[entry.id] = self._clock.utc()
        return lambda row: _sent(row, at)

    def _failed(self, entry: OutboxEntry, error: str, permanent: bool) -> OutboxEntry:
        tries = entry.tries + 1
        wait = None if permanent else self._timing.retries.after(tries)
        if wait is None:
            return replace(entry, tries=tries, last_error=error, state=OutboxState.FAILED)
        return replace(entry, tries=tries, last_error=error, due=self._clock.utc() + timedelta(seconds=wait))

    async def _record(self, id: str, outcome: Callable[[OutboxEntry], OutboxEntry]) -> None:
        async with self._store.transaction() as tx:
            row = await tx.outbox.get(id)
            if row is not None and row.state is OutboxState.WAITING:  # else forgotten meanwhile
                await tx.outbox.save(outcome(row))

    async def _tidy(self) -> None:
        """Rows are not kept for ever: they hold passcodes, and nobody looks at them after a while."""
        now = self._clock.now()
        if self._tidied is not None and now - self._tidied < self._timing.tidy_every:
            return
        self._tidied = now
        async with self._store.reading() as tx:
            old = await self._outdated(tx)
        if old:
            async with self._store.transaction() as tx:
                for id in old:
                    await tx.outbox.delete(id)

    async def _outdated(self, tx: Transaction) -> list[str]:
        kept = timedelta(days=self._timing.kept)
        found: list[str] = []
        for state, age in ((OutboxState.SENT, kept), (OutboxState.FAILED, 5 * kept)):
            page = await tx.outbox.page(Query(where={"state": state}, limit=self._timing.batch))
            found += [row.id for row in page.items if (row.sent or row.created) + age < self._clock.utc()]
        if len(found) >= self._timing.batch:
            self._tidied = None  # the oldest come first, and there may be more
        return found


def _sent(entry: OutboxEntry, at: datetime) -> OutboxEntry:
    payload = b"" if entry.notice.tells_password else entry.payload
    return replace(entry, state=OutboxState.SENT, sent=at, tries=entry.tries + 1, last_error="", payload=payload)


class OutboxDesk:
    """The operator's view. Also works without a running server; `poke` wakes the sender of one."""

    def __init__(self, store: Store, clock: Clock, poke: Callable[[], None] | None = None) -> None:
        self._store = store
        self._clock = clock
        self.poke = poke or (lambda: None)

    async def listing(self, state: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest `limit` rows, oldest first. Never the message itself: it holds passcodes."""
        where: dict[str, Any] = {}
        if state is not None:
            if state not in set(OutboxState):
                raise Refusal("invalid", field="state", error="one of " + ", ".join(OutboxState))
            where["state"] = OutboxState(state)
        async with self._store.reading() as tx:
            total = (await tx.outbox.page(Query(where=where, limit=0))).total
            most = min(limit, SHOWN_MOST)
            page = await tx.outbox.page(Query(where=where, offset=max(0, total - most), limit=most))
        return [_row(entry) for entry in page.items]

    async def retry(self, id: str) -> None:
        """Have it sent now, also what had been given up. Raises Refusal not-found, or state when it was sent."""
        async with self._store.transaction() as tx:
            entry = await self._entry(tx, id)
            if entry.state is OutboxState.SENT or not entry.payload:
                raise Refusal("state", kind="outbox entry", state=entry.state.value)
            waiting = replace(entry, state=OutboxState.WAITING, due=self._clock.utc(), tries=0)
            await tx.outbox.save(waiting)
        self.poke()

    async def forget(self, id: str) -> None:
        """Never send it (or show it) again. Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await tx.outbox.delete((await self._entry(tx, id)).id)

    @staticmethod
    async def _entry(tx: Transaction, id: str) -> OutboxEntry:
        entry = await tx.outbox.get(id)
        if entry is None:
            raise Refusal("not-found", kind="outbox entry", id=id)
        return entry


def _row(entry: OutboxEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "state": entry.state.value,
        "channel": entry.channel.value,
        "notice": entry.notice.value,
        "recipient": entry.recipient,
        "subject": entry.subject,
        "created": _text(entry.created),
        "due": _text(entry.due) if entry.state is OutboxState.WAITING else None,
        "tries": entry.tries,
        "sent": _text(entry.sent),
        "last_error": entry.last_error or None,
        "conference": entry.conference,
    }


def _text(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None
