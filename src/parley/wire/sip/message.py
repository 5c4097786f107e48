"""Requests and responses as values (RFC 3261 section 7).

Text is UTF-8 with surrogateescape: bytes that are no UTF-8 come back out as they came in. Bodies are bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar, cast

from parley.wire.sip.address import URI, CSeq, NameAddr, Via, split_outside
from parley.wire.sip.errors import OurMistake, TheirMistake

Value = TypeVar("Value")

COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "o": "event", "r": "refer-to", "s": "subject", "t": "to",
    "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip

REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
    200: "OK", 202: "Accepted", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily",
    305: "Use Proxy", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
    408: "Request Timeout", 410: "Gone", 413: "Request Entity Too Large", 415: "Unsupported Media Type",
    416: "Unsupported URI Scheme", 420: "Bad Extension", 422: "Session Interval Too Small",
    423: "Interval Too Brief", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
    482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete", 486: "Busy Here",
    469: "Bad Info Package", 487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending",
    500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable",
    504: "Server Time-out", 505: "Version Not Supported", 600: "Busy Everywhere", 603: "Decline",
    606: "Not Acceptable",
}  # fmt: skip

REMEMBERED_NAME = 40  # characters; a longer header name is nobody's but an attacker's


def encode(text: str) -> bytes:
    """Text of a message to the bytes on the wire."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """Bytes on the wire to text; never fails and loses nothing."""
    return data.decode("utf-8", "surrogateescape")


def canonical(name: str) -> str:
    """The key of a header name: lower case, compact forms written out."""
    return _remembered_key(name) if len(name) <= REMEMBERED_NAME else _key(name)


def _key(name: str) -> str:
    name = name.lower()
    return COMPACT.get(name, name)


_remembered_key = lru_cache(maxsize=1024)(_key)


class Headers:
    """Header lines in their order and spelling, looked up without regard to case or compact form."""

    __slots__ = ("_cache", "_lines", "_values")

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self._lines: list[tuple[str, str, str]] = [(canonical(name), name, value) for name, value in lines]
        self._cache: dict[tuple[str, object], object] = {}
        self._values: dict[str, list[str]] = {}  # by key; made when first asked for

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for _, name, value in self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def get(self, name: str) -> str | None:
        """Value of the first line of that name, or None."""
        found = self._named(name)
        return found[0] if found else None

    def lines(self, name: str) -> list[str]:
        """Values of all lines of that name, as written."""
        return list(self._named(name))

    def _named(self, name: str) -> Sequence[str]:
        """The same, not to be changed: a message is asked for its headers some hundred times."""
        if not self._values:
            for key, _, value in self._lines:
                self._values.setdefault(key, []).append(value)
        return self._values.get(canonical(name), ())

    def _forget(self, key: str) -> None:
        """Lines of that name are others; what was read of the rest still holds."""
        self._values.clear()
        for known in [known for known in self._cache if known[0] == key]:
            del self._cache[known]

    def values(self, name: str) -> list[str]:
        """All values of a list header: several lines and comma-separated lines alike. Raises TheirMistake."""
        found: list[str] = []
        for line in self._named(name):
            found += [part.strip() for part in split_outside(line, ",")] if "," in line else [line.strip()]
        return [value for value in found if value]

    def parsed(self, name: str, parser: Callable[[str], Value]) -> list[Value]:
        """All values of a list header, parsed once and remembered. Raises TheirMistake."""
        key = (canonical(name), parser)
        known = self._cache.get(key)
        if known is None:
            known = self._cache[key] = [parser(value) for value in self.values(name)]
        return cast("list[Value]", known)

    def single(self, name: str, parser: Callable[[str], Value]) -> Value:
        """The value of a header that must stand exactly once, parsed once. Raises TheirMistake."""
        key = (canonical(name), parser)
        known = self._cache.get(key)
        if known is None:
            lines = self._named(name)
            if len(lines) != 1:
                raise TheirMistake(f"{'missing' if not lines else 'repeated'} {name}")
            known = self._cache[key] = parser(lines[0])
        return cast("Value", known)

    def add(self, name: str, value: str) -> None:
        """Append a line."""
        key = canonical(name)
        self._forget(key)
        self._lines.append((key, name, value))

    def set(self, name: str, value: str) -> None:
        """Replace every line of that name by one, at the place of the first."""
        key = canonical(name)
        at = next((i for i, line in enumerate(self._lines) if line[0] == key), len(self._lines))
        self.remove(name)
        self._lines.insert(at, (key, name, value))

    def remove(self, name: str) -> None:
        """Take away every line of that name."""
        key = canonical(name)
        self._forget(key)
        self._lines = [line for line in self._lines if line[0] != key]

    def replace_first_value(self, name: str, value: str) -> None:
        """Replace the first value of a list header and leave the others untouched."""
        key = canonical(name)
        self._forget(key)
        for index, (line_key, spelling, line) in enumerate(self._lines):
            if line_key == key:
                rest = split_outside(line, ",")[1:]
                self._lines[index] = (key, spelling, ",".join([value, *rest]))
                return


class _Message:
    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers | Iterable[tuple[str, str]], body: bytes) -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body

    @property
    def vias(self) -> list[Via]:
        """All Via values, topmost first."""
        return self.headers.parsed("Via", Via.parse)

    @property
    def from_(self) -> NameAddr:
        """The From header."""
        return self.headers.single("From", NameAddr.parse)

    @property
    def to(self) -> NameAddr:
        """The To header."""
        return self.headers.single("To", NameAddr.parse)

    @property
    def call_id(self) -> str:
        """The Call-ID, compared byte by byte."""
        return self.headers.single("Call-ID", str.strip)

    @property
    def cseq(self) -> CSeq:
        """The CSeq."""
        return self.headers.single("CSeq", CSeq.parse)

    @property
    def contacts(self) -> list[NameAddr]:
        """All Contact values; the "*" of a REGISTER is left out."""
        if (self.headers.get("Contact") or "").strip() == "*":
            return []
        return self.headers.parsed("Contact", NameAddr.parse)

    @property
    def record_routes(self) -> list[NameAddr]:
        """All Record-Route values in the order written."""
        return self.headers.parsed("Record-Route", NameAddr.parse)

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters; empty if none is named."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    def _serialise(self, start: str) -> bytes:
        lines = [start]
        lines += [f"{name}: {value}" for name, value in self.headers if canonical(name) != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(lines)
        # Nothing read from a peer can hold a line end; text given by our own user might.
        if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
            raise OurMistake("a line end inside a header")
        return encode(head) + b"\r\n\r\n" + self.body


class Request(_Message):
    """A request. `target` is the Request-URI as written, `uri` the same parsed."""

    __slots__ = ("method", "target")

    def __init__(
        self, method: str, target: str, headers: Headers | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        super().__init__(headers, body)
        self.method = method
        self.target = target

    @property
    def uri(self) -> URI:
        """The Request-URI. Raises TheirMistake."""
        return URI.parse(self.target)

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, or None."""
        value = self.headers.get("Max-Forwards")
        return int(value) if value else None

    def serialise(self) -> bytes:
        """The request as it goes on the wire, Content-Length counted in bytes."""
        return self._serialise(f"{self.method} {self.target} SIP/2.0")

    def __repr__(self) -> str:
        return f"Request({self.method})"


