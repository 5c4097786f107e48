"""STUN on a SIP port: how phones keep their way through address translation open (RFC 5626 sections 4.4.2 and 8)."""

from __future__ import annotations

from ...wire import stun


def is_keep_alive(data: bytes) -> bool:
    """Does that datagram only keep a way open? STUN, as no SIP begins so (RFC 5626 section 8), line ends or nothing."""
    return data[:1] in {b"\0", b"\1"} or not data.strip(b"\r\n")


def binding_response(data: bytes, source: tuple[str, int]) -> bytes | None:
    """The answer to a Binding request from there; None: to nothing else, and to nobody who would be sent far more."""
    try:
        message = stun.parse(data)
    except stun.MalformedStun:
        return None
    if message.kind != stun.REQUEST or message.username is not None:
        return None
    return stun.build_success(message.transaction, source)
