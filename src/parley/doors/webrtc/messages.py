"""What a client may say: one table of messages and their members, read with bounds; and what errors are called.

Unknown members are passed over, so that the protocol can grow. A wrong one is named.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ...app.web_entry import ByLink, ByPasscode, BySpace, Wish
from ...core.ids import SpaceId
from ...core.secret import Secret

VERSION = 1
SUBPROTOCOL = "parley.1"
FRAME_MOST = 64 * 1024  # bytes
ID_MOST = 2**53 - 1  # what JavaScript counts exactly
NAME_MOST = 64
SAY_MOST = 2000
SDP_MOST = 48_000
LANGUAGES = ("en", "zh", "pt")


class Code(StrEnum):
    INVALID = "invalid"
    VERSION = "version"
    REFUSED = "refused"
    FULL = "full"
    TOO_MANY = "too-many"
    NOT_PERMITTED = "not-permitted"
    NOT_FOUND = "not-found"
    NO_MEDIA = "no-media"
    UNKNOWN_TYPE = "unknown-type"


class Problem(Exception):
    """A request that is refused. field: what is wrong, where something of the message is."""

    def __init__(self, code: Code, message: str, field: str = "", id: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.id = id


class NotAMessage(Exception):
    """It cannot even be answered: the client speaks something else."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request. values: by member name, as the table reads them."""

    type: str
    id: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


class _Wrong(Exception):
    """The value is not what the table says; the text completes "<member> must be ..."."""

    def __init__(self, text: str, field: str = "", code: Code = Code.INVALID) -> None:
        super().__init__(text)
        self.field = field
        self.code = code


Reader = Callable[[Any], Any]

_LINES = frozenset("\n\t")


def _text(least: int, most: int, *, lines: bool = False) -> Reader:
    """Without control characters and halves of characters, which no page could show and no frame carry."""

    def read(value: Any) -> str:
        wanted = f"a text of {least} to {most} characters"
        if not isinstance(value, str) or len(value) > most * 4:
            raise _Wrong(wanted)
        text = (value.replace("\r\n", "\n") if lines else value).strip()
        if not least <= len(text) <= most:
            raise _Wrong(wanted)
        if any(unicodedata.category(c) in {"Cc", "Cs"} and not (lines and c in _LINES) for c in text):
            raise _Wrong(f"{wanted} without control characters")
        return text

    return read


def _secret(most: int) -> Reader:
    read = _text(0, most)
    return lambda value: Secret(read(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false")
    return value


def _version(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Wrong("a number")
    if value != VERSION:
        raise _Wrong(f"{VERSION}", code=Code.VERSION)
    return value


def _language(value: Any) -> str:
    if value not in LANGUAGES:
        raise _Wrong("en, zh or pt")
    return str(value)


def _sdp(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= SDP_MOST:
        raise _Wrong(f"a text of 1 to {SDP_MOST} characters")
    return value


def _entry(value: Any) -> Wish:
    if not isinstance(value, dict):
        raise _Wrong("an object")
    if "space" in value:
        return BySpace(SpaceId(_member(value, "space", _text(1, 64))))
    meeting = _member(value, "meeting", _text(1, 320))
    if "secret" in value:
        return ByLink(meeting, _member(value, "secret", _secret(320)))
    return ByPasscode(meeting, _member(value, "passcode", _secret(64)))


def _member(value: dict[str, Any], name: str, read: Reader) -> Any:
    if name not in value:
        raise _Wrong("given", name)
    try:
        return read(value[name])
    except _Wrong as wrong:
        raise _Wrong(str(wrong), name) from None


_participant = _text(1, 64)
_name = _text(1, NAME_MOST)

# type -> member -> (reader, needed)
MESSAGES: Mapping[str, Mapping[str, tuple[Reader, bool]]] = {
    "join": {
        "version": (_version, True),
        "entry": (_entry, True),
        "name": (_name, True),
        "language": (_language, False),
    },
    "resume": {"token": (_secret(128), True), "offer": (_sdp, False)},
    "offer": {"sdp": (_sdp, True)},
    "mute": {"muted": (_flag, True)},
    "hand": {"raised": (_flag, True)},
    "rename": {"name": (_name, True)},
    "say": {"text": (_text(1, SAY_MOST, lines=True), True)},
    "leave": {},
    "ping": {},
    "admit": {"participant": (_participant, True)},
    "admit-all": {},
    "send-back": {"participant": (_participant, True)},
    "mute-participant": {"participant": (_participant, True), "muted": (_flag, True)},
    "mute-all": {"muted": (_flag, True)},
    "lower-hand": {"participant": (_participant, True)},
    "rename-participant": {"participant": (_participant, True), "name": (_name, True)},
    "make-host": {"participant": (_participant, True), "host": (_flag, True)},
    "remove": {"participant": (_participant, True)},
    "lock": {"locked": (_flag, True)},
    "end": {},
}


def read(text: str) -> Message:
    """Raises NotAMessage, and Problem for a message that says something wrong."""
    if len(text) > FRAME_MOST or len(text.encode("utf-8", "surrogatepass")) > FRAME_MOST:
        raise NotAMessage(f"a message has at most {FRAME_MOST} bytes")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAMessage("a message is a JSON object") from None
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise NotAMessage("a message is a JSON object with a type")
    id = said.get("id")
    if id is not None and (isinstance(id, bool) or not isinstance(id, int) or not 0 <= id <= ID_MOST):
        raise Problem(Code.INVALID, "id must be a whole number", "id")
    members = MESSAGES.get(said["type"])
    if members is None:
        raise Problem(Code.UNKNOWN_TYPE, "there is no such type of message", "type", id)
    values: dict[str, Any] = {}
    for name, (reader, needed) in members.items():
        value = said.get(name)
        if value is None:
            if needed:
                raise Problem(Code.INVALID, f"{name} is missing", name, id)
            continue
        try:
            values[name] = reader(value)
        except _Wrong as wrong:
            path = f"{name}.{wrong.field}" if wrong.field else name
            raise Problem(wrong.code, f"{path} must be {wrong}", path, id) from None
    return Message(said["type"], id, values)


def write(type: str, id: int | None = None, **members: Any) -> str:
    """One frame's text."""
    head: dict[str, Any] = {"type": type} if id is None else {"type": type, "id": id}
    return dump({**head, **members})


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def error(problem: Problem) -> str:
    members: dict[str, Any] = {"code": str(problem.code), "message": problem.message}
    if problem.field:
        members["field"] = problem.field
    return write("error", problem.id, **members)
