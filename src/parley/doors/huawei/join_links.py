"""Join links: `https://<host>/#/j/<conference ID>/<48 hexadecimal digits>` (huawei-api 1.8).

The digits are the secret of the access method in another spelling: 24 bytes, the secret's text filled up with zero
bytes. So a link names a door as the other dialect's links do, and a new secret makes every old link worthless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...core.secret import Secret
from ...core.spaces import AccessMethod

_BYTES = 24
_FRAGMENT = re.compile(r"#?/?j/([0-9]{1,32})/([0-9a-f]{48})", re.ASCII)


@dataclass(frozen=True, slots=True)
class JoinLinks:
    """base: where people reach the server, `https://meet.example.com`."""

    base: str

    def link(self, number: str, door: AccessMethod) -> str:
        """Empty for a door without a secret."""
        if door.secret is None:
            return ""
        return f"{self.base.rstrip('/')}/#/j/{number}/{spelled(door.secret)}"


def spelled(secret: Secret) -> str:
    """48 hexadecimal digits. Raises ValueError: the secret is too long for a link."""
    text = secret.reveal().encode()
    if len(text) > _BYTES:
        raise ValueError("a secret of at most 24 bytes fits into a link")
    return text.ljust(_BYTES, b"\0").hex()


def read(fragment: str) -> tuple[str, Secret] | None:
    """(conference ID, secret of the door) of what stands after the `#`; None: it is no join link."""
    match = _FRAGMENT.fullmatch(fragment)
    if match is None:
        return None
    try:
        return match[1], Secret(bytes.fromhex(match[2]).rstrip(b"\0").decode("ascii"))
    except UnicodeDecodeError:
        return None
