"""What the journal of the life before says of legs and meetings, and the ends that it lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ..core.endings import Ending, Reason, Side
from ..core.events import (
    Event,
    LegArrived,
    LegConnected,
    LegEnded,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
)
from ..core.ids import LegId, MeetingId
from .ports import StoredEvent

BROKEN_OFF = Ending(Side.LOCAL, Reason.SHUTDOWN)


@dataclass(slots=True)
class _LegHistory:
    arrived: LegArrived
    connected: datetime | None = None
    joined: ParticipantJoined | None = None


@dataclass(slots=True)
class _MeetingHistory:
    started: datetime
    inside: set[LegId] = field(default_factory=set)
    most: int = 0
    completed: int = 0


class History:
    """Of the newest events, oldest first. ended, over: whose end they tell of."""

    def __init__(self, events: Iterable[StoredEvent]) -> None:
        self.ended: set[LegId] = set()
        self._at: dict[LegId, MeetingId | None] = {}  # None: it has left where it was last
        self.over: set[MeetingId] = set()
        self._legs: dict[LegId, _LegHistory] = {}
        self._meetings: dict[MeetingId, _MeetingHistory] = {}
        self.last: datetime | None = None  # event
        for stored in events:
            self.last = stored.at
            self._take(stored.at, stored.event)

    def _take(self, at: datetime, event: Event) -> None:
        match event:
            case LegArrived():
                self._legs[event.leg] = _LegHistory(event)
            case LegConnected() if event.leg in self._legs:
                self._legs[event.leg].connected = at
            case ParticipantJoined():
                self._at[event.leg] = event.meeting
                if (leg := self._legs.get(event.leg)) is not None:
                    leg.joined = event
                if (meeting := self._meetings.get(event.meeting)) is not None:
                    meeting.inside.add(event.leg)
                    meeting.most = max(meeting.most, len(meeting.inside))
            case ParticipantLeft():
                self._at[event.leg] = None
                if (meeting := self._meetings.get(event.meeting)) is not None:
                    meeting.inside.discard(event.leg)
                    meeting.completed += 1
            case LegEnded():
                self.ended.add(event.leg)
            case MeetingStarted():
                self._meetings[event.meeting] = _MeetingHistory(at)
            case MeetingEnded():
                self.over.add(event.meeting)

    def is_in(self, leg: LegId) -> bool:
        """Is it in a meeting, as far as is told?"""
        return self._at.get(leg) is not None

    def has_left(self, leg: LegId, meeting: MeetingId | None) -> bool:
        """Has it left this meeting, be it for another one? Of whom nothing is told, no."""
        return leg in self._at and self._at[leg] != meeting

    def lacking(
        self, legs: Collection[LegId], inside: Collection[LegId], meetings: Collection[MeetingId]
    ) -> list[Event]:
        """The ends of what began and neither ended nor is among these, whose ends are still to come. inside: legs whose
        leaving is.

        Nobody knows when the server before died; it was alive at its last event, and the durations reach to there.
        """
        events: list[Event] = []
        for id, leg in self._legs.items():
            if id not in self.ended and id not in legs:
                events.append(self._leg_ended(leg))
            if leg.joined is not None and self._at.get(id) is not None and id not in inside:
                joined = leg.joined
                events.append(
                    ParticipantLeft(joined.meeting, joined.participant, id, joined.space, joined.space_name, joined.uri)
                )
        for meeting_id, meeting in self._meetings.items():
            if meeting_id not in meetings and meeting_id not in self.over:
                completed = meeting.completed + len(meeting.inside)
                events.append(MeetingEnded(meeting_id, completed, meeting.most, self._until_last(meeting.started)))
        return events

    def _leg_ended(self, leg: _LegHistory) -> LegEnded:
        duration = self._until_last(leg.connected) if leg.connected is not None else 0.0
        return LegEnded(
            leg.arrived.leg,
            leg.arrived.number,
            BROKEN_OFF,
            connected=leg.connected is not None,
            duration=duration,
            active_duration=0.0,
            encrypted_media=leg.joined.encrypted_media if leg.joined is not None else False,
        )

    def _until_last(self, since: datetime) -> float:
        return (self.last - since).total_seconds() if self.last is not None else 0.0
