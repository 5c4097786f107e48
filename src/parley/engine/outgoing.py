"""The one RTP stream that a leg is sent, for the life of its port (RFC 3550 section 5.1)."""

from __future__ import annotations

import random
from collections.abc import Sequence

from parley.engine.digit_sender import Key
from parley.engine.messages import Codec
from parley.engine.packets import make_packetiser
from parley.engine.sound import TICK_MS
from parley.wire.rtp import build_rtp


class Outgoing:
    """SSRC, sequence number and timestamp are all there is to carry on; the timestamp is of the tick's beginning."""

    def __init__(self, dice: random.Random) -> None:
        self.ssrc = dice.getrandbits(32)
        self.sequence = dice.getrandbits(15)  # the first lost packets must not hide a turn of it (RFC 3711, 3.3.1)
        self.timestamp = dice.getrandbits(32)
        self.packets = 0
        self.octets = 0  # of payload, as a sender report counts
        self.in_silence = True

    def describe(self, codec: Codec, packet_ms: int) -> None:
        """From now on it is in this codec, in packets of this length."""
        self._payload_type = codec.payload_type
        self._per_ms = codec.clock_rate // 1000
        self._packetiser = make_packetiser(codec.name, packet_ms)

    def packets_of(self, pieces: Sequence[bytes], *, silent: bool) -> list[bytes]:
        """RTP packets that are full with this tick's 20 ms; none, where they are longer and not full yet."""
        if self._packetiser is None:
            return [self._packet(pieces[0], self.timestamp, silent)]
        return [
            self._packet(ready.payload, self.timestamp + ready.offset_ms * self._per_ms, ready.silent)
            for ready in self._packetiser.add(pieces, silent=silent)
        ]

    def _packet(self, payload: bytes, timestamp: int, silent: bool) -> bytes:
        """The marker tells the first one with sound after silence (RFC 3551 section 4.1)."""
        marker, self.in_silence = self.in_silence and not silent, silent
        data = build_rtp(self._payload_type, self.sequence, timestamp, self.ssrc, payload, marker=marker)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return data

    def key(self, key: Key) -> bytes:
        """The next packet, a telephone-event; the marker tells the first one of a press (RFC 4733 section 2.5.1.2)."""
        data = build_rtp(key.payload_type, self.sequence, key.timestamp, self.ssrc, key.payload, marker=key.begins)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(key.payload)
        self.in_silence = True  # a talkspurt begins after it
        return data

    def advance(self, ticks: int = 1) -> None:
        """Time has passed, whether or not a packet was sent."""
        self.timestamp = (self.timestamp + ticks * TICK_MS * self._per_ms) & 0xFFFFFFFF

    def interrupt(self) -> None:
        """Nothing was sent for a while: what waits for a full packet is too old."""
        if self._packetiser is not None:
            self._packetiser.clear()
