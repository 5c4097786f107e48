"""A next hop may stand at several places, by SRV say: which of them a call of ours has tried, and when one counts as
dead (RFC 3263 section 4.3; docs/decisions/0041).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Protocol

from ...app.ports import Clock, Timer
from ...wire.sip.flow import Flow
from .resolver import Place

# Seconds without a response to an INVITE. Whoever is there says 100 within 0.2 s (RFC 3261 section 17.2.1), and by then
# three copies were lost; timer B would leave nothing of the time for which people wait.
SILENT_FOR = 4.0
KNOCK_AFTER = 0.5  # seconds: who is there has answered by now
KNOCK = b"\r\n\r\n"  # a keep-alive: no server takes it for a request
SHUNNED_FOR = 60.0
SHUNNED_MOST = 1000


class Shunned:
    """Places that were found dead a moment ago: they are tried last."""

    def __init__(self) -> None:
        self._until: OrderedDict[Place, float] = OrderedDict()

    def note(self, place: Place, now: float) -> None:
        self._until[place] = now + SHUNNED_FOR
        self._until.move_to_end(place)
        while len(self._until) > SHUNNED_MOST:
            self._until.popitem(last=False)

    def last(self, places: Iterable[Place], now: float) -> list[Place]:
        """The same places, in their order but for those."""
        return sorted(places, key=lambda place: self._until.get(place, now) > now)


class Vigil:
    """Over one INVITE, until `over` is called: `nobody` is told once when nobody seems to be there."""

    def __init__(self, clock: Clock, flow: Flow, nobody: Callable[[], None]) -> None:
        self._flow = flow
        self._nobody = nobody
        self._socket: socket.socket | None = None
        now = clock.now()
        self._timers: list[Timer] = [clock.call_at(now + SILENT_FOR, self._dead)]
        if flow.transport == "udp":
            self._timers.append(clock.call_at(now + KNOCK_AFTER, self._knock))

    def over(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _dead(self) -> None:
        self.over()
        self._nobody()

    def _knock(self) -> None:
        """A machine without that port says so (ICMP), and only a connected socket is told whose answer it is."""
        family = socket.AF_INET6 if ":" in self._flow.remote[0] else socket.AF_INET
        with contextlib.suppress(OSError):  # no room for a socket, or no route: then time will tell
            knocking = self._socket = socket.socket(family, socket.SOCK_DGRAM)
            knocking.setblocking(False)
            knocking.bind((self._flow.local[0], 0))
            knocking.connect(self._flow.remote)
            knocking.send(KNOCK)
            asyncio.get_running_loop().add_reader(knocking, self._answered)

    def _answered(self) -> None:
        try:
            if self._socket is not None:
                self._socket.recv(64)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._dead()


class Watching(Protocol):
    """What the tries of a call ask of the dialler."""

    def watch(self, flow: Flow, nobody: Callable[[], None]) -> Vigil: ...

    def shun(self, place: Place) -> None:
        """It is dead: others go elsewhere first for a while."""
        ...


class Tries:
    """Of one call by one hop."""

    def __init__(self, watching: Watching, nobody: Callable[[], None]) -> None:
        """nobody: the place where the call is now is dead, and there is another one."""
        self._watching = watching
        self._nobody = nobody
        self.passed: set[Place] = set()
        self._place: Place | None = None
        self._another = False
        self._rung = False
        self._vigil: Vigil | None = None

    def at(self, place: Place | None, another: bool) -> None:
        """The call goes there. another: there are places left, of this hop or of the next rule's. place None: a phone
        that registered, which may be asleep and has all the time.
        """
        self._place, self._another, self._rung = place, another and place is not None, False

    def sent(self, flow: Flow) -> None:
        """The INVITE is on its way."""
        self.over()
        if self._another and not self._rung:
            self._vigil = self._watching.watch(flow, self._nobody)

    def heard(self, status: int) -> None:
        """Somebody is there."""
        self._rung = self._rung or 100 < status < 200
        self.over()

    def over(self) -> None:
        """Nothing is waited for any more."""
        if self._vigil is not None:
            self._vigil.over()
            self._vigil = None

    def dead(self) -> bool:
        """The place where it is now has failed. True: another one is to be tried, because nobody was rung."""
        self.over()
        if self._place is None or not self._another or self._rung:
            return False
        self.passed.add(self._place)
        self._watching.shun(self._place)
        self._another = False
        return True
