"""Packets of one stream put back in order, and the position up to which they have been played.

Positions are extended RTP timestamps scaled to 48 kHz. The buffer does not know the time: whoever takes from
it keeps the pace, and whatever is not here when its turn comes is a gap.

    insert -> [ stored packets ] -> take: Packet (decode it), Gap (fill it) or None (nothing is stored)

A packet that comes after its turn is dropped, unless nothing newer was played meanwhile (the buffer had run
dry): then the position goes back to it. That is how delay grows when the network needs it to.
"""

from __future__ import annotations

import enum

import msgspec

from parley.engine.sound import FRAME, RATE
from parley.wire.rtp import unwrap

MAX_PACKETS = 64  # over a second of 20 ms packets: a burst beyond that is a fault, not jitter
# A longer stretch without samples is the sender's pause or a new start: jumped over, not filled.
LONGEST_GAP = RATE * 200 // 1000
LONGEST_COVER = 3 * FRAME
# A packet counting on from here is the same stream; further off, it is a new one under an old name.
SEQUENCE_WINDOW = 1000


class Packet(msgspec.Struct, frozen=True, gc=False):
    sequence: int  # extended
    position: int
    duration: int
    payload: bytes
    level: int | None = None  # dBov, as its sender tells; None: it tells nothing
    noise: int | None = None  # dBov of the comfort noise that begins here; None: this is voice


class Gap(msgspec.Struct, frozen=True, gc=False):
    """Samples missing before the next stored packet: `lost` on the way, or never sent (DTX).

    cover: the packet after the gap, where the gap is exactly one lost packet of which it may hold a copy. Otherwise a
    gap is given in pieces of 20 ms at most.
    """

    length: int
    lost: bool
    cover: bytes | None = None


class Verdict(enum.Enum):
    STORED = "stored"
    STRETCHED = "stretched"  # stored after its turn: from here on everything plays later
    LATE = "late"
    DUPLICATE = "duplicate"


