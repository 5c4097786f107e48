"""What a co-host may do, and who lets guests be heard again (huawei-api 2.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from parley.core.ids import LegId
from tests.doors.huawei.control_floor import Floor, control_floor, heard
from tests.doors.huawei.rig import MeetingRig, password

NO_RIGHT = "MMC.111072070"


class Shared(Floor):
    """`gus`: a guest's control token that the signed-in user asked for as whom Gus was invited."""

    gus = ""

    async def make_cohost(self, cohost: bool = True) -> None:
        await self.put("participants/cohost", {"isCohost": int(cohost)}, participantID=await self.pid("Gus"))

    async def by_gus(self, path: str, body: Any = None, method: str = "PUT", **query: Any) -> str:
        """The error code, or empty."""
        answer = await self.send(method, path, body, self.gus, **query)
        await self.rig.settle()
        return "" if answer.status_code == 200 else str(answer.json()["error_code"])

    async def presses(self, name: str, keys: str) -> str:
        """Keys on somebody's phone; what is heard last."""
        [view] = self.rig.directory.meetings()
        leg = LegId(next(leg.leg for leg in view.legs if leg.name == name))
        self.rig.engine.press(leg, keys)
        await self.rig.settle()
        return self.rig.engine.played[leg][-1]


@pytest.fixture
async def floor(rig: MeetingRig) -> AsyncIterator[Shared]:
    user = await rig.user("gus", "Str0ng-enough", sendNotify="0")
    signed_in = (await rig.account_login("gus", "Str0ng-enough")).json()["accessToken"]
    async with control_floor(rig, user=user["id"]) as made:
        shared = Shared(made.rig, made.info)
        shared.token = made.token
        answer = await shared.ask_token("general", **{"X-Access-Token": signed_in})
        shared.gus = answer.json()["data"]["token"]
        yield shared


async def orders(floor: Shared) -> list[tuple[str, str, Any, dict[str, str]]]:
    """What a co-host may order: method, path, body, query."""
    gina = {"participantID": await floor.pid("Gina")}
    return [
        ("PUT", "mute", {"isMute": 1}, {}),
        ("PUT", "mute/guestUnMute", {"allowUnmuteByOneself": 1}, {}),
        ("PUT", "participants/mute", {"isMute": 1}, gina),
        ("PUT", "participants/rollCall", None, gina),
        ("PUT", "participants/broadcast", None, gina),
        ("PUT", "cancelBroadcast", None, {}),
        ("PUT", "lock", {"isLock": 1}, {}),
        ("PUT", "participants/batch/hands", {"handsState": 0, "pids": [gina["participantID"]]}, {}),
        ("PUT", "participants/name", {"number": "3003", "newName": "Gina", **gina}, {}),
        ("PUT", "moveToWaitingRoom", gina, {}),
        ("PUT", "allowWaitingParticipant", gina, {}),
        ("PUT", "updateStartedConfConfig", {"isLock": 0}, {}),
        ("POST", "participants", {"attendees": [{"name": "Bea", "phone": "7007", "type": "normal"}]}, {}),
        ("POST", "participants/delete", {"bulkHangUpParticipants": [gina["participantID"]]}, {}),
    ]


async def test_a_co_host_moderates_and_a_guest_does_not(floor: Shared) -> None:
    """The same token, before, while and after the host has made its user's participant a co-host."""
    for method, path, body, query in await orders(floor):
        assert await floor.by_gus(path, body, method, **query) == NO_RIGHT, path
    await floor.make_cohost()
    wanted = await orders(floor)
    for method, path, body, query in wanted:
        assert await floor.by_gus(path, body, method, **query) == "", path
    assert set(await floor.people()) == {"Hana", "Gus", "Bea"}
    await floor.make_cohost(False)
    for method, path, body, query in wanted[:2]:
        assert await floor.by_gus(path, body, method, **query) == NO_RIGHT


