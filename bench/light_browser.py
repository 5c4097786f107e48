"""A browser that costs little: it checks its path, shakes hands, and sends packets that were encoded beforehand."""

from __future__ import annotations

import asyncio
import datetime
import os
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from parley.engine.srtp import PROFILES, SrtpPair
from parley.wire import stun
from parley.wire.rtp import build_rtp

CHECK_SECONDS = 2.5


def _identity() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "browser")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    return key, builder.sign(key, hashes.SHA256())


KEY, CERTIFICATE = _identity()  # one for all: who they are is not what is measured
FINGERPRINT = ":".join(f"{byte:02X}" for byte in CERTIFICATE.fingerprint(hashes.SHA256()))


class LightBrowser(asyncio.DatagramProtocol):
    """payloads: sent one each 20 ms, over and over. level: announced with each, in dBov."""

    def __init__(self, number: int, payloads: list[bytes], level: int) -> None:
        self.number = number
        self.payloads, self.level = payloads, level
        self.ufrag, self.password = f"far{number:04}", f"{number:024}"
        self.received = 0
        self.ready = asyncio.Event()
        self.sequence = 0
        self.srtp: SrtpPair | None = None
        self._shaking = False
        self._server: tuple[str, int] | None = None
        self._next_check = 0.0
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(CERTIFICATE)
        context.use_privatekey(KEY)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_tlsext_use_srtp(b":".join(PROFILES))
        self._dtls = SSL.Connection(context, None)
        self._dtls.set_ciphertext_mtu(1200)
        self._dtls.set_connect_state()

    async def open(self, address: str) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (address, 0))

    def offer(self) -> str:
        """For a server that speaks SDP."""
        address, port = self._transport.get_extra_info("sockname")
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            f"m=audio {port} UDP/TLS/RTP/SAVPF 111",
            f"c=IN IP4 {address}",
            "a=mid:0",
            "a=sendrecv",
            "a=rtcp-mux",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:sha-256 {FINGERPRINT}",
            "a=setup:active",
            "a=rtpmap:111 opus/48000/2",
            f"a=ssrc:{self.number + 1} cname:light",
            f"a=candidate:1 1 udp 2130706431 {address} {port} typ host",
            "a=end-of-candidates",
        ]
        return "\r\n".join([*lines, ""])

    def answered(self, sdp: str) -> None:
        """Take what a server that speaks SDP says of its end."""
        found = {name: re.search(rf"a=ice-{name}:(\S+)", sdp) for name in ("ufrag", "pwd")}
        candidate = re.search(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", sdp)
        assert candidate and found["ufrag"] and found["pwd"], sdp
        self.connect((candidate[1], int(candidate[2])), found["ufrag"][1], found["pwd"][1])

    def connect(self, server: tuple[str, int], ufrag: str, password: str) -> None:
        self._server, self._username, self._key = server, f"{ufrag}:{self.ufrag}", password.encode()
        self._check()

    def _check(self) -> None:
        data = stun.build_request(
            os.urandom(12), self._username, self._key, priority=1, tie_breaker=1 << 60, nominate=True
        )
        self._transport.sendto(data, self._server)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[0] > 63:
            self.heard(data)
        elif data[0] > 3:
            self._shake(data)
        else:
            message = stun.parse(data)
            if message.kind == stun.REQUEST:
                answer = stun.build_success(message.transaction, addr, self.password.encode())
                self._transport.sendto(answer, addr)
            elif message.kind == stun.SUCCESS and self.srtp is None:
                self._shake(b"")

    def heard(self, data: bytes) -> None:
        """One packet of sound, encrypted, or a report."""
        self.received += 1

    def _shake(self, data: bytes) -> None:
        if self.srtp is not None:
            return
        self._shaking = True
        if data:
            self._dtls.bio_write(data)
        try:
            self._dtls.do_handshake()
            profile = PROFILES[self._dtls.get_selected_srtp_profile()]
            material = self._dtls.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (profile.key + profile.salt))
            self.srtp = SrtpPair(profile, material, server=False)
            self.ready.set()
        except SSL.WantReadError:
            pass
        self._flush()

    def _flush(self) -> None:
        try:
            while records := self._dtls.bio_read(1200):
                self._transport.sendto(records, self._server)
        except SSL.WantReadError:
            pass

    def tick(self, now: float) -> None:
        """20 ms have passed."""
        if now >= self._next_check and self._server is not None:
            self._next_check = now + CHECK_SECONDS
            self._check()
        if self.srtp is None:
            if self._shaking and self._dtls.DTLSv1_handle_timeout():  # a flight was lost
                self._flush()
            return
        payload = self.payloads[self.sequence % len(self.payloads)]
        data = build_rtp(111, self.sequence, self.sequence * 960, self.number + 1, payload)
        extension = b"\xbe\xde\x00\x01" + bytes([0x10, -self.level & 0x7F, 0, 0])
        self._transport.sendto(self.srtp.close(bytes([0x90]) + data[1:12] + extension + payload), self._server)
        self.sequence += 1

    def close(self) -> None:
        self._transport.close()
