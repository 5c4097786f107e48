"""Who we are to TLS clients: certificates by the server name they ask for, read anew when their files change."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509

log = structlog.get_logger(__name__)

LOOKED_AT_EVERY = 1.0  # seconds between two looks at the files

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """PEM files of a chain and of its key; they may be one."""

    certificate: Path
    key: Path


class _Certificate:
    """One pair of files as it was read last."""

    def __init__(self, pair: CertificatePair, authorities: Path | None) -> None:
        """Raises OSError (ssl.SSLError among them) and ValueError."""
        self._pair = pair
        self._authorities = authorities
        self._stamp = self._stamp_now()
        self._untaken = ""
        self.context, self.names, self._ends = _read(pair, authorities)

    def wrong(self, now: datetime) -> str:
        """Why it is of no use to clients, or will not be for long; else empty."""
        if now > self._ends:
            return f"{self._pair.certificate} has expired"
        return self._untaken

    def refresh(self) -> None:
        """Read it anew if it has changed. What cannot be read, half a copy say, leaves everything as it was."""
        stamp: Stamp = ()
        try:
            stamp = self._stamp_now()
            if stamp == self._stamp:
                return
            self.context, self.names, self._ends = _read(self._pair, self._authorities)
            self._untaken = ""
            log.info("a certificate was read anew", file=str(self._pair.certificate))
        except (OSError, ValueError) as problem:
            self._untaken = f"{self._pair.certificate} has changed and cannot be used"
            log.warning("a changed certificate was not taken", file=str(self._pair.certificate), problem=str(problem))
        self._stamp = stamp  # none of a file that is missing: it is read when it is there again, changed or not

    def _stamp_now(self) -> Stamp:
        found = [path.stat() for path in (self._pair.certificate, self._pair.key)]
        return tuple((one.st_mtime_ns, one.st_size) for one in found)


def certificate_words(pair: CertificatePair, problem: OSError | ValueError) -> str:
    """Why this pair cannot be used, naming the file; what OpenSSL says is for those who know it."""
    if isinstance(problem, ssl.SSLError):
        if problem.reason == "KEY_VALUES_MISMATCH":
            return f"{pair.key} is not the key of {pair.certificate}"
        files = f"{pair.certificate} and {pair.key} are" if pair.certificate != pair.key else f"{pair.key} is"
        return f"{files} not a certificate and its key in PEM, without a password"
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.filename or pair.certificate} cannot be read: {problem.strerror.lower()}"
    return f"{pair.certificate} holds no certificate in PEM"


def _read(pair: CertificatePair, authorities: Path | None) -> tuple[ssl.SSLContext, frozenset[str], datetime]:
    """Its context, the names it is for, and when it ends. Raises OSError, ValueError."""
    context = _context(pair, authorities)
    leaf = x509.load_pem_x509_certificates(pair.certificate.read_bytes())[0]
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return context, frozenset(), leaf.not_valid_after_utc
    found = frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))
    return context, found, leaf.not_valid_after_utc


def _context(pair: CertificatePair, authorities: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pair.certificate, pair.key)
    if authorities is not None:  # in each of them: whoever is chosen by name judges the client, too
        context.load_verify_locations(authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class ServerCertificates:
    """The first pair is for whoever names nobody, or nobody we know. now: monotonic seconds.

    client_authorities: PEM file of those who vouch for clients, which then must show a certificate.
    """

    def __init__(
        self,
        pairs: Sequence[CertificatePair],
        now: Callable[[], float] = time.monotonic,
        client_authorities: Path | None = None,
    ) -> None:
        """Raises OSError (ssl.SSLError among them) and ValueError for what is no certificate with its key."""
        self._certificates = [_Certificate(pair, client_authorities) for pair in pairs]
        self._pairs = list(pairs)
        self._authorities = client_authorities
        self._now = now
        self._look_at = now() + LOOKED_AT_EVERY

    def asking(self, client_authorities: Path | None) -> ServerCertificates:
        """The same certificates for a listener whose clients must show theirs. Raises OSError, ValueError."""
        return ServerCertificates(self._pairs, self._now, client_authorities)

    def context(self) -> ssl.SSLContext:
        """For one listener. Raises OSError."""
        context = _context(self._pairs[0], self._authorities)

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.choose(name)

        context.sni_callback = choose
        return context

    def wrong(self, now: datetime) -> str:
        """What clients would complain of, or soon would, in words; empty where all is well. now: UTC."""
        self._look()
        return "; ".join(told for certificate in self._certificates if (told := certificate.wrong(now)))

    def _look(self) -> None:
        if self._now() >= self._look_at:
            self._look_at = self._now() + LOOKED_AT_EVERY
            for certificate in self._certificates:
                certificate.refresh()

    def choose(self, name: str | None) -> ssl.SSLContext:
        """Whose certificate a client is shown: an exact name before a wildcard (RFC 6125 section 6.4.3)."""
        self._look()
        wanted = (name or "").lower().rstrip(".")
        for form in (wanted, "*." + wanted.partition(".")[2]):
            for certificate in self._certificates:
                if form in certificate.names:
                    return certificate.context
        return self._certificates[0].context
