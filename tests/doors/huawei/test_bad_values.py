"""Every bad value gets its error with field and reason, and changes nothing (huawei-api 1.2 to 1.6, 3.3)."""

from typing import Any

from parley.app.ports import Query
from tests.doors.huawei.rig import CONFERENCES, CONTROL, SERIES, MeetingRig, password

WEEK = {"startDate": "2026-03-02", "endDate": "2026-03-30", "cycle": "Week", "interval": 1, "point": [1]}


def attendee(**fields: Any) -> dict[str, Any]:
    return {"attendees": [{"name": "Ann", "phone": "1001", **fields}]}


def rules(**fields: Any) -> dict[str, Any]:
    return {"confConfigInfo": fields}


def cycle(**fields: Any) -> dict[str, Any]:
    return {"conferenceType": 1, "cycleParams": {**WEEK, **fields}}


# What is sent beside mediaTypes, the code, and how the detail begins.
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"mediaTypes": None}, "MMC.111071018", "mediaTypes: is missing"),
    ({"mediaTypes": "Smell"}, "MMC.111071018", "mediaTypes: must be a comma list"),
    ({"mediaTypes": ""}, "MMC.111071018", "mediaTypes: is missing"),
    ({"mediaTypes": 7}, "MMC.111071018", "mediaTypes: "),
    ({"startTime": "2026-03-01T12:00"}, "MMC.111071061", "startTime: must be yyyy-MM-dd HH:mm"),
    ({"startTime": "2026-02-30 12:00"}, "MMC.111071061", "startTime: is no such date"),
    ({"startTime": "2026-03-01 07:59"}, "MMC.111071013", "startTime: "),
    ({"startTime": "2029-03-01 08:00"}, "MMC.111071014", "startTime: "),
    ({"length": 14}, "MMC.111071021", "length: must be 15 to 1440"),
    ({"length": 1441}, "MMC.111071021", "length: must be 15 to 1440"),
    ({"length": "an hour"}, "MMC.111071021", "length: must be a whole number"),
    ({"length": 15.5}, "MMC.111071021", "length: must be a whole number"),
    ({"subject": "x" * 129}, "MMC.111071022", "subject: is longer than 128"),
    ({"subject": "two\nlines"}, "MMC.111071022", "subject: holds a control character"),
    ({"subject": ["x"]}, "MMC.111071022", "subject: must be text"),
    ({"groupuri": "x" * 32}, "MMC.111071023", "groupuri: is longer than 31"),
    ({"attendees": {}}, "MMC.111071061", "attendees: must be a list"),
    ({"attendees": ["Ann"]}, "MMC.111071061", "attendees[0]: must be an object"),
    ({"attendees": [{"phone": "1"}] * 501}, "MMC.111071066", "attendees: has more than 500"),
    ({"attendees": [{"name": "Ann"}]}, "MMC.111072031", "attendees[0].phone: is missing"),
    (attendee(name="x" * 97), "MMC.111072034", "attendees[0].name: is longer than 96"),
    (attendee(role=3), "MMC.111072035", "attendees[0].role: must be one of 0, 1, 2"),
    (attendee(phone="1" * 128), "MMC.111072033", "attendees[0].phone: is longer than 127"),
    (attendee(phone="call me"), "MMC.111072033", "attendees[0].phone: must be a number or SIP address"),
    (attendee(phone="1\r\nVia: x"), "MMC.111072033", "attendees[0].phone: holds a control character"),
    (attendee(phone2="1" * 128), "MMC.111071061", "attendees[0].phone2: is longer than 127"),
    (attendee(email="ann at example"), "MMC.111071024", "attendees[0].email: must be an e-mail address"),
    (attendee(email="a" * 250 + "@x.com"), "MMC.111071024", "attendees[0].email: is longer than 255"),
    (attendee(sms="mobile"), "MMC.111071025", "attendees[0].sms: must be a phone number"),
    (attendee(sms="1" * 33), "MMC.111071025", "attendees[0].sms: is longer than 32"),
    (attendee(isMute=2), "MMC.111072038", "attendees[0].isMute: must be true or false"),
    (attendee(isAutoInvite="yes"), "MMC.111072039", "attendees[0].isAutoInvite: must be true or false"),
    (attendee(type="fax"), "MMC.111071061", "attendees[0].type: must be one of normal"),
    (attendee(deptName="x" * 129), "MMC.111071026", "attendees[0].deptName: is longer than 128"),
    (attendee(deptUUID="x" * 65), "MMC.111071061", "attendees[0].deptUUID: is longer than 64"),
    (attendee(uniqueType=2), "MMC.111071061", "attendees[0].uniqueType: must be one of 0, 1"),
    ({"isAutoRecord": 2}, "MMC.111071032", "isAutoRecord: must be true or false"),
    ({"encryptMode": 3}, "MMC.111071034", "encryptMode: must be one of 0, 1, 2"),
    ({"language": "tlh"}, "MMC.111071035", "language: must be one of zh-CN"),
    ({"timeZoneID": "0"}, "MMC.111071061", "timeZoneID: must be 1 to 77"),
    ({"timeZoneID": "78"}, "MMC.111071061", "timeZoneID: must be 1 to 77"),
    ({"recordType": 4}, "MMC.111071038", "recordType: must be one of 0, 1, 2, 3"),
    ({"liveAddress": "x" * 256}, "MMC.111071039", "liveAddress: is longer than 255"),
    ({"auxAddress": "x" * 256}, "MMC.111071040", "auxAddress: is longer than 255"),
    ({"recordAuxStream": 2}, "MMC.111071048", "recordAuxStream: must be true or false"),
    ({"recordAuthType": 3}, "MMC.111071061", "recordAuthType: must be one of 0, 1, 2"),
    ({"vmrFlag": 2}, "MMC.111071047", "vmrFlag: must be true or false"),
    ({"vmrID": "x" * 513}, "MMC.111071037", "vmrID: is longer than 512"),
    ({"vmrFlag": 1}, "MMC.111070006", "vmrID: "),
    ({"vmrFlag": 1, "vmrID": "f" * 32}, "MMC.111070006", "vmrID: "),
    ({"concurrentParticipants": -1}, "MMC.111071017", "concurrentParticipants: must be 0 to"),
    ({"supportSimultaneousInterpretation": 5}, "MMC.111071061", "supportSimultaneousInterpretation: must be true"),
    ({"confResType": 4}, "MMC.111071061", "confResType: must be one of"),
    ({"conferenceType": 3}, "MMC.111071019", "conferenceType: must be one of 0, 1, 2"),
    ({"conferenceType": 1}, "MMC.111071020", "cycleParams: is missing"),
    ({"conferenceType": 1, "cycleParams": None}, "MMC.111071020", "cycleParams: is missing"),
    ({"cycleParams": "Day"}, "MMC.111071020", "cycleParams: must be an object"),
    (cycle(startDate=None), "MMC.111071041", "cycleParams.startDate: is missing"),
    (cycle(startDate="02/03/2026"), "MMC.111071041", "cycleParams.startDate: must be YYYY-MM-DD"),
    (cycle(startDate="2026-02-27"), "MMC.111071013", "cycleParams.startDate: "),
    (cycle(endDate=None), "MMC.111071042", "cycleParams.endDate: is missing"),
    (cycle(endDate="2026-03-01"), "MMC.111071061", "cycleParams.endDate: "),
    (cycle(endDate="2027-03-03"), "MMC.111071061", "cycleParams.endDate: "),
    (cycle(cycle=None), "MMC.111071043", "cycleParams.cycle: is missing"),
    (cycle(cycle="Year"), "MMC.111071043", "cycleParams.cycle: must be one of Day, Week, Month"),
    (cycle(interval=0), "MMC.111071044", "cycleParams.interval: must be 1 to 60"),
    (cycle(interval=6), "MMC.111071044", "cycleParams.interval: "),
    (cycle(cycle="Day", interval=61), "MMC.111071044", "cycleParams.interval: must be 1 to 60"),
    (cycle(cycle="Month", interval=13), "MMC.111071044", "cycleParams.interval: "),
    (cycle(point=None), "MMC.111071045", "cycleParams.point: "),
    (cycle(point=[7]), "MMC.111071046", "cycleParams.point: "),
    (cycle(cycle="Month", point=[0]), "MMC.111071046", "cycleParams.point: "),
    (cycle(point=[32]), "MMC.111071046", "cycleParams.point[0]: must be 0 to 31"),
    (cycle(point="1"), "MMC.111071046", "cycleParams.point: must be a list"),
    (cycle(preRemindDays=31), "MMC.111071030", "cycleParams.preRemindDays: must be 0 to 30"),
    ({"confConfigInfo": []}, "MMC.111071061", "confConfigInfo: must be an object"),
    (rules(isSendNotify="maybe"), "MMC.111071061", "confConfigInfo.isSendNotify: must be true or false"),
    (rules(isSendSms=2), "MMC.111071061", "confConfigInfo.isSendSms: must be true or false"),
    (rules(isSendCalendar="x"), "MMC.111071061", "confConfigInfo.isSendCalendar: must be true or false"),
    (rules(isAutoMute="x"), "MMC.111071061", "confConfigInfo.isAutoMute: must be true or false"),
    (rules(isHardTerminalAutoMute="x"), "MMC.111071061", "confConfigInfo.isHardTerminalAutoMute: must be"),
    (rules(isGuestFreePwd="x"), "MMC.111071061", "confConfigInfo.isGuestFreePwd: must be true or false"),
    (rules(callInRestriction=1), "MMC.111071061", "confConfigInfo.callInRestriction: must be one of 0, 2, 3"),
    (rules(allowGuestStartConf="x"), "MMC.111071061", "confConfigInfo.allowGuestStartConf: must be true or false"),
    (rules(guestPwd="123"), "MMC.111071080", "confConfigInfo.guestPwd: must be 4 to 16 digits"),
    (rules(guestPwd="12345678901234567"), "MMC.111071080", "confConfigInfo.guestPwd: must be 4 to 16 digits"),
    (rules(guestPwd="12a4"), "MMC.111071080", "confConfigInfo.guestPwd: must be 4 to 16 digits"),
    (rules(vmrIDType=2), "MMC.111071061", "confConfigInfo.vmrIDType: must be one of 0, 1"),
    (rules(prolongLength=61), "MMC.111071036", "confConfigInfo.prolongLength: must be 0 to 60"),
    (rules(prolongLength=-1), "MMC.111071036", "confConfigInfo.prolongLength: must be 0 to 60"),
    (rules(enableWaitingRoom="x"), "MMC.111071061", "confConfigInfo.enableWaitingRoom: must be true or false"),
    (rules(isHostCameraOn="x"), "MMC.111071061", "confConfigInfo.isHostCameraOn: must be true or false"),
    (rules(isGuestCameraOn="x"), "MMC.111071061", "confConfigInfo.isGuestCameraOn: must be true or false"),
]


