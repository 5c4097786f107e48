"""The files of the journal: names, locks and reading.

A segment is one file of lines, `<number>-<random>.jsonl`. It belongs to the process that writes it, which holds
a lock on it (flock) for as long as it writes: a segment whose lock is free is complete. Names are never used
twice, for the store knows lines by segment and number.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...app.event_codec import LINE_LIMIT, EventUnreadable, decode_line
from ...core.events import Event

SUFFIX = ".jsonl"
NAME = re.compile(r"[0-9]+-[0-9a-f]+\.jsonl")
REJECTED_SUFFIX = ".rejected"


def new_name(now: datetime, last: int) -> tuple[int, str]:
    """A number above `last`, microseconds of UTC if the clock allows it, and the name made of it."""
    number = max(int(now.timestamp() * 1_000_000), last + 1)
    return number, f"{number:016d}-{secrets.token_hex(4)}"


def list_segments(directory: Path) -> list[Path]:
    """Every segment, oldest first."""
    return sorted(path for path in directory.iterdir() if NAME.fullmatch(path.name))


def last_number(directory: Path) -> int:
    return max((int(path.name.split("-")[0]) for path in list_segments(directory)), default=0)


def open_new(path: Path) -> int:
    """Create a segment for appending, for its owner alone. Returns the file descriptor.

    It gets its name once it is locked: an importer never sees a new segment that looks complete.
    """
    unnamed = path.with_suffix(".new")
    descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(path)
    except OSError:
        os.close(descriptor)
        unnamed.unlink(missing_ok=True)
        raise
    return descriptor


def is_complete(path: Path) -> bool:
    """Nobody writes it any more. The kernel frees the lock of a killed writer."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@dataclass(frozen=True, slots=True)
class Place:
    """How far a segment has been read: bytes, lines, and lines among them that hold no event we know."""

    offset: int = 0
    lines: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Events of consecutive lines; `first` numbers the first of them, from 1. `after`: where to go on."""

    first: int
    events: tuple[tuple[datetime, Event], ...]
    after: Place
    more: bool  # whole lines follow


def read_group(path: Path, place: Place, most: int) -> Group:
    """The next whole lines, at most `most`, up to a line that cannot be read.

    An unreadable line is passed over and counted, so that line numbers stay true; it ends the group.
    What follows the last newline is not looked at: it is being written, or was torn off.
    """
    window = most * 1024 + 2 * LINE_LIMIT
    with path.open("rb") as file:
        file.seek(place.offset)
        data = file.read(window)
    events: list[tuple[datetime, Event]] = []
    offset, unreadable, position = place.offset, place.unreadable, 0
    while len(events) < most:
        end = data.find(b"\n", position)
        if end < 0:
            break
        line, position = data[position:end], end + 1
        offset = place.offset + position
        try:
            events.append(decode_line(line))
        except EventUnreadable:
            unreadable += 1
            break
    lines = place.lines + len(events) + (unreadable - place.unreadable)
    more = data.find(b"\n", position) >= 0 or (position > 0 and len(data) == window)
    return Group(place.lines + 1, tuple(events), Place(offset, lines, unreadable), more)
