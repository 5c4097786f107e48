"""A SIP caller that costs little: one call at a time by UDP, PCMU at 20 ms, digits by RFC 4733, and an ear for tones.

Every packet that comes is kept with the moment of its coming, so that a bench can ask when a tone was first heard.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from parley.engine.g711 import MU
from parley.wire.rtp import build_rtp, is_rtcp, parse_rtp

TICK = 0.02
RATE = 8000
FRAME = 160
PCMU, DIGITS = 0, 96
AMPLITUDE = 0.2
AUDIBLE = 0.05  # amplitude of a tone in one packet
KEPT = 3000  # packets: a minute
DIGIT_TICKS = 3
ENDS = 3  # an RFC 4733 end is said three times
EVENTS = {character: number for number, character in enumerate("0123456789*#ABCD")}
PATIENCE = 10.0  # seconds


class CallFailed(Exception):
    """Refused, or not answered in time."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One packet: when it came (monotonic) and its 160 samples."""

    at: float
    samples: np.ndarray


def amplitude(samples: np.ndarray, frequency: float) -> float:
    """Of the tone in these samples."""
    turns = np.exp(-2j * np.pi * frequency * np.arange(len(samples)) / RATE)
    return float(2 * abs(np.mean(samples * turns)))


class LightCaller:
    """`await caller.open(); await caller.call("user"); ...; await caller.hang_up()`."""

    def __init__(self, address: str, server: tuple[str, int], domain: str, *, tone: float = 0.0) -> None:
        """tone: Hz that it hums all the time; 0: silence."""
        self._address, self._server, self._domain = address, server, domain
        self.tone = tone
        self.heard: deque[Heard] = deque(maxlen=KEPT)
        self.invited_at = self.answered_at = self.acknowledged_at = 0.0
        self.digit_began_at = self.digit_ended_at = self.resumed_at = 0.0
        self._far: tuple[str, int] | None = None
        self._sequence = self._phase = 0
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._pressed: deque[str] = deque()
        self._event: tuple[str, int, int] | None = None  # digit, its timestamp, ticks so far
        self._talking: asyncio.Task[None] | None = None
        self._hums: asyncio.Future[float] | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._sip, _ = await loop.create_datagram_endpoint(lambda: _Receiver(self._signalled), (self._address, 0))
        self._rtp, _ = await loop.create_datagram_endpoint(lambda: _Receiver(self._media), (self._address, 0))
        self._contact = f"{self._address}:{self._sip.get_extra_info('sockname')[1]}"

    def close(self) -> None:
        if self._talking is not None:
            self._talking.cancel()
        self._sip.close()
        self._rtp.close()

    async def call(self, user: str) -> None:
        """Until acknowledged. Raises CallFailed."""
        self._uri = f"sip:{user}@{self._domain}"
        self._call, self._tag, self._to = secrets.token_hex(8), secrets.token_hex(4), f"<sip:{user}@{self._domain}>"
        self.heard.clear()
        self._pressed.clear()
        self._event = None  # a key that was still down when the last call ended
        port = self._rtp.get_extra_info("sockname")[1]
        offer = (
            f"v=0\r\no=- 1 1 IN IP4 {self._address}\r\ns=-\r\nc=IN IP4 {self._address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 {DIGITS}\r\na=rtpmap:{DIGITS} telephone-event/8000\r\na=ptime:20\r\n"
        )
        self.invited_at = time.monotonic()
        self._request("INVITE", 1, self._uri, offer)
        answer = await self._final()
        self.answered_at = time.monotonic()
        media = re.search(r"(?m)^c=IN IP4 (\S+)[\s\S]*?^m=audio (\d+)", answer)
        contact = re.search(r"(?im)^Contact:\s*<([^>]+)>", answer)
        to = re.search(r"(?im)^To:\s*(.+?)\r?$", answer)
        if not answer.startswith("SIP/2.0 200") or media is None or contact is None or to is None:
            self._request("ACK", 1, self._uri)
            raise CallFailed(answer.splitlines()[0])
        self._far, self._uri, self._to = (media[1], int(media[2])), contact[1], to[1]
        self._request("ACK", 1, self._uri)
        self.acknowledged_at = time.monotonic()
        if self._talking is not None:
            self._talking.cancel()
        self._talking = asyncio.create_task(self._talk())  # with a first packet at once, as phones do

    async def hang_up(self) -> None:
        self._request("BYE", 2, self._uri)
        self._far = None
        await self._final()

    def press(self, digits: str) -> None:
        """One after another; `digit_began_at` and `digit_ended_at` tell of the last one's packets.

        No sound is sent meanwhile; `resumed_at` tells of the first packet with sound after them.
        """
        self._pressed.extend(digits)

    async def hum(self, frequency: float) -> float:
        """Begin a tone; when its first packet left."""
        self.tone = frequency
        self._hums = asyncio.get_running_loop().create_future()
        return await self._hums

    async def hears(self, frequency: float, *, after: float, patience: float = PATIENCE) -> float:
        """When the first packet came that holds the tone, of those that came after a moment. Raises CallFailed."""

        def holds(one: Heard) -> bool:
            return amplitude(one.samples, frequency) > AUDIBLE

        return await self._first(holds, after, patience)

    async def hears_anything(self, *, after: float, patience: float = PATIENCE) -> float:
        """The same of whatever is louder than silence."""
        return await self._first(lambda one: float(np.abs(one.samples).max()) > AUDIBLE, after, patience)

    async def quiet_of(self, frequency: float, seconds: float = 0.1) -> None:
        """Until the tone has been away for so long."""
        since = time.monotonic()
        while time.monotonic() - since < seconds:
            await asyncio.sleep(TICK)
            if any(each.at > since and amplitude(each.samples, frequency) > AUDIBLE for each in list(self.heard)[-5:]):
                since = time.monotonic()

    async def _first(self, good: object, after: float, patience: float) -> float:
        assert callable(good)
        until = time.monotonic() + patience
        looked = 0.0
        while time.monotonic() < until:
            for each in list(self.heard):
                if each.at > max(after, looked) and good(each):
                    return each.at
            looked = self.heard[-1].at if self.heard else looked
            await asyncio.sleep(0.01)
        raise CallFailed("not heard")

    # --- the wire ---------------------------------------------------------------------------------------------

    def _request(self, method: str, number: int, uri: str, body: str = "") -> None:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self._contact};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:light@phones.example>;tag={self._tag}\r\nTo: {self._to}\r\n"
            f"Call-ID: {self._call}\r\nCSeq: {number} {method}\r\nContact: <sip:light@{self._contact}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._sip.sendto(text.encode(), self._server)

    async def _final(self) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self._answers.get()
                if not answer.startswith("SIP/2.0 1"):
                    return answer

    def _signalled(self, data: bytes) -> None:
        text = data.decode(errors="replace")
        if text.startswith("SIP/2.0") and self._call in text:
            self._answers.put_nowait(text)

    def _media(self, data: bytes) -> None:
        if not is_rtcp(data) and (packet := parse_rtp(data)) is not None and packet.payload_type == PCMU:
            self.heard.append(Heard(time.monotonic(), MU.expand(packet.payload)[:FRAME]))

    async def _talk(self) -> None:
        due = time.monotonic()
        while True:
            if self._far is not None:
                self._tick(self._far)
            due += TICK
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _tick(self, far: tuple[str, int]) -> None:
        stamp = self._phase
        if self._event is None and self._pressed:
            self._event = (self._pressed.popleft(), stamp, 0)
            self.digit_began_at = time.monotonic()
        if self._event is not None:
            self._press_on(far)
        else:
            if self.resumed_at < self.digit_ended_at:
                self.resumed_at = time.monotonic()
            place = (self._phase + np.arange(FRAME)) / RATE
            wave = AMPLITUDE * np.sin(2 * np.pi * self.tone * place) if self.tone else np.zeros(FRAME)
            self._send(far, PCMU, stamp, MU.compress(wave.astype(np.float32)))
            if self._hums is not None and self.tone and not self._hums.done():
                self._hums.set_result(time.monotonic())
        self._phase += FRAME

    def _press_on(self, far: tuple[str, int]) -> None:
        assert self._event is not None
        digit, stamp, ticks = self._event
        ends = ticks + 1 >= DIGIT_TICKS
        duration = (ticks + 1) * FRAME
        payload = bytes((EVENTS[digit], 0x8A if ends else 0x0A)) + duration.to_bytes(2, "big")
        for _ in range(ENDS if ends else 1):
            self._send(far, DIGITS, stamp, payload)
        self._event = None if ends else (digit, stamp, ticks + 1)
        if ends:
            self.digit_ended_at = time.monotonic()

    def _send(self, far: tuple[str, int], kind: int, stamp: int, payload: bytes) -> None:
        self._rtp.sendto(build_rtp(kind, self._sequence & 0xFFFF, stamp & 0xFFFFFFFF, 77, payload), far)
        self._sequence += 1


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, take: object) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert callable(self._take)
        self._take(data)
