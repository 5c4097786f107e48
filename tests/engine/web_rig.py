"""The rig with browsers: callers that check their path, shake hands and encrypt, on the virtual clock.

Their side of ICE and DTLS is made of the wire's STUN messages and of OpenSSL itself; aiortc, which shares nothing
with the engine, stands in test_webpeer.py.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from parley.engine import messages
from parley.engine.messages import Codec, Configure, LegMedia, WebLocal, WebRemote
from parley.engine.srtp import PROFILES, SrtpPair
from parley.engine.transport import Arrival, Departure
from parley.wire import stun
from parley.wire.rtp import build_rtp, is_rtcp
from tests.engine.rig import OPUS, Caller, Rig

WEB_ADDRESSES = ("192.0.2.200", "2001:db8::200")
CHECK_SECONDS = 2.5
RESEND_SECONDS = 0.25
Address = tuple[str, int]


class Certificate:
    """A key, its self-signed certificate, and what an offer says of it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "browser")])
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(7).not_valid_before(now - datetime.timedelta(days=1))
        self.certificate = builder.not_valid_after(now + datetime.timedelta(days=9)).sign(self.key, hashes.SHA256())
        digest = self.certificate.fingerprint(hashes.SHA256())
        self.fingerprint = ":".join(f"{byte:02X}" for byte in digest)


class DtlsClient:
    """The active side of one handshake; each record is a datagram of its own."""

    def __init__(self, certificate: Certificate, profiles: bytes = b":".join(PROFILES)) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(certificate.certificate)
        context.use_privatekey(certificate.key)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_tlsext_use_srtp(profiles)
        self.connection = SSL.Connection(context, None)
        self.connection.set_connect_state()
        self.connection.set_ciphertext_mtu(1200)
        self.srtp: SrtpPair | None = None
        self.fingerprint = ""  # of the server's certificate
        self.closed = self.failed = False
        self.flight: list[bytes] = []

    def step(self, datagram: bytes = b"") -> list[bytes]:
        """Take a datagram in; what is to be sent."""
        if datagram:
            self.connection.bio_write(datagram)
        try:
            if self.srtp is None:
                self.connection.do_handshake()
                self._finish()
            self.connection.recv(100)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error:
            self.failed = True
        return self.collect()

    def repeat(self) -> list[bytes]:
        """Our last flight in new records, when OpenSSL's timer is over."""
        self.connection.DTLSv1_handle_timeout()
        return self.collect()

    def collect(self) -> list[bytes]:
        try:
            records = self.connection.bio_read(65536)
        except SSL.Error:
            return []
        self.flight = []
        while records:
            end = 13 + int.from_bytes(records[11:13], "big")
            self.flight.append(records[:end])
            records = records[end:]
        return self.flight

    def _finish(self) -> None:
        profile = PROFILES[self.connection.get_selected_srtp_profile()]
        material = self.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (profile.key + profile.salt))
        self.srtp = SrtpPair(profile, material, server=False)
        certificate = self.connection.get_peer_certificate()
        assert certificate is not None
        self.fingerprint = certificate.digest("sha256").decode()


class Browser(Caller):
    """Checks its path at once and every 2.5 s, connects, then talks. lost(data, out): what the network swallows."""

    def __init__(self, rig: WebRig, name: str, codec: Codec, number: int) -> None:
        super().__init__(rig, name, codec, number)
        self.web_rig = rig
        self.source = ("203.0.113.1", 50_000 + number)
        self.certificate = Certificate()
        self.profiles = b":".join(PROFILES)
        self.generation = 0
        self.local: WebLocal | None = None
        self.talking = False
        self.checks = True
        self.nominates = True
        self.level_extension: int | None = None
        self.level = 0  # announced, dBov
        self.lost: Callable[[bytes, bool], bool] = lambda data, out: False
        self.client = DtlsClient(self.certificate, self.profiles)
        self.responses: list[stun.StunMessage] = []
        self.datagrams: list[bytes] = []  # of the engine's, DTLS
        self.reports: list[bytes] = []
        self._dice = random.Random(number)
        self._next_check = 0.0
        self._next_resend = float("inf")
        self._shaking = False

    @property
    def ufrag(self) -> str:
        return f"far{self.name}{self.generation}"

    @property
    def remote(self) -> WebRemote:
        return WebRemote(
            ufrag=self.ufrag,
            password="p" * 24,
            fingerprint=self.certificate.fingerprint,
            setup="actpass",
            level_extension=self.level_extension,
        )

    def check(
        self, *, nominate: bool = False, local: WebLocal | None = None, password: str | None = None, ufrag: str = ""
    ) -> bytes:
        """One connectivity check."""
        local = local or self.local
        assert local is not None
        return stun.build_request(
            self._dice.randbytes(12),
            f"{local.ufrag}:{ufrag or self.ufrag}",
            (local.password if password is None else password).encode(),
            priority=1,
            tie_breaker=1,
            nominate=nominate,
        )

    def work(self, now: float) -> None:
        """What a browser does of its own accord."""
        if self.local is None:
            return
        if self.checks and now >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            self.transmit(self.check(nominate=self.nominates))
        if now >= self._next_resend and self.client.srtp is None and not self.client.failed:
            self._next_resend = now + RESEND_SECONDS
            for data in self.client.flight:
                self.transmit(data)

    def transmit(self, data: bytes, source: Address | None = None) -> None:
        if not self.lost(data, True):
            self.rig.deliver(self, self.rig.now, data, source)

    def take_datagram(self, data: bytes) -> None:
        """What the engine sends us."""
        if self.lost(data, False):
            return
        if data[0] <= 3:
            self._take_response(stun.parse(data))
        elif data[0] <= 63:
            self.datagrams.append(data)
            self._shake(data)
        elif self.client.srtp is not None:
            plain = self.client.srtp.open(data)
            assert plain is not None
            if is_rtcp(plain):
                self.reports.append(plain)
            else:
                self.take(Departure(self.name, False, plain, self.source))

    def _take_response(self, response: stun.StunMessage) -> None:
        self.responses.append(response)
        if response.kind == stun.SUCCESS and not self._shaking:
            self._shaking = True
            self._shake(b"")

    def _shake(self, data: bytes) -> None:
        done = self.client.srtp is not None
        for datagram in self.client.step(data):
            self.transmit(datagram)
        self._next_resend = self.rig.now + RESEND_SECONDS
        if not done and self.client.srtp is not None:
            self.talking = True

    def another_page(self, certificate: Certificate | None = None) -> None:
        """Reloaded: a new connection from another port, with a new certificate unless it has kept one."""
        self.generation += 1
        self.certificate = certificate or Certificate()
        self.client = DtlsClient(self.certificate, self.profiles)
        self._shaking, self.talking, self._next_check = False, False, 0.0
        self.source = (self.source[0], self.source[1] + 1000)

    def check_now(self) -> None:
        self._next_check = 0.0

    def packet(self, payload: bytes, payload_type: int | None = None, timestamp: int | None = None) -> bytes:
        kind = self.codec.payload_type if payload_type is None else payload_type
        stamp = self.timestamp if timestamp is None else timestamp
        data = build_rtp(kind, self.sequence, stamp, self.ssrc, payload)
        if self.level_extension is not None:
            element = bytes([self.level_extension << 4, -self.level & 0x7F, 0, 0])
            data = bytes([data[0] | 0x10]) + data[1:12] + b"\xbe\xde\x00\x01" + element + payload
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.sent += 1
        return self.protect(data)

    def protect(self, data: bytes) -> bytes:
        assert self.client.srtp is not None
        return self.client.srtp.close_report(data) if is_rtcp(data) else self.client.srtp.close(data)


