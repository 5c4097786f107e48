"""The sound of many phones at little cost: PCMU sent by one thread, arrivals timed by the kernel.

Nothing of ours encodes or decodes here, so that a mistake of ours is not made twice. A test that stands still for a
moment does not move the times, for the kernel takes them.
"""

from __future__ import annotations

import itertools
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .tones import Sound, sine, strength

RATE = 8000
FRAME = 160
SO_TIMESTAMPNS = 35
QUIET = b"\xff" * FRAME
AMPLITUDE = 0.25


def _decoded(code: int) -> int:
    """One octet of G.711 mu-law, 16 bits."""
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - size if code & 0x80 else size - 0x84


TABLE = np.array([_decoded(code) for code in range(256)], np.int32)


def encoded(sound: Sound) -> bytes:
    order = np.argsort(TABLE, kind="stable")
    samples = (sound * 32767).astype(np.int32)
    right = np.clip(np.searchsorted(TABLE[order], samples), 1, 255)
    nearer = samples - TABLE[order[right - 1]] < TABLE[order[right]] - samples
    found: NDArray[np.uint8] = np.where(nearer, order[right - 1], order[right]).astype(np.uint8)
    return found.tobytes()


@dataclass
class Voice:
    """One phone's RTP. heard: (arrival, payload) in order of arrival, arrival in seconds of the wall clock."""

    socket: socket.socket
    frames: list[bytes]
    remote: tuple[str, int] | None = None
    heard: list[tuple[float, bytes]] = field(default_factory=list)
    sent: int = 0

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def packet(self) -> bytes:
        payload = self.frames[self.sent % len(self.frames)]
        head = struct.pack("!BBHII", 0x80, 0, self.sent & 0xFFFF, self.sent * FRAME & 0xFFFFFFFF, self.port)
        self.sent += 1
        return head + payload

    def longest_gap(self, start: float, end: float) -> float:
        """The longest time without a packet between these moments."""
        times = [start, *(at for at, _ in self.heard if start < at < end), end]
        return max(after - before for before, after in itertools.pairwise(times))

    def sound(self, start: float, end: float) -> Sound:
        raw = b"".join(payload for at, payload in self.heard if start <= at < end)
        return (TABLE[np.frombuffer(raw, np.uint8)] / 32768).astype(np.float32)

    def tones(self, among: list[float], start: float, end: float) -> set[float]:
        """Which of these are there throughout: in nine of ten windows of 100 ms."""
        sound = self.sound(start, end)
        if len(sound) < RATE // 5:
            return set()
        return {tone for tone in among if (strength(sound, tone, RATE, 100.0) > AMPLITUDE / 5).mean() > 0.9}


class Chorus:
    """`with Chorus() as chorus: voice = chorus.voice("127.1.2.3", 440.0)`; it hums once its remote is set."""

    def __init__(self) -> None:
        self._voices: dict[int, Voice] = {}
        self._poll = select.epoll()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Chorus:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for voice in self._voices.values():
            voice.socket.close()
        self._poll.close()

    def voice(self, address: str, tone: float | None = None) -> Voice:
        """tone: a whole number of Hz; None: silence is sent."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((address, 0))
        frames = [QUIET]
        if tone is not None:
            second = encoded(sine(tone, 1.0, RATE, AMPLITUDE))
            frames = [second[at : at + FRAME] for at in range(0, RATE, FRAME)]
        voice = Voice(sock, frames)
        self._voices[sock.fileno()] = voice
        self._poll.register(sock.fileno(), select.EPOLLIN)
        return voice

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            for descriptor, _ in self._poll.poll(max(0.0, due - time.monotonic())):
                self._receive(self._voices[descriptor])
            if time.monotonic() < due:
                continue
            due += FRAME / RATE
            for voice in list(self._voices.values()):
                if voice.remote is not None:
                    voice.socket.sendto(voice.packet(), voice.remote)

    def _receive(self, voice: Voice) -> None:
        while True:
            try:
                data, extra, _, _ = voice.socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            except OSError:
                continue  # the port at the other end is closed
            seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
            if data[1] & 0x7F == 0:
                voice.heard.append((seconds + nanoseconds / 1e9, data[12:]))
