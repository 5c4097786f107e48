"""The vendor's own client, unmodified, over HTTPS: everything around people that it can call (huawei-api 2.1, 2.6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkmeeting.v1 import MeetingClient
from huaweicloudsdkmeeting.v1 import model as m
from huaweicloudsdkmeeting.v1.meeting_credentials import AuthTypeEnum, MeetingCredentials, TenantSceneEnum

from parley.app.rooms import RoomEdit
from parley.core.spaces import SpaceKind
from tests.doors.huawei.rig import MeetingRig
from tests.doors.huawei.server import served
from tests.doors.huawei_people_rig import APP_ID, APP_KEY

PASSWORD = "Str0ng-enough"


class Vendor:
    """The server, and clients of the SDK that run in threads."""

    def __init__(self, rig: MeetingRig, base: str, certificate: Path) -> None:
        self.rig, self.base, self._certificate = rig, base, certificate
        self._client = self.client(self.application())

    def application(self, user: str | None = None) -> Any:
        credentials = MeetingCredentials().with_auth_type_enum(AuthTypeEnum.APP_ID)
        return credentials.with_app_id(APP_ID).with_app_key(APP_KEY).with_user_id(user)

    def client(self, credentials: Any) -> Any:
        config = HttpConfig.get_default_config()
        config.ssl_ca_cert = str(self._certificate)
        builder = MeetingClient.new_builder().with_http_config(config)
        return builder.with_credentials(credentials).with_endpoint(self.base).build()

    async def __call__(self, operation: str, request: Any, client: Any = None) -> Any:
        return await asyncio.to_thread(getattr(client or self._client, operation), request)

    async def user(self, account: str, **more: Any) -> Any:
        body = m.AddUserDTO(name=account, account=account, email=f"{account}@mail.example", pwd=PASSWORD, **more)
        return await self("add_user", m.AddUserRequest(body=body))


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[Vendor]:
    async with served(tmp_path) as (rig, base, certificate):
        yield Vendor(rig, base, certificate)


async def test_both_logins(vendor: Vendor) -> None:
    """By application ID and by account, and by an application in a tenant."""
    me = await vendor("show_my_info", m.ShowMyInfoRequest())
    assert (me.user_account, me.admin_type, me.status) == ("admin", 0, 0)
    await vendor.user("frank")
    frank = vendor.client(MeetingCredentials("frank", PASSWORD))
    assert (await vendor("show_my_info", m.ShowMyInfoRequest(), frank)).user_account == "frank"
    tenant = await vendor.rig.tenant()
    credentials = vendor.application("dora").with_tenant_scene_enum(TenantSceneEnum.MULTI_TENANT).with_corp_id(tenant)
    dora = await vendor("show_my_info", m.ShowMyInfoRequest(), vendor.client(credentials))
    assert (dora.third_account, dora.corp.name) == ("dora", "Other Ltd")


async def test_a_bad_login_is_an_error_of_the_client(vendor: Vendor) -> None:
    """The SDK raises with our code, text and request id."""
    credentials = vendor.application().with_app_key("wrong")
    with pytest.raises(ClientRequestException) as caught:
        await vendor("show_my_info", m.ShowMyInfoRequest(), vendor.client(credentials))
    error = caught.value
    assert (error.status_code, error.error_code) == (401, "USG.206010025")
    assert error.error_msg == "APPID_AUTH_FAILED" and len(error.request_id) == 32


async def test_tokens(vendor: Vendor) -> None:
    """Refresh, validate, sign out; the client goes on with its token after a refresh."""
    new = await vendor("update_token", m.UpdateTokenRequest())
    assert new.valid_period == 57_600 and new.user.admin_type == 0 and new.refresh_token
    body = m.ValidateTokenReqDTO(token=new.access_token, need_gen_new_token=False, need_account_info=True)
    answer = await vendor("check_token", m.CheckTokenRequest(body=body))
    assert answer.access_token == new.access_token and answer.user.uclogin_account == "admin"
    assert len((await vendor("create_portal_ref_nonce", m.CreatePortalRefNonceRequest())).nonce) > 40
    await vendor("delete_token", m.DeleteTokenRequest())
    with pytest.raises(ClientRequestException) as caught:
        await vendor("show_my_info", m.ShowMyInfoRequest())
    assert (caught.value.status_code, caught.value.error_code) == (401, "USG.000000004")


async def test_users(vendor: Vendor) -> None:
    """Add, show, change, list with repeated keys, disable, delete."""
    made = await vendor.user("frank", dept_code="1", sort_level=3, hide_phone=True, title="driver")
    assert (made.user_account, made.sort_level, made.hide_phone, made.corp.name) == ("frank", 3, True, "Example Corp")
    shown = await vendor("show_user_detail", m.ShowUserDetailRequest(account="frank"))
    assert shown.id == made.id and shown.title == "driver"
    change = m.UpdateUserRequest(account="frank", body=m.ModUserDTO(title="passenger", desc="王"))
    assert (await vendor("update_user", change)).desc == "王"
    search = m.SearchUsersRequest(search_key="frank", user_type=[2, 10], is_asc=False, sort_field="sortLevel")
    page = await vendor("search_users", search)
    assert (page.count, page.data[0].user_account, page.data[0].title) == (1, "frank", "passenger")
    await vendor("batch_update_user_status", m.BatchUpdateUserStatusRequest(value=1, body=["frank"]))
    assert (await vendor("search_users", m.SearchUsersRequest(status=1))).count == 1
    directory = await vendor("search_corp_dir", m.SearchCorpDirRequest(search_scope="ALL"))
    assert [row.account for row in directory.data] == ["admin"]
    one = await vendor("batch_show_user_details", m.BatchShowUserDetailsRequest(body=[m.ShowUserRequestDTO(made.id)]))
    assert one.body[0].account == "frank"
    await vendor("update_my_info", m.UpdateMyInfoRequest(body=m.ModMemberDTO(name="The Admin")))
    assert (await vendor("show_my_info", m.ShowMyInfoRequest())).name == "The Admin"
    await vendor("batch_delete_users", m.BatchDeleteUsersRequest(body=["frank"]))
    with pytest.raises(ClientRequestException) as caught:
        await vendor("show_user_detail", m.ShowUserDetailRequest(account="frank"))
    assert (caught.value.status_code, caught.value.error_code) == (400, "USG.206030000")


async def test_administrators_and_the_enterprise(vendor: Vendor) -> None:
    """Make one, list, show, take back; the enterprise's card and its one switch."""
    await vendor.user("frank")
    await vendor("add_corp_admin", m.AddCorpAdminRequest(body=m.CorpAdminDTO(account="frank")))
    assert (await vendor("search_corp_admins", m.SearchCorpAdminsRequest())).count == 2
    shown = await vendor("show_corp_admin", m.ShowCorpAdminRequest(account="frank"))
    assert shown.admin_type == 1 and shown.dept.dept_code == "1"
    await vendor("batch_delete_corp_admins", m.BatchDeleteCorpAdminsRequest(body=["frank"]))
    assert (await vendor("search_corp_admins", m.SearchCorpAdminsRequest())).count == 1
    card = m.ModCorpBasicInfoDTO(address="Main St. 1", auto_user_create=False)
    await vendor("update_corp_basic_info", m.UpdateCorpBasicInfoRequest(body=card))
    corp = await vendor("show_corp_basic_info", m.ShowCorpBasicInfoRequest())
    assert (corp.address, corp.auto_user_create, corp.admin_name) == ("Main St. 1", False, "Administrator")


