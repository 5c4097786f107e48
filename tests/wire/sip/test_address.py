"""What stands in From, To and Contact."""

from __future__ import annotations

import pytest

from parley.wire.sip.address import NameAddr, Params
from parley.wire.sip.errors import TheirMistake

INSTANCE = '"<urn:uuid:0;x>"'


@pytest.mark.parametrize(
    ("text", "display", "uri", "params"),
    [
        ("sip:a@b", "", "sip:a@b", ()),
        ("sip:a@b;Tag=1;lr", "", "sip:a@b", (("tag", "1"), ("lr", None))),
        ("<sip:a@b;x=1>;y=2", "", "sip:a@b;x=1", (("y", "2"),)),
        (f"sip:a@b;+sip.instance={INSTANCE};reg-id=1", "", "sip:a@b", (("+sip.instance", INSTANCE), ("reg-id", "1"))),
        (f"<sip:a@b>;+sip.instance={INSTANCE}", "", "sip:a@b", (("+sip.instance", INSTANCE),)),
        ('"A; <B>" <sip:a@b>;m="x;y"', "A; <B>", "sip:a@b", (("m", '"x;y"'),)),
        ("A B <sip:a@b>", "A B", "sip:a@b", ()),
    ],
)
def test_an_address_with_its_parameters(text: str, display: str, uri: str, params: Params) -> None:
    """Those after the brackets, or after an address without any, are the header's (RFC 3261 section 20.10)."""
    found = NameAddr.parse(text)
    assert (found.display, found.uri.text, found.params) == (display, uri, params)


@pytest.mark.parametrize(
    "text",
    [
        'A "B" <sip:a@b>',
        '"A" sip:a@b',
        '"A <sip:a@b>',
        "<sip:a@b",
        'sip:a@b;x="y',
        "sip:a@b?x=y",
        'sip:a"b@c',
        "A sip:a@b",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """It is said so."""
    with pytest.raises(TheirMistake):
        NameAddr.parse(text)
