"""What keys of a phone do to the meeting: the same inputs that an administrator or a host at a page gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .endings import Ending, Reason, Side
from .ids import ParticipantId
from .key_commands import KeyCommand
from .meeting_inputs import (
    End,
    MeetingInput,
    OverrideLegs,
    SetFreeMute,
    SetLocked,
    SetNewcomersMuted,
)
from .profiles import LegSettings

ENDED = Ending(Side.HOST, Reason.MEETING_ENDED)

Inputs = tuple[MeetingInput, ...]


def _others(muted: bool, but: ParticipantId) -> OverrideLegs:
    """Everybody else, on phones and other clients alike."""
    return OverrideLegs(LegSettings(rx_audio_mute=muted, terminal_rx_audio_mute=muted), frozenset({but}))


_MEANT: Mapping[KeyCommand, Callable[[ParticipantId], Inputs]] = {
    KeyCommand.LOCK: lambda _: (SetLocked(True),),
    KeyCommand.UNLOCK: lambda _: (SetLocked(False),),
    KeyCommand.MUTE_OTHERS: lambda who: (_others(True, who),),
    KeyCommand.UNMUTE_OTHERS: lambda who: (_others(False, who),),
    KeyCommand.END: lambda _: (End(ENDED),),
    KeyCommand.FREE_MUTE: lambda _: (SetFreeMute(True),),
    KeyCommand.BIND_MUTE: lambda _: (SetFreeMute(False),),
    KeyCommand.MUTE_NEWCOMERS: lambda _: (SetNewcomersMuted(True),),
    KeyCommand.UNMUTE_NEWCOMERS: lambda _: (SetNewcomersMuted(False),),
    KeyCommand.LEAVE_NEWCOMERS: lambda _: (SetNewcomersMuted(None),),
    KeyCommand.MUTE_NEWCOMERS_AND_OTHERS: lambda who: (SetNewcomersMuted(True), _others(True, who)),
    KeyCommand.UNMUTE_NEWCOMERS_AND_OTHERS: lambda who: (SetNewcomersMuted(False), _others(False, who)),
}


def meant(command: KeyCommand, who: ParticipantId) -> Inputs:
    """By whoever may; of the own mute the meeting itself takes care."""
    return _MEANT[command](who)
