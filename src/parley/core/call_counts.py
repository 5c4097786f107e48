"""How many calls a tenant makes: at once and in a minute. One owner; reserve, confirm, release."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .ids import TenantId
from .people import CallOutLimits

MINUTE = 60.0

AT_ONCE = "call-out-at-once"
PER_MINUTE = "call-out-per-minute"


class CallLimitReached(Exception):
    """which: AT_ONCE or PER_MINUTE."""

    def __init__(self, which: str) -> None:
        super().__init__(which)
        self.which = which


@dataclass(eq=False, slots=True)
class Reservation:
    """One call's place. Given back once; giving back again does nothing."""

    tenant: TenantId | None
    at: float
    confirmed: bool = False
    released: bool = False


@dataclass(slots=True)
class _Calls:
    live: int = 0
    begun: deque[float] = field(default_factory=deque)  # within the last minute, oldest first


class CallCounts:
    """Counts from the reservation on, so that calls asked for together cannot pass a limit together.

    Holds nothing of tenants without a call within the last minute. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._calls: dict[TenantId | None, _Calls] = {}

    def reserve(self, tenant: TenantId | None, limits: CallOutLimits, now: float) -> Reservation:
        """Raises CallLimitReached."""
        self._forget(now)
        calls = self._calls.get(tenant) or _Calls()
        if calls.live >= limits.at_once:
            raise CallLimitReached(AT_ONCE)
        if len(calls.begun) >= limits.per_minute:
            raise CallLimitReached(PER_MINUTE)
        self._calls[tenant] = calls
        calls.live += 1
        calls.begun.append(now)
        return Reservation(tenant, now)

    def take_up(self, tenant: TenantId | None, now: float) -> Reservation:
        """A call of the life of the server before: it counts against the bounds and is kept out by none."""
        self._calls.setdefault(tenant, _Calls()).live += 1
        return Reservation(tenant, now, confirmed=True)

    def confirm(self, reservation: Reservation) -> None:
        """The call goes out: it counts for its minute even if it ends at once."""
        reservation.confirmed = True

    def release(self, reservation: Reservation) -> None:
        """The call is over, or was never made: then it does not count for its minute either."""
        if reservation.released:
            return
        reservation.released = True
        calls = self._calls.get(reservation.tenant)
        if calls is None:
            return
        calls.live -= 1
        if not reservation.confirmed and reservation.at in calls.begun:
            calls.begun.remove(reservation.at)

    def live(self, tenant: TenantId | None) -> int:
        """Calls of this tenant that are not over."""
        calls = self._calls.get(tenant)
        return calls.live if calls else 0

    def _forget(self, now: float) -> None:
        for tenant, calls in list(self._calls.items()):
            while calls.begun and now - calls.begun[0] >= MINUTE:
                calls.begun.popleft()
            if not calls.live and not calls.begun:
                del self._calls[tenant]
