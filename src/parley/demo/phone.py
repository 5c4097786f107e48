"""A SIP phone of our own: calls by UDP, sends a tone in PCMU, types digits, and measures the tones it hears."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections import deque

import numpy as np

from ..engine.g711 import MU
from ..wire.offer_answer import PCMU, Audio, Local, make_offer, read_answer
from ..wire.rtp import MalformedPacket, TelephoneEvent, build_event, build_rtp, parse_rtp
from ..wire.sdp import SdpMistake, Session, parse
from ..wire.sip.answers import Dialect
from ..wire.sip.events import DialogEnded, DialogId, Event, IncomingReinvite, IncomingRequest, ResponseReceived
from ..wire.sip.flow import Flow
from ..wire.sip.layer import SipLayer
from .tones import FRAME, Samples, tone_frame, tone_level

KEYS = "0123456789*#ABCD"
HEARD_FRAMES = 25  # half a second is kept for measuring
TONE_PRESENT = 0.02  # a tone is sent at 0.25; a mix of a few voices leaves it far above this


class CallFailed(Exception):
    """The call was refused, or nobody answered."""


class _Sip(asyncio.DatagramProtocol):
    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._phone.on_sip(data, addr)


class _Rtp(asyncio.DatagramProtocol):
    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._phone.on_rtp(data)


class Phone:
    """One call at a time. `async with Phone(...)`, then `call`, `type_digits`, `hears`, `hang_up`."""

    def __init__(self, name: str, frequency: float, host: str, port: int, local: str) -> None:
        self.name = name
        self.frequency = frequency
        self.in_call = False
        self.ended_by_peer = asyncio.Event()
        self._server = (host, port)
        self._local = local
        self._layer = SipLayer(Dialect(agent="parley-demo"))
        self._answered: asyncio.Future[ResponseReceived] | None = None
        self._dialog: DialogId | None = None
        self._audio: Audio | None = None
        self._offer: Session | None = None
        self._heard: deque[Samples] = deque(maxlen=HEARD_FRAMES)
        self._events: deque[TelephoneEvent] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self.first_packet_at: float | None = None

    async def __aenter__(self) -> Phone:
        loop = asyncio.get_running_loop()
        self._sip, _ = await loop.create_datagram_endpoint(lambda: _Sip(self), local_addr=(self._local, 0))
        self._rtp, _ = await loop.create_datagram_endpoint(lambda: _Rtp(self), local_addr=(self._local, 0))
        sock: socket.socket = self._sip.get_extra_info("socket")
        self._flow = Flow("udp", sock.getsockname()[:2], self._server)
        self._rtp_port = self._rtp.get_extra_info("socket").getsockname()[1]
        self._tasks.append(asyncio.create_task(self._keep_time()))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.in_call:
            await self.hang_up()
        for task in self._tasks:
            task.cancel()
        self._sip.close()
        self._rtp.close()

    async def call(self, uri: str, within: float = 10.0) -> None:
        """Call and wait for the answer; sound flows from then on. Raises CallFailed."""
        local = Local(self._local, self._rtp_port, int.from_bytes(secrets.token_bytes(4), "big"))
        self._offer = make_offer(local, preferences=(PCMU,))
        self._answered = asyncio.get_running_loop().create_future()
        sender = f'"{self.name}" <sip:{self.name.lower().replace(" ", ".")}@{self._local}>'
        self._layer.invite(uri, self._flow, time.monotonic(), from_=sender, body=self._offer.serialise())
        self._flush()
        try:
            event = await asyncio.wait_for(self._answered, within)
        except TimeoutError:
            raise CallFailed(f"{uri} did not answer") from None
        if event.response.status >= 300:
            raise CallFailed(f"{uri} answered {event.response.status} {event.response.reason}")
        try:
            self._audio = read_answer(self._offer, parse(event.response.body))
        except SdpMistake as mistake:
            raise CallFailed(f"{uri} answered with an SDP that cannot be read") from mistake
        if self._audio is None or self._audio.remote is None:
            raise CallFailed(f"{uri} refused our audio")
        self._dialog = event.dialog
        self.in_call = True
        self._tasks.append(asyncio.create_task(self._send_sound()))

    async def type_digits(self, digits: str) -> None:
        """RFC 4733, 100 ms a digit; returns when the last one has been sent."""
        assert self._audio is not None
        if self._audio.events is None:
            raise CallFailed("the far end takes no telephone events")
        for digit in digits:
            event = KEYS.index(digit)
            self._events += [TelephoneEvent(event, False, 10, FRAME * n) for n in range(1, 6)]
            self._events += [TelephoneEvent(event, True, 10, FRAME * 5)] * 3
            while self._events:  # noqa: ASYNC110 - the sender drains it frame by frame
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.06)

    async def hang_up(self) -> None:
        if self.in_call and self._dialog is not None:
            self.in_call = False
            self._layer.bye(self._dialog, time.monotonic())
            self._flush()
            await asyncio.sleep(0.1)

    def hears(self, frequency: float) -> bool:
        """Is this tone in the last half second of what was heard?"""
        return bool(self._heard) and tone_level(np.concatenate(self._heard), frequency) > TONE_PRESENT

    def forget(self) -> None:
        """Measure only what comes from now on."""
        self._heard.clear()

    def level(self) -> float:
        """Root mean square of the last half second, 0 to 1."""
        return float(np.sqrt(np.mean(np.concatenate(self._heard) ** 2))) if self._heard else 0.0

    # --- inside ------------------------------------------------------------------------------------------------

    def on_sip(self, data: bytes, addr: tuple[str, int]) -> None:
        flow = self._flow.towards(addr[:2])
        for event in self._layer.receive(data, flow, time.monotonic()):
            self._take(event)
        self._flush()

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived() if event.response.status >= 200 and self._answered and not self._answered.done():
                self._answered.set_result(event)
            case DialogEnded():
                self.in_call = False
                self.ended_by_peer.set()
            case IncomingReinvite() | IncomingRequest():
                self._layer.respond(event.transaction, 488, time.monotonic())

    def on_rtp(self, data: bytes) -> None:
        try:
            packet = parse_rtp(data)
        except MalformedPacket:
            return
        if self._audio is not None and packet.payload_type == self._audio.codec.payload and packet.payload:
            self.first_packet_at = self.first_packet_at or time.monotonic()
            self._heard.append(MU.expand(packet.payload))

    def _flush(self) -> None:
        for item in self._layer.drain():
            self._sip.sendto(item.data, item.flow.remote)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for event in self._layer.tick(time.monotonic()):
                self._take(event)
            self._flush()

    async def _send_sound(self) -> None:
        """Sound on a steady clock: a late wake-up is made good by the next sleep being shorter."""
        assert self._audio is not None
        ssrc, sequence, position = secrets.randbits(32), secrets.randbits(15), 0
        event_start = 0
        due = time.monotonic()
        while self.in_call:
            if self._events:
                event = self._events.popleft()
                first = event.duration == FRAME and not event.end
                event_start = position if first else event_start
                kind = self._audio.events.payload if self._audio.events else 101
                packet = build_rtp(kind, sequence, event_start, ssrc, build_event(event), marker=first)
            else:
                frame = tone_frame(self.frequency, position)
                packet = build_rtp(self._audio.codec.payload, sequence, position, ssrc, MU.compress(frame))
            self._rtp.sendto(packet, self._audio.remote)
            sequence, position = sequence + 1, position + FRAME
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))
