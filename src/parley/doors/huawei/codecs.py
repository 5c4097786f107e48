"""How one JSON value is checked and turned into a value of core, and back (huawei-api 1.6 rule 14, 5, 6)."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...core.secret import Secret

NUMBER_MOST = 2**53 - 1  # what every JSON reader keeps exactly

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,16}\s*", re.ASCII)
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class BadValue(ValueError):
    """args[0] says in words what is wrong, beginning as a predicate: `must be ...`."""


class Simple(ABC):
    """What all codecs without an inner table share."""

    word = ""
    table: None = None
    takes_empty = False

    @abstractmethod
    def parse(self, given: Any) -> Any:
        """The value. Raises BadValue."""

    def render(self, value: Any) -> Any:
        return value


class Text(Simple):
    """Text of `least` to `most` characters without control characters; a number counts as its digits.

    pattern: must match whole; like: how it is described then. lines: line breaks and tabs are allowed.
    """

    takes_empty = True

    def __init__(
        self, most: int, *, least: int = 0, pattern: str | None = None, like: str = "", lines: bool = False
    ) -> None:
        self._most, self._least, self._lines = most, least, lines
        self._pattern = re.compile(pattern, re.ASCII) if pattern else None
        self._like = like
        self.word = like or (f"text, {least} to {most}" if least else f"text, at most {most}")

    def parse(self, given: Any) -> str:
        text = as_text(given)
        if len(text) > self._most:
            raise BadValue(f"is longer than {self._most} characters")
        if len(text) < self._least:
            raise BadValue(f"is shorter than {self._least} characters")
        if any(_is_control(mark) and not (self._lines and mark in "\r\n\t") for mark in text):
            raise BadValue("holds a control character")
        if self._pattern is not None and text and not self._pattern.fullmatch(text):
            raise BadValue(f"must be {self._like}")
        return text

    def render(self, value: Any) -> str:
        return str(value)


class Hidden(Text):
    """Text that is a secret."""

    def parse(self, given: Any) -> Secret:  # type: ignore[override]
        return Secret(super().parse(given))

    def render(self, value: Any) -> str:
        return str(value.reveal())


class Integer(Simple):
    """A whole number, low to high; `"12"` and 12.0 are read too."""

    def __init__(self, low: int = 0, high: int = NUMBER_MOST) -> None:
        self._low, self._high = low, high
        self.word = "integer" if (low, high) == (0, NUMBER_MOST) else f"integer {low} to {high}"

    def parse(self, given: Any) -> int:
        number = as_integer(given)
        if not self._low <= number <= self._high:
            raise BadValue(f"must be {self._low} to {self._high}")
        return number

    def render(self, value: Any) -> int:
        return int(value)


class Flag(Simple):
    """A boolean; `"true"`, `"false"`, 0 and 1 are read too."""

    word = "boolean"

    def parse(self, given: Any) -> bool:
        return as_boolean(given)

    def render(self, value: Any) -> bool:
        return bool(value)


class Bit(Simple):
    """A boolean that goes over the wire as 0 or 1."""

    word = "0 or 1"

    def parse(self, given: Any) -> bool:
        return as_boolean(given)

    def render(self, value: Any) -> int:
        return int(bool(value))


class Number(Simple):
    """One of some numbers, each standing for a value of core. The first number of a value is the one sent."""

    def __init__(self, values: Mapping[int, Any]) -> None:
        self._values = dict(values)
        self._numbers: dict[Any, int] = {}
        for number, value in self._values.items():
            self._numbers.setdefault(value, number)
        self.word = " · ".join(f"{number} {_named(value)}" for number, value in self._values.items())

    def parse(self, given: Any) -> Any:
        number = as_integer(given)
        if number not in self._values:
            raise BadValue("must be one of " + ", ".join(map(str, self._values)))
        return self._values[number]

    def render(self, value: Any) -> int:
        return self._numbers[value]


class Word(Simple):
    """One of some words, read in any letter case, each standing for a value of core."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {word.lower(): value for word, value in values.items()}
        self._words: dict[Any, str] = {}
        for word, value in values.items():
            self._words.setdefault(value, word)
        self._shown = list(values)
        self.word = " · ".join(values)

    def parse(self, given: Any) -> Any:
        text = as_text(given).strip().lower()
        if text not in self._values:
            raise BadValue("must be one of " + ", ".join(self._shown))
        return self._values[text]

    def render(self, value: Any) -> str:
        return self._words[value]