class JitterBuffer:
    """Bounded; see the head of the file. `scale` is 48000 over the RTP clock rate."""

    taken: int  # extended sequence of the last packet given out
    placed: int  # position of the last packet that was filed, comparable until reset()

    def __init__(self, scale: int) -> None:
        self._scale = scale
        self.starts = -1  # how often reset() was called since
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next packet starts a new stream."""
        self.starts += 1
        self._stored: dict[int, Packet] = {}
        self._highest: int | None = None  # sequence
        self._highest_timestamp = 0
        self._position = 0
        self.taken, self.placed = -1, 0
        self._taken_end = -1  # position
        self._recent: set[int] = set()  # the sequences given out lately: tells a copy from a late packet
        self._running = False
        self._dry = False  # running, and the last take found nothing

    def is_near(self, sequence: int) -> bool:
        """Whether a 16-bit sequence number counts on from what came before."""
        if self._highest is None:
            return True
        return (sequence - self._highest + SEQUENCE_WINDOW) & 0xFFFF <= 2 * SEQUENCE_WINDOW

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def position(self) -> int:
        """Up to where everything has been taken."""
        return self._position

    @property
    def depth(self) -> int:
        """Samples that would be played before the buffer is dry: those stored, and the gaps that will be filled."""
        total, at = 0, self._position if self._running else None
        for sequence in sorted(self._stored):
            packet = self._stored[sequence]
            missing = 0 if at is None else packet.position - at
            total += packet.duration + (missing if 0 < missing <= LONGEST_GAP else 0)
            at = packet.position + packet.duration
        return total

    @property
    def next_level(self) -> int | None:
        """What the sender of the packet to be taken next tells of its level."""
        return self._first.level if self._stored else None

    @property
    def next_payload(self) -> bytes | None:
        """Of the packet to be taken next, if it is voice and follows without a gap."""
        following = self._stored.get(self.taken + 1)
        if following is None or following.noise is not None or following.position != self._position:
            return None
        return following.payload

    @property
    def _first(self) -> Packet:
        # What is stored is newer than what was taken; mostly it is the very next.
        return self._stored.get(self.taken + 1) or self._stored[min(self._stored)]

    def insert(
        self,
        sequence: int,
        timestamp: int,
        duration: int,
        payload: bytes,
        level: int | None = None,
        noise: int | None = None,
    ) -> Verdict:
        """File one packet. `sequence` and `timestamp` as on the wire, `duration` in samples at 48 kHz.

        noise: it is comfort noise, of no duration and never too late unless something newer was played.
        """
        if self._highest is None:
            # Far from zero, so that what was sent before the first to arrive still has positive numbers.
            self._highest, self._highest_timestamp = sequence + (1 << 16), timestamp + (1 << 32)
        follows = sequence == (self._highest + 1) & 0xFFFF  # as nearly all do
        extended = self._highest + 1 if follows else unwrap(sequence, self._highest, 16)
        extended_timestamp = unwrap(timestamp, self._highest_timestamp, 32)
        if extended > self._highest:
            if extended_timestamp <= self._highest_timestamp and noise is None:
                self.reset()  # sent later but stamped earlier: the sender's clock began anew
                return self.insert(sequence, timestamp, duration, payload, level, noise)
        elif extended in self._stored or extended in self._recent:
            return Verdict.DUPLICATE
        self.placed = extended_timestamp * self._scale
        packet = Packet(extended, self.placed, duration, payload, level, noise)
        verdict = self._judge(packet)
        if verdict is not Verdict.LATE:
            self._store(packet, extended_timestamp)
        return verdict

    def _judge(self, packet: Packet) -> Verdict:
        if packet.sequence <= self.taken:
            return Verdict.LATE
        if packet.noise is not None:
            return Verdict.STORED
        behind = packet.position < self._position
        if not self._running:
            return Verdict.STRETCHED if behind and self._recent and not self._stored else Verdict.STORED
        if not behind:
            return Verdict.STORED
        if self._dry:
            self._position = packet.position
            return Verdict.STRETCHED
        return Verdict.STORED if packet.position + packet.duration > self._position else Verdict.LATE

    def _store(self, packet: Packet, extended_timestamp: int) -> None:
        sequence, stored = packet.sequence, self._stored
        stored[sequence] = packet
        if self._highest is None or sequence >= self._highest:
            self._highest = sequence
            if packet.noise is None:
                self._highest_timestamp = extended_timestamp
        while len(stored) > MAX_PACKETS:
            self._pop_first()

    def begin(self) -> None:
        """Start to run from the oldest stored packet on; before that, nothing can come too late."""
        self._position = self._first.position
        self._running, self._dry = True, False

    def pause(self) -> None:
        """Stop running: after a silence, delay is built up anew."""
        self._running = False

    def clear(self) -> None:
        """Drop what is stored, as if it had been played, and pause."""
        while self._stored:
            self._pop_first()
        self._running = False

    def take(self) -> Packet | Gap | None:
        """What is to be played at the position, which moves past it. None: nothing is stored."""
        if not self._stored:
            self._dry = True
            return None
        first = self._first
        missing = first.position - self._position
        if 0 < missing <= LONGEST_GAP:
            alone = first.sequence == self.taken + 2 and self._position == self._taken_end and missing <= LONGEST_COVER
            length = missing if alone else min(missing, FRAME)
            self._position += length
            return Gap(length, first.sequence != self.taken + 1, first.payload if alone else None)
        return self._pop_first()

    def pass_over(self, most: int) -> tuple[int, bytes]:
        """Take whole packets of voice while they follow without a gap: how many samples, and the last one's payload."""
        passed, payload = 0, b""
        while (following := self._stored.get(self.taken + 1)) is not None:
            passed += following.duration
            if following.noise is not None or following.position != self._position or passed > most:
                return passed - following.duration, payload
            payload = self._pop_first().payload
        return passed, payload

    def skip(self, length: int) -> None:
        """Move on over samples that were invented while nothing was stored."""
        self._position += length

    def _pop_first(self) -> Packet:
        first = self._first
        del self._stored[first.sequence]
        self.taken, self._dry = first.sequence, False
        end = first.position + first.duration
        if first.noise is not None:  # its sender may stamp it carelessly: it never takes time back
            end = max(end, self._position)
        self._position = self._taken_end = end
        self._recent.add(first.sequence)
        if len(self._recent) > 4 * MAX_PACKETS:
            horizon = first.sequence - 2 * MAX_PACKETS
            self._recent = {sequence for sequence in self._recent if sequence > horizon}
        return first