async def test_each_bad_value_has_its_error_and_nothing_is_booked(rig: MeetingRig) -> None:
    """One request each; afterwards there is no conference, no message and no space."""
    token = await rig.token()
    for fields, code, detail in BAD:
        said = await rig.refused("POST", CONFERENCES, {"mediaTypes": "HDVideo", **fields}, token)
        assert said[:2] == (400, code), (fields, said)
        assert said[2].startswith(detail), (fields, said)
    assert (await rig.done("GET", CONFERENCES, token=token))["count"] == 0
    assert rig.notices.told == []
    async with rig.store.reading() as tx:
        assert (await tx.spaces.page(Query())).total == 0


async def test_a_bad_change_leaves_the_conference_as_it_was(rig: MeetingRig) -> None:
    """The same values in a PUT; what is missing in it is no error, for it stays."""
    token = await rig.token()
    info = await rig.book(token, startTime="2026-03-05 12:00", subject="as it was")
    id = info["conferenceID"]
    before = await rig.done("GET", f"{CONFERENCES}/confDetail", token=token, conferenceID=id)
    missing = ("mediaTypes: is missing", "cycleParams.")
    for fields, code, detail in BAD:
        if detail.startswith(missing) or fields.get("conferenceType") or "vmrFlag" in fields:
            continue
        said = await rig.refused("PUT", CONFERENCES, fields, token, conferenceID=id)
        assert (said[1], said[2][: len(detail)]) == (code, detail), (fields, said)
    assert await rig.done("GET", f"{CONFERENCES}/confDetail", token=token, conferenceID=id) == before
    assert rig.notices.told == ["booked"]


