"""The server is killed and started again: calls and meetings are taken up, and what cannot be ends in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from parley.app.dtmf_profiles import DtmfProfileEdit
from parley.app.outbound_rules import OutboundRuleEdit
from parley.app.ports import CallOut, Query, Transaction
from parley.app.profiles import SystemEdit
from parley.app.survival import SOON, WRITE_EVERY
from parley.backends.store.sql import SqlStore
from parley.core.admission import NOTHING_PROVEN
from parley.core.call_counts import AT_ONCE
from parley.core.dialplan import Address
from parley.core.endings import Ending, Reason, Side
from parley.core.events import (
    LegActivated,
    LegEnded,
    MeetingEnded,
    ParticipantLeft,
)
from parley.core.ids import AccessMethodId, DtmfProfileId, LegId, LegProfileId, ParticipantId, SpaceId
from parley.core.leg_inputs import Answered, CallFailed, Granted, RemoteEnded, Ringing
from parley.core.meeting_inputs import (
    Entry,
    MeetingInput,
    MuteSelf,
    OverrideLeg,
    Rename,
    Say,
    SendBack,
    SetCohost,
    SetFreeMute,
    SetHands,
    SetKeptWhenEmpty,
    SetLocked,
    SetNewcomersMuted,
    SetRole,
    Stay,
)
from parley.core.people import CallOutLimits, SystemDefaults
from parley.core.profiles import LegSettings
from parley.core.refusals import Refusal
from parley.core.spaces import Role
from tests.app.floor import AUDIO, HANG_UP, Call, no_errors
from tests.app.life import GRACE, Life
from tests.kit.fake_leg_door import FakeLegDoor
from tests.kit.memory_store import MemoryStore

_doors = count(1)


@pytest.fixture(params=["memory", "disk"])
async def life(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Life]:
    """Over the store in memory, and over the real one."""
    store: MemoryStore | SqlStore = MemoryStore()
    if isinstance(request.param, str) and request.param == "disk":
        store = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}", Fernet.generate_key())
        await store.migrate()
    with no_errors():
        yield Life(store).survive()
    if isinstance(store, SqlStore):
        await store.close()


async def talking(life: Life) -> tuple[Call, Call]:
    """A guest and his host, for a minute."""
    await life.two_doors()
    guest = await life.enter("guest")
    host = await life.enter("host")
    await life.wait(60)
    return guest, host


async def test_nobody_notices(life: Life) -> None:
    """Meeting, legs, numbers and times are those of before; everybody hears everybody, and nothing is recorded."""
    guest, host = await talking(life)
    before, told = life.meeting(), len(life.journal.lines)
    after = await life.killed()
    assert after.meeting() == before
    assert [leg.leg for leg in after.directory.legs()] == [guest.leg.id, host.leg.id]
    assert after.engine.hears(guest.leg.id, host.leg.id) and after.engine.hears(host.leg.id, guest.leg.id)
    assert len(after.journal.lines) == told and after.engine.closed == 0
    assert await after.rows() == (2, 1)
    assert not after.door(guest).hung_up


async def test_records_are_whole_and_durations_span_the_restart(life: Life) -> None:
    """One start and one end of everything, with the seconds of both lives."""
    guest, host = await talking(life)
    after = await life.killed()
    await after.wait(40)
    after.door(host).say(RemoteEnded(HANG_UP))
    await after.settle()
    assert after.leg(guest).waits
    after.door(guest).say(RemoteEnded(HANG_UP))
    await after.wait(2)
    ends = {event.leg: event for event in after.events(LegEnded)}
    assert (ends[host.leg.id].duration, ends[host.leg.id].active_duration) == (100, 100)
    assert ends[guest.leg.id].active_duration == 100
    (end,) = after.events(MeetingEnded)
    assert isinstance(end, MeetingEnded)
    assert (end.duration, end.legs_most, end.legs_completed) == (100, 2, 2)
    after.assert_records_whole()
    after.assert_nothing_left()
    assert await after.rows() == (0, 0)


async def test_who_waits_goes_on_waiting(life: Life) -> None:
    """A guest in the lobby is there still, hears the announcement, and the host's coming lets him in."""
    await life.two_doors()
    guest = await life.enter("guest")
    await life.wait(1)
    after = await life.killed()
    assert after.leg(guest).waits
    media = after.engine.media(guest.leg.id)
    assert media is not None and media.announcement == "waiting-for-host"
    await after.enter("host")
    assert not after.leg(guest).waits
    assert len(after.events(LegActivated)) == 1


