"""The command `parley`: starts the server, and asks a running one by the operator's door.

Commands on what is kept (users, spaces, records) work without a running server too. Heavy modules are imported
where they are used, so that `--help` is quick.
"""

# ruff: noqa: PLC0415 - imports stand where they are used; a command's options are its parameters

from __future__ import annotations

import gc
import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .cli_asking import Where, ask, load_settings, new_secret, run, wiring
from .cli_devices import devices
from .cli_output import fail, show_facts, show_json, show_json_line, show_lines, show_table
from .cli_replay import replay
from .core.secret import Secret

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="A meeting server.")
users = typer.Typer(help="People with accounts.")
administrators = typer.Typer(help="Accounts of the admin API.")
spaces = typer.Typer(help="Permanent places to meet.")
meetings = typer.Typer(help="Meetings that are live now.")
legs = typer.Typer(help="Connections that are live now.")
outbox = typer.Typer(help="Messages to people: those that wait, were sent, or failed.")
demo = typer.Typer(help="Phones of our own play a scenario against the running server.", no_args_is_help=True)
for name, group in (
    ("users", users), ("admins", administrators), ("spaces", spaces), ("meetings", meetings), ("legs", legs),
    ("outbox", outbox), ("demo", demo),
):  # fmt: skip
    app.add_typer(group, name=name)
users.add_typer(devices, name="sip-device")

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="The TOML file of settings.", dir_okay=False)]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make up a password and show it once.")]

OutboxState = Annotated[str | None, typer.Option("--state", help="Only waiting, sent or failed ones.")]
OutboxLines = Annotated[int, typer.Option("--lines", "-n", min=1, max=1000, help="How many of the newest.")]

SPACE_COLUMNS = ("name", "uri", "call_id", "access_methods", "members", "id")
DOOR_COLUMNS = ("own", "name", "uri", "call_id", "passcode", "leg_profile", "id")
MEETING_COLUMNS = ("name", "started", "participants", "waiting", "locked", "id")
OUTBOX_COLUMNS = ("state", "channel", "notice", "recipient", "subject", "tries", "due", "sent", "last_error", "id")
LEG_COLUMNS = ("number", "remote", "state", "causes", "codec", "seconds", "meeting", "id")


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


def _listing(context: typer.Context, verb: str, columns: tuple[str, ...], as_json: bool) -> None:
    rows = ask(context, verb)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, columns)


# --- the server ----------------------------------------------------------------------------------------------


@app.command()
def serve(context: typer.Context, config: ConfigFile = None) -> None:
    """Run the server in the foreground; prints `ready` when every listener is open; stops on SIGTERM."""
    gc.disable()  # what is loaded now stays; `serve` turns the collector on when all stands
    settings = load_settings(context, config).settings
    raise typer.Exit(wiring().serve(settings))


@app.command("check-config")
def check_config(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Say whether the settings hold, and where each of them was set."""
    from .settings_sources import all_fields

    loaded = load_settings(context, config)
    rows = []
    for facts in all_fields():
        section, dot, field = facts.name.partition(".")
        value = getattr(loaded.settings, section)
        value = getattr(value, field) if dot else value
        text = ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        rows.append({"setting": facts.name, "value": text, "source": loaded.sources.get(facts.name, "default")})
    if as_json:
        show_json(rows)
    else:
        show_table(rows, ("setting", "value", "source"))
        typer.echo("the settings hold")


@app.command("check")
def check_services(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Try what the settings name: the certificate, and every TURN server with a credential like a browser's."""
    from .checks import NOT_CHECKED, check

    findings = run(check(load_settings(context, config).settings))
    rows = [{"what": one.what, "holds": "yes" if one.holds else "NO", "told": one.told} for one in findings]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, ("what", "holds", "told"))
        typer.echo(f"not checked: {NOT_CHECKED}")
    if not all(one.holds for one in findings):
        raise typer.Exit(1)


@app.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """What the running server is doing."""
    facts = ask(context, "status")
    if as_json:
        show_json(facts)
    else:
        show_facts(facts)


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
    """The newest call records."""
    rows = ask(context, "records", limit=limit)
    if as_json:
        show_json(rows)
        return
    head = ("at", "type")
    shaped = [
        {**{name: row.get(name) for name in head}, "facts": {k: v for k, v in row.items() if k not in head}}
        for row in rows
    ]
    show_table(shaped, (*head, "facts"))


