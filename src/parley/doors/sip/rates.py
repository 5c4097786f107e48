"""How many new calls one network address may make a second."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

KEPT = 10_000  # sources remembered; beyond it the longest silent is forgotten


class SourceRates:
    """A token bucket per source (an IPv6 /64 is one source), as deep as one second of calls."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, source: str, now: float) -> bool:
        """True when this source may make another call now."""
        key = network_of(source)
        tokens, at = self._buckets.pop(key, (float(self._per_second), now))
        tokens = min(self._per_second, tokens + (now - at) * self._per_second)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        while len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return allowed


def network_of(source: str) -> str:
    """What counts as one source: an IPv4 address, an IPv6 /64."""
    address = ipaddress.ip_address(source.partition("%")[0])
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
