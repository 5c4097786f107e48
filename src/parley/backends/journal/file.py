"""The journal on local files: one write(2) for each event, before what the event tells of is done.

The write is in the kernel's hands when `append` returns, so that it survives the death of this process by any
signal. A loss of power may take the last moments with it; syncing each line would put a disk into the
path of every call.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from ...app.event_codec import encode_line
from ...app.ports import Clock
from ...core.events import Event
from . import segments

log = structlog.get_logger(__name__)

Listener = Callable[[datetime, Event], None]

# Some ten thousand events: read again from its start within a second after a crash.
SEGMENT_BYTES = 4 * 1024 * 1024


class FileJournal:
    """Implements the Journal port. For the event loop's thread alone.

    Segments stand in `<directory>/journal`. Each process writes segments of its own and a new one after each start.
    """

    def __init__(self, directory: Path, clock: Clock, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.directory = directory / "journal"
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._number = segments.last_number(self.directory)
        self._descriptor: int | None = None
        self._size = 0
        self._listeners: list[Listener] = []

    def append(self, event: Event) -> None:
        """Raises OSError when the line could not be written whole (a full disk): then it is not in the journal."""
        at = self._clock.utc()
        line = encode_line(at, event)
        if self._descriptor is None or self._size + len(line) > self._segment_bytes:
            self._rotate()
        assert self._descriptor is not None
        self._write(self._descriptor, line)
        for listener in tuple(self._listeners):
            try:
                listener(at, event)
            except Exception:
                log.exception("a listener of the journal failed")

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with (UTC time, event) after each append; it must not block. Returns its removal."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def close(self) -> None:
        """Release the segment; a later append begins another."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, descriptor: int, line: bytes) -> None:
        try:
            written = os.write(descriptor, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, "the journal took a part of a line")
        except OSError:
            # A torn line may stand only at the end of a segment: the next event begins another.
            self.close()
            raise
        self._size += written

    def _rotate(self) -> None:
        self.close()
        self._number, name = segments.new_name(self._clock.utc(), self._number)
        self._descriptor = segments.open_new(self.directory / (name + segments.SUFFIX))
        self._size = 0
