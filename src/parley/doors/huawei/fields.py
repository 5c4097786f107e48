"""Field tables: one row per JSON field drives parsing, rendering and the generated page (architecture, invariant 4).

Lenient in: numbers and booleans come as text too, null means absent, unknown fields are passed over. Strict out: every
value leaves with the one JSON type that the sheet gives it (huawei-api 1.6 rule 14, 5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from .codecs import BadValue

DIALECT = "huawei"

_STEP = re.compile(r"([a-z_]+)(\[[0-9]+\])?")


class Codec(Protocol):
    """word: describes the values in the generated page. table: of the objects inside, if any.

    takes_empty: an empty text is a value; otherwise it counts as absent.
    """

    @property
    def word(self) -> str: ...

    @property
    def table(self) -> Table | None: ...

    @property
    def takes_empty(self) -> bool: ...

    def parse(self, given: Any) -> Any:
        """given is never None. Raises BadValue."""
        ...

    def render(self, value: Any) -> Any:
        """The JSON value."""
        ...


class Access(Enum):
    """Who may set and see a field. One that may not be set is passed over, as clients expect."""

    READ_WRITE = "read and write"
    READ_ONLY = "read only"
    WRITE_ONLY = "write only"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object.

    attribute: name in the values taken from parse and given to render; None: stored and echoed only (extras).
    default: what an answer holds when there is no value; None: the field is left out then.
    error: the dialect's code for a bad or missing value; None: that of the family (see errors).
    aliases: other spellings read. effect: False for what is kept, returned and handed on but acts later.
    """

    wire: str
    codec: Codec
    attribute: str | None = None
    required: bool = False
    default: Any = None
    access: Access = Access.READ_WRITE
    error: str | None = None
    aliases: tuple[str, ...] = ()
    effect: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad field. wire: its full name, `attendees[0].name`; reason: words for a person."""

    wire: str
    reason: str
    error: str | None = None


class BadFields(Exception):
    """The request's fields cannot be used; `problems` is never empty."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a request says: attribute -> value of core, only for what was given; extras: wire name -> JSON text."""

    values: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, str | None] = field(default_factory=dict)

    def get(self, attribute: str, otherwise: Any = None) -> Any:
        return self.values.get(attribute, otherwise)

    def part(self, attribute: str) -> Parsed:
        """The nested object of this attribute; an empty one when it was not given."""
        nested = self.values.get(attribute)
        return nested if isinstance(nested, Parsed) else Parsed()

    @property
    def extras_edit(self) -> dict[str, dict[str, str | None]]:
        """As app.editing.ExtrasEdit."""
        return {DIALECT: self.extras} if self.extras else {}


