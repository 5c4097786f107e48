"""Judging PINs: attempts are reserved before and settled after, whatever happens between."""

from __future__ import annotations

import asyncio

import pytest

from parley.core.admission import Admit, Candidates, WrongPin
from parley.core.dialplan import Address
from parley.core.endings import Reason
from parley.core.events import EntryLockedOut
from parley.core.ids import SpaceId
from parley.core.secret import Secret
from tests.app.floor import Floor

SOURCE = "192.0.2.1"


async def doors(floor: Floor) -> Candidates:
    """A space with one PIN, 123."""
    await floor.space(pin="123")
    found = await floor.lookup.resolve(Address("room", "example.com"))
    assert isinstance(found, Candidates)
    return found


async def test_a_right_pin_admits_and_counts_nothing(floor: Floor) -> None:
    """However often it is typed."""
    found = await doors(floor)
    for _ in range(50):
        assert isinstance(await floor.pins.judge(found, Secret("123"), SOURCE), Admit)


async def test_a_right_pin_forgives_no_wrong_ones(floor: Floor) -> None:
    """Who knows one PIN cannot guess the others for ever."""
    found = await doors(floor)
    for _ in range(19):
        await floor.pins.judge(found, Secret("9"), SOURCE)
    assert isinstance(await floor.pins.judge(found, Secret("123"), SOURCE), Admit)
    await floor.pins.judge(found, Secret("9"), SOURCE)
    assert floor.pins.is_locked(found.space, SOURCE)
    assert await floor.pins.judge(found, Secret("123"), SOURCE) == WrongPin(Reason.LOCKED_OUT)


async def test_a_lock_out_is_journalled_once_for_space_and_source(floor: Floor) -> None:
    """At the wrong PIN that reaches the bound, and not again for those after it."""
    found = await doors(floor)
    for _ in range(30):
        await floor.pins.judge(found, Secret("9"), SOURCE)
    assert floor.events() == [EntryLockedOut(found.space, None), EntryLockedOut(None, SOURCE)]


async def test_an_unknown_call_id_counts_against_its_source_alone(floor: Floor) -> None:
    """There is no space to lock."""
    for _ in range(20):
        assert await floor.pins.judge(None, Secret("9"), SOURCE) == WrongPin(Reason.UNKNOWN_CALL_ID)
    assert floor.pins.is_locked(None, SOURCE)
    assert not floor.pins.is_locked(SpaceId("any"), "192.0.2.2")


@pytest.mark.parametrize("how", ["failed", "cancelled"])
async def test_an_attempt_that_was_not_judged_is_given_back(floor: Floor, how: str) -> None:
    """The store failed, or the server gave the work up: nobody learned anything."""
    found = await doors(floor)
    for _ in range(30):
        if how == "failed":
            floor.held.broken = True
            with pytest.raises(OSError):
                await floor.pins.judge(found, Secret("9"), SOURCE)
            floor.held.broken = False
        else:
            floor.held.hold()
            judging = asyncio.ensure_future(floor.pins.judge(found, Secret("9"), SOURCE))
            await floor.settle()
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)
            floor.held.release()
    assert isinstance(await floor.pins.judge(found, Secret("123"), SOURCE), Admit)


async def test_guesses_under_way_count_as_wrong(floor: Floor) -> None:
    """While twenty are being read for, the twenty-first is locked out; when they were right, nothing is left of it."""
    found = await doors(floor)
    floor.held.hold()
    flying = [asyncio.ensure_future(floor.pins.judge(found, Secret("123"), SOURCE)) for _ in range(20)]
    await floor.settle()
    late = asyncio.ensure_future(floor.pins.judge(found, Secret("123"), SOURCE))
    await floor.settle()
    floor.held.release()
    assert all(isinstance(verdict, Admit) for verdict in await asyncio.gather(*flying))
    assert await late == WrongPin(Reason.LOCKED_OUT)
    assert isinstance(await floor.pins.judge(found, Secret("123"), SOURCE), Admit)
