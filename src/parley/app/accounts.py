"""People with accounts, as the JSON dialect keeps them: one table of users with the XML dialect (app/users.py).

An administrator sees and changes the users of the own enterprise alone. A person is named by account or by the name
that an application gave it (third account).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from ..core.ids import TenantId, UserId
from ..core.people import AdministratorLevel, User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .account_rights import check_administers, check_may_switch_off, check_may_touch
from .booking import Actor
from .changes import Change, Changes
from .departments import ROOT, Departments
from .editing import KEEP, ExtrasEdit, Kept, applied
from .ports import Identifiers, Page, Query, Store, Transaction
from .users import Users, by_jid

ACCOUNT = re.compile(r"[a-z0-9_.-]{1,128}(@[a-z0-9_-]{1,126}(\.[a-z0-9_-]{1,126})*)?", re.ASCII)
MAIL = re.compile(r"[^\s@<>\"(),:;\\\x00-\x1f]{1,64}@[^\s@<>\"(),:;\\\x00-\x1f]{1,190}")
PHONE = re.compile(r"\+?[0-9](?:[ -]?[0-9]){2,30}", re.ASCII)


class Naming(Enum):
    """What a text that names a person is."""

    ACCOUNT = 0
    THIRD = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEdit:
    """Also of a new account, where account or third_account names it. password_hash: already checked and hashed."""

    name: str | Kept = KEEP
    email: str | Kept = KEEP
    phone: str | Kept = KEEP
    number: str | Kept | None = KEEP
    department: str | Kept = KEEP
    enabled: bool | Kept = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """contains: in name, phone, e-mail, account or third account. departments: codes; order: key to sort by."""

    offset: int = 0
    limit: int = 10
    contains: str | None = None
    departments: frozenset[str] | None = None
    level: frozenset[AdministratorLevel] | None = None
    enabled: bool | None = None
    order: Callable[[User], Any] | None = None
    ascending: bool = True

    @property
    def plain(self) -> bool:
        """The store can answer it alone."""
        return not (self.contains or self.departments or self.level or self.order)


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """Of a new account. hashed None: nobody signs in by password. tell: to be called in the unit of work."""

    hashed: Secret | None = None
    temporary: bool = False
    tell: Callable[[Transaction, User], Awaitable[None]] | None = None


class Accounts:
    """The use cases. domain: that of sign-in names which have none."""

    def __init__(
        self,
        store: Store,
        identifiers: Identifiers,
        changes: Changes,
        users: Users,
        departments: Departments,
        domain: str,
    ) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes
        self._users = users
        self._departments = departments
        self._domain = domain

    # --- finding -----------------------------------------------------------------------------------------------

    async def get(self, id: str) -> User:
        """Raises Refusal not-found."""
        return await self._users.get(id)

    async def find(self, actor: Actor, text: str, naming: Naming = Naming.ACCOUNT) -> User:
        """A user of the actor's enterprise. Raises Refusal: not-permitted, not-found."""
        check_administers(actor, "administer-users")
        async with self._store.reading() as tx:
            return await self._found(tx, actor.tenant, text, naming)

    async def by_account(self, text: str) -> User | None:
        """Whoever signs in under this account, of any enterprise."""
        async with self._store.reading() as tx:
            return await self.read_account(tx, text)

    async def read_account(self, tx: Transaction, text: str) -> User | None:
        """As by_account, inside a unit of work."""
        name = text.strip().lower()
        items = (await tx.users.page(Query(limit=1, where={"account": name}))).items
        if items:
            return items[0]
        return await by_jid(tx, name if "@" in name else f"{name}@{self._domain}")

    async def read_third(self, tx: Transaction, tenant: TenantId | None, third: str) -> User | None:
        items = (await tx.users.page(Query(limit=1, where={"tenant": tenant, "third_account": third}))).items
        return items[0] if items else None

    async def page(self, actor: Actor, query: AccountQuery) -> Page[User]:
        """Of the actor's enterprise; without an order in order of creation."""
        where: dict[str, Any] = {"tenant": actor.tenant}
        if query.enabled is not None:
            where["enabled"] = query.enabled
        async with self._store.reading() as tx:
            if query.plain:
                return await tx.users.page(Query(query.offset, query.limit, where=where))
            everybody = (await tx.users.page(Query(where=where))).items
        matching = [user for user in everybody if _matches(user, query)]
        if query.order is not None:
            matching.sort(key=query.order, reverse=not query.ascending)
        return Page(len(matching), tuple(matching[query.offset : query.offset + query.limit]))

    async def several(self, actor: Actor, ids: Sequence[str]) -> list[User]:
        """Those of these ids that are of the actor's enterprise."""
        async with self._store.reading() as tx:
            users = [await tx.users.get(id) for id in ids]
        return [user for user in users if user is not None and user.tenant == actor.tenant]

    # --- changing ----------------------------------------------------------------------------------------------

    async def create(
        self,
        actor: Actor,
        edit: AccountEdit,
        *,
        account: str | None = None,
        third_account: str | None = None,
        password: FirstPassword | None = None,
        changed: datetime | None = None,
    ) -> User:
        """changed: when the password was set. Raises Refusal: not-permitted, missing, invalid, duplicate-name,
        unknown-reference."""
        password = password or FirstPassword()
        check_administers(actor, "administer-users")
        if isinstance(edit.name, Kept) or not edit.name:
            raise Refusal("missing", field="name")
        if not account and not third_account:
            raise Refusal("missing", field="account")
        if account and not (given(edit.phone) or given(edit.email)):
            raise Refusal("missing", field="phone", error="phone or e-mail address is needed")
        async with self._store.transaction() as tx:
            user = await self.add(
                tx, actor.tenant, edit, account=account, third_account=third_account, password_hash=password.hashed
            )
            if password.hashed is not None:
                user = replace(user, password_changed=changed, must_change_password=password.temporary)
                await tx.users.save(user)
            if password.tell is not None:
                await password.tell(tx, user)
        self._changes.publish(Change("user", user.id))
        return user

    async def add(
        self,
        tx: Transaction,
        tenant: TenantId | None,
        edit: AccountEdit,
        *,
        account: str | None = None,
        third_account: str | None = None,
        password_hash: Secret | None = None,
        level: AdministratorLevel = AdministratorLevel.NONE,
    ) -> User:
        """A new user inside a unit of work; the caller publishes. Raises Refusal as `create`."""
        _check_values(edit)
        await self._check_department(tx, tenant, edit)
        id = UserId(self._identifiers.uuid())
        account = account.strip().lower() if account else None
        if account is not None:
            await self.check_account(tx, account)
        if third_account and await self.read_third(tx, tenant, third_account) is not None:
            raise Refusal("duplicate-name", field="third_account")
        user = User(
            id,
            await self._jid(tx, id, tenant, account, third_account),
            tenant=tenant,
            account=account,
            third_account=third_account or None,
            password_hash=password_hash,
            password_history=(password_hash,) if password_hash is not None else (),
            level=level,
        )
        user = applied(user, edit)
        await tx.users.add(user)
        return user

    async def change(self, actor: Actor, text: str, naming: Naming, edit: AccountEdit) -> User:
        """Raises Refusal: not-permitted, not-found, missing(name), invalid, unknown-reference."""
        check_administers(actor, "administer-users")
        async with self._store.transaction() as tx:
            user = await self._found(tx, actor.tenant, text, naming)
            check_may_touch(actor, user)
            if edit.enabled is False:
                check_may_switch_off(actor, user)
            user = await self._changed(tx, user, edit)
        self._changes.publish(Change("user", user.id))
        return user

    async def change_oneself(self, actor: Actor, edit: AccountEdit) -> User:
        """Raises Refusal: not-found, missing(name), invalid."""
        async with self._store.transaction() as tx:
            user = await self._changed(tx, await _own(tx, actor), edit)
        self._changes.publish(Change("user", user.id))
        return user

    async def set_enabled(self, actor: Actor, texts: Iterable[str], naming: Naming, enabled: bool) -> None:
        """All or nothing. Raises Refusal: not-permitted, not-found."""
        check_administers(actor, "administer-users")
        touched: list[str] = []
        async with self._store.transaction() as tx:
            for text in texts:
                user = await self._found(tx, actor.tenant, text, naming)
                check_may_touch(actor, user)
                if not enabled:
                    check_may_switch_off(actor, user)
                await tx.users.save(replace(user, enabled=enabled))
                touched.append(user.id)
        self._publish(touched)

    async def set_level(self, actor: Actor, texts: Iterable[str], naming: Naming, level: AdministratorLevel) -> None:
        """Make administrators, or take that away: the default administrator alone may. All or nothing.
        Raises Refusal: not-permitted, not-found."""
        if actor.level is not AdministratorLevel.DEFAULT:
            raise Refusal("not-permitted", what="change-administrators")
        touched: list[str] = []
        async with self._store.transaction() as tx:
            for text in texts:
                user = await self._found(tx, actor.tenant, text, naming)
                if user.level is AdministratorLevel.DEFAULT:
                    raise Refusal("not-permitted", what="remove-default-administrator")
                await tx.users.save(replace(user, level=level))
                touched.append(user.id)
        self._publish(touched)

    async def delete(self, actor: Actor, texts: Sequence[str], naming: Naming) -> None:
        """Nothing is done unless all can be deleted. Raises Refusal: not-permitted, not-found."""
        check_administers(actor, "administer-users")
        async with self._store.transaction() as tx:
            doomed = {user.id: user for user in [await self._found(tx, actor.tenant, text, naming) for text in texts]}
            for user in doomed.values():
                check_may_touch(actor, user)
                check_may_switch_off(actor, user)
            changes = [change for id in doomed for change in await self._users.remove(tx, id)]
        for change in changes:
            self._changes.publish(change)

    # --- inside ------------------------------------------------------------------------------------------------

    async def _changed(self, tx: Transaction, user: User, edit: AccountEdit) -> User:
        if edit.name == "":
            raise Refusal("missing", field="name")
        _check_values(edit)
        await self._check_department(tx, user.tenant, edit)
        user = applied(user, edit)
        await tx.users.save(user)
        return user

    async def _found(self, tx: Transaction, tenant: TenantId | None, text: str, naming: Naming) -> User:
        if naming is Naming.THIRD:
            user = await self.read_third(tx, tenant, text)
        else:
            user = await self.read_account(tx, text)
        # Of another enterprise nothing is told, not even that it has such a user.
        if user is None or user.tenant != tenant:
            raise Refusal("not-found", kind="user", id=text)
        return user

    async def check_account(self, tx: Transaction, account: str, besides: User | None = None) -> None:
        """Is this an account name that nobody has (besides one)? Lower-cased already. Raises Refusal: invalid,
        duplicate-name."""
        if not ACCOUNT.fullmatch(account) or account.isdigit() or "." in account.partition("@")[2]:
            raise Refusal(
                "invalid",
                field="account",
                error="must be letters, digits and _ - . @, not digits alone, without a dot after the @",
            )
        there = await self.read_account(tx, account)
        if there is not None and (besides is None or there.id != besides.id):
            raise Refusal("duplicate-name", field="account")

    async def _check_department(self, tx: Transaction, tenant: TenantId | None, edit: AccountEdit) -> None:
        if isinstance(edit.department, Kept) or edit.department == ROOT:
            return
        if not (await tx.departments.page(Query(limit=1, where={"tenant": tenant, "code": edit.department}))).total:
            raise Refusal("unknown-reference", kind="department", field="department")

    async def _jid(
        self, tx: Transaction, id: UserId, tenant: TenantId | None, account: str | None, third: str | None
    ) -> str:
        """The sign-in name of the XML dialect: the account, or what an application calls the person.

        The domain is shared by all, so only the installation's own people get such a name unchanged.
        """
        if account is not None:
            return account if "@" in account else f"{account}@{self._domain}"
        name = re.sub(r"[^a-z0-9_.-]", "-", (third or "").lower())[:100]
        plain = f"{name}@{self._domain}"
        if tenant is None and name == third and await by_jid(tx, plain) is None:
            return plain
        return f"{name}-{id.replace('-', '')[-12:]}@{self._domain}"

    def _publish(self, users: Iterable[str]) -> None:
        for id in users:
            self._changes.publish(Change("user", id))


def given(text: str | Kept) -> str:
    """The text of an edit's field, empty where it stays."""
    return "" if isinstance(text, Kept) else text


async def _own(tx: Transaction, actor: Actor) -> User:
    user = await tx.users.get(actor.user)
    if user is None:
        raise Refusal("not-found", kind="user", id=actor.user)
    return user


def _check_values(edit: AccountEdit) -> None:
    if given(edit.email) and not MAIL.fullmatch(given(edit.email)):
        raise Refusal("invalid", field="email", error="must be an e-mail address")
    if given(edit.phone) and not PHONE.fullmatch(given(edit.phone)):
        raise Refusal("invalid", field="phone", error="must be a phone number")


def _matches(user: User, query: AccountQuery) -> bool:
    if query.departments is not None and user.department not in query.departments:
        return False
    if query.level is not None and user.level not in query.level:
        return False
    if query.contains:
        wanted = query.contains.lower()
        texts = (user.name, user.phone, user.email, user.account or user.jid, user.third_account or "")
        return any(wanted in text.lower() for text in texts)
    return True
