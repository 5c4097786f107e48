"""What people say to one another by text while a meeting lives. It goes with the meeting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .ids import ParticipantId

KEPT = 100  # lines; whoever comes in is shown these


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line. number: from 1, rising by one within its meeting; name: as it was shown then; at: UTC."""

    number: int
    participant: ParticipantId
    name: str
    text: str
    at: datetime


def added(
    lines: tuple[ChatLine, ...], participant: ParticipantId, name: str, text: str, at: datetime
) -> tuple[ChatLine, ...]:
    """The lines with one more, the oldest forgotten beyond KEPT."""
    number = lines[-1].number + 1 if lines else 1
    return (*lines, ChatLine(number, participant, name, text, at))[-KEPT:]
