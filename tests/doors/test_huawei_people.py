"""Users, departments, passwords, applications and the enterprise in the JSON dialect (sheet 2.6, 2.10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from parley.app.ports import Query
from tests.doors.huawei_people_rig import PeopleRig, error_of

PASSWORD = "Str0ng-enough"
MEMBER, DEPT, APP = "/v1/usg/dcs/corp/member", "/v1/usg/dcs/corp/dept", "/v2/usg/acs/corp/app"

FULL = {
    "account": "Henry.Ford",
    "name": "Henry",
    "englishName": "Henry F.",
    "phone": "+8613800000000",
    "country": "chinaPR",
    "email": "henry@mail.example",
    "pwd": PASSWORD,
    "deptCode": "1",
    "signature": "be seeing you",
    "title": "driver",
    "desc": "drives",
    "status": 0,
    "sendNotify": "0",
    "sortLevel": 7,
    "hidePhone": True,
    "sipNum": "+99111600",
    "function": {"enableRoom": True},
}


@pytest.fixture
async def rig(huawei_people: PeopleRig) -> AsyncIterator[PeopleRig]:
    yield huawei_people


async def _accounts(rig: PeopleRig, **query: Any) -> list[str]:
    return [row["userAccount"] for row in (await rig.done("GET", MEMBER, **query))["data"]]


# --- users ---------------------------------------------------------------------------------------------------


async def test_a_user_comes_back_whole(rig: PeopleRig) -> None:
    """Every field of a new user is returned with its JSON type, and what the server knows besides."""
    made = await rig.done("POST", MEMBER, FULL)
    id = made.pop("id")
    assert len(id) == 32
    corp = made.pop("corp")
    assert corp["name"] == "Example Corp" and corp["adminName"] == "Administrator" and corp["autoUserCreate"] is True
    assert made.pop("activeTime") == 1772352000000
    assert made == {
        "userAccount": "henry.ford",
        "name": "Henry",
        "englishName": "Henry F.",
        "phone": "+8613800000000",
        "country": "chinaPR",
        "email": "henry@mail.example",
        "deptCode": "1",
        "signature": "be seeing you",
        "title": "driver",
        "desc": "drives",
        "status": 0,
        "sortLevel": 7,
        "hidePhone": True,
        "sipNum": "+99111600",
        "deptNamePath": "Example Corp",
        "deptName": "Example Corp",
        "userType": 2,
        "adminType": 2,
        "license": 1,
        "vmrList": [],
        "function": {"enableRoom": True},
    }
    shown = await rig.done("GET", f"{MEMBER}/henry.ford")
    assert shown["id"] == id and PASSWORD not in str(shown)


async def test_changing_touches_what_is_sent(rig: PeopleRig) -> None:
    """A change of one field leaves all others, and account and password cannot be changed so."""
    await rig.done("POST", MEMBER, FULL)
    before = await rig.done("GET", f"{MEMBER}/henry.ford")
    body = {"title": "passenger", "account": "other", "pwd": "Another-0ne", "status": None}
    after = await rig.done("PUT", f"{MEMBER}/henry.ford", body)
    assert after == {**before, "title": "passenger"}
    assert (await rig.account_login("henry.ford", PASSWORD)).status_code == 200


async def test_lenient_input(rig: PeopleRig) -> None:
    """Numbers and booleans as text are read."""
    made = await rig.done("POST", MEMBER, {**FULL, "status": "1", "sortLevel": "9", "hidePhone": "false"})
    assert (made["status"], made["sortLevel"], made["hidePhone"]) == (1, 9, False)


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        ({"name": None}, "USG.000000003", "name: missing"),
        ({"name": ""}, "USG.000000003", "name: is shorter than 1 characters"),
        ({"name": "x" * 97}, "USG.000000003", "name: is longer than 96 characters"),
        ({"account": None}, "USG.000000003", "account: missing"),
        ({"account": "12345"}, "USG.000000003", "account: must be letters"),
        ({"account": "two words"}, "USG.000000003", "account: must be letters"),
        ({"account": "a@b.c"}, "USG.000000003", "account: must be letters"),
        ({"account": "admin"}, "USG.201040046", "account: duplicate-name"),
        ({"phone": None, "email": None}, "USG.000000003", "phone: phone or e-mail"),
        ({"phone": "call me"}, "USG.000000003", "phone: must be a phone number"),
        ({"email": "nowhere"}, "USG.000000003", "email: must be an e-mail address"),
        ({"deptCode": "77"}, "USG.201040050", "deptCode: unknown-reference department"),
        ({"status": 2}, "USG.000000003", "status: must be one of 0, 1"),
        ({"sortLevel": 0}, "USG.000000003", "sortLevel: must be 1 to 10000"),
        ({"hidePhone": "perhaps"}, "USG.000000003", "hidePhone: must be true or false"),
        ({"pwd": "short1"}, "USG.206030006", "pwd: must have 8 to 32"),
        ({"pwd": "henry.ford-1"}, "USG.206030012", "pwd: holds the account"),
        ({"function": []}, "USG.000000003", "function: must be an object"),
    ],
)
async def test_a_bad_value_changes_nothing(rig: PeopleRig, change: dict[str, Any], code: str, detail: str) -> None:
    """Each field's bad value is refused by its name, and no user is made."""
    status, given, why = await rig.refused("POST", MEMBER, {**FULL, **change})
    assert (status, given) == (400, code)
    assert why.startswith(detail), why
    assert await _accounts(rig) == ["admin"]


