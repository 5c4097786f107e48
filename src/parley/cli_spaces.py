"""`parley spaces`: permanent places to meet."""

from __future__ import annotations

from typing import Annotated

import typer

from .cli_asking import AsJson, add_list, ask, details, new_secret

spaces = typer.Typer(help="Permanent places to meet.")

SPACE_COLUMNS = ("name", "uri", "call_id", "access_methods", "members", "id")
MEMBER_COLUMNS = ("jid", "id")
DOOR_COLUMNS = ("own", "name", "uri", "call_id", "passcode", "leg_profile", "id")


add_list(spaces, "spaces", SPACE_COLUMNS, "Every space.")


@spaces.command("show")
def spaces_show(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="SPACE", help="Its id, URI, call ID or name.")],
    as_json: AsJson = False,
) -> None:
    """One space with its access methods, PINs and members."""
    space = ask(context, "space", which=which)
    members = {"members": MEMBER_COLUMNS} if space["members"] else {}
    details(space, as_json, {"access_methods": DOOR_COLUMNS, **members})


@spaces.command("add")
def spaces_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people see.")],
    uri: Annotated[str | None, typer.Option(help="What callers dial: the part before the @.")] = None,
    call_id: Annotated[str | None, typer.Option(help="What callers type at the entrance.")] = None,
    with_passcode: Annotated[bool, typer.Option("--passcode", help="Ask for a PIN to set.")] = False,
    passcode_stdin: Annotated[bool, typer.Option("--passcode-stdin", help="Read the PIN from standard input.")] = False,
) -> None:
    """Make a space.

    Its profiles and further access methods are set by the API or in the administration's pages.
    """
    asked = with_passcode or passcode_stdin
    passcode = new_secret("PIN", passcode_stdin, instead="--passcode-stdin") if asked else None
    added = ask(context, "add_space", name=name, uri=uri, call_id=call_id, passcode=passcode)
    typer.echo(f"added {added['name']} ({added['id']})")
