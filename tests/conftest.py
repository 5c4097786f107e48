"""A listener on every log of every test: nothing that was ever wrapped as a secret may be written."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from parley.core.secret import Secret

# Shorter texts than any PIN turn up in honest numbers.
SHORTEST = 4


class Listener(logging.Handler):
    """Keeps the words of each line, without times and numbers of its own."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            self.heard.append(repr(record.exc_info[1]))

    def structured(self, _logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        self.heard.append(" ".join(f"{key}={value!r}" for key, value in event.items() if key != "timestamp"))
        return event


@pytest.fixture(autouse=True)
def no_secret_is_logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No PIN, secret, token or password ever appears in a log."""
    secrets: set[str] = set()
    made = Secret.__init__

    def remember(self: Secret, text: str) -> None:
        made(self, text)
        if isinstance(text, str) and len(text) >= SHORTEST:
            secrets.add(text)

    monkeypatch.setattr(Secret, "__init__", remember)
    listener = Listener()
    root = logging.getLogger()
    root.addHandler(listener)
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[listener.structured, *before])
    yield
    structlog.configure(processors=before)
    root.removeHandler(listener)
    said = "\n".join(listener.heard)
    leaked = [text for text in secrets if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", said)]
    assert not leaked, f"{len(leaked)} secrets were logged, among: {said[:2000]}"