async def test_accounts_are_unique(rig: PeopleRig) -> None:
    """In any letter case, and a user of the XML dialect holds the name too; third accounts are unique as well."""
    await rig.user("frank")
    assert (await rig.refused("POST", MEMBER, {**FULL, "account": "FRANK"}))[1] == "USG.201040046"
    third = {"name": "T", "thirdAccount": "t-1"}
    await rig.done("POST", MEMBER, third)
    assert (await rig.refused("POST", MEMBER, third))[1:] == (
        "USG.201040046",
        "thirdAccount: duplicate-name",
    )


async def test_one_table_with_the_xml_dialect(rig: PeopleRig) -> None:
    """An account without @ is a user at the first SIP domain there."""
    await rig.user("frank")
    async with rig.store.reading() as tx:
        users = (await tx.users.page(Query())).items
    assert sorted(user.jid for user in users) == ["admin@example.com", "frank@example.com"]


async def test_third_accounts_name_people(rig: PeopleRig) -> None:
    """With accountType 1 the path holds the name that an application gave."""
    await rig.done("POST", MEMBER, {"name": "T", "thirdAccount": "Third/1"})
    shown = await rig.done("GET", f"{MEMBER}/Third%2F1", accountType=1)
    assert shown["thirdAccount"] == "Third/1"
    assert (await rig.refused("GET", f"{MEMBER}/Third%2F1"))[:2] == (400, "USG.206030000")
    await rig.done("PUT", f"{MEMBER}/status/1", ["Third/1"], accountType=1)
    await rig.done("POST", f"{MEMBER}/delete", ["Third/1"], accountType=1)
    assert (await rig.refused("GET", f"{MEMBER}/Third%2F1", accountType=1))[1] == "USG.206030000"


