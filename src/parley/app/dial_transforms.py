"""Making, changing and removing dial transforms."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.ids import DialTransformId
from ..core.refusals import Refusal
from ..core.transforms import BadTransform, DialTransform, TransformAction, TransformType, check
from .changes import Change, Changes
from .editing import KEEP, ExtrasEdit, Kept, applied, found
from .ports import Identifiers, Page, Query, Store

KIND = "dial-transform"
TRANSFORMS_MOST = 200  # every call out is held against all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class DialTransformEdit:
    type: TransformType | Kept = KEEP
    match: str | Kept = KEEP
    transform: str | Kept = KEEP
    priority: int | Kept = KEEP
    action: TransformAction | Kept = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class DialTransforms:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    async def get(self, id: str) -> DialTransform:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await found(tx.dial_transforms, id, KIND)

    async def page(self, query: Query) -> Page[DialTransform]:
        async with self._store.reading() as tx:
            return await tx.dial_transforms.page(query)

    async def create(self, edit: DialTransformEdit) -> DialTransformId:
        """Raises Refusal: invalid (match, transform), limit (dial-transforms)."""
        transform = _checked(DialTransform(DialTransformId(self._identifiers.uuid())), edit)
        async with self._store.transaction() as tx:
            if (await tx.dial_transforms.page(Query(limit=1))).total >= TRANSFORMS_MOST:
                raise Refusal("limit", which="dial-transforms")
            await tx.dial_transforms.add(transform)
        self._changes.publish(Change(KIND, transform.id))
        return transform.id

    async def change(self, id: str, edit: DialTransformEdit) -> None:
        """Raises Refusal: not-found, invalid (match, transform)."""
        async with self._store.transaction() as tx:
            transform = await found(tx.dial_transforms, id, KIND)
            await tx.dial_transforms.save(_checked(transform, edit))
        self._changes.publish(Change(KIND, id))

    async def delete(self, id: str) -> None:
        """Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            await found(tx.dial_transforms, id, KIND)
            await tx.dial_transforms.delete(id)
        self._changes.publish(Change(KIND, id, deleted=True))


def _checked(before: DialTransform, edit: DialTransformEdit) -> DialTransform:
    """The transform after the edit, when it can be read."""
    transform = applied(before, edit)
    try:
        check(transform)
    except BadTransform as bad:
        raise Refusal("invalid", field=bad.which, error=str(bad)) from None
    return transform
