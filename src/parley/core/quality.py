"""How a leg's media fare: windows of some seconds, and what is left of them when the leg has ended. Pure.

A window tells what came and went in it, and how things stood at its end. The summary of a leg goes into its call record
(LegEnded), the windows themselves into the journal in batches (LegQuality).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

SILENCE = -127  # dBov
# More than this is worth an administrator's look.
ALARM_LOSS_PERCENT = 5.0
ALARM_JITTER_MS = 100.0
ALARM_ROUND_TRIP_MS = 600.0  # twice the one-way delay beyond which talking becomes hard (ITU-T G.114)


@dataclass(frozen=True, slots=True)
class LossRuns:
    """Bursts of loss and the gaps between them (RFC 3611 section 4.7.2, Gmin 16), in packets.

    burst_packets, gap_packets: lost ones and those that came. packet_ms: of sound in one packet.
    """

    bursts: int = 0
    burst_packets: int = 0
    burst_lost: int = 0
    gaps: int = 0
    gap_packets: int = 0
    gap_lost: int = 0
    packet_ms: float = 20.0

    @property
    def burst_seconds(self) -> float:
        """How long a burst is, on average; 0 without any."""
        return self.burst_packets * self.packet_ms / 1000 / self.bursts if self.bursts else 0.0

    @property
    def burst_density(self) -> float:
        """Share of a burst's packets that are lost, 0 to 1."""
        return self.burst_lost / self.burst_packets if self.burst_packets else 0.0

    @property
    def gap_seconds(self) -> float:
        """How long a gap is, on average."""
        return self.gap_packets * self.packet_ms / 1000 / self.gaps if self.gaps else 0.0

    @property
    def gap_density(self) -> float:
        """Share of a gap's packets that are lost, 0 to 1."""
        return self.gap_lost / self.gap_packets if self.gap_packets else 0.0


@dataclass(frozen=True, slots=True)
class QualityWindow:
    """Packets and octets in it; jitter, buffer and round trip in milliseconds at its end; level in dBov, mean power.

    bursts: of loss that began in it, burst_ms and burst_lost: of those that went on in it.
    """

    seconds: float
    received: int = 0
    lost: int = 0
    sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    jitter_ms: float = 0.0
    buffer_ms: float = 0.0
    level: int = SILENCE
    concealed_ms: int = 0
    round_trip_ms: float | None = None  # None: never measured
    far_loss_percent: float = 0.0  # of what we send
    bursts: int = 0
    burst_ms: int = 0
    burst_lost: int = 0

    @property
    def loss_percent(self) -> float:
        """Of what the far end sent in it."""
        return share(self.lost, self.received)


@dataclass(frozen=True, slots=True)
class QualitySummary:
    """All windows of a leg: totals, means weighted by time, and the worst window. None: never measured.

    losses: bursts and gaps of the whole leg; None: of a record that tells nothing of them.
    """

    codec: str
    seconds: float
    received: int
    lost: int
    sent: int
    concealed_ms: int
    worst_loss_percent: float
    jitter_ms: float
    worst_jitter_ms: float
    buffer_ms: float
    worst_buffer_ms: float
    level: int
    round_trip_ms: float | None
    worst_round_trip_ms: float | None
    far_loss_percent: float
    worst_far_loss_percent: float
    # How long each was worth an alarm.
    loss_alarm_seconds: float
    jitter_alarm_seconds: float
    round_trip_alarm_seconds: float
    losses: LossRuns | None = None

    @property
    def loss_percent(self) -> float:
        return share(self.lost, self.received)

    def plain(self) -> dict[str, Any]:
        """What was measured by name, for those who look: the share of loss too, and means of its bursts."""
        shown = {spec.name: getattr(self, spec.name) for spec in fields(self) if spec.name != "losses"}
        shown = {name: value for name, value in shown.items() if value is not None}
        runs = self.losses
        bursts = {"bursts": runs.bursts, "burst_seconds": round(runs.burst_seconds, 3)} if runs is not None else {}
        return {**shown, "loss_percent": round(self.loss_percent, 1), **bursts}


def share(lost: int, received: int) -> float:
    """Percent of the packets expected; 0 of none."""
    return 100.0 * lost / (lost + received) if lost > 0 else 0.0


