"""Making, changing and removing the members of a space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..core.ids import LegProfileId, MemberId
from ..core.people import User
from ..core.refusals import Refusal
from ..core.spaces import Member
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references, found
from .ports import Identifiers, Page, Query, Store, Transaction
from .spaces import user_by_jid


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEdit:
    """rights: names of MemberRights with their new values. The user is given once, when the member is made."""

    leg_profile: LegProfileId | Kept | None = KEEP
    rights: Mapping[str, bool] = field(default_factory=dict)
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MemberRecord:
    member: Member
    user: User | None


class Members:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, space: str, id: str) -> MemberRecord:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await _record(tx, await _member(tx, space, id))

    async def page(self, space: str, query: Query) -> Page[MemberRecord]:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await found(tx.spaces, space, "space")
            page = await tx.members.page(replace(query, where={**query.where, "space": space}))
            return Page(page.total, tuple([await _record(tx, member) for member in page.items]))

    async def of_user(self, user: str) -> list[Member]:
        """Every membership of a user. Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await found(tx.users, user, "user")
            return list((await tx.members.page(Query(where={"user": user}))).items)

    async def create(self, space: str, user_jid: str | None, edit: MemberEdit) -> MemberId:
        """Raises Refusal: not-found, missing, unknown-reference, duplicate-name (already a member)."""
        async with self._store.transaction() as tx:
            await found(tx.spaces, space, "space")
            if not user_jid:
                raise Refusal("missing", field="user_jid")
            member = await self.add(tx, space, await user_by_jid(tx, user_jid, "user_jid"), edit, "user_jid")
        self._changes.publish(Change("member", member.id, space=space))
        return member.id

    async def add(self, tx: Transaction, space: str, user: User, edit: MemberEdit, named_by: str) -> Member:
        """As create, inside a unit of work; the caller publishes. named_by: the field that names the user."""
        place = await found(tx.spaces, space, "space")
        await check_references(tx, edit)
        if (await tx.members.page(Query(limit=1, where={"space": space, "user": user.id}))).total:
            raise Refusal("duplicate-name", field=named_by)
        member = _edited(Member(MemberId(self._identifiers.uuid()), place.id, user.id), edit)
        await tx.members.add(member)
        return member

    async def change(self, space: str, id: str, edit: MemberEdit) -> None:
        """Raises Refusal: not-found, unknown-reference."""
        async with self._store.transaction() as tx:
            member = await _member(tx, space, id)
            await check_references(tx, edit)
            await tx.members.save(_edited(member, edit))
        self._changes.publish(Change("member", id, space=space))

    async def delete(self, space: str, id: str) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await _member(tx, space, id)
            await tx.members.delete(id)
        self._changes.publish(Change("member", id, space=space, deleted=True))


def _edited(member: Member, edit: MemberEdit) -> Member:
    return applied(member, edit, rights=replace(member.rights, **edit.rights))


async def _member(tx: Transaction, space: str, id: str) -> Member:
    await found(tx.spaces, space, "space")
    member = await found(tx.members, id, "member")
    if member.space != space:
        raise Refusal("not-found", kind="member", id=id)
    return member


async def _record(tx: Transaction, member: Member) -> MemberRecord:
    return MemberRecord(member, await tx.users.get(member.user))
