"""Making, changing and removing tenants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..core.ids import BrandingId, CallProfileId, DtmfProfileId, LegProfileId, TenantId
from ..core.people import Tenant
from ..core.refusals import Refusal
from .catalogue import Catalogue
from .changes import Change
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references
from .ports import Query, Repository, Transaction


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


class Tenants(Catalogue[Tenant, TenantId, TenantEdit]):
    """The use cases. Refusals: missing (name), unknown-reference, in-use.

    A tenant that still owns something stays: setting its spaces, IVRs or rules free would open them to everybody.
    """

    kind = "tenant"
    needs = "name"

    def _kept(self, tx: Transaction) -> Repository[Tenant]:
        return tx.tenants

    def _blank(self, id: str, needed: str) -> Tenant:
        return Tenant(TenantId(id), needed)

    async def _edited(self, tx: Transaction, before: Tenant, edit: TenantEdit) -> Tenant:
        await check_references(tx, edit)
        return applied(before, edit)

    async def _let_go(self, tx: Transaction, id: str) -> Iterable[Change]:
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
        return ()

    async def exists(self, id: str) -> bool:
        async with self._store.reading() as tx:
            return await tx.tenants.get(id) is not None
