"""Making, changing and removing inbound rules and IVRs; and which full address a space has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ..core.dialplan import InboundRule, Ivr
from ..core.ids import BrandingId, InboundRuleId, IvrId, TenantId
from ..core.refusals import Refusal
from .catalogue import Catalogue
from .changes import Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, changes_of, check_references
from .ports import Identifiers, Query, Repository, Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRuleEdit:
    domain: str | Kept | None = KEEP
    priority: int | Kept = KEEP
    resolve_to_users: bool | Kept = KEEP
    resolve_to_spaces: bool | Kept = KEEP
    resolve_to_ivrs: bool | Kept = KEEP
    tenant: TenantId | Kept | None = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IvrEdit:
    uri: str | Kept | None = KEEP
    tenant: TenantId | Kept | None = KEEP
    resolve_call_ids: bool | Kept = KEEP
    ivr_branding: BrandingId | Kept | None = KEEP
    language: str | Kept | None = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class InboundRules(Catalogue[InboundRule, InboundRuleId, InboundRuleEdit]):
    """The use cases. configured: the domains of the settings, which act below the rules kept here.

    Refusals: missing (domain), unknown-reference, rule-conflict.
    """

    kind = "inbound-rule"
    needs = "domain"

    def __init__(
        self, store: Store, identifiers: Identifiers, changes: Changes, configured: Sequence[str] = ()
    ) -> None:
        super().__init__(store, identifiers, changes)
        self._configured = tuple(domain.lower() for domain in configured)

    def _kept(self, tx: Transaction) -> Repository[InboundRule]:
        return tx.inbound_rules

    def _blank(self, id: str, needed: str) -> InboundRule:
        return InboundRule(InboundRuleId(id), needed)

    async def _edited(self, tx: Transaction, before: InboundRule, edit: InboundRuleEdit) -> InboundRule:
        await check_references(tx, edit)
        rule = applied(before, edit)
        if changes_of(edit) & {"domain", "tenant"}:
            await _check_rule(tx, rule)
        return rule

    async def space_domain(self, tenant: str | None, otherwise: str | None = None) -> str | None:
        """The domain to print in full addresses of spaces: the rule of the highest priority that leads to spaces.

        otherwise: where there is no such rule; else the first domain of the settings.
        """
        async with self._store.reading() as tx:
            rules = [
                rule
                for rule in (await tx.inbound_rules.page(Query())).items
                if rule.resolve_to_spaces and rule.tenant in (None, tenant)
            ]
        if rules:
            return max(rules, key=lambda rule: rule.priority).domain
        return otherwise or (self._configured[0] if self._configured else None)


class Ivrs(Catalogue[Ivr, IvrId, IvrEdit]):
    """The use cases. reserved: URIs that lead elsewhere by the server's settings (its access number).

    Refusals: missing (uri), unknown-reference, ivr-conflict.
    """

    kind = "ivr"
    needs = "uri"

    def __init__(
        self, store: Store, identifiers: Identifiers, changes: Changes, reserved: Collection[str] = ()
    ) -> None:
        super().__init__(store, identifiers, changes)
        self._reserved = tuple(reserved)

    def _kept(self, tx: Transaction) -> Repository[Ivr]:
        return tx.ivrs

    def _blank(self, id: str, needed: str) -> Ivr:
        return Ivr(IvrId(id), needed)

    async def _edited(self, tx: Transaction, before: Ivr, edit: IvrEdit) -> Ivr:
        await check_references(tx, edit)
        ivr = applied(before, edit)
        if "uri" in changes_of(edit):
            await self._check(tx, ivr)
        return ivr

    async def number(self, tenant: str | None) -> str | None:
        """The number where a caller can type a call ID of this tenant, or of no tenant."""
        async with self._store.reading() as tx:
            for ivr in (await tx.ivrs.page(Query(where={"tenant": tenant}))).items:
                if ivr.resolve_call_ids:
                    return ivr.uri
        return self._reserved[0] if self._reserved else None

    async def _check(self, tx: Transaction, ivr: Ivr) -> None:
        same = (await tx.ivrs.page(Query(where={"uri": ivr.uri}))).items
        taken = any(other.id != ivr.id for other in same) or ivr.uri in self._reserved
        if taken or await tx.access_methods.by_uri(ivr.uri):
            raise Refusal("ivr-conflict", field="uri")


async def _check_rule(tx: Transaction, rule: InboundRule) -> None:
    """Two rules that claim the same domain for the same tenant could only contradict each other."""
    same = (await tx.inbound_rules.page(Query(where={"domain": rule.domain, "tenant": rule.tenant}))).items
    if any(other.id != rule.id for other in same):
        raise Refusal("rule-conflict", field="domain")