async def test_what_stays_the_hosts(floor: Shared) -> None:
    """The end, more time, and who is host or co-host; and nothing is ordered against a host."""
    await floor.make_cohost()
    gus, gina, hana = [{"participantID": await floor.pid(name)} for name in ("Gus", "Gina", "Hana")]
    for path, body, query in (
        ("stop", None, {}),
        ("duration", {"auto": 0}, {}),
        ("participants/cohost", {"isCohost": 1}, gina),
        ("participants/cohost", {"isCohost": 0}, gus),
        ("participants/role", {"applyChair": 0}, hana),
        ("participants/mute", {"isMute": 1}, hana),
        ("participants/name", {"number": "1001", "newName": "X", **hana}, {}),
        ("moveToWaitingRoom", hana, {}),
        ("batchMoveToWaitingRoom", {"batchParticipants": [gina["participantID"], hana["participantID"]]}, {}),
    ):
        assert await floor.by_gus(path, body, **query) == NO_RIGHT, path
    for path, body in (
        ("participants/delete", {"bulkHangUpParticipants": [hana["participantID"]]}),
        ("attendees/delete", {"bulkDelAttendInfo": [{"number": "1001", **hana}]}),
    ):
        assert await floor.by_gus(path, body, "POST") == NO_RIGHT, path
    claim = {"applyChair": 1, "chairmanPwd": password(floor.info, "general")}
    assert await floor.by_gus("participants/role", claim, **gus) == "MMC.111072018"
    assert {name: one["state"] for name, one in (await floor.people()).items()} == {"Hana": 0, "Gus": 0, "Gina": 0}
    assert await heard(floor) == {"Hana", "Gus", "Gina"}


async def test_nobody_else_acts_for_a_co_host(floor: Shared) -> None:
    """A guest's token that nobody signed in for, and one of another user, are guests' tokens."""
    await floor.make_cohost()
    anonymous = (await floor.ask_token("general")).json()["data"]["token"]
    await floor.rig.user("gina", "Str0ng-enough", sendNotify="0")
    other = (await floor.rig.account_login("gina", "Str0ng-enough")).json()["accessToken"]
    ginas = (await floor.ask_token("general", **{"X-Access-Token": other})).json()["data"]["token"]
    for token in (anonymous, ginas):
        assert await floor.code("PUT", "mute", {"isMute": 1}, token=token) == NO_RIGHT


async def test_a_co_host_who_leaves_or_becomes_host_is_none(floor: Shared) -> None:
    """The right ends with the participant; a host needs it no more, and does not have it back when released."""
    await floor.make_cohost()
    gus, hana = await floor.pid("Gus"), await floor.pid("Hana")
    await floor.put("participants/role", {"applyChair": 0}, participantID=hana)
    await floor.put("participants/role", {"applyChair": 1}, participantID=gus)
    info = (await floor.done("GET", "realTimeInfo"))["confInfo"]
    assert (info["chairID"], info["coHosts"]) == (gus, [])
    await floor.put("participants/role", {"applyChair": 0}, participantID=gus)
    assert await floor.by_gus("mute", {"isMute": 1}) == NO_RIGHT
    await floor.make_cohost()
    assert await floor.by_gus("mute", {"isMute": 1}) == ""
    await floor.done("POST", "participants/delete", {"bulkHangUpParticipants": [gus]})
    assert await floor.by_gus("mute", {"isMute": 0}) == NO_RIGHT


async def test_a_co_host_stands_in_for_the_host(floor: Shared) -> None:
    """After the host has gone, guests who come need not wait while a co-host is there."""
    await floor.make_cohost()
    await floor.done("POST", "participants/delete", {"bulkHangUpParticipants": [await floor.pid("Hana")]})
    await floor.rig.call(floor.id, password(floor.info, "general"), "4004", "Late")
    assert (await floor.people())["Late"]["state"] == 0
    await floor.make_cohost(False)
    await floor.rig.call(floor.id, password(floor.info, "general"), "4005", "Later")
    assert (await floor.people())["Later"]["state"] == 2


# --- being heard again ----------------------------------------------------------------------------------------------


