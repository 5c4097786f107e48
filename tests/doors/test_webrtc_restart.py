"""The server is killed and started anew: who is the same participant again, and who is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from parley.app.members import MemberEdit
from parley.app.ports import Query
from parley.app.profiles import CallProfileEdit
from parley.app.spaces import SpaceEdit
from parley.app.users import UserEdit
from parley.core.endings import Ending, Reason, Side
from parley.core.seats import Seat
from tests.doors.webrtc_rig import OFFER, OTHER_OFFER, Page, WebRig, attribute, names, webrtc_rig

GUEST = {"meeting": "100", "passcode": "1111"}
HOST = {"meeting": "100", "passcode": "2222"}


@asynccontextmanager
async def after(before: WebRig, **settings: Any) -> AsyncIterator[WebRig]:
    """The next life, when what there was to write has been written."""
    await before.floor.wait(3)
    async with webrtc_rig(before, **settings) as rig:
        yield rig


async def back(rig: WebRig, page: Page, **members: Any) -> tuple[Page, dict[str, Any]]:
    """The client comes back by its token, with media of its own making."""
    again = await rig.open()
    again.welcome = await again.ask("resume", token=page.welcome["resume"], **members)
    assert again.welcome["type"] == "welcome" and again.welcome["restart"] is True, again.welcome
    await again.offer()
    rig.floor.engine.ready(again.leg)
    return again, await again.state()


async def nobody(rig: WebRig, token: str) -> None:
    """It is answered as a token that never was."""
    page = await rig.open()
    answer = await page.ask("resume", token=token)
    unknown = await page.ask("resume", token="never")
    assert {**answer, "id": 0} == {**unknown, "id": 0} and answer["code"] == "refused"


async def kept(rig: WebRig) -> list[Seat]:
    async with rig.floor.held.reading() as tx:
        return list((await tx.seats.page(Query())).items)


async def test_a_restart_gives_everybody_his_seat_again() -> None:
    """The same ids, names, role, mute and hand; the guest waits until the host is back and is then in by himself."""
    async with webrtc_rig() as first:
        guest, _ = await first.guest()
        host, _ = await first.host()
        other = await first.open()
        await other.enter(GUEST, "Olga")
        await host.done("make-host", participant=guest.participant, host=True)
        await host.done("rename-participant", participant=guest.participant, name="Gustav")
        await host.done("mute-participant", participant=other.participant, muted=True)
        await guest.done("hand", raised=True)
        async with after(first) as rig:
            third, waiting = await back(rig, other)
            assert waiting["you"]["causes"] == ["no-host"] and waiting["you"]["name"] == "Olga"
            again, state = await back(rig, guest)
            assert again.participant == guest.participant and again.welcome["resume"] == guest.welcome["resume"]
            you = state["you"]
            assert (you["name"], you["role"], you["hand"], you["state"]) == ("Gustav", "host", True, "active")
            state = await third.state(lambda one: one["you"]["state"] == "active")
            assert state["you"]["muted_by_host"] and names(state) == ["Olga", "Gustav"]
            assert third.participant == other.participant
            await rig.floor.wait(60)
            assert len(rig.floor.directory.legs()) == 2 and len(await kept(rig)) == 2  # the host did not come


async def test_an_offer_of_the_old_media_is_passed_over() -> None:
    """It belongs to a path that is gone; the first offer after the welcome counts, and then a socket breaks as ever."""
    async with webrtc_rig() as first:
        host, _ = await first.host()
        async with after(first) as rig:
            page = await rig.open()
            welcome = await page.ask("resume", token=host.welcome["resume"], offer=OTHER_OFFER)
            assert welcome["restart"] is True and rig.floor.directory.legs() == []
            again = await rig.open()  # and once more before any offer
            again.welcome = await again.ask("resume", token=host.welcome["resume"], offer=OTHER_OFFER)
            assert again.welcome["restart"] is True and await page.closed() == 4000
            await again.offer(OFFER)
            [leg] = rig.floor.engine.legs.values()
            assert leg.web is not None and leg.web.ufrag == attribute(OFFER, "ice-ufrag")
            once_more = await rig.resumed(again, offer=OTHER_OFFER)
            assert "restart" not in once_more.welcome and (await once_more.hear("answer"))["sdp"]


async def test_two_sockets_that_claim_one_seat_are_one_participant() -> None:
    """Whoever is later takes over from the other; there is one leg and one participant."""
    async with webrtc_rig() as first:
        host, _ = await first.host()
        async with after(first) as rig:
            pages = [await rig.open() for _ in range(3)]
            token = host.welcome["resume"]
            welcomes = await asyncio.gather(
                *(page.ask("resume", token=token) for page in pages), return_exceptions=True
            )
            assert any(isinstance(one, dict) and one["type"] == "welcome" for one in welcomes)
            assert not any(isinstance(one, dict) and one["type"] == "error" for one in welcomes)
            assert len(rig.entrance) == 1


async def test_the_grace_counts_from_when_the_server_is_ready() -> None:
    """Within it the seat is held, however long the server was away; after it the token is nobody's."""
    async with webrtc_rig() as first:
        guest, _ = await first.guest()
        host, _ = await first.host()
        async with after(first, grace=20.0) as rig:
            await rig.floor.wait(19)
            await back(rig, guest)
            await rig.floor.wait(2)
            await nobody(rig, host.welcome["resume"])
            await rig.floor.wait(3)
            assert [seat.participant for seat in await kept(rig)] == [guest.participant]


