"""Notices when the machine itself stood still, which no server can hide from a recording."""

from __future__ import annotations

import threading
import time
from types import TracebackType

NAP = 0.005


class Stalls:
    """`with Stalls() as stalls: ...`: then `stalls.longest` is by how many seconds a nap overran at worst."""

    def __enter__(self) -> Stalls:
        self.longest = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._over.wait(NAP):
            now = time.monotonic()
            self.longest = max(self.longest, now - before - NAP)
            before = now
