"""Digits in INFO bodies, the way phones without RFC 4733 send them."""

from __future__ import annotations

from ...core.digits import DIGITS

DIGIT_TYPES = ("application/dtmf-relay", "application/dtmf")


def digit_of_info(content_type: str, body: bytes) -> str | None:
    """`Signal=5` of application/dtmf-relay or a bare `5` of application/dtmf; None for anything else.

    Event numbers 10 and 11 (RFC 4733) are read as * and #, as some phones send them so.
    """
    text = body[:200].decode("ascii", "replace")
    if content_type == "application/dtmf-relay":
        for line in text.splitlines():
            name, equals, value = line.partition("=")
            if equals and name.strip().lower() == "signal":
                return _digit(value)
        return None
    return _digit(text) if content_type == "application/dtmf" else None


def _digit(text: str) -> str | None:
    value = text.strip().upper()
    value = {"10": "*", "11": "#"}.get(value, value)
    return value if len(value) == 1 and value in DIGITS else None
