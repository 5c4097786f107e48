"""Users as the administrators of the installation keep them: of every enterprise, with both kinds of sign-in name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..core.ids import TenantId, UserId
from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .account_rights import check_may_reset, check_may_switch_off, check_may_touch
from .accounts import MAIL, AccountEdit, Accounts
from .booking import Actor
from .changes import Change, Changes
from .editing import KEEP, Kept, check_references, found
from .passwords import Passwords, names_of
from .ports import Clock, Identifiers, Page, Query, Store, Transaction
from .users import JID, Users, by_jid


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEdit:
    """account, jid: sign-in names, at least one for a new user. password: as given, checked and hashed here.

    must_change_password: KEEP with a password means that it is for the first sign-in alone.
    """

    name: str | Kept = KEEP
    email: str | Kept = KEEP
    account: str | Kept | None = KEEP
    jid: str | Kept = KEEP
    tenant: TenantId | Kept | None = KEEP
    enabled: bool | Kept = KEEP
    password: Secret | Kept = KEEP
    must_change_password: bool | Kept = KEEP


class UserAdministration:
    """The use cases."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        identifiers: Identifiers,
        changes: Changes,
        users: Users,
        accounts: Accounts,
        passwords: Passwords,
    ) -> None:
        self._store = store
        self._clock = clock
        self._identifiers = identifiers
        self._changes = changes
        self._users = users
        self._accounts = accounts
        self._passwords = passwords

    async def get(self, id: str) -> User:
        """Raises Refusal not-found."""
        return await self._users.get(id)

    async def page(self, query: Query) -> Page[User]:
        return await self._users.page(query)

    async def create(self, edit: PersonEdit) -> User:
        """Raises Refusal: missing, invalid, duplicate-name, unknown-reference, password-..., Busy."""
        account, jid = _given(edit.account), _given(edit.jid)
        if not account and not jid:
            raise Refusal("missing", field="account", error="an account or a jid is needed")
        hashed = await self._hashed(edit.password, tuple(name.partition("@")[0] for name in (account, jid) if name))
        async with self._store.transaction() as tx:
            if account:
                tenant = None if isinstance(edit.tenant, Kept) else edit.tenant
                await check_references(tx, edit)
                user = await self._accounts.add(tx, tenant, AccountEdit(), account=account)
            else:
                user = User(UserId(self._identifiers.uuid()), await self._free_jid(tx, jid, None))
                await tx.users.add(user)
            user = await self._edited(tx, user, replace(edit, account=KEEP), hashed)
            await tx.users.save(user)
        self._changes.publish(Change("user", user.id))
        return user

    async def change(self, actor: Actor, id: str, edit: PersonEdit) -> User:
        """Another password ends the user's sessions. Raises Refusal as create does, not-found, not-permitted."""
        user = await self._users.get(id)
        if not isinstance(edit.password, Kept):
            check_may_reset(actor, user)
        hashed = await self._hashed(edit.password, names_of(user))
        async with self._store.transaction() as tx:
            user = await found(tx.users, id, "user")
            check_may_touch(actor, user)
            if hashed is not None:
                check_may_reset(actor, user)
            moved = not isinstance(edit.tenant, Kept) and edit.tenant != user.tenant
            if edit.enabled is False or moved:
                check_may_switch_off(actor, user)
            user = await self._edited(tx, user, edit, hashed)
            await tx.users.save(user)
            if hashed is not None:
                for token in await tx.tokens.of_user(id):
                    await tx.tokens.delete(token.id)
        self._changes.publish(Change("user", id))
        return user

    async def delete(self, actor: Actor, id: str) -> None:
        """Memberships go too, and spaces that the user owned have no owner. Raises Refusal not-found, not-permitted."""
        async with self._store.transaction() as tx:
            check_may_switch_off(actor, await found(tx.users, id, "user"))
            changes = await self._users.remove(tx, id)
        for change in changes:
            self._changes.publish(change)

    # --- inside ------------------------------------------------------------------------------------------------

    async def _hashed(self, password: Secret | Kept, names: tuple[str, ...]) -> Secret | None:
        """Before the unit of work, for it takes long."""
        return None if isinstance(password, Kept) else await self._passwords.hashed(password, names)

    async def _edited(self, tx: Transaction, user: User, edit: PersonEdit, hashed: Secret | None) -> User:
        await check_references(tx, edit)
        if _given(edit.email) and not MAIL.fullmatch(_given(edit.email)):
            raise Refusal("invalid", field="email", error="must be an e-mail address")
        user = replace(
            user,
            name=user.name if isinstance(edit.name, Kept) else edit.name,
            email=user.email if isinstance(edit.email, Kept) else edit.email,
            tenant=user.tenant if isinstance(edit.tenant, Kept) else edit.tenant,
            enabled=user.enabled if isinstance(edit.enabled, Kept) else edit.enabled,
        )
        if not isinstance(edit.account, Kept):
            user = replace(user, account=await self._free_account(tx, edit.account, user))
        if not isinstance(edit.jid, Kept):
            user = replace(user, jid=await self._free_jid(tx, edit.jid, user))
        if hashed is not None:
            user = replace(
                user,
                password_hash=hashed,
                password_history=(hashed, *user.password_history)[: self._passwords.limits.history],
                password_changed=self._clock.utc(),
                must_change_password=True,
            )
        if not isinstance(edit.must_change_password, Kept):
            user = replace(user, must_change_password=edit.must_change_password)
        return user

    async def _free_account(self, tx: Transaction, account: str | None, user: User) -> str | None:
        account = account.strip().lower() if account else None
        if account is not None and account != user.account:
            await self._accounts.check_account(tx, account, besides=user)
        return account

    async def _free_jid(self, tx: Transaction, jid: str, user: User | None) -> str:
        jid = jid.strip().lower()
        if not JID.fullmatch(jid):
            raise Refusal("invalid", field="jid", error="must be of the form name@domain")
        there = await by_jid(tx, jid)
        if there is not None and (user is None or there.id != user.id):
            raise Refusal("duplicate-name", field="jid")
        return jid


def _given(text: str | Kept | None) -> str:
    return "" if isinstance(text, Kept) or text is None else text
