"""Which of our languages somebody understands, by what his device or browser says (RFC 9110 section 12.5.4)."""

from __future__ import annotations

import re

SPOKEN = ("en", "zh", "pt")
_MOST = 16  # ranges of one header that are read; people understand fewer
_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,64})?\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def preferred(header: str | None) -> str:
    """The spoken language that an Accept-Language header likes best, the first of equals; empty: none of them.

    `*` says nothing, and nor does a part that cannot be read.
    """
    best, weight = "", 0.0
    for part in (header or "")[:1024].split(",")[:_MOST]:
        match = _RANGE.fullmatch(part)
        if match is None or match[1].lower() not in SPOKEN:
            continue
        wish = float(match[2]) if match[2] else 1.0
        if 1.0 >= wish > weight:
            best, weight = match[1].lower(), wish
    return best
