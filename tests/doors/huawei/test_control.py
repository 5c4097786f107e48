"""Commands to a running conference: the token and what each command does (huawei-api 2.4)."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from parley.app.moderation import Moderation
from parley.app.ports import CallResult
from parley.core.profiles import EntryScope
from parley.core.spaces import Role
from tests.doors.huawei.control_floor import Floor, control_floor, heard
from tests.doors.huawei.rig import CONFERENCES, CONTROL, MeetingRig, password


@pytest.fixture
async def floor(rig: MeetingRig) -> AsyncIterator[Floor]:
    async with control_floor(rig) as made:
        yield made


# --- the token --------------------------------------------------------------------------------------------------


async def test_the_token_answer_has_the_published_fields(floor: Floor) -> None:
    """No login is needed; the password alone decides whether it is the host's."""
    answer = (await floor.ask_token()).json()
    data = answer["data"]
    assert {name: type(value) for name, value in data.items()} == {
        "token": str,
        "tmpWsToken": str,
        "wsURL": str,
        "role": int,
        "expireTime": int,
        "confTokenExpireTime": int,
        "vmrCurrentConfID": str,
        "supportNotifyType": list,
    }
    assert (data["role"], data["confTokenExpireTime"]) == (1, 1800)
    assert data["expireTime"] == int(floor.rig.clock.utc().timestamp() * 1000) + 1_800_000
    assert data["wsURL"] == "wss://meet.example.com/cms/open/websocket/confctl/increment/conn"
    assert (await floor.ask_token("general")).json()["data"]["role"] == 0


async def test_a_wrong_password_and_an_unknown_conference_are_told_alike(floor: Floor) -> None:
    """400 and the one code that clients compare."""
    wrong = await floor.ask_token(**{"X-Password": "000000"})
    floor.id = "100000000"
    unknown = await floor.ask_token()
    empty = await floor.ask_token(**{"X-Password": ""})
    assert [answer.status_code for answer in (wrong, unknown, empty)] == [400] * 3
    assert {answer.json()["error_msg"] for answer in (wrong, unknown, empty)} == {"CONF_NOT_FOUND_OR_AUTH_FAILED"}


async def test_there_is_no_token_before_the_conference_starts(rig: MeetingRig) -> None:
    """A booked conference cannot be commanded."""
    floor = Floor(rig, await rig.book(startTime="2026-03-05 12:00"))
    answer = await floor.ask_token()
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MMC.111072065")


@pytest.mark.parametrize("form", ["{raw}", "Basic {raw}", "Basic {encoded}"])
async def test_the_token_is_taken_in_three_forms(floor: Floor, form: str) -> None:
    """Raw as the SDK sends it, and the two forms of other clients."""
    encoded = base64.b64encode(floor.token.encode()).decode()
    answer = await floor.send("GET", "realTimeInfo", token=form.format(raw=floor.token, encoded=encoded))
    assert answer.status_code == 200


async def test_a_token_lives_for_half_an_hour_and_is_kept_alive(floor: Floor) -> None:
    """With the token itself and any password; after its time only the password gives a new one."""
    floor.rig.clock.advance(1700)
    kept = await floor.ask_token(**{"X-Conference-Authorization": floor.token, "X-Password": "wrong"})
    assert kept.json()["data"]["token"] == floor.token
    floor.rig.clock.advance(1700)
    assert (await floor.send("GET", "realTimeInfo")).status_code == 200
    floor.rig.clock.advance(200)
    assert await floor.code("GET", "realTimeInfo") == "MMC.111072065"
    late = await floor.ask_token(**{"X-Conference-Authorization": floor.token})
    assert late.json()["data"]["token"] != floor.token


async def test_a_token_is_of_its_conference_alone(floor: Floor) -> None:
    """The host of one conference commands no other."""
    other = await floor.rig.book()
    headers = {"X-Conference-Authorization": floor.token}
    query = {"conferenceID": other["conferenceID"]}
    answer = await floor.rig.http.put(f"{CONTROL}/stop", params=query, headers=headers)
    assert answer.json()["error_code"] == "MMC.111072065"


async def test_a_socket_token_is_given(floor: Floor) -> None:
    """By GET, as the SDK asks."""
    assert set(await floor.done("GET", "wsToken")) == {"webSocketToken"}


# --- who is heard -----------------------------------------------------------------------------------------------


