"""Bearer tokens: giving, resolving, refreshing and taking them back.

A token is 256 random bits; the store holds its SHA-256 alone, so a copy of the database opens nothing. What a token
resolves to is remembered for a moment and forgotten at every change of its user.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..core.ids import UserId
from ..core.people import Token, TokenKind, User
from ..core.secret import Secret
from ..core.spaces import Role
from .booking import Actor
from .changes import Change, Changes
from .ports import Clock, Store, Transaction

TOKEN_TEXT_MOST = 256
ACCESS_PREFIX, REFRESH_PREFIX, CONTROL_PREFIX, SOCKET_PREFIX = "pat", "prt", "pct", "pwt"
API_CLIENT = 72  # the kind of client that programs name themselves


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """Lifetimes in seconds, counts, and how long a resolved token is remembered.

    access is above the 12 h after which the vendor's SDK logs in anew by its own clock.
    """

    access: int = 57_600
    refresh: int = 2_592_000
    control: int = 1800
    socket: int = 60
    per_user: int = 64  # live ones of programs; other kinds of client have one each
    remember: float = 5.0
    remembered: int = 10_000


@dataclass(frozen=True, slots=True)
class Granted:
    """A token as its owner gets it, this once."""

    text: Secret
    token: Token


@dataclass(frozen=True, slots=True)
class Pair:
    """What a login gives. user: whom it speaks for."""

    access: Granted
    refresh: Granted
    user: User
    replaced: bool = False  # another session was dropped for it


@dataclass(frozen=True, slots=True)
class ControlPass:
    """What a control or socket token allows: to act on one running conference (its number), in a role."""

    conference: str
    role: Role
    user: UserId | None
    expires: datetime  # UTC
    token: str = field(default="", repr=False)  # its id


class Tokens:
    """The use cases."""

    def __init__(self, store: Store, clock: Clock, changes: Changes, limits: TokenLimits | None = None) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits or TokenLimits()
        # id of the token -> (its user, who that is, forget at (monotonic), expires (UTC))
        self._known: OrderedDict[str, tuple[str, Actor, float, datetime]] = OrderedDict()
        self._epoch = 0  # rises when a user changes, so that what was read before is not remembered after
        changes.subscribe(self._on_change)

    @property
    def limits(self) -> TokenLimits:
        return self._limits

    # --- signing in and out ------------------------------------------------------------------------------------

    async def grant(self, user: User, source: str, client: int = API_CLIENT) -> Pair:
        """A new access token with its refresh token; the oldest goes when the user has too many."""
        async with self._store.transaction() as tx:
            await tx.tokens.forget_expired(self._clock.utc())
            crowd = await self._make_room(tx, user.id, client)
            pair = await self._pair(tx, user, source, client)
        self._unlearn(crowd)
        return replace(pair, replaced=bool(crowd))

    async def refresh(self, text: str, source: str) -> Pair | None:
        """A new pair for an access or a refresh token. None: the token is not valid, or its user may not sign in.

        A refresh token dies with its access token. An access token that was used for it lives on until its own end:
        clients that hold one never look for a new one in answers.
        """
        now = self._clock.utc()
        async with self._store.transaction() as tx:
            token = await self._valid(tx, text, (TokenKind.ACCESS, TokenKind.REFRESH), now)
            user = await tx.users.get(token.user) if token is not None and token.user is not None else None
            if token is None or user is None or not user.enabled:
                return None
            dropped: list[str] = []
            if token.kind is TokenKind.REFRESH:
                dropped += await _drop(tx, token)
            elif token.pair is not None:
                await tx.tokens.delete(token.pair)
                await tx.tokens.save(replace(token, pair=None))
            dropped += await self._make_room(tx, user.id, token.client)
            pair = await self._pair(tx, user, source, token.client)
        self._unlearn(dropped)
        return pair

    async def session(self, text: str) -> tuple[Token, User] | None:
        """The access token itself and its user, from the store. None: it is not valid."""
        async with self._store.reading() as tx:
            token = await self._valid(tx, text, (TokenKind.ACCESS,), self._clock.utc())
            user = await tx.users.get(token.user) if token is not None and token.user is not None else None
            return (token, user) if token is not None and user is not None and user.enabled else None

    async def leave(self, text: str) -> None:
        """The access token and its refresh token are dead from now on."""
        async with self._store.transaction() as tx:
            token = await tx.tokens.get(token_id(text))
            dropped = await _drop(tx, token) if token is not None else []
        self._unlearn(dropped)

    async def forget_user(self, user: str, keep: str | None = None) -> None:
        """Every token of a user is dead, as after a changed password; keep: the text of one that stays."""
        kept = token_id(keep) if keep else ""
        async with self._store.transaction() as tx:
            doomed = [token for token in await tx.tokens.of_user(user) if kept not in (token.id, token.pair)]
            for token in doomed:
                await tx.tokens.delete(token.id)
        self._unlearn([token.id for token in doomed])

    async def actor(self, text: str, source: str = "") -> Actor | None:
        """Who an access token speaks for. None: it is not valid, or its user is gone or disabled."""
        if not 0 < len(text) <= TOKEN_TEXT_MOST:
            return None
        id, now = token_id(text), self._clock.utc()
        known = self._known.get(id)
        if known is not None and self._clock.now() < known[2]:
            return replace(known[1], source=source) if now < known[3] else None
        self._known.pop(id, None)
        epoch = self._epoch
        found = await self.session(text)
        if found is None:
            return None
        token, user = found
        actor = Actor(user.id, user.tenant, user.level, source)
        if epoch == self._epoch:
            self._known[id] = (user.id, actor, self._clock.now() + self._limits.remember, token.expires)
            while len(self._known) > self._limits.remembered:
                self._known.popitem(last=False)
        return actor

    # --- one conference ----------------------------------------------------------------------------------------

    async def grant_control(self, conference: str, role: Role, user: UserId | None, source: str = "") -> Granted:
        """A token to act on one running conference, by its number. The caller has proved the right to it."""
        return await self._grant_pass(TokenKind.CONTROL, conference, role, user, source)

    async def grant_socket(self, conference: str, role: Role, user: UserId | None, source: str = "") -> Granted:
        """A token that opens one WebSocket, once, within a minute."""
        return await self._grant_pass(TokenKind.SOCKET, conference, role, user, source)

    async def control(self, text: str) -> ControlPass | None:
        """None: the token is not valid."""
        async with self._store.reading() as tx:
            return _pass(await self._valid(tx, text, (TokenKind.CONTROL,), self._clock.utc()))

    async def extend_control(self, text: str) -> ControlPass | None:
        """The same token, alive for a whole lifetime more. None: it is not valid."""
        now = self._clock.utc()
        async with self._store.transaction() as tx:
            token = await self._valid(tx, text, (TokenKind.CONTROL,), now)
            if token is None:
                return None
            token = replace(token, expires=now + timedelta(seconds=self._limits.control))
            await tx.tokens.save(token)
        return _pass(token)

    async def take_socket(self, text: str) -> ControlPass | None:
        """Uses a socket token up. None: it is not valid, or was used."""
        async with self._store.transaction() as tx:
            token = await self._valid(tx, text, (TokenKind.SOCKET,), self._clock.utc())
            if token is not None:
                await tx.tokens.delete(token.id)
            return _pass(token)

    # --- inside ------------------------------------------------------------------------------------------------

    async def _grant_pass(
        self, kind: TokenKind, conference: str, role: Role, user: UserId | None, source: str
    ) -> Granted:
        now = self._clock.utc()
        prefix, life = (
            (CONTROL_PREFIX, self._limits.control)
            if kind is TokenKind.CONTROL
            else (SOCKET_PREFIX, self._limits.socket)
        )
        text = new_text(prefix)
        token = Token(
            token_id(text.reveal()),
            kind,
            user,
            now,
            now + timedelta(seconds=life),
            source,
            conference=conference,
            role=role,
        )
        async with self._store.transaction() as tx:
            await tx.tokens.forget_expired(now)
            await tx.tokens.add(token)
        return Granted(text, token)

    async def _pair(self, tx: Transaction, user: User, source: str, client: int) -> Pair:
        now = self._clock.utc()
        texts = new_text(ACCESS_PREFIX), new_text(REFRESH_PREFIX)
        ids = tuple(token_id(text.reveal()) for text in texts)
        lives = self._limits.access, self._limits.refresh
        access, refresh = (
            Granted(
                text,
                Token(id, kind, user.id, now, now + timedelta(seconds=life), source, client, pair=other),
            )
            for text, id, kind, life, other in zip(
                texts, ids, (TokenKind.ACCESS, TokenKind.REFRESH), lives, reversed(ids), strict=True
            )
        )
        await tx.tokens.add(access.token)
        await tx.tokens.add(refresh.token)
        return Pair(access, refresh, user)

    async def _make_room(self, tx: Transaction, user: str, client: int) -> list[str]:
        """Drops the oldest sessions of this kind of client, so that one more is allowed; the ids of their tokens."""
        most = self._limits.per_user if client == API_CLIENT else 1
        now = self._clock.utc()
        tokens = [one for one in await tx.tokens.of_user(user) if one.client == client and now < one.expires]
        dropped: list[str] = []
        # A refresh token outlives its access token, and an access token the refresh token that was used up.
        for kind in (TokenKind.ACCESS, TokenKind.REFRESH):
            live = [one for one in tokens if one.kind is kind and one.id not in dropped]
            for token in live[: max(0, len(live) - most + 1)]:
                dropped += await _drop(tx, token)
        return dropped

    async def _valid(self, tx: Transaction, text: str, kinds: tuple[TokenKind, ...], now: datetime) -> Token | None:
        if not 0 < len(text) <= TOKEN_TEXT_MOST:
            return None
        token = await tx.tokens.get(token_id(text))
        return token if token is not None and token.kind in kinds and now < token.expires else None

    def _unlearn(self, ids: list[str]) -> None:
        """After the commit: who reads from now on finds nothing, and who has read before it does not remember it."""
        self._epoch += 1
        for id in ids:
            self._known.pop(id, None)

    def _on_change(self, change: Change) -> None:
        if change.kind == "user":
            self._epoch += 1
            for id in [id for id, known in self._known.items() if known[0] == change.id]:
                del self._known[id]


async def _drop(tx: Transaction, token: Token) -> list[str]:
    """Deletes a token and the other one of its pair; their ids."""
    ids = [token.id] if token.pair is None else [token.id, token.pair]
    for id in ids:
        await tx.tokens.delete(id)
    return ids


def _pass(token: Token | None) -> ControlPass | None:
    if token is None or token.conference is None or token.role is None:
        return None
    return ControlPass(token.conference, token.role, token.user, token.expires, token.id)


def new_text(prefix: str) -> Secret:
    """Fresh bearer text: the prefix names its kind to people, the rest is random."""
    return Secret(prefix + secrets.token_urlsafe(32))


def token_id(text: str) -> str:
    """Under what a bearer text is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
