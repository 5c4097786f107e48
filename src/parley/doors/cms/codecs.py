"""How one parameter's text is checked and turned into a value of core, and back (cms-api 1.3, 1.10, 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from ...core.key_commands import SEQUENCE
from ...core.secret import Secret
from .xml import is_xml_text

INVALID = "invalidValue"

NUMBER_MOST = 2_147_483_647  # the sheet names this bound for importance; taken for all numbers (1.10)
TEXT_MOST = 1024  # characters; the sheet is silent, but nothing here is unbounded
DIGITS_MOST = 32  # what a caller can type at an entrance

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_URI_USER = re.compile(r"[^\s@<>\"\\:\x00-\x1f\x7f]{1,255}")
_DOMAIN = re.compile(r"[^\s@<>\"\\/\x00-\x1f\x7f]{1,255}")


class BadValue(ValueError):
    """The text is no value of the parameter. args[0] is the dialect's error word."""

    def __init__(self, error: str = INVALID) -> None:
        super().__init__(error)


class Codec(Protocol):
    """`word` describes the values in the generated page."""

    @property
    def word(self) -> str: ...

    def parse(self, text: str) -> Any:
        """text is never empty. Raises BadValue."""
        ...

    def render(self, value: Any) -> str: ...


class Text:
    """Any text of XML characters. most: characters; bytes_most: of UTF-8."""

    def __init__(self, most: int = TEXT_MOST, bytes_most: int | None = None) -> None:
        self._most = most
        self._bytes_most = bytes_most
        self.word = f"text, at most {bytes_most} bytes" if bytes_most else f"text, at most {most}"

    def parse(self, text: str) -> str:
        if len(text) > self._most or not is_xml_text(text):
            raise BadValue
        if self._bytes_most is not None and len(text.encode()) > self._bytes_most:
            raise BadValue
        return text

    def render(self, value: Any) -> str:
        return str(value)


class Number:
    """A whole number, low to high."""

    def __init__(self, low: int = 0, high: int = NUMBER_MOST) -> None:
        self._low, self._high = low, high
        self.word = "number" if (low, high) == (0, NUMBER_MOST) else f"number {low} to {high}"

    def parse(self, text: str) -> int:
        digits = text.strip()  # takes off more than int() would
        if not re.fullmatch(r"[0-9]{1,12}", digits, re.ASCII) or not self._low <= int(digits) <= self._high:
            raise BadValue
        return int(digits)

    def render(self, value: Any) -> str:
        return str(value)


class NumberOr(Number):
    """A whole number or one word."""

    def __init__(self, other: str) -> None:
        super().__init__()
        self._other = other
        self.word = f"number, or {other}"

    def parse(self, text: str) -> Any:
        return self._other if text.strip().lower() == self._other else super().parse(text)


class Boolean:
    word = "true, false"

    def parse(self, text: str) -> bool:
        match text.strip().lower():
            case "true":
                return True
            case "false":
                return False
        raise BadValue

    def render(self, value: Any) -> str:
        return "true" if value else "false"


class Choice:
    """One of some words, in any letter case; `values` maps the word to core's value."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {word.lower(): value for word, value in values.items()}
        self._words = {value: word for word, value in values.items()}
        self.word = ", ".join(values)

    def parse(self, text: str) -> Any:
        try:
            return self._values[text.strip().lower()]
        except KeyError:
            raise BadValue from None

    def render(self, value: Any) -> str:
        return self._words[value]


def words(*choices: str) -> Choice:
    """A choice of words that core never reads."""
    return Choice({choice: choice for choice in choices})


class Guid:
    word = "id"

    def parse(self, text: str) -> str:
        text = text.strip().lower()
        if not _GUID.fullmatch(text):
            raise BadValue
        return text

    def render(self, value: Any) -> str:
        return str(value)


class Reference:
    """The id of an object of this server. One that cannot be an id is as unknown as any other, so it passes here."""

    def __init__(self, kind: str) -> None:
        self.word = f"id of a {kind}"

    def parse(self, text: str) -> str:
        return text.strip().lower()[:64]

    def render(self, value: Any) -> str:
        return str(value)


class Digits:
    word = "digits"

    def parse(self, text: str) -> str:
        if not re.fullmatch(rf"[0-9]{{1,{DIGITS_MOST}}}", text, re.ASCII):
            raise BadValue
        return text

    def render(self, value: Any) -> str:
        return str(value)


class Passcode(Digits):
    def parse(self, text: str) -> Secret:  # type: ignore[override]
        return Secret(super().parse(text))

    def render(self, value: Any) -> str:
        return str(value.reveal())


class SecretText:
    """A link's secret; one given by a client may have any length."""

    word = "text, at most 128"

    def parse(self, text: str) -> Secret:
        if len(text) > 128 or not text.isprintable() or not is_xml_text(text):
            raise BadValue
        return Secret(text)

    def render(self, value: Any) -> str:
        return str(value.reveal())


class UriUser:
    """The part before the @, kept lower-cased."""

    word = "URI user part"

    def parse(self, text: str) -> str:
        if not _URI_USER.fullmatch(text) or not is_xml_text(text):
            raise BadValue
        return text.lower()

    def render(self, value: Any) -> str:
        return str(value)


class Domain:
    word = "domain"

    def parse(self, text: str) -> str:
        if not _DOMAIN.fullmatch(text) or not is_xml_text(text):
            raise BadValue
        return text.lower()

    def render(self, value: Any) -> str:
        return str(value)


class Url:
    """An absolute URL of one of these schemes."""

    def __init__(self, *schemes: str) -> None:
        self._schemes = schemes
        self.word = "URL (" + ", ".join(schemes) + ")"

    def parse(self, text: str) -> str:
        if len(text) > TEXT_MOST or not is_xml_text(text) or not text.isprintable() or " " in text:
            raise BadValue
        try:
            parts = urlsplit(text)
            host = parts.hostname
        except ValueError:
            raise BadValue from None
        if parts.scheme not in self._schemes or not host:
            raise BadValue
        return text

    def render(self, value: Any) -> str:
        return str(value)


class KeyPresses:
    """Keys of a telephone; a comma is a pause."""

    word = "keys 0-9 * # and comma"

    def parse(self, text: str) -> str:
        if not re.fullmatch(r"[0-9*#,]{1,128}", text, re.ASCII):
            raise BadValue
        return text

    def render(self, value: Any) -> str:
        return str(value)


class KeySequence:
    """Keys of a telephone that are pressed one after the other."""

    word = "keys 0-9 * # A-D, at most 16"

    def parse(self, text: str) -> str:
        if not SEQUENCE.fullmatch(text.upper()):
            raise BadValue
        return text.upper()

    def render(self, value: Any) -> str:
        return str(value)


LAYOUT = words(
    "allEqual",
    "speakerOnly",
    "telepresence",
    "stacked",
    "allEqualQuarters",
    "allEqualNinths",
    "allEqualSixteenths",
    "allEqualTwentyFifths",
    "onePlusFive",
    "onePlusSeven",
    "onePlusNine",
    "automatic",
    "onePlusN",
)
