"""Keys that we press for the far end, as RFC 4733 packets in place of the voice.

All packets of one press carry the timestamp of its beginning; its duration grows with each, and the last one is sent
three times, for the far end must not miss it (section 2.5.1.4). Between two keys the voice goes on for a while, so
that the same key twice is two presses to everybody.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from parley.engine.messages import LegMedia
from parley.engine.sound import TICK_MS
from parley.wire.rtp import DIGITS, TelephoneEvent, build_event

GAP_TICKS = 100 // TICK_MS  # between two keys
PAUSE_TICKS = 2000 // TICK_MS  # of a comma: the pause that modems have always made
ENDS = 3  # how often the end of a press is told
VOLUME = 10  # -dBm0
QUEUED_MOST = 128  # keys
MS_LEAST, MS_MOST = 40, 2000  # of one key
PAUSE = ","


class BadDigits(ValueError):
    """Not keys, too many of them, or not a length for one."""


@dataclass(slots=True)
class _Press:
    event: int
    ticks: int  # of the press
    timestamp: int
    tick: int = 0  # packets sent so far


@dataclass(frozen=True, slots=True)
class Key:
    """One packet that goes out in this tick instead of voice. begins: the first of its press."""

    payload_type: int
    payload: bytes
    timestamp: int
    begins: bool


class DigitSender:
    """The keys of one leg. Driven once a tick while the leg may be sent to; waits otherwise."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, int]] = deque()
        self._press: _Press | None = None
        self._gap = 0  # ticks until the next key

    def add(self, digits: str, each_ms: int) -> None:
        """Press these after those asked for before. Raises BadDigits, and then nothing was added."""
        if not MS_LEAST <= each_ms <= MS_MOST:
            raise BadDigits(f"{each_ms} ms")
        if any(digit not in DIGITS and digit != PAUSE for digit in digits):
            raise BadDigits("not keys")
        if len(self._waiting) + len(digits) > QUEUED_MOST:
            raise BadDigits("too many keys")
        self._waiting.extend((digit, each_ms) for digit in digits)

    @property
    def waiting(self) -> tuple[tuple[str, int], ...]:
        """Keys that are not down yet, each with its length in milliseconds."""
        return tuple(self._waiting)

    def carry_on(self, waiting: tuple[tuple[str, int], ...]) -> None:
        """Of another sender of the same leg; what it was pressing ends there."""
        self._waiting.extend(waiting)

    def next(self, media: LegMedia, timestamp: int) -> Key | None:
        """What goes out in this tick instead of voice; None: voice. timestamp: of the stream, now."""
        if self._press is None and not ((self._gap or self._waiting) and self._begin(media, timestamp)):
            return None
        press = self._press
        assert press is not None
        payload_type = media.dtmf_payload_type
        if payload_type is None:  # the far end has just said that it takes none
            self._press = None
            return None
        press.tick += 1
        held = min(press.tick, press.ticks)
        duration = min(held * media.dtmf_clock_rate * TICK_MS // 1000, 0xFFFF)
        end = press.tick >= press.ticks
        event = TelephoneEvent(press.event, end, VOLUME, duration)
        if press.tick >= press.ticks + ENDS - 1:
            self._press, self._gap = None, GAP_TICKS
        return Key(payload_type, build_event(event), press.timestamp, press.tick == 1)

    def _begin(self, media: LegMedia, timestamp: int) -> bool:
        """Is a key down from now on?"""
        if self._gap > 0:
            self._gap -= 1
            return False
        if not self._waiting:
            return False
        if media.dtmf_payload_type is None:
            self._waiting.clear()  # nobody there would hear them
            return False
        digit, each_ms = self._waiting.popleft()
        if digit == PAUSE:
            self._gap = PAUSE_TICKS
            return False
        self._press = _Press(DIGITS.index(digit), max(1, each_ms // TICK_MS), timestamp)
        return True
