"""Settings of what an operator uses to look into the server: the echo, and the inputs kept for replaying."""

from __future__ import annotations

import re
from typing import Annotated

from .config_base import Section, setting, unset


def _echo_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._+*-]{1,64}", text):
        raise ValueError(f"'{text}' cannot be dialled: use letters, digits and . _ + * -")
    return text.lower()


class EchoSettings(Section):
    """A place built in, where a caller is alone and hears himself a second later."""

    name: Annotated[str | None, unset(_echo_name)] = setting(
        "echo",
        "What callers dial to hear themselves, the part before the @; a space or an entrance of that name goes before "
        "it. `parley check` calls it. Empty: no such place.",
    )
    limit: float = setting(300.0, "The longest stay in it; then the call is ended.", "seconds", ge=5, le=3600)


class JournalSettings(Section):
    """What `parley replay` and `parley explain leg` read: every input of each leg and meeting, without secrets."""

    inputs: int = setting(
        64, "How much of it is kept in the data directory; the oldest goes first. 0: nothing is.", "MB", ge=0, le=10_000
    )
    days: int = setting(7, "How long it is kept at most.", "days", ge=1, le=365)