async def test_departments(vendor: Vendor) -> None:
    """Add, change, show, find, delete."""
    code = (await vendor("add_department", m.AddDepartmentRequest(body=m.DeptDTO(dept_name="Sales")))).value
    body = m.ModDeptDTO(dept_name="Sales & more", parent_dept_code="1", out_permission="ONLY_SELF")
    await vendor("update_department", m.UpdateDepartmentRequest(dept_code=code, body=body))
    root = await vendor("show_dept_and_child_dept", m.ShowDeptAndChildDeptRequest(dept_code="1"))
    assert [one.dept_name for one in root.child_depts] == ["Sales & more"]
    found = await vendor("search_department_by_name", m.SearchDepartmentByNameRequest(dept_name="& more"))
    assert [one.dept_code for one in found.body] == [code]
    short = await vendor("show_department", m.ShowDepartmentRequest(dept_code=code))
    assert short.dept_name == "Sales & more"
    await vendor("delete_department", m.DeleteDepartmentRequest(dept_code=code))
    assert not (await vendor("search_department_by_name", m.SearchDepartmentByNameRequest(dept_name="Sales"))).body


async def test_passwords(vendor: Vendor) -> None:
    """An administrator sets one, its owner changes it."""
    await vendor.user("frank")
    reset = m.ResetPwdReqDTOV1(user="frank", new_pwd="Temp0rary-one", pass_word_type=1)
    await vendor("reset_pwd", m.ResetPwdRequest(body=reset))
    change = m.ModPwdReqDTO(account="frank", old_pwd="Temp0rary-one", new_pwd="Lasting-0ne")
    await vendor("update_pwd", m.UpdatePwdRequest(body=change))
    frank = vendor.client(MeetingCredentials("frank", "Lasting-0ne"))
    assert (await vendor("show_my_info", m.ShowMyInfoRequest(), frank)).user_account == "frank"


