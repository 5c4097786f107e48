"""The browsers' door on a real listener, over the whole app layer on fakes; time moves when a test listens."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from parley.app.moderation import Moderation
from parley.app.seats import Seats
from parley.app.web_entry import WebEntry
from parley.core.ids import LegId, ParticipantId
from parley.core.links import PersonalLinks
from parley.core.people import User
from parley.core.secret import Secret
from parley.doors.http import HttpListener
from parley.doors.shared.accepting import Acceptor, Turnstile
from parley.doors.webrtc.app import PATH, MeetingSocket
from parley.doors.webrtc.entrance import Entrance, Turn, WebSettings
from parley.doors.webrtc.publisher import Publisher
from tests.app.floor import Floor

OFFER = (Path(__file__).resolve().parents[1] / "wire" / "offers" / "chromium.sdp").read_text()
OTHER_OFFER = (Path(__file__).resolve().parents[1] / "wire" / "offers" / "firefox.sdp").read_text()
COOKIE = "parley_session"


class Closed(Exception):
    """The server closed the socket. code: with what."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Page:
    """One client. Messages that a test did not ask for yet are kept in order."""

    def __init__(self, rig: WebRig, socket: ClientConnection) -> None:
        self.rig, self.socket = rig, socket
        self.kept: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}
        self._ids = count(1)

    @property
    def participant(self) -> str:
        return str(self.welcome["participant"])

    @property
    def leg(self) -> LegId:
        live = self.rig.floor.directory.participant(ParticipantId(self.participant))
        assert live is not None
        return live.leg

    async def send(self, type: str, **members: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **members}))

    async def ask(self, type: str, **members: Any) -> dict[str, Any]:
        """The one answer to a numbered request."""
        id = next(self._ids)
        await self.send(type, id=id, **members)
        return await self.hear(lambda said: said.get("id") == id)

    async def done(self, type: str, **members: Any) -> None:
        answer = await self.ask(type, **members)
        assert answer["type"] == "done", answer

    async def refused(self, type: str, **members: Any) -> str:
        """The code of the error that must come."""
        answer = await self.ask(type, **members)
        assert answer["type"] == "error", answer
        assert answer["message"]
        return str(answer["code"])

    async def hear(self, wanted: Any) -> dict[str, Any]:
        """The next message of a type, or for which a function holds. Raises Closed."""
        holds = wanted if callable(wanted) else lambda said: said["type"] == wanted
        for index, said in enumerate(self.kept):
            if holds(said):
                return self.kept.pop(index)
        async with asyncio.timeout(10):
            while True:
                said = await self._next()
                if said is not None and holds(said):
                    return said
                if said is not None:
                    self.kept.append(said)

    async def _next(self) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(0.02):
                message: dict[str, Any] = json.loads(await self.socket.recv())
                return message
        except TimeoutError:
            await self.rig.floor.wait(0.1)
            return None
        except ConnectionClosed as over:
            raise Closed(over.rcvd.code if over.rcvd else 0) from None

    async def state(self, holds: Any = lambda _state: True) -> dict[str, Any]:
        """The first state from now on, or kept, for which it holds."""
        return await self.hear(lambda said: said["type"] == "state" and holds(said))

    async def quiet(self, seconds: float = 3.0) -> list[dict[str, Any]]:
        """What comes within so long, by the clock of the test, and what was kept."""
        end = self.rig.floor.clock.now() + seconds
        while self.rig.floor.clock.now() < end:
            if (said := await self._next()) is not None:
                self.kept.append(said)
        kept, self.kept = self.kept, []
        return kept

    async def closed(self) -> int:
        """The code with which the server ends it."""
        try:
            await self.hear(lambda _said: False)
        except Closed as over:
            return over.code
        raise AssertionError

    async def join(self, entry: dict[str, Any], name: str = "Ann", **members: Any) -> None:
        self.welcome = await self.ask("join", version=1, entry=entry, name=name, language="en", **members)
        assert self.welcome["type"] == "welcome", self.welcome

    async def offer(self, sdp: str = OFFER) -> str:
        answer = await self.ask("offer", sdp=sdp)
        assert answer["type"] == "answer", answer
        return str(answer["sdp"])

    async def enter(self, entry: dict[str, Any], name: str = "Ann") -> dict[str, Any]:
        """In the meeting, by its first state."""
        await self.join(entry, name)
        await self.offer()
        self.rig.floor.engine.ready(self.leg)
        return await self.state()