async def test_listing(rig: PeopleRig) -> None:
    """Pages, search, order and filters."""
    tree = (await rig.done("POST", DEPT, {"deptName": "Sales"}))["value"]
    below = (await rig.done("POST", DEPT, {"deptName": "North", "parentDeptCode": tree}))["value"]
    await rig.user("anna", deptCode=tree, sortLevel=3)
    await rig.user("ben", deptCode=below, sortLevel=2, status=1)
    await rig.user("cleo", phone="+5511900000001", sortLevel=1)
    page = await rig.done("GET", MEMBER, offset=1, limit=2)
    assert (page["offset"], page["limit"], page["count"]) == (1, 2, 4)
    assert [row["userAccount"] for row in page["data"]] == ["anna", "ben"]
    assert await _accounts(rig, searchKey="0000001") == ["cleo"]
    assert await _accounts(rig, searchKey="ANN") == ["anna"]
    assert await _accounts(rig, deptCode=tree) == ["anna", "ben"]
    assert await _accounts(rig, deptCode=tree, enableSubDept="false") == ["anna"]
    assert await _accounts(rig, deptCode="1", enableSubDept="false") == ["admin", "cleo"]
    assert await _accounts(rig, status=1) == ["ben"]
    assert await _accounts(rig, adminType=0) == ["admin"]
    assert await _accounts(rig, sortField="sortLevel") == ["cleo", "ben", "anna", "admin"]
    assert await _accounts(rig, sortField="sortLevel", isAsc="false") == ["admin", "anna", "ben", "cleo"]
    assert await _accounts(rig, userType="10") == []
    token = await rig.token()
    answer = await rig.http.get(f"{MEMBER}?userType=10&userType=2", headers={"X-Access-Token": token})
    assert answer.json()["count"] == 4
    assert (await rig.refused("GET", MEMBER, sortField="age"))[2].startswith("sortField: must be one of")
    assert (await rig.refused("GET", MEMBER, limit=0))[2] == "limit: must be 1 to 500"
    assert (await rig.refused("GET", MEMBER, deptCode="nope"))[1] == "USG.201040050"


async def test_deleting_is_all_or_nothing(rig: PeopleRig) -> None:
    """A name that is not known, or the default administrator, keeps everybody."""
    await rig.user("anna")
    await rig.user("ben")
    assert (await rig.refused("POST", f"{MEMBER}/delete", ["anna", "nobody"]))[1] == "USG.206030000"
    assert (await rig.refused("POST", f"{MEMBER}/delete", ["anna", "admin"]))[1] == "USG.201040053"
    assert (await rig.refused("POST", f"{MEMBER}/delete", {"a": 1}))[2] == "body: must be a list of texts"
    assert await _accounts(rig) == ["admin", "anna", "ben"]
    await rig.done("POST", f"{MEMBER}/delete", ["anna", "ben", "anna"])
    assert await _accounts(rig) == ["admin"]


async def test_the_default_administrator_cannot_be_switched_off(rig: PeopleRig) -> None:
    """Neither by status nor by change."""
    assert (await rig.refused("PUT", f"{MEMBER}/status/1", ["admin"]))[1] == "USG.201040053"
    assert (await rig.refused("PUT", f"{MEMBER}/admin", {"status": 1}))[1] == "USG.201040053"
    assert (await rig.refused("PUT", f"{MEMBER}/status/7", ["admin"]))[2] == "value: must be one of 0, 1"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", MEMBER, FULL),
        ("GET", MEMBER, None),
        ("GET", f"{MEMBER}/admin", None),
        ("PUT", f"{MEMBER}/admin", {"title": "x"}),
        ("POST", f"{MEMBER}/delete", ["admin"]),
        ("PUT", f"{MEMBER}/status/1", ["admin"]),
        ("POST", DEPT, {"deptName": "x"}),
        ("PUT", f"{DEPT}/5", {"deptName": "x"}),
        ("DELETE", f"{DEPT}/5", None),
        ("POST", APP, {"app_name": "x"}),
        ("GET", f"{APP}s", None),
        ("PUT", f"{APP}/3ab1e72ff2e5434d8b11ad6b5ac2b3ff", {"app_name": "x"}),
        ("PUT", f"{APP}/3ab1e72ff2e5434d8b11ad6b5ac2b3ff/reset", None),
        ("DELETE", f"{APP}/3ab1e72ff2e5434d8b11ad6b5ac2b3ff", None),
        ("PUT", "/v1/usg/dcs/corp", {"address": "x"}),
        ("GET", "/v1/usg/dcs/corp/admin", None),
        ("POST", "/v1/usg/dcs/corp/admin", {"account": "someone"}),
        ("PUT", "/v1/usg/acs/password/reset", {"user": "admin", "newPwd": PASSWORD}),
        ("PUT", "/v1/usg/acs/password/admin/reset", {"account": "admin"}),
    ],
)
async def test_ordinary_people_administer_nothing(rig: PeopleRig, method: str, path: str, body: Any) -> None:
    """403 for whoever is no administrator."""
    token = await rig.token("someone")
    assert (await rig.refused(method, path, body, token=token))[:2] == (403, "USG.000000005")


