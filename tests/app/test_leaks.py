"""Whatever ends a call, at whatever step and after whatever history: nothing is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.app.ports import Query
from parley.app.profiles import LegProfileEdit
from parley.core.endings import Ending, Reason, Side
from parley.core.events import Event
from parley.core.leg_inputs import Confirmed
from parley.core.leg_inputs import Drop as DropNow
from parley.core.meeting_inputs import AdmitParticipant, End, SendBack, SetLocked
from tests.app.floor import CANCELLED, HANG_UP, PROMPT, Call, Floor, no_errors

DROPPED = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
SHUTDOWN = Ending(Side.LOCAL, Reason.SHUTDOWN)
ALL = Query()


# --- whatever ends a call, at whatever step --------------------------------------------------------------------

Step = Callable[[Floor], Awaitable[Call]]


async def _opening(floor: Floor) -> Call:
    floor.engine.hold()
    return await floor.dial("guest")


async def _answered(floor: Floor) -> Call:
    return await floor.dial("guest")


async def _prompted(floor: Floor) -> Call:
    return await floor.enter("room")


async def _typing(floor: Floor) -> Call:
    return await floor.enter("room", "22")


async def _silent(floor: Floor) -> Call:
    call = await floor.enter("room")
    await floor.wait(PROMPT + 3)
    return call


async def _judged(floor: Floor) -> Call:
    call = await floor.enter("room", "2222")
    floor.held.hold()
    await call.type("#")
    return call


async def _wrong(floor: Floor) -> Call:
    return await floor.enter("room", "9#")


async def _goodbye(floor: Floor) -> Call:
    call = await floor.enter("room", "9#")
    await call.type("9#")
    await call.type("9#")
    assert call.heard[-1] == "pin-incorrect-goodbye"
    return call


async def _welcome(floor: Floor) -> Call:
    return await floor.enter("9000")


async def _looked_up(floor: Floor) -> Call:
    call = await floor.enter("9000", "100")
    floor.held.hold()
    await call.type("#")
    return call


async def _asked_behind_ivr(floor: Floor) -> Call:
    return await floor.enter("9000", "100#")


async def _joining(floor: Floor) -> Call:
    call = await floor.dial("guest")
    floor.held.hold()
    await call.confirm()
    return call


async def _joining_twice(floor: Floor) -> Call:
    """The join must read again, because a change was committed meanwhile."""
    call = await _joining(floor)
    await floor.profile(rx_audio_mute=True)
    return call


async def _full(floor: Floor) -> Call:
    return await floor.enter("tiny")


async def _waiting(floor: Floor) -> Call:
    return await floor.enter("guest")


async def _active(floor: Floor) -> Call:
    return await floor.enter("host")


async def _host_with_guests(floor: Floor) -> Call:
    await floor.enter("guest")
    return await floor.enter("host")


STEPS: dict[str, Step] = {
    "port under way": _opening,
    "answered, not confirmed": _answered,
    "at the prompt": _prompted,
    "typing": _typing,
    "silent": _silent,
    "PIN being judged": _judged,
    "after a wrong PIN": _wrong,
    "goodbye": _goodbye,
    "IVR": _welcome,
    "call ID being looked up": _looked_up,
    "PIN behind the IVR": _asked_behind_ivr,
    "joining": _joining,
    "joining, read again": _joining_twice,
    "told that it is full": _full,
    "waiting": _waiting,
    "active": _active,
    "host of guests": _host_with_guests,
}

Finish = Callable[[Floor, Call], Awaitable[object]]


async def _killed(floor: Floor, _call: Call) -> None:
    floor.engine.kill()


async def _end_meetings(floor: Floor, call: Call) -> None:
    """The API ends whatever meeting there is; who is not in it is dropped after."""
    for meeting in floor.directory.meetings():
        await floor.directory.tell(meeting.meeting, End(DROPPED))
    await floor.directory.drop_leg(call.leg.id, DROPPED)


async def _space_deleted(floor: Floor, call: Call) -> None:
    for record in (await floor.use.spaces.page(ALL)).items:
        await floor.use.spaces.delete(record.space.id)
    await call.end()


ENDS: dict[str, Finish] = {
    "CANCEL": lambda _floor, call: call.end(CANCELLED),
    "BYE": lambda _floor, call: call.end(HANG_UP),
    "dropped": lambda floor, call: floor.directory.drop_leg(call.leg.id, DROPPED),
    "worker dies": _killed,
    "meeting ended": _end_meetings,
    "spaces deleted": _space_deleted,
    "server stops": lambda floor, _call: floor.directory.close(SHUTDOWN),
    "nobody does anything": lambda floor, _call: floor.wait(0),
}


async def furnished() -> Floor:
    """Spaces for every step."""
    floor = Floor()
    await floor.two_pins(max_duration=3600)
    await floor.two_doors(max_duration=3600)
    await floor.space("tiny", call_profile=await floor.call_profile(participant_limit=0))
    return floor


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("step", STEPS)
async def test_an_end_at_any_step_leaves_nothing(step: str, end: str) -> None:
    """No leg, port, meeting, plan, task or timer, and the leg ends once in the journal, with its own reason."""
    with no_errors():
        floor = await furnished()
        call = await STEPS[step](floor)
        await ENDS[end](floor, call)
        floor.engine.release()
        floor.held.release()
        await floor.settle()
        if end in {"CANCEL", "BYE", "server stops", "dropped"}:
            assert call.reason in {Reason.CANCELLED, Reason.HANG_UP, Reason.SHUTDOWN}
        for other in floor.directory.legs():  # guests of the host, and those whom this end does not concern
            runner = floor.directory._legs[other.leg]
            runner.post(DropNow(DROPPED))
        await floor.settle()
        floor.assert_nothing_left()


async def test_a_port_that_nobody_speaks_of_is_given_up(floor: Floor) -> None:
    """The caller hangs up while the engine does not answer at all: the leg is forgotten after half a minute."""
    await floor.space()
    floor.engine.hold()
    call = await floor.dial("room")
    await call.end(CANCELLED)
    await floor.wait(30)
    assert floor.directory.legs() == [] and floor.engine.legs == {}
    floor.engine.release()
    await floor.settle()
    floor.assert_nothing_left()


async def test_a_dead_worker_ends_the_legs_it_carried(floor: Floor) -> None:
    """Each is hung up because its media died; the next caller is served."""
    await floor.two_doors()
    calls = [await floor.enter(user) for user in ("guest", "host")]
    floor.engine.kill()
    await floor.settle()
    assert [call.reason for call in calls] == [Reason.MEDIA_DEAD] * 2
    floor.assert_nothing_left()
    assert (await floor.enter("host")).active


async def test_nobody_comes_in_once_the_server_stops(floor: Floor) -> None:
    """Everybody is told, wherever he is; a call in that moment is refused."""
    await floor.two_pins()
    await floor.two_doors()
    calls = [await floor.enter("room"), await floor.enter("guest"), await floor.enter("host")]
    ringing = await floor.dial("host")
    await floor.directory.close(SHUTDOWN)
    assert all(call.door.hung_up == SHUTDOWN for call in (*calls, ringing))
    assert not (await floor.dial("host")).made
    floor.assert_nothing_left()


async def test_the_loss_of_the_journal_does_not_stop_the_meeting() -> None:
    """The disk is full: what happens in the room still happens, and each failure is logged."""
    with no_errors("a meeting's effect failed"):
        floor = Floor()
        await floor.two_doors()
        guest, host = await floor.enter("guest"), await floor.enter("host")
        floor.journal.append = full_disk  # type: ignore[method-assign]
        meeting = floor.meeting()
        assert meeting is not None
        await floor.directory.tell(meeting.meeting, SendBack(guest.leg.participant))
        assert guest.waits and not floor.engine.hears(guest.leg.id, host.leg.id)


def full_disk(_event: Event) -> None:
    raise OSError(28, "No space left on device")


# --- any history -----------------------------------------------------------------------------------------------

ACTS = st.one_of(
    st.tuples(st.just("dial"), st.sampled_from(["room", "guest", "host", "9000", "tiny", "nowhere"])),
    st.tuples(st.sampled_from(["confirm", "bye", "cancel", "drop", "admit", "back"]), st.integers(0, 5)),
    st.tuples(st.just("type"), st.integers(0, 5), st.sampled_from(["#", "1111#", "2222#", "100#", "9#", "5"])),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 1.0, 6.0, 11.0, 700.0])),
    st.tuples(st.sampled_from(["hold", "release", "kill", "lock", "unlock", "mute", "unmute", "end"])),
)


async def act(floor: Floor, calls: list[Call], profile: str, what: tuple[object, ...]) -> None:  # noqa: PLR0912
    name, *rest = what
    call = calls[rest[0] % len(calls)] if calls and rest and isinstance(rest[0], int) else None
    meetings = [view.meeting for view in floor.directory.meetings()]
    match name:
        case "dial":
            floor.engine.release()
            floor.held.release()
            made = await floor.dial(str(rest[0]))
            calls += [made] if made.made else []
        case "wait":
            assert isinstance(rest[0], float)
            await floor.wait(rest[0])
        case "hold":
            floor.held.hold()
        case "release":
            floor.held.release()
        case "kill":
            floor.engine.kill()
        case "lock" | "unlock":
            for meeting in meetings:
                await floor.directory.tell(meeting, SetLocked(name == "lock"))
        case "mute" | "unmute":
            await floor.use.leg_profiles.change(profile, LegProfileEdit(settings={"rx_audio_mute": name == "mute"}))
        case "end":
            for meeting in meetings:
                await floor.directory.tell(meeting, End(DROPPED))
        case "confirm" if call:
            call.leg.post(Confirmed())
        case "bye" if call:
            await call.end(HANG_UP)
        case "cancel" if call:
            await call.end(CANCELLED)
        case "drop" if call:
            await floor.directory.drop_leg(call.leg.id, DROPPED)
        case "admit" | "back" if call:
            kind = AdmitParticipant if name == "admit" else SendBack
            for meeting in meetings:
                await floor.directory.tell(meeting, kind(call.leg.participant))
        case "type" if call:
            floor.engine.press(call.leg.id, str(rest[1]))
    await floor.settle()


def assert_waiting_is_silent(floor: Floor) -> None:
    """Who waits, or is at the entrance, neither hears anybody nor is heard."""
    legs = floor.directory.legs()
    silent = [leg.leg for leg in legs if leg.view is None or leg.view.waits]
    for one in silent:
        for other in legs:
            assert not floor.engine.hears(one, other.leg) and not floor.engine.hears(other.leg, one)


async def live(history: list[tuple[object, ...]]) -> None:
    floor = await furnished()
    profile = await floor.profile(rx_audio_mute=False)
    await floor.space("muted", leg_profile=profile)
    calls: list[Call] = []
    for what in history:
        await act(floor, calls, profile, what)
        assert_waiting_is_silent(floor)
        assert floor.engine.opened - floor.engine.closed == len(floor.engine.legs) <= len(floor.directory._legs)
    floor.held.release()
    await floor.settle()
    await floor.directory.close(SHUTDOWN)
    await floor.settle()
    floor.assert_nothing_left()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ACTS, max_size=25))
def test_no_history_leaves_anything_behind(history: list[tuple[object, ...]]) -> None:
    """Whatever callers, people and machines do in whatever order: waiting stays silent and nothing leaks."""
    with no_errors():
        asyncio.run(live(history))
