"""How long somebody has been active rather than waiting: what records call the active duration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ActiveTime:
    """since: None while it waits, else monotonic seconds. before: seconds of earlier activity."""

    since: float | None = None
    before: float = 0.0

    def begin(self, now: float) -> None:
        """Active from now on; it may have been already."""
        if self.since is None:
            self.since = now

    def stop(self, now: float) -> None:
        """No longer; it may not have been."""
        if self.since is not None:
            self.before += now - self.since
            self.since = None

    def seconds(self, now: float) -> float:
        """In all, until now."""
        return self.before + (now - self.since if self.since is not None else 0.0)