@app.command()
def explain(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="A URI or a call ID; or `leg`, and the leg's id or number behind it.")],
    pin: Annotated[str | None, typer.Argument(metavar="[PIN|LEG]", help="What the caller would type.")] = None,
    as_json: AsJson = False,
) -> None:
    """What would happen to somebody who dialled this, and why, layer by layer.

    `parley explain leg ID`: what happened to a leg, live or gone, and why. (A space named leg is leg@its.domain.)
    """
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


# --- people --------------------------------------------------------------------------------------------------


@users.callback(invoke_without_command=True)
def users_default(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        users_list(context, as_json)


@users.command("list")
def users_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Everybody with an account."""
    _listing(context, "users", ("jid", "name", "email", "id"), as_json)


@users.command("add")
def users_add(
    context: typer.Context,
    jid: Annotated[str, typer.Argument(help="Sign-in name: name@domain.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    email: Annotated[str, typer.Option(help="The person's mail address.")] = "",
    from_stdin: FromStdin = False,
    generate: Generate = False,
) -> None:
    """Make an account."""
    password = new_secret("password", from_stdin, generate)
    added = ask(context, "add_user", jid=jid, name=name, email=email, password=password)
    typer.echo(f"added {added['jid']} ({added['id']})")


@users.command("remove")
def users_remove(context: typer.Context, jid: str) -> None:
    """Delete an account."""
    ask(context, "remove_user", jid=jid)
    typer.echo(f"removed {jid}")


@administrators.callback(invoke_without_command=True)
def administrators_default(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        administrators_list(context, as_json)


@administrators.command("list")
def administrators_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Who may use the admin API."""
    _listing(context, "administrators", ("name",), as_json)


@administrators.command("add")
def administrators_add(
    context: typer.Context, name: str, from_stdin: FromStdin = False, generate: Generate = False
) -> None:
    """Make an account for the admin API."""
    password = new_secret("password", from_stdin, generate)
    ask(context, "add_administrator", name=name, password=password)
    typer.echo(f"added {name}")


@administrators.command("remove")
def administrators_remove(context: typer.Context, name: str) -> None:
    """Delete an account of the admin API."""
    ask(context, "remove_administrator", name=name)
    typer.echo(f"removed {name}")


# --- places and meetings -------------------------------------------------------------------------------------


@spaces.callback(invoke_without_command=True)
def spaces_default(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        spaces_list(context, as_json)


@spaces.command("list")
def spaces_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Every space."""
    _listing(context, "spaces", SPACE_COLUMNS, as_json)


@spaces.command("show")
def spaces_show(context: typer.Context, which: str, as_json: AsJson = False) -> None:
    """One space (by id, URI, call ID or name) with its access methods, PINs and members."""
    space = ask(context, "space", which=which)
    if as_json:
        show_json(space)
        return
    show_facts(space)
    show_table(space["access_methods"], DOOR_COLUMNS)
    if space["members"]:
        show_table(space["members"], ("jid", "id"))


@spaces.command("add")
def spaces_add(
    context: typer.Context,
    name: str,
    uri: Annotated[str | None, typer.Option(help="What callers dial: the part before the @.")] = None,
    call_id: Annotated[str | None, typer.Option(help="What callers type at the entrance.")] = None,
    with_passcode: Annotated[bool, typer.Option("--passcode", help="Ask for a PIN to set.")] = False,
    passcode_stdin: Annotated[bool, typer.Option("--passcode-stdin", help="Read the PIN from standard input.")] = False,
) -> None:
    """Make a space; its profiles and further access methods are set by the API."""
    passcode = new_secret("passcode", passcode_stdin, False) if with_passcode or passcode_stdin else None
    added = ask(context, "add_space", name=name, uri=uri, call_id=call_id, passcode=passcode)
    typer.echo(f"added {added['name']} ({added['id']})")


@meetings.callback(invoke_without_command=True)
def meetings_default(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        meetings_list(context, as_json)


@meetings.command("list")
def meetings_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Every live meeting."""
    _listing(context, "meetings", MEETING_COLUMNS, as_json)


@meetings.command("show")
def meetings_show(context: typer.Context, id: str, as_json: AsJson = False) -> None:
    """One meeting with its legs."""
    meeting = ask(context, "meeting", id=id)
    if as_json:
        show_json(meeting)
        return
    show_facts(meeting)
    show_table(meeting["legs"], LEG_COLUMNS)


@meetings.command("end")
def meetings_end(context: typer.Context, id: str) -> None:
    """Disconnect everybody."""
    ask(context, "end_meeting", id=id)
    typer.echo(f"ended {id}")


@meetings.command("lock")
def meetings_lock(context: typer.Context, id: str) -> None:
    """Let newcomers wait."""
    ask(context, "lock_meeting", id=id, locked=True)
    typer.echo(f"locked {id}")


@meetings.command("unlock")
def meetings_unlock(context: typer.Context, id: str) -> None:
    """Let newcomers in, and those who wait for the lock alone."""
    ask(context, "lock_meeting", id=id, locked=False)
    typer.echo(f"unlocked {id}")


@legs.callback(invoke_without_command=True)
def legs_default(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        legs_list(context, as_json)


@legs.command("list")
def legs_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Every leg."""
    _listing(context, "legs", LEG_COLUMNS, as_json)


@legs.command("drop")
def legs_drop(context: typer.Context, id: str) -> None:
    """Hang up on one leg."""
    ask(context, "drop_leg", id=id)
    typer.echo(f"dropped {id}")


# --- messages to people --------------------------------------------------------------------------------------


@outbox.callback(invoke_without_command=True)
def outbox_default(
    context: typer.Context, state: OutboxState = None, lines: OutboxLines = 50, as_json: AsJson = False
) -> None:
    if context.invoked_subcommand is None:
        outbox_list(context, state, lines, as_json)


@outbox.command("list")
def outbox_list(
    context: typer.Context, state: OutboxState = None, lines: OutboxLines = 50, as_json: AsJson = False
) -> None:
    """The newest messages with state, tries and last error."""
    rows = ask(context, "outbox", state=state, limit=lines)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, OUTBOX_COLUMNS)


@outbox.command("retry")
def outbox_retry(context: typer.Context, id: str) -> None:
    """Send one now, also when it had been given up."""
    ask(context, "retry_outbox", id=id)
    typer.echo(f"{id} will be sent")


@outbox.command("forget")
def outbox_forget(context: typer.Context, id: str) -> None:
    """Never send one, and do not list it any more."""
    ask(context, "forget_outbox", id=id)
    typer.echo(f"forgot {id}")


# --- demonstrations ------------------------------------------------------------------------------------------


@demo.callback()
def demo_group() -> None:
    """Keeps `demo` a group although it has one command."""


@demo.command("guest-host")
def demo_guest_host(
    context: typer.Context,
    space: Annotated[str, typer.Option(help="A space whose host has a PIN and whose guests have none.")] = "demo",
    guests: Annotated[int, typer.Option(min=1, max=20, help="How many guests call.")] = 2,
) -> None:
    """Guests call and wait, the host comes and goes; says line by line who hears whom."""
    settings = load_settings(context).settings
    doors = ask(context, "space", which=space)["access_methods"]
    host = next((door for door in doors if door["passcode"] and door["uri"]), None)
    if host is None:
        fail(f"the space {space} has no access method with a URI and a PIN for the host")
    if settings.sip.udp is None:
        fail("sip.udp is off: the demo's phones call by UDP")
    listen = settings.sip.udp
    address = "127.0.0.1" if listen.host in {"::", "0.0.0.0"} else listen.host
    domain = settings.sip.domains[0] if settings.sip.domains else f"[{address}]" if ":" in address else address
    play = importlib.import_module("parley.demo.guest_host").run
    well = run(
        play(
            host=address,
            sip_port=listen.port,
            uri=f"sip:{host['uri']}@{domain}",
            guest_count=guests,
            host_pin=host["passcode"],
            say=lambda line: show_lines([line]),
        )
    )
    raise typer.Exit(0 if well else 1)
