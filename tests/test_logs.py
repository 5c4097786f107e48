"""What reaches the log, and what never does."""

from __future__ import annotations

import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from parley import logs
from parley.app.ports import StoreUnavailable
from parley.core.secret import Secret
from parley.logs_calm import MOST, WITHIN, Calm

PIN = "7351902"


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Each test leaves the root logger as it found it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(params=["json", "console"])
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    out = io.StringIO()
    logs.configure(format=request.param, level="debug", stream=out)
    return out


def test_a_line_carries_its_event_and_its_facts(stream: io.StringIO) -> None:
    """What is not secret is written as it was given."""
    structlog.get_logger("parley.sip").info("leg arrived", leg="l-1", wrong_pins=3, passcode_mode="timeout")
    line = stream.getvalue()
    for text in ("leg arrived", "l-1", "3", "timeout", "info"):
        assert text in line


@pytest.mark.parametrize(
    "facts",
    [
        {"pin": PIN},
        {"host_pin": PIN},
        {"passcode": PIN},
        {"appKey": PIN},
        {"password": PIN},
        {"pins": [PIN, PIN]},
        {"secret": Secret(PIN)},
        {"door": Secret(PIN)},
        {"form": {"name": "Demo", "passcode": PIN}},
        {"forms": [{"inner": {"token": PIN}}]},
        {"headers": {"Authorization": f"Basic {PIN}"}},
        {"query": f"name=Demo&passcode={PIN}&uri=demo"},
        {"body": f'{{"password": "{PIN}"}}'},
        {"raw": f"Authorization: Digest {PIN}"},
    ],
    ids=str,
)
def test_a_secret_never_reaches_the_log(stream: io.StringIO, facts: dict[str, Any]) -> None:
    """A value under a telling name, of type Secret or behind name= in a text shows as stars."""
    structlog.get_logger().warning("something happened", **facts)
    assert "something happened" in stream.getvalue()
    assert PIN not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_a_librarys_own_line_is_redacted(stream: io.StringIO) -> None:
    """Lines of the standard library's logging pass the same redaction, arguments included."""
    logging.getLogger("some.library").warning("GET /x?passcode=%s failed", PIN)
    assert "/x?passcode=***" in stream.getvalue()
    assert PIN not in stream.getvalue()


def test_an_exceptions_text_is_redacted_and_its_variables_stay_away(stream: io.StringIO) -> None:
    """A traceback shows neither a secret in its message nor any local variable."""

    def fail() -> None:
        hidden = "4" + "4719"
        raise ValueError(f"bad form passcode={PIN} of length {len(hidden)}")

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("request failed")
    text = stream.getvalue()
    assert "ValueError" in text
    assert "bad form passcode=***" in text
    assert PIN not in text
    assert "44719" not in text


def test_access_lines_are_off(stream: io.StringIO) -> None:
    """The HTTP server's access log, which would hold query strings, writes nothing."""
    logging.getLogger("uvicorn.access").info('"GET /api/v1/accessQuery?x=1 HTTP/1.1" 200')
    assert stream.getvalue() == ""


def test_the_http_servers_faults_are_ours_to_see() -> None:
    """An error of uvicorn is written once, through our formatter."""
    out = io.StringIO()
    logs.configure(format="json", stream=out)
    logging.getLogger("uvicorn.error").error("cannot serve")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [("cannot serve", "error")]


def test_lines_below_the_level_are_not_written() -> None:
    """The level of the settings holds for our lines too."""
    out = io.StringIO()
    logs.configure(level="warning", stream=out)
    structlog.get_logger().info("small talk")
    assert out.getvalue() == ""


def test_a_colour_free_stream_gets_no_escape_codes(stream: io.StringIO) -> None:
    """A log file is plain text."""
    structlog.get_logger().info("plain", n=1)
    assert "\x1b" not in stream.getvalue()


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)
    )
)
def test_redaction_never_fails(value: Any) -> None:
    """Whatever is logged, the redaction gives something back."""
    logs.redact(None, "info", {"event": "x", "value": value})


# --- bad nights --------------------------------------------------------------------------------------------------


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_flood_of_one_kind_is_counted_and_not_written(stream: io.StringIO) -> None:
    """A thousand lines that differ in their facts alone are twenty; other kinds are written meanwhile."""
    flooded = structlog.get_logger("parley.sip")
    for number in range(1000):
        flooded.warning("no media for a leg", leg=f"l-{number}")
    logging.getLogger("library").error("another kind")
    lines = stream.getvalue().splitlines()
    assert len(lines) == MOST + 1
    assert "more_like_it" in lines[MOST - 1] and "l-19" in lines[MOST - 1]


def test_the_next_minute_tells_how_much_was_left_out() -> None:
    """Nothing is silent about what it did not say; lines for debugging are all there."""
    time = Time()
    calm = Calm(time)

    def line(level: int = logging.WARNING) -> logging.LogRecord:
        return logging.LogRecord("parley", level, "", 0, {"event": "flood"}, None, None)  # type: ignore[arg-type]

    assert sum(calm.filter(line()) for _ in range(50)) == MOST
    assert all(calm.filter(line(logging.DEBUG)) for _ in range(50))
    time.now = WITHIN + 1
    again = line()
    assert calm.filter(again) and again.msg == {"event": "flood", "left_out": 30}
    after = line()
    assert calm.filter(after) and after.msg == {"event": "flood"}


@pytest.mark.parametrize(
    "problem",
    [OSError(errno.ENOSPC, "No space left on device"), StoreUnavailable("database is locked")],
    ids=["disk", "database"],
)
def test_what_the_machine_lacks_is_told_without_a_trace(stream: io.StringIO, problem: Exception) -> None:
    """One line with the reason; a fault of ours keeps its trace."""
    log = structlog.get_logger("parley")
    for raised in (problem, ValueError("ours")):
        try:
            raise raised
        except Exception:
            log.exception("something failed")
    first, _, rest = stream.getvalue().partition("\n")
    assert str(problem) in first and "Traceback" not in first
    assert "Traceback" in rest and "ours" in rest
