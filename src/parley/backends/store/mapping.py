"""Entities to rows and back, read off the entity's attributes.

Each attribute is a column of the same name. Secrets become text, enums their value, and compound values (settings,
rules, attendees, series, extras) JSON; all else is stored as it is. A new attribute needs a column in `tables` and
a migration, and nothing here.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import sqlalchemy as sa

from ...core.secret import Secret
from .sealing import Seal

E = TypeVar("E")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute and its column. to_row and of_row see neither None nor values that are stored as they are."""

    attribute: str
    name: str
    to_row: Callable[[Any], Any] | None = None
    of_row: Callable[[Any], Any] | None = None
    sealed: bool = False


class Mapper(Generic[E]):
    """sealed: attributes that hold secrets, or bytes with secrets in them, to be kept sealed, with the column of each.
    Nothing is looked up by them, for sealing the same text twice gives two values.

    `comparable`: the attributes that can be looked up by their exact value. Raises KeyError when an attribute has
    no column.
    """

    def __init__(self, kind: type[E], table: sa.Table, sealed: Mapping[str, str]) -> None:
        self._kind = kind
        hints = get_type_hints(kind)
        attributes = [spec.name for spec in fields(kind)]  # type: ignore[arg-type]
        self._columns = [_column(name, hints[name], sealed.get(name)) for name in attributes]
        self.comparable = frozenset(
            column.attribute
            for column in self._columns
            if not isinstance(table.c[column.name].type, sa.JSON) and not column.sealed
        )

    def row(self, entity: E, seal: Seal) -> Row:
        row: Row = {}
        for column in self._columns:
            value = getattr(entity, column.attribute)
            if value is not None:
                if column.sealed:
                    value = seal.close_bytes(value) if isinstance(value, bytes) else seal.close(value)
                elif column.to_row is not None:
                    value = column.to_row(value)
            row[column.name] = value
        return row

    def entity(self, row: sa.RowMapping, seal: Seal) -> E:
        """Raises SealBroken when a secret was sealed with another sealing key."""
        values: dict[str, Any] = {}
        for column in self._columns:
            value = row[column.name]
            if value is not None:
                if column.sealed:
                    value = seal.open_bytes(value) if isinstance(value, bytes) else seal.open(value)
                elif column.of_row is not None:
                    value = column.of_row(value)
            values[column.attribute] = value
        return self._kind(**values)


def compound(value: Any) -> Any:
    """A value made of several, as JSON: attributes by name, enums by value, times in ISO 8601, unset ones left out."""
    return _without_none(msgspec.to_builtins(value, enc_hook=_plain))


def of_compound(kind: Any, stored: Any) -> Any:
    """The way back. Attributes that this version does not know are passed over; missing ones have their default."""
    return msgspec.convert(stored, kind)


def _column(attribute: str, hint: Any, sealed: str | None) -> Column:
    kind = _without_optional(hint)
    if sealed is not None:
        return Column(attribute, sealed, sealed=True)
    if kind is Secret:
        return Column(attribute, attribute, Secret.reveal, Secret)
    if kind == tuple[Secret, ...]:
        return Column(attribute, attribute, _texts, _secrets)
    if get_origin(kind) is Mapping:  # extras
        return Column(attribute, attribute, compound)
    if get_origin(kind) is tuple or is_dataclass(kind):
        return Column(attribute, attribute, compound, lambda stored: of_compound(kind, stored))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Column(attribute, attribute, lambda value: value.value, kind)
    return Column(attribute, attribute)


def _without_optional(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (argument for argument in get_args(hint) if argument is not types.NoneType)
    return hint


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_none(inner) for inner in value]
    return value


def _texts(secrets: tuple[Secret, ...]) -> list[str]:
    return [secret.reveal() for secret in secrets]


def _secrets(texts: list[str]) -> tuple[Secret, ...]:
    return tuple(Secret(text) for text in texts)