async def test_enterprises_do_not_see_one_another(rig: PeopleRig) -> None:
    """A tenant's administrator finds neither the people nor the applications of others, not even that they exist."""
    await rig.user("frank")
    tenant = await rig.tenant()
    theirs = (await rig.app_login("", corporation=tenant)).json()["accessToken"]
    rows = (await rig.done("GET", MEMBER, token=theirs))["data"]
    assert [row["adminType"] for row in rows] == [0]
    assert (await rig.refused("GET", f"{MEMBER}/frank", token=theirs))[1] == "USG.206030000"
    assert (await rig.refused("PUT", f"{MEMBER}/frank", {"title": "x"}, token=theirs))[1] == "USG.206030000"
    assert (await rig.refused("POST", f"{MEMBER}/delete", ["frank"], token=theirs))[1] == "USG.206030000"
    assert (await rig.done("GET", f"{APP}s", token=theirs))["data"] == []
    assert (await rig.refused("DELETE", f"{APP}/3ab1e72ff2e5434d8b11ad6b5ac2b3ff", token=theirs))[1] == "USG.201040054"
    corp = await rig.done("GET", "/v1/usg/dcs/corp", token=theirs)
    assert (corp["id"], corp["name"]) == (tenant.replace("-", ""), "Other Ltd")


async def test_myself(rig: PeopleRig) -> None:
    """Everybody sees and changes five fields of the own card, and no others."""
    token = await rig.token("someone")
    body = {"name": "Some One", "englishName": "S", "signature": "s", "title": "t", "desc": "d", "status": 1}
    changed = await rig.done("PUT", "/v1/usg/dcs/member", {**body, "deptCode": "9"}, token=token)
    assert {name: changed[name] for name in body} == {**body, "status": 0}
    assert await rig.done("GET", "/v1/usg/dcs/member", token=token) == changed


# --- administrators ------------------------------------------------------------------------------------------


async def test_administrators(rig: PeopleRig) -> None:
    """The default administrator makes others, who administer people but make no administrators."""
    await rig.user("anna", PASSWORD)
    path = "/v1/usg/dcs/corp/admin"
    await rig.done("POST", path, {"account": "anna"})
    rows = (await rig.done("GET", path))["data"]
    assert [(row["account"], row["adminType"]) for row in rows] == [("admin", 0), ("anna", 1)]
    assert (await rig.done("GET", f"{path}/anna"))["dept"]["deptCode"] == "1"
    anna = (await rig.account_login("anna", PASSWORD)).json()["accessToken"]
    await rig.done("POST", MEMBER, FULL, token=anna)
    assert (await rig.refused("POST", path, {"account": "henry.ford"}, token=anna))[0] == 403
    assert (await rig.refused("PUT", f"{MEMBER}/admin", {"title": "x"}, token=anna))[0] == 403
    assert (await rig.refused("POST", f"{path}/delete", ["admin"]))[1] == "USG.201040053"
    await rig.done("POST", f"{path}/delete", ["anna"])
    assert (await rig.refused("POST", MEMBER, {**FULL, "account": "x1"}, token=anna))[0] == 403
    assert (await rig.refused("GET", f"{path}/anna"))[1] == "USG.206030000"


# --- directory -----------------------------------------------------------------------------------------------


