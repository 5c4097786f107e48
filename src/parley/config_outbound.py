"""What the server gets from the web by itself, because an object of an API names it."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import BeforeValidator

from .config_base import DOMAIN, Section, setting


def _targets(value: object) -> object:
    """Comma-separated text or a list of addresses, networks and host names, none twice."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give addresses, networks or host names separated by commas, or a list of them")
    targets = tuple(_target(part.strip().lower().rstrip(".")) for part in value)
    if len(set(targets)) != len(targets):
        raise ValueError("a target is named twice")
    return targets


def _target(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        if DOMAIN.fullmatch(text) and not text.rpartition(".")[2].isdigit():
            return text
    raise ValueError(f"'{text}' is not an address, a network such as 10.1.2.0/24, or a host name")


class Outbound(Section):
    """What is fetched from the web because an object of an API names it, such as the prompts of branding profiles."""

    allowed_private: Annotated[tuple[str, ...], BeforeValidator(_targets)] = setting(
        (),
        "Addresses, networks and host names, separated by commas, that may be fetched from although they are private "
        "or this machine's own. Empty: public addresses alone.",
    )
    refresh: float = setting(600.0, "How often what is at each place is looked at again.", "seconds", ge=10, le=86_400)
