"""Making, changing and removing users. The admin API only reads them; the command line makes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ..core.ids import TenantId, UserId
from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references, found
from .ports import Identifiers, Page, Query, Store, Transaction

JID = re.compile(r"[^\s@\x00-\x1f]{1,128}@[^\s@\x00-\x1f]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEdit:
    name: str | Kept = KEEP
    email: str | Kept = KEEP
    tenant: TenantId | Kept | None = KEEP
    password_hash: Secret | Kept | None = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class Users:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, id: str) -> User:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.users, id, "user")

    async def by_jid(self, jid: str) -> User | None:
        async with self._store.reading() as tx:
            return await by_jid(tx, jid)

    async def page(self, query: Query, extra: tuple[str, str, str] | None = None) -> Page[User]:
        """extra: (dialect, wire name, text) that a user must carry, compared exactly."""
        async with self._store.reading() as tx:
            if extra is not None:
                dialect, name, text = extra
                everybody = await tx.users.page(Query())
                among = [user.id for user in everybody.items if user.extras.get(dialect, {}).get(name) == text]
                query = replace(query, among=among)
            return await tx.users.page(query)

    async def create(self, jid: str, edit: UserEdit) -> UserId:
        """jid: name@domain, kept lower-cased. Raises Refusal: invalid, duplicate-name, unknown-reference."""
        jid = jid.strip().lower()
        if not JID.fullmatch(jid):
            raise Refusal("invalid", field="jid", error="not of the form name@domain")
        async with self._store.transaction() as tx:
            if await by_jid(tx, jid) is not None:
                raise Refusal("duplicate-name", field="jid")
            await check_references(tx, edit)
            user = applied(User(UserId(self._identifiers.uuid()), jid), edit)
            await tx.users.add(user)
        self._changes.publish(Change("user", user.id))
        return user.id

    async def change(self, id: str, edit: UserEdit) -> None:
        """Raises Refusal: not-found, unknown-reference."""
        async with self._store.transaction() as tx:
            user = await found(tx.users, id, "user")
            await check_references(tx, edit)
            await tx.users.save(applied(user, edit))
        self._changes.publish(Change("user", id))

    async def delete(self, id: str) -> None:
        """Memberships go too, and spaces that the user owned have no owner. Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            changes = await self.remove(tx, id)
        for change in changes:
            self._changes.publish(change)

    async def remove(self, tx: Transaction, id: str) -> list[Change]:
        """As delete, inside a unit of work; the caller publishes what is returned. Sessions end too,
        and devices are forgotten."""
        await found(tx.users, id, "user")
        members = (await tx.members.page(Query(where={"user": id}))).items
        for member in members:
            await tx.members.delete(member.id)
        for space in (await tx.spaces.page(Query(where={"owner": id}))).items:
            await tx.spaces.save(replace(space, owner=None))
        for token in await tx.tokens.of_user(id):
            await tx.tokens.delete(token.id)
        for device in (await tx.devices.page(Query(where={"user": id}))).items:
            await tx.devices.delete(device.id)
        await tx.users.delete(id)
        gone = [Change("member", member.id, space=member.space, deleted=True) for member in members]
        return [Change("user", id, deleted=True), *gone]


async def by_jid(tx: Transaction, jid: str) -> User | None:
    items = (await tx.users.page(Query(where={"jid": jid.lower()}))).items  # no two have it
    return items[0] if items else None
