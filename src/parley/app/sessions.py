"""Sessions of the native API: signing in, who somebody is, signing out, changing one's password.

A session is 256 random bits; the store holds their SHA-256 alone. A page carries them in a cookie, a program in
`Authorization: Bearer`; neither kind passes as the other. A session is bound to the password it came by, so that
another password, whoever sets it and by whatever way, ends it; so does the end of its user or administrator.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..core.people import AdministratorLevel, Token, TokenKind, User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .changes import Change, Changes
from .passwords import Passwords
from .ports import Clock, Store, Transaction
from .sign_in import SignIn
from .tokens import TOKEN_TEXT_MOST, new_text, token_id

COOKIE = "parley_session"
COOKIE_PREFIX, BEARER_PREFIX = "psc", "psb"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """idle: seconds without a request after which a session ends; life: after which it ends in any case.

    touch: seconds of use that may go unnoted, so that not every request writes. per_user: live ones; the oldest goes.
    """

    idle: int = 4 * 3600
    life: int = 24 * 3600
    touch: int = 300
    per_user: int = 50
    remember: float = 5.0
    remembered: int = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. id: of the session, no secret. csrf: what a page adds to every changing request.

    expires: when it ends if nothing more is asked (UTC). bearer: it is a program's, and needs no `csrf`.
    """

    id: str
    user: User
    csrf: Secret
    expires: datetime
    bearer: bool = False

    @property
    def administers(self) -> bool:
        """Everything of this installation."""
        return self.user.level is not AdministratorLevel.NONE and self.user.tenant is None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. text: as its owner gets it, this once."""

    text: Secret
    session: Session


class Sessions:
    """The use cases."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        changes: Changes,
        sign_in: SignIn,
        passwords: Passwords,
        limits: SessionLimits | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sign_in = sign_in
        self._passwords = passwords
        self._limits = limits or SessionLimits()
        # id of the session -> (it, forget at (monotonic))
        self._known: OrderedDict[str, tuple[Session, float]] = OrderedDict()
        self._epoch = 0  # rises with every change, so that what was read before is not remembered after
        changes.subscribe(self._on_change)

    # --- signing in and out ------------------------------------------------------------------------------------

    async def sign_in(self, account: str, password: Secret, source: str, *, bearer: bool = False) -> SignedIn:
        """A new session, always with a new id. account: account or jid. Raises Refusal as SignIn.prove, Busy."""
        user, by = await self._sign_in.prove_by(account, password, source)
        return await self._open(user, by, source, bearer)

    async def resolve(self, text: str, *, bearer: bool = False) -> Session | None:
        """Whose session this is, by what the cookie (or the bearer's header) holds. None: nobody's, any more."""
        if not text.startswith(BEARER_PREFIX if bearer else COOKIE_PREFIX) or len(text) > TOKEN_TEXT_MOST:
            return None
        id, now = token_id(text), self._clock.utc()
        known = self._known.get(id)
        if known is not None and self._clock.now() < known[1]:
            return known[0] if now < known[0].expires else None
        self._known.pop(id, None)
        epoch = self._epoch
        async with self._store.reading() as tx:
            found = await _valid(tx, id, now)
        if found is None:
            return None
        token, user = found
        if self._idle_end(token, now) - token.expires >= timedelta(seconds=self._limits.touch):
            touched = await self._touch(id, now)
            if touched is None:
                return None
            token = touched
        session = _session(text, token, user)
        if epoch == self._epoch:
            self._known[id] = session, self._clock.now() + self._limits.remember
            while len(self._known) > self._limits.remembered:
                self._known.popitem(last=False)
        return session

    async def sign_out(self, session: Session) -> None:
        """It is dead from now on."""
        await self._drop(session.id)

    async def change_password(self, session: Session, old: Secret, new: Secret, source: str) -> SignedIn:
        """By the user. All his sessions end and a new one begins, of the same kind.

        Raises Refusal: locked, bad-credential, password-..., not-permitted (the server's administrator has no
        password here), Busy.
        """
        user = session.user
        if user.password_hash is None:
            raise Refusal("not-permitted", what="change-password", error="the server's administrator is set elsewhere")
        proved, _ = await self._sign_in.prove_by(user.account or user.jid, old, source)
        if proved.id != user.id:
            raise Refusal("bad-credential")
        await self._passwords.change(proved, old, new)
        async with self._store.reading() as tx:
            latest = await tx.users.get(user.id)
        if latest is None or latest.password_hash is None or not latest.enabled:
            raise Refusal("bad-credential")
        return await self._open(latest, latest.password_hash, source, session.bearer)

    # --- inside ------------------------------------------------------------------------------------------------

    async def _open(self, user: User, by: Secret, source: str, bearer: bool) -> SignedIn:
        now = self._clock.utc()
        text = new_text(BEARER_PREFIX if bearer else COOKIE_PREFIX)
        expires = now + timedelta(seconds=min(self._limits.idle, self._limits.life))
        id = token_id(text.reveal())
        token = Token(id, TokenKind.SESSION, user.id, now, expires, source, pair=_mark(by))
        async with self._store.transaction() as tx:
            await tx.tokens.forget_expired(now)
            there = await _of_user(tx, user.id)
            crowd = [one.id for one in there[: max(0, len(there) - self._limits.per_user + 1)]]
            for id in crowd:
                await tx.tokens.delete(id)
            await tx.tokens.add(token)
        self._unlearn(crowd)
        return SignedIn(text, _session(text.reveal(), token, user))

    def _idle_end(self, token: Token, now: datetime) -> datetime:
        return min(now + timedelta(seconds=self._limits.idle), token.created + timedelta(seconds=self._limits.life))

    async def _touch(self, id: str, now: datetime) -> Token | None:
        """It is in use: its end moves. None: it was ended meanwhile."""
        async with self._store.transaction() as tx:
            token = await tx.tokens.get(id)
            if token is None:
                return None
            token = replace(token, expires=self._idle_end(token, now))
            await tx.tokens.save(token)
            return token

    async def _drop(self, id: str) -> None:
        async with self._store.transaction() as tx:
            await tx.tokens.delete(id)
        self._unlearn([id])

    def _unlearn(self, ids: list[str]) -> None:
        """After the commit: who reads from now on finds nothing, and who has read before it does not remember it."""
        self._epoch += 1
        for id in ids:
            self._known.pop(id, None)

    def _on_change(self, change: Change) -> None:
        if change.kind in {"user", "administrator"}:
            self._epoch += 1
            for id in [
                id
                for id, (session, _) in self._known.items()
                if change.kind == "administrator" or session.user.id == change.id
            ]:
                del self._known[id]


