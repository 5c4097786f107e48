"""How much one network address may ask for a second, and which programs get no answer at all."""

from __future__ import annotations

from collections import OrderedDict

from ...core.attempts import source_key

# What tools that search the net for open servers call themselves; an answer would only tell them that we are here.
SCANNERS = (
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sipcli",
    "sip-scan",
    "sundayddr",
    "smap",
    "iwar",
    "vaxsipuseragent",
    "vaxipuseragent",
    "pplsip",
)

KEPT = 10_000  # sources remembered; beyond it the longest silent is forgotten


# A call is about six messages each way with their repetitions: whoever may make calls may send what they need.
MESSAGES_PER_CALL = 10


class SourceRates:
    """A token bucket per source (an IPv6 /64 is one source), as deep as one second: of calls, or of messages."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, source: str, now: float) -> bool:
        """True when this source may have another one now."""
        key = source_key(source)
        tokens, at = self._buckets.pop(key, (float(self.per_second), now))
        tokens = min(self.per_second, tokens + (now - at) * self.per_second)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        while len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return allowed
