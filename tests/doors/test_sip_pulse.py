"""A server that falls behind refuses new calls rather than failing those it has."""

from __future__ import annotations

from parley.doors.sip.pulse import BEAT, LATE, Pulse
from tests.kit.manual_clock import ManualClock


def test_a_process_that_keeps_up_is_not_late() -> None:
    """Beat after beat in time."""
    clock = ManualClock()
    pulse = Pulse(clock)
    pulse.start()
    for _ in range(20):
        clock.advance(BEAT)
        assert not pulse.is_late(clock.now())


def test_a_process_that_stood_still_is_late_until_a_beat_is_in_time() -> None:
    """While the beat is overdue, and until the one after it."""
    clock = ManualClock()
    pulse = Pulse(clock)
    pulse.start()
    assert pulse.is_late(clock.now() + BEAT + LATE + 0.01)
    assert not pulse.is_late(clock.now() + BEAT + LATE - 0.01)


def test_what_has_not_begun_or_has_stopped_is_never_late() -> None:
    """Calls are not refused by a pulse that does not beat."""
    clock = ManualClock()
    pulse = Pulse(clock)
    assert not pulse.is_late(clock.now() + 10)
    pulse.start()
    pulse.stop()
    assert not pulse.is_late(clock.now() + 10)
