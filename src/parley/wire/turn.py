"""TURN (RFC 8656) as far as a trial needs it: ask for a relayed address with a credential, and give it back.

Sans-IO. Also the credentials that coturn's `use-auth-secret` checks, which expire by themselves: the user name is the
Unix time of expiry, a colon and any word; the password is Base64 of HMAC-SHA1 of that user name under the secret that
both servers know (draft-uberti-behave-turn-rest, section 2.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import struct
from dataclasses import dataclass, field

ALLOCATE, REFRESH = 0x0003, 0x0004
SUCCESS, ERROR = 0x0100, 0x0110  # added to the method
UNAUTHENTICATED, STALE_NONCE = 401, 438
LONGEST = 1500  # bytes of an answer
HEADER = 20  # bytes

_COOKIE = 0x2112A442
_USERNAME, _INTEGRITY, _ERROR_CODE, _LIFETIME = 0x0006, 0x0008, 0x0009, 0x000D
_REALM, _NONCE, _RELAYED, _REQUESTED_TRANSPORT = 0x0014, 0x0015, 0x0016, 0x0019
_UDP = bytes([17, 0, 0, 0])
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")


class TurnFault(Exception):
    """The server said no, or something that is no answer. The text says what, without any secret."""


def ephemeral_credential(secret: str, word: str, expires: int) -> tuple[str, str]:
    """(user name, password) that hold until `expires`, seconds since 1970."""
    username = f"{expires}:{word}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode("ascii")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says to a request of ours. error 0: it did what was asked."""

    error: int
    reason: str
    attributes: dict[int, bytes]
    transaction: bytes

    @property
    def relayed(self) -> tuple[str, int] | None:
        """The address that the server relays for us."""
        value = self.attributes.get(_RELAYED, b"")
        if len(value) not in {8, 20}:
            return None
        mask = _COOKIE.to_bytes(4, "big") + self.transaction
        packed = bytes(a ^ b for a, b in zip(value[4:], mask, strict=False))
        return str(ipaddress.ip_address(packed)), int.from_bytes(value[2:4], "big") ^ (_COOKIE >> 16)


@dataclass(slots=True)
class Allocation:
    """One trial. Each request is answered by `take`; a challenge is met once with the credential."""

    username: str
    password: str = field(repr=False)
    _realm: bytes = b""
    _nonce: bytes = b""

    def allocate(self, transaction: bytes) -> bytes:
        """Ask for a relayed UDP address; the first time without a credential, so as to learn realm and nonce."""
        return self._request(ALLOCATE, transaction, [(_REQUESTED_TRANSPORT, _UDP)])

    def release(self, transaction: bytes) -> bytes:
        """Give it back."""
        return self._request(REFRESH, transaction, [(_LIFETIME, bytes(4))])

    def take(self, data: bytes, transaction: bytes) -> Answer | None:
        """None: the server asks for the credential, so ask again. Raises TurnFault."""
        answer = parse_answer(data, transaction)
        challenged = answer.error == STALE_NONCE or (answer.error == UNAUTHENTICATED and not self._nonce)
        if not challenged:
            if answer.error:
                raise TurnFault(f"{answer.error} {answer.reason}".rstrip())
            return answer
        realm, nonce = answer.attributes.get(_REALM, b""), answer.attributes.get(_NONCE, b"")
        if not realm or not nonce:
            raise TurnFault("it asks for a credential without realm or nonce")
        self._realm, self._nonce = realm, nonce
        return None

    def _request(self, method: int, transaction: bytes, attributes: list[tuple[int, bytes]]) -> bytes:
        key = None
        if self._nonce:
            attributes = [
                *attributes,
                (_USERNAME, self.username.encode()),
                (_REALM, self._realm),
                (_NONCE, self._nonce),
            ]
            # The long-term credential's key is what the protocol says it is (RFC 8489 section 9.2.2).
            text = b":".join([self.username.encode(), self._realm, self.password.encode()])
            key = hashlib.md5(text, usedforsecurity=False).digest()
        body = b"".join(_packed(kind, value) for kind, value in attributes)
        if key is None:
            return _HEADER.pack(method, len(body), _COOKIE, transaction) + body
        head = _HEADER.pack(method, len(body) + 24, _COOKIE, transaction) + body
        return head + _packed(_INTEGRITY, hmac.digest(key, head, "sha1"))


def length_of(header: bytes) -> int:
    """How many bytes follow these first HEADER ones, on a stream. Raises TurnFault."""
    _, length, cookie, _ = _HEADER.unpack(header)
    if cookie != _COOKIE or length > LONGEST:
        raise TurnFault("it does not speak TURN")
    return int(length)


def parse_answer(data: bytes, transaction: bytes) -> Answer:
    """Raises TurnFault on anything but an answer to this transaction."""
    if not HEADER <= len(data) <= LONGEST:
        raise TurnFault("it does not speak TURN")
    kind, length, cookie, found = _HEADER.unpack_from(data)
    if cookie != _COOKIE or found != transaction or HEADER + length != len(data):
        raise TurnFault("it does not speak TURN")
    attributes: dict[int, bytes] = {}
    offset = HEADER
    while offset + 4 <= len(data):
        attribute, size = _ATTRIBUTE.unpack_from(data, offset)
        if offset + 4 + size > len(data):
            raise TurnFault("an attribute is longer than the answer")
        attributes.setdefault(attribute, data[offset + 4 : offset + 4 + size])
        offset += 4 + size + -size % 4
    if kind & ERROR == SUCCESS:
        return Answer(0, "", attributes, transaction)
    value = attributes.get(_ERROR_CODE, b"")
    if kind & ERROR != ERROR or len(value) < 4:
        raise TurnFault("it does not speak TURN")
    words = "".join(c for c in value[4:132].decode("utf-8", "replace") if c.isprintable())
    return Answer((value[2] & 7) * 100 + value[3], words, attributes, transaction)


def _packed(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)
