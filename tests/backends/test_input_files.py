"""Inputs on the disk: bounded, private, and read again in order."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from parley.app.inputs import LEG, InputRecorder
from parley.app.replay import Replay
from parley.backends.journal import inputs
from parley.backends.journal.inputs import DAY, InputFiles, InputWriter, list_files, read_lines
from parley.core.ids import LegId
from parley.core.leg import Leg
from parley.core.leg_inputs import EntrySettings
from tests.core.leg_kit import OFFER
from tests.kit.manual_clock import ManualClock


def files_in(tmp_path: Path, most: int = 80_000) -> InputFiles:
    return InputFiles(tmp_path, ManualClock(), most_bytes=most, most_days=7, version="1.2")


def one_leg(recorder: InputRecorder, name: str = "leg") -> None:
    made = (LegId(name), 1, 1, EntrySettings(), 5.0)
    recorder.began(LEG, name, made)
    recorder.through(name, Leg(*made).handle, OFFER, 6.0)


async def test_what_was_noted_is_read_and_done_again(tmp_path: Path) -> None:
    """From the directory as from the file; both are their owner's alone."""
    recorder = InputRecorder(ManualClock())
    files = files_in(tmp_path)
    writer = InputWriter(recorder, files)
    one_leg(recorder)
    await writer.stop()
    [path] = list_files(files.directory)
    assert [stat.S_IMODE(entry.stat().st_mode) for entry in (files.directory, path)] == [0o700, 0o600]
    lines = list(read_lines(files.directory))
    assert lines == list(read_lines(path)) and json.loads(lines[0])["version"] == "1.2"
    [step] = Replay().run(lines)
    assert (step.given, step.problem) == (OFFER, "")


def test_the_whole_is_bounded_and_the_newest_stays(tmp_path: Path) -> None:
    """However much is written, no more than the bound is on the disk, in order of writing."""
    files = files_in(tmp_path, most=8_000)
    for number in range(100):
        files.write(b"%d " % number + b"x" * 400 + b"\n")
        assert sum(path.stat().st_size for path in list_files(files.directory)) <= 8_000
    numbers = [int(line.split()[0]) for line in read_lines(files.directory) if not line.startswith(b"{")]
    assert numbers == list(range(numbers[0], 100)) and len(numbers) >= 10


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    """By the time of the last write, whatever room there is."""
    clock = ManualClock()
    files = InputFiles(tmp_path, clock, most_bytes=80_000, most_days=7, version="1")
    files.write(b"old\n")
    files.close()
    [old] = list_files(files.directory)
    then = clock.utc().timestamp() - 8 * DAY
    os.utime(old, (then, then))
    files.write(b"new\n")
    assert [line for line in read_lines(files.directory) if not line.startswith(b"{")] == [b"new\n"]


def test_a_full_disk_is_told_and_what_comes_after_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines are counted as lost where they are missing; calls notice nothing."""
    recorder = InputRecorder(ManualClock())
    files = files_in(tmp_path)
    writer = InputWriter(recorder, files)
    one_leg(recorder, "first")
    with monkeypatch.context() as broken:
        broken.setattr(inputs.os, "write", lambda _descriptor, _data: 1)
        assert writer.write_some() is False
    one_leg(recorder, "second")
    writer.write_some()
    kept = b"".join(read_lines(files.directory))
    assert b'"lost":' in kept and b'"first"' not in kept


@pytest.mark.parametrize("room", [0, 1])
def test_a_disk_that_stays_full_fills_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """However often it is tried; once there is room again, every file begins with its head and can be done again.

    room: for so many first lines of files.
    """
    recorder = InputRecorder(ManualClock())
    files = files_in(tmp_path)
    writer = InputWriter(recorder, files)
    real, tries = os.write, 0

    def full(descriptor: int, data: bytes) -> int:
        nonlocal tries
        tries += 1
        if data.startswith(b'{"format"') and room:
            return real(descriptor, data)
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(inputs.os, "write", full)
        for number in range(20):
            one_leg(recorder, f"lost-{number}")
            assert writer.write_some() is False
    assert tries >= 20 and list_files(files.directory) == []
    writer.write_some()  # that some are lost
    one_leg(recorder, "kept")
    writer.write_some()
    [path] = list_files(files.directory)
    assert [(step.id, step.problem) for step in Replay().run(read_lines(path))] == [("kept", "")]
