"""The whole API in memory, and a client that shows bytes."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from parley.app.administration import administration
from parley.app.changes import Change, Changes
from parley.app.credentials import CredentialLimits, Credentials
from parley.app.dialling import Dialling
from parley.app.directory import Directory
from parley.app.incoming_legs import IncomingLegRunner
from parley.app.legs import LegServices
from parley.app.lookup import Lookup
from parley.app.pins import PinJudge
from parley.app.ports import Store
from parley.app.tasks import Tasks
from parley.app.users import UserEdit
from parley.core.admission import Candidates
from parley.core.attempts import Attempts
from parley.core.dialplan import Address
from parley.core.leg_inputs import AudioCodec, Confirmed, EntrySettings, LegAudio, Offered
from parley.doors.cms.app import CmsSettings, cms_app
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.fake_engine import FakeEngine
from tests.kit.fake_leg_door import FakeLegDoor
from tests.kit.fake_outgoing_door import FakeDialler
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_journal import MemoryJournal
from tests.kit.memory_store import MemoryStore

NAME, PASSWORD = "admin", "correct horse"


class PlainHasher:
    """Quick and readable; counts how often it was asked."""

    def __init__(self) -> None:
        self.verified = 0

    def hash(self, password: str) -> str:
        return f"plain:{password}"

    def verify(self, password: str, hashed: str) -> bool:
        self.verified += 1
        return hashed == f"plain:{password}"


class Rig:
    """Everything behind the API is real except store, engine, clock, journal and the callers' phones."""

    def __init__(
        self, settings: CmsSettings | None = None, limits: CredentialLimits | None = None, store: Store | None = None
    ) -> None:
        self.clock = ManualClock()
        self.store: Store = store or MemoryStore()
        self.identifiers = CountedIdentifiers()
        self.changes = Changes()
        self.changed: list[Change] = []
        self.changes.subscribe(self.changed.append)
        self.journal = MemoryJournal(self.clock)
        self.engine = FakeEngine(self.clock)
        self.hasher = PlainHasher()
        self.tasks = Tasks()
        self.lookup = Lookup(self.store, ["example.com"], "9000")
        services = LegServices(
            clock=self.clock,
            engine=self.engine,
            journal=self.journal,
            lookup=self.lookup,
            pins=PinJudge(Attempts(), self.lookup, self.clock, self.journal),
            tasks=self.tasks,
            entry=EntrySettings(),
        )
        self.directory = Directory(self.store, services, self.identifiers, self.changes, legs_most=100)
        self.administration = administration(
            self.store, self.identifiers, self.changes, domains=["example.com"], access_number="9000"
        )
        self.dialler = FakeDialler()
        dialling = Dialling(
            self.store, self.directory, self.dialler, self.clock, self.administration.inbound_rules.space_domain
        )
        self.credentials = Credentials(self.store, self.hasher, self.changes, self.clock, limits)
        self.app: Starlette = cms_app(
            administration=self.administration,
            credentials=self.credentials,
            directory=self.directory,
            clock=self.clock,
            settings=settings or CmsSettings(version="1.2.3"),
            record=self.journal.append,
            placer=dialling,
        )
        self.http = self.client()

    def client(self, source: str = "192.0.2.77", auth: tuple[str, str] | None = (NAME, PASSWORD)) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(source, 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://cms.example.com", auth=auth)

    async def __aenter__(self) -> Rig:
        await self.credentials.add_administrator(NAME, PASSWORD)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await asyncio.sleep(0)

    # --- asking ------------------------------------------------------------------------------------------------

    async def get(self, path: str) -> str:
        """The body of a GET that must succeed."""
        answer = await self.http.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, method: str, path: str, body: str = "", **parameters: str) -> httpx.Response:
        return await self.http.request(
            method,
            f"/api/v1/{path}",
            content=body or urlencode(parameters),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    async def post(self, path: str, body: str = "", **parameters: str) -> str:
        """The id of what a POST that must succeed has made."""
        answer = await self.send("POST", path, body, **parameters)
        assert answer.status_code == 200, answer.text
        assert answer.content == b""
        return answer.headers["location"].rsplit("/", 1)[1]

    async def put(self, path: str, body: str = "", **parameters: str) -> None:
        answer = await self.send("PUT", path, body, **parameters)
        assert (answer.status_code, answer.content) == (200, b""), answer.text

    async def delete(self, path: str) -> None:
        answer = await self.send("DELETE", path)
        assert (answer.status_code, answer.content) == (200, b""), answer.text

    async def refused(self, method: str, path: str, body: str = "", **parameters: str) -> tuple[int, str]:
        """Status and inner bytes of a failureDetails answer."""
        answer = await self.send(method, path, body, **parameters)
        head, tail = '<?xml version="1.0"?><failureDetails>', "</failureDetails>"
        assert answer.text.startswith(head) and answer.text.endswith(tail), (answer.status_code, answer.text)
        assert answer.headers["content-type"] == "text/xml"
        return answer.status_code, answer.text[len(head) : -len(tail)]

    # --- people ------------------------------------------------------------------------------------------------

    async def user(self, jid: str, **values: str) -> str:
        return await self.administration.users.create(jid, UserEdit(**values))

    async def call(self, user: str, caller: str = "sip:2000@example.com", name: str = "") -> IncomingLegRunner:
        """Somebody dials a space without a PIN and is answered."""
        target = await self.lookup.resolve(Address(user, "example.com"))
        assert isinstance(target, Candidates)
        offered = Offered(
            address=Address(user, "example.com"),
            caller=caller,
            dialled=f"sip:{user}@example.com",
            display_name=name,
            source="192.0.2.1",
            local_address="192.0.2.9",
            audio=LegAudio("192.0.2.1", 30000, AudioCodec("pcmu", 0, 8000)),
        )
        runner = self.directory.arrive(offered, target, FakeLegDoor())
        assert runner is not None
        await self.settle()
        runner.post(Confirmed())
        await self.settle()
        return runner

    async def settle(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)
