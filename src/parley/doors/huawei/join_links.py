"""Join links: `https://<host>/#/j/<conference ID>/<48 hexadecimal digits>` (huawei-api 1.8).

The digits are the secret of an access method, so a link names a door as the other dialect's links do, and a new
secret makes every old link worthless. A secret of another form (22 characters, as the other dialect makes them) is
spelled in hexadecimal digits and filled up with zero bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...core.secret import Secret
from ...core.spaces import AccessMethod

_BYTES = 24
_DIGITS = re.compile(r"[0-9a-f]{48}", re.ASCII)
_FRAGMENT = re.compile(r"#?/?j/([0-9]{1,32})/([0-9a-f]{48})", re.ASCII)


@dataclass(frozen=True, slots=True)
class JoinLinks:
    """base: where people reach the server, `https://meet.example.com`."""

    base: str

    @property
    def host(self) -> str:
        """The name, with the port where one is given."""
        return urlsplit(self.base).netloc

    def link(self, number: str, door: AccessMethod) -> str | None:
        """None for a door without a secret, or with one that fits into no link."""
        digits = spelled(door.secret) if door.secret is not None else None
        return f"{self.base.rstrip('/')}/#/j/{number}/{digits}" if digits else None


def spelled(secret: Secret) -> str | None:
    """48 hexadecimal digits; None: the secret is too long."""
    text = secret.reveal()
    if _DIGITS.fullmatch(text):
        return text
    raw = text.encode()
    return raw.ljust(_BYTES, b"\0").hex() if 0 < len(raw) <= _BYTES else None


def read(fragment: str) -> tuple[str, tuple[Secret, ...]] | None:
    """(conference ID, the secrets it may mean) of what stands after the `#`; None: it is no join link."""
    match = _FRAGMENT.fullmatch(fragment)
    if match is None:
        return None
    number, digits = match.groups()
    secrets = [Secret(digits)]
    text = bytes.fromhex(digits).rstrip(b"\0")
    if text.isascii() and text.decode("ascii").isprintable():
        secrets.append(Secret(text.decode("ascii")))
    return number, tuple(secrets)
