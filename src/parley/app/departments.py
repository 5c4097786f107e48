"""The parts of an enterprise. The root, code "1", is the enterprise itself and is not stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..core.ids import TenantId
from ..core.people import Department
from ..core.refusals import Refusal
from .account_rights import check_administers
from .booking import Actor
from .editing import KEEP, ExtrasEdit, Kept, merged
from .enterprises import Enterprises
from .ports import Identifiers, Query, Store, Transaction

ROOT = "1"
DEPTH_MOST = 10
DEPARTMENTS_MOST = 10_000
CODE_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentEdit:
    """parent: a code."""

    name: str | Kept = KEEP
    parent: str | Kept = KEEP
    extras: ExtrasEdit = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """A department with its place: codes and names from the root down to itself, and whether others are below it."""

    department: Department
    codes: tuple[str, ...]
    names: tuple[str, ...]
    leaf: bool


class Tree:
    """All departments of one enterprise, as read at one moment."""

    def __init__(self, enterprise: str, tenant: TenantId | None, departments: tuple[Department, ...]) -> None:
        root = Department(ROOT, ROOT, enterprise, None, tenant)
        self._all = {ROOT: root, **{one.code: one for one in departments}}
        self._below: dict[str, list[str]] = {}
        for one in departments:
            self._below.setdefault(one.parent or ROOT, []).append(one.code)

    def get(self, code: str) -> Placed | None:
        if code not in self._all:
            return None
        codes = self._codes(code)
        names = tuple(self._all[one].name for one in codes)
        return Placed(self._all[code], codes, names, leaf=code not in self._below)

    def below(self, code: str) -> list[Placed]:
        """The departments directly below one."""
        return [placed for one in self._below.get(code, ()) if (placed := self.get(one)) is not None]

    def within(self, code: str) -> set[str]:
        """The codes of a department and of everything below it."""
        found, waiting = {code}, [code]
        while waiting:
            for one in self._below.get(waiting.pop(), ()):
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return found

    def named(self, text: str) -> list[Placed]:
        """Those whose name holds the text, in any letter case."""
        wanted = text.lower()
        codes = [code for code, one in self._all.items() if wanted in one.name.lower()]
        return [placed for code in codes if (placed := self.get(code)) is not None]

    def __len__(self) -> int:
        return len(self._all)

    def _codes(self, code: str) -> tuple[str, ...]:
        path = [code]
        while (parent := self._all[path[-1]].parent or ROOT) in self._all and parent not in path:
            path.append(parent)
        return tuple(reversed(path))


class Departments:
    """The use cases."""

    def __init__(self, store: Store, identifiers: Identifiers, enterprises: Enterprises) -> None:
        self._store = store
        self._identifiers = identifiers
        self._enterprises = enterprises

    async def tree(self, tenant: TenantId | None) -> Tree:
        async with self._store.reading() as tx:
            return await self.read(tx, tenant)

    async def read(self, tx: Transaction, tenant: TenantId | None) -> Tree:
        """As tree, inside a unit of work."""
        enterprise = await self._enterprises.read(tx, tenant)
        return Tree(enterprise.name, tenant, (await tx.departments.page(Query(where={"tenant": tenant}))).items)

    async def create(self, actor: Actor, code: str | None, edit: DepartmentEdit) -> str:
        """The code; one is made when none is given. Raises Refusal: not-permitted, missing(name),
        duplicate-name(code), unknown-reference(department, parent), limit."""
        check_administers(actor, "change-departments")
        if isinstance(edit.name, Kept) or not edit.name:
            raise Refusal("missing", field="name")
        parent = ROOT if isinstance(edit.parent, Kept) else edit.parent
        async with self._store.transaction() as tx:
            tree = await self.read(tx, actor.tenant)
            if len(tree) >= DEPARTMENTS_MOST:
                raise Refusal("limit", which="department")
            if code is not None and tree.get(code) is not None:
                raise Refusal("duplicate-name", field="code")
            above = _parent(tree, parent)
            if len(above.codes) >= DEPTH_MOST:
                raise Refusal("invalid", field="parent", error=f"is {DEPTH_MOST} levels deep already")
            while code is None or tree.get(code) is not None:
                code = self._identifiers.digits(CODE_DIGITS)
            extras = merged({}, edit.extras)
            await tx.departments.add(
                Department(self._identifiers.uuid(), code, edit.name, parent, actor.tenant, extras)
            )
        return code

    async def change(self, actor: Actor, code: str, edit: DepartmentEdit) -> None:
        """Raises Refusal: not-permitted, not-found, missing(name), unknown-reference, invalid(parent)."""
        check_administers(actor, "change-departments")
        if not isinstance(edit.name, Kept) and not edit.name:
            raise Refusal("missing", field="name")
        async with self._store.transaction() as tx:
            tree = await self.read(tx, actor.tenant)
            department = _stored(tree, code)
            if not isinstance(edit.parent, Kept) and edit.parent != department.parent:
                above = _parent(tree, edit.parent)
                if code in above.codes or len(above.codes) >= DEPTH_MOST:
                    raise Refusal("invalid", field="parent", error="lies below the department, or too deep")
                department = replace(department, parent=edit.parent)
            if not isinstance(edit.name, Kept):
                department = replace(department, name=edit.name)
            await tx.departments.save(replace(department, extras=merged(department.extras, edit.extras)))

    async def delete(self, actor: Actor, code: str) -> None:
        """Raises Refusal: not-permitted, not-found, in-use (somebody or another department is in it)."""
        check_administers(actor, "change-departments")
        async with self._store.transaction() as tx:
            tree = await self.read(tx, actor.tenant)
            department = _stored(tree, code)
            people = await tx.users.page(Query(limit=1, where={"tenant": actor.tenant, "department": code}))
            if people.total or tree.below(code):
                raise Refusal("in-use", kind="department")
            await tx.departments.delete(department.id)


def _parent(tree: Tree, code: str) -> Placed:
    above = tree.get(code)
    if above is None:
        raise Refusal("unknown-reference", kind="department", field="parent")
    return above


def _stored(tree: Tree, code: str) -> Department:
    """The root is the enterprise itself: it is changed there, and never removed."""
    if code == ROOT:
        raise Refusal("not-permitted", what="change-root-department")
    placed = tree.get(code)
    if placed is None:
        raise Refusal("not-found", kind="department", id=code)
    return placed.department
