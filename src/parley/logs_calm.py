"""A log that a bad night does not fill: what repeats is counted, and what the machine lacks is told in one line.

A flood of calls, a disk without room or a database that is locked would otherwise be told thousands of times a minute,
each time with a trace of a hundred lines, and fill the disk that the log is on.
"""

from __future__ import annotations

import errno
import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from .app.ports import StoreUnavailable

MOST = 20  # lines of one kind
WITHIN = 60.0  # seconds
KINDS_MOST = 1000  # that are remembered

# What the machine has no more of, or cannot do: no fault of ours that a trace would help to find.
_MACHINE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS,
    errno.EROFS, errno.EIO,
}  # fmt: skip


def without_needless_trace(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor before traces are written out."""
    told = event.get("exc_info")
    problem = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(problem, StoreUnavailable) or (isinstance(problem, OSError) and problem.errno in _MACHINE):
        del event["exc_info"]
        event.setdefault("problem", str(problem))
    return event


@dataclass(slots=True)
class _Kind:
    since: float
    lines: int = 0
    unsaid: int = 0


class Calm(logging.Filter):
    """Of each kind (the logger, and the text without its facts) at most MOST lines a minute; the first of the next
    minute says how many were left out. Debug lines are not counted: who asks for them wants all."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno <= logging.DEBUG:
            return True
        facts = record.msg if isinstance(record.msg, dict) else None
        key = (record.name, str(facts.get("event", "") if facts is not None else record.msg)[:200])
        kind = self._kind(key)
        kind.lines += 1
        if kind.lines > MOST:
            kind.unsaid += 1
            return False
        if kind.lines == 1 and kind.unsaid and facts is not None:
            facts["left_out"] = kind.unsaid
        if kind.lines == 1:
            kind.unsaid = 0
        if kind.lines == MOST and facts is not None:
            facts["more_like_it"] = f"are counted, not written, for {WITHIN:.0f} s"
        return True

    def _kind(self, key: tuple[str, str]) -> _Kind:
        now = self._now()
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= KINDS_MOST:
                self._kinds.clear()
            kind = self._kinds[key] = _Kind(now)
        elif now - kind.since > WITHIN:
            kind.since, kind.lines = now, 0
        return kind