async def test_the_directory_is_for_everybody(rig: PeopleRig) -> None:
    """Enabled people of the enterprise, without the phone of who hides it."""
    await rig.done("POST", MEMBER, FULL)
    await rig.user("ben", phone="+5511900000001", desc="all about ben")
    await rig.user("cleo", status=1)
    token = await rig.token("someone")
    page = await rig.done("GET", "/v1/usg/abs/users", token=token)
    rows = {row["account"]: row for row in page["data"]}
    assert sorted(rows) == ["admin", "ben", "henry.ford", "someone"] and page["count"] == 4
    assert "phone" not in rows["henry.ford"] and rows["henry.ford"]["number"] == "+99111600"
    assert rows["ben"]["phone"] == "+5511900000001" and rows["ben"]["description"] == "all about ben"
    assert rows["ben"]["type"] == "NORMAL_USER" and rows["ben"]["deptCodes"] == ["1"]
    found = await rig.done("GET", "/v1/usg/abs/users", token=token, searchKey="henry", searchScope="ALL")
    assert [row["account"] for row in found["data"]] == ["henry.ford"]
    none = await rig.done("GET", "/v1/usg/abs/users", token=token, searchScope="HARD_TERMINAL")
    assert none["data"] == []
    several = await rig.done("POST", "/v1/usg/abs/users/list", [{"id": rows["ben"]["id"]}, {"id": "x"}], token=token)
    assert [row["account"] for row in several] == ["ben"]


# --- departments ---------------------------------------------------------------------------------------------


async def test_departments(rig: PeopleRig) -> None:
    """Made, shown with what is below, found by name, moved and removed."""
    body = {
        "deptName": "Sales",
        "deptCode": "sales",
        "note": "sells",
        "outPermission": "ONLY_SELF",
        "inPermission": "OPEN",
        "sortLevel": 5,
    }
    assert await rig.done("POST", DEPT, body) == {"value": "sales"}
    north = (await rig.done("POST", DEPT, {"deptName": "North", "parentDeptCode": "sales"}))["value"]
    shown = await rig.done("GET", "/v1/usg/dcs/member/dept/sales")
    children = shown.pop("childDepts")
    assert shown == {
        "corpId": "0" * 32,
        "deptCode": "sales",
        "deptLevel": 1,
        "deptName": "Sales",
        "deptNamePath": "Example Corp/Sales",
        "deptCodePath": "1/sales",
        "isLeafNode": False,
        "parentDeptCode": "1",
        "note": "sells",
        "inPermission": "OPEN",
        "outPermission": "ONLY_SELF",
        "sortLevel": 5,
    }
    assert [child["deptCode"] for child in children] == [north] and children[0]["isLeafNode"] is True
    root = await rig.done("GET", "/v1/usg/dcs/member/dept/1")
    assert [child["deptCode"] for child in root["childDepts"]] == ["sales"]
    assert [one["deptCode"] for one in await rig.done("GET", "/v1/usg/dcs/member/dept", deptName="nor")] == [north]
    short = await rig.done("GET", "/v1/usg/abs/departments/sales")
    assert short["childDepts"] == [{"deptCode": north, "deptName": "North", "isLeafNodes": True}]
    await rig.done("PUT", f"{DEPT}/{north}", {"deptName": "South", "parentDeptCode": "1"})
    assert (await rig.done("GET", f"/v1/usg/dcs/member/dept/{north}"))["deptNamePath"] == "Example Corp/South"
    await rig.done("DELETE", f"{DEPT}/{north}")
    assert (await rig.refused("GET", f"/v1/usg/dcs/member/dept/{north}"))[1] == "USG.201040050"


