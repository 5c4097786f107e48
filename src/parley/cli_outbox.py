"""`parley outbox`: messages to people."""

from __future__ import annotations

from typing import Annotated

import typer

from .cli_asking import AsJson, ask, listing

outbox = typer.Typer(help="Messages to people: those that wait, were sent, or failed.")

OutboxState = Annotated[str | None, typer.Option("--state", help="Only waiting, sent or failed ones.")]
OutboxLines = Annotated[int, typer.Option("--lines", "-n", min=1, max=1000, help="How many of the newest.")]

MessageId = Annotated[str, typer.Argument(metavar="ID", help="The message's id, as `parley outbox` shows it.")]

OUTBOX_COLUMNS = ("state", "channel", "notice", "recipient", "subject", "tries", "due", "sent", "last_error", "id")


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
    listing(context, "outbox", OUTBOX_COLUMNS, as_json, state=state, limit=lines)


@outbox.command("retry")
def outbox_retry(context: typer.Context, id: MessageId) -> None:
    """Send one now, also when it had been given up."""
    ask(context, "retry_outbox", id=id)
    typer.echo(f"{id} will be sent")


@outbox.command("forget")
def outbox_forget(context: typer.Context, id: MessageId) -> None:
    """Never send one, and do not list it any more."""
    ask(context, "forget_outbox", id=id)
    typer.echo(f"forgot {id}")
