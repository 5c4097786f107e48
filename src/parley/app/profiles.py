"""Making, changing and removing leg and call profiles, and the system's own defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..core.ids import BrandingId, CallProfileId, DtmfProfileId, LegProfileId
from ..core.people import SystemDefaults
from ..core.profiles import CallProfile, LegProfile
from .catalogue import Catalogue
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references
from .ports import Page, ProfileUse, Query, Repository, Store, Transaction

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegProfileEdit:
    """settings: names of LegSettings with their new values, None to unset."""

    name: str | Kept | None = KEEP
    settings: Mapping[str, Any] = field(default_factory=dict)
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProfileEdit:
    """settings: names of CallSettings with their new values, None to unset."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEdit:
    leg_profile: LegProfileId | Kept | None = KEEP
    call_profile: CallProfileId | Kept | None = KEEP
    call_branding: BrandingId | Kept | None = KEEP
    ivr_branding: BrandingId | Kept | None = KEEP
    dtmf_profile: DtmfProfileId | Kept | None = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class LegProfiles(Catalogue[LegProfile, LegProfileId, LegProfileEdit]):
    """The use cases."""

    kind = "leg-profile"

    def _kept(self, tx: Transaction) -> Repository[LegProfile]:
        return tx.leg_profiles

    def _blank(self, id: str, needed: None) -> LegProfile:
        return LegProfile(LegProfileId(id))

    async def _edited(self, tx: Transaction, before: LegProfile, edit: LegProfileEdit) -> LegProfile:
        return applied(before, edit, settings=replace(before.settings, **edit.settings))

    async def _let_go(self, tx: Transaction, id: str) -> Iterable[Change]:
        return await _clear_references(tx, await tx.leg_profile_uses(id), "leg_profile")

    async def page(self, query: Query, used: bool | None = None) -> Page[LegProfile]:
        """used True: only those that something refers to, False: only the others."""
        async with self._store.reading() as tx:
            return await _page(tx.leg_profiles, query, used, tx.used_leg_profiles)

    async def uses(self, id: str) -> list[ProfileUse]:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await self._found(tx, id)
            return await tx.leg_profile_uses(id)


class CallProfiles(Catalogue[CallProfile, CallProfileId, CallProfileEdit]):
    """The use cases."""

    kind = "call-profile"

    def _kept(self, tx: Transaction) -> Repository[CallProfile]:
        return tx.call_profiles

    def _blank(self, id: str, needed: None) -> CallProfile:
        return CallProfile(CallProfileId(id))

    async def _edited(self, tx: Transaction, before: CallProfile, edit: CallProfileEdit) -> CallProfile:
        return applied(before, edit, settings=replace(before.settings, **edit.settings))

    async def _let_go(self, tx: Transaction, id: str) -> Iterable[Change]:
        return await _clear_references(tx, await tx.call_profile_uses(id), "call_profile")

    async def page(self, query: Query, used: bool | None = None) -> Page[CallProfile]:
        """used as in LegProfiles.page."""
        async with self._store.reading() as tx:
            return await _page(tx.call_profiles, query, used, tx.used_call_profiles)


class System:
    """The outermost layer of every profile."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def get(self) -> SystemDefaults:
        async with self._store.reading() as tx:
            return await tx.system_defaults()

    async def change(self, edit: SystemEdit) -> None:
        """Raises Refusal unknown-reference."""
        async with self._store.transaction() as tx:
            await check_references(tx, edit)
            await tx.save_system_defaults(applied(await tx.system_defaults(), edit))
        self._changes.publish(Change("system"))


async def _page(repository: Repository[P], query: Query, used: bool | None, used_ids: Callable[[], Any]) -> Page[P]:
    if used is None:
        return await repository.page(query)
    ids = await used_ids()
    if not used:
        everything = await repository.page(Query())
        ids = {profile.id for profile in everything.items} - ids  # type: ignore[attr-defined]
    return await repository.page(replace(query, among=sorted(ids)))


async def _clear_references(tx: Transaction, uses: list[ProfileUse], attribute: str) -> list[Change]:
    """Whatever referred to it refers to none afterwards, and has changed by that."""
    repositories: dict[str, Repository[Any]] = {
        "tenant": tx.tenants,
        "space": tx.spaces,
        "access-method": tx.access_methods,
        "member": tx.members,
    }
    for use in uses:
        if use.id is None:
            cleared: Any = {attribute: None}
            await tx.save_system_defaults(replace(await tx.system_defaults(), **cleared))
            continue
        repository = repositories[use.kind]
        entity = await repository.get(use.id)
        if entity is not None:
            await repository.save(replace(entity, **{attribute: None}))
    return [Change(use.kind, use.id or "", space=use.space) for use in uses]
