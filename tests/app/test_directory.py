"""Live legs and meetings: the host's coming and going, decisions of people, and that every end leaves nothing."""

from __future__ import annotations

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegActivated, LegDeactivated, LegEnded, ParticipantJoined, ParticipantLeft
from parley.core.ids import LegId, MeetingId, SpaceId
from parley.core.leg_inputs import MediaChanged
from parley.core.meeting_inputs import AdmitParticipant, End, SendBack, SetKeptWhenEmpty, SetLocked
from parley.core.profiles import DeactivationMode
from parley.core.refusals import Refusal
from tests.app.floor import AUDIO, PROMPT, Floor

DROPPED = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)


# --- the host comes and goes -----------------------------------------------------------------------------------


async def test_guests_wait_until_a_host_is_there(floor: Floor) -> None:
    """They neither hear nor are heard; with the host everybody hears everybody."""
    await floor.two_doors()
    guests = [await floor.enter("guest") for _ in range(2)]
    assert all(guest.waits for guest in guests)
    hears = floor.engine.hears
    assert not hears(guests[0].leg.id, guests[1].leg.id)
    host = await floor.enter("host")
    legs = [call.leg.id for call in (*guests, host)]
    assert all(hears(one, other) for one in legs for other in legs if one != other)


async def test_events_come_in_the_order_of_the_event_log(floor: Floor) -> None:
    """Guests: deactivated, joined; host: joined, then each guest ceasing in join order; and back again (section 5)."""
    await floor.two_doors()
    guests = [await floor.enter("guest") for _ in range(2)]
    host = await floor.enter("host")
    await host.end()
    one, two, three = guests[0].leg.id, guests[1].leg.id, host.leg.id
    kinds = (LegDeactivated, ParticipantJoined, LegActivated, ParticipantLeft, LegEnded)
    told = [(type(event), event.leg) for event in floor.events(*kinds) if hasattr(event, "leg")]
    assert told == [
        (LegDeactivated, one),
        (ParticipantJoined, one),
        (LegDeactivated, two),
        (ParticipantJoined, two),
        (ParticipantJoined, three),
        (LegActivated, one),
        (LegActivated, two),
        (LegEnded, three),
        (ParticipantLeft, three),
        (LegDeactivated, one),
        (LegDeactivated, two),
    ]


async def test_the_whole_story_of_a_call_in_order(floor: Floor) -> None:
    """From its arrival to the meeting's end."""
    await floor.space(pin="123")
    call = await floor.enter("room")
    await floor.wait(PROMPT)
    await call.type("123#")
    await call.end()
    assert floor.story() == [
        "LegArrived",
        "LegConnected",
        "PromptUnanswered",
        "MeetingStarted",
        "ParticipantJoined",
        "UnencryptedMediaPresent",
        "LegEnded",
        "ParticipantLeft",
        "MeetingEnded",
    ]


@pytest.mark.parametrize("delay", [0, 30])
@pytest.mark.parametrize("mode", DeactivationMode)
async def test_what_the_last_host_leaves_behind(floor: Floor, mode: DeactivationMode, delay: int) -> None:
    """Each guest acts by its own mode after its own delay: waits again, is hung up, or stays."""
    await floor.two_doors(deactivation_mode=mode, deactivation_delay=delay)
    guest, host = await floor.enter("guest"), await floor.enter("host")
    await host.end()
    if delay:
        await floor.wait(delay - 0.1)
        assert guest.active
        await floor.wait(0.1)
    match mode:
        case DeactivationMode.DEACTIVATE:
            assert guest.waits
        case DeactivationMode.DISCONNECT:
            assert guest.reason is Reason.DEACTIVATED and guest.door.hung_up is not None
        case DeactivationMode.REMAIN:
            await floor.wait(600)
            assert guest.active


@pytest.mark.parametrize("mode", [DeactivationMode.DEACTIVATE, DeactivationMode.DISCONNECT])
async def test_a_host_back_in_time_stops_the_clock(floor: Floor, mode: DeactivationMode) -> None:
    """Within the delay nothing happens to the guests, and nothing happens later either."""
    await floor.two_doors(deactivation_mode=mode, deactivation_delay=30)
    guest, host = await floor.enter("guest"), await floor.enter("host")
    await host.end()
    await floor.wait(29.9)
    await floor.enter("host")
    await floor.wait(600)
    assert guest.active