class Minute(Simple):
    """`yyyy-MM-dd HH:mm`, UTC (huawei-api 6)."""

    word = "yyyy-MM-dd HH:mm, UTC"

    def parse(self, given: Any) -> datetime:
        text = as_text(given).strip()
        if not _MINUTE.fullmatch(text):
            raise BadValue("must be yyyy-MM-dd HH:mm")
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            raise BadValue("is no such date and time") from None

    def render(self, value: Any) -> str:
        moment: datetime = value
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


class Day(Simple):
    """`YYYY-MM-DD`."""

    word = "YYYY-MM-DD"

    def parse(self, given: Any) -> date:
        text = as_text(given).strip()
        if not _DATE.fullmatch(text):
            raise BadValue("must be YYYY-MM-DD")
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise BadValue("is no such date") from None

    def render(self, value: Any) -> str:
        day: date = value
        return day.isoformat()


class Milliseconds(Simple):
    """A moment as milliseconds since 1970."""

    word = "epoch milliseconds"

    def parse(self, given: Any) -> datetime:
        number = as_integer(given)
        try:
            return datetime.fromtimestamp(number / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            raise BadValue("is no such time") from None

    def render(self, value: Any) -> int:
        return milliseconds(value)


class Seconds(Milliseconds):
    """A moment as seconds since 1970."""

    word = "epoch seconds"

    def parse(self, given: Any) -> datetime:
        return super().parse(as_integer(given) * 1000)

    def render(self, value: Any) -> int:
        return milliseconds(value) // 1000


class Zone(Simple):
    """An IANA name of a time zone that this machine knows."""

    word = "IANA time zone"

    def parse(self, given: Any) -> str:
        text = as_text(given).strip()
        try:
            return ZoneInfo(text).key
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise BadValue("must be an IANA time zone") from None


class Anything(Simple):
    """A JSON value that is stored and echoed as it came, of at most `most` bytes as text."""

    def __init__(self, word: str = "any", most: int = 10_000) -> None:
        self.word = word
        self._most = most

    def parse(self, given: Any) -> Any:
        try:
            text = json.dumps(given, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise BadValue("is not Unicode text") from None
        if len(text) > self._most:
            raise BadValue(f"is longer than {self._most} bytes")
        return given


def milliseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def as_text(given: Any) -> str:
    """Text as it is, a number as its digits. Raises BadValue."""
    if isinstance(given, str):
        try:
            given.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, written as an escape
            raise BadValue("is not Unicode text") from None
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    raise BadValue("must be text")


def as_integer(given: Any) -> int:
    """Raises BadValue."""
    if isinstance(given, bool):
        return int(given)
    if isinstance(given, int):
        return given
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if isinstance(given, str) and _NUMBER.fullmatch(given):
        return int(given)
    raise BadValue("must be a whole number")


def as_boolean(given: Any) -> bool:
    """Raises BadValue."""
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.strip().lower() in ("true", "false"):
        return given.strip().lower() == "true"
    try:
        number = as_integer(given)
    except BadValue:
        number = -1
    if number not in (0, 1):
        raise BadValue("must be true or false")
    return number == 1


def _is_control(mark: str) -> bool:
    return mark < " " or mark == "\x7f"


def _named(value: Any) -> str:
    return str(getattr(value, "value", value)).lower()


class Identifier(Simple):
    """An id of ours: 32 hex digits on the wire, read with dashes too (huawei-api 1.8)."""

    word = "32 hex digits"

    def parse(self, given: Any) -> str:
        id = core_id(as_text(given))
        if id is None:
            raise BadValue("must be 32 hex digits")
        return id

    def render(self, value: Any) -> str:
        return wire_id(value)


def wire_id(id: str) -> str:
    """As this dialect writes an id of core."""
    return id.replace("-", "")


def core_id(text: str) -> str | None:
    """The id of core that a client means; None: it can be none."""
    plain = text.strip().lower().replace("-", "")
    if not re.fullmatch(r"[0-9a-f]{32}", plain):
        return None
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
