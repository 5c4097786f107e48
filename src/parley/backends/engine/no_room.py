"""Every port is in use: known here for a moment, because a worker that looks for one looks at all of them.

In a flood of calls it would do nothing else, and nobody would hear anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ...app.ports import MediaUnavailable
from ...engine import messages as m

LASTS = 1.0  # seconds: ports may be freed by others than us


class NoRoom:
    """By local address, for each has the whole range."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: dict[str, tuple[float, str]] = {}

    def check(self, local: str) -> None:
        """Raises MediaUnavailable without asking a worker, where one has just said so."""
        until, told = self._until.get(local, (0.0, ""))
        if self._now() < until:
            raise MediaUnavailable(told)

    def note(self, local: str, answer: m.Response) -> None:
        """What a worker said to a wish for a port."""
        if isinstance(answer, m.Failed) and answer.code == "no-port":
            self._until[local] = (self._now() + LASTS, answer.text)

    def forget(self) -> None:
        """A port has become free."""
        self._until.clear()
