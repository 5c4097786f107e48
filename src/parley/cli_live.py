"""`parley meetings` and `parley legs`: what is live now."""

from __future__ import annotations

import typer

from .cli_asking import AsJson, add_list, ask, details

meetings = typer.Typer(help="Meetings that are live now.")
legs = typer.Typer(help="Connections that are live now.")

MEETING_COLUMNS = ("name", "started", "participants", "waiting", "locked", "id")
LEG_COLUMNS = ("number", "remote", "state", "causes", "codec", "seconds", "meeting", "id")


add_list(meetings, "meetings", MEETING_COLUMNS, "Every live meeting.")
add_list(legs, "legs", LEG_COLUMNS, "Every leg.")


@meetings.command("show")
def meetings_show(context: typer.Context, id: str, as_json: AsJson = False) -> None:
    """One meeting with its legs."""
    details(ask(context, "meeting", id=id), as_json, {"legs": LEG_COLUMNS})


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


@legs.command("drop")
def legs_drop(context: typer.Context, id: str) -> None:
    """Hang up on one leg."""
    ask(context, "drop_leg", id=id)
    typer.echo(f"dropped {id}")