async def test_muting_all_spares_the_host(floor: Floor) -> None:
    """And unmuting all lets everybody be heard."""
    await floor.put("mute", {"isMute": 1, "allowUnmuteByOneself": "0"})
    assert await heard(floor) == {"Hana"}
    await floor.put("mute", {"isMute": 0})
    assert await heard(floor) == {"Hana", "Gus", "Gina"}


async def test_muting_one_concerns_one(floor: Floor) -> None:
    """The host too can be muted by name."""
    await floor.put("participants/mute", {"isMute": "1"}, participantID=await floor.pid("Hana"))
    assert await heard(floor) == {"Gus", "Gina"}
    assert (await floor.people())["Hana"]["mute"] == 1


async def test_roll_call_gives_one_the_word(floor: Floor) -> None:
    """The named one is heard beside the host; it ends with cancelBroadcast."""
    await floor.put("participants/rollCall", participantID=await floor.pid("Gus"))
    assert await heard(floor) == {"Hana", "Gus"}
    await floor.put("participants/rollCall", participantID=await floor.pid("Gina"))
    assert await heard(floor) == {"Hana", "Gina"}
    await floor.put("cancelBroadcast")


# --- who is what ------------------------------------------------------------------------------------------------


async def test_the_host_role_is_given_back_and_taken(floor: Floor) -> None:
    """One host at a time by command; a guest's token needs the host's password for it."""
    hana, gus = await floor.pid("Hana"), await floor.pid("Gus")

    async def chair() -> str:
        return str((await floor.done("GET", "realTimeInfo"))["confInfo"]["chairID"])

    assert await chair() == hana
    path = "participants/role"
    assert await floor.code("PUT", path, {"applyChair": 1}, participantID=gus) == "MMC.111074001"
    assert await floor.code("PUT", path, {"applyChair": 0}, participantID=gus) == "MMC.111074002"
    await floor.put(path, {"applyChair": 0}, participantID=hana)
    assert await chair() == ""
    guest_token = (await floor.ask_token("general")).json()["data"]["token"]
    for wrong in ("", "000000", password(floor.info, "general")):
        body = {"applyChair": 1, "chairmanPwd": wrong}
        assert await floor.code("PUT", path, body, participantID=gus, token=guest_token) == "MMC.111072018"
    body = {"applyChair": 1, "chairmanPwd": password(floor.info, "chair")}
    assert (await floor.send("PUT", path, body, token=guest_token, participantID=gus)).status_code == 200
    assert await chair() == gus
    [view] = floor.rig.directory.meetings()
    assert {leg.name: leg.role for leg in view.legs} == {"Hana": Role.GUEST, "Gus": Role.HOST, "Gina": None}
    assert not any(leg.causes for leg in view.legs)


async def test_cohosts_are_guests(floor: Floor) -> None:
    """A host is made none; it is shown and taken back."""
    gus = await floor.pid("Gus")
    await floor.put("participants/cohost", {"isCohost": 1}, participantID=gus)
    assert (await floor.done("GET", "realTimeInfo"))["confInfo"]["coHosts"] == [gus]
    await floor.put("participants/cohost", {"isCohost": 0}, participantID=gus)
    assert (await floor.done("GET", "realTimeInfo"))["confInfo"]["coHosts"] == []
    hana = await floor.pid("Hana")
    assert await floor.code("PUT", "participants/cohost", {"isCohost": 1}, participantID=hana) == "MMC.111072011"


async def test_hands_are_raised_by_guests_and_lowered_by_the_host(floor: Floor) -> None:
    """A guest's token raises one; lowering many is the host's; a host raises none."""
    gus, gina, hana = await floor.pid("Gus"), await floor.pid("Gina"), await floor.pid("Hana")
    guest_token = (await floor.ask_token("general")).json()["data"]["token"]
    answer = await floor.send("PUT", "participants/hands", {"handsState": 1}, guest_token, participantID=gus)
    assert answer.status_code == 200
    await floor.put("participants/batch/hands", {"handsState": 1, "pids": [gina]})
    assert {name: one["hand"] for name, one in (await floor.people()).items()} == {"Hana": 0, "Gus": 1, "Gina": 1}
    await floor.put("participants/batch/hands", {"handsState": 0, "pids": [gus, gina]})
    assert {one["hand"] for one in (await floor.people()).values()} == {0}
    assert await floor.code("PUT", "participants/hands", {"handsState": 1}, participantID=hana) == "MMC.111072069"
    body = {"handsState": 0, "pids": [gus]}
    assert await floor.code("PUT", "participants/batch/hands", body, token=guest_token) == "MMC.111072070"


