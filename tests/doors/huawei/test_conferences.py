"""Booking, changing, cancelling and finding conferences: what each field does (huawei-api 1, 2.2)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from parley.app.ports import Query
from parley.core.conferences import OccurrenceState
from parley.core.profiles import EntryScope, MediaEncryption
from tests.doors.huawei.rig import CONFERENCES, MeetingRig, password

DETAIL = f"{CONFERENCES}/confDetail"
LATER = "2026-03-05 12:00"
RULES = {
    "isSendNotify": False,
    "isSendSms": True,
    "isSendCalendar": False,
    "isAutoMute": True,
    "isHardTerminalAutoMute": True,
    "isGuestFreePwd": False,
    "callInRestriction": 3,
    "allowGuestStartConf": True,
    "guestPwd": "24682468",
    "prolongLength": 15,
    "enableWaitingRoom": True,
    "isHostCameraOn": True,
    "isGuestCameraOn": False,
}
# Every field of a booking; integers and booleans come as text, as the vendor's own examples send them.
EVERYTHING: dict[str, Any] = {
    "startTime": LATER,
    "length": "45",
    "subject": "Everything",
    "mediaTypes": "HDVideo,Voice",
    "groupuri": "group-1",
    "attendees": [
        {
            "name": "Room 7",
            "phone": "sip:room7@example.com",
            "type": "terminal",
            "role": 1,
            "isAutoInvite": "1",
            "isMute": 0,
            "email": "room7@example.com",
            "sms": "+351912345678",
            "phone2": "7002",
            "deptName": "Floor 7",
            "userUUID": None,
        },
        {"email": "only@mail.example", "type": "outside"},
    ],
    "isAutoRecord": "1",
    "encryptMode": 1,
    "language": "en-US",
    "timeZoneID": 26,
    "recordType": 3,
    "liveAddress": "rtmp://live.example.com/a",
    "auxAddress": "rtmp://live.example.com/b",
    "recordAuxStream": 1,
    "recordAuthType": 2,
    "concurrentParticipants": 12,
    "supportSimultaneousInterpretation": "true",
    "confResType": 0,
    "confConfigInfo": {**RULES, "isSendNotify": "false"},
    "somethingNew": {"is": "passed over"},
}


async def record(rig: MeetingRig, number: str) -> Any:
    async with rig.store.reading() as tx:
        return await tx.conferences.by_number(number)


async def test_every_field_of_a_booking_arrives_and_is_returned(rig: MeetingRig) -> None:
    """One request with all of them."""
    info = await rig.book(**EVERYTHING)
    assert {name: info[name] for name in ("startTime", "endTime", "subject", "mediaTypes", "size", "timeZoneID")} == {
        "startTime": LATER,
        "endTime": "2026-03-05 12:45",
        "subject": "Everything",
        "mediaTypes": "Voice,Data,HDVideo",
        "size": 2,
        "timeZoneID": "26",
    }
    assert info["language"] == "en-US"
    assert (info["isAutoRecord"], info["recordType"], info["recordAuxStream"], info["recordAuthType"]) == (1, 3, 1, 2)
    assert (info["liveAddress"], info["auxAddress"]) == ("rtmp://live.example.com/a", "rtmp://live.example.com/b")
    assert (info["concurrentParticipants"], info["supportSimultaneousInterpretation"]) == (12, True)
    assert info["isAutoMute"] == 1
    assert info["confConfigInfo"] == RULES
    assert password(info, "general") == "24682468"
    assert (info["terminlCount"], info["normalCount"]) == (1, 1)
    assert info["partAttendeeInfo"] == [
        {"phone": "", "name": "", "type": "outside"},
        {"phone": "sip:room7@example.com", "name": "Room 7", "type": "terminal", "role": 1, "phone2": "7002"},
    ]
    conference = await record(rig, info["conferenceID"])
    assert conference.zone == "Europe/London"
    assert conference.rules.entry_scope is EntryScope.INVITED
    assert conference.rules.media_encryption is MediaEncryption.REQUIRED
    assert (conference.rules.participant_limit, conference.rules.prolong_by) == (12, 15)
    assert conference.attendees[0].auto_invite is True
    assert conference.extras["huawei"]["groupuri"] == '"group-1"'


async def test_what_is_unset_is_the_enterprises(rig: MeetingRig) -> None:
    """Sending, muting, encryption and language come from the defaults of the organiser's enterprise."""
    async with rig.store.transaction() as tx:
        defaults = await tx.system_defaults()
        ours = replace(defaults.conferences, send_mail=False, mute_guests=True, language="pt", zone="Europe/London")
        await tx.save_system_defaults(replace(defaults, conferences=ours))
    info = await rig.book()
    assert info["confConfigInfo"] == {"isSendNotify": False, "isSendSms": False, "isAutoMute": True}
    assert (info["language"], info["timeZoneID"], info["isAutoMute"]) == ("pt-BR", "26", 1)


