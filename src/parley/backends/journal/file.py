"""The journal on local files: one write(2) for each event, before what the event tells of is done.

The write is in the kernel's hands when `append` returns, so that it survives the death of this process by any
signal. A loss of power may take the last moments with it; syncing each line would put a disk into the
path of every call.

Where the disk has no room, lines are held in memory, in order, until it has (`retry`): calls go on, and their records
are lost only if this process dies before there is room, or when more is held than HELD_BYTES.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from ...app.event_codec import encode_line
from ...app.ports import Clock
from ...app.troubles import Troubles
from ...core.events import Event
from . import segments

log = structlog.get_logger(__name__)

Listener = Callable[[datetime, Event], None]

# Some ten thousand events: read again from its start within a second after a crash.
SEGMENT_BYTES = 4 * 1024 * 1024
# Some twenty thousand events: hours of a busy server.
HELD_BYTES = 8 * 1024 * 1024
NO_ROOM = "the journal cannot be written"


class FileJournal:
    """Implements the Journal port. For the event loop's thread alone.

    Segments stand in `<directory>/journal`. Each process writes segments of its own and a new one after each start.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        segment_bytes: int = SEGMENT_BYTES,
        held_bytes: int = HELD_BYTES,
        troubles: Troubles | None = None,
    ) -> None:
        self.directory = directory / "journal"
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._held_bytes = held_bytes
        self._troubles = troubles or Troubles(clock)
        self._number = segments.last_number(self.directory)
        self._descriptor: int | None = None
        self._path = self.directory  # of the segment that it writes
        self._size = 0
        self._held: deque[bytes] = deque()
        self._holds = 0  # bytes
        self._listeners: list[Listener] = []

    def append(self, event: Event) -> None:
        """Raises OSError when the line could neither be written whole nor held: then it is not in the journal."""
        at = self._clock.utc()
        self._keep(encode_line(at, event))
        for listener in tuple(self._listeners):
            try:
                listener(at, event)
            except Exception:
                log.exception("a listener of the journal failed")

    def retry(self) -> None:
        """Write what is held, if there is room by now."""
        try:
            while self._held:
                self._write(self._held[0])
                self._holds -= len(self._held.popleft())
        except OSError as problem:
            self._troubles.has(NO_ROOM, f"{problem.strerror or problem}, {len(self._held)} events wait in memory")
        else:
            self._troubles.over(NO_ROOM)

    def _keep(self, line: bytes) -> None:
        if not self._held:
            try:
                self._write(line)
                return
            except OSError as problem:
                self._hold(line, problem)
        else:
            self._hold(line, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self.retry()

    def _hold(self, line: bytes, problem: OSError) -> None:
        if self._holds + len(line) > self._held_bytes:
            raise problem
        self._held.append(line)
        self._holds += len(line)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with (UTC time, event) after each append; it must not block. Returns its removal."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def close(self) -> None:
        """Release the segment; a later append begins another. What is held then is lost, and the log says so."""
        self.retry()
        if self._held:
            log.error("events are lost: there was no room for them to the end", events=len(self._held))
            self._held.clear()
            self._holds = 0
        self._release()

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, line: bytes) -> None:
        """Raises OSError."""
        if self._descriptor is None or self._size + len(line) > self._segment_bytes:
            self._rotate()
        assert self._descriptor is not None
        try:
            written = os.write(self._descriptor, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, "the journal took a part of a line")
        except OSError:
            # A torn line may stand only at the end of a segment: the next event begins another. One in which there
            # is nothing of use is not left behind: a full disk is tried again and again.
            self._release()
            if not self._size:
                self._path.unlink(missing_ok=True)
            raise
        self._size += written

    def _rotate(self) -> None:
        self._release()
        self._number, name = segments.new_name(self._clock.utc(), self._number)
        self._path = self.directory / (name + segments.SUFFIX)
        self._descriptor = segments.open_new(self._path)
        self._size = 0
