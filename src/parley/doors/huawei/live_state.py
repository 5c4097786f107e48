"""What this dialect keeps of a live meeting beyond what the meeting itself knows; it lives as long as the meeting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ...app.conference_control import Running
from ...app.directory import Directory
from ...core.conferences import Attendee
from ...core.ids import LegId, MeetingId, ParticipantId

# A list that only grows by commands must have an end.
CALLS_MOST = 500
LAYOUTS_MOST = 20


class Mode(StrEnum):
    """Who is in the foreground, in the dialect's words."""

    FREE = "FREE"
    FIXED = "FIXED"
    ROLLCALL = "ROLLCALL"
    BROADCAST = "BROADCAST"


@dataclass(slots=True)
class Calling:
    """Somebody who is being called into the meeting, or could not be reached."""

    name: str
    address: str
    over: bool = False


@dataclass(slots=True)
class LiveState:
    """pictures and settings: as clients set them, by wire name. added: attendees that are not in the booking."""

    all_muted: bool = False
    mode: Mode = Mode.FREE
    named: ParticipantId | None = None  # who is called by name, or broadcast
    cameras_closed: set[ParticipantId] = field(default_factory=set)
    asked_to_share: ParticipantId | None = None
    recorders: set[ParticipantId] = field(default_factory=set)
    settings: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict)
    layouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: dict[LegId, Calling] = field(default_factory=dict)
    added: dict[str, Attendee] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def attendees(self, booked: tuple[Attendee, ...]) -> list[Attendee]:
        """Who is on the list now: those booked and those invited since, without those taken off it."""
        here = [one for one in booked if one.address not in self.removed and one.address not in self.added]
        return [*here, *self.added.values()]

    def free(self) -> None:
        """Nobody stands in the foreground any more."""
        self.mode, self.named = Mode.FREE, None


class LiveStates:
    """Of every live meeting; a meeting's is forgotten when it ends."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._states: dict[MeetingId, LiveState] = {}
        directory.watch(self._look)

    def of(self, meeting: MeetingId) -> LiveState:
        return self._states.setdefault(meeting, LiveState())

    def _look(self, meeting: MeetingId) -> None:
        if meeting in self._states and not self._directory.is_live(meeting):
            del self._states[meeting]


def calls_of(running: Running, state: LiveState) -> Mapping[LegId, Calling]:
    """Who is being called, at the start or by a host."""
    started = {leg: Calling(called.name or called.target, called.target) for leg, called in running.ringing.items()}
    return {**started, **state.calls}
