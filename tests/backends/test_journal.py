"""The journal: fake and files held to one suite, and what is particular to files."""

import errno
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley.app.event_codec import decode_line
from parley.app.troubles import Troubles
from parley.backends.journal.file import FileJournal
from parley.backends.journal.segments import is_complete, list_segments
from parley.core.events import LegConnected
from parley.core.ids import LegId
from tests.backends.journal_suite import JournalSuite, Lines
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_journal import MemoryJournal
from tests.kit.samples import EVENTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class TestMemoryJournal(JournalSuite):
    @pytest.fixture
    def journal(self, clock: ManualClock) -> MemoryJournal:
        return MemoryJournal(clock)

    @pytest.fixture
    def lines(self, journal: MemoryJournal) -> Lines:
        return lambda: list(journal.lines)


@pytest.fixture
def journal(tmp_path: Path, clock: ManualClock) -> FileJournal:
    return FileJournal(tmp_path, clock)


class TestFileJournal(JournalSuite):
    @pytest.fixture
    def lines(self, tmp_path: Path) -> Lines:
        return lambda: [decode_line(line) for file in list_segments(tmp_path / "journal") for line in read(file)]


def read(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines()


def test_each_event_is_one_write(journal: FileJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call of write(2) carries the whole line with its newline."""
    written: list[bytes] = []
    real = os.write

    def counting(descriptor: int, data: bytes) -> int:
        written.append(data)
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", counting)
    for event in EVENTS:
        journal.append(event)
    assert [decode_line(data)[1] for data in written] == list(EVENTS)
    assert all(data.endswith(b"\n") for data in written)


def test_the_journal_is_for_its_owner_alone(journal: FileJournal, tmp_path: Path) -> None:
    """The directory has mode 0700, segments 0600, whatever the umask."""
    before = os.umask(0)
    try:
        journal.append(EVENTS[0])
    finally:
        os.umask(before)
    (segment,) = list_segments(tmp_path / "journal")
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600
    assert stat.S_IMODE(segment.parent.stat().st_mode) == 0o700


def test_segments_are_bounded_and_in_order(tmp_path: Path, clock: ManualClock) -> None:
    """A segment never grows over its bound; names sort in the order of writing, the clock standing still."""
    journal = FileJournal(tmp_path, clock, segment_bytes=500)
    for number in range(50):
        journal.append(LegConnected(LegId("l"), number, False))
    found = list_segments(tmp_path / "journal")
    assert len(found) > 5
    assert all(file.stat().st_size <= 500 for file in found)
    numbers = [decode_line(line)[1].number for file in found for line in read(file)]  # type: ignore[union-attr]
    assert numbers == list(range(50))
    assert [is_complete(file) for file in found] == [True] * (len(found) - 1) + [False]


def test_a_restart_begins_a_new_segment_even_if_the_clock_went_back(tmp_path: Path, clock: ManualClock) -> None:
    """An old segment is never written again, and the new one sorts after it."""
    first = FileJournal(tmp_path, clock)
    first.append(EVENTS[0])
    first.close()
    second = FileJournal(tmp_path, ManualClock(utc=datetime(2020, 1, 1, tzinfo=UTC)))
    second.append(EVENTS[1])
    found = list_segments(tmp_path / "journal")
    assert [decode_line(line)[1] for file in found for line in read(file)] == [EVENTS[0], EVENTS[1]]
    assert len(found) == 2


def torn(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """From now on the disk takes the first bytes of a line alone; 0: nothing."""
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:room])

    monkeypatch.setattr(os, "write", write)


@pytest.mark.parametrize("room", [0, 20])
def test_what_a_full_disk_does_not_take_is_held_until_it_has_room(
    clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Events are heard meanwhile, and stand whole and in order in the files afterwards; the trouble is told as long as
    it lasts, and no empty files are left."""
    troubles = Troubles(clock)
    journal = FileJournal(tmp_path, clock, troubles=troubles)
    heard: list[object] = []
    journal.subscribe(lambda _at, event: heard.append(event))
    journal.append(EVENTS[0])
    with monkeypatch.context() as patch:
        torn(patch, room)
        for event in EVENTS[1:4]:
            journal.append(event)
        journal.retry()
        assert [trouble.what for trouble in troubles.now()] == ["the journal cannot be written"]
    assert heard == list(EVENTS[:4])
    assert sum(not file.stat().st_size for file in list_segments(tmp_path / "journal")) == 0
    journal.retry()
    assert not troubles.now()
    journal.append(EVENTS[4])
    lines = [line for file in list_segments(tmp_path / "journal") for line in file.read_bytes().splitlines(True)]
    assert [decode_line(line)[1] for line in lines if line.endswith(b"\n")] == list(EVENTS[:5])


def test_no_more_is_held_than_there_may_be(clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound an event raises OSError and is heard by nobody; those before it are written in the end."""
    journal = FileJournal(tmp_path, clock, held_bytes=2000)
    heard: list[object] = []
    journal.subscribe(lambda _at, event: heard.append(event))
    events = [LegConnected(LegId("l"), number, False) for number in range(100)]
    with monkeypatch.context() as patch:
        torn(patch, 0)
        with pytest.raises(OSError, match="No space"):
            for event in events:
                journal.append(event)
    assert 5 < len(heard) < 100
    journal.close()
    (segment,) = list_segments(tmp_path / "journal")
    assert [decode_line(line)[1] for line in read(segment)] == heard


CHILD = """
import sys
from pathlib import Path
from parley.backends.journal.file import FileJournal
from parley.backends.system import SystemClock
from parley.core.events import LegConnected
journal = FileJournal(Path(sys.argv[1]), SystemClock(), segment_bytes=20_000)
number = 0
while True:
    number += 1
    journal.append(LegConnected("leg", number, False))
    print(number, flush=True)
"""


def run_until_killed(directory: Path, events: int) -> int:
    """A process that journals as fast as it can, killed with SIGKILL. Returns the last append it told of."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(directory)], stdout=subprocess.PIPE, env=environment, cwd="/"
    )
    assert child.stdout is not None
    told = 0
    while told < events:
        told = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read()
    child.wait()
    child.stdout.close()
    whole = rest[: rest.rfind(b"\n") + 1].split()
    return int(whole[-1]) if whole else told


def test_what_was_appended_survives_sigkill(tmp_path: Path) -> None:
    """Every append that returned before the kill is in the files, in order, and the segments are released."""
    told = run_until_killed(tmp_path, 500)
    found = list_segments(tmp_path / "journal")
    numbers = [decode_line(line)[1].number for file in found for line in read(file)]  # type: ignore[union-attr]
    assert numbers == list(range(1, len(numbers) + 1))
    assert told >= 500
    assert told <= len(numbers) <= told + 1
    assert all(is_complete(file) for file in found)
