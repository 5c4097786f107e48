"""The vendor's own client, unmodified, over HTTPS with a certificate that it checks (huawei-api 5)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkmeeting.v1 import MeetingClient
from huaweicloudsdkmeeting.v1 import model as m
from huaweicloudsdkmeeting.v1.meeting_credentials import AuthTypeEnum, MeetingCredentials

from tests.doors.huawei.rig import MeetingRig
from tests.doors.huawei.server import served
from tests.doors.huawei_people_rig import APP_ID, APP_KEY

IDA = m.RestAttendeeDTO(name="Ida", phone="5005")


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


async def running(vendor: Vendor, *guests: tuple[str, str], **booked: Any) -> tuple[str, str, Any]:
    """A conference of now with Hana as its host and these guests (number, name): its id, the host's password and a
    token to control it."""
    [info] = (await vendor("create_meeting", booking(subject="now", **booked))).body
    id = info.conference_id
    host, guest = (entry.password for entry in info.password_entry)
    for pin, caller, name in ((host, "1001", "Hana"), *((guest, *person) for person in guests)):
        await vendor.rig.call(id, pin, caller, name)
    request = m.CreateConfTokenRequest(conference_id=id, x_password=host, x_login_type=1)
    return id, host, (await vendor("create_conf_token", request)).data


async def test_a_running_conference_is_commanded(vendor: Vendor) -> None:
    """Control token, two people at phones, and the commands that concern them."""
    rig = vendor.rig
    id, _host, token = await running(vendor, ("2002", "Gus"))
    assert (token.role, token.conf_token_expire_time) == (1, 1800)
    assert token.ws_url.startswith("wss://127.0.0.1:")
    control = {"conference_id": id, "x_conference_authorization": token.token}

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


async def arrange_pictures(vendor: Vendor, control: dict[str, str]) -> None:
    """Modes and layouts, kept and forgotten."""
    mode = m.RestSwitchModeReqBody(switch_mode="VAS", image_type=1)
    await vendor("switch_mode", m.SwitchModeRequest(body=mode, **control))
    picture = m.RestSubscriberInPic(index=1, subscriber=["1001"], is_assist_stream=0)
    custom = m.RestCustomMultiPictureBody(manual_set=1, image_type="Two", subscriber_in_pics=[picture], switch_time=20)
    await vendor("set_custom_multi_picture", m.SetCustomMultiPictureRequest(body=custom, **control))
    layout = m.RestPicLayoutBody(rest_pic_layout=m.RestPicLayout(lay_out_name="mine", image_type="Two", uuid="u-1"))
    await vendor("save_layout", m.SaveLayoutRequest(body=layout, **control))
    kept = await vendor("show_layout", m.ShowLayoutRequest(**control))
    assert (kept.return_code, kept.pic_layouts[0].lay_out_name) == (0, "mine")
    await vendor("delete_layout", m.DeleteLayoutRequest(uu_id="u-1", **control))


async def test_every_other_command_of_the_client_is_answered(vendor: Vendor) -> None:
    """What the first story of control leaves out, one after another; each answer is one that the client reads."""
    id, host, token = await running(vendor, ("2002", "Gus"), ("3003", "Gina"), attendees=[IDA])
    control = {"conference_id": id, "x_conference_authorization": token.token}
    live = await vendor("show_real_time_info_of_meeting", m.ShowRealTimeInfoOfMeetingRequest(**control))
    pid = {one.name: one.pid for one in live.participants}
    gus, hana = {"participant_id": pid["Gus"], **control}, {"participant_id": pid["Hana"], **control}

    socket = await vendor("create_web_socket_token", m.CreateWebSocketTokenRequest(**control))
    assert socket.web_socket_token
    allow = m.RestAllowUnMuteReqBody(allow_unmute_by_oneself=0)
    await vendor("allow_guest_unmute", m.AllowGuestUnmuteRequest(body=allow, **control))
    hands = m.RestBatchHandsUpReqBody(hands_state=1, pids=[pid["Gus"], pid["Gina"]])
    await vendor("batch_hand", m.BatchHandRequest(body=hands, **control))
    await vendor("rollcall_participant", m.RollcallParticipantRequest(**gus))
    await vendor("broadcast_participant", m.BroadcastParticipantRequest(**gus))
    await vendor("cancel_broadcast", m.CancelBroadcastRequest(**control))
    back = m.RestMoveToWaitingRoomReqBody(participant_id=pid["Gus"])
    await vendor("move_to_waiting_room", m.MoveToWaitingRoomRequest(body=back, **control))
    one = m.RestAllowWaitingParticipantReqBody(participant_id=pid["Gus"])
    await vendor("allow_waiting_participant", m.AllowWaitingParticipantRequest(body=one, **control))
    several = m.RestBatchMoveToWaitingRoomReqBody(batch_participants=[pid["Gus"], pid["Gina"]])
    await vendor("batch_move_to_waiting_room", m.BatchMoveToWaitingRoomRequest(body=several, **control))
    everybody = m.RestAllowWaitingParticipantReqBody(allow_all=True)
    await vendor("allow_waiting_participant", m.AllowWaitingParticipantRequest(body=everybody, **control))
    await vendor("set_role", m.SetRoleRequest(body=m.RestChairTokenReqBody(apply_chair=0), **hana))
    await vendor("set_role", m.SetRoleRequest(body=m.RestChairTokenReqBody(apply_chair=1, chairman_pwd=host), **gus))
    changed = m.UpdateStartedConfigReqBody(is_lock=1, call_in_restriction=2)
    await vendor("update_started_conf_config", m.UpdateStartedConfConfigRequest(body=changed, **control))
    await vendor("invite_operate_video", m.InviteOperateVideoRequest(body=m.RestVideoBody(status=1), **gus))
    await vendor("invite_share", m.InviteShareRequest(body=m.InviteShareDTO(share=1), **gus))
    recording = m.RestAllowClientRecordReqBody(allow_client_record=1)
    await vendor("allow_client_record", m.AllowClientRecordRequest(body=recording, **gus))
    await arrange_pictures(vendor, control)
    off = m.RestBulkDelAttendReqBody(bulk_del_attend_info=[m.DelAttendInfo(number="5005")])
    await vendor("delete_attendees", m.DeleteAttendeesRequest(body=off, **control))
    password = m.RestInviteWithPwdReqBody(call_num="7007", conf_id=id, pwd=host)
    await vendor("invite_with_pwd", m.InviteWithPwdRequest(conference_id=id, body=password))

    now = await vendor("show_real_time_info_of_meeting", m.ShowRealTimeInfoOfMeetingRequest(**control))
    assert now.conf_info.chair_id == pid["Gus"]
    assert now.attendees == []
    assert {one.name: one.state for one in now.participants} == {"Hana": 0, "Gus": 0, "Gina": 0, "7007": 1}


async def test_the_questions_of_the_client_are_answered(vendor: Vendor) -> None:
    """Before joining, while it runs, and afterwards."""
    rig = vendor.rig
    start = vendor.utc(hours=3)
    [info] = (await vendor("create_meeting", booking(subject="asked", start_time=start))).body
    id = info.conference_id
    host, guest = (entry.password for entry in info.password_entry)
    region = await vendor("show_region_info_of_meeting", m.ShowRegionInfoOfMeetingRequest(conference_id=id))
    assert region.region_ip.startswith("127.0.0.1:")
    asked = m.CreateAnonymousAuthRandomRequest(conference_id=id, x_password=guest)
    assert len((await vendor("create_anonymous_auth_random", asked)).random) == 48
    newer = await vendor("create_auth_random", m.CreateAuthRandomRequest(conf_id=id, x_password=guest))
    assert (newer.subject, newer.need_password) == ("asked", True)
    rig.clock.advance(3 * 3600)
    begun = m.StartMeetingRequest(body=m.StartRequest(conference_id=id, password=host))
    assert (await vendor("start_meeting", begun)).region_ip == region.region_ip
    online = await vendor("search_online_meetings", m.SearchOnlineMeetingsRequest())
    assert [row.conference_id for row in online.data] == [id]
    await rig.call(id, guest, "2002", "Gus")
    people = await vendor("list_online_conf_attendee", m.ListOnlineConfAttendeeRequest(conf_id=id))
    assert [(row.name, row.call_number, row.role) for row in people.data] == [("Gus", "2002@example.com", 0)]
    busy = await vendor("check_call_number_in_conf", m.CheckCallNumberInConfRequest(call_number="2002"))
    assert (busy.in_conf, busy.conf_id) == (True, id)
    await vendor("cancel_meeting", m.CancelMeetingRequest(conference_id=id, type=1))

    around = int(rig.clock.utc().timestamp() * 1000)
    span = {"start_date": around - 86_400_000, "end_date": around + 86_400_000}
    past = await vendor("search_his_meetings", m.SearchHisMeetingsRequest(**span))
    [row] = past.data
    assert (row.conference_id, len(row.conf_uuid)) == (id, 32)
    shown = await vendor("show_his_meeting_detail", m.ShowHisMeetingDetailRequest(conf_uuid=row.conf_uuid))
    assert shown.conference_data.subject == "asked"
    attendance = m.SearchAttendanceRecordsOfHisMeetingRequest(conf_uuid=row.conf_uuid)
    assert (await vendor("search_attendance_records_of_his_meeting", attendance)).count == 0
    orders = m.SearchCtlRecordsOfHisMeetingRequest(conf_uuid=row.conf_uuid)
    assert (await vendor("search_ctl_records_of_his_meeting", orders)).count == 0


async def test_what_is_left_out_says_so(vendor: Vendor) -> None:
    """A clear error with its reason, not an empty success."""
    [info] = (await vendor("create_meeting", booking())).body
    request = m.RecordRequest(
        conference_id=info.conference_id, x_conference_authorization="x", body=m.RestSetRecordReqBody(is_record=1)
    )
    with pytest.raises(ServerResponseException) as refused:
        await vendor("record", request)
    assert (refused.value.status_code, refused.value.error_code) == (501, "APIGW.0106")
