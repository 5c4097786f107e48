"""The WebSocket push over a real socket: who may open it, what is told, and what becomes of slow and silent clients."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from parley.app.ports import CallResult
from parley.core.endings import Ending, Reason, Side
from parley.doors.huawei import push_hub
from parley.doors.huawei.push import Push
from tests.doors.huawei.rig import CONTROL, MeetingRig, password
from tests.doors.huawei.server import served

SOCKET = "/cms/open/websocket/confctl/increment/conn"
END = Ending(Side.REMOTE, Reason.HANG_UP)
EVERYTHING = [
    "ConfBasicInfoNotify",
    "ConfDynamicInfoNotify",
    "ParticipantsNotify",
    "AttendeesNotify",
    "InviteResultNotify",
    "WaitingListNotify",
    "SpeakerChangeNotify",
]


class Watched:
    """A running conference, and the way to listen to it."""

    def __init__(self, rig: MeetingRig, base: str, certificate: Path, info: dict[str, Any]) -> None:
        self.rig, self.info = rig, info
        self.number = str(info["conferenceID"])
        self._url = base.replace("https", "wss")
        self._tls = ssl.create_default_context(cafile=str(certificate))

    async def token(self, role: str = "chair") -> dict[str, Any]:
        answer = await self.rig.http.get(
            f"{CONTROL}/token", params={"conferenceID": self.number}, headers={"X-Password": password(self.info, role)}
        )
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def command(self, token: str, path: str, body: Any, **query: str) -> None:
        answer = await self.rig.http.put(
            f"{CONTROL}/{path}",
            params={"conferenceID": self.number, **query},
            json=body,
            headers={"X-Conference-Authorization": token},
        )
        assert answer.status_code == 200, answer.text

    async def open(self, socket_token: str) -> ClientConnection:
        return await connect(f"{self._url}{SOCKET}?confID={self.number}&tmpToken={socket_token}", ssl=self._tls)

    async def subscribed(self, kinds: list[str], role: str = "chair") -> tuple["Listener", str]:
        """A listener that has been told the full state, and its control token."""
        token = await self.token(role)
        socket = await self.open(token["tmpWsToken"])
        listener = Listener(socket)
        await listener.say("Subscribe", subscription(self.number, token["token"], kinds))
        assert await listener.hear("Subscribe") == {"returnCode": 0, "returnDesc": "SUCCESS"}
        return listener, token["token"]


def subscription(number: str, token: str, kinds: list[str]) -> dict[str, Any]:
    proof = "Basic " + base64.b64encode(token.encode()).decode()
    return {"conferenceID": number, "subscribeType": kinds, "confToken": proof}


class Listener:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.last: dict[str, Any] = {}

    async def say(self, action: str, data: Any = None) -> None:
        message = {"action": action, "sequence": "0123456789abcdef0123", **({"data": data} if data is not None else {})}
        await self.socket.send(json.dumps(message))

    async def hear(self, action: str) -> Any:
        """The data of the next message of this kind."""
        async with asyncio.timeout(5):
            while True:
                self.last = json.loads(await self.socket.recv())
                if self.last["action"] == action:
                    return self.last.get("data")

    async def closed(self) -> int:
        """The code with which the server ends it."""
        async with asyncio.timeout(5):
            while True:
                try:
                    await self.socket.recv()
                except ConnectionClosed as over:
                    return over.rcvd.code if over.rcvd else 0


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with served(tmp_path) as (rig, base, certificate):
        info = await rig.book(subject="watched", attendees=[{"name": "Ida", "phone": "5005"}])
        yield Watched(rig, base, certificate, info)


async def test_only_a_fresh_token_of_this_conference_opens_the_socket(watched: Watched) -> None:
    """A wrong token, a used one and one of another conference are refused in the handshake."""
    token = await watched.token()
    with pytest.raises(InvalidStatus):
        await watched.open("wrong")
    socket = await watched.open(token["tmpWsToken"])
    await socket.close()
    with pytest.raises(InvalidStatus):
        await watched.open(token["tmpWsToken"])
    fresh = await watched.token()
    watched.number = "100000000"
    with pytest.raises(InvalidStatus):
        await watched.open(fresh["tmpWsToken"])


async def test_a_subscriber_is_told_the_full_state_first(watched: Watched) -> None:
    """One full message of each kind, every value of a participant being text."""
    await watched.rig.call(watched.number, password(watched.info, "chair"), "1001", "Hana")
    listener, _ = await watched.subscribed(EVERYTHING)
    basic = await listener.hear("ConfBasicInfoNotify")
    assert (listener.last["msgMode"], listener.last["confID"]) == (0, watched.number)
    assert basic["title"] == "watched"
    assert basic["pwds"] == [
        {"role": 1, "pwd": password(watched.info, "chair")},
        {"role": 0, "pwd": password(watched.info, "general")},
    ]
    assert basic["startTime"].isdecimal() and len(basic["startTime"]) == 13
    dynamic = await listener.hear("ConfDynamicInfoNotify")
    assert (dynamic["state"], dynamic["lock"], dynamic["mute"], dynamic["mode"]) == ("Created", 0, 0, "FREE")
    [person] = await listener.hear("ParticipantsNotify")
    assert person["mode"] == 0
    assert all(isinstance(value, str) for value in person["pinfoMap"].values())
    told = person["pinfoMap"]
    assert (told["NAME"], told["TEL"], told["ROLE"], told["STATE"]) == ("Hana", "1001@example.com", "1", "0")
    [attendee] = await listener.hear("AttendeesNotify")
    assert (attendee["name"], attendee["phone"]) == ("Ida", "5005")


async def test_changes_are_told_as_increments_with_rising_versions(watched: Watched) -> None:
    """Coming, raising a hand, muting all, locking and leaving."""
    listener, token = await watched.subscribed(EVERYTHING)
    await listener.hear("SpeakerChangeNotify")
    guest = await watched.rig.call(watched.number, password(watched.info, "general"), "2002", "Gus")
    await watched.rig.call(watched.number, password(watched.info, "chair"), "1001", "Hana")
    people: dict[str, dict[str, str]] = {}
    versions: list[int] = []

    async def until(holds: Callable[[], bool]) -> None:
        while not holds():
            for row in await listener.hear("ParticipantsNotify"):
                assert listener.last["msgMode"] == 1
                if row["mode"] == 1:
                    people.pop(row["pid"])
                else:
                    people[row["pid"]] = row["pinfoMap"]
            versions.append(listener.last["version"])

    def gus() -> dict[str, str]:
        return next((one for one in people.values() if one["NAME"] == "Gus"), {})

    await until(lambda: len(people) == 2 and gus()["STATE"] == "0")
    [pid] = [pid for pid, one in people.items() if one["NAME"] == "Gus"]
    await watched.command(token, "participants/hands", {"handsState": 1}, participantID=pid)
    await until(lambda: gus()["HAND"] == "1")
    await watched.command(token, "participants/mute", {"isMute": "1"}, participantID=pid)
    await until(lambda: gus()["MUTE"] == "1")
    await watched.rig.directory.drop_leg(guest.id, END)
    await until(lambda: len(people) == 1)
    await watched.command(token, "lock", {"isLock": 1})
    assert (await listener.hear("ConfDynamicInfoNotify"))["lock"] == 1
    versions.append(listener.last["version"])
    assert versions == sorted(set(versions))


async def test_the_waiting_room_is_told(watched: Watched) -> None:
    """Who is sent there leaves the list of participants and stands on the other, and the other way round."""
    await watched.rig.call(watched.number, password(watched.info, "chair"), "1001", "Hana")
    await watched.rig.call(watched.number, password(watched.info, "general"), "2002", "Gus")
    listener, token = await watched.subscribed(["ParticipantsNotify", "WaitingListNotify"])
    people = await listener.hear("ParticipantsNotify")
    assert await listener.hear("WaitingListNotify") == []
    [pid] = [row["pid"] for row in people if row["pinfoMap"]["NAME"] == "Gus"]
    await watched.command(token, "moveToWaitingRoom", {"participantID": pid})
    assert await listener.hear("ParticipantsNotify") == [{"pid": pid, "mode": 1}]
    [row] = await listener.hear("WaitingListNotify")
    assert (row["pid"], row["mode"], row["pinfoMap"]["NAME"]) == (pid, 0, "Gus")
    await watched.command(token, "allowWaitingParticipant", {"allowAll": True})
    [row] = await listener.hear("WaitingListNotify")
    assert (row["pid"], row["mode"]) == (pid, 1)


async def test_the_result_of_an_invitation_is_told(watched: Watched) -> None:
    """Success is "0", in both spellings of the key."""
    listener, token = await watched.subscribed(["InviteResultNotify", "ParticipantsNotify"])
    await listener.hear("ParticipantsNotify")
    answer = await watched.rig.http.post(
        f"{CONTROL}/participants",
        params={"conferenceID": watched.number},
        json={"attendees": [{"name": "Bea", "phone": "7007", "type": "normal"}]},
        headers={"X-Conference-Authorization": token},
    )
    assert answer.status_code == 200
    [calling] = await listener.hear("ParticipantsNotify")
    assert (calling["pinfoMap"]["TEL"], calling["pinfoMap"]["STATE"]) == ("7007", "1")
    [leg] = watched.rig.placer.ringing
    watched.rig.placer.end(leg, CallResult.BUSY)
    [result] = await listener.hear("InviteResultNotify")
    assert (result["callNumber"], result["errorCode"], result["resultCode"]) == ("7007", "11076008", "11076008")


async def test_a_guest_is_not_told_the_host_password(watched: Watched) -> None:
    """A token by the guests' password shows the guests' password alone."""
    listener, _ = await watched.subscribed(["ConfBasicInfoNotify"], role="general")
    basic = await listener.hear("ConfBasicInfoNotify")
    assert basic["pwds"] == [{"role": 0, "pwd": password(watched.info, "general")}]


async def test_a_subscription_needs_the_control_token(watched: Watched) -> None:
    """A wrong one is told so, and the socket is closed."""
    token = await watched.token()
    listener = Listener(await watched.open(token["tmpWsToken"]))
    await listener.say("Subscribe", subscription(watched.number, "wrong", EVERYTHING))
    assert (await listener.hear("Subscribe"))["returnCode"] == 111072065
    assert await listener.closed() == 1008


async def test_a_subscription_may_be_a_json_text_and_heartbeats_come_back(watched: Watched) -> None:
    """The published example sends `data` as text; a heartbeat is echoed with its sequence."""
    token = await watched.token()
    listener = Listener(await watched.open(token["tmpWsToken"]))
    await listener.say("Subscribe", json.dumps(subscription(watched.number, token["token"], ["ParticipantsNotify"])))
    assert (await listener.hear("Subscribe"))["returnCode"] == 0
    await listener.say("HeartBeat")
    await listener.hear("HeartBeat")
    assert listener.last["sequence"] == "0123456789abcdef0123"


async def test_garbage_ends_the_conversation(watched: Watched) -> None:
    """What is no message of this protocol is not answered."""
    for garbage in ("{", "[]", '{"sequence": 1}', "null"):
        listener = Listener(await watched.open((await watched.token())["tmpWsToken"]))
        await listener.socket.send(garbage)
        assert await listener.closed() == 1008
    listener = Listener(await watched.open((await watched.token())["tmpWsToken"]))
    await listener.socket.send(b"\x00")
    assert await listener.closed() == 1008


async def test_the_socket_closes_when_the_conference_ends(watched: Watched) -> None:
    """With a last word about its state."""
    listener, token = await watched.subscribed(["ConfDynamicInfoNotify"])
    await listener.hear("ConfDynamicInfoNotify")
    await watched.command(token, "stop", {})
    assert (await listener.hear("ConfDynamicInfoNotify"))["state"] == "Destroyed"
    assert await listener.closed() == 1001


async def test_a_silent_client_is_let_go(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that the sheet names, shortened here."""
    push: Push = watched.rig.push
    monkeypatch.setattr(push, "_silence", 0.2)
    listener = Listener(await watched.open((await watched.token())["tmpWsToken"]))
    assert await listener.closed() == 1001


async def test_a_full_queue_becomes_one_full_state(watched: Watched) -> None:
    """A subscriber that does not read holds no more than its queue, and is told everything when it reads again."""
    subscriber = push_hub.Subscriber(host=True, kinds=frozenset(["ConfDynamicInfoNotify"]))
    subscriber.behind = False
    for number in range(push_hub.QUEUE_MOST):
        subscriber.put({"action": "ConfDynamicInfoNotify", "data": number})
    assert len(subscriber.queue) == push_hub.QUEUE_MOST and not subscriber.behind
    subscriber.put({"action": "ConfDynamicInfoNotify", "data": "one too many"})
    assert (len(subscriber.queue), subscriber.behind) == (0, True)
    subscriber.put({"action": "ConfDynamicInfoNotify", "data": "lost"})
    assert len(subscriber.queue) == 0
