"""What our user agent says of itself in Allow, Accept and Supported: true of every call, whoever made it."""

from __future__ import annotations

from ...wire.sip import reliable
from ...wire.sip.answers import ALLOW, Dialect
from .rates import SCANNERS

SESSION_EXPIRES = 1800  # seconds in which a call is refreshed once, as RFC 4028 recommends
REPLACES = "replaces"  # RFC 3891
NO_SUBSCRIPTION = "norefersub"  # RFC 4488: nobody need be told how a REFER went


def our_dialect(agent: str) -> Dialect:
    """agent: name and version of the program."""
    return Dialect(
        agent=agent,
        allow=(*ALLOW, "PRACK", "REFER"),
        supported=(reliable.OPTION, REPLACES, NO_SUBSCRIPTION),
        unwelcome=SCANNERS,
        session_expires=SESSION_EXPIRES,
    )
