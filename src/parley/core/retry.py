"""When to try again what went wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retries:
    """waits: seconds before the second try, the third and so on; after them it is given up.

    for_good: the last wait is repeated without end.
    """

    waits: tuple[float, ...] = ()
    for_good: bool = False

    def after(self, tries: int) -> float | None:
        """Seconds to wait after so many tries (at least 1) have failed, or None: no more."""
        if tries <= len(self.waits):
            return self.waits[tries - 1]
        return self.waits[-1] if self.for_good and self.waits else None


# Somebody who is busy or does not answer is called twice more, a minute apart: long enough to end a call or to
# come back to the desk, short enough to still catch the beginning.
CALL_AGAIN = Retries((60.0, 60.0))
# Our own bound on outbound calls was reached: places come free within seconds, so ask for some minutes.
CALL_WHEN_FREE = Retries((10.0,) * 30)
