"""The vendor's own client, unmodified, over HTTPS: views of hard terminals, and every list page by page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmeeting.v1 import model as m

from parley.app.rooms import RoomEdit
from parley.core.spaces import SpaceKind
from parley.doors.huawei.operations import OPERATIONS, left_out
from tests.doors.huawei.rig import MeetingRig
from tests.doors.huawei.server import served
from tests.doors.huawei_people_rig import APP_ID, APP_KEY
from tests.kit.vendor import Booked, Vendor


class Client(Vendor):
    """Beside the server that it calls."""

    rig: MeetingRig

    async def started(self, **fields: Any) -> Booked:
        booked = await self.book(**fields)
        await self.rig.call(booked.number, booked.host, "1001", "Hana")
        await booked.control()
        return booked


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[Client]:
    async with served(tmp_path) as (rig, base, certificate):
        made = Client(base, certificate, APP_ID, APP_KEY)
        made.rig = rig
        yield made


async def test_views_of_hard_terminals_are_taken(vendor: Client) -> None:
    """Kept for the time when there are pictures; what is out of range is refused with its code."""
    booked = await vendor.started(subject="now")
    [hana] = [one.pid for one in (await booked.people()).values()]
    view = m.RestChairViewReqBody(view_type=1, participant_id=hana, switch_time=20, status=1)
    await booked.order("set_host_view", m.SetHostViewRequest, body=view)
    theirs = m.RestParticipantViewReqBody(view_type=2, participant_id=hana)
    await booked.order("set_participant_view", m.SetParticipantViewRequest, participant_id=hana, body=theirs)
    lock = m.RestLockSiteViewReqBody(status=1, participant_id=hana)
    await booked.order("lock_view", m.LockViewRequest, participant_id=hana, body=lock)
    with pytest.raises(ClientRequestException) as refused:
        wrong = m.RestChairViewReqBody(view_type=1, participant_id=hana, switch_time=5, status=1)
        await booked.order("set_host_view", m.SetHostViewRequest, body=wrong)
    assert (refused.value.status_code, refused.value.error_code) == (400, "MMC.111072042")


async def test_the_retired_picture_command_is_taken(vendor: Client) -> None:
    """With participants for pictures."""
    booked = await vendor.started(subject="now")
    [hana] = [one.pid for one in (await booked.people()).values()]
    picture = m.SubscriberInPic(index=1, subscriber=[hana], is_assist_stream=0)
    body = m.RestMixedPictureBody(manual_set=1, image_type="Single", subscriber_in_pics=[picture], switch_time=30)
    await booked.order("set_multi_picture", m.SetMultiPictureRequest, body=body)
    with pytest.raises(ClientRequestException) as refused:
        wrong = m.RestMixedPictureBody(manual_set=1, image_type="Nineteen")
        await booked.order("set_multi_picture", m.SetMultiPictureRequest, body=wrong)
    assert refused.value.status_code == 400


async def pages(vendor: Client, operation: str, kind: Any, name: str, rows: str = "data", **query: Any) -> list[Any]:
    """The named attribute of all rows, asked for one by one; counts and pages must agree."""
    found: list[Any] = []
    for offset in range(20):
        page = await vendor(operation, kind(offset=offset, limit=1, **query))
        assert (page.offset, page.limit) == (offset, 1)
        if not getattr(page, rows):
            assert page.count == len(found) == offset
            return found
        [row] = getattr(page, rows)
        found.append(getattr(row, name))
        assert page.count >= len(found)
    raise AssertionError(f"{operation} has no end")


async def test_lists_about_people_are_read_page_by_page(vendor: Client) -> None:
    """Users, directory, administrators, rooms of the enterprise and of a person, applications."""
    for account in ("ann", "bob", "cyd"):
        body = m.AddUserDTO(name=account, account=account, email=f"{account}@mail.example")
        await vendor("add_user", m.AddUserRequest(body=body))
    await vendor("add_corp_admin", m.AddCorpAdminRequest(body=m.CorpAdminDTO(account="ann")))
    await vendor("add_app_id", m.AddAppIdRequest(body=m.AddAppIdRequestBody(app_name="x", description="d")))
    rooms = [await vendor.rig.rooms.create(None, SpaceKind.CLOUD_ROOM, RoomEdit(name=name)) for name in ("A", "B")]
    shown = await vendor("search_corp_vmr", m.SearchCorpVmrRequest(vmr_mode=1))
    assert len(rooms) == 2
    await vendor("associate_vmr", m.AssociateVmrRequest(account="admin", body=[row.id for row in shown.data]))
    assert await pages(vendor, "search_users", m.SearchUsersRequest, "name", sort_field="ldapAccount", is_asc=True) == [
        "Administrator",
        "ann",
        "bob",
        "cyd",
    ]
    assert len(await pages(vendor, "search_corp_dir", m.SearchCorpDirRequest, "name")) == 4
    assert await pages(vendor, "search_corp_admins", m.SearchCorpAdminsRequest, "account") == ["admin", "ann"]
    assert await pages(vendor, "batch_search_app_id", m.BatchSearchAppIdRequest, "app_name") == ["the app", "x"]
    assert await pages(vendor, "search_corp_vmr", m.SearchCorpVmrRequest, "vmr_name", vmr_mode=1) == ["A", "B"]
    assert await pages(vendor, "search_member_vmr", m.SearchMemberVmrRequest, "vmr_name", special_vmr=True) == [
        "A",
        "B",
    ]


async def test_lists_about_conferences_are_read_page_by_page(vendor: Client) -> None:
    """Booked, running, over, who is in and who was, and what was ordered."""
    day = (vendor.rig.clock.utc() + timedelta(days=300)).strftime("%Y-%m-%d")
    for hour in ("22:58", "22:59"):
        await vendor.book(subject=f"at {hour}", start_time=f"{day} {hour}")
    running = [await vendor.started(subject=f"now {number}") for number in (1, 2)]
    booked = await pages(vendor, "search_meetings", m.SearchMeetingsRequest, "subject", search_key="at ")
    assert booked == ["at 22:58", "at 22:59"]
    online = await pages(vendor, "search_online_meetings", m.SearchOnlineMeetingsRequest, "subject")
    assert sorted(online) == ["now 1", "now 2"]
    first = running[0]
    await vendor.rig.call(first.number, first.guest, "2002", "Gus")
    inside = {"operation": "list_online_conf_attendee", "kind": m.ListOnlineConfAttendeeRequest, "name": "name"}
    assert await pages(vendor, **inside, conf_id=first.number) == ["Hana", "Gus"]
    for one in running:
        await vendor("cancel_meeting", m.CancelMeetingRequest(conference_id=one.number, type=1))
    now = int(vendor.rig.clock.utc().timestamp() * 1000)
    span = {"start_date": now - 86_400_000, "end_date": now + 86_400_000}
    past = await pages(vendor, "search_his_meetings", m.SearchHisMeetingsRequest, "conf_uuid", **span)
    assert len(set(past)) == 2
    for uuid in past:
        orders, who = m.SearchCtlRecordsOfHisMeetingRequest, m.SearchAttendanceRecordsOfHisMeetingRequest
        page = await vendor("search_ctl_records_of_his_meeting", orders(conf_uuid=uuid, offset=3, limit=2))
        assert (page.offset, page.limit, page.data) == (3, 2, [])
        page = await vendor("search_attendance_records_of_his_meeting", who(conf_uuid=uuid, offset=3, limit=2))
        assert (page.offset, page.limit, page.data) == (3, 2, [])


def test_the_client_calls_every_operation_that_is_served() -> None:
    """In some test of these doors or in a story: what is served without the vendor's client is not proved."""
    here = Path(__file__).resolve().parents[2]
    texts = "".join(
        path.read_text()
        for path in (*here.glob("doors/huawei/test_sdk*.py"), *here.glob("stories/*.py"), *here.glob("kit/vendor.py"))
    )
    called = set(re.findall(r'"(\w+)"', texts))
    refused = {one.name for one in left_out(MeetingRig().routes)}
    assert [one.name for one in OPERATIONS if one.name not in refused | called] == []
