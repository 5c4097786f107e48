"""The certificate that HTTPS uses until a real one is set: made here, for this machine's names."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=397)  # what browsers accept at most since 2020
RENEW_BEFORE = timedelta(days=30)
MAX_NAMES = 100


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files; `fingerprint` is SHA-256 of the certificate as pairs of hex digits with colons."""

    certificate: Path
    key: Path
    fingerprint: str


def generated_certificate(directory: Path, names: Sequence[str], now: datetime) -> CertificateFiles:
    """The certificate kept in `directory`, made anew when absent, unreadable or near its end.

    names: host names and IP addresses, the first one foremost; now: UTC. A certificate is kept although the names
    changed, because people have accepted it. Raises OSError.
    """
    certificate, key = directory / "https-certificate.pem", directory / "https-key.pem"
    known = _read(certificate, key)
    if known is None or known.not_valid_after_utc - now < RENEW_BEFORE:
        known = _make(certificate, key, names, now)
    return CertificateFiles(certificate, key, fingerprint(known))


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _read(certificate: Path, key: Path) -> x509.Certificate | None:
    try:
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return known if private.public_key() == known.public_key() else None


def _make(certificate: Path, key: Path, names: Sequence[str], now: datetime) -> x509.Certificate:
    private = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (names[0] if names else "parley")[:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(title)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names[:MAX_NAMES]]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(key, pem)
    write_private(certificate, made.public_bytes(serialization.Encoding.PEM))
    return made


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write_private(path: Path, content: bytes) -> None:
    """Replace the file at once, readable by its owner alone, and on the disk before its name is."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
