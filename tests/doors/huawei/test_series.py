"""Recurring conferences: the rule, its zone, and occurrences one by one (huawei-api 1.4, 2.3, 6)."""

from typing import Any

from tests.doors.huawei.rig import CONFERENCES, SERIES, MeetingRig, password

ONE = f"{CONFERENCES}/cyclesubconf"
DETAIL = f"{CONFERENCES}/confDetail"


def rule(**fields: Any) -> dict[str, Any]:
    return {"startDate": "2026-03-02", "endDate": "2026-03-06", "cycle": "Day", **fields}


async def series(rig: MeetingRig, path: str = SERIES, **fields: Any) -> dict[str, Any]:
    return await rig.book(path=path, **{"startTime": "2026-03-02 01:00", "cycleParams": rule(), **fields})


def starts(info: dict[str, Any]) -> list[str]:
    return [str(one["startTime"]) for one in info["subConfs"]]


async def test_a_series_is_answered_with_its_occurrences(rig: MeetingRig) -> None:
    """Every key of the answer that a single conference has not, with its JSON type."""
    info = await series(rig, length=45, timeZoneID="56")
    assert (info["confType"], info["conferenceType"], info["conferenceState"]) == ("CYCLE", 2, "Schedule")
    assert info["cycleParams"] == {
        "startDate": "2026-03-02",
        "endDate": "2026-03-06",
        "cycle": "Day",
        "interval": 1,
        "preRemindDays": 1,
        "cycleCount": 0,
    }
    assert starts(info) == [f"2026-03-0{day} 01:00" for day in range(2, 7)]
    assert info["subConfs"][0] == {
        "cycleSubConfID": info["cycleSubConfID"],
        "conferenceID": info["conferenceID"],
        "mediaType": "Voice,Data,HDVideo",
        "startTime": "2026-03-02 01:00",
        "endTime": "2026-03-02 01:45",
        "isAutoRecord": 0,
        "confConfigInfo": {"callInRestriction": 0, "allowGuestStartConf": False, "enableWaitingRoom": False},
    }
    assert len({one["cycleSubConfID"] for one in info["subConfs"]}) == 5
    assert "confUUID" not in info


async def test_the_ordinary_path_takes_a_series_too(rig: MeetingRig) -> None:
    """As the older clients ask: conferenceType 1 or 2, or cycleParams alone; with 0 it is a single conference."""
    for kind in ({"conferenceType": 1}, {"conferenceType": "2"}, {}):
        assert (await series(rig, CONFERENCES, **kind))["confType"] == "CYCLE"
    assert (await series(rig, CONFERENCES, conferenceType=0))["confType"] == "FUTURE"


async def test_dates_are_of_the_zone_and_the_time_of_day_is_utc(rig: MeetingRig) -> None:
    """04:00 in Beijing is 20:00 UTC of the day before."""
    info = await series(rig, startTime="2026-03-01 20:00", timeZoneID="56")
    assert starts(info)[:2] == ["2026-03-01 20:00", "2026-03-02 20:00"]


async def test_wall_time_is_kept_across_daylight_saving(rig: MeetingRig) -> None:
    """Ten o'clock in New York stays ten o'clock: the clocks change on 2026-03-08."""
    weekly = rule(endDate="2026-03-16", cycle="Week", point=[1])
    info = await series(rig, startTime="2026-03-02 15:00", timeZoneID="13", cycleParams=weekly)
    assert starts(info) == ["2026-03-02 15:00", "2026-03-09 14:00", "2026-03-16 14:00"]


async def test_weeks_begin_on_sunday_and_months_end_where_they_end(rig: MeetingRig) -> None:
    """0 is Sunday; the 31st of a shorter month is its last day."""
    weekly = rule(startDate="2026-03-01", endDate="2026-03-15", cycle="Week", point=["0", 3], interval="2")
    info = await series(rig, startTime="2026-03-01 09:00", timeZoneID="26", cycleParams=weekly)
    assert starts(info) == ["2026-03-01 09:00", "2026-03-04 09:00", "2026-03-15 09:00"]
    assert info["cycleParams"]["preRemindDays"] == 14
    monthly = rule(startDate="2026-03-31", endDate="2026-06-30", cycle="Month", point=[31])
    info = await series(rig, startTime="2026-03-31 09:00", timeZoneID="35", cycleParams=monthly)
    assert [start[:10] for start in starts(info)] == ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]


async def test_the_end_moves_to_the_fiftieth_occurrence(rig: MeetingRig) -> None:
    """More than fifty are no error."""
    info = await series(rig, cycleParams=rule(endDate="2026-12-31"))
    assert len(info["subConfs"]) == 50
    assert info["cycleParams"]["endDate"] == "2026-04-20"


async def test_without_a_start_time_the_time_of_day_is_now(rig: MeetingRig) -> None:
    """As the vendor's own example asks."""
    info = await series(rig, startTime="", cycleParams=rule(startDate="2026-03-01"))
    assert starts(info)[0] == "2026-03-01 08:00"


