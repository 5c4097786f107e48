"""Where a next hop's name leads (RFC 3263): SRV records first, addresses otherwise.

NAPTR is not asked: rules name the transport, and names that have NAPTR records have SRV records too.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.nameserver

from ...wire.sip.address import is_ip

RESOLVE_WITHIN = 5.0  # seconds for a name
PLACES_MOST = 16
DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}
# In which order services are asked for; what a secure call asks for is secure throughout.
_SERVICES = {
    "udp": (("_sip._udp", "udp"), ("_sip._tcp", "tcp")),
    "tcp": (("_sip._tcp", "tcp"),),
    "tls": (("_sips._tcp", "tls"),),
}


class NameUnknown(Exception):
    """The name has no address."""


@dataclass(frozen=True, slots=True)
class Place:
    """One address to try."""

    address: str
    port: int
    transport: str


class Resolver:
    """nameservers: (address, port) of those to ask instead of the system's."""

    def __init__(self, nameservers: Sequence[tuple[str, int]] = ()) -> None:
        self._nameservers = tuple(nameservers)

    async def places(self, host: str, port: int | None, transport: str) -> list[Place]:
        """Best first; a port that is named, and an address, are taken as they are. Raises NameUnknown."""
        if is_ip(host):
            return [Place(host, port or DEFAULT_PORTS[transport], transport)]
        if port is None:
            absent = False
            for service, by in _SERVICES[transport]:
                found = await self._services(f"{service}.{host}", by)
                if found:
                    return found[:PLACES_MOST]
                absent = absent or found is None
            if absent:
                raise NameUnknown(host)
        addresses = await self._addresses(host)
        if not addresses:
            raise NameUnknown(host)
        return [Place(address, port or DEFAULT_PORTS[transport], transport) for address in addresses][:PLACES_MOST]

    async def _services(self, name: str, transport: str) -> list[Place] | None:
        """None: the service is decidedly not there (RFC 2782), and its host is not to be tried instead."""
        try:
            answer = await self._asker().resolve(name, "SRV", lifetime=RESOLVE_WITHIN)
        except (dns.exception.DNSException, OSError, ValueError):
            return []
        places: list[Place] = []
        records: list[Any] = answer.rrset.processing_order() if answer.rrset is not None else []
        for record in records:
            target = record.target.to_text(omit_final_dot=True)
            if target in {"", "."}:
                return None
            addresses = [target] if is_ip(target) else await self._addresses(target)
            places += [Place(address, record.port, transport) for address in addresses]
        return places

    async def _addresses(self, host: str) -> list[str]:
        """By the system's own way (hosts file included), unless other servers are to be asked."""
        if self._nameservers:
            return await self._asked(host)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(RESOLVE_WITHIN):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError):
            return []
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def _asked(self, host: str) -> list[str]:
        found: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                answer = await self._asker().resolve(host, kind, lifetime=RESOLVE_WITHIN)
            except (dns.exception.DNSException, OSError, ValueError):
                continue
            found += [record.to_text() for record in answer]
        return found

    def _asker(self) -> dns.asyncresolver.Resolver:
        if not self._nameservers:
            return dns.asyncresolver.Resolver()
        asker = dns.asyncresolver.Resolver(configure=False)
        asker.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in self._nameservers]
        return asker
