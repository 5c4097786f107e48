"""How a command reaches its answer: settings, then the running server, or the store alone when none runs."""

# ruff: noqa: PLC0415 - what is heavy is imported where it is used, so that --help is quick

from __future__ import annotations

import asyncio
import importlib
import os
import secrets
import sys
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from .cli_output import fail, os_words, refusal_words, show_facts, show_json, show_table, warn
from .core.refusals import Refusal
from .core.secret import Secret

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]

# What needs no running server.
KEPT = {
    "users", "add_user", "remove_user", "administrators", "add_administrator", "remove_administrator",
    "spaces", "space", "add_space", "records", "explain", "explain_leg",
    "outbox", "retry_outbox", "forget_outbox", "devices", "add_device", "remove_device",
}  # fmt: skip


@dataclass(frozen=True)
class Where:
    """What the command line said about the settings."""

    config: Path | None
    data_dir: Path | None


def load_settings(context: typer.Context, config: Path | None = None) -> Any:
    """Settings with their sources; every fault is told and ends the command."""
    from .settings_sources import SettingsError, load

    where: Where = context.obj
    try:
        loaded = load(os.environ, config or where.config, where.data_dir)
    except SettingsError as error:
        fail(str(error))
    for warning in loaded.warnings:
        warn(warning)
    return loaded


def wiring() -> Any:
    return importlib.import_module("parley.wiring")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; whatever is refused becomes one line."""
    from .operator_client import NotRunning, ServerGone

    try:
        return asyncio.run(work)
    except Refusal as refusal:
        fail(refusal_words(refusal))
    except NotRunning as error:
        fail(f"{error}; start it with: parley serve")
    except ServerGone as error:
        fail(str(error))
    except OSError as error:
        fail(os_words(error))


def ask(context: typer.Context, verb: str, **arguments: Any) -> Any:
    """The running server's answer, or for what is kept the store's own when no server runs."""
    return run(_ask(load_settings(context).settings, verb, arguments))


async def _ask(settings: Any, verb: str, arguments: dict[str, Any]) -> Any:
    from .operator_client import NotRunning, connect

    try:
        async with connect(settings.data_dir) as operator:
            return await operator.call(verb, **arguments)
    except NotRunning:
        if verb not in KEPT or not settings.data_dir.is_dir():
            raise
    kept = importlib.import_module("parley.wiring_kept")
    offline: AbstractAsyncContextManager[Any] = kept.offline(settings)
    try:
        async with offline as operations:
            return await getattr(operations, verb)(**arguments)
    except kept.CannotStart as problem:  # a server that is just starting does not answer yet
        fail(str(problem))


def listing(context: typer.Context, verb: str, columns: tuple[str, ...], as_json: bool, **arguments: Any) -> None:
    """What the verb answers, row by row."""
    rows = ask(context, verb, **arguments)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, columns)


def add_list(group: typer.Typer, verb: str, columns: tuple[str, ...], help: str) -> None:
    """Give the group `list`, which its name alone does too."""

    @group.command("list", help=help)
    def show(context: typer.Context, as_json: AsJson = False) -> None:
        listing(context, verb, columns, as_json)

    @group.callback(invoke_without_command=True)
    def default(context: typer.Context, as_json: AsJson = False) -> None:
        if context.invoked_subcommand is None:
            show(context, as_json)


def details(one: dict[str, Any], as_json: bool, tables: dict[str, tuple[str, ...]]) -> None:
    """One thing with the lists inside it. tables: the columns of each."""
    if as_json:
        show_json(one)
        return
    show_facts(one)
    for name, columns in tables.items():
        show_table(one[name], columns)


def new_secret(
    what: str, from_stdin: bool, generate: bool = False, *, instead: str = "--password-stdin or --generate"
) -> Secret:
    """By prompt, from standard input, or made up; never from the arguments, which others can see.

    instead: the options to name where there is no terminal. What was made up is for `show_made_up`, after it holds.
    """
    if from_stdin and generate:
        raise typer.BadParameter("choose one of --password-stdin and --generate")
    if generate:
        return Secret(secrets.token_urlsafe(15))
    if from_stdin:
        text = sys.stdin.readline(4096).rstrip("\r\n")
    elif sys.stdin.isatty():
        text = typer.prompt(what[0].upper() + what[1:], hide_input=True, confirmation_prompt=True)
    else:
        raise typer.BadParameter(f"no terminal to ask at: use {instead}")
    if not text:
        fail(f"the {what} must not be empty")
    return Secret(text)


def show_made_up(what: str, secret: Secret, generated: bool) -> None:
    """This once, and only when the command has done what it was for."""
    if generated:
        typer.echo(f"{what}: {secret.reveal()}   (shown once)")
