"""What is the same of all things that administrators keep: reading, making, changing, removing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from ..core.refusals import Refusal
from .changes import Change, Changes
from .editing import Kept, found
from .ports import Identifiers, Page, Query, Repository, Store, Transaction


class Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Identified)
Id = TypeVar("Id", bound=str)  # its id
E = TypeVar("E")  # what is to change of a T; see `editing`


class Catalogue(ABC, Generic[T, Id, E]):
    """All things of one kind. Each change is published once it is committed.

    kind: as in Change and in refusals. needs: the field without which there is no such thing.
    """

    kind: ClassVar[str]
    needs: ClassVar[str] = ""

    def __init__(self, store: Store, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._identifiers = identifiers
        self._changes = changes

    # --- what each kind has of its own --------------------------------------------------------------------------

    @abstractmethod
    def _kept(self, tx: Transaction) -> Repository[T]:
        """Where they are kept."""

    @abstractmethod
    def _blank(self, id: str, needed: Any) -> T:
        """A new one, before anything of its edit but what it needs."""

    @abstractmethod
    async def _edited(self, tx: Transaction, before: T, edit: E) -> T:
        """After the edit, where that makes sense; else raises Refusal."""

    async def _check_room(self, tx: Transaction) -> None:
        """Raises Refusal where there may not be one more."""
        return

    async def _let_go(self, tx: Transaction, id: str) -> Iterable[Change]:
        """Nothing may refer to it afterwards. What else has changed by that; raises Refusal where it has to stay."""
        return ()

    async def _found(self, tx: Transaction, id: str) -> T:
        return await found(self._kept(tx), id, self.kind)

    # --- the use cases ------------------------------------------------------------------------------------------

    async def get(self, id: str) -> T:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return await self._found(tx, id)

    async def page(self, query: Query) -> Page[T]:
        async with self._store.reading() as tx:
            return await self._kept(tx).page(query)

    async def create(self, edit: E) -> Id:
        """The new one's id. Raises Refusal: missing (what it needs), and as the class says."""
        needed = getattr(edit, self.needs) if self.needs else None
        if self.needs and (not needed or isinstance(needed, Kept)):
            raise Refusal("missing", field=self.needs)
        async with self._store.transaction() as tx:
            made = await self._edited(tx, self._blank(self._identifiers.uuid(), needed), edit)
            await self._check_room(tx)
            await self._kept(tx).add(made)
        self._changes.publish(Change(self.kind, made.id))
        return cast(Id, made.id)

    async def change(self, id: str, edit: E) -> None:
        """Raises Refusal: not-found, missing (what it needs, emptied), and as the class says."""
        async with self._store.transaction() as tx:
            before = await self._found(tx, id)
            if self.needs and not getattr(edit, self.needs):
                raise Refusal("missing", field=self.needs)
            await self._kept(tx).save(await self._edited(tx, before, edit))
        self._changes.publish(Change(self.kind, id))

    async def delete(self, id: str) -> None:
        """Raises Refusal: not-found, and as the class says."""
        async with self._store.transaction() as tx:
            await self._found(tx, id)
            others = await self._let_go(tx, id)
            await self._kept(tx).delete(id)
        self._changes.publish(Change(self.kind, id, deleted=True))
        for other in others:
            self._changes.publish(other)
