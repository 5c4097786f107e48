"""Making, changing and removing inbound rules and IVRs; and which full address a space has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ..core.dialplan import InboundRule, Ivr
from ..core.ids import BrandingId, InboundRuleId, IvrId, TenantId
from ..core.refusals import Refusal
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, changes_of, check_references, found
from .ports import Identifiers, Page, Query, Store, Transaction


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


class InboundRules:
    """The use cases. configured: the domains of the settings, which act below the rules kept here."""

    def __init__(
        self, store: Store, identifiers: Identifiers, changes: Changes, configured: Sequence[str] = ()
    ) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes
        self._configured = tuple(domain.lower() for domain in configured)

    async def get(self, id: str) -> InboundRule:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.inbound_rules, id, "inbound-rule")

    async def page(self, query: Query) -> Page[InboundRule]:
        async with self._store.reading() as tx:
            return await tx.inbound_rules.page(query)

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

    async def create(self, edit: InboundRuleEdit) -> InboundRuleId:
        """Raises Refusal: missing (domain), unknown-reference, rule-conflict."""
        if not edit.domain or isinstance(edit.domain, Kept):
            raise Refusal("missing", field="domain")
        async with self._store.transaction() as tx:
            await check_references(tx, edit)
            rule = applied(InboundRule(InboundRuleId(self._identifiers.uuid()), edit.domain), edit)
            await _check_rule(tx, rule)
            await tx.inbound_rules.add(rule)
        self._changes.publish(Change("inbound-rule", rule.id))
        return rule.id

    async def change(self, id: str, edit: InboundRuleEdit) -> None:
        """Raises Refusal: not-found, missing (domain emptied), unknown-reference, rule-conflict."""
        async with self._store.transaction() as tx:
            rule = await found(tx.inbound_rules, id, "inbound-rule")
            if not edit.domain:
                raise Refusal("missing", field="domain")
            await check_references(tx, edit)
            rule = applied(rule, edit)
            if changes_of(edit) & {"domain", "tenant"}:
                await _check_rule(tx, rule)
            await tx.inbound_rules.save(rule)
        self._changes.publish(Change("inbound-rule", id))

    async def delete(self, id: str) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await found(tx.inbound_rules, id, "inbound-rule")
            await tx.inbound_rules.delete(id)
        self._changes.publish(Change("inbound-rule", id, deleted=True))


class Ivrs:
    """The use cases. reserved: URIs that lead elsewhere by the server's settings (its access number)."""

    def __init__(
        self, store: Store, identifiers: Identifiers, changes: Changes, reserved: Collection[str] = ()
    ) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes
        self._reserved = tuple(reserved)

    async def get(self, id: str) -> Ivr:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.ivrs, id, "ivr")

    async def page(self, query: Query) -> Page[Ivr]:
        async with self._store.reading() as tx:
            return await tx.ivrs.page(query)

    async def number(self, tenant: str | None) -> str | None:
        """The number where a caller can type a call ID of this tenant, or of no tenant."""
        async with self._store.reading() as tx:
            for ivr in (await tx.ivrs.page(Query(where={"tenant": tenant}))).items:
                if ivr.resolve_call_ids:
                    return ivr.uri
        return self._reserved[0] if self._reserved else None

    async def create(self, edit: IvrEdit) -> IvrId:
        """Raises Refusal: missing (uri), unknown-reference, ivr-conflict."""
        if not edit.uri or isinstance(edit.uri, Kept):
            raise Refusal("missing", field="uri")
        async with self._store.transaction() as tx:
            await check_references(tx, edit)
            ivr = applied(Ivr(IvrId(self._identifiers.uuid()), edit.uri), edit)
            await self._check(tx, ivr)
            await tx.ivrs.add(ivr)
        self._changes.publish(Change("ivr", ivr.id))
        return ivr.id

    async def change(self, id: str, edit: IvrEdit) -> None:
        """Raises Refusal: not-found, missing (uri emptied), unknown-reference, ivr-conflict."""
        async with self._store.transaction() as tx:
            ivr = await found(tx.ivrs, id, "ivr")
            if not edit.uri:
                raise Refusal("missing", field="uri")
            await check_references(tx, edit)
            ivr = applied(ivr, edit)
            if "uri" in changes_of(edit):
                await self._check(tx, ivr)
            await tx.ivrs.save(ivr)
        self._changes.publish(Change("ivr", id))

    async def delete(self, id: str) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await found(tx.ivrs, id, "ivr")
            await tx.ivrs.delete(id)
        self._changes.publish(Change("ivr", id, deleted=True))

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
