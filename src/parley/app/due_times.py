"""What is due when: a heap of moments, one for each key, of which the last one said counts."""

from __future__ import annotations

import heapq
from datetime import datetime


class DueTimes:
    """Keys with one moment each."""

    def __init__(self) -> None:
        self._moments: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._moments)

    def set(self, key: str, when: datetime | None) -> None:
        """None: nothing is to be done for it."""
        if when is None:
            self._moments.pop(key, None)
        elif self._moments.get(key) != when:
            self._moments[key] = when
            heapq.heappush(self._heap, (when, key))

    def due(self, now: datetime, most: int) -> list[str]:
        """Up to `most` keys whose moment has come, by moment; they are forgotten then."""
        found: list[str] = []
        while len(found) < most and (when := self.next()) is not None and when <= now:
            _, key = heapq.heappop(self._heap)
            del self._moments[key]
            found.append(key)
        return found

    def next(self) -> datetime | None:
        """The earliest moment."""
        while self._heap and self._moments.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # said otherwise since
        return self._heap[0][0] if self._heap else None
