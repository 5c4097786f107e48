"""Events as JSON values."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from parley.app.event_codec import (
    LINE_LIMIT,
    EventUnreadable,
    decode_event,
    decode_line,
    encode_event,
    encode_line,
)
from parley.core.events import Event, LegArrived, LegEnded, MeetingStarted
from parley.core.ids import LegId
from tests.kit.samples import EVENTS

AT = datetime(2026, 3, 4, 5, 6, 7, 891234, tzinfo=UTC)


def test_the_samples_name_every_kind_of_event() -> None:
    """A new event class has a sample, so that these tests cover it."""
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_comes_back_from_its_line_as_it_was(event: Event) -> None:
    """Line and back gives the same time and an equal event, and the line is one line."""
    line = encode_line(AT, event)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_line(line.rstrip(b"\n")) == (AT, event)


def test_an_ending_is_nested_and_its_words_are_values() -> None:
    """The JSON of an event names enums by their value."""
    event = next(one for one in EVENTS if isinstance(one, LegEnded))
    kind, fields = encode_event(event)
    assert kind == "LegEnded"
    assert json.loads(json.dumps(fields))["ending"] == {"side": "remote", "reason": "hang-up"}


def test_times_are_written_in_utc() -> None:
    """A time in another zone is kept as the same moment of UTC."""
    elsewhere = AT.astimezone(timezone(timedelta(hours=-3)))
    assert json.loads(encode_line(elsewhere, EVENTS[1]))["at"] == "2026-03-04T05:06:07.891234Z"


def test_fields_unknown_to_this_version_are_passed_over() -> None:
    """A row of a later version with one more field is still readable."""
    kind, fields = encode_event(EVENTS[1])
    assert decode_event(kind, {**fields, "colour": "red"}) == EVENTS[1]


def test_missing_fields_take_their_defaults() -> None:
    """A row of an earlier version without a field that has a default is readable."""
    kind, fields = encode_event(EVENTS[0])
    del fields["sip_call_id"]
    read = decode_event(kind, fields)
    assert isinstance(read, LegArrived)
    assert read.sip_call_id == ""


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"{",
        b'{"at":"2026-01-01T00:00:00Z"}',
        b'{"at":"2026-01-01T00:00:00Z","event":"Nonsense","fields":{}}',
        b'{"at":"2026-01-01T00:00:00Z","event":"LegActivated","fields":{"meeting":"m"}}',
        b'{"at":"2026-01-01T00:00:00Z","event":"LegActivated","fields":{"meeting":1,"leg":"l"}}',
        b'{"at":"2026-01-01T00:00:00","event":"LegActivated","fields":{"meeting":"m","leg":"l"}}',
        b'{"at":"\xff","event":"LegActivated","fields":{"meeting":"m","leg":"l"}}',
    ],
)
def test_what_is_no_event_is_refused_without_being_quoted(line: bytes) -> None:
    """Damaged lines, unknown kinds and wrong fields raise EventUnreadable with our own words."""
    with pytest.raises(EventUnreadable) as caught:
        decode_line(line)
    assert "Nonsense" not in str(caught.value)


def test_text_that_utf8_or_a_database_cannot_hold_is_replaced() -> None:
    """A lone surrogate or NUL from the network does not stop the journal."""
    event = MeetingStarted(EVENTS[5].meeting, EVENTS[5].space, "a\udcffb\0c", None)  # type: ignore[union-attr]
    _, read = decode_line(encode_line(AT, event))
    assert isinstance(read, MeetingStarted)
    assert read.name == "a?b\ufffdc"


def test_the_longest_line_is_bounded() -> None:
    """Whatever a caller sends, a line keeps below the limit."""
    long = "\x01" * 60_000
    line = encode_line(AT, LegArrived(LegId(long), 1, long, long, long, long, long, long, False, long))
    assert len(line) <= LINE_LIMIT
    assert isinstance(decode_line(line)[1], LegArrived)
