"""Making, changing and removing leg and call profiles, and the system's own defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..core.ids import BrandingId, CallProfileId, DtmfProfileId, LegProfileId
from ..core.people import SystemDefaults
from ..core.profiles import CallProfile, LegProfile
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references, found
from .ports import Identifiers, Page, ProfileUse, Query, Repository, Store, Transaction

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


class LegProfiles:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, id: str) -> LegProfile:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.leg_profiles, id, "leg-profile")

    async def page(self, query: Query, used: bool | None = None) -> Page[LegProfile]:
        """used True: only those that something refers to, False: only the others."""
        async with self._store.reading() as tx:
            return await _page(tx.leg_profiles, query, used, tx.used_leg_profiles)

    async def uses(self, id: str) -> list[ProfileUse]:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await found(tx.leg_profiles, id, "leg-profile")
            return await tx.leg_profile_uses(id)

    async def create(self, edit: LegProfileEdit) -> LegProfileId:
        profile = _leg_profile(LegProfile(LegProfileId(self._identifiers.uuid())), edit)
        async with self._store.transaction() as tx:
            await tx.leg_profiles.add(profile)
        self._changes.publish(Change("leg-profile", profile.id))
        return profile.id

    async def change(self, id: str, edit: LegProfileEdit) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await tx.leg_profiles.save(_leg_profile(await found(tx.leg_profiles, id, "leg-profile"), edit))
        self._changes.publish(Change("leg-profile", id))

    async def delete(self, id: str) -> None:
        """Whatever referred to it refers to none afterwards. Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await found(tx.leg_profiles, id, "leg-profile")
            uses = await tx.leg_profile_uses(id)
            await _clear_references(tx, uses, "leg_profile")
            await tx.leg_profiles.delete(id)
        self._changes.publish(Change("leg-profile", id, deleted=True))
        _publish_users(self._changes, uses)


class CallProfiles:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, id: str) -> CallProfile:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.call_profiles, id, "call-profile")

    async def page(self, query: Query, used: bool | None = None) -> Page[CallProfile]:
        """used as in LegProfiles.page."""
        async with self._store.reading() as tx:
            return await _page(tx.call_profiles, query, used, tx.used_call_profiles)

    async def create(self, edit: CallProfileEdit) -> CallProfileId:
        profile = _call_profile(CallProfile(CallProfileId(self._identifiers.uuid())), edit)
        async with self._store.transaction() as tx:
            await tx.call_profiles.add(profile)
        self._changes.publish(Change("call-profile", profile.id))
        return profile.id

    async def change(self, id: str, edit: CallProfileEdit) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await tx.call_profiles.save(_call_profile(await found(tx.call_profiles, id, "call-profile"), edit))
        self._changes.publish(Change("call-profile", id))

    async def delete(self, id: str) -> None:
        """Whatever referred to it refers to none afterwards. Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await found(tx.call_profiles, id, "call-profile")
            uses = await tx.call_profile_uses(id)
            await _clear_references(tx, uses, "call_profile")
            await tx.call_profiles.delete(id)
        self._changes.publish(Change("call-profile", id, deleted=True))
        _publish_users(self._changes, uses)


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


def _leg_profile(profile: LegProfile, edit: LegProfileEdit) -> LegProfile:
    return applied(profile, edit, settings=replace(profile.settings, **edit.settings))


def _call_profile(profile: CallProfile, edit: CallProfileEdit) -> CallProfile:
    return applied(profile, edit, settings=replace(profile.settings, **edit.settings))


async def _page(repository: Repository[P], query: Query, used: bool | None, used_ids: Callable[[], Any]) -> Page[P]:
    if used is None:
        return await repository.page(query)
    ids = await used_ids()
    if not used:
        everything = await repository.page(Query())
        ids = {profile.id for profile in everything.items} - ids  # type: ignore[attr-defined]
    return await repository.page(replace(query, among=sorted(ids)))


async def _clear_references(tx: Transaction, uses: list[ProfileUse], attribute: str) -> None:
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


def _publish_users(changes: Changes, uses: list[ProfileUse]) -> None:
    for use in uses:
        changes.publish(Change(use.kind, use.id or "", space=use.space))
