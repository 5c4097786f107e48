"""Conferences of other kinds than the plain one, at the phone: series, cloud rooms; and what people do in them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from huaweicloudsdkmeeting.v1 import model as m

from tests.kit.api import eventually
from tests.kit.rawcallee import RawCallee
from tests.kit.vendor import Booked

from .test_conferences import ROOMS, called, office, requests, upcoming_minute

pytestmark = pytest.mark.story

UTC_ZONE = "25"  # as the dialect numbers zones


@pytest.mark.timeout(150)
async def test_an_occurrence_of_a_series_rings_its_people_and_the_next_is_to_come() -> None:
    """Daily from the next minute: the phone is rung on time and hears the host who was early; hung up and cancelled,
    today's is over and tomorrow's stays."""
    async with office() as here:
        scene = here.scene
        ada = await here.reachable("ada")
        start = await upcoming_minute()
        rule = m.CycleParams(
            start_date=start.strftime("%Y-%m-%d"),
            end_date=(start + timedelta(days=2)).strftime("%Y-%m-%d"),
            cycle="Day",
            interval=1,
            pre_remind_days=1,
        )
        body = m.RestScheduleConfDTO(
            media_types="HDVideo",
            subject="Daily",
            start_time=start.strftime("%Y-%m-%d %H:%M"),
            length=30,
            time_zone_id=UTC_ZONE,
            cycle_params=rule,
            attendees=[called("ada")],
        )
        [info] = (await here.vendor("create_recurring_meeting", m.CreateRecurringMeetingRequest(body=body))).body
        booked = Booked(here.vendor, info)
        scene.server.never_log(booked.host, booked.guest)
        assert [one.start_time for one in info.sub_confs] == [
            (start + timedelta(days=days)).strftime("%Y-%m-%d %H:%M") for days in range(3)
        ]
        await here.dials("host", booked, booked.host)
        await scene.until_in("host")
        assert not ada.events
        await ada.wait_for("CALL_ESTABLISHED", patience=75.0)
        assert timedelta(0) <= datetime.now(UTC) - start < timedelta(seconds=10)
        await scene.everybody_hears_everybody("host", "ada")
        today = info.sub_confs[0].cycle_sub_conf_id
        some = m.RestCancelSingleRecordCycleConfListReqBody(cycle_sub_conf_i_ds=[today])
        over = m.CancelRecurringSubMeetingRequest(conference_id=booked.number, type=1, body=some)
        await here.vendor("cancel_recurring_sub_meeting", over)
        await ada.wait_closed()
        await scene.phones["host"].wait_closed()
        shown = await here.vendor("show_meeting_detail", m.ShowMeetingDetailRequest(conference_id=booked.number))
        tomorrow = (start + timedelta(days=1)).strftime("%Y-%m-%d %H:%M")
        assert (shown.conference_data.conference_state, shown.conference_data.start_time) == ("Schedule", tomorrow)


async def test_a_conference_in_a_cloud_room_is_met_by_its_numbers() -> None:
    """By a random number its people are rung at once and hear who dials it; by the room's own number nobody is rung,
    and who dials it and types the passwords is heard."""
    async with office() as here:
        scene = here.scene
        ada, bob = await here.reachable("ada"), await here.reachable("bob")
        await here.vendor("show_my_info", m.ShowMyInfoRequest())
        token = await here.vendor("update_token", m.UpdateTokenRequest())
        scene.server.never_log(token.access_token, token.refresh_token)
        async with requests(here, token.access_token) as http:
            made = (await http.post(ROOMS, json={"vmrName": "Atrium", "vmrPkgParties": 20})).json()
        await here.vendor("associate_vmr", m.AssociateVmrRequest(account="admin", body=[made["id"]]))
        room = {"vmr_flag": 1, "vmr_id": made["id"]}
        random = await here.book(
            subject="Rung", attendees=[called("ada")], rules={"vmr_id_type": 1, "allow_guest_start_conf": False}, **room
        )
        await ada.wait_for("CALL_ESTABLISHED")
        await scene.until_waiting("ada")
        await here.dials("host", random, random.host)
        await scene.everybody_hears_everybody("host", "ada")
        await random.cancel()
        for phone in (ada, scene.phones["host"]):
            await phone.wait_closed()
        await scene.until_empty()

        own = await here.book(subject="Dialled", attendees=[called("bob")], rules={"vmr_id_type": 0}, **room)
        assert own.info.vmr_conference_id == made["vmrId"]
        own.number = made["vmrId"]
        await here.dials("cyd", own, own.host)
        await scene.until_in("cyd")
        await here.dials("dan", own, own.guest)
        await scene.everybody_hears_everybody("cyd", "dan")
        assert not bob.events


async def test_a_phone_mutes_and_unmutes_itself_as_far_as_the_host_lets_it() -> None:
    """*6 is silence for the others, *6 again is not; muted by a host who forbids it, the keys do nothing."""
    async with office() as here:
        scene = here.scene
        booked = await here.book(subject="Keys", rules={"is_hard_terminal_auto_mute": False})
        await here.dials("host", booked, booked.host)
        await scene.until_in("host")
        ada = await here.dials("ada", booked, booked.guest)
        await scene.everybody_hears_everybody("host", "ada")
        await ada.digits("*6")
        await scene.settles({"host": set(), "ada": {"host"}})
        await ada.digits("*6")
        await scene.everybody_hears_everybody("host", "ada")
        await here.control(booked)
        mute = m.RestMuteReqBody(is_mute=1, allow_unmute_by_oneself=0)
        await booked.order("mute_meeting", m.MuteMeetingRequest, body=mute)
        await scene.settles({"host": set(), "ada": {"host"}})
        await ada.digits("*6")
        await asyncio.sleep(0.5)
        await scene.settles({"host": set(), "ada": {"host"}})
        allow = m.RestAllowUnMuteReqBody(allow_unmute_by_oneself=1)
        await booked.order("allow_guest_unmute", m.AllowGuestUnmuteRequest, body=allow)
        await ada.digits("*6")
        await scene.everybody_hears_everybody("host", "ada")


async def test_whoever_ends_the_call_in_one_dialect_ends_what_rings_for_it_in_the_other() -> None:
    """Rung at an instant start, before anybody was in: DELETE of the call takes the ringing back."""
    async with office() as here:
        scene = here.scene
        async with RawCallee(scene.server.network.address(), [180]) as slow:
            await here.rule("slow", slow.place)
            booked = await here.book(subject="Rung", attendees=[called("slow")])

            async def rung() -> bool:
                return any(one.method == "INVITE" for one in slow.heard)

            await eventually(rung, "the phone was not rung")
            await here.dials("host", booked, booked.host)
            await scene.until_in("host")
            [call] = await scene.api.ids("/calls")
            await scene.api.delete(f"/calls/{call}")

            async def cancelled() -> bool:
                return any(one.method == "CANCEL" for one in slow.heard)

            await eventually(cancelled, "it rings on")
            await scene.phones["host"].wait_closed()
            await scene.until_empty()
