"""A simulated wire for SIP: two layers, delay, seeded loss and doubling, and time that only moves when told.

`Desk` drives one layer with hand-written messages; `SipWire` pairs two layers and lets them talk.
"""

import heapq
import itertools
import random
from collections.abc import Callable

from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.events import Event
from parley.wire.sip.flow import Flow
from parley.wire.sip.framing import Frame, StreamFramer
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from parley.wire.sip.parser import parse

SERVER = ("192.0.2.1", 5060)
PHONE = ("192.0.2.50", 5062)


def counting_token(prefix: str) -> Callable[[], str]:
    """Tokens that are the same in every run and never repeat."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):04x}{prefix}"


def request(
    method: str = "INVITE",
    target: str = "sip:room@192.0.2.1",
    *,
    branch: str = "z9hG4bKone",
    via: str | None = None,
    from_: str = "<sip:phone@192.0.2.50>;tag=phone",
    to: str = "<sip:room@192.0.2.1>",
    call_id: str = "call-1",
    cseq: str | None = None,
    number: int = 1,
    contact: str | None = "<sip:phone@192.0.2.50:5062>",
    extra: str = "",
    body: str = "",
) -> bytes:
    """A request as a phone would write it; `extra` holds whole header lines, each with its line end."""
    lines = [
        f"{method} {target} SIP/2.0",
        f"Via: {via or f'SIP/2.0/UDP 192.0.2.50:5062;rport;branch={branch}'}",
        "Max-Forwards: 70",
        f"From: {from_}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq or f'{number} {method}'}",
    ]
    if contact and method in ("INVITE", "OPTIONS"):
        lines.append(f"Contact: {contact}")
    if body:
        lines.append("Content-Type: application/sdp")
    head = "\r\n".join(lines) + "\r\n" + extra
    data = body.encode()
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(data) + data


def read_said(data: bytes) -> Request | Response:
    """Parse what a layer says; an answer to a wreck echoes the wreck and is read by its first line alone."""
    try:
        return parse(data)
    except TheirMistake:
        start, *lines = data.decode("utf-8", "surrogateescape").split("\r\n\r\n")[0].split("\r\n")
        headers = [(line.partition(":")[0], line.partition(":")[2].strip()) for line in lines]
        assert start.startswith(("SIP/2.0 400 ", "SIP/2.0 505 "))
        return Response(int(start.split(" ")[1]), start, headers)


class Desk:
    """One layer, spoken to by hand. `said` collects what it sends, parsed; `events` what it tells."""

    def __init__(self, transport: str = "udp", layer: SipLayer | None = None) -> None:
        self.layer = layer or SipLayer(token=counting_token("t"), secret=b"known to the test")
        self.flow = Flow(transport, SERVER, PHONE, 1)
        self.now = 0.0
        self.events: list[Event] = []
        self.raw: list[tuple[Flow, bytes]] = []

    def hear(self, data: bytes, flow: Flow | None = None) -> list[Request | Response]:
        """Give the layer a message; return what it says to that at once."""
        self.events += self.layer.receive(data, flow or self.flow, self.now)
        return self.said()

    def said(self) -> list[Request | Response]:
        """What the layer has said since last asked."""
        sends = self.layer.drain()
        self.raw += [(send.flow, send.data) for send in sends]
        return [read_said(send.data) for send in sends]

    def wait(self, seconds: float) -> list[tuple[float, Request | Response]]:
        """Let time pass; return what the layer says and when."""
        end, heard = self.now + seconds, []
        while (at := self.layer.next_deadline()) is not None and at <= end:
            self.now = max(self.now, at)
            self.events += self.layer.tick(self.now)
            heard += [(self.now, message) for message in self.said()]
        self.now = end
        return heard

    def last(self, kind: type) -> Event:
        """The latest event of a kind."""
        return next(event for event in reversed(self.events) if isinstance(event, kind))

    def count(self, kind: type) -> int:
        """How many events of a kind came."""
        return sum(isinstance(event, kind) for event in self.events)


Handler = Callable[["Party", Event, float], None]


class Party:
    """A layer on the wire with its user: a function that is given every event."""

    def __init__(self, name: str, address: tuple[str, int], handler: Handler) -> None:
        self.name = name
        self.address = address
        self.layer = SipLayer(token=counting_token(name))
        self.handler = handler
        self.events: list[tuple[float, Event]] = []
        self.framer = StreamFramer()

    def count(self, kind: type) -> int:
        """How many events of a kind came."""
        return sum(isinstance(event, kind) for _, event in self.events)


class SipWire:
    """Two parties and what is between them. A seeded die loses or doubles datagrams; streams lose nothing."""

    def __init__(
        self,
        caller: Party,
        callee: Party,
        *,
        transport: str = "udp",
        loss: float = 0.0,
        doubled: float = 0.0,
        delay: float = 0.02,
        seed: int = 1,
        lose: Callable[[int, bytes], bool] | None = None,
    ) -> None:
        self.parties = {caller.address: caller, callee.address: callee}
        self.transport, self.loss, self.doubled, self.delay = transport, loss, doubled, delay
        self.lose = lose
        self.dice = random.Random(seed)
        self.now = 0.0
        self.sent: list[tuple[float, str, bytes]] = []
        self._flying: list[tuple[float, int, Flow, bytes]] = []
        self._order = itertools.count()

    def flow(self, party: Party, other: Party) -> Flow:
        """The flow of one party towards the other."""
        return Flow(self.transport, party.address, other.address, "wire")

    def collect(self) -> None:
        """Put on the wire what the parties want to send."""
        for party in self.parties.values():
            for send in party.layer.drain():
                self.sent.append((self.now, party.name, send.data))
                number = len(self.sent)
                if self.transport == "udp":
                    lost = self.dice.random() < self.loss
                    if lost or (self.lose is not None and self.lose(number, send.data)):
                        continue
                for _ in range(2 if self.transport == "udp" and self.dice.random() < self.doubled else 1):
                    jitter = self.dice.random() * self.delay if self.transport == "udp" else 0.0
                    at = self.now + self.delay + jitter
                    heapq.heappush(self._flying, (at, next(self._order), send.flow, send.data))

    def run(self, seconds: float) -> None:
        """Let time pass on the wire and at both ends."""
        end = self.now + seconds
        self.collect()
        while True:
            deadlines = [party.layer.next_deadline() for party in self.parties.values()]
            times = [at for at in deadlines if at is not None]
            if self._flying:
                times.append(self._flying[0][0])
            if not times or min(times) > end:
                break
            self.now = max(self.now, min(times))
            while self._flying and self._flying[0][0] <= self.now:
                _, _, flow, data = heapq.heappop(self._flying)
                self._deliver(flow, data)
            for party in self.parties.values():
                self._tell(party, party.layer.tick(self.now))
            self.collect()
        self.now = end

    def _deliver(self, flow: Flow, data: bytes) -> None:
        party = self.parties.get(flow.remote)
        if party is None:
            return
        back = Flow(flow.transport, flow.remote, flow.local, "wire")
        if not flow.reliable:
            self._tell(party, party.layer.receive(data, back, self.now))
            return
        for item in party.framer.feed(data):
            assert isinstance(item, Frame)
            self._tell(party, party.layer.receive(item.data, back, self.now))

    def _tell(self, party: Party, events: list[Event]) -> None:
        for event in events:
            party.events.append((self.now, event))
            party.handler(party, event, self.now)
