"""Symmetric RTP (RFC 4961): where to send, and whose packets to believe.

- Until something arrives, we send to the address of the SDP.
- The first usable packet from anywhere latches: we send to its source, and other sources are not believed.
- A latched source gives way to the very address of the SDP, which is no stranger's; to a packet that continues its
  very stream (same SSRC, next sequence numbers: a NAT that changed its mapping); to its own host or the SDP's, when it
  has been silent for a second; to any other host only when not even a report of its host has come for five: a phone
  that is muted may send nothing, and a stranger who tries all ports must not hear the meeting for that.
- A SetMedia with the same address changes nothing. With another address it unlatches; the former source is
  still believed, because its packets are on their way, but latches again only when a second has passed.
"""

from __future__ import annotations

import ipaddress

Address = tuple[str, int]

SILENCE_SECONDS = 1.0
GONE_SECONDS = 5.0


class Latch:
    """One port's idea of its peer."""

    def __init__(self, described: Address) -> None:
        self.described = _plain(described)  # by the SDP
        self.latched: Address | None = None
        self._last_heard = float("-inf")
        self._last_sign = float("-inf")  # a report, too
        self._former: Address | None = None
        self._former_until = 0.0
        self._ousted: Address | None = None
        self._ousted_until = 0.0
        self._aim()

    def _aim(self) -> None:
        """Settle where to send; None when the SDP named no usable port and nothing has arrived."""
        described = self.described if self.described[1] else None
        self.destination: Address | None = described if self.latched is None else self.latched

    def describe(self, now: float, described: Address) -> None:
        """Take over the address of a new SDP."""
        described = _plain(described)
        if described == self.described:
            return
        self.described = described
        if self.latched is not None and self.latched != described:
            self._former, self._former_until = self.latched, now + SILENCE_SECONDS
            self.latched = None
        self._aim()

    def resume(self, now: float, source: Address) -> None:
        """It was latched to this source before, in another worker."""
        self.latched, self._last_heard, self._last_sign = source, now, now
        self._aim()

    def accepts(self, now: float, source: Address, continues: bool) -> bool:
        """Whether a usable packet from `source` is believed; may latch. `continues`: the same stream."""
        if source == self.latched:
            self._last_heard = self._last_sign = now
            return True
        if self.latched is None:
            if source == self._former and now < self._former_until:
                return True
        elif source == self.described:
            self._ousted, self._ousted_until = self.latched, now + SILENCE_SECONDS
        elif source == self._ousted and now < self._ousted_until:
            return False  # its stream is still the one that is received
        elif not continues and not self._has_gone(now, source[0]):
            return False
        self.latched, self._last_heard, self._last_sign, self._former = source, now, now, None
        self._aim()
        return True

    def _has_gone(self, now: float, successor: str) -> bool:
        """Whether the latched source gives way to this host."""
        if self.knows_host(successor):
            return now - self._last_heard >= SILENCE_SECONDS
        return now - self._last_sign >= GONE_SECONDS

    def accepts_report(self, now: float, host: str) -> bool:
        """Whether RTCP from this host counts as a sign of life."""
        if self.latched is not None and host == self.latched[0]:
            self._last_sign = now
        return self.knows_host(host)

    def knows_host(self, host: str) -> bool:
        return host == self.described[0] or (self.latched is not None and host == self.latched[0])


def _plain(address: Address) -> Address:
    """As the system writes a source: an IPv6 address has many spellings."""
    host, port = address
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        return address
