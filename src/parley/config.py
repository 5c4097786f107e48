"""The one tree of settings: every field has a default, a unit where it measures something, and a help text.

Nothing else in Parley reads the environment. Values come from `settings_sources.load`, which knows where
each one was set; docs/settings.md is generated from the fields below.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from .config_base import Addresses, MaybePath, Paths, Section, setting, unset
from .config_notices import Invitations, Mail, Sms, mail_contradictions, sms_contradictions
from .config_operations import EchoSettings, JournalSettings
from .config_outbound import Outbound
from .config_turn import Turn, turn_contradictions
from .config_values import (
    Listen,
    MaybeAddress,
    MaybeListen,
    PortRange,
    SipListen,
    base_url,
    database_url,
    dialled_number,
    domain_names,
    networks,
    origins,
    port_range,
    sip_listens,
)

# --- sections ------------------------------------------------------------------------------------------------


class Database(Section):
    """Where spaces, people and call records are kept."""

    url: Annotated[str | None, unset(database_url)] = setting(
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
    further_certificates: Paths = setting(
        (),
        "PEM files, each of a certificate chain and its private key, for clients that ask for one of their names "
        "(SNI), separated by commas. As all certificates they are for HTTPS and SIP, and read anew when they change.",
        "paths",
    )


class Sip(Section):
    """Phones and room systems."""

    udp: MaybeListen = setting("[::]:5060", "Where to take SIP over UDP; empty: off.", "host:port")
    tcp: MaybeListen = setting("[::]:5060", "Where to take SIP over TCP; empty: off.", "host:port")
    tls: MaybeListen = setting(
        "", "Where to take SIP over TLS, with the certificate of `https`; empty: off.", "host:port"
    )
    further: Annotated[tuple[SipListen, ...], BeforeValidator(sip_listens)] = setting(
        (),
        "More places to take SIP, separated by commas, such as `udp:[2001:db8::1]:5060, tls:192.0.2.1:5061`.",
        "transport:host:port",
    )
    websocket: bool = setting(True, "Take SIP over WebSocket (RFC 7118) at `/sip` of the HTTP and HTTPS listeners.")
    wss: MaybeListen = setting(
        "",
        "Where to take SIP over secure WebSocket and nothing else, with the certificate of `https`; empty: off.",
        "host:port",
    )
    websocket_origins: Annotated[tuple[str, ...], BeforeValidator(origins)] = setting(
        (),
        "Origins of foreign pages whose scripts may speak SIP over WebSocket, such as `https://phone.example.com`, "
        "separated by commas; `*`: any. Our own pages and programs that are no browser always may.",
    )
    srtp_offer: Literal["sdes", "dtls"] = setting(
        "sdes",
        "How keys are agreed where we call somebody and offer SRTP: sdes, keys in SDP; dtls, by a handshake. "
        "Callers are answered by what they offer.",
    )
    client_authorities: MaybePath = setting(
        None,
        "PEM file of authorities one of which must vouch for whoever comes by SIP over TLS (mutual TLS); unset: peers "
        "show no certificate.",
        "path",
    )
    domains: Annotated[tuple[str, ...], BeforeValidator(domain_names)] = setting(
        (),
        "Domains whose addresses are ours, separated by commas. They act below the inbound rules of the API. "
        "Empty: this machine's name and addresses.",
    )
    access_number: Annotated[str | None, unset(dialled_number)] = setting(
        "9000", "What callers dial to be asked for a call ID, the part before the @; empty: no such entrance."
    )
    trusted_trunks: Annotated[tuple[str, ...], BeforeValidator(networks)] = setting(
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

    ports: Annotated[PortRange, BeforeValidator(port_range)] = setting(
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

    url: Annotated[str | None, unset(base_url)] = setting(
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
    sip_messages_per_source: int = setting(
        500,
        "SIP messages a second from one network address (IPv6: /64), never less than ten for each call that "
        "`limits.calls_per_source` allows; more are dropped unread, streams are read more slowly.",
        "per second",
        ge=1,
        le=100_000,
    )
    sip_streams: int = setting(
        1000,
        "SIP connections (TCP, TLS, WebSocket) at a time, counted from when they are accepted.",
        "connections",
        ge=1,
        le=100_000,
    )
    sip_streams_per_source: int = setting(
        100, "The same from one network address (IPv6: /64).", "connections", ge=1, le=100_000
    )
    http_connections: int = setting(
        3000,
        "Connections at a time on each HTTP or HTTPS listener, WebSockets among them, counted from when they are "
        "accepted; more are closed.",
        "connections",
        ge=1,
        le=100_000,
    )
    http_connections_per_source: int = setting(
        1000,
        "The same from one network address (IPv6: /64); a proxy is one.",
        "connections",
        ge=1,
        le=100_000,
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


def of_transport(settings: Settings, transport: str) -> list[Listen]:
    """The further listeners of SIP by that transport."""
    return [one.listen for one in settings.sip.further if one.transport == transport]


BOOTSTRAP_FIELDS = frozenset({"bootstrap_admin", "bootstrap_app"})


def contradictions(settings: Settings) -> list[tuple[str, str]]:
    """(field, what is wrong) for values that are each well formed and do not go together."""
    found: list[tuple[str, str]] = []
    streams = {
        "http.listen": settings.http.listen,
        "https.listen": settings.https.listen,
        "sip.tcp": settings.sip.tcp,
        "sip.tls": settings.sip.tls,
        "sip.wss": settings.sip.wss,
    }
    taken: list[tuple[str, Listen]] = []
    more = [("sip.further", one.listen) for one in settings.sip.further if one.transport != "udp"]
    for field, listen in [*streams.items(), *more]:
        if listen is None:
            continue
        found += [(field, f"{listen} overlaps {other} ({at})") for other, at in taken if listen.overlaps(at)]
        taken.append((field, listen))
    datagrams = [("sip.udp", settings.sip.udp)] if settings.sip.udp is not None else []
    for listen in of_transport(settings, "udp"):
        found += [("sip.further", f"{listen} overlaps {name} ({at})") for name, at in datagrams if listen.overlaps(at)]
        datagrams.append(("sip.further", listen))
    if not taken and not datagrams:
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
