"""Bytes to messages, strictly (RFC 3261 sections 7, 18.3, 25).

What cannot be read raises TheirMistake; a request that can still be answered raises BadRequest with what the
answer echoes. Line ends are CRLF and nothing else: a bare CR or LF is how headers are smuggled past others.
"""

import re

from parley.wire.sip.address import TOKEN, URI, NameAddr, Via
from parley.wire.sip.errors import BadRequest, TheirMistake
from parley.wire.sip.message import Headers, Request, Response, canonical, decode

MAX_MESSAGE = 65535  # what a datagram can hold; streams are held to the same
MAX_HEAD = 16384
MAX_LINE = 4096
MAX_HEADERS = 128
MAX_VALUES = 70  # Via or route entries: Max-Forwards starts at 70
MAX_BODY = 49152

_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
# Controls may stand in a quoted pair (RFC 3261 section 25.1) and nowhere else.
_CONTROL = re.compile(r"(?<!\\)[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_REQUEST_LINE = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+) (\S+) ([Ss][Ii][Pp]/\d{1,5}\.\d{1,5})")
_STATUS_LINE = re.compile(r"[Ss][Ii][Pp]/2\.0 ([1-6]\d\d)(?: (.*))?", re.DOTALL)
_METHOD_GUESS = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_LENGTH_LINE = re.compile(rb"(?:^|\r\n)(?:content-length|l)[ \t]*:((?:[^\r]|\r\n[ \t])*)", re.IGNORECASE)

SINGLE = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires")
_ECHOED = ("via", "from", "to", "call-id", "cseq")


def content_length(head: bytes) -> int | None:
    """The Content-Length named in a message head, None if there is none: one rule for datagrams and
    streams.

    Raises TheirMistake if it stands twice, is no plain number, or is beyond MAX_BODY, and if the head holds
    a bare CR or LF, because then another reader may find other headers in it than we do.
    """
    if _BARE_LINE_END.search(head):
        raise TheirMistake("bare CR or LF")
    found = _LENGTH_LINE.findall(head)
    if not found:
        return None
    if len(found) > 1:
        raise TheirMistake("repeated Content-Length")
    digits = found[0].strip()
    if not digits.isdigit() or len(digits) > 10:
        raise TheirMistake("malformed Content-Length")
    length = int(digits)
    if length > MAX_BODY:
        raise TheirMistake("body too large")
    return length


def parse(data: bytes) -> Request | Response:
    """One message, as it came in one datagram or out of the stream framer.

    Raises BadRequest for a faulty request that can be answered, TheirMistake for everything else.
    """
    data = data.lstrip(b"\r\n") if data[:1] in (b"\r", b"\n") else data
    head, gap, body = data.partition(b"\r\n\r\n")
    try:
        if len(data) > MAX_MESSAGE or len(head) > MAX_HEAD:
            raise TheirMistake("message too large")
        if not gap:
            raise TheirMistake("no end of headers")
        length = content_length(head)
        if length is not None and length > len(body):
            raise TheirMistake("body shorter than Content-Length")
        text = decode(head)
        if _CONTROL.search(text):
            raise TheirMistake("control character")
        start, lines = _lines(text)
        # Bytes behind the body of a datagram are not part of the message (RFC 3261 section 18.3).
        body = body if length is None else body[:length]
        message = _start_line(start, Headers(lines), body)
        _check(message)
        return message
    except _WrongVersion:
        raise _answerable(head, 505, "Version Not Supported") from None
    except BadRequest:
        raise
    except TheirMistake as mistake:
        raise _answerable(head, 400, f"Bad Request ({mistake})", mistake) from None


class _WrongVersion(TheirMistake):
    pass


