"""Making, changing and removing tenants."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.ids import BrandingId, CallProfileId, DtmfProfileId, LegProfileId, TenantId
from ..core.people import Tenant
from ..core.refusals import Refusal
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references, found
from .ports import Identifiers, Page, Query, Repository, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantEdit:
    name: str | Kept | None = KEEP
    leg_profile: LegProfileId | Kept | None = KEEP
    call_profile: CallProfileId | Kept | None = KEEP
    participant_limit: int | Kept | None = KEEP
    call_branding: BrandingId | Kept | None = KEEP
    ivr_branding: BrandingId | Kept | None = KEEP
    language: str | Kept | None = KEEP
    dtmf_profile: DtmfProfileId | Kept | None = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class Tenants:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, id: str) -> Tenant:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.tenants, id, "tenant")

    async def exists(self, id: str) -> bool:
        async with self._store.reading() as tx:
            return await tx.tenants.get(id) is not None

    async def page(self, query: Query) -> Page[Tenant]:
        async with self._store.reading() as tx:
            return await tx.tenants.page(query)

    async def create(self, edit: TenantEdit) -> TenantId:
        """Raises Refusal: missing (name), unknown-reference."""
        if not edit.name or isinstance(edit.name, Kept):
            raise Refusal("missing", field="name")
        async with self._store.transaction() as tx:
            await check_references(tx, edit)
            tenant = applied(Tenant(TenantId(self._identifiers.uuid()), edit.name), edit)
            await tx.tenants.add(tenant)
        self._changes.publish(Change("tenant", tenant.id))
        return tenant.id

    async def change(self, id: str, edit: TenantEdit) -> None:
        """Raises Refusal: not-found, missing (name emptied), unknown-reference."""
        async with self._store.transaction() as tx:
            tenant = await found(tx.tenants, id, "tenant")
            if not edit.name:
                raise Refusal("missing", field="name")
            await check_references(tx, edit)
            await tx.tenants.save(applied(tenant, edit))
        self._changes.publish(Change("tenant", id))

    async def delete(self, id: str) -> None:
        """Raises Refusal: not-found, in-use.

        A tenant that still owns something stays: setting its spaces, IVRs or rules free would open them to everybody.
        """
        async with self._store.transaction() as tx:
            await found(tx.tenants, id, "tenant")
            repositories: tuple[tuple[str, Repository[object]], ...] = (
                ("space", tx.spaces),  # type: ignore[assignment]
                ("user", tx.users),
                ("inbound-rule", tx.inbound_rules),
                ("ivr", tx.ivrs),
                ("outbound-rule", tx.outbound_rules),
                ("forwarding-rule", tx.forwarding_rules),
            )
            for kind, repository in repositories:
                if (await repository.page(Query(limit=1, where={"tenant": id}))).total:
                    raise Refusal("in-use", kind=kind)
            await tx.tenants.delete(id)
        self._changes.publish(Change("tenant", id, deleted=True))
