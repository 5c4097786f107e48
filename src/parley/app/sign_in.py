"""Proving who somebody is: a person by password, a program by a signature with its application's key.

Guessing is bounded per account and per network address; a lock passes by itself. A signed request is taken once:
its nonce is remembered for as long as the signature is good.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass

from ..core.attempts import Attempts, AttemptSettings, Reservation
from ..core.ids import TenantId
from ..core.people import AdministratorLevel, Application, User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .accounts import AccountEdit, Accounts
from .changes import Change, Changes
from .default_administrator import default_administrator, ensure_default_administrator
from .enterprises import Enterprises
from .passwords import HashingQueue
from .ports import Clock, Store
from .tokens import API_CLIENT, Pair, Tokens

PASSWORD_MOST = 1024
ACCOUNT_MOST = 255
THIRD_MOST = 128
NONCE_LEAST, NONCE_MOST = 32, 64


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """wrong passwords of one account, of one source, within `window` seconds, after which it is locked so long.

    nonces: remembered at most; of a full memory the oldest is forgotten first. nonce_life: seconds that one is
    remembered whose signature is good for longer, or for ever.
    """

    account_wrong: int = 10
    source_wrong: int = 30
    window: float = 60.0
    nonces: int = 100_000
    nonce_life: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed login, its parts as text just as they were sent."""

    app_id: str
    user_id: str
    corporation: str
    expires: str
    nonce: str
    signature: str  # hex
    client: int = API_CLIENT
    name: str = ""
    email: str = ""
    phone: str = ""
    department: str = ""


