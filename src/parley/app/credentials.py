"""Who may administer: verifying, adding and removing administrators.

A verification is slow on purpose (the hasher), so it runs in a thread, few at a time, and a credential that was
found good is remembered for a while under a keyed hash. Guessing is bounded per source address.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass

import structlog

from ..core.attempts import source_key
from ..core.people import Administrator
from ..core.refusals import Refusal
from ..core.secret import Secret
from .changes import Change, Changes
from .ports import Clock, PasswordHasher, Store

log = structlog.get_logger(__name__)

NAME_MOST = 256
PASSWORD_MOST = 1024


class Busy(Exception):
    """Too many verifications wait already; try again later."""


@dataclass(frozen=True, slots=True)
class CredentialLimits:
    """Bounds. Seconds and counts.

    failures: wrong attempts of one source within `window`, after which it is refused unverified. A credential
    that the same source has proved lately still passes, so that a guesser behind the same address or proxy does
    not lock others out, until failures x `patience` refusals: then nothing passes.
    """

    remember: float = 300.0
    failures: int = 10
    window: float = 60.0
    patience: int = 10
    at_once: int = 1  # verifications in threads: hashing must leave processors to the calls
    waiting: int = 50  # those and the ones that wait for a thread
    sources: int = 10_000  # remembered at most; the longest silent is forgotten first
    credentials: int = 1_000


class Credentials:
    """The use cases around administrators."""

    def __init__(
        self,
        store: Store,
        hasher: PasswordHasher,
        changes: Changes,
        clock: Clock,
        limits: CredentialLimits | None = None,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._changes = changes
        self._clock = clock
        self._limits = limits or CredentialLimits()
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()  # keyed hash -> good until
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()  # source -> times of wrong attempts
        self._epoch = 0  # rises when an administrator changes, so that a verification in flight is not remembered
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._waiting = 0
        self._decoy: str | None = None  # a hash of nobody's password: unknown names take as long as known ones
        changes.subscribe(self._on_change)

    # --- verifying -------------------------------------------------------------------------------------------

    async def verify(self, name: str, password: str, source: str) -> bool:
        """Is this the password of that administrator? source: the network address of the asker. Raises Busy."""
        source = source_key(source)
        now = self._clock.now()
        wrong = self._wrong(source, now)
        if wrong >= self._limits.failures * self._limits.patience:
            return False
        digest = self._digest(name, password, source)
        if self._is_remembered(digest, now):
            return True
        # The attempt counts as wrong until it has proved right, so that many at once cannot slip through.
        self._note(source, now)
        if wrong >= self._limits.failures:
            return False
        if len(name) > NAME_MOST or len(password) > PASSWORD_MOST:
            return False
        epoch = self._epoch
        if not await self._verify(name, password):
            log.warning("an administrator's credential was refused", source=source)
            return False
        self._forgive(source, now)
        if epoch == self._epoch:
            self._remember(digest, now)
        return True

    async def _verify(self, name: str, password: str) -> bool:
        if self._waiting >= self._limits.waiting:
            raise Busy
        self._waiting += 1
        try:
            async with self._slots:
                async with self._store.reading() as tx:
                    administrator = await tx.administrator(name)
                if self._decoy is None:
                    self._decoy = await asyncio.to_thread(self._hasher.hash, secrets.token_hex(16))
                hashed = administrator.password_hash.reveal() if administrator else self._decoy
                right = await asyncio.to_thread(self._hasher.verify, password, hashed)
                return right and administrator is not None
        finally:
            self._waiting -= 1

    def _digest(self, *parts: str) -> bytes:
        data = b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts)
        return hmac.digest(self._key, data, hashlib.sha256)

    def _is_remembered(self, digest: bytes, now: float) -> bool:
        until = self._remembered.get(digest)
        if until is not None and now >= until:
            del self._remembered[digest]
            return False
        return until is not None

    def _remember(self, digest: bytes, now: float) -> None:
        self._remembered[digest] = now + self._limits.remember
        while len(self._remembered) > self._limits.credentials:
            self._remembered.popitem(last=False)

    def _on_change(self, change: Change) -> None:
        if change.kind == "administrator":
            self._epoch += 1
            self._remembered.clear()

    # --- counting --------------------------------------------------------------------------------------------

    def _wrong(self, source: str, now: float) -> int:
        times = self._attempts.get(source)
        if times is None:
            return 0
        while times and times[0] <= now - self._limits.window:
            times.popleft()
        if not times:
            del self._attempts[source]
        return len(times)

    def _note(self, source: str, now: float) -> None:
        most = self._limits.failures * self._limits.patience
        self._attempts.setdefault(source, deque(maxlen=most)).append(now)
        self._attempts.move_to_end(source)
        while len(self._attempts) > self._limits.sources:
            self._attempts.popitem(last=False)

    def _forgive(self, source: str, at: float) -> None:
        times = self._attempts.get(source)
        if times is not None and at in times:
            times.remove(at)

    # --- administrators --------------------------------------------------------------------------------------

    async def add_administrator(self, name: str, password: str) -> None:
        """Adds one, or gives an existing one a new password. Raises Refusal invalid."""
        _check(name, password)
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        async with self._store.transaction() as tx:
            await tx.save_administrator(Administrator(name, Secret(hashed)))
        self._changes.publish(Change("administrator", name))

    async def remove_administrator(self, name: str) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            if await tx.administrator(name) is None:
                raise Refusal("not-found", kind="administrator", id=name)
            await tx.delete_administrator(name)
        self._changes.publish(Change("administrator", name, deleted=True))

    async def administrators(self) -> list[str]:
        """Their names."""
        async with self._store.reading() as tx:
            return [administrator.name for administrator in await tx.administrators()]

    async def bootstrap(self, name: str, password: str) -> bool:
        """Make the first administrator. False, and nothing done, when there is one already. Raises Refusal invalid."""
        _check(name, password)
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        async with self._store.transaction() as tx:
            if await tx.administrators():
                return False
            await tx.save_administrator(Administrator(name, Secret(hashed)))
        self._changes.publish(Change("administrator", name))
        return True


def _check(name: str, password: str) -> None:
    # HTTP Basic parts name and password at the first colon.
    if not 0 < len(name) <= NAME_MOST or ":" in name or not name.isprintable():
        raise Refusal("invalid", field="name", error="empty, too long, or with a colon or control character")
    if not 0 < len(password) <= PASSWORD_MOST:
        raise Refusal("invalid", field="password", error="empty or too long")
