"""The kinds of values that requests and answers are made of."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema

from ....app.editing import KEEP, Kept
from ....core.secret import Secret

NUMBER_MOST: Final = 2_147_483_647
PAGE_MOST: Final = 200
PASSWORD_MOST: Final = 1024

_URI = re.compile(r"[^\s@<>\"\\:\x00-\x1f\x7f]{0,255}")
_DIGITS = re.compile(r"[0-9]{0,32}", re.ASCII)


class In(BaseModel):
    """What a request holds. Nothing is guessed: unknown members and other types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    def given(self, name: str) -> Any:
        """The value of a member, or KEEP where the request does not have it."""
        return getattr(self, name) if name in self.model_fields_set else KEEP

    def secret(self, name: str) -> Secret | Kept | None:
        """Of a passcode or password; an empty one is none."""
        value = self.given(name)
        if isinstance(value, SecretStr):
            return Secret(value.get_secret_value()) if value.get_secret_value() else None
        return KEEP if value is KEEP else None

    def text(self, name: str) -> str | Kept | None:
        """An empty text is none."""
        value = self.given(name)
        return value if isinstance(value, Kept) else (value or None)


class Out(BaseModel):
    """What an answer holds; members are never left out."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    def written(self) -> str:
        """As JSON."""
        return self.model_dump_json()


class Sparse(Out):
    """An answer whose members are left out where they are null."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    def written(self) -> str:
        return self.model_dump_json(exclude_none=True)


class PageQuery(In):
    """Of every list. search: case-insensitive, in the texts people know a thing by."""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True, hide_input_in_errors=True)

    offset: int = Field(0, ge=0, le=NUMBER_MOST)
    limit: int = Field(PAGE_MOST, ge=1, le=PAGE_MOST)
    search: str | None = Field(None, max_length=256)


def _readable(text: str) -> str:
    if any(unicodedata.category(mark) in {"Cc", "Cs"} or mark in "\ufffe\uffff" for mark in text):
        raise ValueError("holds a character that cannot be shown")
    return text


def _uri(text: str) -> str:
    if not _URI.fullmatch(_readable(text)):
        raise ValueError("must be the part before the @ of an address")
    return text.lower()


def _digits(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise ValueError("must be digits, 32 at most")
    return text


def _secret_digits(value: SecretStr) -> SecretStr:
    _digits(value.get_secret_value())
    return value


Line = Annotated[str, Field(max_length=255), AfterValidator(_readable)]
Id = Annotated[str, Field(max_length=64), AfterValidator(_readable)]
UriUser = Annotated[str, AfterValidator(_uri), WithJsonSchema({"type": "string", "pattern": r"^[^\s@<>\"\\:]{0,255}$"})]
Digits = Annotated[str, AfterValidator(_digits), WithJsonSchema({"type": "string", "pattern": "^[0-9]{0,32}$"})]
Passcode = Annotated[
    SecretStr,
    AfterValidator(_secret_digits),
    WithJsonSchema({"type": "string", "format": "password", "writeOnly": True, "pattern": "^[0-9]{0,32}$"}),
]
Password = Annotated[SecretStr, Field(max_length=PASSWORD_MOST)]
Number = Annotated[int, Field(ge=0, le=NUMBER_MOST)]


def clear(secret: Secret | None) -> str | None:
    """For the eyes of those who may see it."""
    return secret.reveal() if secret is not None else None
