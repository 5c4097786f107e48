"""Whose word on callers counts: trunks that we trust assert identities by P-Asserted-Identity (RFC 3325)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from ...wire.sip.address import NameAddr, legible
from ...wire.sip.errors import TheirMistake
from ...wire.sip.message import Request

HEADER = "P-Asserted-Identity"
IDENTITIES_MOST = 2  # one sip or sips URI and one tel URI (RFC 3325, 9.1)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedTrunks:
    """Networks inside our trust domain. Anybody else's header is not read at all."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: list[Network] = [ipaddress.ip_network(network) for network in networks]

    def asserted(self, request: Request, source: str) -> tuple[str, ...]:
        """The URIs that the trunk at this address vouches for. A malformed or overlong header vouches for nobody."""
        if not self._includes(source):
            return ()
        try:
            names = request.headers.parsed(HEADER, NameAddr.parse)
        except TheirMistake:
            return ()
        uris = [name.uri for name in names]
        if len(uris) > IDENTITIES_MOST or any(uri.scheme not in {"sip", "sips", "tel"} for uri in uris):
            return ()
        return tuple(
            legible(uri.text if uri.scheme == "tel" else f"{uri.scheme}:{uri.username}@{uri.host}") for uri in uris
        )

    def _includes(self, source: str) -> bool:
        if not self._networks:
            return False
        try:
            address = ipaddress.ip_address(source.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
