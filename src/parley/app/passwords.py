"""Passwords of users: the rules for new ones, changing and resetting.

Hashing is slow on purpose, so it runs in threads, few at a time (HashingQueue), never on the event loop.
"""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .account_rights import check_may_reset
from .accounts import Accounts, FirstPassword
from .booking import Actor
from .changes import Change, Changes
from .credentials import Busy
from .ports import Clock, PasswordHasher, Store, Transaction
from .tokens import Tokens

LENGTH_LEAST, LENGTH_MOST = 8, 32
SPECIAL = "`~!@#$%^&*()-_=+\\|[{}];:'\",<.>/? "
REPEATS_MOST = 3  # of one character in a row
DIFFERENT_LEAST = 2  # characters of the new one that are not the old one's at that place
_LOOKALIKES = set("0O1lI")


@dataclass(frozen=True, slots=True)
class PasswordLimits:
    """history: how many earlier passwords may not come back. pause: seconds between changes by the user."""

    history: int = 5
    pause: int = 300
    at_once: int = 1  # hashes in threads: hashing must leave processors to the calls
    waiting: int = 50


T = TypeVar("T")


class HashingQueue:
    """The hasher behind a short queue. Raises Busy when it is full."""

    def __init__(self, hasher: PasswordHasher, limits: PasswordLimits | None = None) -> None:
        limits = limits or PasswordLimits()
        self._hasher = hasher
        self._slots = asyncio.Semaphore(limits.at_once)
        self._most = limits.waiting
        self._waiting = 0
        self._decoy: Secret | None = None

    async def hash(self, password: Secret) -> Secret:
        return Secret(await self._run(lambda: self._hasher.hash(password.reveal())))

    async def verify(self, password: Secret, hashed: Secret | None) -> bool:
        """hashed None: there is no password; it takes as long as a wrong one."""
        if hashed is None and self._decoy is None:
            self._decoy = await self.hash(Secret(secrets.token_hex(16)))
        against = hashed or self._decoy
        assert against is not None
        right = await self._run(lambda: self._hasher.verify(password.reveal(), against.reveal()))
        return right and hashed is not None

    async def any_of(self, password: Secret, hashes: tuple[Secret, ...]) -> bool:
        """Does the password fit one of these?"""
        for one in hashes:
            if await self.verify(password, one):
                return True
        return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._most:
            raise Busy
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def check_rules(password: Secret, names: tuple[str, ...], *, strict: bool = False, field: str = "password") -> None:
    """The rules that need nothing but the password itself. names: account and the like, which it must not hold.

    strict: upper and lower case and digits, as for a reset. Raises Refusal password-length, -characters, -classes,
    -repeats, -account.
    """
    text = password.reveal()
    if not LENGTH_LEAST <= len(text) <= LENGTH_MOST:
        raise _broken("length", field, f"must have {LENGTH_LEAST} to {LENGTH_MOST} characters")
    if any(mark not in string.ascii_letters + string.digits + SPECIAL for mark in text):
        raise _broken("characters", field, "holds a character that is not allowed")
    upper, lower = any(m.isupper() for m in text), any(m.islower() for m in text)
    digit, special = any(m.isdigit() for m in text), any(m in SPECIAL for m in text)
    if strict and not (upper and lower and digit):
        raise _broken("classes", field, "must hold upper and lower case letters and digits")
    if upper + lower + digit + special < 2:
        raise _broken("classes", field, "must hold two of: upper case, lower case, digits, other characters")
    if any(len(set(text[at : at + REPEATS_MOST + 1])) == 1 for at in range(len(text) - REPEATS_MOST)):
        raise _broken("repeats", field, f"repeats a character more than {REPEATS_MOST} times")
    folded = text.lower()
    for name in names:
        plain = name.lower()
        if plain and (plain in folded or plain[::-1] in folded):
            raise _broken("account", field, "holds the account, or the account backwards")


def _broken(rule: str, field: str, error: str) -> Refusal:
    return Refusal(f"password-{rule}", field=field, error=error)


# Tells a person a password made for them, inside the unit of work that sets it.
Announce = Callable[[Transaction, User, Secret], Awaitable[None]]
# Tells a person of a new account, inside the unit of work that makes it; with a password where one was made.
Welcome = Callable[[Transaction, User, Secret | None], Awaitable[None]]


