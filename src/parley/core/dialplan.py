"""Where a dialled address leads: inbound rules by domain, then users, spaces and IVRs (cms-api 2.13, 3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .ids import BrandingId, InboundRuleId, IvrId, TenantId
from .profiles import Extras


@dataclass(frozen=True, slots=True)
class InboundRule:
    """Calls to `domain` (exact, lower-case) are ours. Higher priority first."""

    id: InboundRuleId
    domain: str
    priority: int = 0
    resolve_to_users: bool = True
    resolve_to_spaces: bool = True
    resolve_to_ivrs: bool = True
    tenant: TenantId | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ivr:
    """An address where callers type a call ID. With a tenant: only that tenant's spaces are reachable."""

    id: IvrId
    uri: str
    tenant: TenantId | None = None
    resolve_call_ids: bool = True
    extras: Extras = field(default_factory=dict)
    ivr_branding: BrandingId | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Echo:
    """A place built in: each caller is alone in it and hears himself. Both in seconds; limit: of one stay."""

    limit: float = 300.0
    delay: float = 1.0


@dataclass(frozen=True, slots=True)
class Address:
    """What was dialled: `user` lower-cased and unescaped, `domain` lower-cased, without port."""

    user: str
    domain: str


def rules_for(address: Address, configured: Iterable[InboundRule], rules: Iterable[InboundRule]) -> list[InboundRule]:
    """The rules that claim this address, best first: the API's by priority, then those of the settings."""
    ours = sorted((r for r in rules if r.domain == address.domain), key=lambda r: -r.priority)
    return ours + [r for r in configured if r.domain == address.domain]
