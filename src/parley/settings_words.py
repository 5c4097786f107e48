"""What is said of a setting that cannot be used: plain words for its fault, and the name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

# By the type that pydantic gives a fault; what stands in braces is from its context.
_WORDS = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "path_type": "must be text in quotes",
    "dataclass_type": "must be text in quotes",
    "tuple_type": "must be a list",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
}
CLOSE = 0.75  # of difflib's likeness: a letter or two, not another setting


def fault_words(fault: Mapping[str, Any], *, secret: bool) -> str:
    """One fault as pydantic's `errors` tells it. secret: the value is not repeated."""
    if fault["type"] == "value_error":  # ours, which quote the value already
        return str(fault["msg"]).removeprefix("Value error, ")
    words = _WORDS.get(fault["type"])
    text = words.format_map(fault.get("ctx") or {}) if words else str(fault["msg"])
    return text if secret else f"{text}, not {_as_written(fault['input'])}"


def _as_written(value: object) -> str:
    """As a TOML file would have it, near enough."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def unknown(name: str, known: Iterable[str]) -> str:
    """For a name that is no setting's."""
    found = meant(name, known)
    return f"there is no such setting; did you mean {found}?" if found else "there is no such setting"


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, or the only one that ends so: a field without its section."""
    names = {one.lower(): one for one in known}
    if close := difflib.get_close_matches(name.lower(), names, 1, CLOSE):
        return names[close[0]]
    whole = [one for folded, one in names.items() if folded.endswith(f".{name.lower()}")]
    return whole[0] if len(whole) == 1 else None
