"""Cloud rooms and personal rooms in the JSON dialect (sheet 2.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from parley.app.rooms import RoomEdit
from parley.core.ids import UserId
from parley.core.spaces import SpaceKind
from parley.doors.huawei.codecs import core_id
from tests.doors.huawei_people_rig import PeopleRig

MINE, ALL = "/v1/usg/dcs/member/vmr", "/v1/usg/dcs/corp/vmr"


@pytest.fixture
async def rig(huawei_people: PeopleRig) -> AsyncIterator[PeopleRig]:
    yield huawei_people


async def _cloud(rig: PeopleRig, name: str = "Board", size: int = 30) -> Any:
    return await rig.done("POST", ALL, {"vmrName": name, "vmrPkgParties": size})


async def _personal(rig: PeopleRig, user: str) -> str:
    """The token of somebody who has a personal room."""
    login = (await rig.app_login(user)).json()
    owner = UserId(str(core_id(login["user"]["userId"])))
    await rig.rooms.create(None, SpaceKind.PERSONAL_ROOM, RoomEdit(name=f"{user}'s"), owner)
    return str(login["accessToken"])


async def _mine(rig: PeopleRig, token: str, **query: Any) -> list[Any]:
    rows: list[Any] = (await rig.done("GET", MINE, token=token, **query))["data"]
    return rows


async def test_a_rooms_row(rig: PeopleRig) -> None:
    """Every field of the sheet with its type; no guest password is no field, and links end in 48 hex digits."""
    token = await _personal(rig, "anna")
    (row,) = await _mine(rig, token)
    assert {name: type(value) for name, value in row.items()} == {
        "id": str,
        "vmrId": str,
        "vmrName": str,
        "gustJoinUrl": str,
        "chairPwd": str,
        "chairJoinUrl": str,
        "allowGustFirst": bool,
        "gustFirstNotice": bool,
        "vmrMode": int,
        "vmrPkgId": str,
        "vmrPkgName": str,
        "vmrPkgParties": int,
        "status": int,
    }
    assert (row["vmrName"], row["vmrMode"], row["status"], row["allowGustFirst"]) == ("anna's", 0, 0, False)
    base, _, digits = row["chairJoinUrl"].rpartition("/")
    assert base == f"https://meet.example.com/#/j/{row['vmrId']}" and len(digits) == 48
    assert row["gustJoinUrl"] != row["chairJoinUrl"]


async def test_changing_a_room_of_mine(rig: PeopleRig) -> None:
    """Name, passwords and who may begin; an empty guest password takes it away."""
    token = await _personal(rig, "anna")
    (row,) = await _mine(rig, token)
    path = f"{MINE}/{row['id']}"
    body = {"vmrName": "Open house", "gustPwd": "1234", "chairPwd": "567890", "allowGustFirst": "true"}
    assert (await rig.ask("PUT", path, {**body, "gustFirstNotice": True}, token=token)).content == b""
    (after,) = await _mine(rig, token)
    assert after == {**row, **body, "allowGustFirst": True, "gustFirstNotice": True}
    await rig.done("PUT", path, {"gustPwd": ""}, token=token)
    assert "gustPwd" not in (await _mine(rig, token))[0]


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({"gustPwd": "123"}, "USG.000000003", "gustPwd: must be 4 to 16 digits"),
        ({"gustPwd": "12ab"}, "USG.000000003", "gustPwd: must be 4 to 16 digits"),
        ({"chairPwd": ""}, "USG.000000003", "chairPwd: must be 4 to 16 digits"),
        ({"gustPwd": "2468", "chairPwd": "2468"}, "USG.201080006", "gustPwd: "),
        ({"vmrName": "x" * 129}, "USG.000000003", "vmrName: is longer"),
        ({"allowGustFirst": 2}, "USG.000000003", "allowGustFirst: must be true or false"),
    ],
)
async def test_a_bad_value_changes_no_room(rig: PeopleRig, body: dict[str, Any], code: str, detail: str) -> None:
    """Each is refused by its name."""
    token = await _personal(rig, "anna")
    (row,) = await _mine(rig, token)
    status, given, why = await rig.refused("PUT", f"{MINE}/{row['id']}", {"vmrName": "new", **body}, token=token)
    assert (status, given) == (400, code) and why.startswith(detail), why
    assert await _mine(rig, token) == [row]


async def test_the_number_is_no_password(rig: PeopleRig) -> None:
    """A password that equals the room's number is USG.201080017."""
    token = await _personal(rig, "anna")
    (row,) = await _mine(rig, token)
    refused = await rig.refused("PUT", f"{MINE}/{row['id']}", {"gustPwd": row["vmrId"]}, token=token)
    assert refused[1] == "USG.201080017"


