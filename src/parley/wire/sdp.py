"""SDP (RFC 8866): read leniently and within bounds, written exactly. Offers and answers are in
`offer_answer`.

A session keeps every line of its media descriptions in order; lines nobody knows are passed over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from parley.wire.sip.errors import TheirMistake

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: tuple[Direction, ...] = ("sendrecv", "sendonly", "recvonly", "inactive")

MAX_SIZE = 49152
MAX_LINES = 2000
MAX_MEDIA = 32
MAX_FORMATS = 128
MAX_BANDWIDTHS = 16

# RFC 3551 table 4: payload types that need no rtpmap.
STATIC_PAYLOADS = {
    0: ("PCMU", 8000, 1), 3: ("GSM", 8000, 1), 4: ("G723", 8000, 1), 8: ("PCMA", 8000, 1),
    9: ("G722", 8000, 1), 10: ("L16", 44100, 2), 11: ("L16", 44100, 1), 13: ("CN", 8000, 1),
    15: ("G728", 8000, 1), 18: ("G729", 8000, 1), 26: ("JPEG", 90000, 1), 31: ("H261", 90000, 1),
    34: ("H263", 90000, 1),
}  # fmt: skip


class SdpMistake(TheirMistake):
    """The peer's session description cannot be read. Answer 400 (or 488), change nothing."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One RTP payload format as described by rtpmap and fmtp; `clock` in Hz."""

    payload: int
    name: str
    clock: int
    channels: int = 1
    fmtp: str = ""

    def same_format(self, other: "Codec") -> bool:
        """True if both name one format, whatever payload types and parameters they give it."""
        mine = (self.name.lower(), self.clock, self.channels)
        return mine == (other.name.lower(), other.clock, other.channels)

    @property
    def rtpmap(self) -> str:
        """The value of its rtpmap attribute."""
        return f"{self.payload} {self.name}/{self.clock}" + (f"/{self.channels}" if self.channels > 1 else "")


@dataclass(frozen=True, slots=True)
class Connection:
    """A c= line without TTL and count: `family` is IP4 or IP6."""

    family: str
    address: str

    @classmethod
    def to(cls, address: str) -> "Connection":
        """The connection of an address."""
        return cls("IP6" if ":" in address else "IP4", address)

    @property
    def unspecified(self) -> bool:
        """The all-zero address: hold in the manner of RFC 2543."""
        return self.address in ("0.0.0.0", "::", "0:0:0:0:0:0:0:0")

    def __str__(self) -> str:
        return f"IN {self.family} {self.address}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The o= line."""

    user: str = "-"
    session: int = 0
    version: int = 0
    connection: Connection = field(default_factory=lambda: Connection("IP4", "0.0.0.0"))

    def __str__(self) -> str:
        return f"{self.user} {self.session} {self.version} {self.connection}"


Attribute = tuple[str, str | None]


def _find(attributes: Iterable[Attribute], name: str) -> str | None:
    return next((value or "" for key, value in attributes if key == name), None)


@dataclass(slots=True)
class Media:
    """One m= section. `port` 0 refuses or stops it; `ports` is the count after a slash."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    ports: int = 1
    connection: Connection | None = None
    bandwidths: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """Value of the first attribute of that name: empty if it stands alone, None if it is missing."""
        return _find(self.attributes, name)

    def codecs(self) -> list[Codec]:
        """The formats in the peer's order, each format once; those without a meaning are left out."""
        maps: dict[int, tuple[str, int, int]] = dict(STATIC_PAYLOADS)
        parameters: dict[int, str] = {}
        for name, value in self.attributes:
            head, _, rest = (value or "").strip().partition(" ")
            if name not in ("rtpmap", "fmtp") or not _is_payload(head):
                continue
            if name == "fmtp":
                parameters.setdefault(int(head), rest.strip())
            elif (described := _encoding(rest)) is not None:
                maps[int(head)] = described
        found: list[Codec] = []
        for text in self.formats:
            if not _is_payload(text) or int(text) not in maps:
                continue
            payload = int(text)
            codec = Codec(payload, *maps[payload], parameters.get(payload, ""))
            if not any(known.same_format(codec) and known.fmtp == codec.fmtp for known in found):
                found.append(codec)
        return found

    @property
    def ptime(self) -> int | None:
        """Packet time in milliseconds, or None."""
        return _milliseconds(self.get("ptime"))

    @property
    def maxptime(self) -> int | None:
        """Longest packet time in milliseconds, or None."""
        return _milliseconds(self.get("maxptime"))

    @property
    def rtcp_port(self) -> int | None:
        """The port of RTCP where it is told (RFC 3605); its address, if one is told, is not read."""
        told = (self.get("rtcp") or "").split()
        return (_number(told[0], 65535) or None) if told else None

    def lines(self) -> list[str]:
        """The section as written."""
        port = f"{self.port}/{self.ports}" if self.ports > 1 else str(self.port)
        lines = [f"m={self.kind} {port} {self.protocol} {' '.join(self.formats)}"]
        if self.connection:
            lines.append(f"c={self.connection}")
        lines += [f"b={value}" for value in self.bandwidths]
        return lines + [_attribute_line(attribute) for attribute in self.attributes]


