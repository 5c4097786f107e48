"""DTLS 1.2 (RFC 6347, RFC 5764), sans-IO: the server of a browser's leg, either end of a phone's.

OpenSSL works on memory: datagrams are written in, and what comes out is cut where a record ends, so that a flight
travels in datagrams that no network cuts again. OpenSSL's own retransmission timer runs by the real clock; ours is
asked by the caller's, sends the last flight as it was, and is faster than the one second of RFC 6347, as WebRTC's
round trips are short.

The far certificate must be the one that the offer named: OpenSSL asks us while it verifies, so a stranger's handshake
fails before there are keys, and its fingerprint is compared once more before any key is handed out.
"""

from __future__ import annotations

import datetime
import enum
import hmac
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from parley.engine.srtp import PROFILES, SrtpPair

DATAGRAM = 1200  # bytes; passes every path that IPv6 promises, tunnels and all
_DTLS_1_2 = 0xFEFD
_RECORD_HEADER = 13
_HANDSHAKE = 22  # content type
_EXPORTER = b"EXTRACTOR-dtls_srtp"
# Forward secrecy and AEAD only (RFC 8827 section 6.5 asks for the first two).
_CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
# Phones' certificates are often of RSA; as their client we take those too.
PHONES = _CIPHERS + b":ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384"
FIRST_TIMEOUT, LONGEST_TIMEOUT = 0.4, 4.0  # seconds; doubled each time
PATIENCE = 30.0  # for a whole handshake
_BIO_READ = 65536


class State(enum.Enum):
    HANDSHAKING = "handshaking"
    DONE = "done"
    CLOSED = "closed"  # the far end said goodbye
    FAILED = "failed"


class Identity:
    """Key and self-signed certificate of one worker's run, and the OpenSSL context made of them."""

    def __init__(self, ciphers: bytes = _CIPHERS) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key)
        self.fingerprint = _colons(certificate.fingerprint(hashes.SHA256()))
        self.context = _context(key, certificate, ciphers)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WebRTC")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    # Nobody asks for the dates, as the fingerprint is all that counts; a worker may run for long.
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - day).not_valid_after(now + 3650 * day).sign(key, hashes.SHA256())


def _context(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, ciphers: bytes) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)  # the record cutting below knows the headers of this version
    context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # a resumed session would show no certificate
    context.set_cipher_list(ciphers)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_tlsext_use_srtp(b":".join(PROFILES))
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _is_expected)
    return context


def _is_expected(connection: SSL.Connection, certificate: Any, _error: int, depth: int, _ok: int) -> bool:
    """OpenSSL's question about each certificate of the chain; only the leaf's fingerprint counts."""
    return depth > 0 or _has_fingerprint(certificate, connection.get_app_data())


def _has_fingerprint(certificate: Any, expected: str) -> bool:
    found: bytes = certificate.digest("sha256")
    return hmac.compare_digest(found.decode().upper(), expected.upper())


def _colons(digest: bytes) -> str:
    return ":".join(f"{byte:02X}" for byte in digest)


def begins_association(datagram: bytes) -> bool:
    """Whether it can be the first of a handshake: an unencrypted handshake record with a ClientHello."""
    return len(datagram) > _RECORD_HEADER and datagram[0] == _HANDSHAKE and datagram[_RECORD_HEADER] == 1


def cut(records: bytes, most: int = DATAGRAM) -> list[bytes]:
    """Datagrams of whole records, as few as hold them. A record over `most` stands alone."""
    datagrams: list[bytes] = []
    start = end = 0
    while end + _RECORD_HEADER <= len(records):
        after = end + _RECORD_HEADER + int.from_bytes(records[end + 11 : end + 13], "big")
        if after > len(records):
            break
        if after - start > most and end > start:
            datagrams.append(records[start:end])
            start = end
        end = after
    if end > start:
        datagrams.append(records[start:end])
    return datagrams


