"""The one tree of settings: every field has a default, a unit where it measures something, and a help text.

Nothing else in Parley reads the environment. Values come from `settings_sources.load`, which knows where
each one was set; docs/settings.md is generated from the fields below.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from .config_base import DOMAIN, Addresses, MaybePath, Section, address, setting, unset
from .config_notices import Invitations, Mail, Sms, mail_contradictions, sms_contradictions
from .config_operations import EchoSettings, JournalSettings
from .config_outbound import Outbound
from .config_turn import Turn, turn_contradictions

# --- values --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen. `::` means every address, IPv6 and IPv4 alike; port 0 lets the system choose one."""

    host: str
    port: int

    @property
    def every_address(self) -> bool:
        return self.host == "::"

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


def _listen(value: object) -> object:
    return parse_listen(value) if isinstance(value, str) else value


def _ports(value: object) -> object:
    return parse_ports(value) if isinstance(value, str) else value


def _domains(value: object) -> object:
    """Comma-separated text or a list; lower-cased, each a host name or an address, none twice."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give names separated by commas, or a list of names")
    domains = tuple(part.strip().lower().rstrip(".") for part in value)
    for domain in domains:
        if not DOMAIN.fullmatch(domain):
            address(domain.strip("[]"))
        if domains.count(domain) > 1:
            raise ValueError(f"'{domain}' is named twice")
    return domains


def _networks(value: object) -> object:
    """Comma-separated text or a list of addresses and networks, none twice."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give addresses separated by commas, or a list of addresses")
    networks = []
    for part in value:
        try:
            networks.append(str(ipaddress.ip_network(part.strip())))
        except ValueError:
            raise ValueError(f"'{part.strip()}' is not an IP address, nor a network such as 192.0.2.0/28") from None
    if len(set(networks)) != len(networks):
        raise ValueError("an address is named twice")
    return tuple(networks)


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"'{text}' is not a base such as https://meet.example.com")
    return text.rstrip("/")


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "sqlite+aiosqlite:///")):
        raise ValueError("only sqlite:///FILE is supported by this version")
    return text


def _access_number(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._+*-]{1,64}", text):
        raise ValueError(f"'{text}' cannot be dialled: use letters, digits and . _ + * -")
    return text.lower()


MaybeListen = Annotated[Listen | None, BeforeValidator(_listen)]
MaybeAddress = Annotated[str | None, unset(address)]


# --- sections ------------------------------------------------------------------------------------------------


class Database(Section):
    """Where spaces, people and call records are kept."""

    url: Annotated[str | None, unset(_database_url)] = setting(
        None, "SQLAlchemy address of the database; unset: the file parley.db in the data directory."
    )


class Http(Section):
    """The API in the clear, meant for programs on the same machine."""

    listen: MaybeListen = setting("127.0.0.1:8080", "Where to serve HTTP; empty: off.", "host:port")


class Https(Section):
    """The same content by TLS."""

    listen: MaybeListen = setting("[::]:8443", "Where to serve HTTPS; empty: off.", "host:port")
    certificate: MaybePath = setting(
        None, "PEM file of the certificate chain; unset: one is generated in the data directory.", "path"
    )
    key: MaybePath = setting(None, "PEM file of the private key that belongs to `https.certificate`.", "path")


class Sip(Section):
    """Phones and room systems."""

    udp: MaybeListen = setting("[::]:5060", "Where to take SIP over UDP; empty: off.", "host:port")
    tcp: MaybeListen = setting("[::]:5060", "Where to take SIP over TCP; empty: off.", "host:port")
    tls: MaybeListen = setting(
        "", "Where to take SIP over TLS, with the certificate of `https`; empty: off.", "host:port"
    )
    domains: Annotated[tuple[str, ...], BeforeValidator(_domains)] = setting(
        (),
        "Domains whose addresses are ours, separated by commas. They act below the inbound rules of the API. "
        "Empty: this machine's name and addresses.",
    )
    access_number: Annotated[str | None, unset(_access_number)] = setting(
        "9000", "What callers dial to be asked for a call ID, the part before the @; empty: no such entrance."
    )
    trusted_trunks: Annotated[tuple[str, ...], BeforeValidator(_networks)] = setting(
        (),
        "Addresses and networks of trunks whose P-Asserted-Identity (RFC 3325) proves who a caller is, separated by "
        "commas, where a meeting is for a tenant's people or the invited alone. A From header never proves it.",
    )
    authorities: MaybePath = setting(
        None,
        "PEM file of authorities whose certificates next hops may show when we call them by TLS, beside those that "
        "the system trusts.",
        "path",
    )