async def test_renaming_reaches_people_inside_and_on_the_list(floor: Floor) -> None:
    """By participant, or by number alone."""
    await floor.put(
        "participants/name", {"number": "2002", "newName": "Gustav", "participantID": await floor.pid("Gus")}
    )
    await floor.put("participants/name", {"number": "3003", "newName": "Regina"})
    await floor.put("participants/name", {"number": "5005", "newName": "Ida B."})
    assert set(await floor.people()) == {"Hana", "Gustav", "Regina"}
    attendees = (await floor.done("GET", "realTimeInfo"))["attendees"]
    assert [(one["name"], one["phone"]) for one in attendees] == [("Ida B.", "5005")]


# --- who is in --------------------------------------------------------------------------------------------------


async def test_a_locked_conference_keeps_new_guests_out_and_lets_hosts_in(floor: Floor) -> None:
    """Those inside stay; unlocking lets the waiting in."""
    await floor.put("lock", {"isLock": 1})
    await floor.rig.call(floor.id, password(floor.info, "general"), "4004", "Late")
    await floor.rig.call(floor.id, password(floor.info, "chair"), "1002", "Second host")
    now = await floor.people()
    assert (now["Late"]["state"], now["Second host"]["state"]) == (2, 0)
    await floor.put("lock", {"isLock": 0})
    assert (await floor.people())["Late"]["state"] == 0


async def test_people_are_sent_to_the_waiting_room_and_let_in(floor: Floor) -> None:
    """One, several, one back, and all."""
    gus, gina = await floor.pid("Gus"), await floor.pid("Gina")
    await floor.put("moveToWaitingRoom", {"participantID": gus})
    await floor.put("batchMoveToWaitingRoom", {"batchParticipants": [gina]})
    assert {name: one["state"] for name, one in (await floor.people()).items()} == {"Hana": 0, "Gus": 2, "Gina": 2}
    assert await heard(floor) == {"Hana"}
    await floor.put("allowWaitingParticipant", {"participantID": gus})
    assert await heard(floor) == {"Hana", "Gus"}
    await floor.put("allowWaitingParticipant", {"allowAll": True})
    assert await heard(floor) == {"Hana", "Gus", "Gina"}


async def test_people_are_hung_up_and_taken_off_the_list(floor: Floor) -> None:
    """By participant, by number, and from the list of invited people."""
    await floor.done("POST", "participants/delete", {"bulkHangUpParticipants": [await floor.pid("Gus")]})
    await floor.done("POST", "attendees/delete", {"bulkDelAttendInfo": [{"number": "3003"}, {"number": "5005"}]})
    assert set(await floor.people()) == {"Hana"}
    assert (await floor.done("GET", "realTimeInfo"))["attendees"] == []


async def test_invited_people_are_called_by_the_door_of_their_role(floor: Floor) -> None:
    """They show as being called, join the list, and one who cannot be called does not keep the others from it."""
    floor.rig.placer.forbidden = {"9009"}
    people = [
        {"name": "Bea", "phone": "7007", "type": "normal", "role": 1, "isMute": 1},
        {"name": "Bob", "phone": "sip:bob@example.org", "type": "outside"},
        {"name": "Not", "phone": "9009", "type": "normal"},
    ]
    await floor.done("POST", "participants", {"attendees": people})
    bea, bob = floor.rig.placer.wishes
    record = await floor.rig.conferences.list(await actor(floor))
    [one] = record.items
    assert (bea.target, bea.name, bea.entry.access_method) == ("7007", "Bea", one.host.id)
    assert bea.settings.rx_audio_mute is True
    assert (bob.target, bob.entry.access_method) == ("sip:bob@example.org", one.guest.id)
    assert {name: one["state"] for name, one in (await floor.people()).items() if name in ("Bea", "Bob")} == {
        "Bea": 1,
        "Bob": 1,
    }
    attendees = (await floor.done("GET", "realTimeInfo"))["attendees"]
    assert [one["name"] for one in attendees] == ["Ida", "Bea", "Bob", "Not"]
    [first, second] = floor.rig.placer.ringing
    floor.rig.placer.end(first, CallResult.NO_ANSWER)
    assert "Bea" not in await floor.people()
    body = {"bulkHangUpParticipants": [second.replace("-", "")]}
    await floor.done("POST", "participants/delete", body)
    assert floor.rig.placer.ringing == {}
    only = {"attendees": [people[2]]}
    assert await floor.code("POST", "participants", only) == "MMC.111072033"