class SignIn:
    """The use cases. Raises Refusal: bad-credential, account-disabled, locked, bad-signature, signature-expired,
    signature-used, application-disabled, not-registered, may-not-register."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        changes: Changes,
        hashing: HashingQueue,
        accounts: Accounts,
        enterprises: Enterprises,
        tokens: Tokens,
        limits: SignInLimits | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._changes = changes
        self._hashing = hashing
        self._accounts = accounts
        self._enterprises = enterprises
        self._tokens = tokens
        self._limits = limits = limits or SignInLimits()
        self._by_account = Attempts(AttemptSettings(limits.account_wrong, limits.window))
        self._by_source = Attempts(AttemptSettings(limits.source_wrong, limits.window))
        self._nonces: OrderedDict[bytes, float] = OrderedDict()  # digest -> forget at (monotonic)

    # --- people ------------------------------------------------------------------------------------------------

    async def by_password(self, account: str, password: Secret, source: str, client: int = API_CLIENT) -> Pair:
        """A session for whoever has this account and password. Raises Refusal as the class says, Busy."""
        user = await self.prove(account, password, source)
        return await self._tokens.grant(user, source, client)

    async def prove(self, account: str, password: Secret, source: str) -> User:
        """The user whose account and password these are. Raises Refusal: locked, bad-credential, account-disabled.

        An administrator of the server is proved as the default administrator of its own enterprise.
        """
        return (await self.prove_by(account, password, source))[0]

    async def prove_by(self, account: str, password: Secret, source: str) -> tuple[User, Secret]:
        """As `prove`, with the stored hash that proved it: the user's, or that of the server's administrator."""
        guesses = self._reserve(account, source)
        right = False
        try:
            user = await self._accounts.by_account(account) if len(account) <= ACCOUNT_MOST else None
            hashed = user.password_hash if user else None
            of_server = await self._of_server(account, user) if hashed is None else None
            usable = len(password.reveal()) <= PASSWORD_MOST
            right = await self._hashing.verify(password if usable else Secret(""), hashed or of_server)
        finally:
            # A guess that ended in an exception was not judged; it counts until the window has passed.
            self._settle(guesses, right)
        if right and of_server is not None:
            user = await ensure_default_administrator(self._store, self._accounts, self._changes)
        if not right or user is None:
            raise Refusal("bad-credential")
        if not user.enabled:
            raise Refusal("account-disabled")
        by = hashed or of_server
        assert by is not None
        return user, by

    async def _of_server(self, account: str, user: User | None) -> Secret | None:
        """The password hash of the server's administrator of this name, where no other account has the name."""
        if user is not None and user.level is not AdministratorLevel.DEFAULT:
            return None
        async with self._store.reading() as tx:
            administrator = await tx.administrator(account) if len(account) <= ACCOUNT_MOST else None
        return administrator.password_hash if administrator is not None else None

    def _reserve(self, account: str, source: str) -> list[tuple[Attempts, Reservation]]:
        now = self._clock.now()
        by_source = self._by_source.reserve(None, source, now)
        if by_source is None:
            raise Refusal("locked", which="source")
        key = hashlib.sha256(account.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
        by_account = self._by_account.reserve(None, key, now)
        if by_account is None:
            self._by_source.confirm(by_source, now)
            raise Refusal("locked", which="account")
        return [(self._by_source, by_source), (self._by_account, by_account)]

    def _settle(self, guesses: list[tuple[Attempts, Reservation]], right: bool) -> None:
        for counter, guess in guesses:
            if right:
                counter.release(guess, self._clock.now())
            else:
                counter.confirm(guess, self._clock.now())

    # --- programs ----------------------------------------------------------------------------------------------

    async def by_signature(self, signed: Signed, source: str, tenant: str | None = None) -> Pair:
        """A session for whom the application names; an unknown user is made where the enterprise allows it.

        tenant: the id that the corporation field means, where it means one.
        """
        now = self._clock.now()
        guess = self._by_source.reserve(None, source, now)
        if guess is None:
            raise Refusal("locked", which="source")
        async with self._store.reading() as tx:
            application = await tx.application(signed.app_id)
        # An unknown application costs as much as a wrong key and is answered alike.
        key = application.app_key.reveal() if application is not None else "-"
        if not _fits(key, signed) or application is None:
            self._by_source.confirm(guess, now)
            raise Refusal("bad-signature")
        self._by_source.release(guess, now)
        self._check_fresh(signed)
        if not application.enabled:
            raise Refusal("application-disabled")
        user = await self._meant(application, signed, tenant)
        if not user.enabled:
            raise Refusal("account-disabled")
        return await self._tokens.grant(user, source, signed.client)

    def _check_fresh(self, signed: Signed) -> None:
        """Raises Refusal: signature-expired, signature-used."""
        if not NONCE_LEAST <= len(signed.nonce) <= NONCE_MOST:
            raise Refusal("invalid", field="nonce", error=f"must have {NONCE_LEAST} to {NONCE_MOST} characters")
        left = self._limits.nonce_life
        if (expires := int(signed.expires)) != 0:
            left = expires - self._clock.utc().timestamp()
            if left < 0:
                raise Refusal("signature-expired", field="expires", error="lies in the past")
        now = self._clock.now()
        self._forget_nonces(now)
        digest = hashlib.sha256(f"{signed.app_id}\0{signed.nonce}".encode("utf-8", "surrogatepass")).digest()
        if self._nonces.get(digest, now) > now:
            raise Refusal("signature-used", field="nonce", error="was used before")
        self._nonces[digest] = now + min(left, self._limits.nonce_life) + 1
        self._nonces.move_to_end(digest)

    def _forget_nonces(self, now: float) -> None:
        """A few of the oldest at a time, so that no login pays for many."""
        for _ in range(4):
            oldest = next(iter(self._nonces), None)
            if oldest is None or (self._nonces[oldest] > now and len(self._nonces) < self._limits.nonces):
                return
            del self._nonces[oldest]

    async def _meant(self, application: Application, signed: Signed, named: str | None) -> User:
        """The user for whom the application asks."""
        tenant = application.tenant
        if named:
            tenant = await self._corporation(application, named)
        if not signed.user_id:
            async with self._store.reading() as tx:
                administrator = await default_administrator(tx, tenant)
            return administrator or await ensure_default_administrator(
                self._store, self._accounts, self._changes, tenant
            )
        async with self._store.reading() as tx:
            user = await self._accounts.read_third(tx, tenant, signed.user_id)
        return user or await self._register(tenant, signed)

    async def _corporation(self, application: Application, named: str) -> TenantId | None:
        """The installation's own applications may act in every tenant, others in their own. Raises Refusal."""
        id = TenantId(named)
        if application.tenant is not None:
            if id != application.tenant:
                raise Refusal("bad-signature")
            return id
        async with self._store.reading() as tx:
            if await tx.tenants.get(id) is None:
                raise Refusal("unknown-reference", kind="tenant", field="corporation", error="is not known")
        return id

    async def _register(self, tenant: TenantId | None, signed: Signed) -> User:
        if len(signed.user_id) > THIRD_MOST or not signed.user_id.isprintable():
            raise Refusal("may-not-register", field="user_id", error=f"is longer than {THIRD_MOST}, or not printable")
        async with self._store.transaction() as tx:
            if not (await self._enterprises.read(tx, tenant)).auto_create_users:
                raise Refusal("not-registered", field="user_id", error="is not known")
            # Two logins at once: the second finds what the first has made.
            user = await self._accounts.read_third(tx, tenant, signed.user_id)
            if user is not None:
                return user
            edit = AccountEdit(
                name=signed.name or signed.user_id,
                email=signed.email,
                phone=signed.phone,
                department=signed.department or "1",
            )
            try:
                user = await self._accounts.add(tx, tenant, edit, third_account=signed.user_id)
            except Refusal as refusal:
                raise Refusal("may-not-register", **{"error": refusal.code, **refusal.data}) from None
        self._changes.publish(Change("user", user.id))
        return user


def _fits(key: str, signed: Signed) -> bool:
    """HMAC-SHA256 of the parts, with the corporation among them where it is named, and perhaps where it is not."""
    short = (signed.app_id, signed.user_id, signed.expires, signed.nonce)
    long = (signed.app_id, signed.corporation, signed.user_id, signed.expires, signed.nonce)
    given = signed.signature.lower().encode("utf-8", "replace")
    fits = hmac.compare_digest(_signature(key, long), given)
    if not signed.corporation:
        fits |= hmac.compare_digest(_signature(key, short), given)
    return fits


def _signature(key: str, parts: tuple[str, ...]) -> bytes:
    data = ":".join(parts).encode("utf-8", "surrogatepass")
    return hmac.new(key.encode(), data, hashlib.sha256).hexdigest().encode()
