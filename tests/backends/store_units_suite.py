"""Units of work: what is seen when, and what is undone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from parley.app.ports import KeptAnswer, Query, Store, Transaction
from parley.core.people import Administrator, Application, SystemDefaults, Tenant
from parley.core.secret import Secret
from tests.backends.store_samples import (
    FULL,
    LEG,
    TENANT,
    T,
    conference,
    fill,
    ids,
    occurrence,
    space,
    stay,
)
from tests.kit.samples import EVENTS


class UnitsSuite:
    async def test_a_commit_is_visible_to_readers_when_the_block_has_ended(self, store: Store) -> None:
        """Readers see nothing before and everything after; the writer sees its own writes."""
        async with store.transaction() as transaction:
            await transaction.spaces.add(space(1))
            assert await transaction.spaces.get("s1") == space(1)
            async with asyncio.timeout(5), store.reading() as reading:
                assert await reading.spaces.get("s1") is None
        async with store.reading() as reading:
            assert await reading.spaces.get("s1") == space(1)

    async def test_every_commit_of_what_people_set_is_another_generation(self, store: Store) -> None:
        """What was read before it can be told from what was read after it; reading changes nothing."""
        seen = [store.generation]
        await fill(store, space(1))
        seen.append(store.generation)
        async with store.transaction() as transaction:
            await transaction.save_system_defaults(SystemDefaults(LEG))
        seen.append(store.generation)
        async with store.transaction() as transaction:
            await transaction.spaces.delete("s1")
        seen.append(store.generation)
        async with store.reading() as reading:
            await reading.spaces.get("s1")
        assert len(set(seen)) == 4
        assert store.generation == seen[-1]

    async def test_a_reader_keeps_what_it_saw_first(self, store: Store) -> None:
        """A commit during a reading does not show in it."""
        await fill(store, space(1))
        async with store.reading() as reading:
            assert (await reading.spaces.page(Query())).total == 1
            await fill(store, space(2))
            assert (await reading.spaces.page(Query())).total == 1
            assert await reading.spaces.get("s2") is None

    async def test_a_block_that_raises_leaves_nothing(self, store: Store) -> None:
        """Every kind of write before the error is undone."""
        await fill(store, space(1))

        async def writes(transaction: Transaction) -> None:
            await transaction.spaces.add(space(2))
            await transaction.spaces.delete("s1")
            await transaction.save_administrator(Administrator("root", Secret("x")))
            await transaction.save_application(Application("app", Secret("x")))
            await transaction.save_system_defaults(SystemDefaults(LEG))
            await transaction.add_events("seg", 1, [(datetime(2026, 1, 1, tzinfo=UTC), EVENTS[0])])
            await transaction.conferences.add(conference(1))
            await transaction.occurrences.add(occurrence("o1"))
            await transaction.add_attendance(stay("ann"))
            await transaction.keep_answer("ann", "k", KeptAnswer(200, b"", "", T))
            await transaction.outbox.add(FULL["outbox"])
            raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop"):
            async with store.transaction() as transaction:
                await writes(transaction)
        async with store.reading() as reading:
            assert ids((await reading.spaces.page(Query())).items) == ["s1"]
            assert await reading.administrators() == []
            assert await reading.application("app") is None
            assert await reading.system_defaults() == SystemDefaults()
            assert await reading.events() == []
            assert await reading.conferences.by_number("914083136") is None
            assert await reading.attendance("o1") == []
            assert await reading.kept_answer("ann", "k") is None
            assert await reading.outbox.next_due() is None

    async def test_a_cancelled_block_leaves_nothing_and_the_next_one_works(self, store: Store) -> None:
        """A task cancelled amid a transaction neither commits nor keeps the lock."""
        entered = asyncio.Event()

        async def stuck() -> None:
            async with store.transaction() as transaction:
                await transaction.spaces.add(space(1))
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(stuck())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await fill(store, space(2))
        async with store.reading() as reading:
            assert ids((await reading.spaces.page(Query())).items) == ["s2"]

    async def test_write_transactions_are_serialised(self, store: Store) -> None:
        """Twenty tasks that each read, yield and write lose no update."""
        await fill(store, Tenant(TENANT, "t", participant_limit=0))

        async def increment() -> None:
            async with store.transaction() as transaction:
                tenant = await transaction.tenants.get(TENANT)
                assert tenant is not None
                assert tenant.participant_limit is not None
                await asyncio.sleep(0)
                await transaction.tenants.save(replace(tenant, participant_limit=tenant.participant_limit + 1))

        await asyncio.gather(*(increment() for _ in range(20)))
        async with store.reading() as reading:
            tenant = await reading.tenants.get(TENANT)
        assert tenant is not None
        assert tenant.participant_limit == 20

    async def test_nested_write_transactions_are_refused(self, store: Store) -> None:
        """A task that opens a second one gets an error instead of waiting for itself for ever."""
        with pytest.raises(RuntimeError):
            async with asyncio.timeout(5), store.transaction(), store.transaction():
                pass
        await fill(store, space(1))

    async def test_readers_cannot_write(self, store: Store) -> None:
        """A write in a reading raises RuntimeError."""
        async with store.reading() as reading:
            with pytest.raises(RuntimeError):
                await reading.spaces.add(space(1))
            with pytest.raises(RuntimeError):
                await reading.save_administrator(Administrator("root", Secret("x")))
