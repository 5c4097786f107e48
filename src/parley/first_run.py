"""What is made on an empty data directory, and what is said when the server starts.

Wiring stores what is made here; this file chooses the values and words.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .tls import write_private

# A machine without a sound card would end the call at once: the phone hears itself instead.
NO_SOUND_CARD = '-e "/insmod aubridge" -e "/ausrc aubridge,x" -e "/auplay aubridge,x" '
SECRETS_FILE = "secrets.json"
ADMINISTRATOR = "admin"
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: people type it from a screen


@dataclass(frozen=True, slots=True)
class ServerSecrets:
    """Keys of this installation, 32 bytes each. seal: what must be kept readable (application keys) is sealed by it."""

    seal: bytes = field(repr=False)


def ensure_data_dir(data_dir: Path) -> bool:
    """Make the directory, open to its owner alone; True when it is new or holds nothing of ours yet."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return not (data_dir / SECRETS_FILE).exists()


def load_secrets(data_dir: Path) -> ServerSecrets:
    """Read them, or make them on the first run. Raises ValueError when the file is damaged: it is never replaced,
    because what it sealed would be lost with it."""
    path = data_dir / SECRETS_FILE
    if not path.exists():
        write_private(path, json.dumps({"seal": secrets.token_hex(32)}).encode() + b"\n")
    try:
        seal = bytes.fromhex(json.loads(path.read_bytes())["seal"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is damaged; restore it from a backup") from None
    if len(seal) != 32:
        raise ValueError(f"{path} is damaged; restore it from a backup")
    return ServerSecrets(seal)


def host_id(data_dir: Path) -> str:
    """A UUID that names this installation for life. It is derived one way from its secrets: it tells nothing."""
    digest = hashlib.sha256(b"host-id" + load_secrets(data_dir).seal).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def personal_links_key(server: ServerSecrets) -> bytes:
    """What links to invited people are sealed with; derived, so that no other use of the secret meets this one."""
    return hmac.digest(server.seal, b"personal links", "sha256")


def generated_password() -> str:
    """Four groups of four letters and digits: 80 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


@dataclass(frozen=True, slots=True)
class DemoSpace:
    """One address with two doors: blank for guests, who wait, and a PIN for the host, whose arrival starts it."""

    name: str
    uri: str
    guest_call_id: str
    host_call_id: str
    host_pin: str = field(repr=False)
    passcode_timeout: int = 5  # seconds after the prompt until silence means guest


def demo_space(digits: Callable[[int], str]) -> DemoSpace:
    """digits(n) gives a random number of n digits, the first not 0."""
    guest = digits(9)
    host = digits(9)
    while host == guest:
        host = digits(9)
    return DemoSpace("Demo", "demo", guest, host, digits(6))


@dataclass(frozen=True, slots=True)
class StartFacts:
    """What the banner tells. `password` only when it was generated just now."""

    version: str
    api: Sequence[str]  # base addresses, e.g. https://192.0.2.7:8443/api/v1
    sip: Sequence[str]  # e.g. udp 192.0.2.7:5060
    domain: str  # what stands after the @ in the lines below
    sip_port: int | None  # of UDP; None when it is off
    access_number: str | None
    administrator: str = ADMINISTRATOR
    password: str | None = field(default=None, repr=False)
    certificate_fingerprint: str | None = None  # of a generated certificate
    demo: DemoSpace | None = None  # while the demo space exists
    pages: str | None = None  # base address of the pages; None: there is no HTTP listener
    browser_port: int | None = None  # UDP, of browsers' sound; None: no browsers
    command: str = "parley"  # what runs our commands on this installation, as it can be typed
    sound_card: bool = True  # has this machine one?


def banner(facts: StartFacts) -> str:
    """The text shown at the start, without a final line break. The line `ready` comes after it."""
    rows: list[tuple[str, str]] = []
    if facts.pages:
        rows.append(("pages", facts.pages + "/"))
    rows += [("API" if not index else "", address) for index, address in enumerate(facts.api)]
    if facts.certificate_fingerprint:
        rows.append(("", "the certificate is generated; SHA-256 " + facts.certificate_fingerprint))
    rows += [("SIP" if not index else "", address) for index, address in enumerate(facts.sip)]
    if facts.browser_port:
        rows.append(("browsers' sound", f"udp port {facts.browser_port}"))
    if facts.access_number and facts.sip:
        rows.append(("call ID entry", _uri(facts, facts.access_number)))
    if facts.password is not None:
        rows.append(("administrator", facts.administrator))
        rows.append(("password", f"{facts.password}   (shown this once)"))
    lines = [f"Parley {facts.version}", *_aligned(rows)]
    if facts.demo is not None and facts.sip:
        lines += ["", *_demo_lines(facts, facts.demo)]
    return "\n".join(lines)


def _demo_lines(facts: StartFacts, demo: DemoSpace) -> list[str]:
    uri = _uri(facts, demo.uri)
    rows = [
        ("guests", f"{uri}   then # (or wait {demo.passcode_timeout} s); call ID {demo.guest_call_id}, no PIN"),
        ("host", f"{uri}   PIN {demo.host_pin} #; call ID {demo.host_call_id}, PIN {demo.host_pin} #"),
        *([("browser", f"{facts.pages}/meeting/{demo.guest_call_id}")] if facts.pages else []),
        ("softphone", softphone_line(uri)),
        *([] if facts.sound_card else [("no sound card", softphone_line(uri, NO_SOUND_CARD))]),
        ("or", "linphonec   then: call " + uri),
        ("no phone", f"{facts.command} demo guest-host"),
    ]
    return [f"Demo space '{demo.name}': guests wait until the host is there", *_aligned(rows)]


def softphone_line(uri: str, before: str = "") -> str:
    """Registers nowhere and dials; digits are then typed into its terminal. The directory is named because
    baresip 1.0 finds no home without a login session. before: further arguments."""
    return f'baresip -f ~/.baresip {before}-e "/uanew <sip:me@localhost>;regint=0" -e "/dial {uri}"'


def _uri(facts: StartFacts, user: str) -> str:
    domain = f"[{facts.domain}]" if ":" in facts.domain else facts.domain
    port = "" if facts.sip_port in {None, 5060} else f":{facts.sip_port}"
    return f"sip:{user}@{domain}{port}"


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:{width}}  {text}".rstrip() for name, text in rows]
