"""`parley users` and `parley admins`: accounts of people and of the admin API."""

from __future__ import annotations

from typing import Annotated

import typer

from .cli_asking import add_list, ask, new_secret, show_made_up
from .cli_devices import devices
from .cli_output import warn

users = typer.Typer(help="People with accounts.")
administrators = typer.Typer(help="Accounts of the admin API.")
users.add_typer(devices, name="sip-device")

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Account = Annotated[str, typer.Argument(metavar="NAME", help="The name that programs and people sign in with.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make up a password and show it once.")]


add_list(users, "users", ("jid", "name", "email", "id"), "Everybody with an account.")
add_list(administrators, "administrators", ("name",), "Who may use the admin API.")


@users.command("add")
def users_add(
    context: typer.Context,
    jid: Annotated[str, typer.Argument(metavar="JID", help="Sign-in name: name@domain.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    email: Annotated[str, typer.Option(help="The person's mail address.")] = "",
    from_stdin: FromStdin = False,
    generate: Generate = False,
) -> None:
    """Make an account."""
    password = new_secret("password", from_stdin, generate)
    added = ask(context, "add_user", jid=jid, name=name, email=email, password=password)
    typer.echo(f"added {added['jid']} ({added['id']})")
    show_made_up("password", password, generate)


@users.command("remove")
def users_remove(
    context: typer.Context, jid: Annotated[str, typer.Argument(metavar="JID", help="Sign-in name: name@domain.")]
) -> None:
    """Delete an account."""
    ask(context, "remove_user", jid=jid)
    typer.echo(f"removed {jid}")


@administrators.command("add")
def administrators_add(
    context: typer.Context, name: Account, from_stdin: FromStdin = False, generate: Generate = False
) -> None:
    """Make an account of the admin API, or give one a new password."""
    password = new_secret("password", from_stdin, generate)
    known = {"name": name} in ask(context, "administrators")
    ask(context, "add_administrator", name=name, password=password)
    typer.echo(f"{name} has the new password" if known else f"added {name}")
    show_made_up("password", password, generate)


@administrators.command("remove")
def administrators_remove(context: typer.Context, name: Account) -> None:
    """Delete an account of the admin API."""
    ask(context, "remove_administrator", name=name)
    typer.echo(f"removed {name}")
    if not ask(context, "administrators"):
        warn("nobody may use the admin API now; to change that: parley admins add NAME")
