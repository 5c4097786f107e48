"""The vendor's own client, unmodified, over HTTPS with a certificate that it checks (huawei-api 5)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkmeeting.v1 import MeetingClient
from huaweicloudsdkmeeting.v1 import model as m
from huaweicloudsdkmeeting.v1.meeting_credentials import AuthTypeEnum, MeetingCredentials

from tests.doors.huawei.rig import MeetingRig
from tests.doors.huawei.server import served
from tests.doors.huawei_people_rig import APP_ID, APP_KEY


class Vendor:
    """The SDK's client in a thread of its own, beside the server's event loop."""

    def __init__(self, rig: MeetingRig, client: Any) -> None:
        self.rig = rig
        self._client = client

    async def __call__(self, operation: str, request: Any) -> Any:
        return await asyncio.to_thread(getattr(self._client, operation), request)

    def utc(self, **ahead: float) -> str:
        return (self.rig.clock.utc() + timedelta(**ahead)).strftime("%Y-%m-%d %H:%M")


def client(base: str, certificate: Path, credentials: Any) -> Any:
    config = HttpConfig.get_default_config()
    config.ssl_ca_cert = str(certificate)
    builder = MeetingClient.new_builder().with_http_config(config)
    return builder.with_credentials(credentials).with_endpoint(base).build()


def by_application() -> Any:
    credentials = MeetingCredentials().with_auth_type_enum(AuthTypeEnum.APP_ID)
    return credentials.with_app_id(APP_ID).with_app_key(APP_KEY).with_user_id("booker")


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[Vendor]:
    async with served(tmp_path) as (rig, base, certificate):
        yield Vendor(rig, client(base, certificate, by_application()))


def booking(**fields: Any) -> Any:
    return m.CreateMeetingRequest(body=m.RestScheduleConfDTO(media_types="HDVideo", **fields))


async def test_both_logins_book_at_once(tmp_path: Path) -> None:
    """By application and by account."""
    async with served(tmp_path) as (rig, base, certificate):
        await rig.user("ann", "correct-Horse-1")
        for credentials in (by_application(), MeetingCredentials("ann", "correct-Horse-1")):
            vendor = Vendor(rig, client(base, certificate, credentials))
            [info] = (await vendor("create_meeting", booking(subject="now"))).body
            assert (info.conference_state, info.conf_type, info.subject) == ("Created", "IMMEDIATELY", "now")
            assert len(info.conf_uuid) == 32
            assert [entry.conference_role for entry in info.password_entry] == ["chair", "general"]


async def test_a_booked_conference_is_shown_listed_changed_and_cancelled(vendor: Vendor) -> None:
    """The life of a single conference."""
    start = vendor.utc(days=2)
    attendee = m.RestAttendeeDTO(name="Bob", phone="+8675512345678", role=0, email="bob@example.com")
    rules = m.RestConfConfigDTO(is_send_notify=False, call_in_restriction=2, prolong_length=10)
    wish = booking(
        subject="plan", start_time=start, length=60, attendees=[attendee], conf_config_info=rules, encrypt_mode=1
    )
    [info] = (await vendor("create_meeting", wish)).body
    id = info.conference_id
    assert (info.conference_state, info.start_time, info.size) == ("Schedule", start, 1)
    assert info.conf_config_info.call_in_restriction == 2
    assert info.conf_config_info.prolong_length == 10

    shown = await vendor("show_meeting_detail", m.ShowMeetingDetailRequest(conference_id=id))
    assert shown.conference_data.conference_id == id
    assert shown.conference_data.role == "chair"
    assert [(one.name, one.participant_id, one.state) for one in shown.data.data] == [
        ("Bob", "+8675512345678", "MEETTING")
    ]

    listed = await vendor("search_meetings", m.SearchMeetingsRequest(search_key="pla", query_conf_mode="AWEEK"))
    assert (listed.count, listed.offset, listed.limit) == (1, 0, 20)
    assert listed.data[0].conference_id == id

    change = m.RestScheduleConfDTO(media_types="HDVideo", subject="a better plan", length=90)
    [changed] = (await vendor("update_meeting", m.UpdateMeetingRequest(conference_id=id, body=change))).body
    assert (changed.subject, changed.start_time, changed.size) == ("a better plan", start, 1)
    assert changed.conf_config_info.call_in_restriction == 2

    await vendor("cancel_meeting", m.CancelMeetingRequest(conference_id=id))
    with pytest.raises(ClientRequestException) as gone:
        await vendor("show_meeting_detail", m.ShowMeetingDetailRequest(conference_id=id))
    assert (gone.value.status_code, gone.value.error_code) == (400, "MMC.111070005")
    assert gone.value.error_msg == "CONF_DATA_NOT_FOUND"


async def test_a_series_is_booked_changed_and_cancelled_piece_by_piece(vendor: Vendor) -> None:
    """Create, change one occurrence, cancel one, cancel all."""
    first = (vendor.rig.clock.utc() + timedelta(days=3)).date()
    rule = m.CycleParams(
        start_date=first.isoformat(),
        end_date=(first + timedelta(days=4)).isoformat(),
        cycle="Day",
        interval=1,
        pre_remind_days=1,
    )
    start = f"{first.isoformat()} 02:00"
    body = m.RestScheduleConfDTO(
        media_types="HDVideo", subject="stand-up", start_time=start, length=30, time_zone_id="56", cycle_params=rule
    )
    [info] = (await vendor("create_recurring_meeting", m.CreateRecurringMeetingRequest(body=body))).body
    id = info.conference_id
    assert (info.conf_type, info.conference_type, info.start_time) == ("CYCLE", 2, start)
    assert len(info.sub_confs) == 5
    assert info.cycle_sub_conf_id == info.sub_confs[0].cycle_sub_conf_id
    assert info.sub_confs[1].start_time == f"{(first + timedelta(days=1)).isoformat()} 02:00"
    assert info.cycle_params.cycle == "Day"

    second = info.sub_confs[1]
    moved = m.RestScheduleCycleConfDTO(
        cycle_sub_conf_id=second.cycle_sub_conf_id,
        media_types="HDVideo",
        start_time=f"{(first + timedelta(days=1)).isoformat()} 03:00",
        length=45,
        description="later that day",
    )
    await vendor("update_recurring_sub_meeting", m.UpdateRecurringSubMeetingRequest(conference_id=id, body=moved))
    some = m.RestCancelSingleRecordCycleConfListReqBody(cycle_sub_conf_i_ds=[info.sub_confs[2].cycle_sub_conf_id])
    await vendor("cancel_recurring_sub_meeting", m.CancelRecurringSubMeetingRequest(conference_id=id, body=some))
    shown = await vendor("show_meeting_detail", m.ShowMeetingDetailRequest(conference_id=id))
    left = {one.cycle_sub_conf_id: one for one in shown.conference_data.sub_confs}
    assert len(left) == 4
    assert left[second.cycle_sub_conf_id].start_time.endswith("03:00")
    assert left[second.cycle_sub_conf_id].end_time.endswith("03:45")
    assert left[second.cycle_sub_conf_id].description == "later that day"

    change = m.RestScheduleConfDTO(media_types="HDVideo", subject="sit-down")
    request = m.UpdateRecurringMeetingRequest(conference_id=id, body=change)
    [changed] = (await vendor("update_recurring_meeting", request)).body
    assert changed.subject == "sit-down"
    await vendor("cancel_recurring_meeting", m.CancelRecurringMeetingRequest(conference_id=id, type=1))
    assert (await vendor("search_meetings", m.SearchMeetingsRequest())).count == 0


async def test_a_running_conference_is_commanded(vendor: Vendor) -> None:
    """Control token, two people at phones, and the commands that concern them."""
    rig = vendor.rig
    [info] = (await vendor("create_meeting", booking(subject="now"))).body
    id = info.conference_id
    host, guest = (entry.password for entry in info.password_entry)
    await rig.call(id, host, "1001", "Hana")
    await rig.call(id, guest, "2002", "Gus")

    token = await vendor(
        "create_conf_token", m.CreateConfTokenRequest(conference_id=id, x_password=host, x_login_type=1)
    )
    assert (token.data.role, token.data.conf_token_expire_time) == (1, 1800)
    assert token.data.ws_url.startswith("wss://127.0.0.1:")
    control = {"conference_id": id, "x_conference_authorization": token.data.token}

    async def state() -> Any:
        return await vendor("show_real_time_info_of_meeting", m.ShowRealTimeInfoOfMeetingRequest(**control))

    now = await state()
    people = {one.name: one for one in now.participants}
    assert {name: (one.phone, one.state, one.mute, one.hand) for name, one in people.items()} == {
        "Hana": ("1001@example.com", 0, 0, 0),
        "Gus": ("2002@example.com", 0, 0, 0),
    }
    assert now.conf_info.chair_id == people["Hana"].pid
    gus = {"participant_id": people["Gus"].pid, **control}

    await vendor("mute_meeting", m.MuteMeetingRequest(body=m.RestMuteReqBody(is_mute=1), **control))
    assert {one.name: one.mute for one in (await state()).participants} == {"Hana": 0, "Gus": 1}
    await vendor("mute_participant", m.MuteParticipantRequest(body=m.RestMuteParticipantReqBody(is_mute=0), **gus))
    await vendor("hand", m.HandRequest(body=m.RestHandsUpReqBody(hands_state=1), **gus))
    await vendor("set_cohost", m.SetCohostRequest(body=m.RestSetCohostBody(is_cohost=1), **gus))
    renamed = m.RestRenamePartReqBody(number="2002", new_name="Gustav", participant_id=people["Gus"].pid)
    await vendor("rename_participant", m.RenameParticipantRequest(body=renamed, **control))
    now = await state()
    assert {one.name: (one.mute, one.hand) for one in now.participants} == {"Hana": (0, 0), "Gustav": (0, 1)}
    assert now.conf_info.co_hosts == [people["Gus"].pid]

    await vendor("lock_meeting", m.LockMeetingRequest(body=m.RestLockReqBody(is_lock=1), **control))
    await vendor(
        "prolong_meeting", m.ProlongMeetingRequest(body=m.RestProlongDurReqBody(auto=0, duration=20), **control)
    )
    shown = await vendor("show_online_meeting_detail", m.ShowOnlineMeetingDetailRequest(conference_id=id))
    assert shown.conference_data.end_time == vendor.utc(minutes=50)

    invited = m.Attendee(name="Ida", phone="+8613800000000", type="outside")
    invite = m.RestInviteReqBody(attendees=[invited])
    await vendor("invite_participant", m.InviteParticipantRequest(body=invite, **control))
    assert [wish.target for wish in rig.placer.wishes] == ["+8613800000000"]
    assert [one.state for one in (await state()).participants] == [0, 0, 1]

    drop = m.RestBulkHangUpReqBody(bulk_hang_up_participants=[people["Gus"].pid])
    await vendor("hang_up", m.HangUpRequest(body=drop, **control))
    assert [one.name for one in (await state()).participants] == ["Hana", "Ida"]
    await vendor("stop_meeting", m.StopMeetingRequest(**control))
    assert rig.directory.meetings() == []


async def test_errors_reach_the_client_with_code_text_and_request_id(vendor: Vendor) -> None:
    """What the client needs of an error: two keys and a header."""
    with pytest.raises(ClientRequestException) as refused:
        await vendor("create_meeting", booking(length=14))
    assert (refused.value.status_code, refused.value.error_code) == (400, "MMC.111071021")
    assert refused.value.error_msg == "CONF_LENGTH_OVER_RANGE"
    assert len(refused.value.request_id) == 32
