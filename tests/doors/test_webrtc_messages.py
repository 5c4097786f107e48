"""What a client may say, read with bounds whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.app.web_entry import ByLink, ByPasscode, BySpace
from parley.core.secret import Secret
from parley.doors.webrtc.controls import ACTS
from parley.doors.webrtc.messages import FRAME_MOST, MESSAGES, Message, NotAMessage, Problem, dump, read

JOIN: dict[str, Any] = {"type": "join", "version": 1, "name": "Ann", "language": "en"}


@pytest.mark.parametrize(
    ("entry", "wish"),
    [
        ({"meeting": "100", "secret": "s"}, ByLink("100", Secret("s"))),
        ({"meeting": " 100 ", "passcode": "12"}, ByPasscode("100", Secret("12"))),
        ({"meeting": "100", "passcode": ""}, ByPasscode("100", Secret(""))),
        ({"space": "x"}, BySpace("x")),  # type: ignore[arg-type]
    ],
)
def test_each_entry_is_read(entry: dict[str, str], wish: object) -> None:
    """Three ways in, as the entrance takes them; no secret stands in a repr."""
    message = read(json.dumps({**JOIN, "entry": entry}))
    assert message["entry"] == wish
    assert "'s'" not in repr(message) and "'12'" not in repr(message)


def test_a_token_stands_in_no_repr() -> None:
    """What resumes a leg is a secret."""
    assert "abc" not in repr(read('{"type": "resume", "token": "abc"}'))


def test_every_message_that_is_no_control_is_answered_elsewhere() -> None:
    """The table of messages and the table of what is done name the same ones."""
    assert set(MESSAGES) - set(ACTS) == {"join", "resume", "offer", "leave", "ping"}
    assert set(ACTS) <= set(MESSAGES)


def test_a_frame_counts_in_bytes() -> None:
    """Characters of several bytes reach the bound earlier."""
    padding = "é" * (FRAME_MOST // 2)
    with pytest.raises(NotAMessage, match="bytes"):
        read(json.dumps({"type": "ping", "x": padding}, ensure_ascii=False))
    assert read(json.dumps({"type": "ping", "x": padding[:-20]}, ensure_ascii=False)) == Message("ping")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NAMES = sorted({name for members in MESSAGES.values() for name in members} | {"id", "meeting", "secret"})
ODD = JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3)
SHAPED = st.fixed_dictionaries({"type": st.sampled_from(sorted(MESSAGES))}, optional=dict.fromkeys(NAMES, ODD))


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=100), JSON.map(json.dumps), SHAPED.map(json.dumps)))
def test_anything_is_a_message_or_is_refused(text: str) -> None:
    """Nothing but the two errors comes out, and what is read can be written again."""
    try:
        message = read(text)
    except (NotAMessage, Problem):
        return
    assert message.type in MESSAGES
    plain = {name: value for name, value in message.values.items() if isinstance(value, str | int)}
    dump(plain).encode("utf-8")