async def test_a_bad_body_or_query_is_refused(rig: MeetingRig) -> None:
    """Not JSON, no object, a bad number, an unknown word."""
    token = await rig.token()
    answer = await rig.http.post(CONFERENCES, content=b"{", headers={"X-Access-Token": token})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MMC.111071062")
    assert (await rig.refused("POST", CONFERENCES, [1], token))[1:] == ("MMC.111071061", "body: must be an object")
    for query, detail in (
        ({"limit": "501"}, "limit: must be 1 to 500"),
        ({"offset": "-1"}, "offset: must be 0 to"),
        ({"queryConfMode": "AYEAR"}, "queryConfMode: must be one of ADAY"),
        ({"sortType": "up"}, "sortType: must be one of ASC_StartTIME"),
        ({"searchKey": "x" * 129}, "searchKey: is longer than 128"),
        ({"queryAll": "2"}, "queryAll: must be true or false"),
    ):
        said = await rig.refused("GET", CONFERENCES, token=token, **query)
        assert said[1] == "MMC.111071061" and said[2].startswith(detail), (query, said)
    said = await rig.refused("GET", f"{CONFERENCES}/history", token=token, startDate="yesterday", endDate="1")
    assert said[2].startswith("startDate: ")
    assert (await rig.refused("PUT", CONFERENCES, {}, token))[2] == "conferenceID: is missing"
    said = await rig.refused("POST", CONFERENCES, {"mediaTypes": "Voice"}, token, userUUID="me")
    assert said[2].startswith("userUUID: must be 32")


