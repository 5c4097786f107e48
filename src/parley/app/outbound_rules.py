"""Making, changing and removing outbound rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..core.ids import OutboundRuleId, TenantId
from ..core.outbound import BadTarget, ControlEncryption, FailureAction, OutboundRule, parse_place, parse_proxy
from ..core.refusals import Refusal
from ..core.secret import Secret
from .catalogue import Catalogue
from .editing import KEEP, ExtrasEdit, Kept, applied, check_references
from .ports import Repository, Transaction

# A whole domain, or a star and the end of one (`*`, `*.com`, `*example.com`); an IPv6 address stands bare.
_DOMAIN = re.compile(r"\*?(?:[a-z0-9._\-]{1,253})|\*|[0-9a-f:.]{2,45}")
_HOST = re.compile(r"[A-Za-z0-9._\-]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRuleEdit:
    domain: str | Kept | None = KEEP
    priority: int | Kept = KEEP
    proxy: str | Kept | None = KEEP
    local_contact_domain: str | Kept | None = KEEP
    local_from_domain: str | Kept | None = KEEP
    failure_action: FailureAction | Kept = KEEP
    tenant: TenantId | Kept | None = KEEP
    username: str | Kept | None = KEEP
    password: Secret | Kept | None = KEEP
    realm: str | Kept | None = KEEP
    control_encryption: ControlEncryption | Kept = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class OutboundRules(Catalogue[OutboundRule, OutboundRuleId, OutboundRuleEdit]):
    """The use cases. Refusals: missing (domain, password, realm), invalid, unknown-reference."""

    kind = "outbound-rule"
    needs = "domain"

    def _kept(self, tx: Transaction) -> Repository[OutboundRule]:
        return tx.outbound_rules

    def _blank(self, id: str, needed: str) -> OutboundRule:
        return OutboundRule(OutboundRuleId(id), needed)

    async def _edited(self, tx: Transaction, before: OutboundRule, edit: OutboundRuleEdit) -> OutboundRule:
        await check_references(tx, edit)
        rule = applied(before, edit)
        if not _DOMAIN.fullmatch(rule.domain):
            raise Refusal("invalid", field="domain", error="not a domain")
        for name in ("local_contact_domain", "local_from_domain"):
            value = getattr(rule, name)
            if value is not None and not _HOST.fullmatch(value):
                raise Refusal("invalid", field=name, error="not a domain")
        if rule.proxy is not None:
            try:
                _host, _port, transport = parse_proxy(rule.proxy)
            except BadTarget as bad:
                raise Refusal("invalid", field="proxy", error=str(bad)) from None
            named = "transport=" in rule.proxy.lower()
            other = ControlEncryption.UNENCRYPTED if transport == "tls" else ControlEncryption.ENCRYPTED
            if named and rule.control_encryption is other:
                raise Refusal("invalid", field="control_encryption", error="the proxy's transport says otherwise")
        elif not rule.domain.startswith("*"):
            try:
                parse_place(rule.domain if ":" not in rule.domain else f"[{rule.domain}]")
            except BadTarget as bad:
                raise Refusal("invalid", field="domain", error=str(bad)) from None
        if rule.username:
            # A password is only ever given to the realm it is meant for.
            if rule.password is None:
                raise Refusal("missing", field="password")
            if not rule.realm:
                raise Refusal("missing", field="realm")
        return rule