async def test_departments_stay_a_tree(rig: PeopleRig) -> None:
    """No circles, no unknown parents, no code twice, and nobody is left without a department."""
    await rig.done("POST", DEPT, {"deptName": "A", "deptCode": "a"})
    await rig.done("POST", DEPT, {"deptName": "B", "deptCode": "b", "parentDeptCode": "a"})
    await rig.user("anna", deptCode="b")
    refused = [
        (("PUT", f"{DEPT}/a", {"deptName": "A", "parentDeptCode": "b"}), "parentDeptCode: lies below"),
        (("PUT", f"{DEPT}/a", {"parentDeptCode": "a"}), "parentDeptCode: lies below"),
        (("PUT", f"{DEPT}/a", {"parentDeptCode": "nope"}), "parentDeptCode: unknown-reference"),
        (("POST", DEPT, {"deptName": "C", "deptCode": "a"}), "deptCode: duplicate-name"),
        (("POST", DEPT, {"deptCode": "c"}), "deptName: missing"),
        (("POST", DEPT, {"deptName": "C", "deptCode": "no blanks"}), "deptCode: must be"),
        (("POST", DEPT, {"deptName": "C", "outPermission": "ALL"}), "outPermission: must be one of"),
        (("DELETE", f"{DEPT}/a", None), "in-use department"),
        (("DELETE", f"{DEPT}/b", None), "in-use department"),
    ]
    for asked, detail in refused:
        status, _, given = await rig.refused(*asked)
        assert status == 400 and given.startswith(detail), (asked, given)
    assert (await rig.refused("DELETE", f"{DEPT}/1"))[0] == 403
    await rig.done("POST", f"{MEMBER}/delete", ["anna"])
    await rig.done("DELETE", f"{DEPT}/b")
    await rig.done("DELETE", f"{DEPT}/a")


# --- passwords -----------------------------------------------------------------------------------------------


async def _change(rig: PeopleRig, old: str, new: str, account: str = "frank", token: str = "") -> Any:
    body = {"account": account, "oldPwd": old, "newPwd": new}
    return await rig.ask("PUT", "/v1/usg/acs/password", body, token=token)


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("Sh0rt-1", "USG.206030006"),
        ("L0ng-" + "abcdefg" * 4, "USG.206030006"),
        ("onlyletters", "USG.206030007"),
        ("12345678", "USG.206030007"),
        (PASSWORD, "USG.206030008"),
        ("Str0ng-enougH", "USG.206030010"),
        ("aaaa-1234", "USG.206030011"),
        ("x-FRANK-1234", "USG.206030012"),
        ("x-knarf-1234", "USG.206030012"),
        ("pass-wört-1", "USG.206030014"),
        ("with\ttab-12", "USG.000000003"),
    ],
)
async def test_password_rules(rig: PeopleRig, new: str, code: str) -> None:
    """Every broken rule has its own code and names newPwd, and the old password goes on."""
    await rig.user("frank", PASSWORD)
    rig.clock.advance(301)
    status, given, detail = error_of(await _change(rig, PASSWORD, new))
    assert (status, given) == (400, code)
    assert detail.startswith("newPwd: ")
    assert (await rig.account_login("frank", PASSWORD)).status_code == 200


async def test_changing_a_password(rig: PeopleRig) -> None:
    """The new one opens, the old one does not, other sessions end, and the asker's own goes on."""
    await rig.user("frank", PASSWORD)
    rig.clock.advance(301)
    other, own = [(await rig.account_login("frank", PASSWORD)).json()["accessToken"] for _ in range(2)]
    answer = await _change(rig, PASSWORD, "Other-0ne-here", token=own)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await rig.account_login("frank", PASSWORD)).status_code == 401
    assert (await rig.account_login("frank", "Other-0ne-here")).status_code == 200
    assert (await rig.ask("GET", "/v1/usg/dcs/member", token=own)).status_code == 200
    assert (await rig.ask("GET", "/v1/usg/dcs/member", token=other)).status_code == 401


async def test_five_minutes_between_changes(rig: PeopleRig) -> None:
    """A second change within 300 s is USG.206030013."""
    await rig.user("frank", PASSWORD)
    rig.clock.advance(299)
    assert error_of(await _change(rig, PASSWORD, "Other-0ne-here"))[1] == "USG.206030013"
    rig.clock.advance(1)
    assert (await _change(rig, PASSWORD, "Other-0ne-here")).status_code == 200