class Association:
    """One handshake and what follows. feed() and tick(), then take() what is to be sent.

    client: we begin; the first flight is there to be taken at once.
    """

    def __init__(self, identity: Identity, far_fingerprint: str, now: float, *, client: bool = False) -> None:
        self.state = State.HANDSHAKING
        self.problem = ""
        self.srtp: SrtpPair | None = None
        self.profile = ""
        self._fingerprint = far_fingerprint
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_app_data(far_fingerprint)
        self._connection.set_ciphertext_mtu(DATAGRAM)
        self._client = client
        self._give_up_at = now + PATIENCE
        self._flight: list[bytes] = []
        self._out: list[bytes] = []
        self._timeout = FIRST_TIMEOUT
        self._resend_at: float | None = None
        if client:
            self._connection.set_connect_state()
            self._step()
            self._collect(now)
        else:
            self._connection.set_accept_state()

    def feed(self, now: float, datagram: bytes) -> None:
        """Take one datagram in. Never raises; see `state`."""
        if self.state in (State.CLOSED, State.FAILED):
            return
        self._connection.bio_write(datagram)
        self._step()
        self._collect(now)

    def _step(self) -> None:
        try:
            if self.state is State.HANDSHAKING:
                self._connection.do_handshake()
                self._finish()
            while self._connection.recv(2048):
                pass  # there are no data channels
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.state = State.CLOSED
        except SSL.Error as problem:
            self._fail(_text(problem))

    def _finish(self) -> None:
        """The handshake is done: check whom we speak to, then take the keys."""
        certificate = self._connection.get_peer_certificate()
        profile = PROFILES.get(self._connection.get_selected_srtp_profile())
        if certificate is None or not _has_fingerprint(certificate, self._fingerprint):
            self._fail("the certificate is not the one of the offer")
        elif profile is None:
            self._fail("no SRTP profile in common")
        else:
            material = self._connection.export_keying_material(_EXPORTER, 2 * (profile.key + profile.salt))
            self.srtp = SrtpPair(profile, material, server=not self._client)
            self.profile = self._connection.get_selected_srtp_profile().decode().removeprefix("SRTP_")
            self.state = State.DONE

    def _fail(self, problem: str) -> None:
        # Errors after the handshake are the far end's fatal alerts: it has gone as well.
        self.state = State.FAILED if self.state is State.HANDSHAKING else State.CLOSED
        self.problem = problem

    def _collect(self, now: float) -> None:
        """What OpenSSL has written is the next flight."""
        try:
            records = self._connection.bio_read(_BIO_READ)
        except SSL.Error:
            records = b""
        if records:
            self._flight = cut(records)
            self._out += self._flight
            self._timeout = FIRST_TIMEOUT
            self._resend_at = now + self._timeout
        if self.state is not State.HANDSHAKING:
            self._resend_at = None  # of the last flight, OpenSSL sends a copy when the far end repeats its own

    def tick(self, now: float) -> None:
        """Send the last flight once more, when its answer is overdue."""
        if self.state is not State.HANDSHAKING:
            return
        if now >= self._give_up_at:
            self._fail("the handshake took too long")
        elif self._resend_at is not None and now >= self._resend_at:
            self._timeout = min(2 * self._timeout, LONGEST_TIMEOUT)
            self._resend_at = now + self._timeout
            self._out += self._flight

    def is_due(self, now: float) -> bool:
        """Whether tick() has something to do."""
        if self.state is not State.HANDSHAKING:
            return False
        return now >= self._give_up_at or (self._resend_at is not None and now >= self._resend_at)

    def take(self) -> list[bytes]:
        """Datagrams to send, in order."""
        out, self._out = self._out, []
        return out

    def close(self, now: float) -> None:
        """Say goodbye (close_notify), where there is somebody to hear it."""
        if self.state is State.DONE:
            try:
                self._connection.shutdown()
            except SSL.Error:
                return
            self._collect(now)
            self.state = State.CLOSED


def _text(problem: SSL.Error) -> str:
    """OpenSSL's reasons; they name no keys."""
    reasons = problem.args[0] if problem.args and isinstance(problem.args[0], list) else []
    return "; ".join(str(reason[-1]) for reason in reasons) or type(problem).__name__
