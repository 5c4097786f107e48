"""Fixtures of the doors' tests."""

from collections.abc import AsyncIterator

import pytest

from tests.doors.cms_rig import Rig


@pytest.fixture
async def cms() -> AsyncIterator[Rig]:
    async with Rig() as rig:
        yield rig