@dataclass(slots=True)
class Session:
    """A whole description."""

    origin: Origin = field(default_factory=Origin)
    name: str = "-"
    connection: Connection | None = None
    bandwidths: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """Value of the first session attribute of that name: empty if it stands alone, None if it is
        missing.
        """
        return _find(self.attributes, name)

    def address_of(self, media: Media) -> Connection | None:
        """The connection of a section: its own or the session's."""
        return media.connection or self.connection

    def direction_of(self, media: Media) -> Direction:
        """The direction of a section as its sender sees it; an all-zero address means it wants nothing
        sent.
        """
        general: Direction = next((d for d in DIRECTIONS if self.get(d) is not None), "sendrecv")
        direction = next((d for d in DIRECTIONS if media.get(d) is not None), general)
        connection = self.address_of(media)
        if connection is not None and connection.unspecified:
            return "sendonly" if direction in ("sendrecv", "sendonly") else "inactive"
        return direction

    def serialise(self) -> bytes:
        """The description as it goes into a body, lines ended by CRLF."""
        lines = ["v=0", f"o={self.origin}", f"s={self.name or '-'}"]
        if self.connection:
            lines.append(f"c={self.connection}")
        lines += [f"b={value}" for value in self.bandwidths]
        lines.append("t=0 0")
        lines += [_attribute_line(attribute) for attribute in self.attributes]
        for media in self.media:
            lines += media.lines()
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


def _attribute_line(attribute: Attribute) -> str:
    name, value = attribute
    return f"a={name}" if value is None else f"a={name}:{value}"


def _is_payload(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 127


def _number(text: str, most: int) -> int | None:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > most:
        return None
    return int(text)


def _milliseconds(text: str | None) -> int | None:
    if text is None:
        return None
    return _number(text.partition(".")[0], 1000) or None


def _encoding(text: str) -> tuple[str, int, int] | None:
    name, _, rest = text.strip().partition("/")
    clock_text, _, channels_text = rest.partition("/")
    clock = _number(clock_text, 1_000_000)
    channels = _number(channels_text, 255) if channels_text else 1
    return (name, clock, channels) if name and clock and channels else None


def parse(data: bytes) -> Session:
    """Read a description. Raises SdpMistake if it is none, is beyond the bounds, or has a broken m= or c=
    line.
    """
    if len(data) > MAX_SIZE:
        raise SdpMistake("description too large")
    lines = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [line for line in lines if line.strip()]
    if len(lines) > MAX_LINES:
        raise SdpMistake("too many lines")
    if not lines or lines[0].strip() != "v=0":
        raise SdpMistake("no session description")
    session = Session()
    media: Media | None = None
    for line in lines[1:]:
        key, equals, value = line[:1], line[1:2], line[2:].strip()
        if equals != "=":
            raise SdpMistake("malformed line")
        if key == "m":
            if len(session.media) >= MAX_MEDIA:
                raise SdpMistake("too many media")
            media = _media(value)
            session.media.append(media)
        elif key == "o" and media is None:
            session.origin = _origin(value)
        elif key == "s" and media is None:
            session.name = value
        else:
            _common(session if media is None else media, key, value)
    return session


def _common(part: Session | Media, key: str, value: str) -> None:
    """Lines that may stand in the session and in a section alike."""
    if key == "c":
        connection = _connection(value)
        part.connection = part.connection or connection
    elif key == "b" and len(part.bandwidths) < MAX_BANDWIDTHS:
        part.bandwidths.append(value)
    elif key == "a":
        name, colon, rest = value.partition(":")
        part.attributes.append((name.strip(), rest.strip() if colon else None))


def _media(value: str) -> Media:
    fields = value.split()
    if len(fields) < 3:
        raise SdpMistake("malformed m= line")
    kind, port_text, protocol, *formats = fields
    port_text, slash, count_text = port_text.partition("/")
    port, count = _number(port_text, 65535), _number(count_text, 65535) if slash else 1
    if port is None or count is None or len(formats) > MAX_FORMATS:
        raise SdpMistake("malformed m= line")
    return Media(kind.lower(), port, protocol, formats, max(count, 1))


def _connection(value: str) -> Connection:
    fields = value.split()
    if len(fields) < 3 or fields[0].upper() != "IN" or fields[1].upper() not in ("IP4", "IP6"):
        raise SdpMistake("malformed c= line")
    address = fields[2].partition("/")[0]
    if not address or len(address) > 255:
        raise SdpMistake("malformed c= line")
    return Connection(fields[1].upper(), address)


def _origin(value: str) -> Origin:
    """The origin is compared, never used: what cannot be read there becomes the default."""
    fields = value.split()
    if len(fields) < 6:
        return Origin()
    session, version = _number(fields[1], 2**64 - 1), _number(fields[2], 2**64 - 1)
    return Origin(fields[0], session or 0, version or 0, Connection(fields[4].upper(), fields[5][:255]))