class WebRig(Rig):
    """Browsers reach the engine's shared sockets; everything else is as in the rig."""

    def __init__(self, *, loudest: int = 4, dead_after_ms: int = 30_000) -> None:
        super().__init__(loudest=loudest, dead_after_ms=dead_after_ms)
        self.engine = type(self.engine)(self.ports, self.engine._prompts, random.Random(7), lambda: 1_700_000_000.0)
        self.departures: list[Departure] = []  # by the shared sockets, of the last tick
        answer = self.ask(
            Configure(
                id=0,
                port_low=20_000,
                port_high=20_999,
                loudest=loudest,
                dead_after_ms=dead_after_ms,
                web_listen=WEB_ADDRESSES,
            )
        )
        assert answer == messages.Done(id=0)

    def browse(self, name: str, **changes: object) -> Browser:
        """A browser's leg is open; the browser does the rest by itself as time passes."""
        browser = Browser(self, name, OPUS, len(self.callers) + 1)
        for key, value in changes.items():
            setattr(browser, key, value)
        browser.client = DtlsClient(browser.certificate, browser.profiles)
        self.callers[name] = browser
        browser._next_packet = (self.now - self.start) * browser.clock
        request = messages.OpenLeg(id=next(self.ids), leg=name, local="", media=self.web_media(browser))
        self.answered(browser, self.ask(request))
        return browser

    def change(self, browser: Browser, **media: object) -> None:
        """The browser has made another offer."""
        request = messages.SetMedia(id=next(self.ids), leg=browser.name, media=self.web_media(browser, **media))
        self.answered(browser, self.ask(request))

    def answered(self, browser: Browser, answer: messages.Response | None) -> None:
        assert isinstance(answer, messages.LegOpened) and answer.web is not None, answer
        browser.local = answer.web

    def web_media(self, browser: Browser, **changes: object) -> LegMedia:
        return self.media(browser, **{"remote_host": "", "remote_port": 0, "web": browser.remote, **changes})

    @property
    def browsers(self) -> list[Browser]:
        return [caller for caller in self.callers.values() if isinstance(caller, Browser)]

    def deliver(self, caller: Caller, at: float, data: bytes, source: Address | None = None) -> None:
        if not isinstance(caller, Browser):
            super().deliver(caller, at, data, source)
            return
        arrival = Arrival("", False, data, source or caller.source, 0)
        self._on_the_way.append((at, next(self._order), arrival))

    def tick(self) -> None:
        self.departures = []
        for browser in self.browsers:
            browser.work(self.now)
        super().tick()
        for _ in range(1000):
            departures = self.engine.negotiate(self.now)
            if departures is None:
                break
            for departure in departures:
                self.carry(departure)

    def carry(self, departure: Departure) -> None:
        if departure.via is None:
            super().carry(departure)
            return
        self.departures.append(departure)
        for browser in self.browsers:
            if browser.source == departure.destination:
                browser.take_datagram(departure.data)

    def connect(self, *browsers: Browser) -> None:
        """Time passes until all of them talk."""
        for _ in count():
            if all(browser.talking for browser in browsers):
                return
            assert self.now - self.start < 60, "they never connect"
            self.tick()

    def shared(self) -> dict[str, object]:
        """What the engine holds of its shared sockets."""
        found: dict[str, object] = self.engine.dump()["browsers"]
        return found