async def test_recent_passwords_do_not_come_back(rig: PeopleRig) -> None:
    """The last five are refused, the sixth may return."""
    await rig.user("frank", PASSWORD)
    used = [PASSWORD, *(f"{word}-pass-{word}" for word in ("Alpha1", "Beta22", "Gamma3", "Delta4"))]
    for old, new in pairwise(used):
        rig.clock.advance(301)
        assert (await _change(rig, old, new)).status_code == 200
    rig.clock.advance(301)
    assert error_of(await _change(rig, used[-1], PASSWORD))[1] == "USG.206030009"
    assert (await _change(rig, used[-1], "Omega6-pass-Omega6")).status_code == 200
    rig.clock.advance(301)
    assert (await _change(rig, "Omega6-pass-Omega6", PASSWORD)).status_code == 200


async def test_the_old_password_is_guarded(rig: PeopleRig) -> None:
    """Guessing it here counts like guessing it at login, and a wrong one is 400: the token is not at fault."""
    await rig.user("frank", PASSWORD)
    for _ in range(10):
        assert error_of(await _change(rig, "Wr0ng-guess", "Other-0ne-here"))[:2] == (400, "USG.206010000")
    assert error_of(await _change(rig, PASSWORD, "Other-0ne-here"))[0] == 423
    assert (await rig.account_login("frank", PASSWORD)).status_code == 423


async def test_an_administrator_resets_a_password(rig: PeopleRig) -> None:
    """A temporary password must be changed: the login says so until it is, without waiting five minutes."""
    await rig.user("frank", PASSWORD)
    reset = {"user": "frank", "newPwd": "Temp0rary-one", "passWordType": 1}
    path = "/v1/usg/acs/password/reset"
    assert (await rig.refused("PUT", path, {**reset, "newPwd": "lower-0nly-x"}))[1] == "USG.206030007"
    await rig.done("PUT", path, reset)
    login = (await rig.account_login("frank", "Temp0rary-one")).json()
    assert (login["firstLogin"], login["pwdExpired"]) == (True, True)
    assert (await _change(rig, "Temp0rary-one", "Lasting-0ne")).status_code == 200
    login = (await rig.account_login("frank", "Lasting-0ne")).json()
    assert (login["firstLogin"], login["pwdExpired"]) == (False, False)
    await rig.done("PUT", path, {**reset, "newPwd": "Perman3nt-one", "passWordType": 0})
    assert (await rig.account_login("frank", "Perman3nt-one")).json()["firstLogin"] is False


async def test_passwords_are_not_made_where_they_cannot_be_sent(rig: PeopleRig) -> None:
    """Without mail nobody's password is replaced by one that nobody knows."""
    await rig.user("frank", PASSWORD)
    answer = await rig.refused("PUT", "/v1/usg/acs/password/admin/reset", {"account": "frank"})
    assert answer[0] == 403 and "mail" in answer[2]
    assert (await rig.account_login("frank", PASSWORD)).status_code == 200


# --- applications --------------------------------------------------------------------------------------------


