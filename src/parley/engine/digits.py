"""Keys pressed by a caller, from RFC 4733 packets: each press told once, at the first packet that arrives."""

from __future__ import annotations

from parley.wire.rtp import DIGITS, MalformedPacket, RtpPacket, parse_event

# After the last packet of a press whose end packets were all lost, the voice is let through again. Senders
# repeat an event every 20 to 50 ms.
HOLD_SECONDS = 0.1
REMEMBERED = 16  # presses; an old one's straggler may arrive after the next press began
_LONGEST = 0xFFFF  # RFC 4733 section 2.5.1.3: a longer press goes on under a new timestamp

# (SSRC, timestamp, event, whether it has ended) of each press remembered, and until when the voice is kept back.
Presses = tuple[tuple[tuple[int, int, int, bool], ...], float]

_Press = tuple[int, int]  # SSRC and timestamp: a new stream has a new clock


class DigitDetector:
    """One leg's keys. All packets of one press carry the timestamp of its beginning."""

    def __init__(self) -> None:
        self._seen: dict[_Press, int] = {}  # press -> its event, oldest first
        self._ended: set[_Press] = set()
        self._silent_until = 0.0

    def is_pressed(self, now: float) -> bool:
        """Whether a key is down: the leg's voice is then kept from the others."""
        return now < self._silent_until

    def push(self, now: float, packet: RtpPacket) -> str | None:
        """The digit, if this packet is the first of its press."""
        try:
            event = parse_event(packet.payload)
        except MalformedPacket:
            return None
        if event.event >= len(DIGITS):
            return None  # flash, tones and the like: nobody here asks for them
        press = (packet.ssrc, packet.timestamp)
        if event.end:
            self._silent_until = now
            self._ended.add(press)
        elif press not in self._ended:
            self._silent_until = now + HOLD_SECONDS
        if press in self._seen:
            return None
        before = (packet.ssrc, (packet.timestamp - _LONGEST) & 0xFFFFFFFF)
        continues = self._seen.get(before) == event.event and before not in self._ended
        self._remember(press, event.event)
        return None if continues else DIGITS[event.event]

    def presses(self) -> Presses:
        """For a detector that is to go on from here."""
        seen = tuple((*press, event, press in self._ended) for press, event in self._seen.items())
        return seen, self._silent_until

    def restore(self, presses: Presses) -> None:
        """Go on from where another detector was."""
        seen, self._silent_until = presses
        self._seen = {(ssrc, timestamp): event for ssrc, timestamp, event, _ in seen}
        self._ended = {(ssrc, timestamp) for ssrc, timestamp, _, ended in seen if ended}

    def _remember(self, press: _Press, event: int) -> None:
        self._seen[press] = event
        while len(self._seen) > REMEMBERED:
            oldest = next(iter(self._seen))
            del self._seen[oldest]
            self._ended.discard(oldest)
        self._ended &= self._seen.keys()