def merged(windows: Sequence[QualityWindow]) -> QualityWindow:
    """Several as one, coarser: sums, the worst jitter, buffer, round trip and loss, the mean level."""
    trips = [window.round_trip_ms for window in windows if window.round_trip_ms is not None]
    seconds = sum(window.seconds for window in windows)
    return QualityWindow(
        seconds=seconds,
        received=sum(window.received for window in windows),
        lost=sum(window.lost for window in windows),
        sent=sum(window.sent for window in windows),
        bytes_received=sum(window.bytes_received for window in windows),
        bytes_sent=sum(window.bytes_sent for window in windows),
        jitter_ms=max(window.jitter_ms for window in windows),
        buffer_ms=max(window.buffer_ms for window in windows),
        level=_level(sum(_energy(window) for window in windows), seconds),
        concealed_ms=sum(window.concealed_ms for window in windows),
        round_trip_ms=max(trips, default=None),
        far_loss_percent=max(window.far_loss_percent for window in windows),
        bursts=sum(window.bursts for window in windows),
        burst_ms=sum(window.burst_ms for window in windows),
        burst_lost=sum(window.burst_lost for window in windows),
    )


def alarms(window: QualityWindow) -> tuple[bool, bool, bool]:
    """Whether loss, jitter and round trip are worth an alarm."""
    trip = window.round_trip_ms
    return (
        window.loss_percent > ALARM_LOSS_PERCENT,
        window.jitter_ms > ALARM_JITTER_MS,
        trip is not None and trip > ALARM_ROUND_TRIP_MS,
    )


class Tally:
    """Adds windows up as they come."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._received = self._lost = self._sent = self._concealed = 0
        self._worst_loss = self._worst_jitter = self._worst_buffer = self._worst_far = 0.0
        self._jitter = self._buffer = self._far = self._energy = 0.0  # times seconds
        self._trip = self._trip_seconds = self._worst_trip = 0.0
        self._alarms = [0.0, 0.0, 0.0]

    def take(self, window: QualityWindow) -> None:
        seconds = window.seconds
        self.seconds += seconds
        self._received += window.received
        self._lost += window.lost
        self._sent += window.sent
        self._concealed += window.concealed_ms
        self._worst_loss = max(self._worst_loss, window.loss_percent)
        self._worst_jitter = max(self._worst_jitter, window.jitter_ms)
        self._worst_buffer = max(self._worst_buffer, window.buffer_ms)
        self._worst_far = max(self._worst_far, window.far_loss_percent)
        self._jitter += window.jitter_ms * seconds
        self._buffer += window.buffer_ms * seconds
        self._far += window.far_loss_percent * seconds
        self._energy += _energy(window)
        if window.round_trip_ms is not None:
            self._trip += window.round_trip_ms * seconds
            self._trip_seconds += seconds
            self._worst_trip = max(self._worst_trip, window.round_trip_ms)
        for place, raised in enumerate(alarms(window)):
            self._alarms[place] += seconds if raised else 0.0

    def summary(self, codec: str) -> QualitySummary | None:
        """None before the first window."""
        seconds = self.seconds
        if seconds <= 0:
            return None
        measured = self._trip_seconds > 0
        return QualitySummary(
            codec=codec,
            seconds=seconds,
            received=self._received,
            lost=self._lost,
            sent=self._sent,
            concealed_ms=self._concealed,
            worst_loss_percent=round(self._worst_loss, 1),
            jitter_ms=round(self._jitter / seconds, 1),
            worst_jitter_ms=round(self._worst_jitter, 1),
            buffer_ms=round(self._buffer / seconds, 1),
            worst_buffer_ms=round(self._worst_buffer, 1),
            level=_level(self._energy, seconds),
            round_trip_ms=round(self._trip / self._trip_seconds, 1) if measured else None,
            worst_round_trip_ms=round(self._worst_trip, 1) if measured else None,
            far_loss_percent=round(self._far / seconds, 1),
            worst_far_loss_percent=round(self._worst_far, 1),
            loss_alarm_seconds=self._alarms[0],
            jitter_alarm_seconds=self._alarms[1],
            round_trip_alarm_seconds=self._alarms[2],
        )


def _energy(window: QualityWindow) -> float:
    return float(10.0 ** (window.level / 10)) * window.seconds if window.level > SILENCE else 0.0


def _level(energy: float, seconds: float) -> int:
    return max(round(10 * math.log10(energy / seconds)), SILENCE) if energy > 0 and seconds > 0 else SILENCE
