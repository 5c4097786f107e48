"""A telephone typed out by hand: SIP by RawCaller, and RTP of G.711 with whatever packets a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import socket
import struct
import time
from types import TracebackType

import numpy as np

from tests.kit.rawsip import RawCaller

RATE = 8000
NOISE = 13


class RawPhone(RawCaller):
    """`async with RawPhone("127.1.2.3", "127.1.1.1:5060", "sip:room@a.example", packet_ms=30) as phone`: it is in.

    formats and lines go into its offer as they are. What comes to its RTP port is kept in `came`.
    """

    def __init__(
        self, address: str, target: str, uri: str, *, packet_ms: int = 20, formats: str = "0", lines: str = ""
    ) -> None:
        super().__init__(address, target, uri)
        self.answer = ""
        self.came: list[bytes] = []
        self._packet_ms, self._formats, self._lines = packet_ms, formats, lines
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.setblocking(False)
        self._rtp.bind((address, 0))
        self._address = address
        self._stream = secrets.randbits(32)
        self._sequence = 7
        self._stamp = 1000
        self._ended: tuple[str, str] = ("", uri)
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> RawPhone:
        offer = (
            f"v=0\no=raw 1 1 IN IP4 {self._address}\ns=-\nc=IN IP4 {self._address}\nt=0 0\n"
            f"m=audio {self._rtp.getsockname()[1]} RTP/AVP {self._formats}\n"
            f"a=ptime:{self._packet_ms}\n{self._lines}"
        )
        self.send("INVITE", "1 INVITE", body=offer.replace("\n", "\r\n"))
        until = time.monotonic() + 5
        while not self.answer and time.monotonic() < until:
            await self.settle(0.05)
        if not self.answer:
            self.close()
            raise RuntimeError("\n".join(self.replies) or "no answer")
        host, port = re.search(r"c=IN IP4 (\S+)", self.answer), re.search(r"m=audio (\d+)", self.answer)
        assert host is not None and port is not None
        self._far = (host[1], int(port[1]))
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tag, uri = self._ended
        self.send("BYE", "2 BYE", to_tag=tag, branch=f"z9hG4bK{secrets.token_hex(8)}", uri=uri)
        await self.settle(0.2)
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        self.close()
        self._rtp.close()

    def _finish(self, reply: str, status: int) -> None:
        tag = re.search(r"(?im)^To:[^\r\n]*?(;tag=[^;\r\n]+)", reply)
        contact = re.search(r"(?im)^Contact:\s*<?([^>;\r\n]+)", reply)
        self._ended = (tag[1] if tag else "", contact[1] if contact else self._ended[1])
        branch = "" if status >= 300 else f"z9hG4bK{secrets.token_hex(8)}"
        self.send("ACK", "1 ACK", to_tag=self._ended[0], branch=branch, uri="" if status >= 300 else self._ended[1])
        if status < 300:
            self.answer = reply.partition("\r\n\r\n")[2]

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                self.came.append(await loop.sock_recv(self._rtp, 2048))

    # --- saying -----------------------------------------------------------------------------------------------

    def packet(self, kind: int, payload: bytes) -> None:
        """One RTP packet, now."""
        head = struct.pack("!BBHII", 0x80, kind, self._sequence & 0xFFFF, self._stamp & 0xFFFFFFFF, self._stream)
        self._sequence += 1
        self._rtp.sendto(head + payload, self._far)

    async def hum(self, frequency: float, seconds: float, amplitude: float) -> None:
        """A tone, its amplitude in 16-bit units."""
        size, began = RATE * self._packet_ms // 1000, time.monotonic()
        for number in range(round(seconds * 1000 / self._packet_ms)):
            at = (self._stamp + np.arange(size)) / RATE
            self.packet(0, mu_law(amplitude * np.sin(2 * np.pi * frequency * at)))
            self._stamp += size
            await asyncio.sleep(max(began + (number + 1) * self._packet_ms / 1000 - time.monotonic(), 0))

    def lose(self, packets: int) -> None:
        """As if so many had been sent and got lost on the way."""
        self._sequence += packets
        self._stamp += packets * self._packet_ms * 8

    def fall_silent(self, level: int) -> None:
        """One packet of comfort noise, dBov; the caller then lets time pass."""
        self.packet(NOISE, bytes([-level]))

    async def pause(self, seconds: float) -> None:
        """Nothing is sent, but time passes by its clock too."""
        self._stamp += round(seconds * RATE)
        await asyncio.sleep(seconds)


def mu_law(samples: np.ndarray) -> bytes:
    """ITU-T G.711 by its definition, a segment at a time."""
    size = np.minimum(np.abs(samples).astype(np.int64), 32635) + 132
    segment = np.floor(np.log2(size)).astype(np.int64) - 7
    code = (segment << 4) | ((size >> (segment + 3)) & 15) | np.where(samples < 0, 128, 0)
    return bytes((~code & 255).astype(np.uint8))
