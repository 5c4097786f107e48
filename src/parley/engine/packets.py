"""Pieces of encoded sound into packets of the length that the far end asked for.

An encoder makes 20 ms at every tick, for all its listeners alike; how many milliseconds go into one packet is each
listener's own affair. A byte of G.711 or G.722 is an eighth of a millisecond, so these are cut anywhere. Opus frames
are gathered into one packet as long as they are of one configuration (RFC 6716 section 3.2.5); for times that are no
multiple of 20 ms there is an encoder of 10 ms frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from parley.engine.opus import join_packets
from parley.engine.sound import TICK_MS

PACKET_TIMES = range(10, 61, 10)
_BYTES_PER_MS = 8


class Ready(NamedTuple):
    """One payload to send. offset_ms: when its sound begins, from the beginning of this tick's."""

    payload: bytes
    offset_ms: int
    silent: bool


class Packetiser(Protocol):
    def add(self, pieces: Sequence[bytes], *, silent: bool) -> list[Ready]:
        """The tick's 20 ms, in equal pieces; the packets that are full with them."""

    def clear(self) -> None:
        """Forget what is held: time went on without it."""


class _BytePackets:
    def __init__(self, packet_ms: int) -> None:
        self._size = packet_ms * _BYTES_PER_MS
        self.clear()

    def clear(self) -> None:
        self._held, self._silent = b"", True

    def add(self, pieces: Sequence[bytes], *, silent: bool) -> list[Ready]:
        offset = -(len(self._held) // _BYTES_PER_MS)
        data = self._held + b"".join(pieces)
        ready, at, quiet = [], 0, silent and (self._silent or not self._held)
        while len(data) - at >= self._size:
            ready.append(Ready(data[at : at + self._size], offset + at // _BYTES_PER_MS, quiet))
            at += self._size
            quiet = silent
        self._held, self._silent = data[at:], quiet
        return ready


class _OpusPackets:
    def __init__(self, packet_ms: int, frame_ms: int) -> None:
        self._most = packet_ms // frame_ms
        self._frame_ms = frame_ms
        self.clear()

    def clear(self) -> None:
        self._held: list[bytes] = []
        self._silent = True

    def add(self, pieces: Sequence[bytes], *, silent: bool) -> list[Ready]:
        ready: list[Ready] = []
        for number, piece in enumerate(pieces):
            now = number * self._frame_ms
            if self._held and (self._held[0][0] ^ piece[0]) & 0xFC:  # another mode or bandwidth: a packet has but one
                self._flush(ready, now)
            self._held.append(piece)
            self._silent = self._silent and silent
            if len(self._held) >= self._most:
                self._flush(ready, now + self._frame_ms)
        return ready

    def _flush(self, ready: list[Ready], end_ms: int) -> None:
        start = end_ms - len(self._held) * self._frame_ms
        ready.append(Ready(join_packets(self._held), start, self._silent))
        self.clear()


def encoding_for(codec: str, packet_ms: int) -> str:
    """Which encoder's output suits packets of this length: what is equal here is shared among listeners."""
    return "opus/10" if codec == "opus" and packet_ms % TICK_MS else codec


def make_packetiser(codec: str, packet_ms: int) -> Packetiser | None:
    """None: a tick's piece is a packet as it is."""
    if packet_ms == TICK_MS:
        return None
    if codec == "opus":
        return _OpusPackets(packet_ms, 10 if packet_ms % TICK_MS else TICK_MS)
    return _BytePackets(packet_ms)
