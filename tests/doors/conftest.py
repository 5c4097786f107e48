"""Fixtures of the doors' tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from parley.backends.store.sql import SqlStore
from tests.doors.cms_rig import Rig
from tests.doors.huawei_people_rig import PeopleRig
from tests.doors.native_rig import NativeRig


@asynccontextmanager
async def on_disk(directory: Path) -> AsyncIterator[SqlStore]:
    store = SqlStore(f"sqlite+aiosqlite:///{directory / 'parley.db'}", Fernet.generate_key())
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture
async def cms() -> AsyncIterator[Rig]:
    """The API over a store in memory."""
    async with Rig() as rig:
        yield rig


@pytest.fixture
async def cms_on_disk(tmp_path: Path) -> AsyncIterator[Rig]:
    """The API over the real store."""
    async with on_disk(tmp_path) as store, Rig(store=store) as rig:
        yield rig


@pytest.fixture
async def huawei_people() -> AsyncIterator[PeopleRig]:
    """The accounts half of the JSON dialect over a store in memory."""
    async with PeopleRig() as rig:
        yield rig


@pytest.fixture
async def native() -> AsyncIterator[NativeRig]:
    """The native API over a store in memory."""
    async with NativeRig() as rig:
        yield rig


@pytest.fixture
async def native_on_disk(tmp_path: Path) -> AsyncIterator[NativeRig]:
    """The native API over the real store."""
    async with on_disk(tmp_path) as store, NativeRig(store=store) as rig:
        yield rig
