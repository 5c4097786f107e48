"""What was read stays known until people set something else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from parley.app.ports import Transaction
from parley.app.remembered import Remembered
from parley.core.ids import SpaceId
from parley.core.spaces import Space
from tests.kit.held_store import HeldStore
from tests.kit.memory_store import MemoryStore

ROOM = Space(SpaceId("room"), name="Room")


async def name(tx: Transaction) -> str | None:
    space = await tx.spaces.get("room")
    return None if space is None else space.name


async def stocked() -> HeldStore:
    store = HeldStore(MemoryStore())
    async with store.transaction() as tx:
        await tx.spaces.add(ROOM)
    return store


async def test_what_is_known_is_not_read_again() -> None:
    """Of two who ask one after another, the second costs the store nothing."""
    store = await stocked()
    remembered = Remembered[str](store)
    assert [await remembered.read("a", name) for _ in range(2)] == ["Room", "Room"]
    assert store.reads == 1


async def test_a_change_is_seen_by_the_next_who_asks() -> None:
    """Everything known is forgotten with a commit."""
    store = await stocked()
    remembered = Remembered[str](store)
    await remembered.read("a", name)
    async with store.transaction() as tx:
        await tx.spaces.save(replace(ROOM, name="Hall"))
    assert remembered.recall("a") is None
    assert await remembered.read("a", name) == "Hall"


async def test_what_was_read_before_a_change_is_not_kept() -> None:
    """A reading that a commit overtakes is answered with, and not remembered."""
    store = await stocked()
    remembered = Remembered[str](store)
    store.hold()
    reading = asyncio.create_task(remembered.read("a", name))
    await asyncio.sleep(0)
    async with store.transaction() as tx:
        await tx.spaces.save(replace(ROOM, name="Hall"))
    store.release()
    assert await reading == "Room"
    assert await remembered.read("a", name) == "Hall"


async def test_what_is_not_there_is_not_remembered_and_the_rest_is_bounded() -> None:
    """Whoever asks for ever new things makes nothing grow."""
    store = await stocked()
    remembered = Remembered[str](store, most=2)

    async def nothing(tx: Transaction) -> str | None:
        return None

    assert await remembered.read("gone", nothing) is None
    for key in ("a", "b", "c"):
        await remembered.read(key, name)
    assert [remembered.recall(key) for key in ("a", "b", "c")] == [None, "Room", "Room"]
