"""Runs of losses in one leg's incoming stream: bursts, and the gaps between them (RFC 3611 section 4.7.2).

A burst begins and ends with a lost packet, holds two at least, and never GMIN received ones in a row; a gap is all
there is between bursts, single losses included. Both follow from the sequence numbers of holes alone, so nothing is
done for a packet that comes in its turn. A hole stays open while what is missing may still come in another order.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from parley.engine.messages import LossRuns

GMIN = 16  # packets received in a row that end a burst
OPEN_SEQUENCES = 200  # what is missing for longer does not come any more: the jitter buffer plays far less behind
OPEN_MOST = 64  # holes


@dataclass(slots=True)
class _Runs:
    """Packets so far, in bursts and gaps that are over; `since`: where the gap that goes on began. A burst that may
    still grow lies from `first` to `last`, with `lost` of its packets; lost 0: there is none."""

    bursts: int = 0
    burst_packets: int = 0
    burst_lost: int = 0
    gaps: int = 0
    gap_packets: int = 0
    gap_lost: int = 0
    since: int = 0
    first: int = 0
    last: int = 0
    lost: int = 0

    def add(self, first: int, last: int) -> None:
        """These are lost; holes come in their order."""
        if not self.lost or first - self.last > GMIN:
            self._close()
            self.first, self.lost = first, 0
        self.last = last
        self.lost += last - first + 1

    def _close(self) -> None:
        lost, self.lost = self.lost, 0
        if lost == 1:
            self.gap_lost += 1
        elif lost:
            self._close_gap(self.first)
            self.bursts += 1
            self.burst_packets += self.last - self.first + 1
            self.burst_lost += lost
            self.since = self.last + 1

    def _close_gap(self, until: int) -> None:
        if until > self.since:
            self.gaps += 1
            self.gap_packets += until - self.since

    def end(self, highest: int) -> None:
        """The stream is over, as far as it is known."""
        self._close()
        self._close_gap(highest + 1)
        self.since = highest + 1


class Losses:
    """Totals of one leg; they go on over changes of SSRC. Sequence numbers are extended ones."""

    def __init__(self) -> None:
        self._runs = _Runs()
        self._open: list[tuple[int, int]] = []  # first and last missing, in their order

    def carry_on(self, runs: LossRuns) -> None:
        """Totals of the same leg in another worker."""
        self._runs = _Runs(runs.bursts, runs.burst_packets, runs.burst_lost, runs.gaps, runs.gap_packets, runs.gap_lost)

    def start(self, base: int, highest: int | None) -> None:
        """A stream begins with this packet; highest: where the one before it ended, if there was one."""
        if highest is not None:
            self._settle(len(self._open))
            self._runs.end(highest)
        self._runs.since = base

    def skipped(self, first: int, last: int) -> None:
        """These are missing before the newest packet."""
        done = 0
        while done < len(self._open) and self._open[done][1] < first - OPEN_SEQUENCES:
            done += 1
        self._open.append((first, last))
        self._settle(max(done, len(self._open) - OPEN_MOST))

    def came(self, sequence: int) -> None:
        """One after the newest of all, or once more."""
        for place, (first, last) in enumerate(self._open):
            if first <= sequence <= last:
                rest = [(first, sequence - 1), (sequence + 1, last)]
                self._open[place : place + 1] = [hole for hole in rest if hole[0] <= hole[1]]
                return

    def _settle(self, count: int) -> None:
        for first, last in self._open[:count]:
            self._runs.add(first, last)
        del self._open[:count]

    def told(self, highest: int | None, packet_ms: float) -> LossRuns:
        """As if the stream ended here; highest None: it never began."""
        runs = copy(self._runs)
        if highest is not None:
            for first, last in self._open:
                runs.add(first, last)
            runs.end(highest)
        return LossRuns(
            bursts=runs.bursts,
            burst_packets=runs.burst_packets,
            burst_lost=runs.burst_lost,
            gaps=runs.gaps,
            gap_packets=runs.gap_packets,
            gap_lost=runs.gap_lost,
            packet_ms=packet_ms,
        )
