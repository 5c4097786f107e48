"""ICE-lite of one browser's leg (RFC 8445 section 2.5): we answer checks, and the browser chooses the path.

A *route* is a local socket and a far address. A check with our password binds its route to the leg; what comes from
other routes is nobody's. The route nominated last is where we send. Nothing else ever changes it.

A restart makes new credentials. Those before stay good until the new ones have been used once, so that sound
goes on over the old path meanwhile.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from parley.engine.latch import Address

# RFC 8445 section 5.3 asks for 24 bits of a ufrag and 128 of a password; each character carries six.
_CHARACTERS = string.ascii_letters + string.digits + "+/"
_UFRAG_LENGTH, _PASSWORD_LENGTH = 8, 24
MOST_ROUTES = 16  # a browser has a few candidates; those checked longest ago are forgotten
# RFC 7675 section 5.1: without a fresh sign of consent for so long, nothing may be sent. Browsers check every few s.
CONSENT_SECONDS = 30.0


class Route(NamedTuple):
    """via: number of the local socket."""

    via: int
    address: Address


@dataclass(frozen=True, slots=True)
class Credentials:
    """Ours, and whom they are for. `username` is what a check must carry: our ufrag, a colon, the far one."""

    ufrag: str
    password: str = field(repr=False)
    far_ufrag: str

    @property
    def username(self) -> bytes:
        return f"{self.ufrag}:{self.far_ufrag}".encode()


class IceLite:
    """The checked routes of one leg, and the nominated one."""

    def __init__(self, far_ufrag: str, dice: random.Random) -> None:
        self.dice = dice
        self.current = self._credentials(far_ufrag)
        self.former: Credentials | None = None
        self.checked: dict[Route, float] = {}  # when last
        self.nominated: Route | None = None
        self.last_check: float | None = None

    def _credentials(self, far_ufrag: str) -> Credentials:
        def text(length: int) -> str:
            return "".join(self.dice.choice(_CHARACTERS) for _ in range(length))

        return Credentials(text(_UFRAG_LENGTH), text(_PASSWORD_LENGTH), far_ufrag)

    def meet(self, far_ufrag: str) -> None:
        """The far end of our offer has answered: our credentials stay, and now it is known whom they are for."""
        self.current = replace(self.current, far_ufrag=far_ufrag)

    def restart(self, far_ufrag: str) -> None:
        """New credentials; those that have been used last, if any, go on to be good."""
        if self.former is None:
            self.former = self.current
        self.current = self._credentials(far_ufrag)

    @property
    def credentials(self) -> tuple[Credentials, ...]:
        """All that are good now."""
        return (self.current,) if self.former is None else (self.current, self.former)

    def take(self, now: float, route: Route, used: Credentials, nominates: bool) -> bool:
        """An authentic check came by this route. Whether another route was forgotten for it."""
        if used is self.current:
            self.former = None
        self.last_check = now
        self.checked.pop(route, None)
        self.checked[route] = now  # the dictionary's order is that of the last checks
        if nominates:
            self.nominated = route
        if len(self.checked) <= MOST_ROUTES:
            return False
        self.forget(next(known for known in self.checked if known != self.nominated))
        return True

    def forget(self, route: Route) -> None:
        """It is not ours any more."""
        self.checked.pop(route, None)
        if route == self.nominated:
            self.nominated = None

    def expire(self, now: float) -> bool:
        """Forget the routes whose last check is too old, the nominated one too. Whether there was one."""
        old = [route for route, at in self.checked.items() if now - at > CONSENT_SECONDS]
        for route in old:
            self.forget(route)
        return bool(old)