PROFILE = LegSettings(tx_audio_mute=True)
ACTS = {
    "mute": lambda guest: OverrideLeg(guest.leg, LegSettings(rx_audio_mute=True)),
    "mute of himself": lambda guest: MuteSelf(guest.participant, True),
    "lock": lambda guest: SetLocked(True),
    "kept when empty": lambda guest: SetKeptWhenEmpty(True),
    "sent back": lambda guest: SendBack(guest.participant),
    "hand": lambda guest: SetHands(frozenset({guest.participant}), True),
    "name": lambda guest: Rename(guest.participant, "Ünal"),
    "role": lambda guest: SetRole(guest.participant, Role.HOST, LegSettings(needs_activation=False)),
    "co-host": lambda guest: SetCohost(guest.participant, True),
    "free mute": lambda guest: SetFreeMute(True),
    "newcomers muted": lambda guest: SetNewcomersMuted(True),
    "chat": lambda guest: Say(guest.participant, "olá", datetime(2026, 1, 1, tzinfo=UTC)),
    "profile": lambda guest: OverrideLeg(guest.leg, profile=LegProfileId("p"), profile_settings=PROFILE),
    "extras": lambda guest: OverrideLeg(guest.leg, extras=(("cms", "cdrTag", "x"),)),
}


@pytest.mark.parametrize("act", ACTS)
async def test_what_was_answered_is_there_after_a_kill(life: Life, act: str) -> None:
    """Whatever an API has changed and was told of, at the moment of that answer."""
    guest, _host = await talking(life)
    message: MeetingInput = ACTS[act](life.leg(guest))
    view = life.meeting()
    assert view is not None
    await life.directory.tell(view.meeting, message)
    before = life.meeting()
    assert before != view
    after = await life.killed()
    assert after.meeting() == before
    again = await after.killed()
    assert again.meeting() == before


async def test_a_meeting_that_an_api_has_opened_waits_on(life: Life) -> None:
    """Nobody was in it yet: its id was answered, and who comes after the kill comes into it."""
    space = await life.two_doors()
    meeting = await life.directory.open(SpaceId(space))
    after = await life.killed()
    found = after.directory.meeting(meeting)
    assert found is not None and (found.space, found.legs) == (space, ())
    await after.enter("host")
    view = after.directory.meeting(meeting)
    assert view is not None and len(view.legs) == 1


async def test_a_dropped_leg_stays_dropped(life: Life) -> None:
    """An answered removal is not undone by a kill."""
    guest, host = await talking(life)
    await life.directory.drop_leg(guest.leg.id, Ending(Side.ADMINISTRATOR, Reason.HANG_UP))
    after = await life.killed()
    assert [leg.leg for leg in after.directory.legs()] == [host.leg.id]


async def test_an_end_that_no_row_knows_of_is_not_told_twice(life: Life) -> None:
    """Killed between the journal's line and the row's deletion."""
    guest, host = await talking(life)
    guest.leg.post(RemoteEnded(HANG_UP))
    after = await life.killed()
    assert [leg.leg for leg in after.directory.legs()] == [host.leg.id]
    after.door(host).say(RemoteEnded(HANG_UP))
    await after.wait(2)
    after.assert_records_whole()
    assert await after.rows() == (0, 0)


async def test_an_end_in_the_midst_of_its_records(life: Life) -> None:
    """Killed when the leg's end was in the journal, and its leaving was not yet."""
    guest, host = await talking(life)
    guest.leg.post(RemoteEnded(HANG_UP))
    life.journal.lines[:] = [line for line in life.journal.lines if not isinstance(line[1], ParticipantLeft)]
    after = await life.killed()
    after.door(host).say(RemoteEnded(HANG_UP))
    await after.wait(2)
    after.assert_records_whole()


async def test_a_leg_whose_worker_is_gone_ends_in_order(life: Life) -> None:
    """After a failure of the whole machine: a BYE to the phones, one end of each record, nothing left."""
    guest, host = await talking(life)
    life.engine.legs.clear()
    after = await life.killed()
    await after.wait(2)
    for call in (guest, host):
        assert after.door(call).hung_up == Ending(Side.LOCAL, Reason.MEDIA_FAILED)
    assert after.directory.legs() == [] and after.meeting() is None
    after.assert_records_whole()
    assert await after.rows() == (0, 0)


