"""Sound to payloads. One encoder may serve many listeners, and a listener may move from one to another.

A receiver's decoder carries state from packet to packet, so changing the encoder behind one RTP stream is
heard unless it is done with care. Two means: an encoder that was idle is warmed up with the frame the
listener heard last, and the first packet after a change is *independent* (predicts nothing from older ones).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from parley.engine import g711
from parley.engine.g722 import G722Encoder
from parley.engine.opus import OpusEncoder, silence_packet
from parley.engine.resample import Downsampler
from parley.engine.sound import FRAME, SILENT_FRAME, Samples

LAWS = {"pcmu": g711.MU, "pcma": g711.A}
G722_SAMPLES = FRAME // 3


Pieces = tuple[bytes, ...]  # 20 ms of encoded sound in equal parts, each decodable by itself


class Encoder(Protocol):
    def encode(self, tick: int, before: Samples, frame: Samples, independent: bool) -> Pieces:
        """20 ms. `before` is the frame the listeners heard in the tick before."""

    def expect_loss(self, percent: int) -> None:
        """How much is lost on the way to the listeners; 0 to 100."""


class OpusMixEncoder:
    """parts: frames a tick, 1 of 20 ms or 2 of 10 ms."""

    def __init__(self, parts: int = 1) -> None:
        self._encoder = OpusEncoder()
        self._part = FRAME // parts
        self._last_tick = -2

    def encode(self, tick: int, before: Samples, frame: Samples, independent: bool) -> Pieces:
        if self._last_tick != tick - 1:
            self._encoder.reset()
            self._encoder.encode(before)
            independent = True
        self._last_tick = tick
        if self._part == FRAME:
            return (self._encoder.encode(frame, independent=independent),)
        first = self._encoder.encode(frame[: self._part], independent=independent)
        return first, self._encoder.encode(frame[self._part :])

    def expect_loss(self, percent: int) -> None:
        self._encoder.expect_loss(percent)


_to_8k = Downsampler(6)


_to_16k = Downsampler(3)


class G711MixEncoder:
    """G.711 keeps no state but the filter's, and that is `before`."""

    def __init__(self, law: g711.Law) -> None:
        self._law = law

    def encode(self, tick: int, before: Samples, frame: Samples, independent: bool) -> Pieces:
        return (self._law.compress(_to_8k.run(before, frame)),)

    def expect_loss(self, percent: int) -> None:
        """G.711 has no means against it."""


class G722MixEncoder:
    """Its state adapts within a few milliseconds; an encoder that was idle is warmed up with what was heard last."""

    def __init__(self) -> None:
        self._encoder = G722Encoder()
        self._last_tick = -2

    def encode(self, tick: int, before: Samples, frame: Samples, independent: bool) -> Pieces:
        if self._last_tick != tick - 1:
            self._encoder = G722Encoder()
            self._encoder.encode(_to_16k.run(SILENT_FRAME, before))
        self._last_tick = tick
        return (self._encoder.encode(_to_16k.run(before, frame)),)

    def expect_loss(self, percent: int) -> None:
        """G.722 has no means against it."""


def make_encoder(encoding: str) -> Encoder:
    """encoding: a codec, or "opus/10" for Opus in frames of 10 ms."""
    if encoding in ("opus", "opus/10"):
        return OpusMixEncoder(1 if encoding == "opus" else 2)
    return G722MixEncoder() if encoding == "g722" else G711MixEncoder(LAWS[encoding])


def silence(encoding: str) -> Pieces:
    """Ready-made 20 ms of silence."""
    if encoding == "opus":
        return (silence_packet(),)
    if encoding == "opus/10":
        return (silence_packet(FRAME // 2),) * 2
    return (_g722_silence() if encoding == "g722" else bytes([LAWS[encoding].silence]) * 160,)


@lru_cache
def _g722_silence() -> bytes:
    """What an encoder that has heard nothing but silence makes of more of it."""
    encoder = G722Encoder()
    encoder.encode(SILENT_FRAME[:G722_SAMPLES])
    return encoder.encode(SILENT_FRAME[:G722_SAMPLES])


class SharedMix:
    """What all legs of a group hear that are not in the mix themselves: encoded once for each encoding."""

    def __init__(self) -> None:
        self.frame: Samples | None = None  # of this tick; None: silence, and nothing need be encoded
        self.before: Samples = SILENT_FRAME
        self._encoders: dict[str, Encoder] = {}
        self._payloads: dict[str, Pieces] = {}
        self._newcomers: set[str] = set()
        self._losses: dict[str, int] = {}  # percent, by encoding, of the listener with the worst

    def next_tick(self, frame: Samples | None) -> None:
        self.before = SILENT_FRAME if self.frame is None else self.frame
        self.frame = frame
        self._payloads.clear()
        self._newcomers.clear()
        self._losses.clear()

    def expect_newcomer(self, encoding: str) -> None:
        """Some listener heard something else in the tick before; said ahead of the first payload()."""
        self._newcomers.add(encoding)

    def expect_loss(self, encoding: str, percent: int) -> None:
        """Some listener of this tick loses so many packets; said ahead of the first payload()."""
        self._losses[encoding] = max(percent, self._losses.get(encoding, 0))

    def payload(self, tick: int, encoding: str) -> Pieces:
        """The tick's 20 ms in one encoding; `frame` must not be None."""
        made = self._payloads.get(encoding)
        if made is None:
            assert self.frame is not None
            encoder = self._encoders.get(encoding)
            if encoder is None:
                encoder = self._encoders[encoding] = make_encoder(encoding)
            encoder.expect_loss(self._losses.get(encoding, 0))
            made = encoder.encode(tick, self.before, self.frame, encoding in self._newcomers)
            self._payloads[encoding] = made
        return made