class Media(Section):
    """Sound."""

    ports: Annotated[PortRange, BeforeValidator(_ports)] = setting(
        "20000-29999", "UDP ports for RTP, two per leg: first even, last odd.", "ports"
    )
    address: MaybeAddress = setting(
        None,
        "The address that phones are told to send sound to, for a server behind address translation; "
        "unset: the one that the route to each phone uses.",
        "IP address",
    )
    web_port: int = setting(
        10000,
        "The UDP port for the sound of all browsers; with several media workers also those after it, one for each; "
        "0: no browsers.",
        "port",
        ge=0,
        le=65535,
    )
    web_listen: Addresses = setting(
        (),
        "This machine's addresses on which that port is opened, separated by commas; empty: all of them.",
        "IP addresses",
    )
    web_addresses: Addresses = setting(
        (),
        "The addresses that browsers are told, best first, for a server behind address translation; empty: "
        "`media.address`, else those listened on, without loopback where there is another.",
        "IP addresses",
    )
    workers: int = setting(
        1, "Media worker processes, each with whole meetings of its own; 0: one for each core.", ge=0, le=64
    )
    dead_after: float = setting(
        30.0, "A leg that should send and of which nothing was received for so long is ended.", "seconds", ge=1, le=3600
    )
    outlive: float = setting(
        60.0,
        "How long a media worker keeps its calls' sound when the server dies, for the next start to take it over; "
        "0: it ends with the server.",
        "seconds",
        ge=0,
        le=3600,
    )
    speakers: int = setting(4, "How many of the loudest are mixed at a time.", "participants", ge=1, le=16)


class Web(Section):
    """Links that are shown to people."""

    url: Annotated[str | None, unset(_base_url)] = setting(
        None, "Public base of links, when a proxy or another name stands before this server.", "URL"
    )

    grace: float = setting(
        30.0,
        "How long a browser whose connection broke stays in the meeting, to come back as the same participant.",
        "seconds",
        ge=1,
        le=600,
    )


class IvrSettings(Section):
    """What callers hear before they are in a meeting."""

    language: Literal["en", "zh", "pt", "x-test"] = setting(
        "en",
        "Language of the prompts where nobody asks for another: en, zh or pt; x-test is beeps for all, for trials.",
    )
    only_participant: bool = setting(
        True, "Whether phones that come first into a meeting are told that they are alone."
    )
    tries: int = setting(3, "Wrong call IDs or PINs before the call is ended.", "tries", ge=1, le=10)
    no_input_timeout: float = setting(10.0, "Silence after a prompt that counts as no answer.", "seconds", ge=1, le=600)
    digit_timeout: float = setting(10.0, "Pause after a digit that ends the entry as # would.", "seconds", ge=1, le=600)
    stay_limit: float = setting(
        600.0, "The longest stay at the prompts; then the call is ended.", "seconds", ge=10, le=600
    )


class Limits(Section):
    """Bounds against guessing and floods."""

    wrong_pins: int = setting(
        20, "Wrong PINs within the window after which a space, or a source, is locked out.", "PINs", ge=1, le=10_000
    )
    window_s: int = setting(600, "The window in which wrong PINs are counted.", "seconds", ge=1, le=86_400)
    legs: int = setting(500, "Legs at a time on this server; more are refused.", "legs", ge=1, le=10_000)
    calls_per_source: int = setting(
        50, "New calls a second from one network address (IPv6: /64); more are refused.", "per second", ge=1, le=10_000
    )
    sockets_per_source: int = setting(
        100, "Browsers connected at a time from one network address (IPv6: /64).", "sockets", ge=1, le=10_000
    )
    credential_checks_per_source: int = setting(
        30, "API passwords checked for one network address (IPv6: /64).", "per minute", ge=1, le=10_000
    )