class Response(_Message):
    """A response."""

    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = REASONS.get(status, "Unknown") if reason is None else reason

    def serialise(self) -> bytes:
        """The response as it goes on the wire, Content-Length counted in bytes."""
        return self._serialise(f"SIP/2.0 {self.status} {self.reason}")

    def __repr__(self) -> str:
        return f"Response({self.status} {self.reason})"


PARTS_MOST = 32  # of a multipart body


def handling(headers: Headers) -> str:
    """What Content-Disposition says of a body: required, optional, something else, or empty where it says nothing."""
    return _parameter(headers.get("Content-Disposition") or "", "handling").lower()


def _parameter(value: str, wanted: str) -> str:
    try:
        pieces = split_outside(value, ";")
    except TheirMistake:
        return ""
    named = [piece.partition("=") for piece in pieces[1:]]
    return next((text.strip().strip('"') for name, _, text in named if name.strip().lower() == wanted), "")


class Part:
    """One part of a multipart body. kind: its media type in lower case, without parameters."""

    __slots__ = ("body", "handling", "kind")

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = [line.partition(":") for line in decode(head).split("\r\n") if ":" in line]
        headers = Headers((name.strip(), value.strip()) for name, _, value in lines)
        self.kind = (headers.get("Content-Type") or "text/plain").partition(";")[0].strip().lower()
        self.handling = handling(headers)
        self.body = body


def parts_of(message: Request | Response) -> Iterator[Part]:
    """The parts of a multipart body, as far as they can be told apart."""
    boundary = _parameter(message.headers.get("Content-Type") or "", "boundary")
    if not boundary:
        return
    for part in (b"\r\n" + message.body).split(b"\r\n--" + encode(boundary))[1 : PARTS_MOST + 1]:
        if part.startswith(b"--"):
            return  # what follows the end is no part
        head, gap, body = part.partition(b"\r\n\r\n")
        if gap:
            yield Part(head, body)


def body_part(message: Request | Response, media_type: str) -> bytes | None:
    """The body of that media type: the whole body or one part of a multipart body; None if there is none."""
    if not message.body:
        return None
    if message.content_type == media_type:
        return message.body
    if not message.content_type.startswith("multipart/"):
        return None
    return next((part.body for part in parts_of(message) if part.kind == media_type), None)
