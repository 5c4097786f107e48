"""What a running server says of itself: where it listens, in words for people."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import __version__
from .config import Settings
from .first_run import StartFacts
from .first_start import FirstStart
from .host import foremost_address, has_sound_card
from .tls import CertificateFiles


def shown_host(settings: Settings) -> str:
    """The address of ours that a person would use."""
    for listen in (settings.sip.udp, settings.sip.tcp, settings.https.listen, settings.http.listen):
        if listen is not None and listen.host not in {"::", "0.0.0.0"}:
            return listen.host
    return foremost_address()


def first_domain(settings: Settings) -> str:
    """What stands after the @ of our SIP addresses."""
    return settings.sip.domains[0] if settings.sip.domains else shown_host(settings)


def base_url(settings: Settings) -> str:
    """Where people reach the web side: the public base of the settings, else the listener as a person would call it."""
    if settings.web.url:
        return settings.web.url
    for scheme, listen in (("https", settings.https.listen), ("http", settings.http.listen)):
        if listen is not None:
            return f"{scheme}://{_at(settings, listen.host, listen.port)}"
    return f"https://{first_domain(settings)}"


def origin_of(url: str) -> str:
    """As a browser writes it: without a path, and without the port that its scheme has anyway."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {None, usual} else "")


def describer(
    settings: Settings,
    started: str,
    sip_ports: dict[str, int],
    workers: Callable[[], int],
    loads: Callable[[], list[dict[str, int | float]]],
    troubles: Callable[[], list[str]],
) -> Callable[[], dict[str, Any]]:
    """What `parley status` shows of the server itself. started: ISO 8601 in UTC."""

    def describe() -> dict[str, Any]:
        return {
            "version": __version__,
            "started": started,
            "data_dir": str(settings.data_dir.absolute()),
            "listeners": [
                *_api_addresses(settings),
                *_sip_addresses(settings, sip_ports),
                *([f"udp {settings.media.web_port} (browsers' sound)"] if settings.media.web_port else []),
            ],
            "workers": workers(),
            "media": loads(),
            "troubles": troubles(),
        }

    return describe


def _api_addresses(settings: Settings) -> list[str]:
    addresses: list[str] = []
    for scheme, listen in (("http", settings.http.listen), ("https", settings.https.listen)):
        if listen is not None:
            addresses.append(f"{scheme}://{_at(settings, listen.host, listen.port)}/api/v1")
    return addresses


def _sip_addresses(settings: Settings, ports: dict[str, int]) -> list[str]:
    rows: list[str] = []
    sip = settings.sip
    for transport, listen in (("udp", sip.udp), ("tcp", sip.tcp), ("tls", sip.tls)):
        if listen is not None:
            rows.append(f"{transport} {_at(settings, listen.host, ports[transport])}")
    rows += [f"{one.transport} {_at(settings, one.listen.host, one.listen.port)}" for one in sip.further]
    if sip.wss is not None:
        rows.append(f"wss {_at(settings, sip.wss.host, sip.wss.port)}")
    elif sip.websocket and settings.https.listen is not None:
        rows.append(f"wss {_at(settings, settings.https.listen.host, settings.https.listen.port)}/sip")
    return rows


def _at(settings: Settings, host: str, port: int) -> str:
    shown = shown_host(settings) if host in {"::", "0.0.0.0"} else host
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def start_facts(
    settings: Settings, first: FirstStart, ports: dict[str, int], certificate: CertificateFiles | None
) -> StartFacts:
    """What the banner shows."""
    return StartFacts(
        version=__version__,
        api=_api_addresses(settings),
        sip=_sip_addresses(settings, ports),
        domain=first_domain(settings),
        sip_port=ports.get("udp"),
        access_number=settings.sip.access_number,
        password=first.password,
        certificate_fingerprint=certificate.fingerprint or None if certificate else None,
        demo=first.demo,
        pages=base_url(settings) if settings.https.listen or settings.http.listen else None,
        browser_port=settings.media.web_port or None,
        command=own_command(settings.data_dir),
        sound_card=has_sound_card(),
    )


def own_command(data_dir: Path) -> str:
    """As it can be typed in the directory in which the server was started."""
    started = Path(sys.argv[0])
    program = str(started) if started.name == "parley" and shutil.which("parley") != str(started) else "parley"
    usual = data_dir == Settings.model_fields["data_dir"].default
    return program if usual else shlex.join([program, "--data-dir", str(data_dir)])