async def test_the_last_of_several_hosts_counts(floor: Floor) -> None:
    """One leaves, another is still there: nothing happens."""
    await floor.two_doors()
    guest = await floor.enter("guest")
    hosts = [await floor.enter("host") for _ in range(2)]
    await hosts[0].end()
    assert guest.active
    await hosts[1].end()
    assert guest.waits


async def test_who_stayed_too_long_is_hung_up(floor: Floor) -> None:
    """max_duration counts from joining, waiting or not."""
    await floor.space(leg_profile=await floor.guests(max_duration=60))
    call = await floor.enter("room")
    await floor.wait(59.9)
    assert call.waits
    await floor.wait(0.1)
    assert call.reason is Reason.TOO_LONG
    floor.assert_nothing_left()


# --- people decide ---------------------------------------------------------------------------------------------


async def test_a_locked_meeting_keeps_newcomers_waiting(floor: Floor) -> None:
    """Host or not; nobody inside is touched; unlocking lets them in."""
    await floor.two_doors()
    inside = await floor.enter("host")
    meeting = floor.meeting()
    assert meeting is not None
    assert await floor.directory.tell(meeting.meeting, SetLocked(True))
    late = [await floor.enter(user) for user in ("guest", "host")]
    assert inside.active and all(call.waits for call in late)
    await floor.directory.tell(meeting.meeting, SetLocked(False))
    assert all(call.active for call in late)


async def test_one_is_admitted_and_sent_back(floor: Floor) -> None:
    """A person lets one waiting participant in without a host, and sends it out again."""
    await floor.two_doors()
    first, second = await floor.enter("guest"), await floor.enter("guest")
    meeting = floor.meeting()
    assert meeting is not None
    await floor.directory.tell(meeting.meeting, AdmitParticipant(first.leg.participant))
    assert first.active and second.waits
    await floor.directory.tell(meeting.meeting, SendBack(first.leg.participant))
    assert first.waits
    await floor.enter("host")
    assert first.waits and second.active


async def test_an_api_reaches_nothing_that_is_not_there(floor: Floor) -> None:
    """Unknown meetings, legs and spaces are told apart from known ones, and nothing is made."""
    assert not await floor.directory.tell(MeetingId("none"), SetLocked(True))
    assert not await floor.directory.drop_leg(LegId("none"), DROPPED)
    with pytest.raises(Refusal, match="not-found"):
        await floor.directory.open(SpaceId("none"))
    floor.assert_nothing_left()


async def test_a_meeting_opened_by_an_api_stays_until_it_may_go(floor: Floor) -> None:
    """It stays though empty; legs join it; let go while empty, it ends."""
    space = await floor.space()
    meeting = await floor.directory.open(SpaceId(space))
    assert await floor.directory.open(SpaceId(space)) == meeting
    call = await floor.enter("room")
    assert call.live is not None and call.live.meeting == meeting
    await call.end()
    assert floor.meeting() is not None
    await floor.directory.tell(meeting, SetKeptWhenEmpty(False))
    floor.assert_nothing_left()


async def test_an_ended_meeting_hangs_everybody_up_and_a_new_one_begins(floor: Floor) -> None:
    """The next caller of the space meets in another meeting."""
    await floor.two_doors()
    calls = [await floor.enter(user) for user in ("guest", "host")]
    before = floor.meeting()
    assert before is not None
    await floor.directory.tell(before.meeting, End(DROPPED))
    assert all(call.door.hung_up == DROPPED for call in calls)
    await floor.enter("host")
    after = floor.meeting()
    assert after is not None and after.meeting != before.meeting


async def test_legs_are_listed_in_order_of_arrival(floor: Floor) -> None:
    """With where they are and in what state."""
    await floor.space(pin="1")
    calls = [await floor.enter("room", "1#"), await floor.enter("room"), await floor.dial("room")]
    legs = floor.directory.legs()
    assert [leg.leg for leg in legs] == [call.leg.id for call in calls]
    assert [leg.number for leg in legs] == [1, 2, 3]
    assert [leg.meeting is not None for leg in legs] == [True, False, False]
    found = floor.directory.participant(calls[0].leg.participant)
    assert found is not None and found.leg == calls[0].leg.id
    calls[0].leg.post(MediaChanged(type(AUDIO)("192.0.2.1", 30000, AUDIO.codec, sends=False, receives=False)))
    await floor.settle()
    assert floor.directory.legs()[0].state == "on-hold"
