"""The secrets in join links: what 48 hexadecimal digits mean, and links that are one invited person's own.

A door's link carries the door's secret. A personal link carries 24 bytes that nobody but this server can make: a mark
of the person it was sent to and a seal over conference, door and mark. So it proves "invited", says for whom, and is
worth nothing once the conference is over, the door has a new secret, or the person is taken off the list.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from .secret import Secret

LINK_BYTES = 24
_MARK_BYTES = 8  # tells the people of one conference apart; the seal, of 128 bits, keeps it from being made up
_DIGITS = re.compile(r"[0-9a-f]{48}", re.ASCII)


def spelled(secret: Secret) -> str | None:
    """48 hexadecimal digits for a door's secret; None: it is too long. A secret of another form (22 characters, as
    the XML dialect makes them) is spelled in hexadecimal digits and filled up with zero bytes."""
    text = secret.reveal()
    if _DIGITS.fullmatch(text):
        return text
    raw = text.encode()
    return raw.ljust(LINK_BYTES, b"\0").hex() if 0 < len(raw) <= LINK_BYTES else None


def meanings(secret: Secret) -> tuple[Secret, ...]:
    """Every secret that the text of a link may stand for, itself first."""
    digits = secret.reveal()
    if not _DIGITS.fullmatch(digits):
        return (secret,)
    text = bytes.fromhex(digits).rstrip(b"\0")
    if text.isascii() and text.decode("ascii").isprintable():
        return secret, Secret(text.decode("ascii"))
    return (secret,)


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """key: this installation's, known to nobody who holds a link. Conferences go by their numbers, of which none is
    given twice."""

    key: bytes = field(repr=False)

    def secret(self, number: str, door: Secret, reader: str) -> Secret:
        """The 48 digits of this reader's link to the door that has that secret. reader: the address he is told at."""
        mark = self.mark(number, reader)
        return Secret((mark + self._seal(number, door, mark)).hex())

    def mark(self, number: str, reader: str) -> bytes:
        """Stands for the reader in links of this conference, and tells nothing of him."""
        return self._digest("reader", number, reader.casefold().encode())[:_MARK_BYTES]

    def read(self, number: str, door: Secret, secret: Secret) -> bytes | None:
        """The mark in a link to this door; None: it was not made here. The same work for every secret."""
        digits = secret.reveal()
        raw = bytes.fromhex(digits) if _DIGITS.fullmatch(digits) else bytes(LINK_BYTES)  # which no seal fits
        mark, seal = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
        return mark if hmac.compare_digest(seal, self._seal(number, door, mark)) else None

    def _seal(self, number: str, door: Secret, mark: bytes) -> bytes:
        text = hashlib.sha256(door.reveal().encode()).digest() + mark
        return self._digest("link", number, text)[: LINK_BYTES - _MARK_BYTES]

    def _digest(self, what: str, number: str, text: bytes) -> bytes:
        return hmac.digest(self.key, f"personal {what}\0{number}\0".encode() + text, "sha256")
