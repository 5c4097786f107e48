"""Inputs on local files: a few times a second what was noted is put into lines and written, with one write(2) a time.

A SIGKILL may take the last moment's inputs with it (the journal of events loses nothing); what is kept is bounded by
size and by age, the oldest file first. Each file begins with a line that names its format.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from ...app.inputs import FORMAT, InputRecorder
from ...app.ports import Clock

log = structlog.get_logger(__name__)

NAME = re.compile(r"[0-9]{16,}\.jsonl")
EVERY = 0.2  # seconds between writes
SLICE = 50  # lines made between two looks at everything else: some 2 ms
FILES = 8  # the whole is cut into so many, so that the oldest eighth goes at a time
DAY = 86_400.0


class InputFiles:
    """Appends to files in `<data_dir>/inputs`, of this process alone, readable by their owner alone."""

    def __init__(self, data_dir: Path, clock: Clock, *, most_bytes: int, most_days: float, version: str) -> None:
        self.directory = data_dir / "inputs"
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = clock
        self._most_bytes = most_bytes
        self._most_seconds = most_days * DAY
        self._version = version
        self._run = secrets.token_hex(8)  # of this life of the server
        self._descriptor: int | None = None
        self._path = self.directory  # of the file that it writes
        self._size = 0
        self._head = 0  # bytes of its first line

    def write(self, data: bytes) -> None:
        """Raises OSError: then nothing, or a torn last line, is on the disk, and the next write begins another file."""
        if self._descriptor is None or self._size + len(data) > self._most_bytes // FILES:
            self._rotate()
        self._append(data)

    def _append(self, data: bytes) -> None:
        """A file in which there is nothing of use is not left behind: a full disk is tried again and again."""
        assert self._descriptor is not None
        try:
            if os.write(self._descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, "inputs were written in part")
        except OSError:
            self.close()
            if self._size <= self._head:
                self._path.unlink(missing_ok=True)
            raise
        self._size += len(data)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _rotate(self) -> None:
        self.close()
        self.prune()
        now = self._clock.utc()
        last = max((int(path.stem) for path in list_files(self.directory)), default=0)
        self._path = path = self.directory / f"{max(int(now.timestamp() * 1_000_000), last + 1):016d}.jsonl"
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        head = {"format": FORMAT, "version": self._version, "run": self._run, "at": now.isoformat()}
        self._size = self._head = 0
        self._append(msgspec.json.encode(head) + b"\n")
        self._head = self._size

    def prune(self) -> None:
        """Remove what is too old, and as many of the oldest that there is room for another file."""
        files = list_files(self.directory)
        sizes = {path: path.stat().st_size for path in files}
        room = self._most_bytes - self._most_bytes // FILES
        for path in files:
            old = self._clock.utc().timestamp() - path.stat().st_mtime > self._most_seconds
            if old or sum(sizes.values()) > room:
                path.unlink(missing_ok=True)
                del sizes[path]


class InputWriter:
    """Takes what a recorder noted to the files until `stop`."""

    def __init__(self, recorder: InputRecorder, files: InputFiles) -> None:
        self._recorder = recorder
        self._files = files
        self._complained = -60.0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            more = True
            while more:
                more = self.write_some()
                await asyncio.sleep(0)

    def write_some(self) -> bool:
        """Is there more?"""
        lines = self._recorder.lines(SLICE)
        if not lines:
            return False
        try:
            self._files.write(b"".join(lines))
        except OSError as problem:
            self._recorder.lose(len(lines))
            if time.monotonic() - self._complained > 60.0:
                self._complained = time.monotonic()
                log.warning("inputs could not be written", problem=str(problem))
            return False
        return len(lines) >= SLICE

    async def stop(self) -> None:
        """Write what is left."""
        while self.write_some():
            pass
        self._files.close()


def list_files(directory: Path) -> list[Path]:
    """Oldest first; none where there is no such directory."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if NAME.fullmatch(path.name))


def files_at(path: Path) -> list[Path]:
    """path: a file, there or not, or a directory of files."""
    return list_files(path) if path.is_dir() else [path]


def read_lines(path: Path) -> Iterator[bytes]:
    """Every line with its newline, cut at 8 MB. path: as in files_at. Raises OSError."""
    for one in files_at(path):
        with one.open("rb") as file:
            while line := file.readline(8 * 1024 * 1024):
                yield line
