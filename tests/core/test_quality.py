"""Windows of a leg's quality, added up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.core.quality import SILENCE, LossRuns, QualityWindow, Tally, alarms, merged

WINDOWS = st.builds(
    QualityWindow,
    seconds=st.floats(0.5, 60),
    received=st.integers(0, 5000),
    lost=st.integers(0, 5000),
    sent=st.integers(0, 5000),
    jitter_ms=st.floats(0, 500),
    buffer_ms=st.floats(0, 500),
    level=st.integers(SILENCE, 0),
    concealed_ms=st.integers(0, 5000),
    round_trip_ms=st.none() | st.floats(0, 3000),
    far_loss_percent=st.floats(0, 100),
)


def test_a_leg_is_summed_up() -> None:
    """Totals, means weighted by time, the worst of each, and how long it was bad enough for an alarm."""
    tally = Tally()
    assert tally.summary("opus") is None
    tally.take(QualityWindow(5.0, 240, 10, 250, jitter_ms=2, buffer_ms=40, level=-30, concealed_ms=200))
    tally.take(QualityWindow(5.0, 200, 50, 250, jitter_ms=120, buffer_ms=80, level=-30, round_trip_ms=700.0))
    tally.take(QualityWindow(10.0, 500, 0, 500, jitter_ms=4, buffer_ms=50, round_trip_ms=100.0, far_loss_percent=3))
    found = tally.summary("opus")
    assert found is not None
    assert (found.received, found.lost, found.sent, found.concealed_ms) == (940, 60, 1000, 200)
    assert found.loss_percent == pytest.approx(6.0)
    assert found.worst_loss_percent == 20.0
    assert (found.jitter_ms, found.worst_jitter_ms) == (32.5, 120)
    assert (found.buffer_ms, found.worst_buffer_ms) == (55.0, 80)
    assert found.level == -33  # silent for half the time
    assert (found.round_trip_ms, found.worst_round_trip_ms) == (300.0, 700.0)
    assert (found.far_loss_percent, found.worst_far_loss_percent) == (1.5, 3)
    assert (found.loss_alarm_seconds, found.jitter_alarm_seconds, found.round_trip_alarm_seconds) == (5.0, 5.0, 5.0)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (QualityWindow(5.0), (False, False, False)),
        (QualityWindow(5.0, 95, 5), (False, False, False)),
        (QualityWindow(5.0, 94, 6), (True, False, False)),
        (QualityWindow(5.0, 0, 6), (True, False, False)),
        (QualityWindow(5.0, jitter_ms=100.1), (False, True, False)),
        (QualityWindow(5.0, round_trip_ms=600.1), (False, False, True)),
    ],
)
def test_what_is_worth_an_alarm(window: QualityWindow, expected: tuple[bool, bool, bool]) -> None:
    """More than 5 % loss, 100 ms jitter, 600 ms round trip."""
    assert alarms(window) == expected


def test_runs_of_loss_as_means() -> None:
    """Seconds of one burst and of one gap, and the share of packets lost in each; nothing without any."""
    runs = LossRuns(bursts=2, burst_packets=40, burst_lost=10, gaps=3, gap_packets=300, gap_lost=6, packet_ms=30.0)
    assert (runs.burst_seconds, runs.burst_density) == (0.6, 0.25)
    assert (runs.gap_seconds, runs.gap_density) == (3.0, 0.02)
    none = LossRuns()
    assert (none.burst_seconds, none.burst_density, none.gap_seconds, none.gap_density) == (0, 0, 0, 0)


@given(st.lists(WINDOWS, min_size=1, max_size=20))
def test_coarser_windows_lose_no_totals_and_hide_no_worst(windows: list[QualityWindow]) -> None:
    """Merged or one by one: the same packets, the same time, the same worst."""
    fine, coarse = Tally(), Tally()
    for window in windows:
        fine.take(window)
    coarse.take(merged(windows))
    one, other = fine.summary(""), coarse.summary("")
    assert one is not None and other is not None
    assert (one.received, one.lost, one.sent, one.concealed_ms) == (
        other.received,
        other.lost,
        other.sent,
        other.concealed_ms,
    )
    assert one.seconds == pytest.approx(other.seconds)
    assert (one.worst_jitter_ms, one.worst_buffer_ms) == (other.worst_jitter_ms, other.worst_buffer_ms)
    assert one.worst_round_trip_ms == other.worst_round_trip_ms
    assert abs(one.level - other.level) <= 1
