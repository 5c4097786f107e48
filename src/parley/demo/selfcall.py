"""One call to ourselves by UDP, TCP or TLS, told in full: what answered, from where, and what came back of a tone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..engine.g711 import MU
from ..wire.offer_answer import PCMU, Audio, Local, make_offer, read_answer
from ..wire.rtp import MalformedPacket, build_rtp, parse_rtp
from ..wire.sdp import parse
from ..wire.sip.answers import Dialect
from ..wire.sip.events import IncomingReinvite, IncomingRequest, ResponseReceived
from ..wire.sip.flow import Flow
from ..wire.sip.framing import Frame, StreamFramer
from ..wire.sip.layer import SipLayer
from .tones import FRAME, Samples, tone_frame, tone_level

TONE = 1020.0  # Hz; a voice does not stay on one frequency for half a second
STEADY = 0.1  # of 0.25 that is sent, in half a second of sound
HEARD_FRAMES = 25
ANSWER_WITHIN = 3.0  # seconds for one request on a network that works

Address = tuple[str, int]


class NoAnswer(Exception):
    """Nobody answered, and why as far as it shows. Its text is for people."""


class Elsewhere(NoAnswer):
    """Somebody answered, from another address than the one that was asked."""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take
        self.refused = False

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, (addr[0], addr[1]))

    def error_received(self, _problem: Exception) -> None:
        self.refused = True


def words_of(problem: OSError) -> str:
    """What the system says of it, without the address, which its teller knows better."""
    return os.strerror(problem.errno) if problem.errno else type(problem).__name__


@dataclass(slots=True)
class Sound:
    """What came of the tone. sources: where packets came from; delay: seconds until it came back, if it did."""

    remote: Address | None = None
    packets: int = 0
    sources: set[Address] = field(default_factory=set)
    refused: bool = False
    heard: bool = False
    delay: float | None = None


async def route_to(host: str) -> str:
    """Our address on the way to a numeric one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))
        address: str = probe.getsockname()[0]
        return address


async def is_refused(remote: Address, wait: float = 0.3) -> bool:
    """Does the machine at a UDP address say that nobody listens there? (Silence proves nothing.)"""
    loop = asyncio.get_running_loop()
    protocol = _Datagrams(lambda _data, _address: None)
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, remote_addr=remote)
    try:
        transport.sendto(b"\r\n\r\n")
        await asyncio.sleep(wait)
        return protocol.refused
    finally:
        transport.close()


