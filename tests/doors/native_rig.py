"""The native API in memory, and clients that are signed in; every answer is held to the OpenAPI document."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from parley.app.accounts import AccountEdit
from parley.app.default_administrator import ensure_default_administrator
from parley.app.devices import Devices
from parley.app.event_feed import EventFeed
from parley.app.members import MemberEdit
from parley.app.my_spaces import MySpaces, Ways
from parley.app.operator import KeptOperator, KeptServices
from parley.app.outbox import OutboxDesk
from parley.app.people import people
from parley.app.pins import PinJudge
from parley.app.ports import Store
from parley.app.sessions import SessionLimits, Sessions
from parley.app.sign_in import SignInLimits
from parley.app.space_settings import SpaceSettings
from parley.app.spaces import SpaceEdit
from parley.app.user_administration import UserAdministration
from parley.core.attempts import Attempts
from parley.core.events import Event
from parley.core.ids import TenantId
from parley.core.people import AdministratorLevel, Tenant, User
from parley.core.secret import Secret
from parley.doors.web.native.api import NativeServices, native_api, native_routes
from parley.doors.web.native.routing import Router
from tests.doors.cms_rig import Rig

BASE = "https://meet.example.com"
API = "/api/parley/v1"
PASSWORD = "Correct-Horse-7"
ADMIN = "root"


class Client:
    """One browser or program: keeps its cookie and CSRF token, and checks what it is answered."""

    def __init__(self, rig: NativeRig, source: str = "192.0.2.77", scheme: str = "https") -> None:
        self.rig = rig
        transport = httpx.ASGITransport(rig.app, client=(source, 40000))
        base = f"{scheme}://meet.example.com"
        self.http = httpx.AsyncClient(transport=transport, base_url=base, headers={"Origin": base})
        self.csrf = ""
        self.token = ""

    async def sign_in(self, account: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        answer = await self.ask("POST", "/session", {"account": account, "password": password, **more})
        if answer.status_code == 200:
            self.csrf = answer.json().get("csrf", "")
            self.token = answer.json().get("token", "")
        return answer

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = {"X-CSRF-Token": self.csrf} if self.csrf else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        headers |= options.pop("headers", {})
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers = {"Content-Type": "application/json", **headers}
        answer = await self.http.request(method, API + path, content=content, headers=headers, **options)
        self.rig.check(method, path, answer)
        return answer

    async def done(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of an answer that must be a success; None for an empty one."""
        answer = await self.ask(method, path, body, **options)
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Status and code of an error answer."""
        answer = await self.ask(method, path, body, **options)
        assert answer.is_error, answer.text
        return answer.status_code, answer.json()["code"]


class NativeRig(Rig):
    """Everything behind the API is real except store, engine, clock, journal, slow hashing and the callers' phones."""

    def __init__(
        self, store: Store | None = None, limits: SessionLimits | None = None, sign_in: SignInLimits | None = None
    ) -> None:
        super().__init__(store=store)
        users = self.administration.users
        self.people = people(
            self.store,
            self.clock,
            self.identifiers,
            self.changes,
            self.hasher,
            users,
            domain="example.com",
            sign_in=sign_in,
        )
        self.sessions = Sessions(
            self.store, self.clock, self.changes, self.people.sign_in, self.people.passwords, limits
        )
        self.feed = EventFeed(_line, kept=100)
        self.journal.subscribe(self.feed.take)
        accounts, passwords = self.people.accounts, self.people.passwords
        self.users = UserAdministration(
            self.store, self.clock, self.identifiers, self.changes, users, accounts, passwords
        )
        ways = Ways(BASE, "example.com", "9000", ("+1 555 0100",))
        services = NativeServices(
            sessions=self.sessions,
            my_spaces=MySpaces(self.store, self.changes, self.administration, accounts, ways),
            administration=self.administration,
            users=self.users,
            space_settings=SpaceSettings(self.store, accounts),
            directory=self.directory,
            explain=self._operator().explain,
            newest=self.feed.newest,
            record=self.journal.append,
            ways=ways,
            version="1.2.3",
        )
        self.routes = native_routes(services)
        self.app = native_api(services)  # type: ignore[assignment]
        self.router = Router(self.routes)
        self.answered: set[tuple[str, str, int]] = set()
        self.document: dict[str, Any] = {}

    def _operator(self) -> KeptOperator:
        kept = KeptServices(
            self.store,
            self.administration,
            self.credentials,
            self.hasher,
            self.lookup,
            lambda _: [],
            OutboxDesk(self.store, self.clock),
            Devices(self.store, self.identifiers, self.clock, self.changes, "example.com"),
            self.clock.utc,
        )
        return KeptOperator(kept, PinJudge(Attempts(), self.lookup, self.clock, self.journal))

    async def __aenter__(self) -> NativeRig:
        await ensure_default_administrator(self.store, self.people.accounts, self.changes)
        await self.person(ADMIN, level=AdministratorLevel.ADMINISTRATOR)
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            self.document = (await http.get(f"{API}/openapi.json")).json()
        return self

    def check(self, method: str, path: str, answer: httpx.Response) -> None:
        """The answer is one that the document has for this operation, and has the form that it says."""
        for name, value in (("cache-control", "no-store"), ("x-content-type-options", "nosniff")):
            assert answer.headers[name] == value
        segments = tuple(part for part in path.partition("?")[0].split("/") if part)
        try:
            route, _, _ = self.router.find(method, segments)
        except Exception:
            route = None
        if route is None:
            return
        self.answered.add((method, route.path, answer.status_code))
        responses = self.document["paths"][route.path][method.lower()]["responses"]
        assert str(answer.status_code) in responses, (method, path, answer.status_code, answer.text)
        content = responses[str(answer.status_code)].get("content")
        if content is None:
            assert answer.content == b""
            return
        schema = {**content["application/json"]["schema"], "components": self.document["components"]}
        Draft202012Validator(schema).validate(answer.json())

    # --- people and places ---------------------------------------------------------------------------------------

    async def person(
        self,
        account: str,
        password: str = PASSWORD,
        *,
        tenant: str | None = None,
        level: AdministratorLevel = AdministratorLevel.NONE,
        must_change: bool = False,
    ) -> User:
        async with self.store.transaction() as tx:
            user = await self.people.accounts.add(
                tx,
                TenantId(tenant) if tenant else None,
                AccountEdit(name=account.title()),
                account=account,
                password_hash=Secret(self.hasher.hash(password)),
                level=level,
            )
            if must_change:
                user = replace(user, must_change_password=True)
                await tx.users.save(user)
        return user

    async def tenant(self, id: str = "11111111-2222-4333-8444-555555555555") -> str:
        async with self.store.transaction() as tx:
            await tx.tenants.add(Tenant(TenantId(id), "Other Ltd"))
        return id

    async def space(self, name: str = "Global", **values: Any) -> str:
        return await self.administration.spaces.create(SpaceEdit(name=name, **values))

    async def member(self, space: str, user: User, **rights: bool) -> str:
        return await self.administration.members.create(space, user.jid, MemberEdit(rights=rights))

    def browser(self, source: str = "192.0.2.77", scheme: str = "https") -> Client:
        return Client(self, source, scheme)

    async def signed_in(self, account: str = ADMIN, password: str = PASSWORD, **more: Any) -> Client:
        client = self.browser()
        answer = await client.sign_in(account, password, **more)
        assert answer.status_code == 200, answer.text
        return client


def _line(at: datetime, event: Event) -> list[str]:
    return [f"{at:%H:%M} {type(event).__name__}"]
