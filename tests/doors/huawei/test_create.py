"""POST conferences: the two published examples, word for word, and what else may be asked for (huawei-api 1)."""

import re
from typing import Any

from tests.doors.huawei.rig import CONFERENCES, MeetingRig

# Word for word from the published page.
FIXTURE = {
    "mediaTypes": "Video,Voice",
    "startTime": "",
    "length": 120,
    "attendees": [
        {"accountId": "user01", "name": "user01", "role": "0", "phone": "+991116003815", "isMute": "1"},
    ],
    "subject": "user01's meeting",
}
# Every key of the published answer with the JSON type of its value.
SHAPE = {
    "conferenceID": str,
    "mediaTypes": str,
    "subject": str,
    "size": int,
    "timeZoneID": str,
    "startTime": str,
    "endTime": str,
    "conferenceState": str,
    "accessNumber": str,
    "language": str,
    "passwordEntry": list,
    "userUUID": str,
    "scheduserName": str,
    "conferenceType": int,
    "confType": str,
    "isAutoMute": int,
    "isAutoRecord": int,
    "chairJoinUri": str,
    "guestJoinUri": str,
    "recordType": int,
    "recordAuxStream": int,
    "confConfigInfo": dict,
    "vmrFlag": int,
    "isHasRecordFile": bool,
    "partAttendeeInfo": list,
    "terminlCount": int,
    "normalCount": int,
    "deptName": str,
    "confUUID": str,
}


def types_of(info: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in info.items()}


async def test_the_published_request_is_answered_in_the_published_shape(rig: MeetingRig) -> None:
    """Same keys, same JSON types, and the values that follow from the request."""
    answer = await rig.ask("POST", CONFERENCES, FIXTURE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    [info] = answer.json()
    assert types_of(info) == SHAPE
    assert re.fullmatch("[0-9]{9}", info["conferenceID"])
    assert info["mediaTypes"] == "Voice,Data,Video"
    assert info["subject"] == "user01's meeting"
    assert (info["size"], info["timeZoneID"], info["language"]) == (1, "56", "zh-CN")
    assert (info["startTime"], info["endTime"]) == ("2026-03-01 08:00", "2026-03-01 10:00")
    assert (info["conferenceState"], info["confType"], info["conferenceType"]) == ("Created", "IMMEDIATELY", 0)
    assert info["accessNumber"] == "+991117"
    assert [entry["conferenceRole"] for entry in info["passwordEntry"]] == ["chair", "general"]
    assert all(re.fullmatch("[0-9]{6}", entry["password"]) for entry in info["passwordEntry"])
    assert info["passwordEntry"][0]["password"] != info["passwordEntry"][1]["password"]
    assert re.fullmatch("[0-9a-f]{32}", info["userUUID"]) and re.fullmatch("[0-9a-f]{32}", info["confUUID"])
    links = [info["chairJoinUri"], info["guestJoinUri"]]
    assert all(
        re.fullmatch(rf"https://meet\.example\.com/#/j/{info['conferenceID']}/[0-9a-f]{{48}}", link) for link in links
    )
    assert links[0] != links[1]
    assert types_of(info["confConfigInfo"]) == {"isSendNotify": bool, "isSendSms": bool, "isAutoMute": bool}
    assert info["isAutoMute"] == int(info["confConfigInfo"]["isAutoMute"])
    assert (info["isAutoRecord"], info["recordType"], info["recordAuxStream"], info["vmrFlag"]) == (0, 0, 0, 0)
    assert info["isHasRecordFile"] is False
    assert info["partAttendeeInfo"] == [{"phone": "+991116003815", "name": "user01", "type": "normal"}]
    assert (info["terminlCount"], info["normalCount"]) == (0, 1)
    assert info["deptName"] == "Example Corp"


async def test_the_published_curl_body_is_taken(rig: MeetingRig) -> None:
    """An old field, integers as text, no start time, and digits hidden behind stars."""
    [info] = await rig.done(
        "POST",
        CONFERENCES,
        {
            "conferenceType": "0",
            "subject": "user01 conference",
            "mediaTypes": "HDVideo",
            "attendees": [{"name": "user01", "role": 1, "phone": "+8657*******"}],
        },
    )
    assert info["mediaTypes"] == "Voice,Data,HDVideo"
    assert info["partAttendeeInfo"] == [{"phone": "+8657*******", "name": "user01", "type": "normal", "role": 1}]
    assert (info["startTime"], info["endTime"]) == ("2026-03-01 08:00", "2026-03-01 08:30")


async def test_the_published_scheduled_request_keeps_its_utc_start(rig: MeetingRig) -> None:
    """A booked start comes back unchanged although the zone is 56; the server fills in the attendee."""
    await rig.user("user02")
    [info] = await rig.done(
        "POST",
        CONFERENCES,
        {
            "startTime": "2026-08-30 12:00",
            "length": 60,
            "mediaTypes": "HDVideo",
            "attendees": [{"accountId": "user02", "appId": "some-app"}],
            "confConfigInfo": {"isSendNotify": False, "isSendSms": False, "isSendCalendar": False},
        },
    )
    assert (info["startTime"], info["endTime"]) == ("2026-08-30 12:00", "2026-08-30 13:00")
    assert set(info["mediaTypes"].split(",")) == {"Data", "Voice", "HDVideo"}
    assert (info["conferenceState"], info["confType"], info["conferenceType"]) == ("Schedule", "FUTURE", 0)
    assert (info["timeZoneID"], info["size"]) == ("56", 1)
    assert info["partAttendeeInfo"][0]["name"] == "user02"
    assert info["partAttendeeInfo"][0]["type"] == "normal"
    assert "confUUID" not in info
    assert info["confConfigInfo"] == {
        "isSendNotify": False,
        "isSendSms": False,
        "isSendCalendar": False,
        "isAutoMute": False,
    }
