"""STUN on a SIP port: how phones keep their way through address translation open (RFC 5626 sections 4.4.2 and 8)."""

from __future__ import annotations

from ...wire import stun


def binding_response(data: bytes, source: tuple[str, int]) -> bytes | None:
    """The answer to a Binding request from there; None: to nothing else, and to nobody who would be sent far more."""
    try:
        message = stun.parse(data)
    except stun.MalformedStun:
        return None
    if message.kind != stun.REQUEST or message.username is not None:
        return None
    return stun.build_success(message.transaction, source)