async def test_applications(vendor: Vendor) -> None:
    """Add, list, change, a new key, delete; a new application signs in."""
    made = await vendor("add_app_id", m.AddAppIdRequest(body=m.AddAppIdRequestBody(app_name="x", description="d")))
    credentials = vendor.application().with_app_id(made.app_id).with_app_key(made.app_key)
    me = await vendor("show_my_info", m.ShowMyInfoRequest(), vendor.client(credentials))
    assert me.user_account == "admin"
    assert (await vendor("batch_search_app_id", m.BatchSearchAppIdRequest(offset=0, limit=10))).count == 2
    change = m.UpdateAppIdRequestBody(app_name="y", description="d", status=1)
    changed = await vendor("update_app_id", m.UpdateAppIdRequest(app_id=made.app_id, body=change))
    assert (changed.app_name, changed.status) == ("y", 1)
    renewed = await vendor("reset_app_key", m.ResetAppKeyRequest(app_id=made.app_id))
    assert renewed.app_key and renewed.app_key != made.app_key
    await vendor("delete_app_id", m.DeleteAppIdRequest(app_id=made.app_id))
    assert (await vendor("batch_search_app_id", m.BatchSearchAppIdRequest(offset=0, limit=10))).count == 1


async def test_rooms(vendor: Vendor) -> None:
    """List, assign, change, take back, delete."""
    await vendor.user("frank")
    room = await vendor.rig.rooms.create(None, SpaceKind.CLOUD_ROOM, RoomEdit(name="Board", size=20))
    (row,) = (await vendor("search_corp_vmr", m.SearchCorpVmrRequest(vmr_mode=1))).data
    assert (row.vmr_id, row.vmr_name, row.vmr_pkg_parties, row.status) == (room.number, "Board", 20, 2)
    await vendor("associate_vmr", m.AssociateVmrRequest(account="frank", body=[row.id]))
    frank = vendor.client(MeetingCredentials("frank", PASSWORD))
    (mine,) = (await vendor("search_member_vmr", m.SearchMemberVmrRequest(special_vmr=True), frank)).data
    assert mine.id == row.id and mine.gust_pwd is None and mine.chair_pwd.isdigit() and mine.vmr_mode == 1
    body = m.ModVmrDTO(vmr_name="Frank's", gust_pwd="4711", chair_pwd="0815", allow_gust_first=True)
    await vendor("update_member_vmr", m.UpdateMemberVmrRequest(id=row.id, body=body), frank)
    (mine,) = (await vendor("search_member_vmr", m.SearchMemberVmrRequest(), frank)).data
    assert (mine.vmr_name, mine.gust_pwd, mine.chair_pwd, mine.allow_gust_first) == ("Frank's", "4711", "0815", True)
    await vendor("disassociate_vmr", m.DisassociateVmrRequest(account="frank", body=[row.id]))
    assert not (await vendor("search_member_vmr", m.SearchMemberVmrRequest(), frank)).data
    await vendor("delete_corp_vmr", m.DeleteCorpVmrRequest(body=[row.id]))
    assert (await vendor("search_corp_vmr", m.SearchCorpVmrRequest())).count == 0


async def test_what_is_left_out_says_so(vendor: Vendor) -> None:
    """The SDK shows code and text of an operation that is not there."""
    with pytest.raises(ServerResponseException) as caught:
        await vendor("search_programs", m.SearchProgramsRequest())
    assert (caught.value.status_code, caught.value.error_code) == (501, "APIGW.0106")
    assert caught.value.error_msg == "API_NOT_IMPLEMENTED"
