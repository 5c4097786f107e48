"""What every section of the settings is made of."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


class Section(BaseModel):
    """Frozen, and strict about names: an unknown key is an error, never a typing slip without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def setting(default: Any, help: str, unit: str = "", **bounds: Any) -> Any:
    """A field with its help text and its unit; both reach docs/settings.md."""
    return Field(default, description=help, json_schema_extra={"unit": unit}, **bounds)


def unset(check: Callable[[str], str]) -> BeforeValidator:
    """Empty text means not set; other text goes through `check`."""

    def validate(value: object) -> object:
        if isinstance(value, str):
            return check(value.strip()) if value.strip() else None
        return value

    return BeforeValidator(validate)


def address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"'{text}' is not an IP address") from None


def _addresses(value: object) -> object:
    """Comma-separated text or a list of IP addresses, none twice."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give IP addresses separated by commas, or a list of them")
    found = tuple(address(part.strip().removeprefix("[").removesuffix("]")) for part in value)
    for one in found:
        if found.count(one) > 1:
            raise ValueError(f"'{one}' is named twice")
    return found


Addresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]


def _paths(value: object) -> object:
    """Comma-separated text or a list of paths."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    return value


Paths = Annotated[tuple[Path, ...], BeforeValidator(_paths)]
MaybePath = Annotated[Path | None, unset(str)]
