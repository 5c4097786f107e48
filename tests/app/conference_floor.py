"""The floor with conferences on it: people who book, a clock in UTC, notices that only write down, calls that ring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parley.app.booking import Actor, Booking, ConferenceRecord
from parley.app.conference_start import ConferenceStart
from parley.app.conferences import Conferences
from parley.app.ports import Query, Store, Transaction
from parley.app.rooms import Rooms
from parley.app.tasks import Tasks
from parley.app.timekeeper import Timekeeper
from parley.backends.system import RandomIdentifiers
from parley.core.conferences import Conference, Medium, Occurrence
from parley.core.ids import OutboxId, TenantId, UserId
from parley.core.outbox import Channel, Notice, OutboxEntry
from parley.core.people import AdministratorLevel, Tenant, User
from parley.core.refusals import Refusal
from tests.app.floor import Call, Floor
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.fake_call_placer import FakeCallPlacer

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # of the manual clock
MEDIA = (Medium.VOICE,)


def at(text: str) -> datetime:
    """2026-01-02 09:00 in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class WrittenNotices:
    """Implements Notices: one row in the outbox for each, so that it lives and dies with its transaction."""

    def __init__(self) -> None:
        self._identifiers = RandomIdentifiers()  # several processes write into one store
        self.before: ConferenceRecord | None = None

    async def booked(self, tx: Transaction, record: ConferenceRecord) -> None:
        await self._write(tx, Notice.BOOKED, record)

    async def changed(self, tx: Transaction, before: ConferenceRecord, after: ConferenceRecord) -> None:
        self.before = before
        await self._write(tx, Notice.CHANGED, after)

    async def cancelled(self, tx: Transaction, record: ConferenceRecord) -> None:
        await self._write(tx, Notice.CANCELLED, record)

    async def occurrence_changed(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        await self._write(tx, Notice.OCCURRENCE_CHANGED, record, occurrence)

    async def occurrence_cancelled(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        await self._write(tx, Notice.OCCURRENCE_CANCELLED, record, occurrence)

    async def reminder(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        await self._write(tx, Notice.REMINDER, record, occurrence)

    async def _write(
        self, tx: Transaction, notice: Notice, record: ConferenceRecord, occurrence: Occurrence | None = None
    ) -> None:
        assert record.space.id == record.conference.space
        assert record.guest.call_id and record.host.passcode, "a notice can name the ways in, also of what is cancelled"
        await tx.outbox.add(
            OutboxEntry(
                id=OutboxId(self._identifiers.uuid()),
                channel=Channel.MAIL,
                notice=notice,
                recipient="everybody@example.com",
                message_id="m",
                payload=b"",
                created=NOW,
                due=NOW,
                conference=record.conference.id,
                occurrence=occurrence.id if occurrence else None,
                subject=f"{record.conference.subject} {record.conference.sequence}",
            )
        )


class ConferenceFloor(Floor):
    """alice books, bob is invited, the chief administers; eve is of another tenant."""

    def __init__(self, *, store: Store | None = None, placer: FakeCallPlacer | None = None, **more: Any) -> None:
        super().__init__(store=store, **more)
        self.identifiers = CountedIdentifiers()
        self.identifiers._uuids = 1_000_000  # apart from those of the floor
        self.notices = WrittenNotices()
        self.placer = placer or FakeCallPlacer()
        self.conferences = Conferences(
            self.held,
            self.identifiers,
            self.clock,
            self.changes,
            self.notices,
            self.pins,
            self.directory,
            reserved=["9000"],
        )
        self.rooms = Rooms(self.held, self.identifiers, self.changes)
        self.calling = Tasks()
        self.start = ConferenceStart(self.placer, self.clock, self.journal, self.calling)
        self.timekeeper = Timekeeper(self.held, self.clock, self.changes, self.notices, self.directory, self.start)
        self.alice = Actor(UserId("alice"), None, AdministratorLevel.NONE)
        self.bob = Actor(UserId("bob"), None, AdministratorLevel.NONE)
        self.carol = Actor(UserId("carol"), None, AdministratorLevel.NONE)
        self.chief = Actor(UserId("chief"), None, AdministratorLevel.ADMINISTRATOR)
        self.eve = Actor(UserId("eve"), TenantId("other"), AdministratorLevel.ADMINISTRATOR)

    async def people(self) -> None:
        async with self.held.transaction() as tx:
            await tx.tenants.add(Tenant(TenantId("other"), "Other"))
            for name, number in (("alice", "2001"), ("bob", "2002"), ("carol", "2003"), ("chief", "2000")):
                jid = f"{name}@example.com"
                await tx.users.add(User(UserId(name), jid, name.title(), jid, number=number, account=name))
            await tx.users.add(User(UserId("eve"), "eve@other.example", tenant=TenantId("other")))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The timekeeper at work; leaving kills it like SIGKILL would: nothing is tidied up."""
        unsubscribe = self.journal.subscribe(self.timekeeper.take)
        task = asyncio.get_running_loop().create_task(self.timekeeper.run())
        for _ in range(8):  # it reads a month day by day before it comes to rest
            await self.settle()
        try:
            yield
        finally:
            unsubscribe()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # --- booking ---------------------------------------------------------------------------------------------

    async def book(self, **fields: Any) -> ConferenceRecord:
        actor = fields.pop("actor", self.alice)
        return await self.conferences.book(actor, Booking(**{"media": MEDIA, **fields}))

    async def refused(self, code: str, field: str | None = None, **fields: Any) -> Refusal:
        """A booking that is refused so and leaves no trace."""
        before = await self.everything()
        with pytest.raises(Refusal) as refused:
            await self.book(**fields)
        assert (refused.value.code, refused.value.data.get("field")) == (code, field)
        assert await self.everything() == before
        return refused.value

    # --- what is kept ----------------------------------------------------------------------------------------

    async def everything(self) -> list[Any]:
        async with self.held.reading() as tx:
            collections = (tx.conferences, tx.occurrences, tx.spaces, tx.access_methods, tx.outbox)
            return [(await collection.page(Query())).items for collection in collections]

    async def conference(self, record: ConferenceRecord) -> Conference:
        async with self.held.reading() as tx:
            found = await tx.conferences.get(record.conference.id)
        assert found is not None
        return found

    async def occurrences(self, record: ConferenceRecord) -> list[Occurrence]:
        async with self.held.reading() as tx:
            return await tx.occurrences.of([record.conference.id])

    async def only(self, record: ConferenceRecord) -> Occurrence:
        (occurrence,) = await self.occurrences(record)
        return occurrence

    async def states(self, record: ConferenceRecord) -> list[str]:
        return [one.state.value for one in await self.occurrences(record)]

    async def notified(self) -> list[str]:
        """The notices so far, oldest first."""
        async with self.held.reading() as tx:
            return [entry.notice.value for entry in (await tx.outbox.page(Query())).items]

    async def has_space(self, record: ConferenceRecord) -> bool:
        async with self.held.reading() as tx:
            return await tx.spaces.get(record.space.id) is not None

    # --- coming in -------------------------------------------------------------------------------------------

    async def host_enters(self, record: ConferenceRecord) -> Call:
        assert record.host.passcode is not None and record.guest.call_id is not None
        return await self.enter(record.guest.call_id, record.host.passcode.reveal() + "#")

    async def guest_enters(self, record: ConferenceRecord) -> Call:
        assert record.guest.passcode is not None and record.guest.call_id is not None
        return await self.enter(record.guest.call_id, record.guest.passcode.reveal() + "#")

    async def until(self, moment: str | datetime) -> None:
        """Let time pass."""
        wanted = at(moment) if isinstance(moment, str) else moment
        await self.wait((wanted - self.clock.utc()) / timedelta(seconds=1))
