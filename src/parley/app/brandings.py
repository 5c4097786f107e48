"""Making, changing and removing branding profiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..core.branding import Branding, BrandKind
from ..core.ids import BrandingId
from .catalogue import Catalogue
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, found
from .ports import Identifiers, Page, Query, Repository, Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandingEdit:
    resource_location: str | Kept | None = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class Brandings(Catalogue[Branding, BrandingId, BrandingEdit]):
    """The use cases, of one kind of branding."""

    kind = "branding"

    def __init__(self, of: BrandKind, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        super().__init__(store, identifiers, changes)
        self._of = of
        self._word = f"{of.value}-branding"
        self._attribute = f"{of.value}_branding"

    def _kept(self, tx: Transaction) -> Repository[Branding]:
        return tx.brandings

    def _blank(self, id: str, needed: None) -> Branding:
        return Branding(BrandingId(id), self._of)

    async def _edited(self, tx: Transaction, before: Branding, edit: BrandingEdit) -> Branding:
        return applied(before, edit)

    async def page(self, query: Query) -> Page[Branding]:
        async with self._store.reading() as tx:
            return await tx.brandings.page(replace(query, where={**query.where, "kind": self._of}))

    async def _found(self, tx: Transaction, id: str) -> Branding:
        branding = await tx.brandings.get(id)
        if branding is None or branding.kind is not self._of:
            return await found(tx.brandings, "", self._word)
        return branding

    async def _let_go(self, tx: Transaction, id: str) -> Iterable[Change]:
        nothing: dict[str, Any] = {self._attribute: None}
        defaults = await tx.system_defaults()
        if getattr(defaults, self._attribute) == id:
            await tx.save_system_defaults(replace(defaults, **nothing))
        users: Iterable[Repository[Any]] = (tx.tenants, tx.spaces if self._of is BrandKind.CALL else tx.ivrs)
        for repository in users:
            for entity in (await repository.page(Query(where={self._attribute: id}))).items:
                await repository.save(replace(entity, **nothing))
        return ()
