"""TURN servers, for browsers in networks that let no UDP through to us."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from .config_base import Section, setting
from .config_notices import MaybeSecret

# RFC 7064 and RFC 7065.
_URL = re.compile(
    r"(stun|turns?):(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})(:(?P<port>[0-9]{1,5}))?(\?transport=(udp|tcp))?"
)


def _urls(value: object) -> object:
    """Comma-separated text or a list."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give URLs separated by commas, or a list of URLs")
    urls = tuple(part.strip() for part in value)
    for url in urls:
        match = _URL.fullmatch(url)
        if match is None or int(match["port"] or 1) not in range(1, 65536):
            raise ValueError(f"'{url}' is not a URL such as turn:turn.example.com:3478?transport=udp")
    return urls


class Turn(Section):
    """TURN servers that browsers are told, for networks that let no UDP through to us (coturn: use-auth-secret)."""

    urls: Annotated[tuple[str, ...], BeforeValidator(_urls)] = setting(
        (), "Their addresses, such as turn:turn.example.com:3478, separated by commas; empty: none."
    )
    secret: MaybeSecret = setting(
        None, "What coturn calls static-auth-secret. Every browser gets a credential of its own, made from it."
    )
    lifetime: int = setting(86_400, "How long a credential holds.", "seconds", ge=300, le=604_800)


def turn_contradictions(turn: Turn) -> list[tuple[str, str]]:
    relays = any(url.startswith("turn") for url in turn.urls)
    if relays == (turn.secret is not None):
        return []
    return [("turn.secret", "a TURN server in turn.urls and turn.secret are set together or not at all")]
