"""Outbound dial plan: where a call to somebody goes, if anywhere. No rule, no call (cms-api 2.13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .ids import OutboundRuleId, TenantId
from .profiles import Extras
from .secret import Secret


class FailureAction(StrEnum):
    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """Calls to `domain` (exact, or with a leading `*`) go to `proxy` (host[:port][;transport=]), else straight there.

    Higher priority first. tenant None: for everybody's calls. Credentials answer a challenge of that realm only.
    """

    id: OutboundRuleId
    domain: str
    priority: int = 0
    proxy: str | None = None
    local_contact_domain: str | None = None
    local_from_domain: str | None = None
    failure_action: FailureAction = FailureAction.STOP
    tenant: TenantId | None = None
    username: str | None = None
    password: Secret | None = None
    realm: str | None = None
    extras: Extras = field(default_factory=dict)
