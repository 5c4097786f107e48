"""How many new calls one network address may make a second."""

from __future__ import annotations

from collections import OrderedDict

from ...core.attempts import source_key

KEPT = 10_000  # sources remembered; beyond it the longest silent is forgotten


class SourceRates:
    """A token bucket per source (an IPv6 /64 is one source), as deep as one second of calls."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, source: str, now: float) -> bool:
        """True when this source may make another call now."""
        key = source_key(source)
        tokens, at = self._buckets.pop(key, (float(self._per_second), now))
        tokens = min(self._per_second, tokens + (now - at) * self._per_second)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        while len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return allowed
