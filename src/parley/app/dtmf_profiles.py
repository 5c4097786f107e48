"""Making, changing and removing profiles of keys, and which keys hold in a space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..core.ids import DtmfProfileId
from ..core.key_commands import DtmfProfile, KeyMap, key_map
from ..core.spaces import Space
from .catalogue import Catalogue
from .changes import Change
from .editing import ExtrasEdit, applied
from .ports import Page, Query, Repository, Transaction

_NOBODY = "00000000-0000-0000-0000-000000000000"  # the id of nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfProfileEdit:
    """settings: values by the names of KeySettings; None clears one."""

    settings: Mapping[str, str | None] = field(default_factory=dict)
    extras: ExtrasEdit = field(default_factory=dict)


async def keys_of_space(tx: Transaction, space: Space) -> KeyMap:
    """By the system's profile and the tenant's (cms-api 3.1)."""
    tenant = await tx.tenants.get(space.tenant or _NOBODY)
    defaults = await tx.system_defaults()
    layers = []
    for id in (defaults.dtmf_profile, tenant.dtmf_profile if tenant is not None else None):
        profile = await tx.dtmf_profiles.get(id) if id else None
        if profile is not None:
            layers.append(profile.settings)
    return key_map(layers)


class DtmfProfiles(Catalogue[DtmfProfile, DtmfProfileId, DtmfProfileEdit]):
    """The use cases."""

    kind = "dtmf-profile"

    def _kept(self, tx: Transaction) -> Repository[DtmfProfile]:
        return tx.dtmf_profiles

    def _blank(self, id: str, needed: None) -> DtmfProfile:
        return DtmfProfile(DtmfProfileId(id))

    async def _edited(self, tx: Transaction, before: DtmfProfile, edit: DtmfProfileEdit) -> DtmfProfile:
        return applied(before, edit, settings=replace(before.settings, **edit.settings))

    async def page(self, query: Query, used: bool | None = None) -> Page[DtmfProfile]:
        """used True: only those that something refers to, False: only the others."""
        async with self._store.reading() as tx:
            if used is None:
                return await tx.dtmf_profiles.page(query)
            ids = {tenant.dtmf_profile for tenant in (await tx.tenants.page(Query())).items}
            ids.add((await tx.system_defaults()).dtmf_profile)
            everything = [profile.id for profile in (await tx.dtmf_profiles.page(Query())).items]
            return await tx.dtmf_profiles.page(replace(query, among=[id for id in everything if (id in ids) is used]))

    async def _let_go(self, tx: Transaction, id: str) -> Iterable[Change]:
        defaults = await tx.system_defaults()
        if defaults.dtmf_profile == id:
            await tx.save_system_defaults(replace(defaults, dtmf_profile=None))
        for tenant in (await tx.tenants.page(Query(where={"dtmf_profile": id}))).items:
            await tx.tenants.save(replace(tenant, dtmf_profile=None))
        return ()