async def test_durations_end_with_the_machine(life: Life) -> None:
    """Whoever was cut off by a loss of power was not connected until the power came back."""
    guest, host = await talking(life)
    for _ in range(130):  # in steps, for on the disk a write takes its time
        await life.wait(5)
    life.engine.legs.clear()
    life.clock.advance(30)
    killed = await life.after_kill()
    killed.clock.advance(7200)
    after = killed.survive()
    await after.take_up()
    ends = {event.leg: event for event in after.events(LegEnded)}
    for call in (guest, host):
        assert 630 <= ends[call.leg.id].duration <= 710
    (end,) = after.events(MeetingEnded)
    assert isinstance(end, MeetingEnded) and 630 <= end.duration <= 710


async def test_one_lost_leg_of_two(life: Life) -> None:
    """The other one goes on; the host's end means to the guest what it always means."""
    guest, host = await talking(life)
    del life.engine.legs[host.leg.id]
    after = await life.killed()
    assert after.door(host).hung_up and not after.door(guest).hung_up
    assert after.leg(guest).waits


async def test_a_door_that_cannot_be_opened_again(life: Life) -> None:
    """Its leg ends, with its media; the others go on."""
    await life.two_doors()
    host = await life.enter("host")
    other = await life.dial("host")
    other.door.writes = b"broken"
    await other.confirm()
    await life.wait(1)
    after = await life.killed()
    assert [leg.leg for leg in after.directory.legs()] == [host.leg.id]
    assert other.leg.id not in after.engine.legs


async def test_who_stands_at_the_entrance_is_asked_once_more(life: Life) -> None:
    """A phone that was typing a PIN hears the prompt again; what it typed is forgotten, the right PIN lets it in."""
    await life.two_pins()
    call = await life.enter("room", "22")
    await life.wait(SOON)
    after = await life.killed()
    assert not after.door(call).hung_up and after.engine.played[call.leg.id] == ["enter-pin", "enter-pin"]
    (leg,) = after.directory.legs()
    assert (leg.leg, leg.meeting, leg.state) == (call.leg.id, None, "connected")
    after.engine.press(call.leg.id, "2222#")
    await after.settle()
    assert not after.leg(call).waits
    after.door(call).say(RemoteEnded(HANG_UP))
    await after.wait(2)
    after.assert_records_whole()
    assert await after.rows() == (0, 0)


async def test_tries_and_time_at_the_entrance_are_counted_on(life: Life) -> None:
    """Two wrong PINs before the kill leave one; and nobody stays longer for it."""
    await life.two_pins()
    call = await life.enter("room", "1#")
    await life.wait(1)
    await call.type("2#")
    await life.wait(1)
    after = await (await life.killed()).killed()
    after.engine.press(call.leg.id, "3#")
    await after.settle()
    await after.wait(2)
    assert after.engine.played[call.leg.id][-1] == "pin-incorrect-goodbye"
    assert after.door(call).hung_up == Ending(Side.LOCAL, Reason.WRONG_PIN)

    call = await after.enter("room")
    for _ in range(98):
        await after.wait(5)
        await call.type("1")
    killed = await after.killed()
    for _ in range(25):
        killed.engine.press(call.leg.id, "1")
        await killed.wait(5)
    assert killed.door(call).hung_up == Ending(Side.LOCAL, Reason.NO_INPUT)


async def test_a_start_that_comes_to_nothing_changes_nothing(life: Life) -> None:
    """Killed, or failed, between taking up and opening the doors: the start after it finds all as it was. Who is in
    a meeting is, who was asked is asked once, who is to be sent out hears so from the start that succeeds."""
    await life.two_pins()
    host, lost, asked = await life.enter("room", "2222#"), await life.enter("room", "2222#"), await life.enter("room")
    await life.wait(1)
    del life.engine.legs[lost.leg.id]
    before, failed = life.meeting(), life
    for _ in range(2):
        failed = (await failed.after_kill()).survive()
        await failed.survival.take_up()
        await failed.survival.flush()
        await failed.settle()
        assert [door.hung_up for door in failed.doors.opened.values()] == [None] * 3
    assert failed.meeting() == before and failed.engine.played[asked.leg.id] == ["enter-pin"]
    after = await failed.killed()
    assert after.door(lost).hung_up == Ending(Side.LOCAL, Reason.MEDIA_FAILED)
    assert not after.leg(host).waits and after.engine.played[asked.leg.id] == ["enter-pin"] * 2
    for call in (host, asked):
        assert not after.door(call).hung_up
        after.door(call).say(RemoteEnded(HANG_UP))
    await after.wait(2)
    after.assert_records_whole()
    assert await after.rows() == (0, 0)


