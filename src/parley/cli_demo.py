"""`parley demo`: phones of our own play a scenario against the running server."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from .cli_asking import ask, load_settings, run
from .cli_output import fail, show_lines

demo = typer.Typer(help="Phones of our own try out the running server.", no_args_is_help=True)


@demo.callback()
def demo_group() -> None:
    """Keeps `demo` a group although it has one command."""


@demo.command("guest-host")
def demo_guest_host(
    context: typer.Context,
    space: Annotated[str, typer.Option(help="A space whose host has a PIN and whose guests have none.")] = "demo",
    guests: Annotated[int, typer.Option(min=1, max=20, help="How many guests call.")] = 2,
) -> None:
    """Guests wait, the host comes and goes: who hears whom?"""
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
