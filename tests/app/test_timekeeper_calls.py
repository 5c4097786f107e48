"""The invited are called at the start: by role, again when busy, never twice, and not after the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.app.ports import CallResult
from parley.core.events import AttendeeCalled
from parley.core.profiles import LegSettings
from parley.core.refusals import Refusal
from tests.app.conference_floor import ConferenceFloor
from tests.app.conference_times import BOB, DORA, nine_to_eleven


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


# --- calling -------------------------------------------------------------------------------------------------


async def test_the_marked_are_called_into_their_role(floor: ConferenceFloor) -> None:
    """By the door of the role, muted if asked for; the others, and those without an address, are not."""
    others = (replace(BOB, address="1", auto_invite=False), replace(BOB, address=""))
    record = await nine_to_eleven(floor, attendees=(BOB, DORA, *others))
    async with floor.running():
        await floor.until("2026-01-01 09:00")
        guest, host = floor.placer.wishes
        assert (guest.target, guest.name, guest.space) == ("2002", "Bob", record.space.id)
        assert (guest.entry.access_method, host.entry.access_method) == (record.guest.id, record.host.id)
        assert guest.settings == LegSettings(waiting_room=False, passes_lock=True)
        assert (host.settings.rx_audio_mute, host.settings.terminal_rx_audio_mute) == (True, True)
        only = await floor.only(record)
        floor.placer.answer("2002", CallResult.ANSWERED)
        floor.placer.answer("sip:dora@far.example", CallResult.REJECTED)
        await floor.wait(300)
        assert [(one.name, one.result, one.tries, one.waits) for one in floor.start.results(only.id)] == [
            ("Bob", CallResult.ANSWERED, 1, False),
            ("Dora", CallResult.REJECTED, 1, False),
        ]
        assert len(floor.placer.wishes) == 2
        assert [
            (e.target, e.result, e.number) for e in floor.events(AttendeeCalled) if isinstance(e, AttendeeCalled)
        ] == [
            ("2002", "answered", record.conference.number),
            ("sip:dora@far.example", "rejected", record.conference.number),
        ]


async def test_busy_and_no_answer_are_tried_twice_more(floor: ConferenceFloor) -> None:
    """A minute apart; then it is given up."""
    record = await nine_to_eleven(floor, attendees=(BOB,))
    async with floor.running():
        await floor.until("2026-01-01 09:00")
        for tries, result in ((1, CallResult.BUSY), (2, CallResult.NO_ANSWER), (3, CallResult.BUSY)):
            assert len(floor.placer.wishes) == tries
            floor.placer.answer("2002", result)
            (state,) = floor.start.results((await floor.only(record)).id)
            assert (state.result, state.tries, state.waits) == (result, tries, tries < 3)
            await floor.wait(59)
            assert len(floor.placer.wishes) == tries
            await floor.wait(1)
        await floor.wait(300)
        assert len(floor.placer.wishes) == 3


async def test_a_full_house_is_asked_again_and_no_rule_is_final(floor: ConferenceFloor) -> None:
    """Our own bounds make a call later, not never; what may not be called is not called."""
    floor.placer.refusals = {
        "2002": Refusal("limit", which="call-out-at-once"),
        "sip:dora@far.example": Refusal("no-outbound-rule", target="x"),
    }
    record = await nine_to_eleven(floor, attendees=(BOB, DORA))
    async with floor.running():
        await floor.until("2026-01-01 09:00:25")
        bob, dora = floor.start.results((await floor.only(record)).id)
        assert (bob.waits, bob.reason, bob.tries) == (True, "limit", 0)
        assert (dora.result, dora.reason, dora.tries) == (CallResult.UNREACHABLE, "no-outbound-rule", 1)
        floor.placer.refusals = {}
        await floor.wait(10)
        assert floor.placer.targets() == ["2002"]


async def test_who_is_inside_already_is_not_called(floor: ConferenceFloor) -> None:
    """The phone of somebody who came early stays silent."""
    record = await nine_to_eleven(floor, attendees=(BOB, replace(BOB, address="2003")))
    async with floor.running():
        await floor.until("2026-01-01 08:55")
        caller = await floor.host_enters(record)
        assert caller.live is not None and caller.live.caller == "sip:2001@phones.example"
        await floor.host_enters(record)  # 2002
        await floor.until("2026-01-01 09:00")
        assert floor.placer.targets() == ["2003"]


async def test_when_it_is_over_nobody_is_called_any_more(floor: ConferenceFloor) -> None:
    """Ringing calls are given up, waiting ones forgotten."""
    record = await nine_to_eleven(floor, attendees=(BOB, DORA))
    async with floor.running():
        await floor.until("2026-01-01 09:00")
        floor.placer.answer("2002", CallResult.BUSY)
        await floor.conferences.cancel(floor.alice, record.conference.number, end_running=True)
        await floor.wait(120)
        assert floor.placer.cancelled == ["sip:dora@far.example"]
        assert floor.placer.targets() == ["2002", "sip:dora@far.example"]
        assert floor.start.results((await floor.only(record)).id) == []


async def test_instant_conferences_call_at_once(floor: ConferenceFloor) -> None:
    """Everybody marked, in the moment of booking."""
    async with floor.running():
        await floor.book(attendees=(BOB,))
        await floor.settle()
        assert floor.placer.targets() == ["2002"]
