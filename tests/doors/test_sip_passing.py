"""How a call came, out of its INVITE, and what an INVITE says that passes a call on."""

from __future__ import annotations

import pytest

from parley.core.forwarding import Passage
from parley.doors.sip.passing import headers_of, passage_of
from parley.wire.sip.message import Request

MARK, OTHER = "0123456789abcdef", "fedcba9876543210"


def invite(target: str, *headers: tuple[str, str]) -> Request:
    return Request("INVITE", target, headers)


@pytest.mark.parametrize(
    ("target", "headers", "passage"),
    [
        ("sip:ada@a.example", [], Passage(70, (), "", "ada")),
        ("sip:Ada%20B:x@a.example;user=phone;a", [("Max-Forwards", "5")], Passage(5, (), ";user=phone;a", "Ada%20B")),
        ("sip:ada;x=1@a.example", [("Max-Forwards", "255")], Passage(70, (), "", "ada;x=1")),
        ("sip:ada@a.example?Route=x", [("Max-Forwards", "0")], Passage(0, (), "", "ada")),
        (
            "sip:ada@a.example",
            [("Parley-Passed", f"{MARK}, {OTHER}"), ("Parley-Passed", "nonsense"), ("Parley-Passed", MARK)],
            Passage(70, (MARK, OTHER, MARK), "", "ada"),
        ),
    ],
)
def test_how_a_call_came(target: str, headers: list[tuple[str, str]], passage: Passage) -> None:
    """Hops, marks of all lines, the parameters of the address and the user as it was written; no embedded headers."""
    assert passage_of(invite(target, *headers)) == passage


def test_how_a_call_goes_on() -> None:
    """A call that is passed on says both; a call of our own says nothing of the kind."""
    assert headers_of(None) == ()
    said = dict(headers_of(Passage(8, (MARK, OTHER))))
    assert said == {"Max-Forwards": "8", "Parley-Passed": f"{MARK}, {OTHER}"}
