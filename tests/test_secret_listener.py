"""The listener of conftest.py hears what it must: a check that cannot fail would be none."""

import logging

import pytest
import structlog

from parley.core.secret import Secret
from tests.conftest import Listener


@pytest.mark.parametrize("careless", ["logging", "structlog"])
def test_a_logged_secret_is_heard(careless: str) -> None:
    """A PIN written to either kind of log is heard by the listener."""
    listener = Listener()
    pin = Secret("86420975")
    if careless == "logging":
        record = logging.LogRecord("x", logging.INFO, "", 0, "pin %s", (pin.reveal(),), None)
        listener.emit(record)
    else:
        listener.structured(None, "info", {"event": "x", "value": pin.reveal()})
    assert any("86420975" in line for line in listener.heard)


def test_a_secret_shows_stars() -> None:
    """Logging the wrapped value itself shows nothing of it."""
    structlog.get_logger("x").info("typed", value=Secret("97531864"))
    logging.getLogger("x").warning("typed %s", Secret("97531864"))
    assert "97531864" not in f"{Secret('97531864')!r} {Secret('97531864')}"
