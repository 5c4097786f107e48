"""Field tables: one row per parameter drives parsing, rendering and the generated page (architecture, invariant 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

from .codecs import BadValue, Codec
from .xml import Node

DIALECT = "cms"

# Parameters as they came: lower-cased name -> text.
Form = Mapping[str, str]


class Access(Enum):
    """Who may set and see a parameter. A parameter that may not be set is passed over, as clients expect."""

    READ_WRITE = "read and write"
    READ_ONLY = "read only"
    WRITE_ONLY = "write only"
    CREATE_ONLY = "on POST; read"
    CHANGE_ONLY = "on PUT; never returned"


class Shown(Enum):
    """When a reply holds the element."""

    WHEN_SET = "when set"
    ALWAYS = "always"  # with its default, or empty
    WHEN_SAID = "when a client has set it, or when it differs from the default"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter.

    attribute: name in the values given to render and taken from parse; None: stored and echoed only.
    default: what holds when nobody says anything, as printed. unset: core's value for an empty parameter.
    effect: False for what is asked for once and does nothing yet.
    """

    wire: str
    codec: Codec
    attribute: str | None = None
    default: str = ""
    since: str = ""
    access: Access = Access.READ_WRITE
    shown: Shown = Shown.WHEN_SET
    unset: Any = None
    listed: bool = False
    aliases: tuple[str, ...] = ()
    note: str = ""
    effect: bool = True

    @property
    def stored_only(self) -> bool:
        """No attribute of core: the value is kept among the extras."""
        return self.attribute is None

    def writable(self, *, create: bool) -> bool:
        match self.access:
            case Access.READ_ONLY:
                return False
            case Access.CREATE_ONLY:
                return create
            case Access.CHANGE_ONLY:
                return not create
        return True


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a request asks to set: attribute -> core value; extras: wire name -> text or None to clear."""

    values: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, str | None] = field(default_factory=dict)

    def under(self, prefix: str) -> dict[str, Any]:
        """The values of attributes below `prefix.`, by their own names."""
        return {k.removeprefix(prefix + "."): v for k, v in self.values.items() if k.startswith(prefix + ".")}

    def plain(self) -> dict[str, Any]:
        """The values of attributes below nothing."""
        return {k: v for k, v in self.values.items() if "." not in k}

    @property
    def extras_edit(self) -> dict[str, dict[str, str | None]]:
        return {DIALECT: self.extras} if self.extras else {}


class BadParameters(Exception):
    """problems: (wire name, the dialect's error word) of each."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Table:
    """One object's parameters, in the order in which replies hold them. name: its element; section: of the sheet."""

    name: str
    section: str
    fields: tuple[Field, ...]

    def parse(self, form: Form, *, create: bool) -> Parsed:
        """Raises BadParameters naming every bad one."""
        parsed = Parsed()
        problems: list[tuple[str, str]] = []
        for row in self.fields:
            text = given(form, row)
            if text is None or not row.writable(create=create):
                continue
            try:
                value = row.codec.parse(text) if text != "" else None
            except BadValue as bad:
                problems.append((row.wire, str(bad)))
                continue
            if row.attribute is not None:
                parsed.values[row.attribute] = row.unset if value is None else value
            if row.stored_only or row.shown is Shown.WHEN_SAID:
                parsed.extras[row.wire] = None if value is None else row.codec.render(value)
        if problems:
            raise BadParameters(problems)
        return parsed

    def children(self, values: Mapping[str, Any], extras: Mapping[str, str], *, listed: bool = False) -> list[Node]:
        """The elements of one object; listed: only those that a list shows."""
        nodes = []
        for row in self.fields:
            if (listed and not row.listed) or row.access in (Access.WRITE_ONLY, Access.CHANGE_ONLY):
                continue
            text = _shown_text(row, values, extras)
            if text is not None:
                nodes.append(Node(row.wire, text))
        return nodes

    def node(
        self, id: str | None, values: Mapping[str, Any], extras: Mapping[str, str], *, listed: bool = False
    ) -> Node:
        """One object."""
        attributes = (("id", id),) if id is not None else ()
        return Node(self.name, tuple(self.children(values, extras, listed=listed)), attributes)

    def wire_of(self, attribute: str) -> str | None:
        """The wire name of an attribute of core."""
        for row in self.fields:
            if row.attribute is not None and row.attribute.rpartition(".")[2] == attribute:
                return row.wire
        return None


def given(form: Form, row: Field) -> str | None:
    """What the request says of a parameter; its own name wins over older spellings."""
    for name in (row.wire, *row.aliases):
        if (text := form.get(name.lower())) is not None:
            return text
    return None


def _shown_text(row: Field, values: Mapping[str, Any], extras: Mapping[str, str]) -> str | None:
    if row.attribute is None:
        text = extras.get(row.wire)
    else:
        value = values.get(row.attribute)
        text = None if value is None else row.codec.render(value)
        if row.shown is Shown.WHEN_SAID and value == row.unset and row.wire not in extras:
            text = None
    if text is None or text == "":
        return row.default if row.shown is Shown.ALWAYS else None
    return text


def values_of(entity: Any, prefix: str = "") -> dict[str, Any]:
    """The attributes of an entity by name; those of a bundle inside it as `bundle.name`."""
    values: dict[str, Any] = {}
    for spec in fields(entity):
        value = getattr(entity, spec.name)
        if is_dataclass(value) and spec.name in ("settings", "rights"):
            values.update(values_of(value, spec.name + "."))
        else:
            values[prefix + spec.name] = value
    return values


def extras_of(entity: Any) -> Mapping[str, str]:
    """What this dialect has stored with an entity."""
    extras: Mapping[str, str] = entity.extras.get(DIALECT, {})
    return extras


def collection(name: str, total: int, nodes: list[Node]) -> Node:
    """A page of a collection."""
    return Node(name, tuple(nodes), (("total", str(total)),))
