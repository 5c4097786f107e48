"""A client of /api/v1 that sends forms and reads XML, the way programs written for this dialect do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from xml.etree import ElementTree

import httpx

BASE = "/api/v1"
PATIENCE = 15.0
POLL = 0.05


class ApiError(Exception):
    """An answer other than 200."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status} {body}")
        self.status = status
        self.body = body


class Api:
    """Paths are given without /api/v1. Every answer but 200 raises ApiError."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, auth=(user, password), timeout=10.0, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def request(self, method: str, path: str, body: str | None = None) -> httpx.Response:
        """The raw exchange; body is a form as written on the wire."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        return await self._client.request(
            method, BASE + path, content=body.encode() if body is not None else None, headers=headers
        )

    async def get(self, path: str) -> str:
        """The body as text, byte for byte."""
        response = await self._checked("GET", path)
        assert response.headers["content-type"] == "text/xml", response.headers
        return response.content.decode()

    async def tree(self, path: str) -> ElementTree.Element:
        """The body as a tree."""
        return ElementTree.fromstring(await self.get(path))

    async def post(self, path: str, body: str = "") -> str:
        """Create an object; its id, the last part of the path in Location."""
        response = await self._checked("POST", path, body)
        location = response.headers["location"]
        assert location.startswith(BASE + "/"), location
        return str(location.rpartition("/")[2])

    async def put(self, path: str, body: str) -> None:
        await self._checked("PUT", path, body)

    async def delete(self, path: str) -> None:
        await self._checked("DELETE", path)

    async def _checked(self, method: str, path: str, body: str | None = None) -> httpx.Response:
        response = await self.request(method, path, body)
        if response.status_code != 200:
            raise ApiError(method, path, response.status_code, response.text)
        return response

    # --- what is going on ---------------------------------------------------------------------------------------

    async def ids(self, collection: str) -> list[str]:
        """The ids in a collection, all pages of it."""
        found: list[str] = []
        while True:
            joint = "&" if "?" in collection else "?"
            page = await self.tree(f"{collection}{joint}offset={len(found)}")
            found += [str(element.get("id")) for element in page]
            if len(page) == 0 or len(found) >= int(page.get("total", "0")):
                return found

    async def total(self, collection: str) -> int:
        return int((await self.tree(collection)).get("total", "-1"))

    async def leg_of(self, user: str) -> str:
        """The id of the one leg whose remote party begins with this user name."""
        for leg in await self.ids("/callLegs"):
            party = (await self.tree(f"/callLegs/{leg}")).findtext("remoteParty", "")
            if party.removeprefix("sip:").partition("@")[0] == user:
                return leg
        raise AssertionError(f"no leg of {user}")

    async def participant_of(self, user: str) -> str:
        """The id of the one participant whose URI begins with this user name."""
        for participant in await self.ids("/participants"):
            uri = (await self.tree(f"/participants/{participant}")).findtext("uri", "")
            if uri.removeprefix("sip:").partition("@")[0] == user:
                return participant
        raise AssertionError(f"no participant {user}")

    async def waits(self, user: str) -> bool:
        """Is this caller's leg in the lobby?"""
        try:
            leg = await self.leg_of(user)
            return (await self.tree(f"/callLegs/{leg}")).findtext("status/deactivated") == "true"
        except (AssertionError, ApiError):
            return False

    async def is_in(self, user: str) -> bool:
        """Is this caller an active part of a meeting?"""
        try:
            tree = await self.tree(f"/callLegs/{await self.leg_of(user)}")
        except (AssertionError, ApiError):
            return False
        return bool(tree.findtext("call")) and tree.findtext("status/deactivated") is None


async def eventually(
    question: Callable[[], Awaitable[object]], what: str = "it never came true", patience: float = PATIENCE
) -> float:
    """Ask every 50 ms until the answer is true; how many seconds that took. AssertionError after `patience`."""
    began = time.monotonic()
    while True:
        if await question():
            return time.monotonic() - began
        assert time.monotonic() - began < patience, f"{what} within {patience} s"
        await asyncio.sleep(POLL)