async def test_a_change_keeps_what_is_not_sent(rig: MeetingRig) -> None:
    """As a production client relies on: subject, time and length are sent, the rest stays."""
    before = await rig.book(
        startTime=LATER,
        subject="old",
        attendees=[{"name": "Ann", "phone": "1001"}],
        confConfigInfo={"callInRestriction": 2, "guestPwd": "135792"},
        recordType=2,
        encryptMode=1,
    )
    [after] = await rig.done(
        "PUT",
        CONFERENCES,
        {"mediaTypes": "HDVideo", "subject": "new", "startTime": "2026-03-06 09:00", "length": 60},
        conferenceID=before["conferenceID"],
    )
    assert (after["subject"], after["startTime"], after["endTime"]) == ("new", "2026-03-06 09:00", "2026-03-06 10:00")
    for same in ("conferenceID", "passwordEntry", "chairJoinUri", "partAttendeeInfo", "confConfigInfo", "recordType"):
        assert after[same] == before[same], same
    assert (await record(rig, before["conferenceID"])).rules.media_encryption is MediaEncryption.REQUIRED
    assert rig.notices.told == ["booked", "changed"]


async def test_a_running_conference_is_neither_changed_nor_cancelled_without_ending_it(rig: MeetingRig) -> None:
    """The two errors that clients know, and `type=1`."""
    info = await rig.book()
    id = info["conferenceID"]
    await rig.call(id, password(info, "chair"))
    assert (await rig.refused("PUT", CONFERENCES, {"subject": "x"}, conferenceID=id))[:2] == (400, "MMC.111071065")
    assert (await rig.refused("DELETE", CONFERENCES, conferenceID=id))[:2] == (400, "MMC.111071067")
    answer = await rig.ask("DELETE", CONFERENCES, conferenceID=id, type=1)
    assert (answer.status_code, answer.content) == (200, b"")
    await rig.settle()
    assert rig.directory.meetings() == []
    assert (await rig.refused("GET", DETAIL, conferenceID=id))[:2] == (400, "MMC.111070005")


async def test_a_list_shows_pages_in_order_and_only_what_one_may_see(rig: MeetingRig) -> None:
    """Own and invited ones; administrators who ask for all see all."""
    token = await rig.token("booker")
    invited = await rig.user("guest")
    for day in (3, 1, 2):
        await rig.book(token, startTime=f"2026-03-{day + 1:02} 12:00", subject=f"day {day}")
    await rig.book(token, startTime="2026-04-20 12:00", subject="far", attendees=[{"userUUID": invited["id"]}])
    page = await rig.done("GET", CONFERENCES, token=token, limit=2, offset=1)
    assert (page["offset"], page["limit"], page["count"]) == (1, 2, 4)
    assert [row["subject"] for row in page["data"]] == ["day 2", "day 3"]
    page = await rig.done("GET", CONFERENCES, token=token, sortType="DSC_StartTIME")
    assert [row["subject"] for row in page["data"]] == ["far", "day 3", "day 2", "day 1"]
    page = await rig.done("GET", CONFERENCES, token=token, queryConfMode="ADAY")
    assert [row["subject"] for row in page["data"]] == []
    page = await rig.done("GET", CONFERENCES, token=token, queryConfMode="AWEEK", searchKey="day")
    assert page["count"] == 3
    assert (await rig.done("GET", CONFERENCES, token=await rig.token()))["count"] == 0
    assert (await rig.done("GET", CONFERENCES, token=await rig.token(), queryAll="true"))["count"] == 4
    assert (await rig.done("GET", CONFERENCES, token=await rig.token("stranger"), queryAll="true"))["count"] == 0


async def test_a_guest_is_shown_the_guests_password_alone(rig: MeetingRig) -> None:
    """Somebody who is invited without being host sees no host password and no host link."""
    ann = await rig.user("ann", "correct-Horse-1")
    info = await rig.book(startTime=LATER, attendees=[{"userUUID": ann["id"]}])
    login = await rig.account_login("ann", "correct-Horse-1")
    shown = await rig.done("GET", DETAIL, token=login.json()["accessToken"], conferenceID=info["conferenceID"])
    conference = shown["conferenceData"]
    assert [entry["conferenceRole"] for entry in conference["passwordEntry"]] == ["general"]
    assert "chairJoinUri" not in conference
    assert conference["guestJoinUri"] == info["guestJoinUri"]
    assert conference["role"] == "general"


