"""How a call came and how it goes on, as headers and as values of the core (RFC 3261 section 20.22, RFC 7332)."""

from __future__ import annotations

from ...core.forwarding import FORWARDS, Passage, read_marks
from ...wire.sip.message import Request

MARKS = "Parley-Passed"


def passage_of(invite: Request) -> Passage:
    """Of somebody who calls us; his address has a user part."""
    uri = invite.uri
    place = uri.text.rpartition("@")[2].partition("?")[0]
    _host, semicolon, parameters = place.partition(";")
    forwards = invite.max_forwards
    return Passage(
        forwards=FORWARDS if forwards is None else min(forwards, FORWARDS),
        marks=read_marks(", ".join(invite.headers.lines(MARKS))),
        parameters=semicolon + parameters,
        user=(uri.user or "").partition(":")[0],
    )


def headers_of(passage: Passage | None) -> tuple[tuple[str, str], ...]:
    """For the INVITE by which a call goes on; nothing for a call of our own."""
    if passage is None:
        return ()
    return (("Max-Forwards", str(passage.forwards)), (MARKS, ", ".join(passage.marks)))
