"""Symmetric RTP (RFC 4961): where to send, and whose packets to believe.

- Until something arrives, we send to the address of the SDP.
- The first usable packet from anywhere latches: we send to its source, and other sources are not believed.
- A latched source gives way in two cases only: it has been silent for a second, or a packet from elsewhere
  continues its very stream (same SSRC, next sequence numbers: a NAT that changed its mapping). An attacker
  off the path would have to guess both.
- A SetMedia with the same address changes nothing. With another address it unlatches; the former source is
  still believed, because its packets are on their way, but latches again only when a second has passed.
"""

from __future__ import annotations

Address = tuple[str, int]

SILENCE_SECONDS = 1.0


class Latch:
    """One port's idea of its peer."""

    def __init__(self, described: Address) -> None:
        self.described = described  # by the SDP
        self.latched: Address | None = None
        self._last_heard = float("-inf")
        self._former: Address | None = None
        self._former_until = 0.0

    @property
    def destination(self) -> Address | None:
        """Where to send; None when the SDP named no usable port and nothing has arrived."""
        if self.latched is not None:
            return self.latched
        return self.described if self.described[1] else None

    def describe(self, now: float, described: Address) -> None:
        """Take over the address of a new SDP."""
        if described == self.described:
            return
        self.described = described
        if self.latched is not None and self.latched != described:
            self._former, self._former_until = self.latched, now + SILENCE_SECONDS
            self.latched = None

    def resume(self, now: float, source: Address) -> None:
        """It was latched to this source before, in another worker."""
        self.latched, self._last_heard = source, now

    def accepts(self, now: float, source: Address, continues: bool) -> bool:
        """Whether a usable packet from `source` is believed; may latch. `continues`: the same stream."""
        if source == self.latched:
            self._last_heard = now
            return True
        if self.latched is None:
            if source == self._former and now < self._former_until:
                return True
        elif not continues and now - self._last_heard < SILENCE_SECONDS:
            return False
        self.latched, self._last_heard, self._former = source, now, None
        return True

    def knows_host(self, host: str) -> bool:
        """Whether RTCP from this host counts as a sign of life."""
        return host == self.described[0] or (self.latched is not None and host == self.latched[0])
