"""`parley users sip-device`: phones and room systems of people, with credentials of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from .cli_asking import AsJson, ask, listing
from .cli_output import show_json

devices = typer.Typer(help="SIP devices of people, with credentials of their own.", no_args_is_help=True)


@devices.command("add")
def add(
    context: typer.Context,
    jid: Annotated[str, typer.Argument(metavar="JID", help="Whose device it is: name@domain.")],
    label: Annotated[str, typer.Option(help="What to call the device.")] = "",
    sha256: Annotated[
        bool, typer.Option("--sha256", help="Challenge it with SHA-256 in place of MD5, which every phone knows.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make credentials for a device; the password is shown this once."""
    made = ask(context, "add_device", jid=jid, label=label, sha256=sha256)
    if as_json:
        show_json(made)
        return
    typer.echo(f"SIP address:  sip:{made['username']}@{made['realm']}")
    typer.echo(f"user name:    {made['username']}")
    typer.echo(f"password:     {made['password']}   (shown once)")
    typer.echo(f"realm:        {made['realm']}")


@devices.command("list")
def show(
    context: typer.Context,
    jid: Annotated[str | None, typer.Argument(metavar="JID", help="Only of this person: name@domain.")] = None,
    as_json: AsJson = False,
) -> None:
    """Devices, and where they are registered now."""
    listing(context, "devices", ("username", "user", "label", "algorithm", "registered"), as_json, jid=jid)


@devices.command("remove")
def remove(
    context: typer.Context,
    username: Annotated[str, typer.Argument(metavar="NAME", help="The device's user name, as `list` shows it.")],
) -> None:
    """Forget a device: its credentials are worth nothing any more."""
    ask(context, "remove_device", username=username)
    typer.echo(f"removed {username}")
