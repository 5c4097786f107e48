"""What a phone hears that is sent out of a meeting, before it is hung up (cms-api 3.5).

Whoever is sent out has left the meeting already: he hears nobody and nobody hears him. A far end that has hung up
itself is told nothing, nor is anybody by a server that stops or whose media have failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from .endings import Ending, Reason, Side

FAREWELL_LIMIT = 5.0  # seconds: a prompt of somebody's own may be longer, and its end may never be told
# Of one meeting at once: each takes an encoder of its own while it sounds, and the other meetings of the worker must
# not suffer when a large one ends.
FAREWELLS_MOST = 100
FAREWELL_PLAY = 0  # no other prompt of a leg has this number

_MEETING_ENDED = "meeting-ended"
_DISCONNECTED = "disconnected"
_PROMPTS: dict[Reason, str] = {
    Reason.MEETING_ENDED: _MEETING_ENDED,
    Reason.SPACE_DELETED: _MEETING_ENDED,
    Reason.DEACTIVATED: _MEETING_ENDED,  # the last host has left, and who needs one is sent away
    Reason.HANG_UP: _DISCONNECTED,
    Reason.TOO_LONG: _DISCONNECTED,
}


@dataclass(frozen=True, slots=True)
class Farewell:
    """What is played. brand: whose prompts; empty: the built-in ones."""

    prompt: str
    language: str
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Somebody hears his farewell. ending: with which he is hung up then, whatever comes between. until: at the
    latest; monotonic seconds."""

    ending: Ending
    until: float


def farewell(ending: Ending, language: str, brand: str) -> Farewell | None:
    """None: nothing is said about this ending."""
    prompt = _PROMPTS.get(ending.reason)
    if prompt is None or ending.side is Side.REMOTE:
        return None
    return Farewell(prompt, language, brand)
