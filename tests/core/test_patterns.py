"""Patterns of administrators: what they find, and that none of them can keep the server busy."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.pattern_program import BadPattern
from parley.core.patterns import Found, Pattern, TooMuchWork, glob_matches


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "abc", (0, 0, ())),
        ("b", "abc", (1, 2, ())),
        ("^0+", "0049", (0, 2, ())),
        ("9$", "0049", (3, 4, ())),
        ("^(\\d{2})(\\d*)$", "4930", (0, 4, ("49", "30"))),
        ("(a|ab)(c?)", "abc", (0, 1, ("a", ""))),
        ("a.*?c", "abcc", (0, 3, ())),
        ("[^0-9]", "12x", (2, 3, ())),
        ("[]a-c-]+", "x-]b", (1, 4, ())),
        ("(?:x)?(y)?", "x", (0, 1, (None,))),
        ("\\+\\w", "a+b", (1, 3, ())),
        ("a{2,}", "abaaa", (2, 5, ())),
        ("z", "abc", None),
        ("^b", "abc", None),
    ],
)
def test_what_is_found(pattern: str, text: str, found: tuple[int, int, tuple[str | None, ...]] | None) -> None:
    """The leftmost match, by the preferences that Python's own expressions have."""
    assert Pattern(pattern).search(text) == (Found(*found) if found else None)
    reference = re.search(pattern, text)
    assert (None if reference is None else (*reference.span(), reference.groups())) == found


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "a**",
        "*a",
        "[a",
        "a{",
        "a{2,1}",
        "a{999}",
        "\\",
        "\\1",
        "(?=a)",
        "[b-a]",
        "(" * 40 + ")" * 40,
        "a" * 201,
        "(a{64}){64}",
        "(?:(?:(?:(?:){64}){64}){64}){64}",
    ],
)
def test_what_is_no_pattern(pattern: str) -> None:
    """What cannot be read, or would grow beyond the bounds, is refused when it is written."""
    with pytest.raises(BadPattern):
        Pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "a*a*a*a*a*a*a*b", "(.*)(.*)(.*)(.*)(.*)b"])
def test_no_pattern_keeps_the_server_busy(pattern: str) -> None:
    """What would take `re` longer than anybody lives is answered, or given up, within a moment."""
    began = time.process_time()
    for text in ("a" * 40, "a" * 512):
        with contextlib.suppress(TooMuchWork):
            assert Pattern(pattern).search(text) is None
    assert time.process_time() - began < 2.0


def test_too_long_a_text_is_given_up() -> None:
    """A text beyond the bound is neither found nor not found."""
    with pytest.raises(TooMuchWork):
        Pattern("a").search("a" * 513)


def test_replacing() -> None:
    """Every match in turn, with groups by number, an empty match included."""
    assert Pattern("^00").replace("0049", "+") == "+49"
    assert Pattern("(\\d)(\\d)").replace("1234", "$2\\1") == "2143"
    assert Pattern("x*").replace("ab", "-") == "-a-b-"
    assert Pattern("\\.").replace("1.2.3", "") == "123"


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "a.example", True),
        ("*.example", "a.example", True),
        ("*.example", "example", False),
        ("a.*.example", "a.b.c.example", True),
        ("*lab*", "my-lab.example", True),
        ("a.example", "a.example", True),
        ("a.example", "b.a.example", False),
        ("", "", True),
        ("*a*a*a*a*a*a*a*b", "a" * 250, False),
    ],
)
def test_wildcards_anywhere(pattern: str, text: str, fits: bool) -> None:
    """A star stands for any characters, none included, wherever it is."""
    assert glob_matches(pattern, text) is fits


@given(st.text(alphabet="ab0()[]{}|*+?.\\^$-,1:d", max_size=40), st.text(alphabet="ab01-", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_pattern_or_is_not(pattern: str, text: str) -> None:
    """Nothing that is written as a pattern breaks its reader or its use, and what is found lies within the text."""
    try:
        found = Pattern(pattern).search(text)
    except (BadPattern, TooMuchWork):
        return
    assert found is None or 0 <= found.start <= found.end <= len(text)
