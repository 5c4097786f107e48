"""Would a start with these settings come to anything? What stands in its way besides the settings themselves."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path

from .config import Settings
from .config_values import Listen
from .tls_contexts import CertificatePair, ServerCertificates, certificate_words


def obstacles(settings: Settings) -> list[str]:
    """What no start gets past until somebody mends it; each names its setting."""
    return [*_directory(settings.data_dir), *_certificates(settings)]


def taken_ports(settings: Settings) -> list[str]:
    """What listens now where a start would: of a moment, and nothing while a server runs on this data directory."""
    if _in_use(settings.data_dir):
        return []
    found = []
    for name, listen, kind in _listeners(settings):
        if problem := _bound(listen, kind):
            found.append(f"{name}: cannot listen on {listen} now: {problem}")
    return found


def _directory(path: Path) -> Iterator[str]:
    """The directory, or the one in which it would be made."""
    if path.exists() and not path.is_dir():
        yield f"data_dir: {path} is not a directory"
        return
    place = path.absolute()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        owner = _name(place.stat().st_uid)
        yield f"data_dir: the user {_name(os.geteuid())} cannot write in {place}, which belongs to {owner}"


def _certificates(settings: Settings) -> Iterator[str]:
    pairs = [CertificatePair(path, path) for path in settings.https.further_certificates]
    names = ["https.further_certificates"] * len(pairs)
    if settings.https.certificate and settings.https.key:
        pairs.append(CertificatePair(settings.https.certificate, settings.https.key))
        names.append("https.certificate")
    for name, pair in zip(names, pairs, strict=True):
        try:
            ServerCertificates([pair])
        except (OSError, ValueError) as problem:
            yield f"{name}: {certificate_words(pair, problem)}"


def _listeners(settings: Settings) -> Iterator[tuple[str, Listen, socket.SocketKind]]:
    sip, stream, datagram = settings.sip, socket.SOCK_STREAM, socket.SOCK_DGRAM
    for name, listen, kind in (
        ("http.listen", settings.http.listen, stream),
        ("https.listen", settings.https.listen, stream),
        ("sip.udp", sip.udp, datagram),
        ("sip.tcp", sip.tcp, stream),
        ("sip.tls", sip.tls, stream),
        ("sip.wss", sip.wss, stream),
        *(("sip.further", one.listen, datagram if one.transport == "udp" else stream) for one in sip.further),
    ):
        if listen is not None and listen.port:
            yield name, listen, kind


def _bound(listen: Listen, kind: socket.SocketKind) -> str:
    """Why it cannot be; empty when it can."""
    for host in ("0.0.0.0", "::") if listen.host == "::" else (listen.host,):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.socket(family, kind) as trial:
                if family == socket.AF_INET6:
                    trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                if kind == socket.SOCK_STREAM:
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((host, listen.port))
                if kind == socket.SOCK_STREAM:
                    trial.listen(1)
        except OSError as problem:
            if listen.host == "::" and host == "::" and problem.errno != errno.EADDRINUSE:
                continue  # a machine without IPv6
            return problem.strerror or str(problem)
    return ""


def _in_use(data_dir: Path) -> bool:
    with contextlib.suppress(OSError), (data_dir / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
