"""One request as handlers see it: names without case, bounded in size, and the page it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from ...app.ports import Query
from .codecs import INVALID
from .errors import parameter_errors
from .fields import Form

T = TypeVar("T")

PARAMETERS_MOST = 500
FILTER_MOST = 256


class TooMuch(Exception):
    """The body or the query holds more than any client needs."""


class Garbled(Exception):
    """The parameters are not UTF-8."""


def parse_form(text: bytes | str) -> dict[str, str]:
    """Parameters by lower-cased name; of several with one name the last counts. Raises TooMuch, Garbled.

    Whatever the Content-Type says: working clients send wrong ones (cms-api 1.3).
    """
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        if decoded.count("&") >= PARAMETERS_MOST:
            raise TooMuch
        pairs = parse_qsl(decoded, keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise Garbled from None
    return {name.strip().lower(): value for name, value in pairs}


# usageFilter of lists of profiles.
USAGE = {"referenced": True, "unreferenced": False}


@dataclass(frozen=True, slots=True)
class Request:
    """ids: the identifiers of the path, in order and lower-cased. form: of the body; query: of the address."""

    method: str
    ids: tuple[str, ...] = ()
    form: Form = field(default_factory=dict)
    query: Form = field(default_factory=dict)
    administrator: str = ""
    source: str = ""

    def number(self, name: str) -> int | None:
        """A whole number of the query. Raises Failure."""
        text = self.query.get(name.lower(), "").strip()
        if text == "":
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 10):
            raise parameter_errors([(name, INVALID)])
        return int(text)

    def text(self, name: str) -> str | None:
        """A filter text; an empty one does not filter. Raises Failure."""
        text = self.query.get(name.lower(), "")
        if len(text) > FILTER_MOST or "\0" in text:
            raise parameter_errors([(name, INVALID)])
        return text or None

    def word(self, name: str, words: dict[str, T]) -> T | None:
        """One of some words of the query. Raises Failure."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in words:
            raise parameter_errors([(name, INVALID)])
        return words[text.lower()]

    def span(self, cap: int) -> tuple[int, int]:
        """(offset, limit): the client's limit, but no more than the server's own per page."""
        limit = self.number("limit")
        return self.number("offset") or 0, cap if limit is None else min(limit, cap)

    def page(self, cap: int, **filters: str) -> Query:
        """The page asked for. filters: attribute of core -> name of the id filter in the query."""
        offset, limit = self.span(cap)
        where: dict[str, Any] = {}
        for attribute, name in filters.items():
            if (value := self.text(name)) is not None:
                where[attribute] = value.lower()
        return Query(offset=offset, limit=limit, contains=self.text("filter"), where=where)


@dataclass(frozen=True, slots=True)
class Created:
    """The answer to a POST that made something: its path below /api/v1/."""

    path: str