async def test_applications(rig: PeopleRig) -> None:
    """A new one can sign in at once; its key is shown when it is made and when it is reset, never in lists."""
    made = await rig.done("POST", APP, {"app_name": "booking", "description": "books"})
    assert set(made) == {"app_name", "app_id", "app_key", "description", "create_time", "last_update_time", "status"}
    assert made["create_time"] == "2026-03-01 08:00:00" and made["status"] == 0
    id, key = made["app_id"], made["app_key"]
    assert (await rig.app_login("", app_id=id, key=key, access=None)).status_code == 200
    page = await rig.done("GET", f"{APP}s")
    assert page["count"] == 2 and [row["app_name"] for row in page["data"]] == ["booking", "the app"]
    assert key not in str(page)
    changed = await rig.done("PUT", f"{APP}/{id}", {"app_name": "booker"})
    assert (changed["app_name"], changed["description"]) == ("booker", "books")
    new = (await rig.done("PUT", f"{APP}/{id}/reset"))["app_key"]
    assert new != key
    assert (await rig.app_login("", app_id=id, key=key, access=None)).status_code == 401
    assert (await rig.app_login("", app_id=id, key=new, access=None)).status_code == 200
    await rig.done("PUT", f"{APP}/{id}", {"app_name": "booker", "status": 1})
    assert error_of(await rig.app_login("", app_id=id, key=new, access=None))[1] == "USG.206010058"
    await rig.done("DELETE", f"{APP}/{id}")
    assert error_of(await rig.app_login("", app_id=id, key=new, access=None))[1] == "USG.206010025"
    assert (await rig.refused("PUT", f"{APP}/{id}", {"app_name": "x"}))[1] == "USG.201040054"
    assert (await rig.refused("POST", APP, {"app_name": ""}))[2] == "app_name: is shorter than 1 characters"
    assert (await rig.refused("POST", APP, {}))[2] == "app_name: missing"


# --- the enterprise ------------------------------------------------------------------------------------------


async def test_the_enterprise(rig: PeopleRig) -> None:
    """Its card is for everybody; an administrator changes it and what conferences begin with."""
    path = "/v1/usg/dcs/corp"
    before = await rig.done("GET", path, token=await rig.token("someone"))
    assert before["conferenceDefaults"] == {
        "isSendNotify": True,
        "isSendSms": False,
        "isSendCalendar": True,
        "isAutoMute": False,
        "isHardTerminalAutoMute": False,
        "isAutoInvite": False,
        "encryptMode": 0,
        "language": "zh-CN",
        "timeZone": "Asia/Shanghai",
    }
    defaults = {"isAutoMute": "true", "encryptMode": 1, "language": "pt-BR", "timeZone": "America/Sao_Paulo"}
    body = {"address": "Main St. 1", "name": "New Corp", "autoUserCreate": False, "conferenceDefaults": defaults}
    await rig.done("PUT", path, body)
    after = await rig.done("GET", path)
    assert after["address"] == "Main St. 1" and after["name"] == "New Corp" and after["autoUserCreate"] is False
    assert after["conferenceDefaults"] == {**before["conferenceDefaults"], **defaults, "isAutoMute": True}
    await rig.done("PUT", path, {"address": "Main St. 2"})
    assert (await rig.done("GET", path)) == {**after, "address": "Main St. 2"}
    for bad in ({"timeZone": "Mars/Base"}, {"encryptMode": 3}, {"language": "tlh"}, {"isAutoMute": 5}):
        (name,) = bad
        detail = (await rig.refused("PUT", path, {"address": "x", "conferenceDefaults": bad}))[2]
        assert detail.startswith(f"conferenceDefaults.{name}: "), detail
    assert (await rig.done("GET", path))["address"] == "Main St. 2"


async def test_a_tenants_settings_are_its_own(rig: PeopleRig) -> None:
    """What a tenant's administrator changes holds for that tenant alone."""
    tenant = await rig.tenant()
    token = (await rig.app_login("", corporation=tenant)).json()["accessToken"]
    body = {"name": "Renamed", "conferenceDefaults": {"isAutoMute": True}, "autoUserCreate": False}
    await rig.done("PUT", "/v1/usg/dcs/corp", body, token=token)
    theirs = await rig.done("GET", "/v1/usg/dcs/corp", token=token)
    assert (theirs["name"], theirs["conferenceDefaults"]["isAutoMute"]) == ("Renamed", True)
    ours = await rig.done("GET", "/v1/usg/dcs/corp")
    assert (ours["name"], ours["conferenceDefaults"]["isAutoMute"]) == ("Example Corp", False)
    assert error_of(await rig.app_login("new", corporation=tenant))[1] == "USG.206010030"
    assert (await rig.app_login("new")).status_code == 200
