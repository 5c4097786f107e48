"""Who is shown what, and when: meetings are watched, and what differs for a participant goes into his outbox.

Theory of operation
-------------------
A meeting that something happened to is looked at once, at the earliest EVERY seconds after the last look. From that one
look each browser's leg in it gets its own state, if that differs from what its socket was shown before. Speakers and
numbers are read from what the engine pushed last, by one beat for all meetings; it stops where there is no browser.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...app.directory import Directory
from ...app.ports import Clock, MediaEngine, Timer
from ...core.ids import LegId, MeetingId, ParticipantId
from ...core.meeting_inputs import LegView
from .leg import BrowserLeg
from .messages import write
from .render import Picture, quality, state

EVERY = 0.1  # seconds between two looks at one meeting, and between two at its speakers
QUALITY_BEATS = 20  # of EVERY seconds each


@dataclass(slots=True)
class Channel:
    """One meeting with browsers in it. active: those who are not waiting, as last looked at."""

    looked_at: float
    timer: Timer | None = None
    active: dict[LegId, ParticipantId] | None = None


class Publisher:
    def __init__(self, directory: Directory, engine: MediaEngine, clock: Clock) -> None:
        self._directory = directory
        self._engine = engine
        self._clock = clock
        self._legs: dict[LegId, BrowserLeg] = {}
        self._channels: dict[MeetingId, Channel] = {}
        self._beats = 0
        self._beat: Timer | None = None
        directory.watch(self._happened)

    def add(self, leg: BrowserLeg) -> None:
        """A leg that has been made. It is shown its meeting as soon as it is in one."""
        if leg.id is None:
            return
        self._legs[leg.id] = leg
        if self._beat is None:
            self._beat = self._clock.call_at(self._clock.now() + EVERY, self._on_beat)

    def remove(self, leg: BrowserLeg) -> None:
        if leg.id is not None:
            self._legs.pop(leg.id, None)

    def show(self, leg: BrowserLeg) -> None:
        """The leg has a new socket, which knows nothing yet."""
        live = self._directory.leg(leg.id) if leg.id is not None else None
        if live is not None and live.view is not None and live.meeting is not None:
            self._happened(live.meeting)

    # --- looking ----------------------------------------------------------------------------------------------------

    def _happened(self, meeting: MeetingId) -> None:
        if not self._legs:
            return
        channel = self._channels.get(meeting)
        now = self._clock.now()
        if channel is None:
            channel = self._channels[meeting] = Channel(looked_at=now - EVERY)
        if channel.timer is None:
            channel.timer = self._clock.call_at(
                max(now, channel.looked_at + EVERY), lambda: self._look(meeting, channel)
            )

    def _look(self, meeting: MeetingId, channel: Channel) -> None:
        channel.timer = None
        channel.looked_at = self._clock.now()
        view = self._directory.meeting(meeting)
        ours = [one for one in view.legs if one.leg in self._legs] if view is not None else []
        if view is None or not ours:
            self._channels.pop(meeting, None)
            return
        channel.active = {one.leg: one.participant for one in view.legs if not one.waits}
        picture = Picture(view)
        for one in ours:
            self._show(picture, one, self._legs[one.leg])

    def _show(self, picture: Picture, one: LegView, leg: BrowserLeg) -> None:
        if leg.outbox is None:
            return
        known, members = picture.seen_by(one, leg.person.call_id)
        if known != leg.shown.state:
            leg.shown.state = known
            leg.revision += 1
            leg.outbox.show("state", state(leg.revision, members))
        if not one.waits:
            leg.outbox.show_chat(picture.meeting.chat)

    # --- the beat ---------------------------------------------------------------------------------------------------

    def _on_beat(self) -> None:
        self._beat = self._clock.call_at(self._clock.now() + EVERY, self._on_beat) if self._legs else None
        self._beats += 1
        for meeting, channel in self._channels.items():
            self._show_speakers(meeting, channel)
        if self._beats % QUALITY_BEATS == 0:
            self._show_quality()

    def _show_speakers(self, meeting: MeetingId, channel: Channel) -> None:
        active = channel.active or {}
        speaking = tuple(dict.fromkeys(active[leg] for leg in self._engine.speakers(meeting) if leg in active))
        text = ""
        for id in active:
            leg = self._legs.get(id)
            if leg is not None and leg.outbox is not None and leg.shown.speakers != speaking:
                leg.shown.speakers = speaking
                text = text or write("speakers", participants=list(speaking))
                leg.outbox.show("speakers", text)

    def _show_quality(self) -> None:
        for id, leg in self._legs.items():
            heard = self._engine.statistics(id) if leg.outbox is not None else None
            if heard is not None and leg.outbox is not None:
                leg.outbox.show("quality", quality(heard))
