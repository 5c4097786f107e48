"""The accounts half of the JSON dialect in memory, and a client that signs in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from parley.app.account_notices import AccountNotices
from parley.app.changes import Changes
from parley.app.default_administrator import ensure_default_administrator
from parley.app.people import people
from parley.app.ports import Store
from parley.app.rooms import Rooms
from parley.app.sign_in import SignInLimits
from parley.app.users import Users
from parley.core.ids import TenantId
from parley.core.people import Application, Tenant
from parley.core.secret import Secret
from parley.doors.huawei.accounts import account_routes
from parley.doors.huawei.app import HuaweiSettings, huawei_app
from parley.doors.huawei.join_links import JoinLinks
from parley.doors.huawei.router import Route
from tests.doors.cms_rig import PlainHasher
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_store import MemoryStore

APP_ID, APP_KEY = "3ab1e72ff2e5434d8b11ad6b5ac2b3ff", "the key of the app"
SOURCE = "192.0.2.77"
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def signature(app_key: str, *parts: str) -> str:
    """As the sheet says: HEX(HMAC-SHA256(key, parts joined by colons))."""
    return hmac.new(app_key.encode(), ":".join(parts).encode(), hashlib.sha256).hexdigest()


class PeopleRig:
    """Everything is real but store, clock, dice and the slowness of hashing."""

    def __init__(
        self,
        store: Store | None = None,
        limits: SignInLimits | None = None,
        settings: HuaweiSettings | None = None,
        routes: tuple[Route, ...] = (),
        clock: ManualClock | None = None,
        announces: Callable[[], AccountNotices] | None = None,
    ) -> None:
        """announces: makes what tells people of their accounts, once store and clock stand; None: mail is off."""
        self.store: Store = store or MemoryStore()
        self.clock = clock or ManualClock(utc=START)
        self.changes = Changes()
        self.hasher = PlainHasher()
        identifiers = CountedIdentifiers()
        told = announces() if announces is not None else None
        self.people = people(
            self.store,
            self.clock,
            identifiers,
            self.changes,
            self.hasher,
            Users(self.store, identifiers, self.changes),
            domain="example.com",
            own_name="Example Corp",
            sign_in=limits,
            announce=told.password_made if told else None,
            welcome=told.created if told else None,
        )
        self.rooms = Rooms(self.store, identifiers, self.changes)
        links = JoinLinks("https://meet.example.com")
        all_routes = [*account_routes(self.people, self.store, self.clock, self.rooms, links), *routes]
        self.app = huawei_app(routes=all_routes, tokens=self.people.tokens, settings=settings)
        self.http = self.client()
        self.nonces = 0

    async def __aenter__(self) -> PeopleRig:
        async with self.store.transaction() as tx:
            await tx.save_application(Application(APP_ID, Secret(APP_KEY), "the app"))
        await ensure_default_administrator(self.store, self.people.accounts, self.changes)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def client(self, source: str = SOURCE) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(source, 40000))
        return httpx.AsyncClient(transport=transport, base_url="https://meet.example.com")

    async def tenant(self, name: str = "Other Ltd", id: str = "11111111-2222-4333-8444-555555555555") -> str:
        async with self.store.transaction() as tx:
            await tx.tenants.add(Tenant(TenantId(id), name))
        return id

    # --- signing in ------------------------------------------------------------------------------------------------

    def nonce(self) -> str:
        self.nonces += 1
        return f"00000000-0000-4000-8000-{self.nonces:012x}"

    async def app_login(
        self,
        user: str | None = "",
        *,
        expires: int | None = None,
        nonce: str | None = None,
        signed: str | None = None,
        access: str | None = base64.b64encode(APP_ID.encode()).decode(),
        corporation: str | None = None,
        app_id: str = APP_ID,
        key: str = APP_KEY,
        **more: Any,
    ) -> httpx.Response:
        expires = int(self.clock.utc().timestamp()) + 600 if expires is None else expires
        nonce = nonce or self.nonce()
        parts = [app_id, *([corporation] if corporation else []), user or "", str(expires), nonce]
        proof = signed or signature(key, *parts).upper()
        body = {
            "appId": app_id,
            "userId": user,
            "corpId": corporation,
            "expireTime": expires,
            "nonce": nonce,
            "clientType": 72,
            "deptCode": None,
            **more,
        }
        header = f"HMAC-SHA256 signature={proof}" + (f",access={access}" if access else "")
        return await self.http.post("/v2/usg/acs/auth/appauth", json=body, headers={"Authorization": header})

    async def account_login(
        self, account: str, password: str, http: httpx.AsyncClient | None = None, path: str = "/v1/usg/acs/auth/account"
    ) -> httpx.Response:
        return await (http or self.http).post(
            path, json={"account": account, "clientType": 72}, headers={"Authorization": basic(account, password)}
        )

    async def token(self, user: str = "") -> str:
        answer = await self.app_login(user)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["accessToken"])

    # --- asking ----------------------------------------------------------------------------------------------------

    async def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None, **query: Any
    ) -> httpx.Response:
        """As the default administrator unless a token is given."""
        headers = {"X-Access-Token": token if token is not None else await self.token()}
        return await self.http.request(method, path, json=body, headers=headers, params=query or None)

    async def done(self, method: str, path: str, body: Any = None, token: str | None = None, **query: Any) -> Any:
        """The JSON of an answer that must be 200; None for an empty one."""
        answer = await self.ask(method, path, body, token, **query)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    async def refused(
        self, method: str, path: str, body: Any = None, token: str | None = None, **query: Any
    ) -> tuple[int, str, str]:
        """Status, code and detail of an error answer."""
        return error_of(await self.ask(method, path, body, token, **query))

    async def user(self, account: str, password: str | None = None, **more: Any) -> Any:
        body = {"name": account, "account": account, "email": f"{account}@mail.example", "pwd": password, **more}
        return await self.done("POST", "/v1/usg/dcs/corp/member", body)


def basic(account: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{account}:{password}".encode()).decode()


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"error_code", "error_msg", "error_detail"}, body
    assert all(isinstance(text, str) for text in body.values()) and body["error_msg"]
    return answer.status_code, body["error_code"], body["error_detail"]
