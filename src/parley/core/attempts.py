"""Wrong PINs, counted per space and per source, so that nobody guesses his way in.

A guess is reserved before it is judged, then confirmed (it was wrong) or released (it was right): guesses
under way count like wrong ones, so parallel calls cannot pass the bound. The wrong PIN that reaches the bound
locks for one whole window; then counting starts anew. A right PIN clears nothing, else whoever knows one PIN
of a space could guess the others for ever.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from .events import EntryLockedOut
from .ids import SpaceId

_SOURCE_TEXT_MOST = 64  # of a source that is no IP address


@dataclass(frozen=True, slots=True)
class AttemptSettings:
    """How many wrong PINs within how many seconds lock; how many spaces and sources are remembered.

    Beyond keys_most the one not heard of for longest is forgotten: spaces and sources are kept apart, so
    a flood of sources displaces only sources, and the space's own count still holds against it.
    """

    wrong_most: int = 20
    window: float = 600.0
    keys_most: int = 20_000


@dataclass(frozen=True, slots=True)
class Reservation:
    """One guess under way. `source` is what is counted: see source_key."""

    number: int
    space: SpaceId | None
    source: str


@dataclass(slots=True)
class _Count:
    wrong: list[float] = field(default_factory=list)  # times, oldest first; at most wrong_most
    pending: dict[int, float] = field(default_factory=dict)  # reservation -> its time; at most wrong_most
    locked_until: float | None = None

    def forget_before(self, when: float, now: float) -> None:
        if self.locked_until is not None and now >= self.locked_until:
            self.locked_until = None
            self.wrong.clear()
        self.wrong = [t for t in self.wrong if t > when]
        # A reservation nobody settles counts no longer than a wrong PIN would.
        self.pending = {number: t for number, t in self.pending.items() if t > when}


@lru_cache(maxsize=4096)  # asked for every message of every phone
def source_key(source: str) -> str:
    """What a network address is counted as: IPv4 whole, IPv6 by its /64 (one subscriber), mapped IPv4 as IPv4."""
    try:
        address = ipaddress.ip_address(source.strip("[]").partition("%")[0])
    except ValueError:
        return source[:_SOURCE_TEXT_MOST]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class Attempts:
    """The counters. One owner calls them; time is an argument (monotonic seconds)."""

    def __init__(self, settings: AttemptSettings = AttemptSettings()) -> None:
        self._settings = settings
        self._spaces: OrderedDict[str, _Count] = OrderedDict()
        self._sources: OrderedDict[str, _Count] = OrderedDict()
        self._last_number = 0

    def reserve(self, space: SpaceId | None, source: str, now: float) -> Reservation | None:
        """Leave to judge one PIN, or None: locked out. space None: the call ID is unknown; the source alone counts."""
        key = source_key(source)
        counts = self._counts(space, key, now)
        if any(self._full(count) for count in counts):
            return None
        self._last_number += 1
        for count in counts:
            count.pending[self._last_number] = now
        return Reservation(self._last_number, space, key)

    def confirm(self, reservation: Reservation, now: float) -> list[EntryLockedOut]:
        """The PIN was wrong. Returns what is locked by it and was not before. A second settling changes nothing."""
        locked: list[EntryLockedOut] = []
        for count, event in self._of(reservation, now):
            if count.pending.pop(reservation.number, None) is None:
                continue
            count.wrong.append(now)
            if len(count.wrong) >= self._settings.wrong_most and count.locked_until is None:
                count.locked_until = now + self._settings.window
                locked.append(event)
        return locked

    def release(self, reservation: Reservation, now: float) -> None:
        """The PIN was right (or there was nothing to guess): the guess never happened."""
        for count, _ in self._of(reservation, now):
            count.pending.pop(reservation.number, None)

    def locked(self, space: SpaceId | None, source: str, now: float) -> bool:
        """True: no PIN is judged for this space from this source now."""
        for table, key in ((self._spaces, space), (self._sources, source_key(source))):
            count = table.get(key) if key is not None else None
            if count is not None and count.locked_until is not None and now < count.locked_until:
                return True
        return False

    def remembered(self) -> tuple[int, int]:
        """How many spaces and sources are counted now (each at most keys_most)."""
        return len(self._spaces), len(self._sources)

    def _full(self, count: _Count) -> bool:
        if count.locked_until is not None:
            return True
        return len(count.wrong) + len(count.pending) >= self._settings.wrong_most

    def _counts(self, space: SpaceId | None, key: str, now: float) -> list[_Count]:
        counts = [self._count(self._sources, key, now)]
        if space is not None:
            counts.append(self._count(self._spaces, space, now))
        return counts

    def _count(self, table: OrderedDict[str, _Count], key: str, now: float) -> _Count:
        count = table.get(key)
        if count is None:
            while len(table) >= self._settings.keys_most:
                table.popitem(last=False)
            count = table[key] = _Count()
        table.move_to_end(key)
        count.forget_before(now - self._settings.window, now)
        return count

    def _of(self, reservation: Reservation, now: float) -> list[tuple[_Count, EntryLockedOut]]:
        """The counters a reservation was made in, as far as they are remembered."""
        found: list[tuple[_Count, EntryLockedOut]] = []
        if reservation.space is not None and reservation.space in self._spaces:
            found.append((self._spaces[reservation.space], EntryLockedOut(reservation.space, None)))
        if reservation.source in self._sources:
            found.append((self._sources[reservation.source], EntryLockedOut(None, reservation.source)))
        for count, _ in found:
            count.forget_before(now - self._settings.window, now)
        return found
