"""Structured logs in one place: every line passes a redaction, whoever wrote it.

Values of type Secret show stars by themselves; here, values under telling names and `name=value` pairs inside
texts are starred too, so that a library's own line cannot carry a PIN either.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from .logs_calm import Calm, without_needless_trace

STARS = "***"

# Judged by the last word of a name: `host_pin` and `appKey` are secret, `passcode_mode` and `pin_tries` are not.
_SECRET_WORDS = {
    "passcode", "pin", "password", "secret", "token", "authorization", "cookie", "credential", "credentials", "key",
}  # fmt: skip
# Plurals hold secrets in a list, and a number when they count (wrong_pins=3).
_SECRET_PLURALS = {"passcodes", "pins", "passwords", "secrets", "tokens", "keys"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# In a text: passcode=1234, "pin": "1234", Authorization: Basic abc. Bounded repeats, no backtracking across them.
_PAIR = re.compile(
    r"(?i)((?:passcode|pin|password|secret|token|app_?key)[\"']?\s{0,2}[=:]\s{0,2}[\"']?)([^\s\"'&,;)}\]]{1,512})"
)
_AUTHORIZATION = re.compile(r"(?i)(authorization[\"']?\s{0,2}[=:]\s{0,2}[\"']?)([^\r\n]{1,2048})")
_DEPTH = 6  # deeper values are cut rather than walked


def is_secret_name(name: str) -> bool:
    """Does a value under this name stay out of logs?"""
    words = _WORD.findall(name)
    return bool(words) and words[-1].lower() in _SECRET_WORDS | _SECRET_PLURALS


def redact_text(text: str) -> str:
    """Stars for what follows a telling name."""
    return _AUTHORIZATION.sub(rf"\1{STARS}", _PAIR.sub(rf"\1{STARS}", text))


def _redact_named(name: str, value: Any, depth: int) -> Any:
    if is_secret_name(name) and not isinstance(value, int | float | None):
        return STARS
    return redact_value(value, depth)


def redact_value(value: Any, depth: int = 0) -> Any:
    """The same shape with secrets starred; unknown objects become their redacted repr."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {str(key): _redact_named(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(inner, depth + 1) for inner in value]
    return redact_text(repr(value))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor; structlog's own entries (underscored) pass."""
    return {name: value if name.startswith("_") else _redact_named(name, value, 0) for name, value in event.items()}


def configure(format: str = "console", level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and every library's logging to one stream, redacted.

    format: console or json. Access lines of the HTTP server are off: they would carry query strings.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Before the redaction, so that the text of an exception is redacted as well; never with local variables.
        structlog.processors.StackInfoRenderer(),
        without_needless_trace,
        structlog.processors.format_exc_info,
        redact,
    ]
    stream = stream or sys.stderr
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if format == "console":
        renderer = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(Calm())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    _quieten_libraries()


def _quieten_libraries() -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy", "alembic", "httpx"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    # Below warning these write statements with their values, and addresses with their queries.
    for name in ("sqlalchemy", "alembic", "httpx", "httpcore", "aiosqlite", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # it announces start and stop; we do that ourselves
