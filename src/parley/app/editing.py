"""What the use cases that create, change and delete things share.

An edit names what is to change: a field left at KEEP stays, None clears it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any, Final, TypeVar

from ..core.branding import Branding
from ..core.profiles import Extras
from ..core.refusals import Refusal
from .ports import Repository, Transaction


class Kept(Enum):
    """The type of KEEP, so that a field can say `str | None | Kept`."""

    KEEP = "keep"


KEEP: Final = Kept.KEEP

# {dialect: {wire name: text, or None to clear}}
ExtrasEdit = Mapping[str, Mapping[str, str | None]]

T = TypeVar("T")

# Fields that refer to another object, by the same name in every edit: kind of the object, its repository.
_REFERENCES = {
    "tenant": ("tenant", "tenants"),
    "leg_profile": ("leg-profile", "leg_profiles"),
    "call_profile": ("call-profile", "call_profiles"),
    "call_branding": ("call-branding", "brandings"),
    "ivr_branding": ("ivr-branding", "brandings"),
    "dtmf_profile": ("dtmf-profile", "dtmf_profiles"),
}


def merged(extras: Extras, edit: ExtrasEdit) -> Extras:
    """The extras after the edit; a dialect with nothing left disappears."""
    result = {dialect: dict(values) for dialect, values in extras.items()}
    for dialect, values in edit.items():
        kept = result.setdefault(dialect, {})
        for name, text in values.items():
            if text is None:
                kept.pop(name, None)
            else:
                kept[name] = text
        if not kept:
            del result[dialect]
    return result


def applied(entity: T, edit: Any, **more: Any) -> T:
    """The entity with those fields of the edit that it has and that are not KEEP; `more` wins over both."""
    known = {spec.name for spec in fields(entity)}  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for spec in fields(edit):
        value = getattr(edit, spec.name)
        if spec.name in known and value is not KEEP and spec.name != "extras":
            changes[spec.name] = value
    changes["extras"] = merged(getattr(entity, "extras"), edit.extras)  # noqa: B009 - T is any entity
    return replace(entity, **{**changes, **more})  # type: ignore[type-var]


def changes_of(edit: Any) -> set[str]:
    """The names of the fields that the edit touches."""
    return {spec.name for spec in fields(edit) if getattr(edit, spec.name) is not KEEP}


async def check_references(tx: Transaction, edit: Any) -> None:
    """Raises Refusal unknown-reference for the first tenant or profile of the edit that does not exist."""
    for spec in fields(edit):
        if spec.name not in _REFERENCES:
            continue
        value = getattr(edit, spec.name)
        kind, repository = _REFERENCES[spec.name]
        if value is KEEP or value is None:
            continue
        entity = await getattr(tx, repository).get(value)
        if entity is None or (isinstance(entity, Branding) and kind != f"{entity.kind.value}-branding"):
            raise Refusal("unknown-reference", kind=kind, field=spec.name)


async def found(repository: Repository[T], id: str, kind: str) -> T:
    """The entity, or Refusal not-found."""
    entity = await repository.get(id)
    if entity is None:
        raise Refusal("not-found", kind=kind, id=id)
    return entity
