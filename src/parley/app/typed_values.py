"""What an operator types for a new space, held to what phones can dial and other doors take."""

from __future__ import annotations

import re

from ..core.refusals import Refusal
from ..core.secret import Secret

_URI = re.compile(r"[^\s@<>\"\\:\x00-\x1f\x7f]{1,255}")
_DIGITS = re.compile(r"[0-9]{1,32}", re.ASCII)


def check_space(name: str, uri: str | None, call_id: str | None, passcode: Secret | None) -> None:
    """Raises Refusal invalid, naming the field and never the PIN."""
    if not name.strip() or not name.isprintable():
        raise Refusal("invalid", field="name", error="must be a text that can be read")
    if uri is not None and not _URI.fullmatch(uri):
        raise Refusal("invalid", field="uri", error="must be the part before the @ of an address")
    for field, digits in (("call ID", call_id), ("PIN", passcode.reveal() if passcode is not None else None)):
        if digits is not None and not _DIGITS.fullmatch(digits):
            raise Refusal("invalid", field=field, error="must be digits, 32 at most")