async def test_a_seat_nobody_has_written_for_a_day_is_nobodys() -> None:
    """A server that was away so long finds it expired and forgets it."""
    async with webrtc_rig() as first:
        host, _ = await first.host()
        await first.floor.wait(3)
        [seat] = await kept(first)
        async with first.floor.held.transaction() as tx:
            await tx.seats.save(replace(seat, expires=first.floor.clock.utc().replace(year=2025)))
        async with webrtc_rig(first) as rig:
            assert await kept(rig) == []
            await nobody(rig, host.welcome["resume"])


async def test_whoever_left_or_was_removed_has_no_seat() -> None:
    """By his own word, a host's, or the end of the grace: the token opens nothing after a restart either."""
    async with webrtc_rig() as first:
        host, _ = await first.host()
        leaver, _ = await first.guest("Lea")
        removed, _ = await first.guest("Rem")
        lost, _ = await first.guest("Los")
        await leaver.ask("leave")
        await host.done("remove", participant=removed.participant)
        await lost.socket.close()
        await first.floor.wait(32)
        assert [seat.participant for seat in await kept(first)] == [host.participant]
        async with after(first) as rig:
            for page in (leaver, removed, lost):
                await nobody(rig, page.welcome["resume"])
            await back(rig, host)


@pytest.mark.parametrize("change", [{"enabled": False}, {"non_member_access": False}, None])
async def test_a_door_that_was_shut_meanwhile_stays_shut(change: dict[str, Any] | None) -> None:
    """The space switched off or closed to strangers, or gone: refused like an unknown token, and the seat is gone."""
    async with webrtc_rig() as first:
        host, _ = await first.host()
        async with after(first) as rig:
            async with rig.floor.held.transaction() as tx:
                space = await tx.spaces.get(rig.space)
                assert space is not None
                await (tx.spaces.delete(space.id) if change is None else tx.spaces.save(replace(space, **change)))
            await nobody(rig, host.welcome["resume"])
            await rig.floor.wait(3)
            assert await kept(rig) == []


@pytest.mark.parametrize("shut", ["membership", "account"])
async def test_a_member_returns_while_he_is_one(shut: str) -> None:
    """Without signing in again; not when he is a member no more, or may not sign in."""
    async with webrtc_rig() as first:
        use = first.floor.use
        user = await use.users.create("bob@example.com", UserEdit(name="Bob"))
        member = await use.members.create(first.space, "bob@example.com", MemberEdit())
        async with first.floor.held.reading() as tx:
            found = await tx.users.get(user)
        assert found is not None
        first.people["session", True] = found
        pages = [await first.open(Authorization="Bearer session") for _ in range(2)]
        for page in pages:
            await page.enter({"space": first.space}, "Bob")
        async with after(first) as rig:
            _, state = await back(rig, pages[0])
            assert state["you"]["member"] is True
            if shut == "membership":
                await rig.floor.use.members.delete(rig.space, member)
            else:
                async with rig.floor.held.transaction() as tx:
                    await tx.users.save(replace(found, enabled=False))
            await nobody(rig, pages[1].welcome["resume"])


async def test_neither_a_lock_nor_a_full_meeting_keeps_out_who_was_in() -> None:
    """Both hold for others; whoever was in has his place."""
    async with webrtc_rig() as first:
        guest, _ = await first.guest()
        host, _ = await first.host()
        profile = await first.floor.use.call_profiles.create(
            CallProfileEdit(settings={"participant_limit": 1, "locked": True})
        )
        await first.floor.use.spaces.change(first.space, SpaceEdit(call_profile=profile))
        async with after(first) as rig:
            await back(rig, host)
            _, state = await back(rig, guest)
            assert state["you"]["state"] == "active"
            late = await rig.open()
            await late.join(GUEST)
            await late.offer()
            rig.floor.engine.ready(late.leg)
            assert (await late.hear("ended"))["reason"] == "participant-limit"


