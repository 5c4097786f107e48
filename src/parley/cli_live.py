"""`parley meetings` and `parley legs`: what is live now."""

from __future__ import annotations

from typing import Annotated

import typer

from .cli_asking import AsJson, add_list, ask, details

meetings = typer.Typer(help="Meetings that are live now.")
legs = typer.Typer(help="Connections that are live now.")

MEETING_COLUMNS = ("name", "started", "participants", "waiting", "locked", "id")
MeetingId = Annotated[str, typer.Argument(metavar="ID", help="The meeting's id, as `parley meetings` shows it.")]
LegId = Annotated[str, typer.Argument(metavar="LEG", help="The leg's number or id, as `parley legs` shows them.")]

LEG_COLUMNS = ("number", "remote", "state", "causes", "codec", "seconds", "meeting", "id")


add_list(meetings, "meetings", MEETING_COLUMNS, "Every live meeting.")
add_list(legs, "legs", LEG_COLUMNS, "Every leg.")


@meetings.command("show")
def meetings_show(context: typer.Context, id: MeetingId, as_json: AsJson = False) -> None:
    """One meeting with its legs."""
    details(ask(context, "meeting", id=id), as_json, {"legs": LEG_COLUMNS})


@meetings.command("end")
def meetings_end(context: typer.Context, id: MeetingId) -> None:
    """Disconnect everybody."""
    ask(context, "end_meeting", id=id)
    typer.echo(f"ended {id}")


@meetings.command("lock")
def meetings_lock(context: typer.Context, id: MeetingId) -> None:
    """Let newcomers wait."""
    ask(context, "lock_meeting", id=id, locked=True)
    typer.echo(f"locked {id}")


@meetings.command("unlock")
def meetings_unlock(context: typer.Context, id: MeetingId) -> None:
    """Let newcomers in, and those who wait for the lock alone."""
    ask(context, "lock_meeting", id=id, locked=False)
    typer.echo(f"unlocked {id}")


@legs.command("drop")
def legs_drop(context: typer.Context, id: LegId) -> None:
    """Hang up on one leg."""
    ask(context, "drop_leg", id=id)
    typer.echo(f"dropped {id}")
