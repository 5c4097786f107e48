"""A crowd of plain-RTP participants in a process of its own: every one sends a packet each 20 ms and hears.

One UDP socket serves them all, since whoever mixes tells them apart by the port they send to: so the load stays far
cheaper than what it measures. Those who send do so spread over the 20 ms, in SLOTS groups.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import numpy as np
from bench_audio_mix import voice

from parley.engine.g711 import MU
from parley.engine.opus import OpusEncoder
from parley.wire.rtp import build_rtp

TICK = 0.02
SLOTS = 20
RECORDED = 250  # packets of 20 ms: five seconds, repeated
VOICES = 8  # different recordings; who shares one begins elsewhere in it
TALKS, ROOM = 0.2, 0.0005  # amplitudes
BUFFER = 8 << 20  # bytes
READ_AT_ONCE = 4096

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a codec is spoken. step: of the RTP timestamp, for 20 ms."""

    name: str
    payload_type: int
    step: int


KINDS = {"opus": Kind("opus", 111, 960), "pcmu": Kind("pcmu", 0, 160)}


@dataclass(slots=True)
class Ear:
    """What one participant got while it was measured."""

    received: int = 0
    first: int = -1
    highest: int = -1

    def take(self, sequence: int) -> None:
        if self.first < 0:
            self.first = self.highest = sequence
        ahead = (sequence - self.highest) & 0xFFFF
        if ahead < 0x8000:
            self.highest += ahead
        self.received += 1

    @property
    def holes(self) -> int:
        return self.highest - self.first + 1 - self.received if self.first >= 0 else 0


@dataclass(frozen=True, slots=True)
class Report:
    """Over the seconds that were measured. late: seconds that a group left too late at worst: the load's own fault."""

    received: int
    holes: int
    deaf: int
    late: float


@dataclass(slots=True)
class Crowd:
    """Started beside the bench; `address` is where everybody is to be sent to."""

    host: str
    kind: Kind
    address: Address = field(init=False)
    _far: Connection = field(init=False)
    _process: multiprocessing.process.BaseProcess = field(init=False)

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._far, near = context.Pipe()
        self._process = context.Process(target=_run, args=(near, self.host, self.kind), daemon=True)
        self._process.start()
        self.address = self._far.recv()

    def begin(self, targets: Sequence[Address], talking: int) -> None:
        """Everybody sends from now on; the first `talking` of them loudly."""
        self._far.send((list(targets), talking))

    def begin_to_count(self) -> None:
        self._far.send("count")

    def end(self) -> Report:
        self._far.send("end")
        report: Report = self._far.recv()
        self._process.join(5)
        return report


def recordings(kind: Kind, amplitude: float, count: int) -> list[list[bytes]]:
    """So many voices, five seconds each, packet by packet."""
    made = []
    for seed in range(count):
        frames = voice(RECORDED, seed + 1, amplitude)
        if kind.name == "opus":
            encoder = OpusEncoder()
            made.append([encoder.encode(frame) for frame in frames])
        else:  # every sixth sample will do: nobody listens to its beauty
            made.append([MU.compress(np.ascontiguousarray(frame[::6])) for frame in frames])
    return made


def _run(control: Connection, host: str, kind: Kind) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sender.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        sender.bind((host, 0))
        sender.setblocking(False)
        loud, quiet = recordings(kind, TALKS, VOICES), recordings(kind, ROOM, 1)
        control.send(sender.getsockname())
        targets, talking = control.recv()
        ears = {target: Ear() for target in targets}
        voices = [loud[place % VOICES] if place < talking else quiet[0] for place in range(len(targets))]
        late = _talk(control, sender, kind, targets, voices, ears)
    heard = list(ears.values())
    control.send(
        Report(
            sum(ear.received for ear in heard),
            sum(ear.holes for ear in heard),
            sum(not ear.received for ear in heard),
            late,
        )
    )


def _talk(
    control: Connection,
    sender: socket.socket,
    kind: Kind,
    targets: list[Address],
    voices: list[list[bytes]],
    ears: dict[Address, Ear],
) -> float:
    """Until told to end. Seconds that a group was late at worst while it was counted."""
    counting, late, began, packet = False, 0.0, time.monotonic(), 0
    groups = [range(slot, len(targets), SLOTS) for slot in range(SLOTS)]
    while True:
        for slot, group in enumerate(groups):
            due = began + (packet + slot / SLOTS) * TICK
            _listen(sender, ears, counting)
            if (spare := due - time.monotonic()) > 0:
                time.sleep(spare)
            elif counting:
                late = max(late, -spare)
            for place in group:
                payload = voices[place][(packet + 29 * place) % RECORDED]
                data = build_rtp(kind.payload_type, packet & 0xFFFF, packet * kind.step, place + 1, payload)
                sender.sendto(data, targets[place])
        packet += 1
        if control.poll():
            if control.recv() == "end":
                return late
            counting = True


def _listen(receiver: socket.socket, ears: dict[Address, Ear], counting: bool) -> None:
    """Everything that has come."""
    for _ in range(READ_AT_ONCE):
        try:
            data, source = receiver.recvfrom(2048)
        except BlockingIOError:
            return
        if counting and not 192 <= data[1] <= 223:  # RTCP (RFC 5761 section 4)
            ear = ears.get(source)
            if ear is not None:
                ear.take(int.from_bytes(data[2:4], "big"))
