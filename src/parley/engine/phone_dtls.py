"""DTLS-SRTP on a phone's own ports (RFC 5763, RFC 5764), without ICE: who speaks first has opened the way.

RTP and RTCP agree keys of their own, unless they share a port (RFC 5761). As in browsers.py a handshake's steps wait
until the tick's sound has left, and what strangers can make us do is bounded: one handshake at a time for each port,
and so many that come to nothing in the life of a leg.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from parley.engine.dtls import PHONES, Association, Identity, State, begins_association
from parley.engine.latch import Address
from parley.engine.messages import AgreedKeys, DtlsRemote, LegMedia, StreamState, WebLocal
from parley.engine.transport import Arrival, Departure, PortTransport
from parley.wire.rtp import is_rtcp

MOST_WAITING = 256  # datagrams of all phones that wait for their turn
MOST_WAITING_OF_ONE = 16
MOST_ATTEMPTS = 8  # handshakes that failed: somebody else's hello must not end a call, nor keep us busy for ever


class Part:
    """The handshake of one port: `association` is None until somebody has begun it."""

    def __init__(self) -> None:
        self.association: Association | None = None
        self.source: Address | None = None  # whom it is held with
        self.early: tuple[Address, bytes] | None = None  # a hello that came before we knew from whom to expect it

    @property
    def is_done(self) -> bool:
        return self.association is not None and self.association.state is State.DONE


class DtlsTransport(PortTransport):
    """Implements Transport. Nothing is sent or believed before the keys are agreed."""

    def __init__(self, leg: str, port: int, media: LegMedia, identity: Identity) -> None:
        super().__init__(leg, port, media)
        assert media.dtls is not None
        self.leg = leg
        self.pending = 0  # its datagrams in the queue of handshakes
        self.told_failed = False
        self._identity = identity
        self._remote: DtlsRemote = media.dtls
        self._parts = (Part(), Part())  # of RTP and of RTCP
        self._failures = 0

    @property
    def local(self) -> WebLocal:
        """Our end, for the answer or the offer: a fingerprint, and nothing of ICE."""
        return WebLocal(port=self.port, ufrag="", password="", fingerprint=self._identity.fingerprint, addresses=())

    def describe(self, media: LegMedia, now: float) -> None:
        """Another certificate is another far end (RFC 8842 section 5.5); the same one goes on by its keys."""
        super().describe(media, now)
        before, remote = self._remote, media.dtls
        if remote is None:
            return
        self._remote = remote
        if before.fingerprint and remote.fingerprint.upper() != before.fingerprint.upper():
            self._parts, self._failures, self.told_failed = (Part(), Part()), 0, False

    # --- handshakes -----------------------------------------------------------------------------------

    @property
    def _wanted(self) -> tuple[Part, ...]:
        return self._parts[:1] if self._mux else self._parts

    @property
    def has_failed(self) -> bool:
        return self._failures >= MOST_ATTEMPTS

    @property
    def is_ready(self) -> bool:
        """Whether sound can flow."""
        return self._parts[0].is_done

    def begin(self, now: float) -> list[Departure]:
        """What can be begun now: our own hello, or the answer to one that came early."""
        departures: list[Departure] = []
        if not self._remote.fingerprint:
            return departures
        for part in self._wanted:
            if part.association is not None:
                continue
            if self._remote.client:
                part.association = Association(self._identity, self._remote.fingerprint, now, client=True)
                part.source = self._described(part)
                departures += self._flush(part)
            elif part.early is not None:
                source, data = part.early
                departures += self.take_dtls(now, part is self._parts[1], source, data)
        return departures

    def _described(self, part: Part) -> Address | None:
        if not self.latch.described[1]:
            return None
        return self._rtcp_beside(self.latch.described) if part is self._parts[1] else self.latch.described

    def take_dtls(self, now: float, rtcp: bool, source: Address, data: bytes) -> list[Departure]:
        """One DTLS datagram; what is to be sent for it."""
        part = self._parts[rtcp and not self._mux]
        if not self._remote.fingerprint:
            if begins_association(data):
                part.early = (source, data)
            return []
        if part.association is None:
            if self._remote.client or self.has_failed or not begins_association(data):
                return []
            part.association, part.early = Association(self._identity, self._remote.fingerprint, now), None
            part.source = source
        elif self._remote.client:
            if source[0] != self.latch.described[0]:
                return []
        elif source != part.source:
            return []
        part.association.feed(now, data)
        return self._flush(part)

    def _flush(self, part: Part) -> list[Departure]:
        association, source = part.association, part.source
        if association is None:
            return []
        out = association.take()
        if association.state is State.FAILED:
            self._failures += MOST_ATTEMPTS if self._remote.client else 1
            part.association = None
        if source is None:
            return []
        return [Departure(self.leg, part is self._parts[1], data, source) for data in out]

    def tick_dtls(self, now: float) -> list[Departure]:
        """Carry on with what is overdue."""
        departures: list[Departure] = []
        for part in self._wanted:
            if part.association is not None and part.association.is_due(now):
                part.association.tick(now)
                departures += self._flush(part)
        return departures

    def is_due(self, now: float) -> bool:
        return any(part.association is not None and part.association.is_due(now) for part in self._wanted)

    @property
    def handshakes(self) -> bool:
        """Whether a handshake is in progress."""
        found = (part.association for part in self._wanted)
        return any(one is not None and one.state is State.HANDSHAKING for one in found)

    # --- packets --------------------------------------------------------------------------------------

    def stream(self) -> StreamState:
        """With the keys of RTP; where RTCP agreed others, whoever goes on has no RTCP."""
        association = self._parts[0].association
        if association is None or association.srtp is None:
            return super().stream()
        agreed = AgreedKeys(fingerprint=self._remote.fingerprint, keys=association.srtp.keys)
        return msgspec.structs.replace(
            super().stream(), agreed=agreed, heard=association.srtp.heard(), reports=association.srtp.reports()
        )

    def sealed(self) -> tuple[int, int]:
        association = self._parts[0].association
        return super().sealed() if association is None or association.srtp is None else association.srtp.sealed

    def _part_for(self, rtcp: bool) -> Part:
        return self._parts[rtcp and not self._mux]

    def unwrap(self, data: bytes) -> bytes | None:
        part = self._part_for(is_rtcp(data))
        association = part.association
        return None if association is None or association.srtp is None else association.srtp.open(data)

    @property
    def is_open(self) -> bool:
        return self.latch.destination is not None and self.is_ready

    def voice(self, data: bytes) -> Departure:
        destination, association = self.latch.destination, self._parts[0].association
        assert destination is not None and association is not None and association.srtp is not None
        return Departure(self.leg, False, association.srtp.close(data), destination)

    def report(self, data: bytes) -> Departure | None:
        association, destination = self._part_for(True).association, self.latch.destination
        if association is None or association.srtp is None or association.state is not State.DONE:
            return None
        where = destination
        if destination is not None and not self._mux:
            where = self._parts[1].source or self._rtcp_beside(destination)
        return None if where is None else Departure(self.leg, not self._mux, association.srtp.close_report(data), where)

    def dump(self) -> dict[str, Any]:
        states = [None if part.association is None else part.association.state.value for part in self._wanted]
        profile = "" if self._parts[0].association is None else self._parts[0].association.profile
        dtls = {"states": states, "profile": profile, "client": self._remote.client, "failures": self._failures}
        return {**super().dump(), "dtls": dtls}


class PhoneHandshakes:
    """All phones of a worker that agree keys by DTLS. Not thread-safe; time is an argument."""

    def __init__(self) -> None:
        self._identity: Identity | None = None
        self._waiting: deque[tuple[DtlsTransport, bool, Address, bytes]] = deque()
        self._open: dict[str, DtlsTransport] = {}
        self._news: list[DtlsTransport] = []
        self._departures: list[Departure] = []
        self.dropped = 0

    def open(self, leg: str, port: int, media: LegMedia, now: float) -> DtlsTransport:
        if self._identity is None:
            self._identity = Identity(PHONES)
        transport = self._open[leg] = DtlsTransport(leg, port, media, self._identity)
        self.renamed(transport, now)
        return transport

    def renamed(self, transport: DtlsTransport, now: float) -> None:
        """Its far end was described, at first or anew."""
        self._departures += transport.begin(now)

    def close(self, transport: DtlsTransport) -> None:
        self._open.pop(transport.leg, None)
        self._waiting = deque(item for item in self._waiting if item[0] is not transport)
        self._news = [told for told in self._news if told is not transport]

    def take(self, transport: DtlsTransport, arrival: Arrival) -> bool:
        """Whether it is a datagram of DTLS (RFC 7983), which is then this one's."""
        if not arrival.data or not 20 <= arrival.data[0] <= 63:
            return False
        if len(self._waiting) >= MOST_WAITING or transport.pending >= MOST_WAITING_OF_ONE:
            self.dropped += 1
            return True
        transport.pending += 1
        self._waiting.append((transport, arrival.rtcp, arrival.source, arrival.data))
        return True

    def negotiate(self, now: float) -> list[Departure] | None:
        """One step of one handshake. None: there is nothing to do now."""
        if self._departures:
            departures, self._departures = self._departures, []
            return departures
        if self._waiting:
            transport, rtcp, source, data = self._waiting.popleft()
            transport.pending -= 1
            return self._after(transport, transport.take_dtls(now, rtcp, source, data))
        overdue = next((one for one in self._open.values() if one.is_due(now)), None)
        return None if overdue is None else self._after(overdue, overdue.tick_dtls(now))

    def _after(self, transport: DtlsTransport, departures: list[Departure]) -> list[Departure]:
        if transport.has_failed and not transport.told_failed:
            transport.told_failed = True
            self._news.append(transport)
        return departures

    def take_failed(self) -> list[DtlsTransport]:
        """Those that came to nothing since the last call."""
        news, self._news = self._news, []
        return news
