"""Settings -> where the media worker listens for browsers, and what browsers are told."""

from __future__ import annotations

import ipaddress

from .backends.engine.client import WebListening
from .config import Media
from .host import foremost_address, local_addresses


def web_listening(media: Media) -> WebListening | None:
    """None: no browsers.

    One socket for each address rather than one for all of them: an answer then leaves from the very address that was
    asked, which ICE requires (RFC 8445 section 7.2.5.2.1).
    """
    if media.web_port == 0:
        return None
    listen = media.web_listen or _own_addresses()
    if media.web_addresses:
        told = media.web_addresses
    elif media.address is not None:
        told = (media.address,)
    else:
        told = _reachable(listen)
    return WebListening(listen, media.web_port, told)


def _own_addresses() -> tuple[str, ...]:
    """All of this machine, the one most likely to be reached first."""
    first = foremost_address()
    rest = [address for address in local_addresses() if address != first]
    return (first, *rest)


def _reachable(listen: tuple[str, ...]) -> tuple[str, ...]:
    """Without loopback, unless there is nothing else."""
    found = tuple(address for address in listen if not ipaddress.ip_address(address).is_loopback)
    return found or listen
