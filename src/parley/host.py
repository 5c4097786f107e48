"""What this machine is called, where it can be reached, and what it lets us have."""

from __future__ import annotations

import ipaddress
import os
import re
import resource
import socket
from pathlib import Path

LITTLE_ROOM = 100  # MB: some days of a busy server
_ROUTES = Path("/proc/net/fib_trie")  # Linux: the IPv4 addresses of this machine stand there as "host LOCAL"
_ADDRESSES6 = Path("/proc/net/if_inet6")


def local_addresses() -> tuple[str, ...]:
    """Every IPv4 address of this machine, then every IPv6 one that is not link-local."""
    return tuple(dict.fromkeys([*_ipv4(_text(_ROUTES)), *_ipv6(_text(_ADDRESSES6))]))


def own_names() -> tuple[str, ...]:
    """Lower-case host names and addresses that mean this machine: the SIP domains when none are set."""
    name = socket.gethostname().lower()
    names = [name] if re.fullmatch(r"[a-z0-9.-]{1,253}", name) else []
    return tuple(dict.fromkeys([*names, "localhost", *local_addresses(), "127.0.0.1", "::1"]))


def foremost_address() -> str:
    """The IPv4 address that the default route uses, as others are likely to reach us; 127.0.0.1 without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): nothing is sent, only the route is chosen
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def has_sound_card(cards: Path = Path("/proc/asound/cards")) -> bool:
    """By ALSA's list, whose lines begin with the card's number."""
    return any(line.split()[:1] and line.split()[0].isdigit() for line in _text(cards).splitlines())


def use_every_file() -> int:
    """Raise the soft bound of open files and sockets to the hard one; what it is then."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def short_of_room(directory: Path) -> str:
    """What is left, where it is little; else empty."""
    try:
        facts = os.statvfs(directory)
    except OSError as problem:
        return str(problem)
    free = facts.f_bavail * facts.f_frsize // 1_000_000
    return f"{free} MB are free in {directory}" if free < LITTLE_ROOM else ""


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _ipv4(routes: str) -> list[str]:
    return re.findall(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL", routes)


def _ipv6(table: str) -> list[str]:
    found = []
    for line in table.splitlines():
        digits = line.split()[0]
        address = ipaddress.IPv6Address(int(digits, 16))
        if not address.is_link_local:
            found.append(str(address))
    return found
