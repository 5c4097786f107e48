"""Counting what arrives, as RFC 3550 Appendix A does: expected, lost, interarrival jitter."""

from __future__ import annotations

from parley.engine.losses import Losses
from parley.engine.messages import LossRuns
from parley.wire.rtp import ReportBlock, RtcpPacket, RtpPacket, report_blocks, sender_report_time, unwrap

_RESTART = 3000  # a jump in sequence numbers beyond this is a new start, not loss (RFC 3550 A.1, MAX_DROPOUT)

_FORGET = 0.8  # of the loss remembered, by each report
_REPORTS_KEPT = 8
_FRESH_SECONDS = 15.0  # three reports of the usual interval


class Reception:
    """Totals of one leg; they go on over changes of SSRC, each new stream adding its own loss."""

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self.packets = 0
        self.octets = 0
        self.losses = Losses()
        self._lost_before = 0  # in streams that have ended
        self._ssrc: int | None = None
        self._base = self._highest = 0  # extended sequence numbers
        self._received = 0
        self._transit: int | None = None
        self._timed = -1.0  # when the last one came that was timed
        self._jitter = 0.0  # in timestamp units
        self._reported = (0, 0)  # expected and received at the last report
        self._sender_report: tuple[int, float] | None = None  # its time by the far clock, and when it came

    def carry_on(self, packets: int, octets: int, lost: int, runs: LossRuns) -> None:
        """Totals of the same leg in another worker."""
        self.packets, self.octets, self._lost_before = packets, octets, lost
        self.losses.carry_on(runs)

    def count(self, packet: RtpPacket, octets: int) -> None:
        """One packet of the believed source; `octets` of the whole datagram."""
        self.packets += 1
        self.octets += octets
        if packet.ssrc == self._ssrc and packet.sequence == (self._highest + 1) & 0xFFFF:  # as nearly all do
            self._highest += 1
        else:
            self._count_another(packet)
        self._received += 1

    def _count_another(self, packet: RtpPacket) -> None:
        """One that is not the very next of its stream."""
        newest = unwrap(packet.sequence, self._highest, 16)
        if packet.ssrc != self._ssrc or abs(newest - self._highest) > _RESTART:
            self._start(packet)
        elif newest > self._highest:
            self.losses.skipped(self._highest + 1, newest - 1)
            self._highest = newest
        else:
            self.losses.came(newest)

    def time(self, now: float, packet: RtpPacket) -> None:
        """One voice packet's moment of arrival; key presses keep their timestamp, so they cannot be timed.

        Of those that are found together only the first counts: how far apart they came is not known.
        """
        if now == self._timed:
            return
        self._timed = now
        transit = (int(now * self.clock_rate) - packet.timestamp) & 0xFFFFFFFF
        if self._transit is not None:
            later = (transit - self._transit) & 0xFFFFFFFF
            difference = min(later, (1 << 32) - later)
            if difference < self.clock_rate:  # a pause or a new start of the sender's clock is not jitter
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def hear(self, now: float, packet: RtcpPacket) -> None:
        """One RTCP packet of the believed source; a sender report is answered in our next block."""
        told = sender_report_time(packet)
        if told is not None and packet.ssrc == self._ssrc:
            self._sender_report = (told, now)

    def _start(self, packet: RtpPacket) -> None:
        ended = None
        if self._ssrc is not None:
            self._lost_before, ended = self.lost, self._highest
        self._ssrc = packet.ssrc
        self._base = self._highest = packet.sequence + (1 << 16)
        self.losses.start(self._base, ended)
        self._received = 0
        self._transit = None
        self._reported = (0, 0)
        self._sender_report = None

    @property
    def lost(self) -> int:
        if self._ssrc is None:
            return self._lost_before
        return self._lost_before + max(self._highest - self._base + 1 - self._received, 0)

    def runs(self, packet_ms: float) -> LossRuns:
        """Bursts and gaps so far. packet_ms: of sound in one packet."""
        return self.losses.told(None if self._ssrc is None else self._highest, packet_ms)

    @property
    def jitter_ms(self) -> float:
        return self._jitter * 1000 / self.clock_rate

    def block(self, now: float) -> ReportBlock | None:
        """What we report of the source, counting from the last block; None before its first packet."""
        if self._ssrc is None:
            return None
        expected = self._highest - self._base + 1
        new_expected = expected - self._reported[0]
        new_lost = new_expected - (self._received - self._reported[1])
        self._reported = (expected, self._received)
        fraction = (new_lost << 8) // new_expected if new_expected > 0 and new_lost > 0 else 0
        return ReportBlock(
            ssrc=self._ssrc,
            fraction_lost=min(fraction, 255),
            cumulative_lost=expected - self._received,
            highest_sequence=self._highest - (1 << 16),
            jitter=int(self._jitter),
            last_report=0 if self._sender_report is None else self._sender_report[0],
            delay_since_last=0 if self._sender_report is None else int((now - self._sender_report[1]) * 65536),
        )


class Echo:
    """What the far end says of our stream: its loss and jitter, and how long the way there and back takes."""

    def __init__(self) -> None:
        self._loss = 0.0  # share, smoothed over reports
        self._heard_at = float("-inf")
        self._sent: dict[int, float] = {}  # our sender reports of late: their time as it is echoed -> when they left
        self.lost = 0  # packets in all, as last told
        self.jitter = 0  # timestamp units, as last told
        self.round_trip: float | None = None  # seconds, as last measured

    def sent(self, now: float, told: int) -> None:
        """A sender report has left; told: the middle of its NTP time."""
        self._sent[told] = now
        if len(self._sent) > _REPORTS_KEPT:
            del self._sent[next(iter(self._sent))]

    def hear(self, now: float, packet: RtcpPacket, ssrc: int) -> None:
        """One RTCP packet; the block about our `ssrc` counts. Loss is believed at once and forgotten slowly."""
        for block in report_blocks(packet):
            if block.ssrc != ssrc:
                continue
            told = block.fraction_lost / 256
            self._loss = max(told, _FORGET * self._loss + (1 - _FORGET) * told)
            self._heard_at = now
            self.lost, self.jitter = max(block.cumulative_lost, 0), block.jitter
            left = self._sent.get(block.last_report) if block.last_report else None
            if left is not None:  # RFC 3550 section 6.4.1
                self.round_trip = max(now - left - block.delay_since_last / 65536, 0.0)

    def loss(self, now: float) -> float:
        """Share of our packets that do not arrive, 0 to 1; 0 without a fresh report."""
        return self._loss if now - self._heard_at < _FRESH_SECONDS else 0.0
