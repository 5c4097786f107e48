"""All browsers of a worker on its few shared sockets: whose datagram is it? (RFC 7983)

    first byte   what           whose
    0 to 3       STUN check     the leg whose ufrag the USERNAME begins with, once the integrity has been verified
    20 to 63     DTLS           the leg that a check has bound the source to; waits for negotiate()
    128 to 191   SRTP, SRTCP    the same; decrypted at once
    else, or from a source that is not bound: dropped, and nothing is kept of it

Unauthenticated work is bounded for each tick: so many checks from strangers, so many datagrams from one leg. DTLS costs
up to a millisecond a step, so it waits until the tick's sound has left: negotiate() does one step at a time.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from typing import Any

from parley.engine.dtls import Identity
from parley.engine.ice import Credentials, Route
from parley.engine.messages import WebRemote
from parley.engine.transport import Arrival, Departure
from parley.engine.web_transport import WebTransport
from parley.wire import stun
from parley.wire.rtp import is_rtcp

# A check costs about 20 us to verify and answer: strangers may cost 1.3 ms of a tick. That is 3200 checks a second, of
# which a browser that comes in sends about twenty.
STRANGERS_PER_TICK = 64
MOST_FROM_ONE = 32  # datagrams of one leg in one tick; a voice sends one or two
MOST_WAITING = 512  # datagrams of DTLS that wait for their turn
MOST_WAITING_OF_ONE = 16  # a flight of a browser is at most a few
MOST_HANDSHAKES = 64  # at a time; later ones are dropped, and come again by the browser's timer
# A source bound to one leg is bound to another only when the first has not checked it for so long (browsers do so
# every 2.5 to 5 s): one participant cannot take another's path away with forged sources.
STICKY_SECONDS = 8.0


class Browsers:
    """Transports by what names them on the wire. Not thread-safe; time is an argument."""

    def __init__(self, port: int, addresses: tuple[str, ...], dice: random.Random) -> None:
        self.port = port
        self.addresses = addresses  # to tell browsers
        self._dice = dice
        self._identity = Identity()
        self._transports: dict[str, WebTransport] = {}
        self._by_username: dict[bytes, tuple[WebTransport, Credentials]] = {}
        self._usernames: dict[str, tuple[bytes, ...]] = {}  # of each leg
        self._unmet: dict[bytes, str] = {}  # our ufrags of offers that are not answered, and their legs
        self._by_route: dict[Route, WebTransport] = {}
        self._waiting: deque[tuple[WebTransport, Route, bytes]] = deque()
        self._handshaking: dict[str, WebTransport] = {}
        self._departures: list[Departure] = []
        self._news: list[WebTransport] = []
        self._tick = 0
        self._strangers = 0  # served in this tick
        self.dropped = 0  # datagrams that were nobody's, or too many

    # --- legs -----------------------------------------------------------------------------------------

    def open(self, leg: str, remote: WebRemote) -> WebTransport:
        """A place for one browser; nothing is sent until it checks its path."""
        transport = WebTransport(leg, remote, self.port, self.addresses, self._identity, self._dice)
        self._transports[leg] = transport
        self._name(transport)
        return transport

    def renamed(self, transport: WebTransport) -> None:
        """Its far end was described anew: other credentials, or another page altogether."""
        self._name(transport)
        self._bind(transport)
        if not transport.handshakes:
            self._handshaking.pop(transport.leg, None)

    def close(self, transport: WebTransport, now: float) -> None:
        """Forget it, with a goodbye."""
        self._departures += transport.say_goodbye(now)
        del self._transports[transport.leg]
        self._handshaking.pop(transport.leg, None)
        self._unmet = {ufrag: leg for ufrag, leg in self._unmet.items() if leg != transport.leg}
        for username in self._usernames.pop(transport.leg):
            del self._by_username[username]
        for route in [route for route, owner in self._by_route.items() if owner is transport]:
            del self._by_route[route]
        self._waiting = deque(item for item in self._waiting if item[0] is not transport)
        self._news = [told for told in self._news if told is not transport]

    def _name(self, transport: WebTransport) -> None:
        for username in self._usernames.get(transport.leg, ()):
            del self._by_username[username]
        self._unmet = {ufrag: leg for ufrag, leg in self._unmet.items() if leg != transport.leg}
        if not transport.remote.ufrag:
            self._unmet[transport.ice.current.ufrag.encode()] = transport.leg
        good = transport.ice.credentials
        for credentials in good:
            self._by_username[credentials.username] = (transport, credentials)
        self._usernames[transport.leg] = tuple(credentials.username for credentials in good)

    def _bind(self, transport: WebTransport) -> None:
        """Its routes are those that it has checked, and no others."""
        for route in [route for route, owner in self._by_route.items() if owner is transport]:
            if route not in transport.ice.checked:
                del self._by_route[route]

    # --- every tick -----------------------------------------------------------------------------------

    def begin_tick(self) -> None:
        """Budgets begin anew."""
        self._tick += 1
        self._strangers = 0

    def expire(self, now: float) -> None:
        """Forget routes without fresh consent; now and then is enough."""
        for transport in self._transports.values():
            if transport.ice.expire(now):
                self._bind(transport)

    def take(self, now: float, arrival: Arrival) -> Arrival | None:
        """One datagram from a shared socket: a leg's plain RTP or RTCP, or None."""
        data = arrival.data
        assert arrival.via is not None
        route = Route(arrival.via, arrival.source)
        transport = self._by_route.get(route)
        first = data[0] if data else 255
        if transport is None:
            if first <= 3 and self._strangers < STRANGERS_PER_TICK:
                self._strangers += 1
                self._check(now, route, data)
            else:
                self.dropped += 1
            return None
        if not self._may_burst(transport):
            self.dropped += 1
        elif 128 <= first <= 191:
            plain = transport.unwrap(data)
            if plain is not None:
                return Arrival(transport.leg, is_rtcp(plain), plain, arrival.source, arrival.via)
        elif 20 <= first <= 63:
            self._queue(transport, route, data)
        elif first <= 3:
            self._check(now, route, data)
        return None

    def _may_burst(self, transport: WebTransport) -> bool:
        if transport.burst_tick != self._tick:
            transport.burst_tick, transport.burst = self._tick, 0
        transport.burst += 1
        return transport.burst <= MOST_FROM_ONE

    # --- checks ---------------------------------------------------------------------------------------

    def _check(self, now: float, route: Route, data: bytes) -> None:
        try:
            message = stun.parse(data)
        except stun.MalformedStun:
            self.dropped += 1
            return
        if message.kind != stun.REQUEST:
            return
        if message.username is None or message.integrity_at is None:
            self._refuse(route, data, message, stun.BAD_REQUEST)
            return
        found = self._by_username.get(message.username)
        if found is None and message.username.partition(b":")[0] in self._unmet:
            return  # the answer that says who this is has not come yet; checks are repeated
        if found is None or not stun.is_authentic(data, message, found[1].password.encode()):
            self._refuse(route, data, message, stun.UNAUTHENTICATED)
            return
        transport, used = found
        password = used.password.encode()
        if message.unknown:
            answer = stun.build_error(message.transaction, stun.UNKNOWN_ATTRIBUTE, password, message.unknown)
            self._answer(route, answer, transport.leg)
        elif self._may_bind(now, route, transport):
            self._checked(now, route, transport, used, message.nominates)
            self._answer(route, stun.build_success(message.transaction, route.address, password), transport.leg)

    def _refuse(self, route: Route, data: bytes, message: stun.StunMessage, code: int) -> None:
        """Never longer than what was asked: a forged source must not be worth the trouble."""
        self.dropped += 1
        answer = stun.build_error(message.transaction, code)
        if len(answer) <= len(data):
            self._answer(route, answer)

    def _may_bind(self, now: float, route: Route, transport: WebTransport) -> bool:
        owner = self._by_route.get(route)
        return owner is None or owner is transport or now - owner.ice.checked[route] > STICKY_SECONDS

    def _checked(self, now: float, route: Route, transport: WebTransport, used: Credentials, nominates: bool) -> None:
        owner = self._by_route.get(route)
        if owner is not None and owner is not transport:
            owner.ice.forget(route)
        restarted = used is transport.ice.current and transport.ice.former is not None
        evicts = transport.ice.take(now, route, used, nominates)
        self._by_route[route] = transport
        if restarted:
            self._name(transport)
        if evicts:
            self._bind(transport)
        self._look(transport)

    def _answer(self, route: Route, data: bytes, leg: str = "") -> None:
        self._departures.append(Departure(leg, False, data, route.address, route.via))

    def take_departures(self) -> list[Departure]:
        """Answers and goodbyes since the last call."""
        departures, self._departures = self._departures, []
        return departures

    # --- handshakes -----------------------------------------------------------------------------------

    def _queue(self, transport: WebTransport, route: Route, data: bytes) -> None:
        if len(self._waiting) >= MOST_WAITING or transport.pending >= MOST_WAITING_OF_ONE:
            self.dropped += 1
            return
        transport.pending += 1
        self._waiting.append((transport, route, data))

    def negotiate(self, now: float) -> list[Departure] | None:
        """One step of one handshake. None: there is nothing to do now."""
        while self._waiting:
            transport, route, data = self._waiting.popleft()
            transport.pending -= 1
            if self._by_route.get(route) is not transport:
                continue
            if transport.begins(data) and len(self._handshaking) >= MOST_HANDSHAKES:
                self.dropped += 1
                continue
            return self._after(transport, transport.take_dtls(now, route, data))
        overdue = next(self._overdue(now), None)
        return None if overdue is None else self._after(overdue, overdue.tick_dtls(now))

    def _overdue(self, now: float) -> Iterator[WebTransport]:
        for transport in self._handshaking.values():
            if transport.association is not None and transport.association.is_due(now):
                yield transport

    def _after(self, transport: WebTransport, departures: list[Departure]) -> list[Departure]:
        if transport.handshakes:
            self._handshaking[transport.leg] = transport
        else:
            self._handshaking.pop(transport.leg, None)
        self._look(transport)
        return departures

    def _look(self, transport: WebTransport) -> None:
        """Whether there is something to tell of it."""
        if transport.has_failed and not transport.told_failed:
            transport.told_failed = True
            self._news.append(transport)
        elif transport.is_ready() and not transport.told_ready:
            transport.told_ready = True
            self._news.append(transport)

    def take_news(self) -> list[WebTransport]:
        """Those that have become ready, or have failed, since the last call."""
        news, self._news = self._news, []
        return news

    def dump(self) -> dict[str, Any]:
        """Counts, for operators and tests."""
        return {
            "port": self.port,
            "legs": len(self._transports),
            "routes": len(self._by_route),
            "handshaking": len(self._handshaking),
            "waiting": len(self._waiting),
            "dropped": self.dropped,
        }
