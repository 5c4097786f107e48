"""Making, changing and removing spaces and the access methods that lead into them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from ..core.ids import AccessMethodId, BrandingId, CallProfileId, LegProfileId, SpaceId, TenantId, UserId
from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from ..core.spaces import AccessMethod, Space
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, changes_of, check_references, found
from .ports import Identifiers, Page, Query, Store, Transaction

# A generated call ID has nine digits; with a thousand million of them a free one is found at once.
CALL_ID_DIGITS = 9
CALL_ID_TRIES = 100

_ADDRESS = {"uri", "secondary_uri", "call_id", "passcode"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceEdit:
    """A space and its own access method, seen as one object. owner_jid: the owner's sign-in name."""

    name: str | Kept = KEEP
    tenant: TenantId | Kept | None = KEEP
    leg_profile: LegProfileId | Kept | None = KEEP
    call_profile: CallProfileId | Kept | None = KEEP
    call_branding: BrandingId | Kept | None = KEEP
    language: str | Kept | None = KEEP
    non_member_access: bool | Kept = KEEP
    owner_jid: str | Kept | None = KEEP
    uri: str | Kept | None = KEEP
    secondary_uri: str | Kept | None = KEEP
    call_id: str | Kept | None = KEEP
    passcode: Secret | Kept | None = KEEP
    secret: Secret | Kept | None = KEEP
    require_call_id: bool | None = False
    regenerate_secret: bool | None = False
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessMethodEdit:
    """One more way into a space."""

    uri: str | Kept | None = KEEP
    secondary_uri: str | Kept | None = KEEP
    call_id: str | Kept | None = KEEP
    passcode: Secret | Kept | None = KEEP
    secret: Secret | Kept | None = KEEP
    name: str | Kept | None = KEEP
    leg_profile: LegProfileId | Kept | None = KEEP
    language: str | Kept | None = KEEP
    regenerate_secret: bool | None = False
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """A space with what belongs to it. methods: how many access methods it has besides its own."""

    space: Space
    own: AccessMethod
    owner: User | None
    methods: int


