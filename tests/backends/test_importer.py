"""From the journal into the store, each line once."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from parley.app.ports import Store, StoreUnavailable, Transaction
from parley.backends.journal.file import FileJournal
from parley.backends.journal.importer import Importer
from parley.backends.journal.segments import list_segments
from parley.backends.store.sql import SqlStore
from parley.core.events import Event, LegConnected
from parley.core.ids import LegId
from tests.backends.test_journal import run_until_killed
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_store import MemoryStore, MemoryTransaction
from tests.kit.samples import EVENTS


class WatchedStore:
    """A memory store that counts the lines of each import and can be told to fail before or after the commit."""

    def __init__(self) -> None:
        self.inner = MemoryStore()
        self.groups: list[int] = []
        self.fail_before = 0
        self.fail_after = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        if self.fail_before:
            self.fail_before -= 1
            raise OSError("the database is not there")
        async with self.inner.transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            real = transaction.add_events

            async def counted(segment: str, first: int, events: Sequence[tuple[datetime, Event]]) -> int:
                self.groups.append(len(events))
                return await real(segment, first, events)

            transaction.add_events = counted  # type: ignore[method-assign]
            yield transaction
        if self.fail_after:
            self.fail_after -= 1
            raise OSError("killed after the commit")

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        return self.inner.reading()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore()


def leg(number: int) -> LegConnected:
    return LegConnected(LegId("l"), number, False)


async def numbers(store: Store) -> list[int]:
    async with store.reading() as reading:
        events = await reading.events(limit=100_000)
    return [stored.event.number for stored in events]  # type: ignore[union-attr]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for work on other threads, at most five seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.001)


async def test_every_event_reaches_the_store_with_its_time(
    tmp_path: Path, clock: ManualClock, store: WatchedStore
) -> None:
    """What the store tells is what was journalled, in order; a second import finds nothing new."""
    journal = FileJournal(tmp_path, clock)
    expected = []
    for event in EVENTS:
        clock.advance(1)
        journal.append(event)
        expected.append((clock.utc(), event))
    importer = Importer(journal, store, clock)
    assert await importer.import_now() == len(EVENTS)
    assert await importer.import_now() == 0
    async with store.reading() as reading:
        assert [(stored.at, stored.event) for stored in await reading.events()] == expected


async def test_lines_are_imported_in_groups(tmp_path: Path, clock: ManualClock, store: WatchedStore) -> None:
    """No transaction holds more lines than the group's size, and none is without lines."""
    journal = FileJournal(tmp_path, clock)
    for number in range(25):
        journal.append(leg(number))
    assert await Importer(journal, store, clock, group=10).import_now() == 25
    assert store.groups == [10, 10, 5]
    assert await numbers(store) == list(range(25))


async def test_complete_segments_are_deleted_once_imported(
    tmp_path: Path, clock: ManualClock, store: WatchedStore
) -> None:
    """Only the segment in use is left, and nothing when the journal has been closed."""
    journal = FileJournal(tmp_path, clock, segment_bytes=500)
    for number in range(50):
        journal.append(leg(number))
    importer = Importer(journal, store, clock)
    before = list_segments(journal.directory)
    await importer.import_now()
    assert list_segments(journal.directory) == before[-1:]
    journal.append(leg(50))
    journal.close()
    await importer.import_now()
    assert list(journal.directory.iterdir()) == []
    assert await numbers(store) == list(range(51))


@pytest.mark.parametrize("failure", ["fail_before", "fail_after"])
async def test_a_failing_store_delays_but_neither_loses_nor_repeats(
    tmp_path: Path, clock: ManualClock, store: WatchedStore, failure: str
) -> None:
    """An import that fails, before its commit or after it, leaves files and order right for the next."""
    journal = FileJournal(tmp_path, clock)
    for number in range(30):
        journal.append(leg(number))
    journal.close()
    importer = Importer(journal, store, clock, group=10)
    setattr(store, failure, 1)
    with pytest.raises(OSError, match=r"database|killed"):
        await importer.import_now()
    assert list_segments(journal.directory)
    await importer.import_now()
    assert await numbers(store) == list(range(30))
    assert list_segments(journal.directory) == []


async def test_at_the_end_what_the_store_does_not_take_stays(
    tmp_path: Path, clock: ManualClock, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that stops while its database is locked stops in good order; the next one imports the rest."""
    journal = FileJournal(tmp_path, clock)
    for number in range(3):
        journal.append(leg(number))

    def locked() -> None:
        raise StoreUnavailable("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "transaction", locked)
        await Importer(journal, store, clock).finish()
    await Importer(journal, store, clock).finish()
    assert await numbers(store) == [0, 1, 2]


async def test_the_running_importer_has_what_was_held_written(
    tmp_path: Path, clock: ManualClock, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the disk has room, nobody needs to call for it: what was held reaches the store with the next turn."""
    journal = FileJournal(tmp_path, clock)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda _descriptor, _data: 0)
        journal.append(leg(0))
    task = asyncio.create_task(Importer(journal, store, clock).run())
    await until(lambda: store.groups == [1])
    assert await numbers(store) == [0]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_new_importer_goes_on_where_the_store_is(
    tmp_path: Path, clock: ManualClock, store: WatchedStore
) -> None:
    """After a crash between commit and deletion the segment is read again and nothing is kept twice."""
    journal = FileJournal(tmp_path, clock)
    for number in range(12):
        journal.append(leg(number))
    await Importer(journal, store, clock, group=5).import_now()
    journal.append(leg(12))
    assert await Importer(journal, store, clock, group=5).import_now() == 1
    assert await numbers(store) == list(range(13))


