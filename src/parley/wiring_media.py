"""Settings -> where the media workers listen for browsers, and what browsers are told; where they listen for us."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import stat
import tempfile
from pathlib import Path

from .backends.engine.client import WebListening
from .config import Media
from .host import foremost_address, local_addresses

LONGEST_DIRECTORY = 80  # bytes: the path of a UNIX socket has 107 in all


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


def run_directory_of(data_dir: Path) -> Path:
    """For the workers' sockets, the same at each start: in the data directory, or, where its path is too long for a
    socket, a private one of ours among the system's temporary files. Raises PermissionError."""
    path = data_dir.absolute() / "run"
    if len(os.fsencode(path)) >= LONGEST_DIRECTORY:
        digest = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
        path = Path(tempfile.gettempdir()) / f"parley-{os.getuid()}-{digest}"
    path.mkdir(mode=0o700, exist_ok=True)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PermissionError(f"{path} must be a directory of our own user")
    path.chmod(0o700)
    return path