class WebRig:
    """people: who is signed in, by the text of the session."""

    def __init__(self, floor: Floor, space: str, settings: WebSettings) -> None:
        self.floor = floor
        self.settings = settings
        self.space = space
        self.people: dict[tuple[str, bool], User] = {}
        links = PersonalLinks(b"k" * 32)
        entry = WebEntry(floor.held, floor.lookup, floor.pins, links, floor.journal)
        self.publisher = Publisher(floor.directory, floor.engine, floor.clock)
        self.seats = Seats(floor.held, floor.directory, floor.clock, floor.tasks, self.settings.grace)
        self.entrance = Entrance(
            entry, floor.arrivals, self.publisher, self.seats, floor.clock, floor.identifiers, self.settings
        )
        self.moderation = Moderation(floor.directory, floor.clock, self.seats.ended)
        self.app = MeetingSocket(
            self.entrance, self.moderation, self._signed_in, floor.clock, self.settings, cookie=COOKIE
        )
        self.port = 0
        self._stack = AsyncExitStack()

    async def _signed_in(self, text: str, bearer: bool) -> User | None:
        return self.people.get((text, bearer))

    async def open(self, **headers: str) -> Page:
        """A socket. headers: by name with _ for -. Raises InvalidStatus where the handshake is refused."""
        extra = {name.replace("_", "-"): text for name, text in headers.items()}
        opening = connect(
            f"ws://127.0.0.1:{self.port}{PATH}",
            additional_headers=extra,
            subprotocols=[Subprotocol("parley.1")],
            open_timeout=5,
            max_queue=None,  # who does not read what came must still see the end
        )
        connection = await self._stack.enter_async_context(opening)
        return Page(self, connection)

    async def resumed(self, page: Page, **members: Any) -> Page:
        """The same participant on another socket."""
        other = await self.open()
        other.welcome = await other.ask("resume", token=page.welcome["resume"], **members)
        return other

    # --- two doors -------------------------------------------------------------------------------------------------

    async def guest(self, name: str = "Gus") -> tuple[Page, dict[str, Any]]:
        page = await self.open()
        return page, await page.enter({"meeting": "100", "passcode": "1111"}, name)

    async def host(self, name: str = "Hana") -> tuple[Page, dict[str, Any]]:
        page = await self.open()
        return page, await page.enter({"meeting": "100", "passcode": "2222"}, name)


@asynccontextmanager
async def webrtc_rig(before: WebRig | None = None, **settings: Any) -> AsyncIterator[WebRig]:
    """With a space of two PINs: call ID 100, guests by 1111, hosts by 2222. before: another life on the same store."""
    floor = Floor(store=before.floor.held, identifiers=before.floor.identifiers) if before else Floor()
    space = before.space if before else await floor.two_pins()
    turn = Turn(("turn:turn.example.com:3478",), Secret("north"), 600)
    rig = WebRig(floor, space, replace(WebSettings(domain="example.com", turn=turn), **settings))
    await rig.seats.load()
    listening = socket.create_server(("127.0.0.1", 0))
    rig.port = listening.getsockname()[1]
    listener = HttpListener(rig.app, "webrtc", Acceptor(Turnstile(100, 100)), websockets=True)
    await listener.open([listening])
    rig.seats.ready()
    try:
        async with rig._stack:
            yield rig
    finally:
        await listener.close()
        await floor.tasks.cancel()


def names(state: dict[str, Any]) -> list[str]:
    return [person["name"] for person in state["participants"]]


def attribute(sdp: str, name: str) -> str | None:
    found = re.search(rf"^a={name}:(.*)\r?$", sdp, re.M)
    return found[1].strip() if found else None
