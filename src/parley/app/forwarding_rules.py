"""Making, changing and removing forwarding rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..core.forwarding import CallerIdMode, ForwardingAction, ForwardingRule, UriParameters
from ..core.ids import ForwardingRuleId, TenantId
from ..core.outbound import BadTarget, parse_place
from ..core.refusals import Refusal
from .catalogue import Catalogue
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references
from .ports import Repository, Transaction

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


class ForwardingRules(Catalogue[ForwardingRule, ForwardingRuleId, ForwardingRuleEdit]):
    """The use cases. Refusals: missing (pattern), invalid, unknown-reference."""

    kind = "forwarding-rule"
    needs = "pattern"

    def _kept(self, tx: Transaction) -> Repository[ForwardingRule]:
        return tx.forwarding_rules

    def _blank(self, id: str, needed: str) -> ForwardingRule:
        return ForwardingRule(ForwardingRuleId(id), needed)

    async def _edited(self, tx: Transaction, before: ForwardingRule, edit: ForwardingRuleEdit) -> ForwardingRule:
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