@dataclass(frozen=True, slots=True)
class Table:
    """One object's fields, in the order in which answers hold them. section: of the sheet."""

    name: str
    section: str
    fields: tuple[Field, ...]

    def parse(self, body: Any, *, partial: bool = False) -> Parsed:
        """Raises BadFields naming every bad field. partial: none is required, for what is left out stays."""
        parsed, problems = self.read(body, "", partial=partial)
        if problems:
            raise BadFields(problems)
        return parsed

    def read(self, body: Any, prefix: str, *, partial: bool = False) -> tuple[Parsed, list[Problem]]:
        """As parse, but returns the problems. prefix: stands before every wire name, as `attendees[0].`"""
        if not isinstance(body, Mapping):
            return Parsed(), [Problem(prefix + "body", "must be an object")]
        parsed = Parsed()
        problems: list[Problem] = []
        for row in self.fields:
            if row.access is Access.READ_ONLY:
                continue
            given = _given(body, row)
            if given is None or (given == "" and not row.codec.takes_empty):
                if row.required and not partial:
                    problems.append(Problem(prefix + row.wire, "is missing", row.error))
                continue
            problems += _read_field(row, given, prefix + row.wire, parsed)
        return parsed, problems

    def render(self, values: Mapping[str, Any], extras: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One object. values by attribute; None or absent: the row's default, or no field at all."""
        shown: dict[str, Any] = {}
        for row in self.fields:
            if row.access is Access.WRITE_ONLY:
                continue
            if row.attribute is None:
                kept = (extras or {}).get(row.wire)
                value = row.default if kept is None else json.loads(kept)
            else:
                given = values.get(row.attribute)
                value = row.default if given is None else row.codec.render(given)
            if value is not None:
                shown[row.wire] = value
        return shown

    def locate(self, attribute: str) -> tuple[str, Field] | None:
        """Wire name and row of an attribute path as refusals give it: `length`, `attendees[2].email`, `series.first`.

        Attributes of nested objects are found without the outer name too.
        """
        match = _STEP.match(attribute)
        if match is None:
            return None
        rest = attribute[match.end() :].lstrip(".")
        for row in self.fields:
            if row.attribute != match[1]:
                continue
            wire = row.wire + (match[2] or "")
            inner = row.codec.table
            if not rest or inner is None:
                return wire, row
            deeper = inner.locate(rest)
            return (f"{wire}.{deeper[0]}", deeper[1]) if deeper else (wire, row)
        for row in self.fields:
            if isinstance(row.codec, ObjectOf) and (deeper := row.codec.table.locate(attribute)) is not None:
                return f"{row.wire}.{deeper[0]}", deeper[1]
        return None

    def rows(self, prefix: str = "") -> Iterator[tuple[str, Field]]:
        """Every field, those of nested objects after their own, with full wire names."""
        for row in self.fields:
            yield prefix + row.wire, row
            if row.codec.table is not None:
                mark = "" if isinstance(row.codec, ObjectOf) else "[]"
                yield from row.codec.table.rows(f"{prefix}{row.wire}{mark}.")


class NestedProblems(BadValue):
    """Problems inside a value: wire names relative to it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("holds bad fields")
        self.problems = problems


class ObjectOf:
    """A nested object; its value is a Parsed when read and a mapping of attributes when rendered."""

    takes_empty = False

    def __init__(self, table: Table) -> None:
        self.table: Table = table
        self.word = f"object {table.name}"

    def parse(self, given: Any) -> Parsed:
        if not isinstance(given, Mapping):
            raise BadValue("must be an object")
        parsed, problems = self.table.read(given, "")
        if problems:
            raise NestedProblems(problems)
        return parsed

    def render(self, value: Any) -> Any:
        if isinstance(value, Parsed):  # read just now, to be stored and echoed
            return self.table.render(value.values, {k: v for k, v in value.extras.items() if v is not None})
        return self.table.render(value)


class ListOf:
    """A list of at most `most` values of one codec; a null inside is passed over."""

    takes_empty = False

    def __init__(self, item: Codec, most: int) -> None:
        self._item = item
        self._most = most
        self.table: Table | None = item.table
        self.word = f"list, at most {most}, of {item.word}"

    def parse(self, given: Any) -> tuple[Any, ...]:
        if not isinstance(given, list):
            raise BadValue("must be a list")
        if len(given) > self._most:
            raise BadValue(f"has more than {self._most} entries")
        values: list[Any] = []
        problems: list[Problem] = []
        for index, one in enumerate(given):
            if one is None:
                continue
            try:
                values.append(self._item.parse(one))
            except NestedProblems as nested:
                problems += [_moved(problem, f"[{index}]") for problem in nested.problems]
            except BadValue as bad:
                problems.append(Problem(f"[{index}]", str(bad)))
        if problems:
            raise NestedProblems(problems)
        return tuple(values)

    def render(self, value: Any) -> list[Any]:
        return [self._item.render(one) for one in value]


def _given(body: Mapping[str, Any], row: Field) -> Any:
    """What the request says of a field; null is nothing; its own name wins over other spellings."""
    for name in (row.wire, *row.aliases):
        if (value := body.get(name)) is not None:
            return value
    return None


def _read_field(row: Field, given: Any, wire: str, parsed: Parsed) -> list[Problem]:
    """Puts the value into `parsed`, or returns what is wrong with it."""
    try:
        value = row.codec.parse(given)
    except NestedProblems as nested:
        return [_moved(problem, wire, row.error) for problem in nested.problems]
    except BadValue as bad:
        return [Problem(wire, str(bad), row.error)]
    if row.attribute is None:
        parsed.extras[row.wire] = json.dumps(row.codec.render(value), ensure_ascii=False)
    else:
        parsed.values[row.attribute] = value
    return []


def _moved(problem: Problem, outer: str, error: str | None = None) -> Problem:
    joint = "" if problem.wire.startswith("[") else "."
    return Problem(f"{outer}{joint}{problem.wire}", problem.reason, problem.error or error)


def extras_of(entity: Any) -> Mapping[str, str]:
    """What this dialect has stored with an entity: wire name -> JSON text."""
    extras: Mapping[str, str] = entity.extras.get(DIALECT, {})
    return extras
