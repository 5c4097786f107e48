"""What the command line writes: tables for people, JSON for programs, one line for an error.

Names of callers come from strangers, so nothing is written that a terminal would obey.
"""

# ruff: noqa: PLC0415 - rich is imported where it is used, so that --help is quick

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from errno import EACCES, EPERM
from typing import Any, NoReturn

import typer

from .core.refusals import Refusal

_REFUSALS = {
    "not-found": "there is no {kind} {id}",
    "unknown-reference": "{field} names a {kind} that does not exist",
    "duplicate-uri": "this URI is taken",
    "duplicate-call-id": "this call ID is taken",
    "duplicate-uri-passcode": "this URI is taken with the same PIN",
    "duplicate-call-id-passcode": "this call ID is taken with the same PIN",
    "rule-conflict": "this rule exists already",
    "ivr-conflict": "this address is taken by an entrance for call IDs",
    "duplicate-name": "this {field} is taken",
    "invalid": "{field} is not valid: {error}",
    "missing": "{field} is missing",
    "not-permitted": "not permitted: {what}",
    "in-use": "the {kind} is in use",
    "no-outbound-rule": "no outbound rule leads to {target}",
    "state": "the {kind} is {state}",
    "limit": "the limit is reached: {which}",
    "not-running": "this needs a running server; start it with: parley serve",
    "internal": "the server failed; its log says why",
}


class _Unsaid(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name


def refusal_words(refusal: Refusal) -> str:
    """One line for people; an unknown code shows itself."""
    text = _REFUSALS.get(refusal.code, refusal.code)
    return text.format_map(_Unsaid({name: str(value) for name, value in refusal.data.items()}))


def os_words(error: OSError) -> str:
    """Which file or socket, and what about it; whose a refused one is."""
    where = f"{error.filename}: " if error.filename else ""
    hint = "; Parley's files are for the user alone that runs it" if error.errno in {EACCES, EPERM} else ""
    return f"{where}{(error.strerror or str(error)).lower() if where else error}{hint if where else ''}"


def fail(message: str) -> NoReturn:
    """One clear line (or one per fault) on standard error, and exit code 1."""
    for line in message.splitlines() or [""]:
        typer.echo(f"parley: {clean(line)}", err=True)
    raise typer.Exit(1)


def warn(message: str) -> None:
    typer.echo(f"parley: warning: {clean(message)}", err=True)


def clean(text: str) -> str:
    """Printable characters as they are, everything else as \\x1b: no escape sequence reaches a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_json(value: Any) -> None:
    """Readable in every script; what a terminal would obey is escaped, which JSON allows for every character."""
    typer.echo(_printable(json.dumps(value, ensure_ascii=False, indent=2)))


def show_json_line(value: Any) -> None:
    """One value on one line, at once: for streams."""
    typer.echo(_printable(json.dumps(value, ensure_ascii=False)))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def show_lines(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(clean(line))


def show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """The named columns; a key that a row lacks shows as a dash. An empty listing says so on standard error."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        typer.echo("(none)", err=True)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column.replace("_", " ")), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(row.get(column))) for column in columns))
    # A pipe has no width: one wide enough that no cell is folded.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 400, highlight=False).print(table)


def show_facts(facts: Mapping[str, Any]) -> None:
    """One thing: name and value per line, listings inside it left to their own tables."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            typer.echo(f"{name.replace('_', ' '):{width}}  {cell(value)}")


def cell(value: Any) -> str:
    """The text of one value in a table."""
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, list):
        return ", ".join(cell(inner) for inner in value)
    if isinstance(value, dict):
        return " ".join(f"{name}={cell(inner)}" for name, inner in value.items())
    return clean(str(value))