async def test_nobody_books_without_a_token_or_for_another_user(rig: MeetingRig) -> None:
    """401 without a token; 403 for somebody who is no administrator and names another user."""
    answer = await rig.http.post(CONFERENCES, json={"mediaTypes": "Voice"})
    assert (answer.status_code, answer.json()["error_code"]) == (401, "USG.000000004")
    other = await rig.user("other")
    plain = await rig.token("plain-user")
    body = {"mediaTypes": "Voice"}
    assert (await rig.refused("POST", CONFERENCES, body, plain, userUUID=other["id"]))[:2] == (403, "MMC.111070002")
    [info] = await rig.done("POST", CONFERENCES, body, userUUID=other["id"])
    assert info["userUUID"] == other["id"]


async def test_bad_commands_are_refused_and_change_nothing(rig: MeetingRig) -> None:
    """A missing or bad field, an unknown participant, no token, and a guest's token."""
    info = await rig.book()
    id = info["conferenceID"]
    host, guest = await control(rig, info, "chair"), await control(rig, info, "general")
    await rig.call(id, password(info, "general"), "2002", "Gus")
    nobody = {"participantID": "0" * 32}
    bad: list[tuple[str, str, Any, dict[str, str], str]] = [
        ("PUT", "mute", {}, {}, "MMC.111072038"),
        ("PUT", "mute", {"isMute": "loud"}, {}, "MMC.111072038"),
        ("PUT", "lock", {"isLock": 2}, {}, "MMC.111072045"),
        ("PUT", "duration", {"auto": 0, "duration": 0}, {}, "MMC.111071061"),
        ("PUT", "duration", {"auto": 0, "duration": 1440}, {}, "MMC.111074003"),
        ("PUT", "participants/mute", {"isMute": 1}, {}, "MMC.111071061"),
        ("PUT", "participants/mute", {"isMute": 1}, nobody, "MMC.111072008"),
        ("PUT", "participants/hands", {"handsState": 1}, nobody, "MMC.111072008"),
        ("PUT", "participants/cohost", {"isCohost": 1}, nobody, "MMC.111072008"),
        ("PUT", "participants/role", {"applyChair": 1}, nobody, "MMC.111072008"),
        ("PUT", "participants/name", {"number": "2002", "newName": ""}, {}, "MMC.111072046"),
        ("PUT", "participants/name", {"number": "2002", "newName": "x" * 97}, {}, "MMC.111072034"),
        ("PUT", "participants/name", {"number": "9999", "newName": "x"}, {}, "MMC.111072008"),
        ("PUT", "moveToWaitingRoom", nobody, {}, "MMC.111072008"),
        ("PUT", "allowWaitingParticipant", nobody, {}, "MMC.111072008"),
        ("PUT", "display/mode", {"switchMode": "Fixed", "imageType": 0}, {}, "MMC.111071061"),
        ("PUT", "chairView", {"viewType": 3}, {}, "MMC.111072040"),
        ("PUT", "record", {"isRecord": 1}, {}, "APIGW.0106"),
        ("POST", "participants", {"attendees": [{"name": "x", "phone": "", "type": "normal"}]}, {}, "MMC.111072033"),
        ("POST", "participants", {"attendees": [{"name": "x", "phone": "1 1", "type": "normal"}]}, {}, "MMC.111072033"),
        ("POST", "participants/delete", {"bulkHangUpParticipants": ["0" * 32]}, {}, "MMC.111072008"),
        ("POST", "attendees/delete", {"bulkDelAttendInfo": [{"number": "9999"}]}, {}, "MMC.111072008"),
    ]
    before = await rig.conferences.list(await actor(rig))
    legs = [view.legs for view in rig.directory.meetings()]
    for method, path, body, query, code in bad:
        said = await command(rig, method, path, body, id, host, **query)
        assert said.content and said.json()["error_code"] == code, (path, body, said.text)
        for token in ("", "wrong"):
            said = await command(rig, method, path, body, id, token, **query)
            assert said.json()["error_code"] in ("MMC.111072065", "APIGW.0106"), (path, said.text)
    said = await command(rig, "PUT", "mute", {"isMute": 1}, id, guest)
    assert said.json()["error_code"] == "MMC.111072070"
    assert await rig.conferences.list(await actor(rig)) == before
    assert [view.legs for view in rig.directory.meetings()] == legs
    assert rig.placer.wishes == []


async def test_a_series_path_takes_series_alone(rig: MeetingRig) -> None:
    """No rule, and a conference that is none."""
    assert (await rig.refused("POST", SERIES, {"mediaTypes": "Voice"}))[1] == "MMC.111071020"
    info = await rig.book(startTime="2026-03-05 12:00")
    said = await rig.refused("PUT", SERIES, {"subject": "x"}, conferenceID=info["conferenceID"])
    assert said[1] == "MMC.111071019"


async def actor(rig: MeetingRig) -> Any:
    found = await rig.people.tokens.actor(await rig.token())
    assert found is not None
    return found


async def control(rig: MeetingRig, info: dict[str, Any], role: str) -> str:
    headers = {"X-Password": password(info, role)}
    answer = await rig.http.get(f"{CONTROL}/token", params={"conferenceID": info["conferenceID"]}, headers=headers)
    return str(answer.json()["data"]["token"])


async def command(rig: MeetingRig, method: str, path: str, body: Any, id: str, token: str, **query: str) -> Any:
    headers = {"X-Conference-Authorization": token}
    return await rig.http.request(
        method, f"{CONTROL}/{path}", json=body, params={"conferenceID": id, **query}, headers=headers
    )
