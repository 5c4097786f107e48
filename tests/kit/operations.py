"""A small server's operations in memory: the same refusals, no calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from parley.core.refusals import Refusal
from parley.core.secret import Secret

Json = dict[str, Any]


class MemoryOperations:
    """Implements doors.ops.operations.Operations. `events` are the lines of its log."""

    def __init__(self) -> None:
        self.people: dict[str, Json] = {}
        self.phones: dict[str, Json] = {}
        self.admins: dict[str, Secret] = {}
        self.places: dict[str, Json] = {}
        self.live: dict[str, Json] = {}
        self.connections: dict[str, Json] = {}
        self.kept: list[Json] = []
        self.loads: list[Json] = []
        self.events: list[str] = []
        self.messages: dict[str, Json] = {}
        self._followers: list[asyncio.Queue[str | None]] = []

    # --- kept ---

    async def users(self) -> list[Json]:
        return list(self.people.values())

    async def add_user(self, jid: str, name: str, email: str, password: Secret) -> Json:
        if jid in self.people:
            raise Refusal("duplicate-name", field="jid")
        self.people[jid] = {"id": f"user-{len(self.people) + 1}", "jid": jid, "name": name, "email": email}
        return self.people[jid]

    async def remove_user(self, jid: str) -> None:
        if self.people.pop(jid, None) is None:
            raise Refusal("not-found", kind="user", id=jid)

    async def devices(self, jid: str | None) -> list[Json]:
        return [one for one in self.phones.values() if jid in {None, one["user"]}]

    async def add_device(self, jid: str, label: str, sha256: bool) -> Json:
        if jid not in self.people:
            raise Refusal("not-found", kind="user", id=jid)
        username = jid.partition("@")[0]
        algorithm = "sha-256" if sha256 else "md5"
        self.phones[username] = {
            "username": username, "user": jid, "label": label, "algorithm": algorithm, "registered": [],
        }  # fmt: skip
        return {"username": username, "realm": "example.com", "password": "made up"}

    async def remove_device(self, username: str) -> None:
        if self.phones.pop(username, None) is None:
            raise Refusal("not-found", kind="device", id=username)

    async def administrators(self) -> list[Json]:
        return [{"name": name} for name in self.admins]

    async def add_administrator(self, name: str, password: Secret) -> Json:
        self.admins[name] = password  # a known one gets the new password
        return {"name": name}

    async def remove_administrator(self, name: str) -> None:
        if self.admins.pop(name, None) is None:
            raise Refusal("not-found", kind="administrator", id=name)

    async def spaces(self) -> list[Json]:
        return [
            {
                **{key: place[key] for key in ("id", "name", "uri", "call_id")},
                "access_methods": len(place["access_methods"]) - 1,
                "members": len(place["members"]),
            }
            for place in self.places.values()
        ]

    async def space(self, which: str) -> Json:
        for place in self.places.values():
            if which in {place["id"], place["uri"], place["call_id"], place["name"]}:
                return place
        raise Refusal("not-found", kind="space", id=which)

    async def add_space(self, name: str, uri: str | None, call_id: str | None, passcode: Secret | None) -> Json:
        if uri is not None and any(place["uri"] == uri for place in self.places.values()):
            raise Refusal("duplicate-uri")
        door = {
            "id": f"door-{len(self.places) + 1}",
            "own": True,
            "name": None,
            "uri": uri,
            "call_id": call_id,
            "passcode": passcode.reveal() if passcode else None,
            "leg_profile": None,
        }
        id = f"space-{len(self.places) + 1}"
        place = {"id": id, "name": name, "uri": uri, "call_id": call_id, "access_methods": [door], "members": []}
        self.places[id] = place
        return (await self.spaces())[-1]

    async def records(self, limit: int) -> list[Json]:
        return self.kept[-limit:]

    async def outbox(self, state: str | None, limit: int) -> list[Json]:
        return [row for row in self.messages.values() if state in (None, row["state"])][-limit:]

    async def retry_outbox(self, id: str) -> None:
        self._message(id)["state"] = "waiting"

    async def forget_outbox(self, id: str) -> None:
        del self.messages[self._message(id)["id"]]

    def _message(self, id: str) -> Json:
        if id not in self.messages:
            raise Refusal("not-found", kind="outbox entry", id=id)
        return self.messages[id]

    async def explain(self, address: str, pin: Secret | None) -> list[str]:
        for place in self.places.values():
            for door in place["access_methods"]:
                if address == door["uri"] and (pin.reveal() if pin else None) == door["passcode"]:
                    return [f"{address} leads to the space {place['name']}", "admitted by its own access method"]
        return [f"{address} leads nowhere with this PIN"]

    async def explain_leg(self, id: str) -> Json:
        if id != "1":
            raise Refusal("not-found", kind="leg", id=id)
        return {"id": "leg-1", "number": 1, "timeline": [], "lines": ["leg leg-1, number 1"]}

    # --- live ---

    async def status(self) -> Json:
        return {
            "version": "0.1.0",
            "listeners": ["sip udp 127.0.0.1:5060"],
            "meetings": len(self.live),
            "media": self.loads,
        }

    async def meetings(self) -> list[Json]:
        return list(self.live.values())

    async def meeting(self, id: str) -> Json:
        if id not in self.live:
            raise Refusal("not-found", kind="meeting", id=id)
        return {**self.live[id], "legs": [leg for leg in self.connections.values() if leg["meeting"] == id]}

    async def end_meeting(self, id: str) -> None:
        await self.meeting(id)
        del self.live[id]

    async def lock_meeting(self, id: str, locked: bool) -> None:
        await self.meeting(id)
        self.live[id] = {**self.live[id], "locked": locked}

    async def legs(self) -> list[Json]:
        return list(self.connections.values())

    async def drop_leg(self, id: str) -> None:
        if self.connections.pop(id, None) is None:
            raise Refusal("not-found", kind="leg", id=id)

    async def log(self, limit: int) -> list[str]:
        return self.events[-limit:]

    async def follow_log(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str | None] = asyncio.Queue(100)
        self._followers.append(queue)
        try:
            while (line := await queue.get()) is not None:
                yield line
        finally:
            self._followers.remove(queue)

    # --- for tests ---

    @property
    def following(self) -> int:
        return len(self._followers)

    def say(self, line: str | None) -> None:
        """A new line of the log; None ends every follower's stream."""
        if line is not None:
            self.events.append(line)
        for queue in list(self._followers):
            queue.put_nowait(line)
