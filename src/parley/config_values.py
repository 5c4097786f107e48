"""What settings are made of: places to listen, ranges, lists, each read from text with its own words for a mistake."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from .config_base import DOMAIN, address, unset


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen. `::` means every address, IPv6 and IPv4 alike; port 0 lets the system choose one."""

    host: str
    port: int

    def overlaps(self, other: Listen) -> bool:
        """Would the second of the two fail to bind, both being of one transport?"""
        if self.port != other.port or self.port == 0:
            return False
        hosts = {self.host, other.host}
        if len(hosts) == 1 or "::" in hosts:
            return True
        return "0.0.0.0" in hosts and all(":" not in host for host in hosts)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str) -> Listen | None:
    """`127.0.0.1:5060`, `[::]:5060` (every address), `:5060` (the same), or empty for off.

    Names are refused because one can mean several addresses. Raises ValueError.
    """
    text = text.strip()
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"'{text}' is not host:port with a port of at most 65535")
    if host in {"", "*"}:
        return Listen("::", int(port))
    if host == "localhost":
        return Listen("127.0.0.1", int(port))
    bracketed = host.startswith("[") and host.endswith("]")
    if ":" in host and not bracketed:
        raise ValueError(f"'{text}': write an IPv6 address in brackets, [{host}]:{port}")
    return Listen(address(host[1:-1] if bracketed else host), int(port))


@dataclass(frozen=True, slots=True)
class PortRange:
    """UDP ports, both ends included; even first and odd last, so that RTP and RTCP stand in pairs (RFC 3550, 11)."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def parse_ports(text: str) -> PortRange:
    """`20000-29999`. Raises ValueError."""
    match = re.fullmatch(r"\s*([0-9]{1,5})\s*-\s*([0-9]{1,5})\s*", text)
    if match is None:
        raise ValueError(f"'{text}' is not a range of ports such as 20000-29999")
    first, last = int(match[1]), int(match[2])
    if first > last:
        raise ValueError(f"{text} is an empty range")
    if first < 1024 or last > 65535:
        raise ValueError(f"{text} leaves the ports 1024-65535")
    if first % 2 or not last % 2:
        raise ValueError(f"{text} must begin with an even port and end with an odd one: RTP and RTCP come in pairs")
    return PortRange(first, last)


def listen(value: object) -> object:
    return parse_listen(value) if isinstance(value, str) else value


def port_range(value: object) -> object:
    return parse_ports(value) if isinstance(value, str) else value


def domain_names(value: object) -> object:
    """Comma-separated text or a list; lower-cased, each a host name or an address, none twice."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give names separated by commas, or a list of names")
    domains = tuple(part.strip().lower().rstrip(".") for part in value)
    for domain in domains:
        if not DOMAIN.fullmatch(domain):
            try:
                address(domain.strip("[]"))
            except ValueError:
                raise ValueError(f"'{domain}' is neither a host name nor an IP address") from None
        if domains.count(domain) > 1:
            raise ValueError(f"'{domain}' is named twice")
    return domains


def networks(value: object) -> object:
    """Comma-separated text or a list of addresses and networks, none twice."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give addresses separated by commas, or a list of addresses")
    found = []
    for part in value:
        try:
            found.append(str(ipaddress.ip_network(part.strip())))
        except ValueError:
            raise ValueError(f"'{part.strip()}' is not an IP address, nor a network such as 192.0.2.0/28") from None
    if len(set(found)) != len(found):
        raise ValueError("an address is named twice")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class SipListen:
    """One more listener of SIP. transport: udp, tcp or tls."""

    transport: str
    listen: Listen

    def __str__(self) -> str:
        return f"{self.transport}:{self.listen}"


def _listed(value: object, what: str) -> list[str]:
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError(f"give {what} separated by commas, or a list of them")
    return [part.strip() for part in value]


def sip_listens(value: object) -> object:
    if isinstance(value, tuple) and all(isinstance(part, SipListen) for part in value):
        return value
    found = []
    for part in _listed(value, "transport:host:port"):
        transport, _, place = part.partition(":")
        listen = parse_listen(place)
        if transport.lower() not in {"udp", "tcp", "tls"} or listen is None:
            raise ValueError(f"'{part}' is not udp:, tcp: or tls: and host:port")
        found.append(SipListen(transport.lower(), listen))
    return tuple(found)


def origins(value: object) -> object:
    """As browsers write them; `*` for any."""
    found = _listed(value, "origins")
    for part in found:
        parts = urlsplit(part)
        if part != "*" and (parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != part):
            raise ValueError(f"'{part}' is not an origin such as https://phone.example.com")
    return tuple(found)


def base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"'{text}' is not a base such as https://meet.example.com")
    return text.rstrip("/")


def database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "sqlite+aiosqlite:///")):
        raise ValueError("only sqlite:///FILE is supported by this version")
    return text


def dialled_number(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._+*-]{1,64}", text):
        raise ValueError(f"'{text}' cannot be dialled: use letters, digits and . _ + * -")
    return text.lower()


MaybeListen = Annotated[Listen | None, BeforeValidator(listen)]
MaybeAddress = Annotated[str | None, unset(address)]