async def test_who_is_called_at_the_start_shows_and_can_be_given_up(floor: Floor) -> None:
    """As being called; hung up before an answer, nobody is called again."""
    await floor.rig.ring(floor.info)
    assert (await floor.people())["Ida"]["state"] == 1
    await floor.done("POST", "participants/delete", {"bulkHangUpParticipants": [await floor.pid("Ida")]})
    assert "Ida" not in await floor.people()
    await called_no_more(floor)


@pytest.mark.parametrize("way", ["stop", "attendees/delete", "a host at another door"])
async def test_a_busy_person_is_not_called_again_after_the_end_or_off_the_list(floor: Floor, way: str) -> None:
    """No phone rings for a conference that its host has ended, or of somebody taken off the list."""
    await floor.rig.ring(floor.info)
    [leg] = floor.rig.placer.ringing
    floor.rig.placer.end(leg, CallResult.BUSY)
    if way == "stop":
        await floor.put("stop")
    elif way == "a host at another door":
        host = await floor.rig.call(floor.id, password(floor.info, "chair"), "1001")
        await Moderation(floor.rig.directory, floor.rig.clock, floor.rig.start.give_up_in).end(host.id)
    else:
        await floor.done("POST", way, {"bulkDelAttendInfo": [{"number": "5005"}]})
    await called_no_more(floor)


async def called_no_more(floor: Floor) -> None:
    floor.rig.clock.advance(200.0)
    await floor.rig.settle()
    assert floor.rig.placer.ringing == {}
    assert [wish.target for wish in floor.rig.placer.wishes] == ["5005"]


async def test_one_number_is_invited_by_password_alone(floor: Floor) -> None:
    """Without a control token; a wrong password calls nobody."""
    body = {"callNum": "7007", "confID": floor.id, "pwd": password(floor.info, "general")}
    path = "inviteWithPwd"
    assert await floor.code("POST", path, {**body, "pwd": "000000"}, token="") == "MMC.111071091"
    assert floor.rig.placer.wishes == []
    assert (await floor.send("POST", path, body, token="")).status_code == 200
    assert [wish.target for wish in floor.rig.placer.wishes] == ["7007"]


# --- how long, and by what rules --------------------------------------------------------------------------------


async def test_the_end_moves_by_minutes_or_by_itself(floor: Floor) -> None:
    """Fifteen minutes when nothing is said; automatic: the rule of the running occurrence."""

    async def end() -> str:
        detail = f"{CONFERENCES}/confDetail"
        return str((await floor.rig.done("GET", detail, conferenceID=floor.id))["conferenceData"]["endTime"])

    assert await end() == "2026-03-01 08:30"
    await floor.put("duration", {"auto": 0})
    assert await end() == "2026-03-01 08:45"
    await floor.put("duration", {"auto": "1", "duration": "10"})
    assert await end() == "2026-03-01 08:45"
    running = await floor.rig.conferences.show(await actor(floor), floor.id)
    assert running.current.rules is not None and running.current.rules.prolong_by == 10


async def test_stopping_sends_everybody_away_and_keeps_the_booking(floor: Floor) -> None:
    """People may come back until its end."""
    await floor.put("stop")
    assert floor.rig.directory.meetings() == []
    await floor.rig.call(floor.id, password(floor.info, "chair"), "1001", "Hana")
    assert set(await floor.people()) == {"Hana"}


async def test_settings_change_while_it_runs(floor: Floor) -> None:
    """Who may come in, the lock, and what is kept for later."""
    await floor.put(
        "updateStartedConfConfig", {"callInRestriction": 2, "isLock": 1, "lockSharing": 1, "chatPermission": "3"}
    )
    [view] = floor.rig.directory.meetings()
    assert view.locked
    assert view.call.settings.entry_scope is EntryScope.TENANT
    running = await floor.rig.conferences.show(await actor(floor), floor.id)
    assert running.current.rules is not None and running.current.rules.entry_scope is EntryScope.TENANT
    assert running.rules.entry_scope is EntryScope.EVERYONE
    assert (await floor.ask_token()).status_code == 200, "the host still proves to be one"


