"""What holds for a whole organisation: the installation's own enterprise ("no tenant") or a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..core.ids import TenantId
from ..core.people import CallOutLimits, ConferenceDefaults, SystemDefaults, Tenant
from ..core.profiles import Extras
from ..core.refusals import Refusal
from .account_rights import check_administers
from .booking import Actor
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, found, merged
from .ports import Store, Transaction

DIALECT = "enterprise"  # among the extras: what the installation's own enterprise has no column for
OWN_NAME = "Parley"


@dataclass(frozen=True, slots=True)
class Enterprise:
    """id None: the installation's own. auto_create_users: an application may bring users that are not known yet."""

    id: TenantId | None
    name: str
    conferences: ConferenceDefaults
    call_out: CallOutLimits
    auto_create_users: bool
    extras: Extras


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseEdit:
    """conferences: names of ConferenceDefaults with their new values."""

    name: str | Kept = KEEP
    auto_create_users: bool | Kept = KEEP
    conferences: Mapping[str, Any] = field(default_factory=dict)
    extras: ExtrasEdit = field(default_factory=dict)


H = TypeVar("H", Tenant, SystemDefaults)


class Enterprises:
    """The use cases."""

    def __init__(self, store: Store, changes: Changes, own_name: str = OWN_NAME) -> None:
        self._store = store
        self._changes = changes
        self._own_name = own_name

    async def get(self, tenant: TenantId | None) -> Enterprise:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await self.read(tx, tenant)

    async def read(self, tx: Transaction, tenant: TenantId | None) -> Enterprise:
        """As get, inside a unit of work."""
        holder: Tenant | SystemDefaults
        if tenant is None:
            holder = await tx.system_defaults()
            name = holder.extras.get(DIALECT, {}).get("name", self._own_name)
        else:
            holder = await found(tx.tenants, tenant, "tenant")
            name = holder.name
        auto = holder.extras.get(DIALECT, {}).get("auto_create_users", "true") == "true"
        return Enterprise(tenant, name, holder.conferences, holder.call_out, auto, holder.extras)

    async def change(self, actor: Actor, edit: EnterpriseEdit) -> None:
        """Raises Refusal: not-permitted, not-found, missing(name)."""
        check_administers(actor, "change-enterprise")
        if edit.name is not KEEP and not edit.name:
            raise Refusal("missing", field="name")
        async with self._store.transaction() as tx:
            if actor.tenant is None:
                await tx.save_system_defaults(_edited(await tx.system_defaults(), edit))
            else:
                tenant = _edited(await found(tx.tenants, actor.tenant, "tenant"), edit)
                if not isinstance(edit.name, Kept):
                    tenant = replace(tenant, name=edit.name)
                await tx.tenants.save(tenant)
        change = Change("system") if actor.tenant is None else Change("tenant", actor.tenant)
        self._changes.publish(change)


def _edited(holder: H, edit: EnterpriseEdit) -> H:
    own: dict[str, str | None] = {}
    if not isinstance(edit.name, Kept):
        own["name"] = edit.name
    if not isinstance(edit.auto_create_users, Kept):
        own["auto_create_users"] = "true" if edit.auto_create_users else "false"
    extras = merged(merged(holder.extras, {DIALECT: own}), edit.extras)
    return replace(holder, extras=extras, conferences=replace(holder.conferences, **edit.conferences))