async def test_a_changed_rule_and_a_changed_time_of_day(rig: MeetingRig) -> None:
    """PUT keeps what it does not name: the rule with a new time, the time with a new rule."""
    info = await series(rig, timeZoneID="56")
    id = info["conferenceID"]
    [later] = await rig.done("PUT", SERIES, {"startTime": "2026-03-02 02:30"}, conferenceID=id)
    assert starts(later) == [f"2026-03-0{day} 02:30" for day in range(2, 7)]
    change = {"mediaTypes": "Voice", "cycleParams": rule(endDate="2026-03-03")}
    [shorter] = await rig.done("PUT", SERIES, change, conferenceID=id)
    assert starts(shorter) == ["2026-03-02 02:30", "2026-03-03 02:30"]
    assert [one["cycleSubConfID"] for one in shorter["subConfs"]] == [
        one["cycleSubConfID"] for one in later["subConfs"][:2]
    ]
    assert shorter["passwordEntry"] == info["passwordEntry"]


async def test_one_occurrence_is_changed_within_its_slot(rig: MeetingRig) -> None:
    """Its own time, length, rules and words; beyond its neighbours is the error that clients know."""
    info = await series(rig)
    id, second = info["conferenceID"], info["subConfs"][1]["cycleSubConfID"]
    change = {
        "cycleSubConfID": second,
        "mediaTypes": "Voice",
        "startTime": "2026-03-03 05:00",
        "length": "90",
        "isAutoRecord": 1,
        "description": "with the auditors",
        "confConfigInfo": {"callInRestriction": 2, "enableWaitingRoom": "true", "audienceCallInRestriction": 2},
    }
    answer = await rig.ask("PUT", ONE, change, conferenceID=id)
    assert (answer.status_code, answer.content) == (200, b"")
    shown = (await rig.done("GET", DETAIL, conferenceID=id))["conferenceData"]["subConfs"][1]
    assert shown == {
        "cycleSubConfID": second,
        "conferenceID": id,
        "mediaType": "Voice,Data",
        "startTime": "2026-03-03 05:00",
        "endTime": "2026-03-03 06:30",
        "isAutoRecord": 1,
        "description": "with the auditors",
        "confConfigInfo": {
            "callInRestriction": 2,
            "audienceCallInRestriction": 2,
            "allowGuestStartConf": False,
            "enableWaitingRoom": True,
        },
    }
    far = {**change, "startTime": "2026-03-05 05:00"}
    assert (await rig.refused("PUT", ONE, far, conferenceID=id))[:2] == (400, "MMC.111071119")
    assert (await rig.refused("PUT", ONE, {**change, "cycleSubConfID": "f" * 32}, conferenceID=id))[
        1
    ] == "MMC.111070005"
    for missing in ("cycleSubConfID", "mediaTypes", "startTime", "length"):
        body = {name: value for name, value in change.items() if name != missing}
        said = await rig.refused("PUT", ONE, body, conferenceID=id)
        assert said[2] == f"{missing}: is missing"


async def test_occurrences_are_cancelled_by_a_delete_with_a_body(rig: MeetingRig) -> None:
    """Some, then none named, then all: the last one takes the conference with it."""
    info = await series(rig)
    id = info["conferenceID"]
    ids = [one["cycleSubConfID"] for one in info["subConfs"]]
    answer = await rig.ask("DELETE", ONE, {"cycleSubConfIDs": ids[:2]}, conferenceID=id)
    assert (answer.status_code, answer.content) == (200, b"")
    shown = (await rig.done("GET", DETAIL, conferenceID=id))["conferenceData"]
    assert [one["cycleSubConfID"] for one in shown["subConfs"]] == ids[2:]
    assert shown["cycleSubConfID"] == ids[2]
    assert (await rig.refused("DELETE", ONE, {"cycleSubConfIDs": []}, conferenceID=id))[1] == "MMC.111071016"
    assert (await rig.refused("DELETE", ONE, {}, conferenceID=id))[1] == "MMC.111071016"
    await rig.done("DELETE", ONE, {"cycleSubConfIDs": ids[2:]}, conferenceID=id)
    assert (await rig.refused("GET", DETAIL, conferenceID=id))[1] == "MMC.111070005"


async def test_a_series_is_cancelled_whole(rig: MeetingRig) -> None:
    """A running occurrence forbids it unless `type=1` ends it."""
    info = await series(rig)
    id = info["conferenceID"]
    start = {"conferenceID": id, "password": password(info, "chair")}
    await rig.done("POST", f"{CONFERENCES}/start", start)
    assert (await rig.refused("DELETE", SERIES, conferenceID=id))[1] == "MMC.111071067"
    await rig.done("DELETE", SERIES, conferenceID=id, type=1)
    assert (await rig.done("GET", CONFERENCES))["count"] == 0