async def test_who_typed_a_call_id_is_asked_for_it_once_more(life: Life) -> None:
    """At the access number the prompts begin with the welcome, and what was typed ahead is forgotten."""
    await life.two_pins()
    call = await life.enter("9000", "100#11")
    await life.wait(1)
    after = await life.killed()
    assert after.engine.played[call.leg.id][-2:] == ["welcome", "enter-id"]
    after.engine.press(call.leg.id, "100#")
    await after.settle()
    after.engine.press(call.leg.id, "1111#")
    await after.settle()
    assert after.leg(call).waits


async def test_who_hears_himself_goes_on_hearing_himself(life: Life) -> None:
    """For what is left of his time."""
    call = await life.enter("echo")
    await life.wait(100)
    after = await life.killed()
    media = after.engine.media(call.leg.id)
    assert media is not None and media.echo == 1.0
    await after.wait(199)
    assert not after.door(call).hung_up
    await after.wait(2)
    assert after.door(call).hung_up == Ending(Side.LOCAL, Reason.TOO_LONG)
    assert after.engine.plans == {} and await after.rows() == (0, 0)


async def test_a_door_that_was_shut_meanwhile(life: Life) -> None:
    """Deleted, or closed to non-members, while no server ran: the phone is hung up, and its record has an end."""
    for shut in (True, False):
        space = await life.two_pins()
        call = await life.enter("room")
        await life.wait(1)
        async with life.store.transaction() as tx:
            stored = await tx.spaces.get(SpaceId(space))
            assert stored is not None
            if shut:
                await tx.spaces.save(replace(stored, non_member_access=False))
            else:
                await tx.spaces.delete(stored.id)
        life = await life.killed()
        assert life.door(call).hung_up is not None and life.engine.legs == {}
        life.assert_records_whole()
        if shut:
            await life.use.spaces.delete(space)


async def test_who_has_moved_to_another_entrance_is_asked_there(life: Life) -> None:
    """He was in a meeting before, and types the PIN of another one."""
    await life.two_pins()
    await life.space("other")
    call = await life.enter("other")
    await life.wait(1)
    where = Address("room", "example.com")
    assert await life.arrivals.transfers.move(call.leg, where, "192.0.2.9") is None
    await life.settle()
    await life.wait(2)
    after = await life.killed()
    assert after.engine.played[call.leg.id][-2:] == ["enter-pin", "enter-pin"]
    after.engine.press(call.leg.id, "2222#")
    await after.settle()
    assert not after.leg(call).waits


async def test_who_was_told_goodbye_is_not_asked_again(life: Life) -> None:
    """The last wrong PIN stands."""
    await life.two_pins()
    call = await life.enter("room")
    for _ in range(3):
        await call.type("3#")
    assert call.heard[-1] == "pin-incorrect-goodbye"
    await life.wait(SOON)
    after = await life.killed()
    assert after.door(call).hung_up is not None


async def test_who_has_moved_stays_where_he_is(life: Life) -> None:
    """He left one meeting and joined another before the kill."""
    await life.two_doors()
    other = await life.space("other")
    guest, host = await life.enter("guest"), await life.enter("host")
    assert life.directory.move(host.leg.participant, Granted(SpaceId(other), None, Entry()))
    await life.settle()
    await life.wait(2)
    before = life.directory.leg(host.leg.id)
    after = await life.killed()
    found = after.directory.leg(host.leg.id)
    assert found is not None and before is not None and found.view == before.view
    assert found.meeting == before.meeting and not after.door(host).hung_up and not after.door(guest).hung_up


