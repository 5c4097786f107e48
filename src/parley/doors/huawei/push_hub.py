"""Who is told what: subscribers, their queues, and what differs between two looks at a conference (huawei-api 2.4).

Theory of operation
-------------------
A meeting says that something may have happened to it (Directory.watch); commands say so of what no meeting knows. Then
the conference is read once, made into one snapshot by type, and what differs from the snapshot before is put into the
queue of every subscriber. Changes that come while one is being read are read together afterwards, so that a busy
conference costs one reading at a time. A subscriber that does not read its queue falls behind: when the queue is full
it is emptied and holds the full state instead, as after subscribing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from uuid import uuid4

from ...app.conference_control import ConferenceControl, Running
from ...app.directory import Directory
from ...app.ports import Clock, MediaEngine
from ...app.tasks import Tasks
from ...core.ids import LegId, MeetingId
from ...core.refusals import Refusal
from .codecs import milliseconds, wire_id
from .conference_answers import Place
from .control_tokens import NOTICES
from .live_state import LiveStates
from .realtime import basic_info, dynamic_info, listed_attendees, participants, waiting

QUEUE_MOST = 256  # messages that one subscriber may lag behind
SPEAKERS_EVERY = 0.5  # seconds between looks at who speaks, while somebody wants to know

# Kinds whose data are lists of people that come and go, and those that are told whole when they differ.
LISTS = {"ParticipantsNotify": "pid", "WaitingListNotify": "pid", "AttendeesNotify": None}

Snapshot = dict[str, Any]


class Subscriber:
    """One client's queue. behind: full states are due, for messages were lost."""

    def __init__(self, host: bool, kinds: frozenset[str]) -> None:
        self.host = host
        self.kinds = kinds
        self.queue: deque[dict[str, Any]] = deque()
        self.wake = asyncio.Event()
        self.behind = True
        self.closed = False

    def put(self, message: dict[str, Any]) -> None:
        if message["action"] not in self.kinds or self.behind:
            return
        if len(self.queue) >= QUEUE_MOST:
            self.queue.clear()
            self.behind = True
        else:
            self.queue.append(message)
        self.wake.set()

    def close(self) -> None:
        self.closed = True
        self.wake.set()


