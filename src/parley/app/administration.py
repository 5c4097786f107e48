"""All use cases that create, read, change and delete, in one bundle for doors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.branding import BrandKind
from .brandings import Brandings
from .changes import Changes
from .dial_plan import InboundRules, Ivrs
from .dial_transforms import DialTransforms
from .dtmf_profiles import DtmfProfiles
from .forwarding_rules import ForwardingRules
from .members import Members
from .outbound_rules import OutboundRules
from .ports import Identifiers, Store
from .profiles import CallProfiles, LegProfiles, System
from .spaces import Spaces
from .tenants import Tenants
from .users import Users


@dataclass(frozen=True, slots=True)
class Administration:
    spaces: Spaces
    members: Members
    leg_profiles: LegProfiles
    call_profiles: CallProfiles
    system: System
    tenants: Tenants
    users: Users
    inbound_rules: InboundRules
    ivrs: Ivrs
    outbound_rules: OutboundRules
    forwarding_rules: ForwardingRules
    dial_transforms: DialTransforms
    call_brandings: Brandings
    ivr_brandings: Brandings
    dtmf_profiles: DtmfProfiles


def administration(
    store: Store,
    identifiers: Identifiers,
    changes: Changes,
    *,
    domains: Sequence[str] = (),
    access_number: str | None = None,
) -> Administration:
    """domains and access_number: those of the settings, which no object of the API may contradict."""
    reserved = (access_number.lower(),) if access_number else ()
    return Administration(
        spaces=Spaces(store, identifiers, changes, reserved),
        members=Members(store, identifiers, changes),
        leg_profiles=LegProfiles(store, identifiers, changes),
        call_profiles=CallProfiles(store, identifiers, changes),
        system=System(store, changes),
        tenants=Tenants(store, identifiers, changes),
        users=Users(store, identifiers, changes),
        inbound_rules=InboundRules(store, identifiers, changes, domains),
        ivrs=Ivrs(store, identifiers, changes, reserved),
        outbound_rules=OutboundRules(store, identifiers, changes),
        forwarding_rules=ForwardingRules(store, identifiers, changes),
        dial_transforms=DialTransforms(store, identifiers, changes),
        call_brandings=Brandings(BrandKind.CALL, store, identifiers, changes),
        ivr_brandings=Brandings(BrandKind.IVR, store, identifiers, changes),
        dtmf_profiles=DtmfProfiles(store, identifiers, changes),
    )
