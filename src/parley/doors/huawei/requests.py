"""One request as handlers see it: bounded in size, decoded, and who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from ...app.booking import Actor
from ...app.tokens import ControlPass
from .codecs import BadValue, Text, as_boolean, as_integer
from .errors import BAD_TOKEN, NOT_JSON, Family, HuaweiError, bad_field

PARAMETERS_MOST = 200
QUERY_TEXT_MOST = 1024
PAGE_MOST = 500
STRING_MOST = 512  # characters of one entry of a list


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer other than plain 200. body None: empty."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """parameters: those of the path. query: every value of every key. headers: lower-cased names.

    body: the JSON value, {} when there was none. raw: its bytes. source: network address of the asker.
    token: the access token as sent (valid, when `who` is set). control: what the control token allows.
    """

    method: str
    path: str = ""
    family: Family = Family.MEETINGS
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default_factory=dict, repr=False)
    raw: bytes = field(default=b"", repr=False)
    source: str = ""
    id: str = ""
    who: Actor | None = None
    token: str = field(default="", repr=False)
    control: ControlPass | None = field(default=None, repr=False)

    @property
    def actor(self) -> Actor:
        """Raises HuaweiError: nobody is signed in."""
        if self.who is None:
            raise HuaweiError(BAD_TOKEN, "X-Access-Token: is missing or not valid")
        return self.who

    @property
    def grant(self) -> ControlPass:
        """The control token's pass, on routes that demand one."""
        assert self.control is not None
        return self.control

    # --- the query ---------------------------------------------------------------------------------------------

    def text(self, name: str, most: int = QUERY_TEXT_MOST) -> str | None:
        """An empty value counts as absent. Raises HuaweiError."""
        values = self.query.get(name, ())
        value = values[-1] if values else ""
        if len(value) > most:
            raise self.bad(name, f"is longer than {most} characters")
        if any(mark < " " or mark == "\x7f" for mark in value):
            raise self.bad(name, "holds a control character")
        return value or None

    def texts(self, name: str, most: int = 100) -> tuple[str, ...]:
        """A repeated key. Raises HuaweiError."""
        values = tuple(value for value in self.query.get(name, ()) if value)
        if len(values) > most:
            raise self.bad(name, f"is given more than {most} times")
        return values

    def required(self, name: str, most: int = QUERY_TEXT_MOST) -> str:
        """Raises HuaweiError."""
        value = self.text(name, most)
        if value is None:
            raise self.bad(name, "is missing")
        return value

    def integer(self, name: str, otherwise: int | None = None, low: int = 0, high: int = 2**53 - 1) -> int | None:
        """Raises HuaweiError."""
        text = self.text(name)
        if text is None:
            return otherwise
        try:
            number = as_integer(text)
        except BadValue as wrong:
            raise self.bad(name, str(wrong)) from None
        if not low <= number <= high:
            raise self.bad(name, f"must be {low} to {high}")
        return number

    def flag(self, name: str, otherwise: bool | None = None) -> bool | None:
        """Raises HuaweiError."""
        text = self.text(name)
        if text is None:
            return otherwise
        try:
            return as_boolean(text)
        except BadValue as wrong:
            raise self.bad(name, str(wrong)) from None

    def word(self, name: str, words: Mapping[str, Any], otherwise: Any = None) -> Any:
        """One of some words, in any letter case. Raises HuaweiError."""
        text = self.text(name)
        if text is None:
            return otherwise
        for word, value in words.items():
            if word.lower() == text.lower():
                return value
        raise self.bad(name, "must be one of " + ", ".join(words))

    def span(self, limit: int) -> tuple[int, int]:
        """(offset, limit) of a list. Raises HuaweiError."""
        return self.integer("offset", 0) or 0, self.integer("limit", limit, 1, PAGE_MOST) or limit

    # --- headers and body --------------------------------------------------------------------------------------

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    def strings(self, most: int) -> tuple[str, ...]:
        """A body that is a list of texts. Raises HuaweiError."""
        if not isinstance(self.body, list):
            raise HuaweiError(NOT_JSON[self.family], "body: must be a list of texts")
        if len(self.body) > most:
            raise self.bad("body", f"has more than {most} entries")
        codec = Text(STRING_MOST, least=1)
        texts: list[str] = []
        for index, given in enumerate(self.body):
            try:
                texts.append(codec.parse(given))
            except BadValue as wrong:
                raise self.bad(f"[{index}]", str(wrong)) from None
        return tuple(texts)

    def bad(self, wire: str, reason: str) -> HuaweiError:
        """An error answer about one field, in the words of this request's half of the service."""
        return bad_field(wire, reason, self.family)


def parse_query(text: str) -> dict[str, tuple[str, ...]]:
    """Every value of every key; `+` and `%20` are both a blank. Raises ValueError: too many, or not UTF-8."""
    pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=PARAMETERS_MOST)
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


def listing(offset: int, limit: int, count: int, rows: list[Any]) -> dict[str, Any]:
    """A page as every list of the dialect answers."""
    return {"offset": offset, "limit": limit, "count": count, "data": rows}