async def test_cloud_rooms_come_and_go(rig: PeopleRig) -> None:
    """Made, listed as unassigned, assigned, seen by the holder, taken back, deleted."""
    token = await _personal(rig, "anna")
    anna = next(row for row in (await rig.done("GET", "/v1/usg/dcs/corp/member"))["data"] if row["name"] == "anna")
    room = await _cloud(rig)
    assert (room["vmrName"], room["vmrPkgParties"], room["status"]) == ("Board", 30, 2) and "member" not in room
    assert (await rig.done("GET", ALL, status=2))["data"] == [room]
    await rig.done("POST", f"{ALL}/assign-to-member/anna", [room["id"]], accountType=1)
    (row,) = (await rig.done("GET", ALL))["data"]
    assert row == {**room, "status": 0, "member": {"id": anna["id"], "mark": anna["userAccount"]}}
    assert (await rig.done("GET", ALL, status=2))["data"] == []
    assert (await rig.done("GET", ALL, vmrMode=2))["data"] == []
    assert [row["vmrMode"] for row in await _mine(rig, token)] == [0, 1]
    assert [row["id"] for row in await _mine(rig, token, specialVmr="true")] == [room["id"]]
    assert [row["vmrMode"] for row in await _mine(rig, token, specialVmr="false")] == [0]
    me = await rig.done("GET", "/v1/usg/dcs/member", token=token)
    assert [one["vmrId"] for one in me["vmrList"]] == [row["vmrId"] for row in await _mine(rig, token)]
    (listed,) = (await rig.done("GET", "/v1/usg/dcs/corp/member", searchKey="anna"))["data"]
    assert listed["vmrId"] == me["vmrList"][0]["vmrId"]
    await rig.done("POST", f"{ALL}/recycle-from-member/anna", [room["id"]], accountType=1)
    assert [row["vmrMode"] for row in await _mine(rig, token)] == [0]
    await rig.done("POST", f"{ALL}/delete", [room["id"]])
    assert (await rig.done("GET", ALL))["count"] == 0


async def test_what_rooms_refuse(rig: PeopleRig) -> None:
    """Unknown rooms and people, another's room, and whoever is no administrator."""
    room = await _cloud(rig)
    token = await _personal(rig, "anna")
    await _personal(rig, "ben")
    assert (await rig.refused("POST", f"{ALL}/delete", ["f" * 32]))[1] == "USG.201080020"
    assert (await rig.refused("POST", f"{ALL}/delete", ["no id"]))[1] == "USG.201080020"
    assert (await rig.refused("POST", f"{ALL}/assign-to-member/nobody", [room["id"]]))[1] == "USG.206030000"
    await rig.done("POST", f"{ALL}/assign-to-member/anna", [room["id"]], accountType=1)
    again = await rig.refused("POST", f"{ALL}/assign-to-member/ben", [room["id"]], accountType=1)
    assert again[:2] == (400, "USG.201080023")
    bens = await rig.token("ben")
    assert (await rig.refused("PUT", f"{MINE}/{room['id']}", {"vmrName": "x"}, token=bens))[1] == "USG.201080020"
    for method, path, body in [
        ("GET", ALL, None),
        ("POST", ALL, {"vmrName": "x"}),
        ("POST", f"{ALL}/assign-to-member/anna", [room["id"]]),
        ("POST", f"{ALL}/recycle-from-member/anna", [room["id"]]),
        ("POST", f"{ALL}/delete", [room["id"]]),
    ]:
        assert (await rig.refused(method, path, body, token=token))[:2] == (403, "USG.000000005")
    assert (await rig.done("GET", ALL))["count"] == 1
