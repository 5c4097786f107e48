"""Events as JSON values: one form for the journal's lines and the store's rows.

An event is its class name and its fields. Reading ignores fields that this version does not know and fills
missing ones from their defaults, so that a field added later (with a default) leaves old rows readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args

import msgspec

from ..core.events import Event

KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}

# Texts from the network are cut at this many characters; no line is longer than the limit below.
TEXT_LIMIT = 1000
LINE_LIMIT = 128 * 1024


class EventUnreadable(ValueError):
    """The value is no event that this version knows. Never carries the value, which may be anything."""


def encode_event(event: Event) -> tuple[str, dict[str, Any]]:
    """The kind (class name) and the fields as JSON values: enums by value, an ending as a nested object."""
    fields = cast(dict[str, Any], msgspec.to_builtins(event))
    return type(event).__name__, {name: _clean(value) for name, value in fields.items()}


def decode_event(kind: str, fields: Mapping[str, Any]) -> Event:
    """The reverse of encode_event. Raises EventUnreadable."""
    try:
        return msgspec.convert(fields, KINDS[kind])
    except KeyError:
        raise EventUnreadable("an event of an unknown kind") from None
    except msgspec.ValidationError:
        raise EventUnreadable(f"fields do not make an event of the kind {kind}") from None


def encode_line(at: datetime, event: Event) -> bytes:
    """One line of JSON with its newline: {"at": RFC 3339 in UTC, "event": kind, "fields": {...}}."""
    kind, fields = encode_event(event)
    return msgspec.json.encode({"at": at.astimezone(UTC), "event": kind, "fields": fields}) + b"\n"


class _Line(msgspec.Struct):
    at: datetime
    event: str
    fields: dict[str, Any]


_lines = msgspec.json.Decoder(_Line)


def decode_line(line: bytes) -> tuple[datetime, Event]:
    """The UTC time and the event of one line. Raises EventUnreadable."""
    try:
        read = _lines.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EventUnreadable("not a journal line") from None
    if read.at.tzinfo is None:
        raise EventUnreadable("a journal line without a time zone")
    return read.at.astimezone(UTC), decode_event(read.event, read.fields)


def _clean(value: Any) -> Any:
    """Text from the network can hold what UTF-8 or a database cannot: another character stands for it."""
    if isinstance(value, str):
        value = value[:TEXT_LIMIT]
        if value.isascii() and "\0" not in value:
            return value
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items()}
    return value