async def test_a_call_that_rang_has_an_end_in_the_journal(life: Life) -> None:
    """Whoever was not answered yet has no row, and his record is whole all the same."""
    await life.two_doors()
    await life.dial("host")
    after = await life.killed()
    assert after.directory.legs() == [] and after.engine.legs == {}
    after.assert_records_whole()
    (end,) = after.events(LegEnded)
    assert isinstance(end, LegEnded) and not end.connected


async def test_killed_before_the_first_row(life: Life) -> None:
    """Who joined in the very last moment is lost, and his records end."""
    await life.two_doors()
    await life.enter("host")
    after = await life.killed()
    assert after.directory.legs() == [] and after.meeting() is None and after.engine.legs == {}
    after.assert_records_whole()


async def test_what_lasts_for_a_time(life: Life) -> None:
    """Who may stay for so long has what is left of it, no more and no less."""
    await life.two_doors(max_duration=90)
    host = await life.enter("host")
    await life.wait(30)
    guest = await life.enter("guest")
    await life.wait(30)
    after = await life.killed()
    await after.wait(29)
    assert not after.door(host).hung_up
    await after.wait(2)
    assert after.door(host).hung_up == Ending(Side.LOCAL, Reason.TOO_LONG)
    assert not after.door(guest).hung_up


async def test_what_changed_in_the_store_meanwhile_counts(life: Life) -> None:
    """A profile changed by the command line while no server ran."""
    guest, _host = await talking(life)
    async with life.store.transaction() as tx:
        space = (await tx.spaces.page(Query())).items[0]
        profile = await tx.leg_profiles.get(space.leg_profile or "")
        assert profile is not None
        await tx.leg_profiles.save(replace(profile, settings=replace(profile.settings, rx_audio_mute=True)))
    after = await life.killed()
    assert after.leg(guest).muted


async def test_a_space_deleted_meanwhile(life: Life) -> None:
    """Its meeting ends for everybody."""
    guest, host = await talking(life)
    async with life.store.transaction() as tx:
        await tx.spaces.delete((await tx.spaces.page(Query())).items[0].id)
    after = await life.killed()
    for call in (guest, host):
        assert after.door(call).hung_up == Ending(Side.ADMINISTRATOR, Reason.SPACE_DELETED)
    await after.wait(2)
    after.assert_records_whole()


async def test_numbers_go_on(life: Life) -> None:
    """A leg that comes after a restart has a number that nobody had."""
    _guest, host = await talking(life)
    after = await life.killed()
    late = await after.enter("host")
    assert late.leg.number == host.leg.number + 1
    assert after.engine.hears(late.leg.id, host.leg.id)


async def test_an_orderly_stop_leaves_nothing(life: Life) -> None:
    """Everybody is hung up and no row is left for the next life."""
    await talking(life)
    await life.directory.close(Ending(Side.LOCAL, Reason.SHUTDOWN))
    await life.survival.flush()
    assert await life.rows() == (0, 0)
    life.assert_records_whole()


async def test_rows_are_written_soon_and_then_seldom(life: Life) -> None:
    """A leg that joins has its row after moments; a change that nobody waits for within a second."""
    await life.two_doors()
    host = await life.enter("host")
    assert await life.rows() == (0, 0)
    await life.wait(SOON)
    assert await life.rows() == (1, 1)
    host.door.writes = b"another"
    life.directory.door_changed(host.door)
    await life.wait(WRITE_EVERY)
    async with life.store.reading() as tx:
        assert (await tx.live_legs.page(Query())).items[0].door == b"another"