async def test_pictures_are_kept_and_answered_with_a_return_code(floor: Floor) -> None:
    """Modes and layouts are stored until pictures are composed."""
    said = await floor.done("PUT", "display/mode", {"switchMode": "VAS", "imageType": 0})
    assert said == {"returnCode": 0, "returnDesc": "SUCCESS"}
    picture = {"index": "1", "subscriber": ["1001"], "isAssistStream": 0}
    body = {"manualSet": 1, "imageType": "Three-2", "subscriberInPics": [picture], "switchTime": 30}
    assert (await floor.done("PUT", "display/customMultiPicture", body))["returnCode"] == 0
    layout = {"layOutName": "mine", "imageType": "Two", "switchTime": "20", "uuid": "u-1"}
    await floor.done("PUT", "layOut", {"restPicLayout": layout})
    kept = await floor.done("GET", "layOut")
    assert kept["picLayouts"] == [{"switchTime": 20, "layOutName": "mine", "imageType": "Two", "uuid": "u-1"}]
    await floor.done("DELETE", "layOut", uuID="u-1")
    assert (await floor.done("GET", "layOut"))["picLayouts"] == []


# --- questions --------------------------------------------------------------------------------------------------


async def test_who_is_online_is_told_to_the_organiser(floor: Floor) -> None:
    """In the newer spelling of names, with paging and search."""
    path = f"{CONFERENCES}/online/conf-attendee"
    page = await floor.rig.done("GET", path, conf_id=floor.id)
    assert (page["count"], [row["role"] for row in page["data"]]) == (3, [1, 0, 0])
    assert set(page["data"][0]) == {
        "participant_id",
        "name",
        "call_number",
        "role",
        "third_account",
        "account",
        "user_id",
    }
    page = await floor.rig.done("GET", path, conf_id=floor.id, search_key="gus")
    assert [row["name"] for row in page["data"]] == ["Gus"]


async def test_a_number_is_busy_while_it_is_in_a_conference(floor: Floor) -> None:
    """By number, as it was called."""
    path = "/v2/mms/ncms/conferences/online/check-callnumber-in-conf"
    assert await floor.rig.done("GET", path, call_number="2002") == {"in_conf": True, "conf_id": floor.id}
    assert await floor.rig.done("GET", path, call_number="2003") == {"in_conf": False, "conf_id": ""}


async def actor(floor: Floor) -> Any:
    found = await floor.rig.people.tokens.actor(await floor.rig.token())
    assert found is not None
    return found


async def test_what_was_ordered_is_told_afterwards(floor: Floor) -> None:
    """Who, what and whom, in epoch milliseconds; a refused command leaves no line."""
    gus = await floor.pid("Gus")
    await floor.put("lock", {"isLock": 1})
    floor.rig.clock.advance(5)
    await floor.put("participants/mute", {"isMute": 1}, participantID=gus)
    await floor.code("PUT", "participants/mute", {"isMute": 1}, participantID="0" * 32)
    async with floor.rig.store.transaction() as tx:
        await tx.add_events("segment", 0, floor.rig.journal.lines)
    path = f"{CONFERENCES}/history/confCtlRecord"
    page = await floor.rig.done("GET", path, confUUID=floor.info["confUUID"])
    at = int(floor.rig.clock.utc().timestamp() * 1000)
    assert page["count"] == 2
    assert page["data"] == [
        {
            "operateTime": at - 5000,
            "operateSource": "192.0.2.77",
            "operator": "host",
            "operateCode": "lock",
            "operationObject": "",
            "operateResult": "0",
            "detail": "lock",
        },
        {
            "operateTime": at,
            "operateSource": "192.0.2.77",
            "operator": "host",
            "operateCode": "participants/mute",
            "operationObject": gus,
            "operateResult": "0",
            "detail": f"participants/mute {gus}",
        },
    ]
    page = await floor.rig.done("GET", path, confUUID=floor.info["confUUID"], limit=1, offset=1)
    assert [row["operateCode"] for row in page["data"]] == ["participants/mute"]


async def test_people_called_at_the_start_show_as_being_called(rig: MeetingRig) -> None:
    """Until the call has ended."""
    info = await rig.book(attendees=[{"name": "Ida", "phone": "5005", "isAutoInvite": 1}])
    floor = Floor(rig, info)
    floor.token = (await floor.ask_token()).json()["data"]["token"]
    record = await rig.conferences.show(await actor(floor), floor.id)
    rig.start.begin(record, record.current, [])
    await rig.settle()
    people = await floor.people()
    assert (people["Ida"]["phone"], people["Ida"]["state"]) == ("5005", 1)
    [leg] = rig.placer.ringing
    rig.placer.end(leg, CallResult.REJECTED)
    assert await floor.people() == {}
