"""What a client asks for once it is in, and what a refusal is called. Authority is app.moderation's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ...app.moderation import Moderation
from ...core.ids import LegId, ParticipantId
from ...core.refusals import Refusal
from .messages import Code, Message, Problem

Act = Callable[[Moderation, LegId, Message], Awaitable[None]]


def _named(message: Message) -> ParticipantId:
    return ParticipantId(message["participant"])


ACTS: Mapping[str, Act] = {
    "mute": lambda does, leg, said: does.mute_oneself(leg, said["muted"]),
    "hand": lambda does, leg, said: does.show_hand(leg, said["raised"]),
    "rename": lambda does, leg, said: does.rename_oneself(leg, said["name"]),
    "say": lambda does, leg, said: does.say(leg, said["text"]),
    "admit": lambda does, leg, said: does.admit(leg, _named(said)),
    "admit-all": lambda does, leg, _said: does.admit_all(leg),
    "send-back": lambda does, leg, said: does.send_back(leg, _named(said)),
    "mute-participant": lambda does, leg, said: does.mute(leg, _named(said), said["muted"]),
    "mute-all": lambda does, leg, said: does.mute_all(leg, said["muted"]),
    "lower-hand": lambda does, leg, said: does.lower_hand(leg, _named(said)),
    "rename-participant": lambda does, leg, said: does.rename(leg, _named(said), said["name"]),
    "make-host": lambda does, leg, said: does.make_host(leg, _named(said), said["host"]),
    "remove": lambda does, leg, said: does.remove(leg, _named(said)),
    "lock": lambda does, leg, said: does.lock(leg, said["locked"]),
    "end": lambda does, leg, _said: does.end(leg),
}

_WORDS: Mapping[str, tuple[Code, str]] = {
    "not-permitted": (Code.NOT_PERMITTED, "you may not do this"),
    "not-found": (Code.NOT_FOUND, "there is no such participant"),
    "state": (Code.NO_MEDIA, "you are not in the meeting yet"),
}


async def perform(moderation: Moderation, leg: LegId | None, message: Message) -> None:
    """Raises Problem."""
    if leg is None:
        raise Problem(Code.NO_MEDIA, "you are not in the meeting yet", id=message.id)
    try:
        await ACTS[message.type](moderation, leg, message)
    except Refusal as refusal:
        if refusal.code not in _WORDS:
            raise
        code, words = _WORDS[refusal.code]
        field = "participant" if code is Code.NOT_FOUND else ""
        raise Problem(code, words, field, message.id) from None
