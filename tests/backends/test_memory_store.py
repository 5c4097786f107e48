"""The fake store, and the same behind slow commits, held to the store's suite."""

import time

import pytest

from parley.app.ports import Store
from tests.backends.store_samples import fill, space
from tests.backends.store_suite import StoreSuite
from tests.kit.delayed_store import DelayedStore
from tests.kit.memory_store import MemoryStore


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestDelayedStore(StoreSuite):
    @pytest.fixture
    def store(self) -> Store:
        return DelayedStore(MemoryStore(), delay=0.001)


async def test_a_delayed_commit_takes_as_long_as_it_says() -> None:
    """Fifteen milliseconds are added to each commit."""
    began = time.monotonic()
    await fill(DelayedStore(MemoryStore()), space(1))
    assert time.monotonic() - began >= 0.015
