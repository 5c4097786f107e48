"""Making, changing and removing forwarding rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..core.forwarding import CallerIdMode, ForwardingAction, ForwardingRule, UriParameters
from ..core.ids import ForwardingRuleId, TenantId
from ..core.outbound import BadTarget, parse_place
from ..core.refusals import Refusal
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references, found
from .ports import Identifiers, Page, Query, Store, Transaction

KIND = "forwarding-rule"
_PATTERN = re.compile(r"[a-z0-9._\-*:]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingRuleEdit:
    pattern: str | Kept | None = KEEP
    destination_domain: str | Kept | None = KEEP
    action: ForwardingAction | Kept = KEEP
    caller_id: CallerIdMode | Kept = KEEP
    priority: int | Kept = KEEP
    tenant: TenantId | Kept | None = KEEP
    uri_parameters: UriParameters | Kept = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class ForwardingRules:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, id: str) -> ForwardingRule:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.forwarding_rules, id, KIND)

    async def page(self, query: Query) -> Page[ForwardingRule]:
        async with self._store.reading() as tx:
            return await tx.forwarding_rules.page(query)

    async def create(self, edit: ForwardingRuleEdit) -> ForwardingRuleId:
        """Raises Refusal: missing (pattern), invalid, unknown-reference."""
        if not edit.pattern or isinstance(edit.pattern, Kept):
            raise Refusal("missing", field="pattern")
        async with self._store.transaction() as tx:
            rule = ForwardingRule(ForwardingRuleId(self._identifiers.uuid()), edit.pattern)
            rule = await _checked(tx, rule, edit)
            await tx.forwarding_rules.add(rule)
        self._changes.publish(Change(KIND, rule.id))
        return rule.id

    async def change(self, id: str, edit: ForwardingRuleEdit) -> None:
        """Raises Refusal: not-found, missing (pattern emptied), invalid, unknown-reference."""
        async with self._store.transaction() as tx:
            rule = await found(tx.forwarding_rules, id, KIND)
            if not edit.pattern:
                raise Refusal("missing", field="pattern")
            await tx.forwarding_rules.save(await _checked(tx, rule, edit))
        self._changes.publish(Change(KIND, id))

    async def delete(self, id: str) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await found(tx.forwarding_rules, id, KIND)
            await tx.forwarding_rules.delete(id)
        self._changes.publish(Change(KIND, id, deleted=True))


async def _checked(tx: Transaction, before: ForwardingRule, edit: ForwardingRuleEdit) -> ForwardingRule:
    """The rule after the edit, when it makes sense."""
    await check_references(tx, edit)
    rule = applied(before, edit)
    if not _PATTERN.fullmatch(rule.pattern):
        raise Refusal("invalid", field="pattern", error="not a domain with wildcards")
    if rule.destination_domain is not None:
        place = rule.destination_domain
        try:
            parse_place(f"[{place}]" if place.count(":") > 1 else place)
        except BadTarget as bad:
            raise Refusal("invalid", field="destination_domain", error=str(bad)) from None
    return rule