class Channel:
    """One conference and its subscribers. last: the snapshot that they know."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.meeting: MeetingId | None = None
        self.subscribers: set[Subscriber] = set()
        self.last: Snapshot = {}
        self.version = 0
        self.reading = False
        self.again = False


class Hub:
    """Every channel with subscribers."""

    def __init__(
        self,
        control: ConferenceControl,
        directory: Directory,
        states: LiveStates,
        engine: MediaEngine,
        clock: Clock,
        tasks: Tasks,
        place: Place,
    ) -> None:
        self._control = control
        self._directory = directory
        self._states = states
        self._engine = engine
        self._clock = clock
        self._tasks = tasks
        self._place = place
        self._channels: dict[str, Channel] = {}
        self._of_meeting: dict[MeetingId, Channel] = {}
        directory.watch(self._look)

    # --- subscribing -------------------------------------------------------------------------------------------

    def join(self, number: str, subscriber: Subscriber) -> None:
        channel = self._channels.get(number)
        if channel is None:
            channel = self._channels[number] = Channel(number)
            self._clock.call_at(self._clock.now() + SPEAKERS_EVERY, lambda: self._look_at_speakers(channel))
        channel.subscribers.add(subscriber)
        self._refresh(channel)

    def leave(self, number: str, subscriber: Subscriber) -> None:
        channel = self._channels.get(number)
        if channel is None:
            return
        channel.subscribers.discard(subscriber)
        if not channel.subscribers:
            self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        self._channels.pop(channel.number, None)
        if channel.meeting is not None:
            self._of_meeting.pop(channel.meeting, None)

    # --- what happens ------------------------------------------------------------------------------------------

    def dirty(self, running: Running) -> None:
        """A command changed something that no meeting knows of."""
        channel = self._channels.get(running.record.conference.number)
        if channel is not None:
            self._refresh(channel)

    def call_ended(self, number: str, address: str, result: str) -> None:
        """Both spellings of the result, for the vendor's pages have one each."""
        channel = self._channels.get(number)
        if channel is not None:
            data = [{"callNumber": address, "errorCode": result, "resultCode": result}]
            self._tell(channel, "InviteResultNotify", data)

    def called(self, number: str, address: str, result: str | None) -> None:
        """Of somebody who is called at the start; None: it rings, or soon will."""
        if result is not None:
            self.call_ended(number, address, result)
        channel = self._channels.get(number)
        if channel is not None:
            self._refresh(channel)

    def _look(self, meeting: MeetingId) -> None:
        channel = self._of_meeting.get(meeting)
        if channel is None:
            return
        if not self._directory.is_live(meeting):
            self._end(channel)
        else:
            self._refresh(channel)

    def _end(self, channel: Channel) -> None:
        state = {**channel.last.get("ConfDynamicInfoNotify", {}), "state": "Destroyed"}
        self._tell(channel, "ConfDynamicInfoNotify", state)
        self._forget(channel)
        for subscriber in channel.subscribers:
            subscriber.close()

    def _refresh(self, channel: Channel) -> None:
        if channel.reading:
            channel.again = True
            return
        channel.reading = True
        self._tasks.spawn(self._read(channel), on_failure=lambda: self._failed(channel))

    def _failed(self, channel: Channel) -> None:
        channel.reading = False

    async def _read(self, channel: Channel) -> None:
        while True:
            channel.again = False
            try:
                running = await self._control.running(channel.number, open_meeting=False)
            except Refusal:
                self._end(channel)
                return
            self._show(channel, running)
            if not channel.again:
                channel.reading = False
                return

    def _show(self, channel: Channel, running: Running) -> None:
        if channel.meeting != running.meeting.meeting:
            channel.meeting = running.meeting.meeting
            self._of_meeting[channel.meeting] = channel
        state = self._states.of(running.meeting.meeting)
        now: Snapshot = {
            "ConfBasicInfoNotify": basic_info(running, self._place, host=False),
            "hosts": basic_info(running, self._place, host=True),
            "ConfDynamicInfoNotify": dynamic_info(running, state),
            "ParticipantsNotify": participants(running, state),
            "AttendeesNotify": listed_attendees(running, state),
            "WaitingListNotify": waiting(running),
            "SpeakerChangeNotify": channel.last.get("SpeakerChangeNotify", []),
        }
        before, channel.last = channel.last, now
        for kind in ("ConfDynamicInfoNotify", *LISTS):
            change = _difference(kind, before.get(kind, {}), now[kind])
            if change and before:
                self._tell(channel, kind, change)
        if before and before["hosts"] != now["hosts"]:
            for subscriber in channel.subscribers:
                kind = "ConfBasicInfoNotify"
                subscriber.put(self._envelope(channel, kind, now["hosts" if subscriber.host else kind], full=False))
        for subscriber in channel.subscribers:
            if subscriber.behind:
                self._fill(channel, subscriber)

    def _fill(self, channel: Channel, subscriber: Subscriber) -> None:
        """The full state of every kind asked for."""
        subscriber.behind = False
        for kind in NOTICES:
            if kind == "InviteResultNotify":
                continue
            data = channel.last["hosts" if kind == "ConfBasicInfoNotify" and subscriber.host else kind]
            if kind in LISTS:
                data = _difference(kind, {}, data)
            subscriber.put(self._envelope(channel, kind, data, full=True))

    def caught_up(self, number: str, subscriber: Subscriber) -> None:
        """A subscriber that had fallen behind reads again."""
        channel = self._channels.get(number)
        if channel is not None and channel.last and subscriber.behind:
            self._fill(channel, subscriber)

    def _look_at_speakers(self, channel: Channel) -> None:
        if self._channels.get(channel.number) is not channel:
            return
        self._clock.call_at(self._clock.now() + SPEAKERS_EVERY, lambda: self._look_at_speakers(channel))
        wanted = any("SpeakerChangeNotify" in subscriber.kinds for subscriber in channel.subscribers)
        view = self._directory.meeting(channel.meeting) if channel.meeting is not None else None
        if not wanted or view is None or not channel.last:
            return
        legs = {leg.leg: leg for leg in view.legs}
        speaking = [legs[leg] for leg in self._engine.speakers(view.meeting) if LegId(leg) in legs]
        now = [{"pid": wire_id(leg.participant), "name": leg.name} for leg in speaking]
        if now != channel.last["SpeakerChangeNotify"]:
            channel.last["SpeakerChangeNotify"] = now
            self._tell(channel, "SpeakerChangeNotify", now)

    # --- telling -----------------------------------------------------------------------------------------------

    def _tell(self, channel: Channel, kind: str, data: Any) -> None:
        message = self._envelope(channel, kind, data, full=False)
        for subscriber in channel.subscribers:
            subscriber.put(message)

    def _envelope(self, channel: Channel, kind: str, data: Any, *, full: bool) -> dict[str, Any]:
        now = milliseconds(self._clock.utc())
        channel.version += 1
        return {
            "action": kind,
            "version": now if full else channel.version,
            "createTime": now,
            "msgID": uuid4().hex,
            "msgMode": 0 if full else 1,
            "confID": channel.number,
            "data": data,
        }


def _difference(kind: str, before: Any, now: Any) -> Any:
    """What changed, as it is pushed; nothing when nothing did."""
    if kind not in LISTS:
        return now if now != before else None
    name = LISTS[kind]
    rows: list[dict[str, Any]] = []
    for key in [key for key in before if key not in now]:
        gone = {"pid": key} if name else {"name": before[key]["name"], "phone": before[key]["phone"]}
        rows.append({**gone, "mode": 1, **({"delType": 0} if kind == "WaitingListNotify" else {})})
    for key, value in now.items():
        if before.get(key) != value:
            rows.append({"pid": key, "mode": 0, "pinfoMap": value} if name else {**value, "mode": 0})
    return rows
