"""Signing in and out, and the server as everybody sees it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from ....app.my_spaces import Ways
from ....app.sessions import COOKIE, Session, Sessions, SignedIn
from ....core.invitation_words import LANGUAGES
from ....core.people import User
from ....core.secret import Secret
from .errors import Failure
from .routing import Reply, Request, Route, Who
from .values import In, Out, Password, Sparse

COOKIE_PATH = "/api/parley"


class Server(Out):
    version: str
    languages: list[str]
    domain: str
    access_number: str | None


class SignIn(In):
    account: str = Field(max_length=255)
    password: Password
    bearer: bool = False


class PasswordChange(In):
    old: Password
    new: Password


class Me(Out):
    id: str
    name: str
    account: str
    administrator: bool
    must_change_password: bool


class SessionState(Sparse):
    """csrf: for X-CSRF-Token, where the session is a cookie's. token: of a new session for Authorization: Bearer."""

    user: Me
    csrf: str | None = Field(default=None, repr=False)
    token: str | None = Field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SessionRoutes:
    sessions: Sessions
    ways: Ways
    version: str

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/server", self.server, "The server", Who.ANYBODY, answer=Server),
            Route(
                "POST",
                "/session",
                self.sign_in,
                "Sign in",
                Who.ANYBODY,
                body=SignIn,
                answer=SessionState,
                refusals=(401, 403, 429, 503),
            ),
            Route("GET", "/session", self.get, "Who is signed in", Who.NEWCOMER, answer=SessionState),
            Route("DELETE", "/session", self.sign_out, "Sign out", Who.NEWCOMER),
            Route(
                "POST",
                "/session/password",
                self.change_password,
                "Change one's own password; every session ends and a new one begins",
                Who.NEWCOMER,
                body=PasswordChange,
                answer=SessionState,
                refusals=(429, 503),
            ),
        ]

    async def server(self, _request: Request) -> Server:
        ways = self.ways
        return Server(
            version=self.version, languages=list(LANGUAGES), domain=ways.domain, access_number=ways.access_number
        )

    async def sign_in(self, request: Request) -> Reply:
        asked = request.sent(SignIn)
        transport = request.transport
        if not asked.bearer and transport is not None and not (transport.encrypted or transport.local):
            raise Failure(403, "not-permitted", "Sign in over HTTPS: a cookie does not travel in the clear.")
        password = Secret(asked.password.get_secret_value())
        signed_in = await self.sessions.sign_in(asked.account, password, request.source, bearer=asked.bearer)
        if not asked.bearer and request.cookie:
            old = await self.sessions.resolve(request.cookie)
            if old is not None:
                await self.sessions.sign_out(old)
        return _new(signed_in, request)

    async def get(self, request: Request) -> SessionState:
        return _state(request.who)

    async def sign_out(self, request: Request) -> Reply:
        await self.sessions.sign_out(request.who)
        return Reply(None, {"Set-Cookie": _cookie("", request) + "; Max-Age=0"})

    async def change_password(self, request: Request) -> Reply:
        asked = request.sent(PasswordChange)
        old, new = Secret(asked.old.get_secret_value()), Secret(asked.new.get_secret_value())
        return _new(await self.sessions.change_password(request.who, old, new, request.source), request)


def me(user: User, administers: bool) -> Me:
    return Me(
        id=user.id,
        name=user.name,
        account=user.account or user.jid,
        administrator=administers,
        must_change_password=user.must_change_password,
    )


def _state(session: Session) -> SessionState:
    return SessionState(
        user=me(session.user, session.administers), csrf=None if session.bearer else session.csrf.reveal()
    )


def _new(signed_in: SignedIn, request: Request) -> Reply:
    session, text = signed_in.session, signed_in.text.reveal()
    if session.bearer:
        return Reply(SessionState(user=me(session.user, session.administers), token=text))
    return Reply(_state(session), {"Set-Cookie": _cookie(text, request)})


def _cookie(text: str, request: Request) -> str:
    """Of this browser session; Secure where people came by TLS, for a browser would not keep it otherwise."""
    secure = "; Secure" if request.transport is not None and request.transport.encrypted else ""
    return f"{COOKIE}={text}; Path={COOKIE_PATH}; HttpOnly; SameSite=Strict{secure}"