class Passwords:
    """The use cases. announce and welcome: None where nothing can be sent to people; then no password is made for
    anybody."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        changes: Changes,
        hashing: HashingQueue,
        accounts: Accounts,
        tokens: Tokens,
        limits: PasswordLimits | None = None,
        announce: Announce | None = None,
        welcome: Welcome | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._changes = changes
        self._hashing = hashing
        self._accounts = accounts
        self._tokens = tokens
        self._limits = limits or PasswordLimits()
        self._announce = announce
        self._welcome = welcome

    @property
    def limits(self) -> PasswordLimits:
        return self._limits

    async def hashed(self, password: Secret, names: tuple[str, ...], field: str = "password") -> Secret:
        """Of a new user's password. Raises Refusal password-..., Busy."""
        check_rules(password, names, field=field)
        return await self._hashing.hash(password)

    async def first(
        self, given: Secret | None, names: tuple[str, ...], *, tells: bool, field: str = "password"
    ) -> FirstPassword:
        """For a new account. tells: the person is to hear of it by mail, with a password made here unless one is given.

        Where no mail is sent nobody is told and none is made. Raises Refusal password-..., Busy.
        """
        welcome = self._welcome if tells else None
        if given is not None:
            hashed = await self.hashed(given, names, field)
            return FirstPassword(hashed, tell=_telling(welcome, None) if welcome else None)
        if welcome is None:
            return FirstPassword()
        made = generated(names)
        return FirstPassword(await self._hashing.hash(made), temporary=True, tell=_telling(welcome, made))

    async def change(self, user: User, old: Secret, new: Secret, keep_token: str | None = None) -> None:
        """By the user, whose old password is proved already. Raises Refusal password-..., Busy.

        keep_token: the session that goes on; all others of the user end.
        """
        changed = user.password_changed
        recently = changed is not None and self._clock.utc() < changed + timedelta(seconds=self._limits.pause)
        if recently and not user.must_change_password:
            raise _broken("too-soon", "new", f"must be {self._limits.pause} s after the last change")
        if new == old:
            raise _broken("unchanged", "new", "is the old password")
        check_rules(new, names_of(user), field="new")
        if _differences(old.reveal(), new.reveal()) < DIFFERENT_LEAST:
            raise _broken("similar", "new", f"must differ in {DIFFERENT_LEAST} characters at least")
        await self._set(user, new, temporary=False, keep_token=keep_token)

    async def reset(self, actor: Actor, account: str, new: Secret, temporary: bool) -> None:
        """By an administrator. Raises Refusal not-permitted, not-found, password-..., Busy."""
        user = await self._accounts.find(actor, account)
        check_may_reset(actor, user)
        check_rules(new, names_of(user), strict=True, field="new")
        await self._set(user, new, temporary=temporary)

    async def reset_and_tell(self, actor: Actor, account: str) -> None:
        """Make a temporary password and send it. Raises Refusal not-permitted, not-found, missing(email), Busy."""
        user = await self._accounts.find(actor, account)
        check_may_reset(actor, user)
        if self._announce is None:
            raise Refusal("not-permitted", what="reset-without-mail", error="this server sends no mail")
        if not user.email:
            raise Refusal("missing", field="email")
        await self._set(user, generated(names_of(user)), temporary=True, announce=self._announce)

    async def _set(
        self,
        user: User,
        new: Secret,
        *,
        temporary: bool,
        keep_token: str | None = None,
        announce: Announce | None = None,
    ) -> None:
        if await self._hashing.any_of(new, user.password_history):
            raise _broken("reused", "new", f"was one of the last {self._limits.history}")
        hashed = await self._hashing.hash(new)
        async with self._store.transaction() as tx:
            latest = await tx.users.get(user.id)
            if latest is None:
                raise Refusal("not-found", kind="user", id=user.id)
            if latest.password_hash != user.password_hash:
                raise _broken("too-soon", "new", "the password was changed by somebody else just now")
            latest = replace(
                latest,
                password_hash=hashed,
                password_history=(hashed, *latest.password_history)[: self._limits.history],
                password_changed=self._clock.utc(),
                must_change_password=temporary,
            )
            await tx.users.save(latest)
            if announce is not None:
                await announce(tx, latest, new)
        self._changes.publish(Change("user", user.id))
        await self._tokens.forget_user(user.id, keep=keep_token)


def names_of(user: User) -> tuple[str, ...]:
    """What a password must not hold: the account without its domain, and the third account."""
    return tuple(name.partition("@")[0] for name in (user.account or user.jid, user.third_account or "") if name)


def _telling(welcome: Welcome, password: Secret | None) -> Callable[[Transaction, User], Awaitable[None]]:
    return lambda tx, user: welcome(tx, user, password)


def generated(names: tuple[str, ...] = ()) -> Secret:
    """A password that keeps every rule, without characters that look alike. names: which it must not hold."""
    letters = [mark for mark in string.ascii_letters + string.digits if mark not in _LOOKALIKES]
    while True:
        text = "".join(secrets.choice(letters) for _ in range(12))
        try:
            check_rules(Secret(text), names, strict=True)
        except Refusal:
            continue
        return Secret(text)


def _differences(old: str, new: str) -> int:
    same = sum(one == other for one, other in zip(old, new, strict=False))
    return max(len(old), len(new)) - same