async def test_a_torn_last_line_is_passed_over(tmp_path: Path, clock: ManualClock, store: WatchedStore) -> None:
    """A line without its end is left alone while the segment is written, and goes with it afterwards."""
    journal = FileJournal(tmp_path, clock)
    journal.append(leg(1))
    (segment,) = list_segments(journal.directory)
    with segment.open("ab") as file:
        file.write(b'{"at":"2026-01-01T00:0')
    importer = Importer(journal, store, clock)
    assert await importer.import_now() == 1
    journal.close()
    assert await importer.import_now() == 0
    assert list(journal.directory.iterdir()) == []
    assert await numbers(store) == [1]


async def test_a_line_that_is_being_written_is_imported_once_whole(
    tmp_path: Path, clock: ManualClock, store: WatchedStore
) -> None:
    """Half a line waits for its other half."""
    journal = FileJournal(tmp_path, clock)
    journal.append(leg(1))
    (segment,) = list_segments(journal.directory)
    line = segment.read_bytes().replace(b'"number":1', b'"number":2')
    importer = Importer(journal, store, clock)
    for part in (line[:30], line[30:]):
        with segment.open("ab") as file:
            file.write(part)
        await importer.import_now()
    assert await numbers(store) == [1, 2]


async def test_unreadable_lines_are_set_aside_with_their_segment(
    tmp_path: Path, clock: ManualClock, store: WatchedStore
) -> None:
    """What stands around a damaged line is imported, the file is kept for a person, and only so many of them."""
    journal = FileJournal(tmp_path, clock)
    importer = Importer(journal, store, clock)
    for round_ in range(12):
        journal.append(leg(2 * round_))
        with list_segments(journal.directory)[-1].open("ab") as file:
            file.write(b"damage\n\n")
        journal.append(leg(2 * round_ + 1))
        journal.close()
        await importer.import_now()
    assert await numbers(store) == list(range(24))
    kept = list(journal.directory.iterdir())
    assert len(kept) == 10
    assert {file.suffix for file in kept} == {".rejected"}
    assert await importer.import_now() == 0


async def test_a_long_segment_is_read_to_its_end_in_one_import(
    tmp_path: Path, clock: ManualClock, store: WatchedStore
) -> None:
    """Lines of the greatest length, more of them than one reading takes, are all imported before the deletion."""
    journal = FileJournal(tmp_path, clock)
    for number in range(200):
        journal.append(LegConnected(LegId("\x01" * 60_000), number, False))
    journal.close()
    await Importer(journal, store, clock).import_now()
    assert len(store.groups) > 1
    assert await numbers(store) == list(range(200))
    assert list_segments(journal.directory) == []


async def test_the_running_importer_works_every_half_second(
    tmp_path: Path, clock: ManualClock, store: WatchedStore
) -> None:
    """Appended lines are imported at the next turn, not before; a failing turn is tried again."""
    journal = FileJournal(tmp_path, clock)
    running = asyncio.create_task(Importer(journal, store, clock).run())
    await until(lambda: clock.pending() == 1)
    journal.append(leg(1))
    clock.advance(0.4)
    await asyncio.sleep(0.02)
    assert store.groups == []
    clock.advance(0.2)
    await until(lambda: store.groups == [1] and clock.pending() == 1)
    journal.append(leg(2))
    store.fail_before = 1
    clock.advance(0.5)
    await until(lambda: store.fail_before == 0 and clock.pending() == 1)
    assert store.groups == [1]
    clock.advance(0.5)
    await until(lambda: store.groups == [1, 1] and clock.pending() == 1)
    assert await numbers(store) == [1, 2]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert clock.pending() == 0


async def test_a_whole_group_does_not_wait(tmp_path: Path, clock: ManualClock, store: WatchedStore) -> None:
    """When as many lines as a group have come together they are imported with no time passing."""
    journal = FileJournal(tmp_path, clock)
    running = asyncio.create_task(Importer(journal, store, clock, group=10).run())
    await until(lambda: clock.pending() == 1)
    for number in range(10):
        journal.append(leg(number))
    await until(lambda: store.groups == [10])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_events_of_a_killed_server_are_imported_once_by_the_next(tmp_path: Path) -> None:
    """SIGKILL amid journalling; two restarts of importer and database; every told event is there exactly once."""
    told = run_until_killed(tmp_path, 300)
    clock = ManualClock()
    counts = []
    for _ in range(2):
        store = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}", Fernet.generate_key())
        await store.migrate()
        journal = FileJournal(tmp_path, clock)
        await Importer(journal, store, clock, group=50).import_now()
        kept = await numbers(store)
        counts.append(len(kept))
        assert kept == list(range(1, len(kept) + 1))
        await store.close()
    assert told <= counts[0] == counts[1] <= told + 1
    assert list_segments(tmp_path / "journal") == []
