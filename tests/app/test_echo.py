"""The place built in where callers hear themselves."""

from __future__ import annotations

from parley.app.incoming_legs import echo_of
from parley.core.admission import Candidates
from parley.core.dialplan import Address, Echo
from parley.core.endings import Reason
from parley.core.leg_inputs import UnknownTarget
from tests.app.floor import Floor


async def test_each_caller_hears_himself_and_counts_as_a_leg(floor: Floor) -> None:
    """Two callers are in no meeting and in a plan each; after their time everything is given back."""
    first, second = await floor.enter("echo"), await floor.enter("echo")
    assert floor.meeting() is None and len(floor.directory.legs()) == 2
    for call in (first, second):
        [only] = floor.engine.plans[echo_of(call.leg.id)].legs
        assert (only.leg, only.echo, only.contributes, only.receives) == (call.leg.id, 1.0, True, True)
        assert call.heard == ["echo"]
    await first.end()
    await floor.wait(300.0)
    assert second.reason is Reason.TOO_LONG
    floor.assert_nothing_left()


async def test_a_space_of_that_name_goes_before_it(floor: Floor) -> None:
    """Somebody's own space named echo is what its callers reach; without it the echo is back."""
    address = Address("echo", "example.com")
    assert await floor.lookup.resolve(address) == Echo()
    space = await floor.space("echo")
    found = await floor.lookup.resolve(address)
    assert isinstance(found, Candidates) and found.space == space
    await floor.use.spaces.delete(space)
    assert await floor.lookup.resolve(address) == Echo()


async def test_it_answers_at_our_domains_alone(floor: Floor) -> None:
    """Elsewhere nothing is of that name."""
    assert await floor.lookup.resolve(Address("echo", "elsewhere.example")) == UnknownTarget()
    assert await floor.lookup.resolve(Address("echoes", "example.com")) == UnknownTarget()
