"""Making, changing and removing branding profiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..core.branding import Branding, BrandKind
from ..core.ids import BrandingId
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, found
from .ports import Identifiers, Page, Query, Repository, Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandingEdit:
    resource_location: str | Kept | None = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class Brandings:
    """The use cases, of one kind."""

    def __init__(self, kind: BrandKind, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._kind = kind
        self._word = f"{kind.value}-branding"
        self._attribute = f"{kind.value}_branding"
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, id: str) -> Branding:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await self._found(tx, id)

    async def page(self, query: Query) -> Page[Branding]:
        async with self._store.reading() as tx:
            return await tx.brandings.page(replace(query, where={**query.where, "kind": self._kind}))

    async def create(self, edit: BrandingEdit) -> BrandingId:
        branding = applied(Branding(BrandingId(self._identifiers.uuid()), self._kind), edit)
        async with self._store.transaction() as tx:
            await tx.brandings.add(branding)
        self._changes.publish(Change("branding", branding.id))
        return branding.id

    async def change(self, id: str, edit: BrandingEdit) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await tx.brandings.save(applied(await self._found(tx, id), edit))
        self._changes.publish(Change("branding", id))

    async def delete(self, id: str) -> None:
        """Whatever referred to it refers to none afterwards. Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await self._found(tx, id)
            await self._clear(tx, id)
            await tx.brandings.delete(id)
        self._changes.publish(Change("branding", id, deleted=True))

    async def _found(self, tx: Transaction, id: str) -> Branding:
        branding = await tx.brandings.get(id)
        if branding is None or branding.kind is not self._kind:
            return await found(tx.brandings, "", self._word)
        return branding

    async def _clear(self, tx: Transaction, id: str) -> None:
        nothing: dict[str, Any] = {self._attribute: None}
        defaults = await tx.system_defaults()
        if getattr(defaults, self._attribute) == id:
            await tx.save_system_defaults(replace(defaults, **nothing))
        users: Iterable[Repository[Any]] = (tx.tenants, tx.spaces if self._kind is BrandKind.CALL else tx.ivrs)
        for repository in users:
            for entity in (await repository.page(Query(where={self._attribute: id}))).items:
                await repository.save(replace(entity, **nothing))
