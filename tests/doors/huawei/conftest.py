"""A signed-in client over everything in memory."""

from collections.abc import AsyncIterator

import pytest

from tests.doors.huawei.rig import MeetingRig


@pytest.fixture
async def rig() -> AsyncIterator[MeetingRig]:
    async with MeetingRig() as made:
        yield made