class SelfCall:
    """`async with SelfCall("udp", ("192.0.2.1", 5060)) as call`, then `options`, `invite`, `listen`, `hang_up`."""

    def __init__(self, transport: str, remote: Address, tls: ssl.SSLContext | None = None, name: str = "") -> None:
        """tls: with what a TLS connection is made; name: whose certificate is expected."""
        self.transport, self.remote = transport, remote
        self.strangers: set[Address] = set()  # who answered from elsewhere
        self._tls, self._name = tls, name
        self._layer = SipLayer(Dialect(agent="parley-check"))
        self._answers: asyncio.Queue[ResponseReceived] = asyncio.Queue()
        self._send: Callable[[bytes], object] = lambda _data: None
        self._tasks: list[asyncio.Task[None]] = []
        self._close: list[Callable[[], object]] = []

    async def __aenter__(self) -> SelfCall:
        """Raises OSError and ssl.SSLError where no connection comes about."""
        if self.transport == "udp":
            await self._open_datagrams()
        else:
            await self._open_stream()
        self._tasks.append(asyncio.create_task(self._keep_time()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for close in self._close:
            close()

    async def _open_datagrams(self) -> None:
        local = await route_to(self.remote[0])
        loop = asyncio.get_running_loop()
        endpoint, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._on_datagram), local_addr=(local, 0))
        self._close.append(endpoint.close)
        self.local: Address = endpoint.get_extra_info("sockname")[:2]
        self._send = lambda data: endpoint.sendto(data, self.remote)
        self._flow = Flow("udp", self.local, self.remote)

    async def _open_stream(self) -> None:
        async with asyncio.timeout(ANSWER_WITHIN):
            reader, writer = await asyncio.open_connection(
                *self.remote, ssl=self._tls, server_hostname=self._name or None if self._tls else None
            )
        self._close.append(writer.close)
        self.local = writer.get_extra_info("sockname")[:2]
        self._send = writer.write
        self._flow = Flow(self.transport, self.local, self.remote)
        self._tasks.append(asyncio.create_task(self._read(reader)))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        framer = StreamFramer()
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                for item in framer.feed(data):
                    if isinstance(item, Frame):
                        self._on_message(item.data)

    def _on_datagram(self, data: bytes, source: Address) -> None:
        if source != self.remote:
            self.strangers.add(source)
        else:
            self._on_message(data)

    def _on_message(self, data: bytes) -> None:
        for event in self._layer.receive(data, self._flow, time.monotonic()):
            match event:
                case ResponseReceived() if event.response.status >= 200:
                    self._answers.put_nowait(event)
                case IncomingReinvite() | IncomingRequest():
                    self._layer.respond(event.transaction, 200, time.monotonic())
        self._flush()

    def _flush(self) -> None:
        for item in self._layer.drain():
            self._send(item.data)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            self._layer.tick(time.monotonic())
            self._flush()

    async def _answer(self, within: float) -> ResponseReceived:
        """Raises NoAnswer."""
        try:
            self._flush()
            return await asyncio.wait_for(self._answers.get(), within)
        except TimeoutError:
            pass
        except OSError as problem:
            raise NoAnswer(f"cannot be reached: {words_of(problem)}") from None
        if self.strangers:
            host, port = min(self.strangers)
            raise Elsewhere(f"the answer came from {host}:{port}, another address than the one asked")
        if self.transport == "udp" and await is_refused(self.remote):
            raise NoAnswer("nobody listens on that port")
        raise NoAnswer("nothing answered")

    # --- what it does ---------------------------------------------------------------------------------------------

    @property
    def _from(self) -> str:
        host = f"[{self.local[0]}]" if ":" in self.local[0] else self.local[0]
        return f"<sip:check@{host}>"

    async def options(self, uri: str) -> int:
        """The status of the answer to OPTIONS. Raises NoAnswer."""
        self._layer.options(uri, self._flow, time.monotonic(), from_=self._from)
        return (await self._answer(ANSWER_WITHIN)).response.status

    async def invite(self, uri: str) -> tuple[int, Audio | None]:
        """The status, and the audio that was agreed. Raises NoAnswer; SdpMistake for an answer that none can read."""
        loop = asyncio.get_running_loop()
        self._sound = Sound()
        self._heard: deque[Samples] = deque(maxlen=HEARD_FRAMES)
        self._tone_last: float | None = None
        self._audio: Audio | None = None
        self._rtp, self._rtp_protocol = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_rtp), local_addr=(self.local[0], 0)
        )
        self._close.append(self._rtp.close)
        port = self._rtp.get_extra_info("sockname")[1]
        offer = make_offer(Local(self.local[0], port, secrets.randbits(31)), preferences=(PCMU,))
        self._layer.invite(uri, self._flow, time.monotonic(), from_=self._from, body=offer.serialise())
        event = await self._answer(ANSWER_WITHIN * 2)
        self._dialog = event.dialog
        if event.response.status < 300:
            self._audio = read_answer(offer, parse(event.response.body))
        return event.response.status, self._audio

    async def listen(self, within: float) -> Sound:
        """Send a tone until it is heard, then stop it and take the time until it is gone."""
        sound = self._sound
        if self._audio is None or self._audio.remote is None:
            return sound
        sound.remote = self._audio.remote
        sender = asyncio.create_task(self._send_tone(sound.remote))
        try:
            end = time.monotonic() + within
            while time.monotonic() < end and not sound.heard:
                await asyncio.sleep(0.02)
                sound.heard = len(self._heard) == HEARD_FRAMES and self._hears(np.concatenate(self._heard))
            self._tone = False
            stopped = time.monotonic()
            for _ in range(150 if sound.heard else 0):
                await asyncio.sleep(0.02)
                if time.monotonic() - (self._tone_last or 0.0) > 0.3:
                    break
            if sound.heard and self._tone_last is not None:
                sound.delay = max(0.0, self._tone_last - stopped)
            sound.refused = not sound.packets and await is_refused(sound.remote)
        finally:
            sender.cancel()
        return sound

    async def hang_up(self) -> None:
        """BYE, if there is a call."""
        if self._dialog is not None:
            self._layer.bye(self._dialog, time.monotonic())
            with contextlib.suppress(NoAnswer):
                await self._answer(1.0)

    def _hears(self, samples: Samples) -> bool:
        return tone_level(samples, TONE) > STEADY

    def _on_rtp(self, data: bytes, source: Address) -> None:
        with contextlib.suppress(MalformedPacket):
            packet = parse_rtp(data)
            self._sound.packets += 1
            if len(self._sound.sources) < 10:
                self._sound.sources.add(source)
            if packet.payload_type == PCMU.payload and packet.payload:
                samples = MU.expand(packet.payload)
                self._heard.append(samples)
                if self._hears(samples):
                    self._tone_last = time.monotonic()

    async def _send_tone(self, remote: Address) -> None:
        ssrc, sequence, position, self._tone = secrets.randbits(32), secrets.randbits(15), 0, True
        due = time.monotonic()
        while True:
            frame = tone_frame(TONE, position, 0.25 if self._tone else 0.0)
            self._rtp.sendto(build_rtp(0, sequence, position, ssrc, MU.compress(frame)), remote)
            sequence, position, due = sequence + 1, position + FRAME, due + 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))