class Log(Section):
    """What the server writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = setting("info", "The least severe line that is written.")
    format: Literal["console", "json"] = setting("console", "console for people, json for collectors.")
    kept_lines: int = setting(2000, "Lines of the event log held for `parley log`.", "lines", ge=10, le=100_000)


class Cms(Section):
    """The XML API."""

    page_limit: int = setting(20, "The most objects on one page of a collection.", "objects", ge=1, le=1000)
    calls_page_limit: int = setting(
        10, "The same for calls, legs and participants; some clients assume 10.", "objects", ge=1, le=1000
    )
    credential_memory: int = setting(
        300, "How long a verified password is remembered (as a keyed hash).", "seconds", ge=0, le=3600
    )


class Experimental(Section):
    """Settings that may change or vanish without notice. There are none at present."""


# --- first start ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """One NAME:SECRET pair, from the environment only, used on an empty data directory."""

    name: str
    secret: SecretStr


def parse_bootstrap(text: str) -> Bootstrap:
    """`name:password`; the password may hold colons. Raises ValueError, which never quotes the text."""
    name, colon, secret = text.partition(":")
    if not colon or not name.strip() or not secret:
        raise ValueError("must be two parts with a colon between them")
    return Bootstrap(name.strip(), SecretStr(secret))


# --- the tree ------------------------------------------------------------------------------------------------


class Settings(Section):
    """Everything that can be set."""

    data_dir: Path = setting(Path("data"), "Where the database, the generated secrets and the sockets live.", "path")
    database: Database = Database()
    http: Http = Http()
    https: Https = Https()
    sip: Sip = Sip()
    media: Media = Media()
    web: Web = Web()
    turn: Turn = Turn()
    ivr: IvrSettings = IvrSettings()
    echo: EchoSettings = EchoSettings()
    journal: JournalSettings = JournalSettings()
    limits: Limits = Limits()
    log: Log = Log()
    cms: Cms = Cms()
    invitations: Invitations = Invitations()
    mail: Mail = Mail()
    sms: Sms = Sms()
    outbound: Outbound = Outbound()
    experimental: Experimental = Experimental()
    bootstrap_admin: Bootstrap | None = None
    bootstrap_app: Bootstrap | None = None

    @property
    def database_url(self) -> str:
        """With the asynchronous driver named."""
        url = self.database.url or f"sqlite:///{self.data_dir.absolute() / 'parley.db'}"
        return url.replace("sqlite:", "sqlite+aiosqlite:", 1)


BOOTSTRAP_FIELDS = frozenset({"bootstrap_admin", "bootstrap_app"})


def contradictions(settings: Settings) -> list[tuple[str, str]]:
    """(field, what is wrong) for values that are each well formed and do not go together."""
    found: list[tuple[str, str]] = []
    streams = {
        "http.listen": settings.http.listen,
        "https.listen": settings.https.listen,
        "sip.tcp": settings.sip.tcp,
        "sip.tls": settings.sip.tls,
    }
    taken: list[tuple[str, Listen]] = []
    for field, listen in streams.items():
        if listen is None:
            continue
        found += [(field, f"{listen} overlaps {other} ({at})") for other, at in taken if listen.overlaps(at)]
        taken.append((field, listen))
    if not taken and settings.sip.udp is None:
        found.append(
            ("sip.udp", "no listener at all: http.listen, https.listen and sip.udp, tcp and tls are all empty")
        )
    if settings.sip.udp is not None and settings.sip.udp.port in settings.media.ports:
        found.append(("media.ports", f"{settings.media.ports} contains the port of sip.udp ({settings.sip.udp})"))
    found += _web_port_contradictions(settings)
    if (settings.https.certificate is None) != (settings.https.key is None):
        missing = "key" if settings.https.key is None else "certificate"
        found.append((f"https.{missing}", "https.certificate and https.key are set together or not at all"))
    found += turn_contradictions(settings.turn)
    return found + mail_contradictions(settings.mail) + sms_contradictions(settings.sms)


def _web_port_contradictions(settings: Settings) -> list[tuple[str, str]]:
    port, found = settings.media.web_port, []
    if port in settings.media.ports:
        found.append(("media.web_port", f"{port} lies in media.ports ({settings.media.ports})"))
    udp = settings.sip.udp
    if udp is not None and port:
        listens = [Listen(host, port) for host in settings.media.web_listen or ("::",)]
        found += [
            ("media.web_port", f"{listen} overlaps sip.udp ({udp})") for listen in listens if listen.overlaps(udp)
        ]
    for listen in settings.media.web_listen:
        if listen in {"0.0.0.0", "::"}:
            found.append(("media.web_listen", f"{listen} is no address of its own; leave it empty for all addresses"))
    return found
