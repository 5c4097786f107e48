"""The command `parley`: starts the server, and asks a running one by the operator's door.

Commands on what is kept (users, spaces, records) work without a running server too. Heavy modules are imported
where they are used, so that `--help` is quick.
"""

# ruff: noqa: PLC0415 - imports stand where they are used; a command's options are its parameters

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .cli_asking import AsJson, Where, ask, load_settings, run, wiring
from .cli_demo import demo
from .cli_live import legs, meetings
from .cli_outbox import outbox
from .cli_output import fail, show_facts, show_json, show_json_line, show_lines, show_table, warn
from .cli_people import administrators, users
from .cli_replay import replay
from .cli_spaces import spaces
from .core.secret import Secret

# Plain help and plain errors: a log and a screen reader show them as a terminal does.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A meeting server.",
)
for name, group in (
    ("users", users), ("admins", administrators), ("spaces", spaces), ("meetings", meetings), ("legs", legs),
    ("outbox", outbox), ("demo", demo),
):  # fmt: skip
    app.add_typer(group, name=name)

ConfigFile = Annotated[Path | None, typer.Option("--config", help="The TOML file of settings.", dir_okay=False)]


def main() -> None:
    """The console script."""
    app()


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"parley {__version__}")
        raise typer.Exit(0)


@app.callback()
def everything(
    context: typer.Context,
    config: ConfigFile = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="The data directory.", file_okay=False)] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    context.obj = Where(config, data_dir)


# --- the server ----------------------------------------------------------------------------------------------


@app.command()
def serve(context: typer.Context, config: ConfigFile = None) -> None:
    """Run the server in the foreground.

    It prints `ready` when every listener is open, and stops on SIGTERM or Ctrl-C.
    """
    gc.disable()  # what is loaded now stays; `serve` turns the collector on when all stands
    settings = load_settings(context, config).settings
    raise typer.Exit(wiring().serve(settings))


@app.command("check-config")
def check_config(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Do the settings hold, and where was each of them set?

    Ends with 1 where a start would come to nothing, and warns of ports that are taken now.
    """
    from .checks_start import obstacles, taken_ports
    from .settings_sources import all_fields

    loaded = load_settings(context, config)
    rows = []
    for facts in all_fields():
        section, dot, field = facts.name.partition(".")
        value = getattr(loaded.settings, section)
        value = getattr(value, field) if dot else value
        text = ",".join(str(one) for one in value) if isinstance(value, tuple) else "" if value is None else str(value)
        text = text.lower() if isinstance(value, bool) else text
        rows.append({"setting": facts.name, "value": text, "source": loaded.sources.get(facts.name, "default")})
    if as_json:
        show_json(rows)
    else:
        show_table(rows, ("setting", "value", "source"))
    for taken in taken_ports(loaded.settings):
        warn(taken)
    if found := obstacles(loaded.settings):
        fail("\n".join(found))
    if not as_json:
        typer.echo("the settings hold")


CHECKED = {True: "yes", False: "NO", None: "-"}  # None: not tried


@app.command("check")
def check_services(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Try what the settings name: certificate, TURN servers, SIP.

    Every TURN server is asked with a credential like a browser's, and the running server by SIP, with a call.
    """
    from .checks import NOT_CHECKED, check

    findings = run(check(load_settings(context, config).settings))
    rows = [{"what": one.what, "holds": CHECKED[one.holds], "told": one.told} for one in findings]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, ("what", "holds", "told"))
        typer.echo(f"not checked: {NOT_CHECKED}")
    if any(one.holds is False for one in findings):
        raise typer.Exit(1)


@app.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """What the running server is doing."""
    facts = ask(context, "status")
    if as_json:
        show_json(facts)
    else:
        show_facts(facts)
        if facts.get("media"):
            show_table(facts["media"], tuple(facts["media"][0]))


@app.command()
def log(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show lines as they come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="How many of the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The event log: its newest lines, or those from now on."""
    if not follow:
        newest = ask(context, "log", limit=lines)
        if as_json:
            show_json([_log_line(line) for line in newest])
        else:
            show_lines(newest)
        return
    try:
        run(_follow(load_settings(context).settings, as_json))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _follow(settings: Any, as_json: bool) -> None:
    from .operator_client import connect

    async with connect(settings.data_dir) as operator:
        async for line in operator.stream("follow_log"):
            if as_json:
                show_json_line(_log_line(line))
            else:
                show_lines([line])


def _log_line(line: str) -> dict[str, str]:
    """`2017-02-21 17:48:54.809 Info    text` in its parts; a line of another shape is all text."""
    day, _, rest = line.partition(" ")
    time, _, rest = rest.partition(" ")
    level, _, text = rest.partition(" ")
    if not text or len(day) != 10:
        return {"at": "", "level": "", "text": line}
    return {"at": f"{day}T{time}Z", "level": level, "text": text.lstrip()}


@app.command()
def records(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="How many of the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The newest call records.

    A leg's end has how its sound fared, where it was long enough to be measured.
    """
    rows = ask(context, "records", limit=limit)
    if as_json:
        show_json(rows)
        return
    columns = ("at", "record", "quality")
    shaped = [
        {**{name: row.get(name) for name in columns}, "facts": {k: v for k, v in row.items() if k not in columns}}
        for row in rows
    ]
    show_table(shaped, ("at", "record", "facts", "quality"))


@app.command()
def explain(
    context: typer.Context,
    address: Annotated[
        str,
        typer.Argument(metavar="ADDRESS", help="A URI or a call ID; or `leg`, and the leg's id or number behind it."),
    ],
    pin: Annotated[str | None, typer.Argument(metavar="PIN|LEG", help="What the caller would type.")] = None,
    as_json: AsJson = False,
) -> None:
    """What would happen to a caller of this address, and why.

    `parley explain leg ID`: what happened to a leg, live or gone, and why. (A space named leg is leg@its.domain.)
    """
    if not address.strip():
        raise typer.BadParameter("the address must not be empty")
    if address == "leg" and pin is not None:
        story = ask(context, "explain_leg", id=pin)
        lines = story.pop("lines")
    else:
        lines = ask(context, "explain", address=address, pin=None if pin is None else Secret(pin))
        story = {"address": address, "lines": lines}
    if as_json:
        show_json(story)
    else:
        show_lines(lines)


app.command()(replay)
