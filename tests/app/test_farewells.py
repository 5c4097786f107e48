"""Who is sent out of a meeting hears why: he has left already, lists show him no more, and the BYE follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegEnded, MeetingEnded, ParticipantLeft
from parley.core.farewells import FAREWELL_LIMIT
from parley.core.leg_inputs import RemoteEnded
from parley.core.meeting_inputs import End
from tests.app.floor import HANG_UP, PROMPT, Call, no_errors
from tests.app.life import Life
from tests.kit.memory_store import MemoryStore

REMOVED = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
OVER = Ending(Side.ADMINISTRATOR, Reason.MEETING_ENDED)


def saying(life: Life) -> Life:
    life.services.entry = replace(life.services.entry, says_farewell=True)
    return life


@pytest.fixture
async def life() -> Life:
    return saying(Life(MemoryStore())).survive()


async def talking(life: Life) -> tuple[Call, Call]:
    """A guest and his host, for ten seconds."""
    await life.two_doors()
    guest, host = await life.enter("guest"), await life.enter("host")
    await life.wait(10)
    return guest, host


async def test_the_end_of_a_meeting(life: Life) -> None:
    """Meeting, participants and legs are gone at once; both hear that it has ended, and then get their BYE."""
    with no_errors():
        guest, host = await talking(life)
        meeting = life.meeting()
        assert meeting is not None
        assert await life.directory.tell(meeting.meeting, End(OVER))
        assert life.meeting() is None and life.directory.legs() == [] and life.engine.plans == {}
        assert len(life.events(ParticipantLeft)) == 2 and len(life.events(MeetingEnded)) == 1
        for call in (guest, host):
            assert call.heard[-1] == "meeting-ended" and call.live is None and call.door.hung_up is None
            assert call.leg.id in life.engine.legs
        await life.wait(PROMPT)
        assert guest.door.hung_up == host.door.hung_up == OVER
        ends = life.events(LegEnded)
        assert [(end.duration, end.active_duration) for end in ends] == [(11, 10), (11, 10)]  # type: ignore[attr-defined]
        await life.wait(10)
        life.assert_nothing_left()
        assert await life.rows() == (0, 0)


async def test_a_removal(life: Life) -> None:
    """The other one goes on, hears him no more, and he cannot be removed twice, moved, or sent keys."""
    guest, host = await talking(life)
    assert await life.directory.drop_leg(guest.leg.id, REMOVED)
    assert guest.heard[-1] == "disconnected" and guest.door.hung_up is None
    assert [leg.leg for leg in life.directory.legs()] == [host.leg.id]
    assert life.directory.leg(guest.leg.id) is None
    assert life.directory.participant(guest.leg.participant) is None
    assert not life.engine.hears(host.leg.id, guest.leg.id) and not life.engine.hears(guest.leg.id, host.leg.id)
    assert not await life.directory.drop_leg(guest.leg.id, REMOVED)
    assert not life.directory.send_keys(guest.leg.id, "1")
    await life.wait(PROMPT)
    assert guest.door.hung_up == REMOVED and not host.door.hung_up


async def test_who_hangs_up_meanwhile(life: Life) -> None:
    """Gets no BYE; the record says who sent him out."""
    guest, _host = await talking(life)
    await life.directory.drop_leg(guest.leg.id, REMOVED)
    await guest.end()
    assert guest.door.hung_up is None and guest.reason is Reason.HANG_UP
    (end,) = life.events(LegEnded)
    assert isinstance(end, LegEnded) and end.ending == REMOVED


async def test_a_prompt_without_an_end(life: Life) -> None:
    """A worker that died with it keeps nobody."""
    guest, _host = await talking(life)
    await life.directory.drop_leg(guest.leg.id, REMOVED)
    life.engine.stop_playing(guest.leg.id)
    await life.wait(FAREWELL_LIMIT - 1)
    assert guest.door.hung_up is None
    await life.wait(1)
    assert guest.door.hung_up == REMOVED


async def test_a_server_that_stops_does_not_wait(life: Life) -> None:
    """Neither for who hears a farewell nor for all others."""
    guest, host = await talking(life)
    await life.directory.drop_leg(guest.leg.id, REMOVED)
    await life.directory.close(Ending(Side.LOCAL, Reason.SHUTDOWN))
    await life.settle()
    assert guest.door.hung_up == REMOVED
    assert host.door.hung_up == Ending(Side.LOCAL, Reason.SHUTDOWN)
    await life.wait(2)  # the rows are written
    life.assert_nothing_left()


async def test_killed_in_the_midst(life: Life) -> None:
    """The next life hangs up, and nobody is in the meeting again."""
    guest, host = await talking(life)
    await life.directory.drop_leg(guest.leg.id, REMOVED)
    after = await life.killed()
    assert after.door(guest).hung_up is not None
    assert [leg.leg for leg in after.directory.legs()] == [host.leg.id]
    after.door(host).say(RemoteEnded(HANG_UP))
    await after.wait(2)
    after.assert_records_whole()
    assert await after.rows() == (0, 0)


async def test_it_is_said_after_a_restart_too(life: Life) -> None:
    """Meetings that were taken up say farewell like others."""
    guest, _host = await talking(life)
    after = saying(await life.after_kill()).survive()
    await after.take_up()
    await after.directory.drop_leg(guest.leg.id, REMOVED)
    assert after.engine.played[guest.leg.id][-1] == "disconnected" and not after.door(guest).hung_up
    await after.wait(PROMPT)
    assert after.door(guest).hung_up == REMOVED
