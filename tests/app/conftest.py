"""Fixtures of the app layer's tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from parley.backends.store.sql import SqlStore
from tests.app.floor import Floor, no_errors
from tests.app.web_floor import Web


@pytest.fixture
def floor() -> Iterator[Floor]:
    """An empty server; nothing of it may fail unseen."""
    with no_errors():
        yield Floor()


@pytest.fixture(params=["memory", "disk"])
async def web(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Web]:
    """Over the store in memory, and over the real one."""
    store = None
    if request.param == "disk":
        store = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}", Fernet.generate_key())
        await store.migrate()
    floor = Web(store=store)
    await floor.people()
    yield floor
    if store is not None:
        await store.close()
