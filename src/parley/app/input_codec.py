"""Inputs of legs and meetings as JSON values: a total form of everything that they can be told.

A value of a class of ours is an object whose `is` names the class; fields that have their default are left out. An
enum's member is `{"is": class, "of": value}`, a frozenset `{"is": "set", "of": [...]}`, a mapping `{"is": "map", "of":
[[key, value], ...]}`, a moment `{"is": "time", "of": ISO 8601}`, a tuple an array. A Secret leaves nothing of
itself but whether it is empty, which is all that the machines ask of one.

Which classes there are follows from the types of the machines' inputs, so that a new input needs nothing here.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from ..core.leg_inputs import EntrySettings, LegEffect, LegInput
from ..core.meeting_inputs import MeetingEffect, MeetingInput
from ..core.profiles import CallLayer
from ..core.secret import Secret

_GENERIC = {Union, types.UnionType, tuple, frozenset}
_LEAVES = {str, int, float, bool, type(None), datetime, Any, object, Ellipsis}
HIDDEN = "***"


class InputUnreadable(ValueError):
    """Not what this version of the server writes. Never carries the value."""


def text_of(text: str) -> str:
    """What UTF-8 cannot hold is replaced by what it can."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def encode(value: Any) -> Any:
    """Raises TypeError for what no machine is ever told."""
    if isinstance(value, Enum):
        return {"is": type(value).__name__, "of": value.value}
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, Secret):
        return {"is": "Secret", "of": bool(value.reveal())}
    kind: type = type(value)
    if is_dataclass(kind) and kind.__name__ in _classes():
        shown: dict[str, Any] = {"is": kind.__name__}
        for name, default in _fields(kind):
            inner = getattr(value, name)
            if default is MISSING or inner != default or type(inner) is not type(default):
                shown[name] = encode(inner)
        return shown
    if isinstance(value, tuple | list):
        return [encode(inner) for inner in value]
    if isinstance(value, frozenset | set):
        return {"is": "set", "of": sorted((encode(inner) for inner in value), key=repr)}
    if isinstance(value, Mapping):
        return {"is": "map", "of": [[encode(key), encode(inner)] for key, inner in value.items()]}
    if isinstance(value, datetime):
        return {"is": "time", "of": value.isoformat()}
    raise TypeError(f"no machine is told a {type(value).__name__}")


def decode(given: Any) -> Any:
    """The reverse of encode, but for secrets. Raises InputUnreadable."""
    if isinstance(given, list):
        return tuple(decode(inner) for inner in given)
    if not isinstance(given, dict):
        return given
    name = given.get("is")
    try:
        return _decode_named(name, given)
    except InputUnreadable:
        raise
    except (KeyError, TypeError, ValueError):
        raise InputUnreadable(f"what stands for a {str(name)[:40]!r} cannot be read") from None


def _decode_named(name: Any, given: dict[str, Any]) -> Any:
    match name:
        case "set":
            return frozenset(decode(inner) for inner in given["of"])
        case "map":
            return {decode(key): decode(inner) for key, inner in given["of"]}
        case "time":
            return datetime.fromisoformat(given["of"])
        case "Secret":
            return Secret(HIDDEN if given["of"] else "")
    known = _classes().get(name)
    if known is None:
        raise InputUnreadable(f"{str(name)[:40]!r} is nothing that this version knows")
    if issubclass(known, Enum):
        return known(given["of"])
    return known(**{field: decode(inner) for field, inner in given.items() if field != "is"})


@cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    """Names and defaults."""
    return tuple((field.name, field.default) for field in fields(kind))


@cache
def _classes() -> dict[str, type]:
    """Every class of ours that an input, an effect, or what a machine is made with may hold, by name."""
    return _reached((LegInput, MeetingInput, LegEffect, MeetingEffect, EntrySettings, CallLayer))


@cache
def holds_secrets(kind: type) -> bool:
    """May a value of this class hold a Secret, by its types?"""
    return Secret.__name__ in _reached((kind,))


def _reached(kinds: tuple[Any, ...]) -> dict[str, type]:
    """Raises TypeError for a type that has no form here, and for two classes of one name."""
    found: dict[str, type] = {}
    todo: list[Any] = list(kinds)
    while todo:
        kind = todo.pop()
        if isinstance(kind, NewType) or kind in _LEAVES:
            continue
        origin = get_origin(kind)
        if origin in _GENERIC or (isinstance(origin, type) and issubclass(origin, Mapping)):
            todo += get_args(kind)
        elif not isinstance(kind, type) or not (is_dataclass(kind) or issubclass(kind, Enum)):
            raise TypeError(f"inputs hold a {kind!r}, which has no form")
        elif kind.__name__ not in found:
            found[kind.__name__] = kind
            if is_dataclass(kind):
                todo += get_type_hints(kind).values()
        elif found[kind.__name__] is not kind:
            raise TypeError(f"two classes are called {kind.__name__}")
    return found