async def test_detail_pages_and_splits_the_invited(rig: MeetingRig) -> None:
    """X-Type 2 asks for people or terminals; searchKey looks at names and numbers."""
    people = [{"name": f"P{number}", "phone": f"10{number:02}"} for number in range(25)]
    info = await rig.book(startTime=LATER, attendees=[*people, {"name": "Room", "phone": "7", "type": "terminal"}])
    id = info["conferenceID"]
    assert len(info["partAttendeeInfo"]) == 21
    page = (await rig.done("GET", DETAIL, conferenceID=id, limit=10, offset=20))["data"]
    assert (page["count"], [row["name"] for row in page["data"]]) == (26, ["P20", "P21", "P22", "P23", "P24", "Room"])
    headers = {"X-Access-Token": await rig.token(), "X-Type": "2", "X-Query-Type": "1"}
    answer = await rig.http.get(DETAIL, params={"conferenceID": id}, headers=headers)
    [row] = answer.json()["data"]["data"]
    assert (row["name"], row["participantID"], row["attendeeType"], row["role"]) == ("Room", "7", "terminal", 0)
    assert (row["isAutoInvite"], row["isNotOverlayPidName"], row["state"]) == (0, False, "MEETTING")
    assert (await rig.done("GET", DETAIL, conferenceID=id, searchKey="p1"))["data"]["count"] == 11


# --- once -------------------------------------------------------------------------------------------------------


async def booked_with(rig: MeetingRig, token: str, key: str, body: Any) -> Any:
    headers = {"X-Access-Token": token, "Idempotency-Key": key}
    return await rig.http.post(CONFERENCES, json=body, headers=headers)


