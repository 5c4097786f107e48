"""The administrator whom every enterprise has, and as whom its applications act."""

from __future__ import annotations

from ..core.ids import TenantId
from ..core.people import AdministratorLevel, User
from ..core.secret import Secret
from .accounts import AccountEdit, Accounts
from .changes import Change, Changes
from .ports import Query, Store, Transaction

DEFAULT_ADMINISTRATOR = "admin"


async def ensure_default_administrator(
    store: Store,
    accounts: Accounts,
    changes: Changes,
    tenant: TenantId | None = None,
    *,
    name: str = DEFAULT_ADMINISTRATOR,
    password_hash: Secret | None = None,
) -> User:
    """The default administrator of an enterprise; made where there is none. password_hash: for a new one only;
    without it nobody signs in by password, and applications act as this user."""
    async with store.transaction() as tx:
        there = await default_administrator(tx, tenant)
        if there is not None:
            return there
        edit = AccountEdit(name="Administrator")
        taken = tenant is not None or await accounts.read_account(tx, name) is not None
        user = await accounts.add(
            tx,
            tenant,
            edit,
            account=None if taken else name,
            third_account=f"{name}.default" if taken else None,
            password_hash=password_hash,
            level=AdministratorLevel.DEFAULT,
        )
    changes.publish(Change("user", user.id))
    return user


async def default_administrator(tx: Transaction, tenant: TenantId | None) -> User | None:
    where = {"tenant": tenant, "level": AdministratorLevel.DEFAULT}
    items = (await tx.users.page(Query(limit=1, where=where))).items
    return items[0] if items else None
