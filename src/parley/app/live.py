"""What a live leg looks like to those who list legs."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.ids import LegId, MeetingId, ParticipantId
from ..core.meeting_inputs import LegView
from ..core.quality import QualityWindow
from .ports import LegFacts, MediaStatistics

INCOMING, OUTGOING = "incoming", "outgoing"


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at the other end. caller is the far end's URI and dialled ours, whoever called whom."""

    caller: str
    dialled: str
    display_name: str
    kind: str = "sip"
    direction: str = INCOMING
    language: str = ""

    @property
    def name(self) -> str:
        return self.display_name or without_scheme(self.caller)


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """One leg as it stands. state: initial, ringing (one that we call), connected, on-hold, ending.

    view is None while it is at the entrance or not answered yet. meeting: where it is, or where it is called into.
    """

    leg: LegId
    number: int
    participant: ParticipantId
    meeting: MeetingId | None
    view: LegView | None
    caller: str
    name: str
    dialled: str
    state: str
    seconds: float
    facts: LegFacts
    statistics: MediaStatistics | None
    kind: str
    direction: str = INCOMING
    quality: QualityWindow | None = None  # of the last few seconds

    @property
    def movable(self) -> bool:
        """Into another meeting: a page shows one meeting only."""
        return self.view is not None and self.kind == "sip"


def without_scheme(uri: str) -> str:
    """2000@example.com of sip:2000@example.com."""
    scheme, colon, rest = uri.partition(":")
    return rest if colon and scheme.isalpha() else uri