async def test_a_repeated_key_returns_the_first_answer(rig: MeetingRig) -> None:
    """Byte for byte, and there is one conference; another key or another user makes another."""
    token = await rig.token()
    body = {"mediaTypes": "Voice", "startTime": LATER}
    first = await booked_with(rig, token, "key-1", body)
    again = await booked_with(rig, token, "key-1", body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    other_key = await booked_with(rig, token, "key-2", body)
    other_user = await booked_with(rig, await rig.token("another"), "key-1", body)
    ids = {answer.json()[0]["conferenceID"] for answer in (first, again, other_key, other_user)}
    assert len(ids) == 3
    assert rig.notices.told == ["booked"] * 3


async def test_requests_with_one_key_at_once_make_one_conference(rig: MeetingRig) -> None:
    """Who comes second gets what the first was answered."""
    token = await rig.token()
    body = {"mediaTypes": "Voice", "startTime": LATER}
    answers = await asyncio.gather(*(booked_with(rig, token, "key", body) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert (await rig.done("GET", CONFERENCES, token=token))["count"] == 1


async def test_a_key_with_another_request_is_refused_and_forgotten_after_a_day(rig: MeetingRig) -> None:
    """A key stands for one request, for 24 hours."""
    token = await rig.token()
    body = {"mediaTypes": "Voice", "startTime": "2026-03-09 12:00"}
    first = await booked_with(rig, token, "key", body)
    other = await booked_with(rig, token, "key", {**body, "subject": "another"})
    assert (other.status_code, other.json()["error_code"]) == (400, "MMC.111071061")
    assert (await rig.done("GET", CONFERENCES, token=token))["count"] == 1
    rig.clock.advance(timedelta(hours=24, seconds=1).total_seconds())
    later = await booked_with(rig, await rig.token(), "key", body)
    assert later.json()[0]["conferenceID"] != first.json()[0]["conferenceID"]


async def test_a_refused_request_leaves_its_key_free(rig: MeetingRig) -> None:
    """What was not done is not remembered."""
    token = await rig.token()
    refused = await booked_with(rig, token, "key", {"mediaTypes": "Voice", "startTime": "2020-01-01 00:00"})
    assert refused.json()["error_code"] == "MMC.111071013"
    assert (await booked_with(rig, token, "key", {"mediaTypes": "Voice", "startTime": LATER})).status_code == 200


# --- before joining and starting --------------------------------------------------------------------------------


async def test_a_conference_is_started_by_its_password(rig: MeetingRig) -> None:
    """The host's starts it; the guests' does not unless they may; a wrong one is told nothing."""
    info = await rig.book(startTime=LATER)
    id = info["conferenceID"]
    start = f"{CONFERENCES}/start"
    wrong = await rig.refused("POST", start, {"conferenceID": id, "password": "000000"})
    assert wrong[:2] == (400, "MMC.111071091")
    body = {"conferenceID": id, "password": password(info, "general")}
    assert (await rig.refused("POST", start, body))[1] == "MMC.111071004"
    answer = await rig.done("POST", start, {"conferenceID": id, "password": password(info, "chair")})
    assert answer == {"uuid": "", "regionIP": "meet.example.com"}
    shown = await rig.done("GET", f"{CONFERENCES}/online/confDetail", conferenceID=id)
    assert shown["conferenceData"]["conferenceState"] == "Created"
    assert (await rig.done("GET", f"{CONFERENCES}/online"))["count"] == 1


async def test_the_check_before_joining_tells_right_from_wrong(rig: MeetingRig) -> None:
    """Both generations of it; neither needs a login."""
    info = await rig.book(startTime=LATER, subject="check")
    id, pin = info["conferenceID"], password(info, "general")
    old = f"{CONFERENCES}/anonymous/auth"
    answer = await rig.http.get(old, params={"conferenceID": id}, headers={"X-Password": pin})
    assert set(answer.json()) == {"siteUrl", "random"} and len(answer.json()["random"]) == 48
    new = "/v2/mms/ncms/conferences/auth/random"
    answer = await rig.http.get(new, params={"conf_id": id}, headers={"X-Password": pin})
    said = answer.json()
    assert (said["subject"], said["need_password"], said["webinar"]) == ("check", True, False)
    for number, word in ((id, "wrong"), ("123456789", pin), (id, "")):
        answer = await rig.http.get(old, params={"conferenceID": number}, headers={"X-Password": word})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "MMC.111071091")


async def test_the_check_before_joining_knows_who_may_come_in(rig: MeetingRig) -> None:
    """A password alone is not enough where users or invited people are wanted; the host's is."""
    for scope, code in ((2, "MMC.111071074"), (3, "MMC.111071075")):
        info = await rig.book(startTime=LATER, confConfigInfo={"callInRestriction": scope})
        path, query = f"{CONFERENCES}/anonymous/auth", {"conferenceID": info["conferenceID"]}
        guest = await rig.http.get(path, params=query, headers={"X-Password": password(info, "general")})
        assert guest.json()["error_code"] == code
        host = await rig.http.get(path, params=query, headers={"X-Password": password(info, "chair")})
        assert host.status_code == 200


async def test_region_names_the_server(rig: MeetingRig) -> None:
    """The asker may go on with the same host."""
    info = await rig.book()
    region = await rig.done("GET", f"{CONFERENCES}/region/info", conferenceID=info["conferenceID"])
    assert region == {"regionIP": "meet.example.com", "regionUrl": "https://meet.example.com"}


# --- what was ----------------------------------------------------------------------------------------------------


async def test_history_shows_what_took_place(rig: MeetingRig) -> None:
    """By time in epoch milliseconds, with confUUID as the key of details and attendance."""
    info = await rig.book(subject="was")
    id, uuid = info["conferenceID"], info["confUUID"]
    rig.clock.advance(600)
    await rig.done("DELETE", CONFERENCES, conferenceID=id, type=1)
    span = {"startDate": 1772352000000 - 86_400_000, "endDate": 1772352000000 + 86_400_000}
    page = await rig.done("GET", f"{CONFERENCES}/history", **span)
    assert (page["count"], page["data"][0]["subject"], page["data"][0]["confUUID"]) == (1, "was", uuid)
    assert (page["data"][0]["conferenceState"], page["data"][0]["endTime"]) == ("Destroyed", "2026-03-01 08:10")
    shown = await rig.done("GET", f"{CONFERENCES}/history/confDetail", confUUID=uuid)
    assert shown["conferenceData"]["conferenceID"] == id
    stays = await rig.done("GET", f"{CONFERENCES}/history/confAttendeeRecord", confUUID=uuid)
    assert (stays["count"], stays["data"]) == (0, [])
    assert (await rig.refused("GET", f"{CONFERENCES}/history/confDetail", confUUID="f" * 32))[1] == "MMC.111070005"
    async with rig.store.reading() as tx:
        states = [one.state for one in (await tx.occurrences.page(Query())).items]
    assert states == [OccurrenceState.ENDED]


@pytest.mark.parametrize("path", [CONFERENCES, DETAIL, f"{CONFERENCES}/online", f"{CONFERENCES}/history"])
async def test_lists_and_details_need_a_login(rig: MeetingRig, path: str) -> None:
    """401 with the code that makes clients log in again."""
    answer = await rig.http.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "USG.000000004")
