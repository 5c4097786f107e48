"""How a leg's media fared is kept with its call record."""

from __future__ import annotations

from parley.app.event_codec import LINE_LIMIT, encode_line
from parley.app.ports import MediaStatistics
from parley.app.quality import BATCH, QualityRecord
from parley.core.endings import Ending, Reason, Side
from parley.core.events import Event, LegConnected, LegEnded, LegQuality
from parley.core.ids import LegId
from parley.core.quality import LossRuns, QualityWindow
from tests.app.floor import Floor
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_journal import MemoryJournal

LEG = LegId("leg")
WINDOW = QualityWindow(5.0, 250, 1, 250, 15_000, 15_100, 12.34, 123.4, -31, 20, 123.4, 12.4)
ENDED = LegEnded(LEG, 7, Ending(Side.REMOTE, Reason.HANG_UP), True, 12.5, 10.25, False)


def told(journal: MemoryJournal) -> list[Event]:
    return [event for _, event in journal.lines]


async def test_the_end_of_a_leg_carries_its_quality(floor: Floor) -> None:
    """Windows that the engine told go to the journal ahead of the leg's end, which carries their summary."""
    await floor.space()
    call = await floor.enter("room")
    floor.engine.measure(call.leg.id, WINDOW)
    floor.engine.measure(call.leg.id, WINDOW)
    floor.engine.measure(LegId("unknown"), WINDOW)
    await call.end()
    series, ended = floor.events(LegQuality, LegEnded)
    assert isinstance(series, LegQuality) and isinstance(ended, LegEnded)
    assert (series.leg, series.since, series.windows) == (call.leg.id, 0.0, (WINDOW, WINDOW))
    assert ended.quality is not None
    assert (ended.quality.seconds, ended.quality.level, ended.quality.worst_loss_percent) == (10.0, -31, 0.4)


async def test_a_leg_without_windows_ends_as_before(floor: Floor) -> None:
    """Too short to be measured: no series and no summary."""
    await floor.space()
    call = await floor.enter("room")
    await call.end()
    (ended,) = floor.events(LegQuality, LegEnded)
    assert isinstance(ended, LegEnded) and ended.quality is None


def test_totals_are_those_of_the_whole_leg() -> None:
    """What came after the last window counts too, by the engine's last numbers."""
    record = QualityRecord(LEG, 7, MemoryJournal(ManualClock()))
    record.take(WINDOW)
    numbers = MediaStatistics(
        "g722", packets_received=400, packets_lost=3, packets_sent=410, concealed_ms=60, losses=LossRuns(bursts=1)
    )
    ended = record.ended(ENDED, numbers)
    assert isinstance(ended, LegEnded) and ended.quality is not None
    assert (ended.quality.codec, ended.quality.received, ended.quality.lost) == ("g722", 400, 3)
    assert (ended.quality.sent, ended.quality.concealed_ms) == (410, 60)
    assert ended.quality.losses == LossRuns(bursts=1)
    other = LegConnected(LEG, 7, False)
    assert record.ended(other, numbers) is other


def test_totals_survive_the_death_of_a_worker() -> None:
    """The engine's numbers began anew with the next worker: what was told before it counts."""
    record = QualityRecord(LEG, 7, MemoryJournal(ManualClock()))
    for _ in range(3):
        record.take(WINDOW)
    numbers = MediaStatistics("g722", packets_received=50, packets_lost=0, packets_sent=50, concealed_ms=0)
    ended = record.ended(ENDED, numbers)
    assert isinstance(ended, LegEnded) and ended.quality is not None
    quality = ended.quality
    assert (quality.received, quality.lost, quality.sent, quality.concealed_ms) == (750, 3, 750, 60)


class FullDisk(MemoryJournal):
    """Takes no windows, as a disk that has room for short lines only."""

    def append(self, event: Event) -> None:
        if isinstance(event, LegQuality):
            raise OSError("no space left on device")
        super().append(event)


def test_windows_that_cannot_be_written_are_all_that_is_lost() -> None:
    """A full disk troubles neither whoever tells of media nor the leg's end."""
    journal = FullDisk(ManualClock())
    record = QualityRecord(LEG, 7, journal)
    for _ in range(BATCH + 1):
        record.take(WINDOW)
    ended = record.ended(ENDED, None)
    assert isinstance(ended, LegEnded) and ended.quality is not None
    assert ended.quality.received == (BATCH + 1) * 250 and told(journal) == []


def test_a_day_of_windows_is_kept_within_bounds() -> None:
    """Every one of the first hour, then one a minute; lines far below the journal's limit; no time goes missing."""
    journal = MemoryJournal(ManualClock())
    record = QualityRecord(LEG, 7, journal)
    for _ in range(24 * 720):
        record.take(WINDOW)
    record.ended(ENDED, None)
    lines = [event for event in told(journal) if isinstance(event, LegQuality)]
    windows = [window for line in lines for window in line.windows]
    assert windows[:720] == [WINDOW] * 720
    assert len(windows) == 720 + 23 * 60
    assert sum(window.seconds for window in windows) == 24 * 3600
    assert sum(window.lost for window in windows) == 24 * 720
    assert max(len(line.windows) for line in lines) <= BATCH
    assert [line.since for line in lines[:3]] == [0.0, 300.0, 600.0]
    assert all(len(encode_line(journal.lines[0][0], line)) < LINE_LIMIT / 4 for line in lines)
