"""`parley users` and `parley admins`: accounts of people and of the admin API."""

from __future__ import annotations

from typing import Annotated

import typer

from .cli_asking import add_list, ask, new_secret
from .cli_devices import devices

users = typer.Typer(help="People with accounts.")
administrators = typer.Typer(help="Accounts of the admin API.")
users.add_typer(devices, name="sip-device")

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make up a password and show it once.")]


add_list(users, "users", ("jid", "name", "email", "id"), "Everybody with an account.")
add_list(administrators, "administrators", ("name",), "Who may use the admin API.")


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
