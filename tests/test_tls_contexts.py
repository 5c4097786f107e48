"""Certificates of TLS listeners: by the name that is asked for, read anew when files change, asked of clients too."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from parley.tls import CertificateFiles, generated_certificate
from parley.tls_contexts import CertificatePair, ServerCertificates
from tests.engine.web_rig import Certificate


def made(directory: Path, *names: str) -> CertificateFiles:
    directory.mkdir(exist_ok=True)
    return generated_certificate(directory, names, datetime.now(UTC))


def pair(files: CertificateFiles) -> CertificatePair:
    return CertificatePair(files.certificate, files.key)


def handshake(server: ssl.SSLContext, name: str | None, client: ssl.SSLContext | None = None) -> ssl.SSLObject:
    """Both ends in memory; the client's end, done. Raises ssl.SSLError of either end."""
    asker = client or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if client is None:
        asker.check_hostname, asker.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = asker.wrap_bio(back, there, server_hostname=name)
    theirs = server.wrap_bio(there, back, server_side=True)
    open_ends = [ours, theirs]
    for _ in range(10):
        for end in list(open_ends):
            try:
                end.do_handshake()
                open_ends.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert not open_ends
    return ours


def shown(server: ssl.SSLContext, name: str | None) -> bytes:
    """The certificate that a client who asks for that name sees."""
    return handshake(server, name).getpeercert(binary_form=True) or b""


def der(files: CertificateFiles) -> bytes:
    return ssl.PEM_cert_to_DER_cert(files.certificate.read_text())


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_is_shown_the_certificate_of_the_name_it_asks_for(tmp_path: Path) -> None:
    """Exact names first, then wildcards of one label; everybody else sees the first one."""
    first = made(tmp_path / "first", "meet.example", "192.0.2.1")
    second = made(tmp_path / "second", "sip.example", "Phone.Example")
    third = made(tmp_path / "third", "*.example", "*.other.example")
    context = ServerCertificates([pair(one) for one in (first, second, third)]).context()
    for name, files in {
        None: first,
        "meet.example": first,
        "SIP.example": second,
        "phone.example": second,
        "any.example": third,
        "a.other.example": third,
        "a.b.other.example": first,
        "unknown.test": first,
    }.items():
        assert shown(context, name) == der(files), name


def test_a_changed_certificate_is_taken_without_a_restart(tmp_path: Path) -> None:
    """A second after it was replaced; half a copy leaves the former one in use."""
    time = Time()
    files = made(tmp_path / "a", "meet.example")
    certificates = ServerCertificates([pair(files)], time)
    context, before = certificates.context(), der(files)
    assert shown(context, "meet.example") == before
    new = made(tmp_path / "b", "meet.example")
    files.certificate.write_bytes(new.certificate.read_bytes()[:100])
    time.now = 2.0
    assert shown(context, "meet.example") == before
    files.certificate.write_bytes(new.certificate.read_bytes())
    files.key.write_bytes(new.key.read_bytes())
    os.utime(files.key, ns=(1, 1))
    assert shown(context, "meet.example") == before  # not looked at yet
    time.now = 4.0
    assert shown(context, "meet.example") == der(new) != before


def test_what_clients_would_complain_of_is_told(tmp_path: Path) -> None:
    """That a certificate has expired, and that the one which was to take its place cannot be used: until it can."""
    time, now = Time(), datetime.now(UTC)
    files = made(tmp_path / "a", "meet.example")
    certificates = ServerCertificates([pair(files)], time)
    assert certificates.wrong(now) == ""
    assert certificates.wrong(now + timedelta(days=1000)) == f"{files.certificate} has expired"
    kept, new = files.key.read_bytes(), made(tmp_path / "b", "meet.example")
    for name, change, well in (
        ("another key", lambda: files.key.write_bytes(new.key.read_bytes()), False),
        ("its certificate", lambda: files.certificate.write_bytes(new.certificate.read_bytes()), True),
        ("no key", files.key.unlink, False),
        ("the former key", lambda: files.key.write_bytes(kept), False),
        ("the key", lambda: files.key.write_bytes(new.key.read_bytes()), True),
    ):
        change()
        time.now += 2.0
        assert certificates.wrong(now) == ("" if well else f"{files.certificate} has changed and cannot be used"), name


@pytest.mark.parametrize("fault", ["missing", "no certificate", "another key"])
def test_what_cannot_be_used_is_said_at_the_start(tmp_path: Path, fault: str) -> None:
    """Not at the first call."""
    files = made(tmp_path / "a", "meet.example")
    if fault == "missing":
        files.key.unlink()
    elif fault == "no certificate":
        files.certificate.write_text("nothing")
    else:
        files.key.write_bytes(made(tmp_path / "b", "meet.example").key.read_bytes())
    with pytest.raises((OSError, ValueError)):
        ServerCertificates([pair(files)])


def client_certificate(path: Path) -> Path:
    """A self-signed one with its key, in one file."""
    own = Certificate()
    key = own.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(own.certificate.public_bytes(serialization.Encoding.PEM) + key)
    return path


def test_clients_show_a_certificate_where_that_is_asked(tmp_path: Path) -> None:
    """One that an authority of the file vouches for; nobody else comes in, whatever name is asked for."""
    files, other = made(tmp_path / "us", "us.example"), made(tmp_path / "other", "other.example")
    trunk, stranger = client_certificate(tmp_path / "trunk.pem"), client_certificate(tmp_path / "stranger.pem")
    context = ServerCertificates([pair(files), pair(other)]).asking(trunk).context()

    def client(own: Path | None) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        made.maximum_version = ssl.TLSVersion.TLSv1_2  # there a refusal is known by the end of the handshake
        if own is not None:
            made.load_cert_chain(own)
        return made

    for name in ("us.example", "other.example", None):
        assert handshake(context, name, client(trunk)).version() == "TLSv1.2"
        for own in (None, stranger):
            with pytest.raises(ssl.SSLError):
                handshake(context, name, client(own))


def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path) -> None:
    """Old clients get no connection."""
    context = ServerCertificates([pair(made(tmp_path / "a", "meet.example"))]).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        handshake(context, "meet.example", old)
