"""Making, changing and removing dial transforms."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.ids import DialTransformId
from ..core.refusals import Refusal
from ..core.transforms import BadTransform, DialTransform, TransformAction, TransformType, check
from .catalogue import Catalogue
from .editing import KEEP, ExtrasEdit, Kept, applied
from .ports import Query, Repository, Transaction

TRANSFORMS_MOST = 200  # every call out is held against all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class DialTransformEdit:
    type: TransformType | Kept = KEEP
    match: str | Kept = KEEP
    transform: str | Kept = KEEP
    priority: int | Kept = KEEP
    action: TransformAction | Kept = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


class DialTransforms(Catalogue[DialTransform, DialTransformId, DialTransformEdit]):
    """The use cases. Refusals: invalid (match, transform), limit (dial-transforms)."""

    kind = "dial-transform"

    def _kept(self, tx: Transaction) -> Repository[DialTransform]:
        return tx.dial_transforms

    def _blank(self, id: str, needed: None) -> DialTransform:
        return DialTransform(DialTransformId(id))

    async def _edited(self, tx: Transaction, before: DialTransform, edit: DialTransformEdit) -> DialTransform:
        transform = applied(before, edit)
        try:
            check(transform)
        except BadTransform as bad:
            raise Refusal("invalid", field=bad.which, error=str(bad)) from None
        return transform

    async def _check_room(self, tx: Transaction) -> None:
        if (await tx.dial_transforms.page(Query(limit=1))).total >= TRANSFORMS_MOST:
            raise Refusal("limit", which="dial-transforms")
