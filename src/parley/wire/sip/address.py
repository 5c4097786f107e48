"""The values inside headers: URI, NameAddr, Via, CSeq (RFC 3261 sections 19, 20, 25).

Every value keeps the text it was read from, so that what is echoed is what was sent, byte for byte.
All parsers raise TheirMistake.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from parley.wire.sip.errors import TheirMistake

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_.])?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
# Everything that would let a URI escape from its place in a message: blanks, controls, quotes, brackets.
_URI_FORBIDDEN = re.compile(r'[\x00-\x20\x7f<>"]')
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_VIA = re.compile(
    r"SIP[ \t]*/[ \t]*(\d+\.\d+)[ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+(.+)", re.IGNORECASE | re.DOTALL
)
_THREE_COLONS = re.compile(r":::(?=\d+\.)")  # a mistake of RFC 3261's grammar that is to be borne (RFC 5118, 4.10)
_UNREADABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # controls, and bytes that are no UTF-8
_MARKS = re.compile(r'["\\<>,;]')  # all that matters for a split
_CSEQ = re.compile(r"(\d{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")

MAX_CSEQ = 2**31 - 1
BRANCH_COOKIE = "z9hG4bK"

Params = tuple[tuple[str, str | None], ...]


def legible(text: str) -> str:
    """Text to be looked up, compared and told: what no database and no log can hold is replaced by U+FFFD."""
    return _UNREADABLE.sub("\ufffd", text)


def split_outside(text: str, separator: str) -> list[str]:
    """Split at a separator, one of `,` and `;`, that stands outside quoted strings and angle brackets."""
    if '"' not in text and "<" not in text:
        return text.split(separator)
    parts: list[str] = []
    start = 0
    quoted = bracketed = False
    escaped = -1  # the place of a character that means only itself
    for found in _MARKS.finditer(text):
        char, position = found[0], found.start()
        if quoted:
            if char == "\\" and position != escaped:
                escaped = position + 1
            elif char == '"' and position != escaped:
                quoted = False
        elif char == '"' and not bracketed:
            quoted = True
        elif char == "<":
            bracketed = True
        elif char == ">":
            bracketed = False
        elif char == separator and not bracketed:
            parts.append(text[start:position])
            start = position + 1
    if quoted:
        raise TheirMistake("unterminated quoted string")
    parts.append(text[start:])
    return parts


def parse_params(pieces: list[str]) -> Params:
    """Parameters as (name in lower case, value as written or None)."""
    params: list[tuple[str, str | None]] = []
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.strip()
        if not name and not equals:
            continue  # an empty parameter, as in "a;;b", is harmless and common
        if not TOKEN.fullmatch(name):
            raise TheirMistake("malformed parameter name")
        params.append((name.lower(), value.strip() if equals else None))
    return tuple(params)


def find_param(params: Params, name: str) -> str | None:
    """Value of the first parameter of that name; the empty string if it stands without a value."""
    for key, value in params:
        if key == name:
            return value or ""
    return None


def is_ip(host: str) -> bool:
    """True for an IPv4 or (unbracketed) IPv6 literal."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def bracketed(host: str) -> str:
    """The host as it stands in a URI or a Via: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def parse_host_port(text: str) -> tuple[str, int | None]:
    """`host[:port]`; IPv6 is returned without its brackets."""
    text = text.strip()
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        host = _THREE_COLONS.sub("::", host)
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise TheirMistake("malformed IPv6 address") from None
        if not closing:
            raise TheirMistake("malformed IPv6 address")
    else:
        host, colon, port_text = text.partition(":")
        host = host.rstrip()
        rest = colon + port_text
        if len(host) > 255 or not _HOST.fullmatch(host):
            raise TheirMistake("malformed host")
    rest = rest.strip()
    if not rest:
        return host, None
    port = rest[1:].strip()
    if rest[0] != ":" or not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > 65535:
        raise TheirMistake("malformed port")
    return host, int(port)


@dataclass(frozen=True, slots=True)
class URI:
    """A SIP, SIPS or other URI. For other schemes only `scheme` and `text` mean anything."""

    text: str
    scheme: str
    user: str | None = None
    host: str = ""
    port: int | None = None
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "URI":
        """Parse a URI. Raises TheirMistake."""
        return _parse_uri(text)

    @property
    def username(self) -> str:
        """The user part with its escapes resolved and without a password; empty if there is none. Escapes may stand for
        any character: see legible.
        """
        name = (self.user or "").partition(":")[0]
        return unquote(name, errors="replace")

    def param(self, name: str) -> str | None:
        """A URI parameter; the empty string if it stands without a value."""
        return find_param(self.params, name)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:  # a URI may carry a password after the user: it never reaches a log
        name = (self.user or "").partition(":")[0]
        return f"URI({self.scheme}:{name + '@' if name else ''}{bracketed(self.host)})"


@lru_cache(maxsize=2048)
def _parse_uri(text: str) -> URI:
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or not _SCHEME.fullmatch(scheme) or _URI_FORBIDDEN.search(text):
        raise TheirMistake("malformed URI")
    scheme = scheme.lower()
    if scheme not in ("sip", "sips"):
        return URI(text, scheme)
    user: str | None = None
    if "@" in rest:
        user, _, rest = rest.partition("@")
        if not user or "@" in rest or _BAD_ESCAPE.search(user):
            raise TheirMistake("malformed user part")
    rest = rest.partition("?")[0]
    host_port, *pieces = rest.split(";")
    host, port = parse_host_port(host_port)
    return URI(text, scheme, user, host, port, parse_params(pieces))


@dataclass(frozen=True, slots=True)
class NameAddr:
    """A From, To, Contact, Route or Record-Route value: display name, URI and header parameters."""

    text: str
    display: str
    uri: URI
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Parse one name-addr or addr-spec. Raises TheirMistake."""
        text = text.strip()
        if "<" not in text.partition('"')[0] and not text.startswith('"'):
            spec, *pieces = split_outside(text, ";")
            spec = spec.strip()
            # RFC 3261 section 20: a URI holding any of these must stand in angle brackets.
            if "," in spec or "?" in spec:
                raise TheirMistake("URI outside angle brackets")
            return cls(text, "", URI.parse(spec), parse_params(pieces))
        first, *pieces = split_outside(text, ";")
        opening = _opening_bracket(first)
        display, inner = first[:opening].strip(), first[opening + 1 :].rstrip()
        if not inner.endswith(">"):
            raise TheirMistake("malformed address")
        if display.startswith('"'):
            display = re.sub(r"\\(.)", r"\1", display[1:-1], flags=re.DOTALL)
        return cls(text, display, URI.parse(inner[:-1].strip()), parse_params(pieces))

    @property
    def tag(self) -> str | None:
        """The tag parameter, or None."""
        return find_param(self.params, "tag") or None

    def param(self, name: str) -> str | None:
        """A header parameter; the empty string if it stands without a value."""
        return find_param(self.params, name)


