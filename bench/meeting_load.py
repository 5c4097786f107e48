"""Phones and browsers that cost little and remember what they hear: the load of bench_browser_meeting.py."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from light_browser import LightBrowser

from parley.engine.g711 import MU
from parley.engine.opus import OpusDecoder
from parley.wire.rtp import build_rtp, is_rtcp, parse_rtp

TICK = 0.02
REMEMBERED = 25  # packets: half a second
AUDIBLE = 0.005  # of full scale, -46 dBFS


class Ears:
    """What one leg got: how many packets, how many never came, and the newest to be listened to later."""

    def __init__(self) -> None:
        self.received = 0
        self._first = self._highest = -1
        self._recent: deque[bytes] = deque(maxlen=REMEMBERED)

    def take(self, data: bytes) -> None:
        """One RTP packet, whose header is plain."""
        sequence = int.from_bytes(data[2:4], "big")
        if self._first < 0:
            self._first = self._highest = sequence
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest += ahead
        self.received += 1
        self._recent.append(data)

    def begin(self) -> None:
        """Count from here on."""
        self.received, self._first = 0, -1

    @property
    def lost(self) -> int:
        """Since `begin`."""
        return self._highest - self._first + 1 - self.received if self._first >= 0 else 0

    def listen(self, decode: Callable[[bytes], np.ndarray | None]) -> bool:
        """Whether what came last is more than silence."""
        frames = [frame for data in self._recent if (frame := decode(data)) is not None]
        return bool(frames) and float(np.sqrt(np.mean(np.concatenate(frames) ** 2))) > AUDIBLE


class Talker(Protocol):
    """What both kinds have in common."""

    ears: Ears

    def tick(self, now: float) -> None: ...

    def hears(self) -> bool: ...

    def close(self) -> None: ...


class LightPhone(asyncio.DatagramProtocol):
    """Plain RTP; opus False: PCMU. payloads: sent one each 20 ms, over and over."""

    def __init__(self, number: int, payloads: Sequence[bytes], *, opus: bool) -> None:
        self.number, self.payloads, self.opus = number, payloads, opus
        self.ears = Ears()
        self._sequence = 0
        self._server: tuple[str, int] | None = None

    async def open(self, address: str) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (address, 0))
        host, port = self._transport.get_extra_info("sockname")
        return host, port

    def connect(self, server: tuple[str, int]) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not is_rtcp(data):
            self.ears.take(data)

    def tick(self, now: float) -> None:
        if self._server is None:
            return
        kind, step = (111, 960) if self.opus else (0, 160)
        payload = self.payloads[self._sequence % len(self.payloads)]
        data = build_rtp(kind, self._sequence, self._sequence * step, self.number + 1, payload)
        self._transport.sendto(data, self._server)
        self._sequence += 1

    def hears(self) -> bool:
        decode = OpusDecoder().decode if self.opus else MU.expand
        return self.ears.listen(lambda data: decode(parse_rtp(data).payload))

    def close(self) -> None:
        self._transport.close()


class HearingBrowser(LightBrowser):
    """A light browser that opens its first packet and, in the end, the newest."""

    def __init__(self, number: int, payloads: list[bytes], level: int) -> None:
        super().__init__(number, payloads, level)
        self.ears = Ears()

    def heard(self, data: bytes) -> None:
        if is_rtcp(data):
            return
        if not self.ears.received and self.srtp is not None:
            self.srtp.open(data)  # libsrtp follows the sequence's turns from here on
        self.ears.take(data)

    def hears(self) -> bool:
        decoder = OpusDecoder()

        def decode(data: bytes) -> np.ndarray | None:
            plain = self.srtp.open(data) if self.srtp is not None else None
            return None if plain is None else decoder.decode(parse_rtp(plain).payload)

        return self.ears.listen(decode)


class Pacer:
    """Everybody in `talkers` sends, each at a moment of the 20 ms that is its own.

    worst_late: seconds that a packet left too late, which is nobody's fault but the load's own.
    """

    def __init__(self) -> None:
        self.talkers: dict[Talker, None] = {}  # in the order of their coming
        self.worst_late = 0.0

    async def run(self) -> None:
        began = time.monotonic()
        while True:
            talkers = list(self.talkers)
            for place, talker in enumerate(talkers):
                due = began + place / len(talkers) * TICK
                now = time.monotonic()
                if due > now + 0.001:
                    await asyncio.sleep(due - now)
                now = time.monotonic()
                self.worst_late = max(self.worst_late, now - due)
                if talker in self.talkers:  # has not gone since
                    talker.tick(now)
            began += TICK
            await asyncio.sleep(0 if talkers else TICK)
