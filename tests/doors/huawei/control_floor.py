"""A conference that runs, with people at phones, and its host's control token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.doors.huawei.rig import CONTROL, MeetingRig, password


class Floor:
    """A running conference with a host and a guest, and the host's control token."""

    def __init__(self, rig: MeetingRig, info: dict[str, Any]) -> None:
        self.rig, self.info = rig, info
        self.id = str(info["conferenceID"])
        self.token = ""

    async def ask_token(self, role: str = "chair", **headers: str) -> httpx.Response:
        given = {"X-Password": password(self.info, role), "X-Login-Type": "1", **headers}
        return await self.rig.http.get(f"{CONTROL}/token", params={"conferenceID": self.id}, headers=given)

    async def send(
        self, method: str, path: str, body: Any = None, token: str | None = None, **query: Any
    ) -> httpx.Response:
        headers = {"X-Conference-Authorization": self.token if token is None else token}
        params = {"conferenceID": self.id, **query}
        return await self.rig.http.request(method, f"{CONTROL}/{path}", json=body, params=params, headers=headers)

    async def done(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = await self.send(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        await self.rig.settle()
        return answer.json() if answer.content else None

    async def put(self, path: str, body: Any = None, **query: Any) -> None:
        assert await self.done("PUT", path, body, **query) is None

    async def people(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in (await self.done("GET", "realTimeInfo"))["participants"]}

    async def pid(self, name: str) -> str:
        return str((await self.people())[name]["pid"])

    async def code(self, method: str, path: str, body: Any = None, **query: Any) -> str:
        answer = await self.send(method, path, body, **query)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error_code"])


async def heard(floor: Floor) -> set[str]:
    """Names whose voice the engine is told to let through."""
    [view] = floor.rig.directory.meetings()
    plan = {media.leg: media.contributes for media in floor.rig.engine.plans[view.meeting].legs}
    return {leg.name for leg in view.legs if plan[leg.leg]}


@asynccontextmanager
async def control_floor(rig: MeetingRig, *, user: str | None = None, **fields: Any) -> AsyncIterator[Floor]:
    """The host Hana and the guests Gus and Gina are in; Ida is invited. user: id of the one as whom Gus was."""
    ida = {"name": "Ida", "phone": "5005", "email": "ida@example.com", "isAutoInvite": 1}
    gus = [{"name": "Gus", "phone": "2002", "userUUID": user, "isAutoInvite": 0}] if user else []
    info = await rig.book(subject="live", attendees=[ida, *gus], **fields)
    made = Floor(rig, info)
    await rig.call(made.id, password(info, "chair"), "1001", "Hana")
    await rig.call(made.id, password(info, "general"), "2002", "Gus")
    await rig.call(made.id, password(info, "general"), "3003", "Gina")
    made.token = (await made.ask_token()).json()["data"]["token"]
    yield made