async def test_guests_unmute_themselves_only_while_they_may(floor: Shared) -> None:
    """By the keys of a phone; newcomers like those inside; hosts and co-hosts always; falling silent is free."""
    await floor.put("mute", {"isMute": 1, "allowUnmuteByOneself": 0})
    await floor.rig.call(floor.id, password(floor.info, "general"), "4004", "Late")
    assert await floor.presses("Gina", "*6") == "mute-refused"
    assert await floor.presses("Late", "*6") == "muted"
    assert await floor.presses("Late", "*6") == "mute-refused"
    assert [await floor.presses("Hana", "*6") for _ in range(2)] == ["muted", "unmuted"]
    assert await heard(floor) == {"Hana"}
    await floor.make_cohost()
    assert await floor.presses("Gus", "*6") == "unmuted"
    await floor.put("mute/guestUnMute", {"allowUnmuteByOneself": 1})
    assert await floor.presses("Gina", "*6") == "unmuted"
    assert await heard(floor) == {"Hana", "Gus", "Gina"}
    await floor.put("updateStartedConfConfig", {"allowUnmuteByOneself": 0})
    assert [await floor.presses("Gina", "*6") for _ in range(2)] == ["muted", "mute-refused"]
    await floor.put("mute", {"isMute": 0})
    assert await floor.presses("Gina", "*6") == "muted", "the default of mute is that guests may"
    assert await floor.presses("Gina", "*6") == "unmuted"


async def test_a_host_who_is_released_is_bound_like_a_guest(floor: Shared) -> None:
    """By what holds then, and by what is said later."""
    hana = await floor.pid("Hana")
    await floor.put("mute/guestUnMute", {"allowUnmuteByOneself": 0})
    await floor.put("participants/role", {"applyChair": 0}, participantID=hana)
    assert [await floor.presses("Hana", "*6") for _ in range(2)] == ["muted", "mute-refused"]
    await floor.put("mute/guestUnMute", {"allowUnmuteByOneself": 1})
    assert await floor.presses("Hana", "*6") == "unmuted"


async def test_a_guests_token_mutes_its_own_participant_alone(floor: Shared) -> None:
    """As far as guests may; others it does not touch."""
    gus, gina = [{"participantID": await floor.pid(name)} for name in ("Gus", "Gina")]
    path = "participants/mute"
    assert await floor.by_gus(path, {"isMute": 1}, **gina) == NO_RIGHT
    assert await floor.by_gus(path, {"isMute": 1}, **gus) == ""
    assert await heard(floor) == {"Hana", "Gina"}
    await floor.put("mute/guestUnMute", {"allowUnmuteByOneself": 0})
    assert await floor.by_gus(path, {"isMute": 0}, **gus) == NO_RIGHT
    await floor.put("mute/guestUnMute", {"allowUnmuteByOneself": 1})
    assert await floor.by_gus(path, {"isMute": 0}, **gus) == ""
    assert await heard(floor) == {"Hana", "Gus", "Gina"}


# --- locks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [{"allowGuestStartConf": True}, {"allowGuestStartConf": False}])
async def test_a_host_comes_into_a_locked_conference(rig: MeetingRig, rules: dict[str, bool]) -> None:
    """Whether guests may start or not; guests wait until it is unlocked."""
    async with control_floor(rig, confConfigInfo=rules) as floor:
        await floor.put("lock", {"isLock": 1})
        await rig.call(floor.id, password(floor.info, "chair"), "1002", "Second")
        await rig.call(floor.id, password(floor.info, "general"), "4004", "Late")
        assert {name: one["state"] for name, one in (await floor.people()).items() if name in ("Second", "Late")} == {
            "Second": 0,
            "Late": 2,
        }
        await floor.put("lock", {"isLock": 0})
        assert (await floor.people())["Late"]["state"] == 0


async def test_guests_released_by_a_start_without_a_host_stay_so(rig: MeetingRig) -> None:
    """A setting changed while it runs does not make them wait again, and a lock keeps them out all the same."""
    info = await rig.book(confConfigInfo={"allowGuestStartConf": False})
    start = {"conferenceID": info["conferenceID"], "password": password(info, "chair")}
    await rig.done("POST", "/v1/mmc/management/conferences/start", start)
    floor = Floor(rig, info)
    floor.token = (await floor.ask_token()).json()["data"]["token"]
    await floor.put("mute/guestUnMute", {"allowUnmuteByOneself": 0})
    await rig.call(floor.id, password(info, "general"), "2002", "Gus")
    assert (await floor.people())["Gus"]["state"] == 0
    await floor.put("lock", {"isLock": 1})
    await rig.call(floor.id, password(info, "general"), "3003", "Gina")
    assert (await floor.people())["Gina"]["state"] == 2
