"""What control is to be told, while it is slow: reliable things are kept, the rest is the latest or is dropped."""

from __future__ import annotations

from collections import deque

from parley.engine import messages

MOST_LOGS = 100
MOST_KEPT = 10_000  # digits and deaths unacknowledged: beyond that control has gone, and the oldest are forgotten


class Outbox:
    """Sans-IO. put() what there is, take() frames while the channel has room, acknowledge() what has arrived."""

    def __init__(self) -> None:
        self._ordered: deque[messages.Message] = deque()  # responses and reliable notifications, not yet sent
        self._latest: dict[tuple[str, str], messages.Message] = {}
        self._logs: deque[messages.Log] = deque()
        self._dropped = 0
        self.unacknowledged: deque[messages.Reliable] = deque(maxlen=MOST_KEPT)

    def put(self, message: messages.Response | messages.Notification) -> None:
        if isinstance(message, messages.Reliable):
            self.unacknowledged.append(message)
            self._ordered.append(message)
        elif isinstance(message, messages.Response):
            self._ordered.append(message)
        elif isinstance(message, messages.Log):
            self._put_log(message)
        else:
            meeting = message.meeting if isinstance(message, messages.Speakers) else ""
            self._latest[type(message).__name__, meeting] = message

    def _put_log(self, line: messages.Log) -> None:
        if len(self._logs) >= MOST_LOGS:
            self._dropped += 1
            return
        self._logs.append(
            messages.Log(level=line.level, text=line.text, dropped=self._dropped) if self._dropped else line
        )
        self._dropped = 0

    def take(self) -> bytes | None:
        """The next frame to send; None when there is nothing."""
        if self._ordered:
            return messages.encode(self._ordered.popleft())
        if self._latest:
            return messages.encode(self._latest.pop(next(iter(self._latest))))
        if self._logs:
            return messages.encode(self._logs.popleft())
        return None

    def acknowledge(self, seq: int) -> None:
        """Everything up to and including `seq` has been taken."""
        while self.unacknowledged and self.unacknowledged[0].seq <= seq:
            self.unacknowledged.popleft()

    def start_again(self) -> None:
        """A new channel: responses to the old one are void, what it never acknowledged is told once more."""
        self._ordered = deque(self.unacknowledged)
