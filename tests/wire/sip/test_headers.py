"""Header lines: what is asked for once more is what stands there."""

from collections.abc import Callable

import pytest

from parley.wire.sip.address import NameAddr, Via, split_outside
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.message import Headers

FROM, VIA = "<sip:ann@a.example>;tag=1", "SIP/2.0/UDP a.example;branch=z9hG4bKa"
OTHER, SECOND = "SIP/2.0/UDP b.example;branch=z9hG4bKb", "SIP/2.0/UDP c.example;branch=z9hG4bKc"


def headers() -> Headers:
    """Asked for everything once already."""
    made = Headers([("v", f"{VIA}, {SECOND}"), ("From", FROM)])
    assert [via.text for via in made.parsed("Via", Via.parse)] == [VIA, SECOND]
    assert made.single("f", NameAddr.parse).tag == "1"
    assert made.get("Contact") is None and "Contact" not in made
    return made


@pytest.mark.parametrize(
    ("change", "vias"),
    [
        (lambda made: made.replace_first_value("Via", OTHER), [OTHER, SECOND]),
        (lambda made: made.add("VIA", OTHER), [VIA, SECOND, OTHER]),
        (lambda made: made.set("v", OTHER), [OTHER]),
        (lambda made: made.remove("Via"), []),
    ],
)
def test_what_has_changed_is_read_anew(change: Callable[[Headers], None], vias: list[str]) -> None:
    """By whatever name it is changed and asked for; the other lines are what they were."""
    made = headers()
    change(made)
    assert [via.text for via in made.parsed("v", Via.parse)] == vias
    assert made.values("Via") == vias and ("Via" in made) is bool(vias)
    assert made.get("From") == FROM and made.single("From", NameAddr.parse).tag == "1"


def test_a_header_that_came_later_is_found() -> None:
    """Though it was asked for before; what is given out may be changed by whoever has it."""
    made = headers()
    made.lines("Via").append("nothing of ours")
    made.add("m", "<sip:ann@192.0.2.1>")
    assert made.lines("Contact") == ["<sip:ann@192.0.2.1>"] and made.lines("Via") == [f"{VIA}, {SECOND}"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a;b;", ["a", "b", ""]),
        ("<a;b>;c", ["<a;b>", "c"]),
        ('"a;b";c', ['"a;b"', "c"]),
        (r'"a\";b";c', [r'"a\";b"', "c"]),
        (r'"a\\";b', [r'"a\\"', "b"]),
        (r'"a\\\";b";c', [r'"a\\\";b"', "c"]),
        ('<a";b>;c', ['<a";b>', "c"]),
        ('"<";b>;c', ['"<"', "b>", "c"]),
        (r"<\";a>;b", [r"<\";a>", "b"]),
    ],
)
def test_a_separator_counts_outside_quotes_and_brackets(text: str, parts: list[str]) -> None:
    """A backslash escapes what follows it inside quotes, another backslash too, and nowhere else."""
    assert split_outside(text, ";") == parts


@pytest.mark.parametrize("text", ['"a;b', r'"a\";b', 'c;"'])
def test_a_quote_that_is_not_closed_is_refused(text: str) -> None:
    """Nobody can say where it ends."""
    with pytest.raises(TheirMistake):
        split_outside(text, ";")
