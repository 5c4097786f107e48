"""How one leg fares, in windows of some seconds: what the totals have grown by since the window before."""

from __future__ import annotations

import math

from parley.engine.messages import LegQuality, LegStatistics
from parley.engine.sound import SILENCE_LEVEL, TICK_MS

_PER_DB = math.log(10.0) / 10.0


class Gauge:
    """One leg's. hear() once a tick, window() at the end of each window."""

    def __init__(self) -> None:
        self._before = LegStatistics(codec="")
        self._power = 0.0
        self._ticks = 0

    def start_from(self, totals: LegStatistics) -> None:
        """What is in these totals already was told elsewhere."""
        self._before = totals

    def hear(self, level: float) -> None:
        """What the leg says in this tick, dBov."""
        self._ticks += 1
        if level > SILENCE_LEVEL:
            self._power += math.exp(level * _PER_DB)

    def window(self, totals: LegStatistics) -> LegQuality:
        """The window that ends here."""
        before, self._before = self._before, totals
        power, ticks = self._power, self._ticks
        self._power, self._ticks = 0.0, 0
        bursting = totals.losses.burst_packets - before.losses.burst_packets
        mean = 10.0 * math.log10(power / ticks) if power > 0.0 else SILENCE_LEVEL
        return LegQuality(
            codec=totals.codec,
            seconds=round(ticks * TICK_MS / 1000, 2),
            received=totals.packets_received - before.packets_received,
            lost=max(totals.packets_lost - before.packets_lost, 0),
            sent=totals.packets_sent - before.packets_sent,
            bytes_received=totals.bytes_received - before.bytes_received,
            bytes_sent=totals.bytes_sent - before.bytes_sent,
            jitter_ms=totals.jitter_ms,
            buffer_ms=totals.buffer_ms,
            level=max(round(mean), SILENCE_LEVEL),
            concealed_ms=totals.concealed_ms - before.concealed_ms,
            round_trip_ms=totals.round_trip_ms,
            far_loss_percent=totals.far_loss_percent,
            bursts=max(totals.losses.bursts - before.losses.bursts, 0),
            burst_ms=round(max(bursting, 0) * totals.losses.packet_ms),
            burst_lost=max(totals.losses.burst_lost - before.losses.burst_lost, 0),
        )
