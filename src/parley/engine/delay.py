"""How late packets of one stream come, and how long sound must therefore wait before it is played.

A packet's *transit* is when it came by the receiver's clock less its place in the stream by the sender's; both are in
samples at 48 kHz, so only differences mean anything. A packet is in time if it is played with a lag of at least its
transit. All but a few of those of the last seconds shall be in time: the aim is a high quantile of their transits. It
rises at once, and falls slowly once the network is calm.
"""

from __future__ import annotations

from parley.engine.sound import FRAME, RATE

_MS = RATE // 1000
KEPT = 300  # transits: 6 s of 20 ms packets
FEWEST = 10  # before that the least reserve must do
IN_TIME = 0.97  # share of packets; the others are concealed, which costs less than waiting for them
RESERVE = 20 * _MS  # over the quickest packet: the least that survives arrival on either side of a tick
MARGIN = 5 * _MS  # over the quantile
HIGHEST = 200 * _MS  # over the quickest packet; the rest is concealed
FALL, LEAST_FALL = 0.1, 2 * _MS  # of the distance to a lower quantile, at each look
# By another clock is what comes so much later than the last packet, or earlier, or so often beyond what is waited for.
LATER, EARLIER, BEYOND = RATE, HIGHEST, 25


class Delays:
    """Transits of late, and the lag aimed at. note() for each packet, look() twice a second or so."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """The sender's clock began anew."""
        self._transits: list[int] = []
        self._at = 0
        self._last: int | None = None
        self._high: float | None = None
        self._best = 0
        self._beyond = 0

    def note(self, transit: int) -> None:
        if self._last is not None:
            self._beyond = self._beyond + 1 if self._high is not None and transit > self._best + HIGHEST else 0
            if not -EARLIER <= transit - self._last <= LATER or self._beyond >= BEYOND:
                self.clear()
        self._last = transit
        if len(self._transits) < KEPT:
            self._transits.append(transit)
        else:
            self._transits[self._at] = transit
            self._at = (self._at + 1) % KEPT

    def look(self) -> None:
        """Work out the aim anew."""
        count = len(self._transits)
        if count < FEWEST:
            return
        ordered = sorted(self._transits)
        self._best, high = ordered[0], ordered[min(int(IN_TIME * count), count - 1)]
        if self._high is None or high >= self._high:
            self._high = high
        else:
            self._high = max(high, self._high - max((self._high - high) * FALL, LEAST_FALL))

    @property
    def aim(self) -> float | None:
        """The lag aimed at, comparable with transits; None when too few have come."""
        return None if self._high is None else self._best + self.spread

    @property
    def spread(self) -> float:
        """How much longer than the quickest packet sound waits."""
        jitter = 0.0 if self._high is None else self._high - self._best
        return min(max(jitter + MARGIN, RESERVE), HIGHEST)

    @property
    def target(self) -> float:
        """Samples in hand when playing begins: the frame to be played, and the wait."""
        return FRAME + self.spread
