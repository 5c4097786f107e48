"""Authority over a meeting, whatever the door: it goes by what the acting leg stands as at this moment."""

import pytest

from parley.app.moderation import Moderation
from parley.core.endings import Reason
from parley.core.ids import LegId, ParticipantId, SpaceId
from parley.core.refusals import Refusal
from parley.core.spaces import Role
from tests.app.floor import Floor


async def two(floor: Floor) -> tuple[LegId, LegId]:
    """A host and a guest at phones: moderation does not ask by which door somebody came."""
    await floor.two_pins()
    host = await floor.enter("room", "2222#")
    guest = await floor.enter("room", "1111#")
    return host.leg.id, guest.leg.id


def person(floor: Floor, leg: LegId) -> ParticipantId:
    live = floor.directory.leg(leg)
    assert live is not None
    return live.participant


async def code(act: object) -> str:
    with pytest.raises(Refusal) as caught:
        await act  # type: ignore[misc]
    return caught.value.code


async def test_a_host_who_waits_or_was_made_a_guest_looks_after_nothing(floor: Floor) -> None:
    """Rights are read when somebody acts, not when he came."""
    host, guest = await two(floor)
    does = Moderation(floor.directory, floor.clock)
    await does.make_host(host, person(floor, guest), True)
    await does.send_back(guest, person(floor, host))
    assert await code(does.lock(host, True)) == "not-permitted"
    await does.admit_all(guest)
    await does.lock(host, True)
    await does.make_host(guest, person(floor, host), False)
    assert await code(does.lock(host, False)) == "not-permitted"
    meeting = floor.meeting()
    assert meeting is not None and meeting.locked
    assert [leg.stands_as for leg in meeting.legs] == [Role.GUEST, Role.HOST]


async def test_a_guest_again_is_one_as_his_door_says(floor: Floor) -> None:
    """Whoever had been promoted and is made a guest again stays in, and needs a host where its door asks for one."""
    host, guest = await two(floor)
    does = Moderation(floor.directory, floor.clock)
    await does.make_host(host, person(floor, guest), True)
    await does.make_host(host, person(floor, guest), False)
    live = floor.directory.leg(guest)
    assert live is not None and live.view is not None
    assert live.view.effective.needs_activation and not live.view.waits


async def test_a_leg_at_the_entrance_is_in_no_meeting(floor: Floor) -> None:
    """Nothing can be done from there, and nothing by a leg that is gone."""
    await floor.two_pins()
    call = await floor.enter("room")
    does = Moderation(floor.directory, floor.clock)
    for leg in (call.leg.id, LegId("gone")):
        assert await code(does.mute_oneself(leg, True)) == "state"
        assert await code(does.end(leg)) == "state"


async def test_ending_for_all_is_told_beforehand(floor: Floor) -> None:
    """So that whoever is still being called into it is called no more."""
    told: list[tuple[SpaceId, int]] = []
    does = Moderation(floor.directory, floor.clock, lambda space: told.append((space, len(floor.directory.meetings()))))
    host, guest = await two(floor)
    assert await code(does.end(guest)) == "not-permitted" and told == []
    space = floor.directory.meetings()[0].space
    await does.end(host)
    await floor.settle()
    assert told == [(space, 1)] and floor.directory.meetings() == []
    ended = [event for event in floor.events() if type(event).__name__ == "LegEnded"]
    assert {event.ending.reason for event in ended} == {Reason.MEETING_ENDED}  # type: ignore[attr-defined]