async def _valid(tx: Transaction, id: str, now: datetime) -> tuple[Token, User] | None:
    token = await tx.tokens.get(id)
    if token is None or token.kind is not TokenKind.SESSION or token.user is None or now >= token.expires:
        return None
    user = await tx.users.get(token.user)
    if user is None or not user.enabled or token.pair not in await _marks(tx, user):
        return None
    return token, user


async def _marks(tx: Transaction, user: User) -> set[str]:
    """Of every password that this user may sign in with now."""
    hashes = [user.password_hash] if user.password_hash is not None else []
    if user.level is AdministratorLevel.DEFAULT and user.tenant is None:
        hashes += [administrator.password_hash for administrator in await tx.administrators()]
    return {_mark(hashed) for hashed in hashes}


def _mark(hashed: Secret) -> str:
    return hashlib.sha256(b"session\0" + hashed.reveal().encode()).hexdigest()


async def _of_user(tx: Transaction, user: str) -> list[Token]:
    """His sessions, oldest first."""
    return [token for token in await tx.tokens.of_user(user) if token.kind is TokenKind.SESSION]


def _session(text: str, token: Token, user: User) -> Session:
    # From the text, which the store does not have: a copy of the store gives no CSRF token either.
    digest = hmac.digest(text.encode(), b"parley csrf", hashlib.sha256)
    csrf = Secret(base64.urlsafe_b64encode(digest).decode().rstrip("="))
    return Session(token.id, user, csrf, token.expires, text.startswith(BEARER_PREFIX))
