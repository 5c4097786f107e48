"""An engine on a virtual clock, with callers that speak RTP to it over a network that can be made bad."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import cache
from itertools import count
from typing import TypeVar

import numpy as np

from parley.engine import messages
from parley.engine.encoders import LAWS
from parley.engine.engine import Engine
from parley.engine.g722 import G722Decoder, G722Encoder
from parley.engine.messages import Codec, Configure, LegMedia, LegPlan
from parley.engine.opus import OpusDecoder, OpusEncoder
from parley.engine.ports import BadAddress, NoPort, NotTaken
from parley.engine.prompts import Prompts
from parley.engine.resample import Downsampler, Upsampler
from parley.engine.sound import FRAME, RATE, SILENT_FRAME
from parley.engine.transport import Arrival, Departure
from parley.wire.rtp import TelephoneEvent, build_event, build_rtp, parse_rtp
from tests.kit.tones import Sound

TICK = 0.02
OPUS = Codec(name="opus", payload_type=111, clock_rate=48_000)
PCMU = Codec(name="pcmu", payload_type=0, clock_rate=8_000)
EVENTS = 101

Told = TypeVar("Told")

# Turns one datagram sent at a time into those that arrive, each with the seconds it is on its way.
Network = Callable[[bytes, float], list[tuple[float, bytes]]]


def perfect(data: bytes, at: float) -> list[tuple[float, bytes]]:
    return [(0.001, data)]


@cache
def prompts() -> Prompts:
    return Prompts.load()


class FakePorts:
    """Ports that are numbers; no socket is opened."""

    def __init__(self) -> None:
        self.open_legs: dict[str, int] = {}
        self.peers: dict[str, FakePorts] = {}  # other workers' by their places
        self.given: list[tuple[str, bytes]] = []
        self.foreign: set[str] = set()  # addresses that are not this machine's
        self.last_words: list[Departure] = []

    def open(self, leg: str, local: str, low: int, high: int) -> int:
        taken = set(self.open_legs.values())
        for port in range(low + low % 2, high, 2):
            if port not in taken:
                self.open_legs[leg] = port
                return port
        raise NoPort("none left")

    def give(self, leg: str, to: str, state: bytes) -> None:
        peer = self.peers.get(to)
        if peer is None:
            raise NotTaken(to)
        peer.open_legs[leg] = self.open_legs.pop(leg)
        peer.given.append((leg, state))

    def taken(self) -> list[tuple[str, bytes]]:
        given, self.given = self.given, []
        return given

    def check_remote(self, leg_local: str, remote: str) -> None:
        if not remote.replace(".", "").isdigit():
            raise BadAddress(remote)

    def close(self, leg: str) -> None:
        self.open_legs.pop(leg, None)

    def send(self, departures: list[Departure]) -> None:
        self.last_words += departures

    def open_shared(self, addresses: tuple[str, ...], port: int) -> tuple[int, tuple[str, ...]]:
        ours = tuple(address for address in addresses if address not in self.foreign)
        if not ours:
            raise BadAddress(addresses[0])
        return port or 10_000, ours


class G722Sender:
    """Cuts what an encoder of 20 ms makes into packets of any length, 20 ms late."""

    def __init__(self) -> None:
        self._encoder = G722Encoder()
        self._sound = np.zeros(320, np.float32)
        self._encoded = b""

    def packet(self, sound: Sound) -> bytes:
        """sound: at 16 kHz."""
        self._sound = np.concatenate((self._sound, sound))
        while len(self._sound) >= 320:
            self._encoded += self._encoder.encode(self._sound[:320])
            self._sound = self._sound[320:]
        payload, self._encoded = self._encoded[: len(sound) // 2], self._encoded[len(sound) // 2 :]
        return payload


class Caller:
    """One phone: says what is queued (else silence) in packets of `packet_ms`, and keeps what it hears."""

    def __init__(self, rig: Rig, name: str, codec: Codec, number: int) -> None:
        self.rig, self.name, self.codec = rig, name, codec
        self.source = (f"192.0.2.{number}", 40_000)
        self.network: Network = perfect
        self.packet_ms = 20
        self.clock = 1.0  # seconds of the caller's clock in one of the rig's
        self.offset = 0.005  # when in the tick packets leave
        self.talking = True  # False: sends nothing at all
        self.ssrc, self.sequence, self.timestamp = 1000 + number, 65_530, 0xFFFFFF00
        self.sent = 0
        self.queue: list[Sound] = []
        self.received: list[bytes] = []
        self._heard: list[Sound] = []
        self._encoder = OpusEncoder(complexity=0)  # a test need not pay for quality
        self._past = SILENT_FRAME
        self._down = Downsampler(6)
        self._up = Upsampler(6)
        self._decoder = OpusDecoder()
        self._g722, self._from_g722 = G722Sender(), G722Decoder()
        self._down_to_16k, self._up_from_16k = Downsampler(3), Upsampler(3)
        self._next_packet = 0.0

    # --- saying ---------------------------------------------------------------------------------------

    def say(self, sound: Sound) -> None:
        """Queue sound at 48 kHz, to be said after what is queued already."""
        self.queue.append(sound)

    def _next_sound(self, length: int) -> Sound:
        parts, have = [], 0
        while self.queue and have < length:
            piece = self.queue[0][: length - have]
            self.queue[0] = self.queue[0][len(piece) :]
            if not len(self.queue[0]):
                self.queue.pop(0)
            parts.append(piece)
            have += len(piece)
        parts.append(np.zeros(length - have, np.float32))
        return np.concatenate(parts)

    def encode(self, sound: Sound) -> bytes:
        if self.codec.name == "opus":
            return self._encoder.encode(sound)
        past, self._past = self._past, sound[-FRAME:]
        if self.codec.name == "g722":
            return self._g722.packet(self._down_to_16k.run(past, sound))
        return LAWS[self.codec.name].compress(self._down.run(past, sound))

    def emit(self, until: float) -> list[tuple[float, bytes]]:
        """(arrival time, datagram) of everything sent up to a moment."""
        arrivals = []
        while (self._next_packet + self.offset) / self.clock <= until:
            at = (self._next_packet + self.offset) / self.clock
            self._next_packet += self.packet_ms / 1000
            sound = self._next_sound(RATE * self.packet_ms // 1000)
            if self.talking:
                data = self.packet(self.encode(sound))
                arrivals += [(at + delay, one) for delay, one in self.network(data, at)]
            self.timestamp += len(sound) * self.codec.clock_rate // RATE
        return arrivals

    def packet(self, payload: bytes, payload_type: int | None = None, timestamp: int | None = None) -> bytes:
        kind = self.codec.payload_type if payload_type is None else payload_type
        stamp = self.timestamp if timestamp is None else timestamp
        data = build_rtp(kind, self.sequence, stamp, self.ssrc, payload)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.sent += 1
        return data

    def key(self, digit: str, packets: int = 5, ends: int = 3) -> list[bytes]:
        """The packets of one key press: `packets` while it is down, then `ends` with the end bit."""
        event = "0123456789*#ABCD".index(digit)
        made = []
        for number in range(packets + ends):
            duration = 160 * min(number + 1, packets + 1)
            body = build_event(TelephoneEvent(event, number >= packets, 10, duration))
            made.append(self.packet(body, EVENTS))
        self.timestamp += 160 * (packets + 1)
        return made

    def inject(self, *datagrams: bytes) -> None:
        """Datagrams that arrive with the next tick, in this order."""
        for data in datagrams:
            self.rig.deliver(self, self.rig.now, data)

    # --- hearing --------------------------------------------------------------------------------------

    def take(self, departure: Departure) -> None:
        if departure.rtcp:
            return
        self.received.append(departure.data)
        packet = parse_rtp(departure.data)
        if packet.payload_type == EVENTS:
            return  # a key; it is in `received`
        if packet.payload_type == OPUS.payload_type:
            decoded = self._decoder.decode(packet.payload)
            assert decoded is not None
        elif self.codec.name == "g722":
            decoded = self._up_from_16k.run(self._from_g722.decode(packet.payload))
        else:
            decoded = self._up.run(LAWS[self.codec.name].expand(packet.payload))
        self._heard.append(decoded)

    @property
    def heard(self) -> Sound:
        """Everything heard so far, or since forget(), at 48 kHz."""
        return np.concatenate(self._heard) if self._heard else np.zeros(0, np.float32)

    def forget(self) -> None:
        self._heard.clear()


class Rig:
    """The engine, its callers and the time."""

    def __init__(self, *, loudest: int = 4, dead_after_ms: int = 30_000) -> None:
        self.ports = FakePorts()
        self.engine = Engine(self.ports, prompts(), random.Random(7), lambda: 1_700_000_000.0)
        self.now = 1000.0
        self.start = self.now
        self.told: list[messages.Notification] = []
        self.callers: dict[str, Caller] = {}
        self.ids = count(1)
        self._on_the_way: list[tuple[float, int, Arrival]] = []
        self._order = count()
        self._plan_numbers = count(1)
        self.ask(Configure(id=0, port_low=20_000, port_high=20_999, loudest=loudest, dead_after_ms=dead_after_ms))

    def ask(self, request: messages.Request) -> messages.Response | None:
        return self.engine.handle(request, self.now)

    def call(self, name: str, codec: Codec = OPUS, **media: bool | int) -> Caller:
        """A caller appears and its leg is open."""
        caller = Caller(self, name, codec, len(self.callers) + 1)
        self.callers[name] = caller
        caller._next_packet = (self.now - self.start) * caller.clock
        answer = self.ask(
            messages.OpenLeg(id=next(self.ids), leg=name, local="192.0.2.200", media=self.media(caller, **media))
        )
        assert isinstance(answer, messages.LegOpened), answer
        return caller

    def media(self, caller: Caller, **changes: object) -> LegMedia:
        fields: dict[str, object] = {
            "remote_host": caller.source[0],
            "remote_port": caller.source[1],
            "codec": caller.codec,
            "dtmf_payload_type": EVENTS,
        }
        return LegMedia(**(fields | changes))  # type: ignore[arg-type]

    def calls(self, names: Iterable[str], codec: Codec = OPUS) -> list[Caller]:
        return [self.call(name, codec) for name in names]

    def plan(self, *legs: LegPlan, meeting: str = "m", number: int | None = None) -> messages.Response | None:
        chosen = next(self._plan_numbers) if number is None else number
        return self.ask(messages.SetPlan(id=next(self.ids), meeting=meeting, number=chosen, legs=tuple(legs)))

    def gather(self, *names: str) -> None:
        """A plan in which all of them talk and listen."""
        everybody = names or tuple(self.callers)
        self.plan(*(talker(name) for name in everybody))

    def play(self, leg: str, *names: str, play: int = 1, language: str = "x-test") -> messages.Response | None:
        request = messages.Play(id=next(self.ids), leg=leg, play=play, prompts=names, language=language)
        return self.ask(request)

    def deliver(self, caller: Caller, at: float, data: bytes, source: tuple[str, int] | None = None) -> None:
        arrival = Arrival(caller.name, False, data, source or caller.source)
        self._on_the_way.append((at, next(self._order), arrival))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.tick()

    def tick(self) -> None:
        self.now += TICK
        for caller in self.callers.values():
            for at, data in caller.emit(self.now - self.start):
                self.deliver(caller, self.start + at, data)
        self._on_the_way.sort()
        due = [arrival for at, _, arrival in self._on_the_way if at <= self.now + 1e-9]
        del self._on_the_way[: len(due)]
        for departure in self.engine.step(self.now, due):
            self.carry(departure)
        self.told += self.engine.take_notifications()

    def carry(self, departure: Departure) -> None:
        """One datagram of the engine's reaches whom it is for."""
        self.callers[departure.leg].take(departure)

    def told_of(self, kind: type[Told]) -> list[Told]:
        """What the engine has told of one kind."""
        return [message for message in self.told if isinstance(message, kind)]

    def told_statistics(self, leg: str) -> messages.LegStatistics:
        """The last statistics told of one leg."""
        return self.told_of(messages.Statistics)[-1].legs[leg]

    def dump(self, leg: str) -> dict[str, object]:
        found: dict[str, object] = self.engine.dump()["legs"][leg]
        return found


def talker(name: str, **changes: object) -> LegPlan:
    """An active participant: talks and listens."""
    fields: dict[str, object] = {"leg": name, "contributes": True, "receives": True}
    return LegPlan(**(fields | changes))  # type: ignore[arg-type]
