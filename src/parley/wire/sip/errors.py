"""Whose mistake it was: the peer's (answer or drop it) or our own caller's (a bug, never caused by input)."""

from collections.abc import Sequence


class TheirMistake(ValueError):
    """The peer sent what the protocol forbids. Nothing was changed by it."""


class OurMistake(RuntimeError):
    """The user of this package asked for what the state of things does not allow."""


class BadRequest(TheirMistake):
    """A request that cannot be served but can be answered: it carries the headers an answer echoes.

    `status` and `reason` are what to answer (400 or 505). `echo` holds the raw (name, value) pairs of Via,
    From, To, Call-ID and CSeq as far as they could be read; at least one well-formed Via is among them.
    """

    def __init__(self, status: int, reason: str, method: str, echo: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.method = method
        self.echo = tuple(echo)
