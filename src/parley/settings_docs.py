"""docs/settings.md, written from the fields themselves."""

from __future__ import annotations

from typing import Any

from .settings_sources import FieldFacts, all_fields, sections

_HEAD = """# Settings

Generated from `src/parley/config.py` by `make docs`; a test keeps it current.

Values come from the defaults, then from one TOML file, then from the environment; the later wins.
The file is the one named by `--config` or `PARLEY_CONFIG`, else `parley.toml` in the data directory.
In the file a field stands below its section (`[sip]`, then `udp = "127.0.0.1:5060"`); in the environment
it is `PARLEY_SECTION__FIELD`.
`parley check-config` says whether the settings hold, and where each of them was set.

An unknown key in the file, an unknown `PARLEY_SECTION__FIELD` and values that contradict one another
refuse to start, with the name of the field and its source.
Other variables that begin with `PARLEY_` only cause a warning.

Listeners are `host:port` with an IP address, IPv6 in brackets.
`[::]:5060` and `:5060` mean every address, IPv6 and IPv4 alike; empty means off.

## On an empty data directory

| variable | meaning |
| --- | --- |
| `PARLEY_BOOTSTRAP_ADMIN` | `name:password` of the first administrator; unset: a password is generated and shown once |
| `PARLEY_BOOTSTRAP_APP` | `appId:appKey` of an application for the JSON API that comes later |
"""


def markdown() -> str:
    """The whole page."""
    fields = list(all_fields())
    parts = [_HEAD, _table("Top level", "", [fact for fact in fields if "." not in fact.name])]
    for name, model in sections().items():
        own = [fact for fact in fields if fact.name.startswith(f"{name}.")]
        parts.append(_table(f"[{name}]", model.__doc__ or "", own))
    return "\n".join(parts)


def _table(title: str, text: str, facts: list[FieldFacts]) -> str:
    lines = [f"## {title}", ""]
    if text:
        lines += [text.strip(), ""]
    if not facts:
        return "\n".join(lines)
    lines += ["| field | variable | default | unit | meaning |", "| --- | --- | --- | --- | --- |"]
    for fact in facts:
        name = fact.name.rpartition(".")[2]
        lines.append(f"| `{name}` | `{fact.variable}` | {_shown(fact.default)} | {fact.unit} | {fact.help} |")
    return "\n".join([*lines, ""])


def _shown(default: Any) -> str:
    if default is None or default in {"", ()}:
        return "(empty)"
    return f"`{default}`"