class Spaces:
    """The use cases. reserved: URIs that lead elsewhere by the server's settings (its access number)."""

    def __init__(
        self, store: Store, identifiers: Identifiers, changes: Changes, reserved: Collection[str] = ()
    ) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes
        self._reserved = frozenset(reserved)

    # --- spaces ----------------------------------------------------------------------------------------------

    async def get(self, id: str) -> SpaceRecord:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await _record(tx, await found(tx.spaces, id, "space"))

    async def page(self, query: Query) -> Page[SpaceRecord]:
        async with self._store.reading() as tx:
            page = await tx.spaces.page(query)
            return Page(page.total, tuple([await _record(tx, space) for space in page.items]))

    async def create(self, edit: SpaceEdit) -> SpaceId:
        """Raises Refusal: unknown-reference, duplicate-*, ivr-conflict, limit."""
        space = Space(SpaceId(self._identifiers.uuid()))
        async with self._store.transaction() as tx:
            own = AccessMethod(AccessMethodId(self._identifiers.uuid()), space.id, own=True)
            space, own = await self._edited(tx, space, own, edit)
            await tx.spaces.add(space)
            await tx.access_methods.add(own)
        self._changes.publish(Change("space", space.id))
        return space.id

    async def change(self, id: str, edit: SpaceEdit) -> None:
        """Raises Refusal as create does, and not-found."""
        async with self._store.transaction() as tx:
            change = await self.edit(tx, id, edit)
        self._changes.publish(change)

    async def edit(self, tx: Transaction, id: str, edit: SpaceEdit) -> Change:
        """As change, inside a unit of work; the caller publishes what is returned."""
        space = await found(tx.spaces, id, "space")
        space, own = await self._edited(tx, space, await own_method(tx, space.id), edit)
        await tx.spaces.save(space)
        await tx.access_methods.save(own)
        return Change("space", id)

    async def delete(self, id: str) -> None:
        """Its access methods and members go with it. Raises Refusal not-found, not-permitted (imported space)."""
        async with self._store.transaction() as tx:
            change = await self.remove(tx, id)
        self._changes.publish(change)

    async def remove(self, tx: Transaction, id: str) -> Change:
        """As delete, inside a unit of work; the caller publishes what is returned."""
        if (await found(tx.spaces, id, "space")).auto_generated:
            raise Refusal("not-permitted", what="delete an imported space")
        await tx.spaces.delete(id)
        return Change("space", id, deleted=True)

    async def _edited(
        self, tx: Transaction, space: Space, own: AccessMethod, edit: SpaceEdit
    ) -> tuple[Space, AccessMethod]:
        await check_references(tx, edit)
        space = applied(space, edit, owner=await _owner(tx, edit, space.owner))
        door = AccessMethodEdit(
            uri=edit.uri,
            secondary_uri=edit.secondary_uri,
            call_id=edit.call_id,
            passcode=edit.passcode,
            secret=edit.secret,
            regenerate_secret=edit.regenerate_secret,
        )
        return space, await self._settled(tx, own, door, require_call_id=bool(edit.require_call_id))

    # --- access methods --------------------------------------------------------------------------------------

    async def access_method(self, space: str, id: str) -> AccessMethod:
        """Raises Refusal not-found. A space's own access method is no object of its own here."""
        async with self._store.reading() as tx:
            return await _other_method(tx, space, id)

    async def access_methods(self, space: str, query: Query) -> Page[AccessMethod]:
        """Those besides the space's own. Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await found(tx.spaces, space, "space")
            narrowed = replace(query, where={**query.where, "space": space, "own": False})
            return await tx.access_methods.page(narrowed)

    async def create_access_method(self, space: str, edit: AccessMethodEdit) -> AccessMethodId:
        """Raises Refusal: not-found, unknown-reference, duplicate-*, ivr-conflict."""
        async with self._store.transaction() as tx:
            owner = await found(tx.spaces, space, "space")
            await check_references(tx, edit)
            fresh = AccessMethod(AccessMethodId(self._identifiers.uuid()), owner.id)
            method = await self._settled(tx, fresh, edit)
            await tx.access_methods.add(method)
        self._changes.publish(Change("access-method", method.id, space=space))
        return method.id

    async def change_access_method(self, space: str, id: str, edit: AccessMethodEdit) -> None:
        """Raises Refusal as create_access_method does."""
        async with self._store.transaction() as tx:
            method = await _other_method(tx, space, id)
            await check_references(tx, edit)
            await tx.access_methods.save(await self._settled(tx, method, edit))
        self._changes.publish(Change("access-method", id, space=space))

    async def delete_access_method(self, space: str, id: str) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await _other_method(tx, space, id)
            await tx.access_methods.delete(id)
        self._changes.publish(Change("access-method", id, space=space, deleted=True))

    async def _settled(
        self, tx: Transaction, method: AccessMethod, edit: AccessMethodEdit, require_call_id: bool = False
    ) -> AccessMethod:
        """The method after the edit, with generated call ID and secret, proved not to clash."""
        method = applied(method, edit)
        if require_call_id and method.call_id is None:
            method = replace(method, call_id=await self._free_call_id(tx))
        if edit.regenerate_secret or (method.call_id is not None and method.secret is None):
            method = replace(method, secret=Secret(self._identifiers.secret()))
        if changes_of(edit) & _ADDRESS:
            await self._check_addresses(tx, method)
        return method

    async def _free_call_id(self, tx: Transaction) -> str:
        for _ in range(CALL_ID_TRIES):
            call_id = self._identifiers.digits(CALL_ID_DIGITS)
            if not await tx.access_methods.by_call_id(call_id):
                return call_id
        raise Refusal("limit", which="call-id")

    async def _check_addresses(self, tx: Transaction, method: AccessMethod) -> None:
        """A URI or call ID belongs to one space; inside it, those who share one need different passcodes (1.9)."""
        for field_name in ("uri", "secondary_uri"):
            uri = getattr(method, field_name)
            if uri is None:
                continue
            if uri in self._reserved or (await tx.ivrs.page(Query(limit=1, where={"uri": uri}))).total:
                raise Refusal("ivr-conflict", field=field_name)
            _check_others(method, await tx.access_methods.by_uri(uri), "duplicate-uri", field_name)
        if method.call_id is not None:
            others = await tx.access_methods.by_call_id(method.call_id)
            _check_others(method, others, "duplicate-call-id", "call_id")


def _check_others(method: AccessMethod, others: list[AccessMethod], code: str, field_name: str) -> None:
    for other in others:
        if other.id == method.id:
            continue
        if other.space != method.space:
            raise Refusal(code, field=field_name)
        if other.passcode == method.passcode:
            raise Refusal(f"{code}-passcode", field=field_name)


async def own_method(tx: Transaction, space: SpaceId) -> AccessMethod:
    """The access method that is the space's own; every space has exactly one."""
    page = await tx.access_methods.page(Query(limit=1, where={"space": space, "own": True}))
    return page.items[0]


async def _other_method(tx: Transaction, space: str, id: str) -> AccessMethod:
    await found(tx.spaces, space, "space")
    method = await found(tx.access_methods, id, "access-method")
    if method.own or method.space != space:
        raise Refusal("not-found", kind="access-method", id=id)
    return method


async def _record(tx: Transaction, space: Space) -> SpaceRecord:
    others = await tx.access_methods.page(Query(limit=0, where={"space": space.id, "own": False}))
    owner = await tx.users.get(space.owner) if space.owner else None
    return SpaceRecord(space, await own_method(tx, space.id), owner, others.total)


async def _owner(tx: Transaction, edit: SpaceEdit, now: UserId | None) -> UserId | None:
    if isinstance(edit.owner_jid, Kept):
        return now
    if edit.owner_jid is None:
        return None
    return (await user_by_jid(tx, edit.owner_jid, "owner_jid")).id


async def user_by_jid(tx: Transaction, jid: str, field_name: str) -> User:
    """Raises Refusal unknown-reference."""
    page = await tx.users.page(Query(limit=1, where={"jid": jid.lower()}))
    if not page.items:
        raise Refusal("unknown-reference", kind="user", field=field_name)
    return page.items[0]
