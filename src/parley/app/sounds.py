"""Whose prompts somebody hears and in which language: read from the store, nearest layer first (cms-api 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..core.dialplan import Ivr
from ..core.people import Tenant
from ..core.spaces import AccessMethod, Space
from .ports import Transaction

_NOBODY = "00000000-0000-0000-0000-000000000000"  # the id of nothing


@dataclass(frozen=True, slots=True)
class Sounds:
    """brand: id of a branding profile; empty: built-in prompts. language: en, zh or pt; empty: nobody says."""

    brand: str = ""
    language: str = ""


async def sounds_of_space(tx: Transaction, space: Space, methods: Sequence[AccessMethod] = ()) -> Sounds:
    """methods: the doors that could be meant. They speak for the space where they agree with one another."""
    tenant = await tx.tenants.get(space.tenant or _NOBODY)
    brands = (space.call_branding, _of(tenant, "call_branding"), (await tx.system_defaults()).call_branding)
    said = {method.language for method in methods}
    doors = said.pop() if len(said) == 1 else None
    return Sounds(_first(*brands), _first(doors, space.language, _of(tenant, "language")))


async def with_sounds(tx: Transaction, ivr: Ivr) -> Ivr:
    """The IVR with the branding and the language that hold for it, whoever sets them."""
    tenant = await tx.tenants.get(ivr.tenant or _NOBODY)
    branding = (
        ivr.ivr_branding or (tenant.ivr_branding if tenant else None) or (await tx.system_defaults()).ivr_branding
    )
    return replace(ivr, ivr_branding=branding, language=_first(ivr.language, _of(tenant, "language")) or None)


def _of(tenant: Tenant | None, attribute: str) -> str | None:
    return getattr(tenant, attribute) if tenant is not None else None


def _first(*values: str | None) -> str:
    return next((value for value in values if value), "")
