"""STUN Binding (RFC 8489) as far as ICE connectivity checks need it (RFC 8445): bytes <-> values.

Sans-IO and without state. parse() raises MalformedStun on bytes that are not what they claim to be, and nothing
else; a message that parsed has been checked for its FINGERPRINT, where it has one, but not for its integrity:
that takes the password, and is asked of is_authentic().
"""

from __future__ import annotations

import hmac
import ipaddress
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

REQUEST, SUCCESS, ERROR = 0x0001, 0x0101, 0x0111  # Binding, by class
COOKIE = 0x2112A442
LONGEST = 1500  # bytes of a message; checks are below 200
MOST_ATTRIBUTES = 32

USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029
ICE_CONTROLLING = 0x802A
# Below 0x8000 an attribute must be understood, or the message is refused (RFC 8489 section 14).
_UNDERSTOOD = {
    USERNAME,
    MESSAGE_INTEGRITY,
    ERROR_CODE,
    UNKNOWN_ATTRIBUTES,
    XOR_MAPPED_ADDRESS,
    PRIORITY,
    USE_CANDIDATE,
}
_LENGTHS = {MESSAGE_INTEGRITY: 20, PRIORITY: 4, USE_CANDIDATE: 0, FINGERPRINT: 4, ICE_CONTROLLED: 8, ICE_CONTROLLING: 8}

_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_FINGERPRINT_XOR = 0x5354554E

BAD_REQUEST, UNAUTHENTICATED, UNKNOWN_ATTRIBUTE = 400, 401, 420
_REASONS = {BAD_REQUEST: "Bad Request", UNAUTHENTICATED: "Unauthenticated", UNKNOWN_ATTRIBUTE: "Unknown Attribute"}

Address = tuple[str, int]


class MalformedStun(ValueError):
    """These bytes are not a STUN Binding message."""


class StunMessage(NamedTuple):
    """One message. Attributes after MESSAGE-INTEGRITY do not count, and are not here (RFC 8489 section 14.5)."""

    kind: int  # REQUEST, SUCCESS or ERROR
    transaction: bytes  # 12 bytes
    attributes: dict[int, bytes]  # the first of each type
    integrity_at: int | None  # where MESSAGE-INTEGRITY begins in the message

    @property
    def username(self) -> bytes | None:
        return self.attributes.get(USERNAME)

    @property
    def nominates(self) -> bool:
        return USE_CANDIDATE in self.attributes

    @property
    def unknown(self) -> tuple[int, ...]:
        """Attributes that we would have to understand, and do not."""
        return tuple(kind for kind in self.attributes if kind < 0x8000 and kind not in _UNDERSTOOD)

    @property
    def mapped_address(self) -> Address | None:
        """What a success response says of where the request came from. None: nothing that can be read."""
        return _address(self.attributes.get(XOR_MAPPED_ADDRESS, b""), self.transaction)

    @property
    def error_code(self) -> int | None:
        value = self.attributes.get(ERROR_CODE, b"")
        return (value[2] & 7) * 100 + value[3] if len(value) >= 4 else None


def parse(data: bytes) -> StunMessage:
    """Raises MalformedStun: not STUN, not Binding, lengths that do not fit, or a FINGERPRINT that is wrong."""
    if not 20 <= len(data) <= LONGEST:
        raise MalformedStun(f"{len(data)} bytes are no STUN message")
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if kind not in (REQUEST, SUCCESS, ERROR):
        raise MalformedStun(f"message type {kind:#06x}")
    if cookie != COOKIE or length % 4 or 20 + length != len(data):
        raise MalformedStun("no magic cookie, or a length that is not the datagram's")
    attributes: dict[int, bytes] = {}
    integrity_at: int | None = None
    offset = 20
    for _ in range(MOST_ATTRIBUTES):
        if offset == len(data):
            return StunMessage(kind, transaction, attributes, integrity_at)
        attribute, value, end = _attribute(data, offset)
        if attribute == FINGERPRINT:
            _check_fingerprint(data, offset, value)
            if end != len(data):
                raise MalformedStun("something follows the fingerprint")
        elif integrity_at is None:
            attributes.setdefault(attribute, value)
            if attribute == MESSAGE_INTEGRITY:
                integrity_at = offset
        offset = end
    if offset == len(data):
        return StunMessage(kind, transaction, attributes, integrity_at)
    raise MalformedStun(f"more than {MOST_ATTRIBUTES} attributes")


