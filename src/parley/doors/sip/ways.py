"""How a next hop is reached, or that it cannot be, and the INVITE that goes there."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.endings import Ending, Reason, Side
from ...wire.sip.flow import Flow
from .resolver import Place

DATAGRAM_MOST = 1300  # bytes (RFC 3261 section 18.1.1)
HEADERS_USUAL = 500  # bytes that our other headers take


class NoWay(Exception):
    """There is no way to the hop. `ending` says why."""

    def __init__(self, side: Side, reason: Reason) -> None:
        super().__init__(reason)
        self.ending = Ending(side, reason)


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a hop. media_address: what the far end is told; media_local: where to bind. place: where the hop
    stands, or one of several; another: there are more.
    """

    flow: Flow
    media_address: str
    media_local: str
    place: Place | None = None
    another: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """An INVITE to be sent. from_: value without tag; contact None: the flow's own; direct: see SipLayer.invite."""

    target: str
    flow: Flow
    from_: str
    body: bytes
    call_id: str
    contact: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    from_tag: str | None = None
    cseq: int = 1
    direct: bool = False

    @property
    def length(self) -> int:
        """Of the whole request, about."""
        headers = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.body) + headers + len(self.from_) + 2 * len(self.target) + HEADERS_USUAL