def _opening_bracket(text: str) -> int:
    position = 0
    if text.startswith('"'):
        position = 1
        while position < len(text) and text[position] != '"':
            position += 2 if text[position] == "\\" else 1
        position += 1
    opening = text.find("<", position)
    if opening < 0 or (position and text[position:opening].strip()) or '"' in text[position:opening]:
        raise TheirMistake("malformed display name")
    return opening


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value. `host` is without IPv6 brackets; `port` None means the transport's default."""

    text: str
    transport: str
    host: str
    port: int | None
    params: Params
    pieces: tuple[str, ...] = ()
    version: str = "2.0"

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Parse one Via value, of whatever version of SIP. Raises TheirMistake."""
        text = text.strip()
        match = _VIA.fullmatch(text)
        if not match:
            raise TheirMistake("malformed Via")
        sent_by, *pieces = split_outside(match[3], ";")
        host, port = parse_host_port(sent_by)
        return cls(text, match[2].upper(), host, port, parse_params(pieces), tuple(pieces), match[1])

    @property
    def branch(self) -> str:
        """The branch parameter; empty if there is none."""
        return find_param(self.params, "branch") or ""

    @property
    def param_rport(self) -> str | None:
        """The rport parameter (RFC 3581): empty if it is asked for, None if it is not there."""
        return find_param(self.params, "rport")

    @property
    def sent_by(self) -> str:
        """Host and port for comparison, in lower case, the default port filled in."""
        return f"{self.host.lower()}:{self.port or (5061 if self.transport == 'TLS' else 5060)}"

    def with_source(self, host: str, port: int) -> "Via":
        """The Via as a server must echo it (RFC 3261 18.2.1, RFC 3581): where it really came from."""
        wants_port = self.param_rport is not None
        if not wants_port and host.lower() == self.host.lower() and find_param(self.params, "received") is None:
            return self
        head = self.text[: len(self.text) - sum(len(piece) + 1 for piece in self.pieces)].rstrip()
        kept: list[str] = []
        for piece in self.pieces:
            name = piece.partition("=")[0].strip().lower()
            if name == "rport":
                kept.append(f"rport={port}")
            elif name != "received":  # a client's own word on this is not to be believed
                kept.append(piece)
        return Via.parse(";".join([head, *kept, f"received={host}"]))


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number (0 to 2**31-1) and method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Parse a CSeq value. Raises TheirMistake."""
        match = _CSEQ.fullmatch(text.strip())
        if not match or int(match[1]) > MAX_CSEQ:
            raise TheirMistake("malformed CSeq")
        return cls(int(match[1]), match[2])