def _attribute(data: bytes, offset: int) -> tuple[int, bytes, int]:
    """Type, value, and where the next one begins."""
    attribute, size = _ATTRIBUTE.unpack_from(data, offset)  # there is room: every length so far was of whole words
    start = offset + 4
    end = start + size + -size % 4
    if end > len(data):
        raise MalformedStun(f"attribute {attribute:#06x} is longer than the message")
    if _LENGTHS.get(attribute, size) != size:
        raise MalformedStun(f"attribute {attribute:#06x} of {size} bytes")
    return attribute, data[start : start + size], end


def _check_fingerprint(data: bytes, offset: int, value: bytes) -> None:
    if int.from_bytes(value, "big") != zlib.crc32(data[:offset]) ^ _FINGERPRINT_XOR:
        raise MalformedStun("wrong fingerprint")


def is_authentic(data: bytes, message: StunMessage, password: bytes) -> bool:
    """Whether `data`, from which `message` was parsed, carries the MESSAGE-INTEGRITY of a short-term password."""
    at = message.integrity_at
    if at is None:
        return False
    return hmac.compare_digest(_integrity(data[:at], password), message.attributes[MESSAGE_INTEGRITY])


def _integrity(head: bytes, password: bytes) -> bytes:
    """Over everything before the attribute, the header's length counting up to its end (RFC 8489 section 14.5)."""
    counted = head[:2] + (len(head) - 20 + 24).to_bytes(2, "big") + head[4:]
    return hmac.digest(password, counted, "sha1")


# --- building ---------------------------------------------------------------------------------------------------


def build_success(transaction: bytes, source: Address, password: bytes | None = None) -> bytes:
    """The answer to a request that came from `source`, a numeric address; with the password of an authentic one."""
    return _build(SUCCESS, transaction, [(XOR_MAPPED_ADDRESS, _xor_address(source, transaction))], password)


def build_error(transaction: bytes, code: int, password: bytes | None = None, unknown: Sequence[int] = ()) -> bytes:
    """400, 401 or 420 (with the attributes not understood). Without a password where the sender is not known."""
    attributes = [(ERROR_CODE, bytes([0, 0, code // 100, code % 100]) + _REASONS[code].encode())]
    if unknown:
        attributes.append((UNKNOWN_ATTRIBUTES, b"".join(kind.to_bytes(2, "big") for kind in unknown)))
    return _build(ERROR, transaction, attributes, password)


def build_request(
    transaction: bytes, username: str, password: bytes, *, priority: int, tie_breaker: int, nominate: bool = False
) -> bytes:
    """A connectivity check of the controlling side (RFC 8445 section 7.2.2)."""
    attributes = [
        (USERNAME, username.encode()),
        (PRIORITY, priority.to_bytes(4, "big")),
        (ICE_CONTROLLING, tie_breaker.to_bytes(8, "big")),
    ]
    if nominate:
        attributes.append((USE_CANDIDATE, b""))
    return _build(REQUEST, transaction, attributes, password)


def _build(kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], password: bytes | None) -> bytes:
    body = b"".join(
        _ATTRIBUTE.pack(attribute, len(value)) + value + bytes(-len(value) % 4) for attribute, value in attributes
    )
    if password is not None:
        head = _HEADER.pack(kind, 0, COOKIE, transaction) + body  # _integrity puts its own length in
        body += _ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + _integrity(head, password)
    message = _HEADER.pack(kind, len(body) + 8, COOKIE, transaction) + body
    return message + _ATTRIBUTE.pack(FINGERPRINT, 4) + (zlib.crc32(message) ^ _FINGERPRINT_XOR).to_bytes(4, "big")


def _mask(transaction: bytes) -> bytes:
    return COOKIE.to_bytes(4, "big") + transaction


def _xor_address(address: Address, transaction: bytes) -> bytes:
    packed = ipaddress.ip_address(address[0].partition("%")[0]).packed
    hidden = bytes(a ^ b for a, b in zip(packed, _mask(transaction), strict=False))
    return struct.pack("!BBH", 0, 1 if len(packed) == 4 else 2, address[1] ^ (COOKIE >> 16)) + hidden


def _address(value: bytes, transaction: bytes) -> Address | None:
    if len(value) not in (8, 20) or value[1] != (1 if len(value) == 8 else 2):
        return None
    port = int.from_bytes(value[2:4], "big") ^ (COOKIE >> 16)
    packed = bytes(a ^ b for a, b in zip(value[4:], _mask(transaction), strict=False))
    return str(ipaddress.ip_address(packed)), port
