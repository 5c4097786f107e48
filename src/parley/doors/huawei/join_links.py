"""Join links: `https://<host>/#/j/<conference ID>/<48 hexadecimal digits>` (huawei-api 1.8).

The digits are the secret of an access method, so a link names a door as the other dialect's links do, and a new
secret makes every old link worthless. Those in invitations are each reader's own: see `core.links`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...core.links import PersonalLinks, meanings, spelled
from ...core.secret import Secret
from ...core.spaces import AccessMethod

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
        return self._of(number, digits) if digits else None

    def personal(self, number: str, door: AccessMethod, reader: str, links: PersonalLinks) -> str | None:
        """One reader's own, which proves that he is invited; None for a door without a secret."""
        if door.secret is None:
            return None
        return self._of(number, links.secret(number, door.secret, reader).reveal())

    def _of(self, number: str, digits: str) -> str:
        return f"{self.base.rstrip('/')}/#/j/{number}/{digits}"


def read(fragment: str) -> tuple[str, tuple[Secret, ...]] | None:
    """(conference ID, the secrets it may mean) of what stands after the `#`; None: it is no join link."""
    match = _FRAGMENT.fullmatch(fragment)
    if match is None:
        return None
    number, digits = match.groups()
    return number, meanings(Secret(digits))