def _lines(text: str) -> tuple[str, list[tuple[str, str]]]:
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    start, *rest = text.split("\r\n")
    if len(rest) > MAX_HEADERS:
        raise TheirMistake("too many headers")
    lines: list[tuple[str, str]] = []
    for line in rest:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not TOKEN.fullmatch(name):
            raise TheirMistake("malformed header line")
        if len(line) > MAX_LINE:
            raise TheirMistake("header too long")
        lines.append((name, value.strip(" \t")))
    return start, lines


def _start_line(start: str, headers: Headers, body: bytes) -> Request | Response:
    if start[:4].upper() == "SIP/":
        match = _STATUS_LINE.fullmatch(start)
        if not match:
            raise TheirMistake("malformed status line")
        return Response(int(match[1]), match[2] or "", headers, body)
    match = _REQUEST_LINE.fullmatch(start)
    if not match or len(start) > MAX_LINE:
        raise TheirMistake("malformed request line")
    if match[3].upper() != "SIP/2.0":
        raise _WrongVersion(match[3])
    return Request(match[1], match[2], headers, body)


def _check(message: Request | Response) -> None:
    """Everything a user of the message will ask for is read here once, so that nothing fails later."""
    headers = message.headers
    for name in SINGLE:
        if len(headers.lines(name)) > 1:
            raise TheirMistake(f"repeated {name}")
    if not 0 < len(message.vias) <= MAX_VALUES or any(via.version != "2.0" for via in message.vias):
        raise TheirMistake("missing or malformed Via")
    _ = message.from_, message.to, message.contacts
    call_id = message.call_id
    if not call_id or not call_id.isascii() or not call_id.isprintable() or " " in call_id or len(call_id) > 256:
        raise TheirMistake("malformed Call-ID")
    if len(message.record_routes) > MAX_VALUES or len(headers.parsed("Route", NameAddr.parse)) > MAX_VALUES:
        raise TheirMistake("too many routes")
    cseq = message.cseq
    for name, most in (("Max-Forwards", 255), ("Expires", 2**32 - 1)):
        value = headers.get(name) or "0"
        if not (value.isascii() and value.isdigit()) or len(value) > 10:
            raise TheirMistake(f"malformed {name}")
        if int(value) > most and isinstance(message, Request):
            raise TheirMistake(f"{name} too large")
    for name in ("Require", "Proxy-Require", "Allow", "Supported"):
        if name in headers:
            headers.values(name)
    if isinstance(message, Request):
        if cseq.method != message.method:
            raise TheirMistake("CSeq names another method")
        URI.parse(message.target)


def _answerable(head: bytes, status: int, reason: str, mistake: TheirMistake | None = None) -> TheirMistake:
    """BadRequest if the wreck is a request, no ACK, and says where it came from; else the mistake itself."""
    failure = mistake or TheirMistake(reason)
    text = _FOLD.sub(" ", decode(head[:MAX_HEAD]))
    start, *rest = re.split(r"\r\n|\r|\n", text)
    method = _METHOD_GUESS.match(start)
    if not method or method[0] == "ACK" or start[:4].upper() == "SIP/" or " " not in start:
        return failure
    vias: list[tuple[str, str]] = []
    echo: dict[str, tuple[str, str]] = {}
    for line in rest[:MAX_HEADERS]:
        name, colon, value = line.partition(":")
        key, value = canonical(name.strip()), value.strip(" \t")
        if not colon or key not in _ECHOED or len(value) > MAX_LINE or _CONTROL.search(value):
            continue
        if key == "via":
            vias.append(("Via", value))
        else:
            echo.setdefault(key, (name.strip(), value))
    readable = _readable_vias(vias)
    if not readable:
        return failure
    return BadRequest(status, reason, method[0], [*readable, *echo.values()])


def _readable_vias(vias: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those above the first that cannot be read: by them an answer finds its way at least that far back."""
    readable: list[tuple[str, str]] = []
    try:
        for value in Headers(vias).values("Via")[:MAX_VALUES]:
            Via.parse(value)
            readable.append(("Via", value))
    except TheirMistake:
        pass
    return readable