async def test_a_meeting_that_is_ended_for_all_is_ended_for_those_who_are_not_back_yet() -> None:
    """Their tokens open nothing from then on."""
    async with webrtc_rig() as first:
        guest, _ = await first.guest()
        host, _ = await first.host()
        async with after(first) as rig:
            again, _ = await back(rig, host)
            await again.done("end")
            await nobody(rig, guest.welcome["resume"])


async def test_a_second_restart_loses_nothing() -> None:
    """What was inside before the first is there after the second, also of who came back to wait only."""
    async with webrtc_rig() as first:
        guest, _ = await first.guest()
        host, _ = await first.host()
        await host.done("rename-participant", participant=guest.participant, name="Gustav")
        async with after(first) as second:
            await back(second, guest)
            async with after(second) as third:
                _, state = await back(third, guest)
                assert state["you"]["name"] == "Gustav" and state["you"]["causes"] == ["no-host"]


async def test_a_server_that_stops_ends_nobodys_seat() -> None:
    """The socket is closed as for a restart, without a last word, and nobody is taken in meanwhile."""
    async with webrtc_rig() as first:
        host, _ = await first.host()
        await first.floor.directory.close(Ending(Side.LOCAL, Reason.SHUTDOWN))
        assert await host.closed() == 1012 and not any(said["type"] == "ended" for said in host.kept)
        with pytest.raises(InvalidStatus):
            await first.open()
        await first.seats.flush()
        async with after(first) as rig:
            again, _ = await back(rig, host)
            assert again.participant == host.participant


async def test_changes_are_written_together_and_seldom() -> None:
    """However much happens in a second, it is one write of the store."""
    async with webrtc_rig() as rig:
        guest, _ = await rig.guest()
        await rig.floor.wait(3)
        writes = 0
        transaction = rig.floor.held.transaction

        def counted() -> Any:
            nonlocal writes
            writes += 1
            return transaction()

        rig.floor.held.transaction = counted  # type: ignore[method-assign]
        for number in range(20):
            await guest.done("hand", raised=bool(number % 2))
        await rig.floor.wait(3)
        assert 1 <= writes <= 5
        rig.floor.held.transaction = transaction  # type: ignore[method-assign]
        assert [seat.stay.hand_raised for seat in await kept(rig)] == [True]


async def test_a_store_that_cannot_be_written_is_tried_again() -> None:
    """Nobody in the meeting notices, and what was to be kept is kept in the end."""
    async with webrtc_rig() as rig:
        guest, _ = await rig.guest()
        transaction = rig.floor.held.transaction

        def broken() -> Any:
            raise OSError("no space left")

        rig.floor.held.transaction = broken  # type: ignore[method-assign]
        await guest.done("hand", raised=True)
        await rig.floor.wait(3)
        rig.floor.held.transaction = transaction  # type: ignore[method-assign]
        await rig.floor.wait(3)
        assert [seat.stay.hand_raised for seat in await kept(rig)] == [True]


async def test_no_token_is_kept_as_it_is() -> None:
    """The store holds its hash alone."""
    async with webrtc_rig() as rig:
        host, _ = await rig.host()
        await rig.floor.wait(3)
        [seat] = await kept(rig)
        assert host.welcome["resume"] not in repr(seat) and len(seat.id) == 64


async def test_media_lost_with_their_worker_are_asked_for_anew() -> None:
    """The page is told `renew`, and its next offer is answered by an end of ours that is new; whose socket is away is
    told by his welcome. Nobody leaves the meeting for it."""
    async with webrtc_rig() as rig:
        host, _ = await rig.host()
        guest, _ = await rig.guest()
        await guest.socket.close()
        before = await rig.floor.engine.change_leg(host.leg, rig.floor.engine.legs[host.leg])
        rig.floor.engine.lose()
        assert (await host.hear("renew"))["type"] == "renew"
        answer = await host.offer(OTHER_OFFER)
        after = await rig.floor.engine.change_leg(host.leg, rig.floor.engine.legs[host.leg])
        assert before is not None and after is not None and after.ufrag != before.ufrag
        assert attribute(answer, "ice-ufrag") == after.ufrag
        back = await rig.open()
        welcome = await back.ask("resume", token=guest.welcome["resume"], offer=OTHER_OFFER)
        assert welcome["restart"] is True
        back.welcome = welcome
        await back.offer(OFFER)
        once_more = await rig.resumed(back)
        assert "restart" not in once_more.welcome
        assert len(rig.floor.directory.legs()) == 2