async def test_a_store_that_fails_delays_the_rows(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API is answered, and what it changed is stored as soon as it can be."""
    await talking(life)
    view = life.meeting()
    assert view is not None

    def broken(_self: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(type(life.held), "transaction", broken)
        assert await life.directory.tell(view.meeting, SetLocked(True))
    await life.wait(WRITE_EVERY)
    after = await life.killed()
    found = after.meeting()
    assert found is not None and found.locked


async def test_who_gives_up_waiting_for_the_rows_leaves_none_behind(life: Life) -> None:
    """An API's client goes while its change is being stored: it is stored, and so is what comes after it."""
    await talking(life)
    view = life.meeting()
    assert view is not None
    for locked, turns in ((True, 1), (False, 2), (True, 3), (False, 5), (True, 8)):
        asking = asyncio.create_task(life.directory.tell(view.meeting, SetLocked(locked)))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await life.survival.flush()
    after = await life.killed()
    found = after.meeting()
    assert found is not None and found.locked


async def test_a_commit_that_looked_like_none(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection broke over it: what is stored afterwards does not stumble over the rows that are there."""
    await life.two_doors()
    held = life.held.transaction

    @asynccontextmanager
    async def breaking() -> AsyncIterator[Transaction]:
        async with held() as tx:
            yield tx
        raise OSError("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr(life.held, "transaction", breaking)
        await life.enter("host")
        await life.survival.flush()
    assert await life.rows() == (1, 1)
    await life.enter("guest")
    await life.survival.flush()
    assert await life.rows() == (2, 1)


async def test_one_door_that_cannot_be_written(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs nobody else his row."""
    await life.two_doors()
    guest = await life.enter("guest")
    await life.enter("host")
    with no_errors("a live leg cannot be stored"):
        guest.door.written = None  # type: ignore[assignment, method-assign]
        await life.survival.flush()
    assert await life.rows() == (1, 1)


# --- calls of ours -----------------------------------------------------------------------------------------------


async def called(life: Life, space: str | None = None) -> LegId:
    """Somebody who was called into a meeting and has answered."""
    space = space or await life.two_doors()
    await life.use.outbound_rules.create(OutboundRuleEdit(domain="*"))
    leg = await life.dialling.call(CallOut(SpaceId(space), "sip:ada@phones.example"), lambda _leg, _result: None)
    await life.settle()
    life.dialler.doors[-1].writes = b"out-%d" % next(_doors)
    life.dialler.doors[-1].say(Answered(AUDIO))
    await life.settle()
    await life.wait(30)
    return leg


async def test_whom_we_called_stays(life: Life) -> None:
    """With direction and record, and hung up by a BYE."""
    leg = await called(life)
    before = life.directory.leg(leg)
    after = await life.killed()
    found = after.directory.leg(leg)
    assert found is not None and before is not None
    assert (found.direction, found.caller, found.seconds) == ("outgoing", before.caller, before.seconds)
    assert found.view == before.view
    await after.wait(10)
    await after.directory.drop_leg(leg, Ending(Side.ADMINISTRATOR, Reason.HANG_UP))
    (door,) = after.doors.opened.values()
    assert door.hung_up == Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
    (end,) = after.events(LegEnded)
    assert isinstance(end, LegEnded) and (end.connected, end.duration) == (True, 40)
    await after.wait(60)
    after.assert_records_whole()


async def test_who_was_rung_is_rung_no_longer(life: Life) -> None:
    """His call is given up once the doors are open, and its record has an end; who had answered is not concerned. The
    row stays until then: a start that comes to nothing leaves it to the next one."""
    await called(life)
    space = life.meeting()
    assert space is not None
    leg = await life.dialling.call(CallOut(space.space, "sip:bob@phones.example"), lambda _leg, _result: None)
    await life.settle()
    life.dialler.doors[-1].writes = b"rings"
    life.dialler.doors[-1].say(Ringing())
    await life.wait(WRITE_EVERY)
    assert await life.rows() == (2, 1)
    failed = (await life.after_kill()).survive()
    await failed.survival.take_up()
    await failed.survival.flush()
    assert failed.doors.given_up == [] and await failed.rows() == (2, 1)
    killed = (await failed.after_kill()).survive()
    await killed.survival.take_up()
    assert killed.doors.given_up == []
    killed.survival.farewell()
    assert killed.doors.given_up == [b"rings"]
    await killed.wait(SOON)
    (end,) = killed.events(LegEnded)
    assert isinstance(end, LegEnded) and (end.leg, end.connected) == (leg, False)
    assert len(killed.directory.legs()) == 1 and await killed.rows() == (1, 1)
    again = await killed.killed()
    assert again.doors.given_up == []


async def test_a_call_that_was_refused_is_not_given_up_once_more(life: Life) -> None:
    """Nor one that was answered: their rows tell."""
    await called(life)
    space = life.meeting()
    assert space is not None
    for answer in (CallFailed(Ending(Side.REMOTE, Reason.BUSY)), Answered(AUDIO)):
        await life.dialling.call(CallOut(space.space, "sip:bob@phones.example"), lambda _leg, _result: None)
        await life.settle()
        life.dialler.doors[-1].writes = b"out-%d" % next(_doors)
        life.dialler.doors[-1].say(Ringing())
        await life.wait(WRITE_EVERY)
        life.dialler.doors[-1].say(answer)
        await life.settle()
        await life.wait(WRITE_EVERY)
    after = await life.killed()
    assert after.doors.given_up == [] and len(after.directory.legs()) == 2


async def test_a_meeting_without_a_space_goes_on(life: Life) -> None:
    """With its name, and what the system's profiles say by then; it ends with the last one."""
    meeting = await life.directory.open_ad_hoc("Just now")
    view = life.directory.meeting(meeting)
    assert view is not None
    leg = await called(life, view.space)
    await life.directory.tell(meeting, SetKeptWhenEmpty(False))
    await life.use.system.change(SystemEdit(leg_profile=LegProfileId(await life.profile(may_lock=True))))
    await life.use.system.change(SystemEdit(dtmf_profile=await keys_for_the_lock(life)))
    before = life.meeting()
    after = await life.killed()
    found = after.meeting()
    assert found is not None and before is not None
    assert (found.name, found.kind, found.legs[0].leg) == ("Just now", "ad-hoc", leg)
    await after.settle()
    after.engine.press(leg, "*9")
    assert (again := after.meeting()) is not None and again.locked
    await after.directory.drop_leg(leg, HANG_UP)
    assert after.meeting() is None and after.directory.spaces.ad_hoc(view.space) is None
    await after.wait(60)
    after.assert_records_whole()


async def keys_for_the_lock(life: Life) -> DtmfProfileId:
    return await life.use.dtmf_profiles.create(DtmfProfileEdit(settings={"lock": "*9"}))


async def test_calls_of_before_count_against_the_bounds(life: Life) -> None:
    """As long as they last, and no longer."""
    leg = await called(life)
    async with life.store.transaction() as tx:
        await tx.save_system_defaults(SystemDefaults(call_out=CallOutLimits(at_once=1)))
    after = await life.killed()
    view = after.meeting()
    assert view is not None
    wish = CallOut(view.space, "sip:bob@phones.example")
    with pytest.raises(Refusal) as refusal:
        await after.dialling.call(wish, lambda _leg, _result: None)
    assert refusal.value.data == {"which": AT_ONCE}
    await after.directory.drop_leg(leg, HANG_UP)
    await after.dialling.call(wish, lambda _leg, _result: None)


# --- browsers ------------------------------------------------------------------------------------------------------


async def browser(life: Life, participant: str = "gil", stay: Stay | None = None) -> Call:
    """Somebody at a browser, by the host's door."""
    async with life.store.reading() as tx:
        door = (await tx.access_methods.page(Query(where={"uri": "host"}))).items[0]
    granted = Granted(door.space, None, Entry(AccessMethodId(door.id)), stay=stay)
    offered = replace(life.offer("host"), kind="browser")
    door_of_page = FakeLegDoor()
    leg = life.arrivals.enter(offered, granted, door_of_page, NOTHING_PROVEN, ParticipantId(participant))
    await life.settle()
    call = Call(life, door_of_page, leg)  # type: ignore[arg-type]
    await call.confirm()
    return call


async def test_a_browser_keeps_its_place_until_it_is_back(life: Life) -> None:
    """The guest on the phone does not notice that his host's browser is away; nobody is there twice."""
    await life.two_doors()
    guest = await life.enter("guest")
    gil = await browser(life)
    await life.wait(1)
    after = await life.killed()
    assert after.engine.hears(guest.leg.id, gil.leg.id)
    await after.wait(GRACE - 1)
    back = await browser(after, stay=Stay())
    view = after.meeting()
    assert view is not None
    assert [leg.leg for leg in view.legs] == [guest.leg.id, back.leg.id]
    assert not after.leg(guest).waits
    assert gil.leg.id not in after.engine.legs
    await after.wait(10)
    assert after.meeting() is not None


async def test_a_browser_that_does_not_come_back(life: Life) -> None:
    """After the grace its place is given up, as when its connection fails."""
    await life.two_doors()
    guest = await life.enter("guest")
    gil = await browser(life)
    await life.wait(1)
    after = await life.killed()
    await after.wait(GRACE + 1)
    (end,) = after.events(LegEnded)
    assert isinstance(end, LegEnded)
    assert (end.leg, end.ending.reason) == (gil.leg.id, Reason.TRANSPORT_FAILED)
    assert after.leg(guest).waits
