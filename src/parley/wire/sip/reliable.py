"""Provisional responses that arrive for certain (RFC 3262).

180 ... Require: 100rel, RSeq: 7    repeated until it is acknowledged, one at a time
PRACK ... RAck: 7 1 INVITE          acknowledges it; answered by 200
504                                 ends a call whose 180 nobody acknowledged in 64*T1
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.events import DialogId
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Request, Response
from parley.wire.sip.transaction import PROCEEDING, Machine, Timers

OPTION = "100rel"
FORKS_MOST = 8  # early dialogs of one INVITE of ours that are acknowledged
HELD_MOST = 8  # responses that wait for a PRACK
_RACK = re.compile(r"([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+([A-Za-z0-9.!%*_+`'~-]+)")
_MAX_RSEQ = 2**32 - 1


@dataclass(frozen=True, slots=True)
class RAck:
    """What a PRACK acknowledges: the RSeq, and the CSeq of the request that was answered so."""

    rseq: int
    number: int
    method: str

    @classmethod
    def of(cls, request: Request) -> "RAck":
        """The header of that name. Raises TheirMistake."""
        lines = request.headers.lines("RAck")
        match = _RACK.fullmatch(lines[0].strip()) if len(lines) == 1 else None
        if match is None:
            raise TheirMistake("malformed RAck")
        return cls(int(match[1]), int(match[2]), match[3])

    def __str__(self) -> str:
        return f"{self.rseq} {self.number} {self.method}"


def _names(option: str, tags: Sequence[str]) -> bool:
    return option in [tag.lower() for tag in tags]


def required_by(message: Request | Response) -> bool:
    """Does it insist on reliability?"""
    return _names(OPTION, message.headers.values("Require"))


def known_to(request: Request) -> bool:
    """Does its sender at least know how?"""
    return required_by(request) or _names(OPTION, request.headers.values("Supported"))


def rseq_of(response: Response) -> int | None:
    """The number of a reliable provisional response; None: it is none, or its number cannot be read."""
    if not 100 < response.status < 200 or not required_by(response):
        return None
    text = (response.headers.get("RSeq") or "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or not 0 < int(text) <= _MAX_RSEQ:
        return None
    return int(text)


class Provisional(Machine):
    """One of ours, repeated on every transport until its PRACK comes; `failed` if none came in 64*T1.

    described: it holds a session description; then a 2xx waits for the PRACK, too.
    """

    __slots__ = ("_data", "described", "dialog", "number", "rseq")

    def __init__(
        self,
        flow: Flow,
        timers: Timers,
        now: float,
        *,
        dialog: DialogId,
        number: int,
        rseq: int,
        data: bytes,
        described: bool,
    ) -> None:
        super().__init__(flow, timers, PROCEEDING)
        self.dialog = dialog
        self.number = number
        self.rseq = rseq
        self.described = described
        self._data = data
        self._arm(now + timers.t1, now + timers.give_up)

    def acknowledges(self, rack: RAck) -> bool:
        """Is this what the PRACK is about?"""
        return (rack.rseq, rack.number, rack.method) == (self.rseq, self.number, "INVITE")

    @property
    def outstanding(self) -> bool:
        """Still repeated."""
        return self.state == PROCEEDING

    def _next_interval(self) -> float:
        return self._interval * 2

    def _stored(self) -> bytes | None:
        return self._data

    def _ends_badly(self) -> bool:
        return True
