"""Messages out of a stream (RFC 3261 section 18.3, keep-alives of RFC 5626 section 4.4.1).

One read may hold a part of a message or several; what follows a mistake is not read, because nobody knows
where the next message would begin: the connection is to be closed.
"""

from dataclasses import dataclass

from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.parser import MAX_BODY, MAX_HEAD, content_length

PONG = b"\r\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole message, ready for the parser."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """A double CRLF: answer with PONG on the same connection."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The stream cannot be followed any further: close it. `data` may be worth a 400 (give it to the
    layer).
    """

    mistake: TheirMistake
    data: bytes = b""


class StreamFramer:
    """Feed it what was read; it returns what became whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0  # head bytes already searched for their end
        self._wanted: int | None = None  # length of the whole message, once its head is there
        self.broken = False

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame | Ping | Broken]:
        """Take bytes read from the stream; return the frames completed by them, in order."""
        found: list[Frame | Ping | Broken] = []
        if self.broken:
            return found
        self._buffer += data
        try:
            while (item := self._next()) is not None:
                found.append(item)
        except TheirMistake as mistake:
            self.broken = True
            found.append(Broken(mistake, bytes(self._buffer[: MAX_HEAD + MAX_BODY])))
            self._buffer.clear()
        return found

    def _next(self) -> Frame | Ping | None:
        buffer = self._buffer
        if self._wanted is None:
            while buffer.startswith(b"\r\n"):
                if len(buffer) == 2 or buffer == b"\r\n\r":
                    return None  # half of a ping, or the end of a sloppy message: the next bytes tell
                if buffer.startswith(b"\r\n\r\n"):
                    del buffer[:4]
                    return Ping()
                del buffer[:2]
            if buffer and not _may_start(buffer):
                raise TheirMistake("not a message")
            end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
            if end < 0:
                self._scanned = len(buffer)
                if len(buffer) > MAX_HEAD:
                    raise TheirMistake("message too large")
                return None
            if end > MAX_HEAD:
                raise TheirMistake("message too large")
            length = content_length(bytes(buffer[:end]))
            if length is None:
                raise TheirMistake("missing Content-Length")  # mandatory on streams: RFC 3261 section 18.3
            self._wanted = end + 4 + length
        if len(buffer) < self._wanted:
            return None
        frame = Frame(bytes(buffer[: self._wanted]))
        del buffer[: self._wanted]
        self._wanted, self._scanned = None, 0
        return frame


def _may_start(buffer: bytearray) -> bool:
    """Early refusal of what is no SIP at all, a TLS hello or HTTP/2 preface say, before it fills the
    buffer.
    """
    first = buffer[0]
    return 0x21 <= first <= 0x7E or buffer == b"\r"
