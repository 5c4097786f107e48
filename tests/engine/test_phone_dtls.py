"""DTLS-SRTP on a phone's own ports (RFC 5763, RFC 5764): both roles, with RTCP beside RTP or on its port."""

from __future__ import annotations

import msgspec
import pytest

from parley.engine.messages import DtlsRemote, Failed, LegOpened, MediaDead, OpenLeg, SetMedia
from parley.engine.srtp import PROFILES, SrtpPair
from parley.engine.transport import Arrival, Departure
from parley.wire.rtp import SENDER_REPORT, parse_rtcp
from tests.engine.rig import PCMU, Caller, Rig
from tests.engine.web_rig import Certificate, DtlsClient
from tests.kit.tones import heard, sine


class DtlsServer(DtlsClient):
    """The passive side."""

    def __init__(self, certificate: Certificate) -> None:
        super().__init__(certificate)
        self.connection.set_accept_state()

    def _finish(self) -> None:
        super()._finish()
        profile = PROFILES[self.connection.get_selected_srtp_profile()]
        material = self.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (profile.key + profile.salt))
        self.srtp = SrtpPair(profile, material)


class DtlsPhone:
    """The far end of one leg: a handshake on each of its ports, then SRTP around the rig's caller."""

    def __init__(self, rig: DtlsRig, caller: Caller, *, active: bool, mux: bool) -> None:
        self.rig, self.caller, self.active, self.mux = rig, caller, active, mux
        self.certificate = Certificate()
        make = DtlsClient if active else DtlsServer
        self.ends = [make(self.certificate)] if mux else [make(self.certificate), make(self.certificate)]
        self.reports: list[bytes] = []
        self.loses = 0  # so many datagrams of the engine's are lost
        self.datagrams = 0
        caller.network = self.protected

    def protected(self, data: bytes, at: float) -> list[tuple[float, bytes]]:
        pair = self.ends[0].srtp
        return [] if pair is None else [(0.001, pair.close(data))]

    def begin(self) -> None:
        for port, end in enumerate(self.ends):
            self.send(port, end.step())

    def repeat(self) -> None:
        for port, end in enumerate(self.ends):
            if end.srtp is None:
                self.send(port, end.flight)

    def send(self, port: int, datagrams: list[bytes], source: tuple[str, int] | None = None) -> None:
        host, number = source or self.caller.source
        for data in datagrams:
            arrival = Arrival(self.caller.name, bool(port), data, (host, number + port))
            self.rig._on_the_way.append((self.rig.now, next(self.rig._order), arrival))

    def take(self, departure: Departure) -> Departure | None:
        """Plain RTP of the engine's, for the caller."""
        if 20 <= departure.data[0] <= 63:
            self.datagrams += 1
            if self.loses:
                self.loses -= 1
                return None
            self.send(int(departure.rtcp), self.ends[int(departure.rtcp)].step(departure.data))
            return None
        pair = self.ends[int(departure.rtcp)].srtp
        assert pair is not None, "something was sent before there were keys"
        plain = pair.open(departure.data)
        assert plain is not None
        if 192 <= plain[1] <= 223:
            self.reports.append(plain)
            return None
        return msgspec.structs.replace(departure, data=plain)


class DtlsRig(Rig):
    """A rig in which some callers agree keys by DTLS."""

    def __init__(self, **settings: int) -> None:
        super().__init__(**settings)
        self.phones: dict[str, DtlsPhone] = {}
        self.local: dict[str, str] = {}

    def call_by_dtls(self, name: str, *, active: bool, mux: bool, known: bool = True) -> DtlsPhone:
        """known: False where we offer, and the far end's certificate is told by its answer."""
        caller = Caller(self, name, PCMU, len(self.callers) + 1)
        caller._next_packet = self.now - self.start
        self.callers[name] = caller
        phone = self.phones[name] = DtlsPhone(self, caller, active=active, mux=mux)
        media = self.media(caller, dtls=self.remote(phone) if known else DtlsRemote(), rtcp_mux=mux)
        answer = self.ask(OpenLeg(id=next(self.ids), leg=name, local="192.0.2.200", media=media))
        assert isinstance(answer, LegOpened) and answer.web is not None
        assert (answer.web.ufrag, answer.web.port) == ("", answer.port)
        self.local[name] = answer.web.fingerprint
        return phone

    def remote(self, phone: DtlsPhone, fingerprint: str = "") -> DtlsRemote:
        known = fingerprint or phone.certificate.fingerprint
        return DtlsRemote(fingerprint=known, client=not phone.active)

    def describe(self, phone: DtlsPhone, **changes: object) -> object:
        media = self.media(phone.caller, **({"dtls": self.remote(phone), "rtcp_mux": phone.mux} | changes))
        return self.ask(SetMedia(id=next(self.ids), leg=phone.caller.name, media=media))

    def tick(self) -> None:
        super().tick()
        while (departures := self.engine.negotiate(self.now)) is not None:
            for departure in departures:
                self.carry(departure)

    def carry(self, departure: Departure) -> None:
        phone = self.phones.get(departure.leg)
        opened = departure if phone is None else phone.take(departure)
        if opened is not None:
            super().carry(opened)


@pytest.mark.parametrize("mux", [True, False], ids=["mux", "two-ports"])
@pytest.mark.parametrize("active", [True, False], ids=["phone-begins", "we-begin"])
def test_a_phone_by_dtls_and_a_plain_one_hear_each_other(active: bool, mux: bool) -> None:
    """Whoever begins: both voices come over whole, each end has seen the other's certificate, reports are protected."""
    rig = DtlsRig()
    ann, bob = rig.call_by_dtls("ann", active=active, mux=mux), rig.call("bob", PCMU)
    rig.gather()
    if active:
        ann.begin()
    ann.caller.say(sine(440, 6.5, 48_000))
    bob.say(sine(900, 6.5, 48_000))
    rig.run(6.5)
    assert heard(bob.heard[48_000:], 440, 48_000) and heard(ann.caller.heard[48_000:], 900, 48_000)
    assert {end.fingerprint for end in ann.ends} == {rig.local["ann"]}
    assert ann.reports and parse_rtcp(ann.reports[0])[0].packet_type == SENDER_REPORT
    assert rig.dump("ann")["dtls"]["states"] == ["done"] * (1 if mux else 2)  # type: ignore[index]


def test_a_lost_flight_is_sent_again() -> None:
    """By the engine's clock, until the far end answers."""
    rig = DtlsRig()
    ann, bob = rig.call_by_dtls("ann", active=False, mux=True), rig.call("bob", PCMU)
    ann.loses = 2
    rig.gather()
    ann.caller.say(sine(440, 4.0, 48_000))
    rig.run(4.0)
    assert ann.datagrams > 3 and heard(bob.heard[-48_000:], 440, 48_000)


def test_a_hello_that_comes_before_the_answer_waits_for_it() -> None:
    """We offered: the far end may begin before its answer has told us whom to expect (RFC 5763 section 5)."""
    rig = DtlsRig()
    ann, bob = rig.call_by_dtls("ann", active=True, mux=True, known=False), rig.call("bob", PCMU)
    ann.begin()
    rig.run(0.1)
    assert ann.datagrams == 0
    rig.describe(ann)
    rig.gather()
    ann.caller.say(sine(440, 2.0, 48_000))
    rig.run(2.0)
    assert heard(bob.heard[-48_000:], 440, 48_000)


def test_another_certificate_than_the_named_one_gets_no_keys() -> None:
    """Nothing is sent, nothing is heard, and the leg's death is told once its patience is over."""
    rig = DtlsRig()
    ann = rig.call_by_dtls("ann", active=True, mux=True)
    rig.describe(ann, dtls=rig.remote(ann, "AB:" * 31 + "CD"))
    for _ in range(8):
        ann.ends = [DtlsClient(ann.certificate)]
        ann.begin()
        rig.run(0.3)
    assert ann.ends[0].srtp is None or not ann.caller.received
    assert [told.leg for told in rig.told_of(MediaDead)] == ["ann"]


def test_a_strangers_hello_does_not_end_the_call() -> None:
    """Somebody else's handshake fails by its certificate; the phone's own, which comes after it, succeeds."""
    rig = DtlsRig()
    ann, bob = rig.call_by_dtls("ann", active=True, mux=True), rig.call("bob", PCMU)
    stranger = DtlsClient(Certificate())
    mine, ann.ends = ann.ends, [stranger]
    ann.begin()
    rig.run(0.5)
    assert stranger.srtp is None and stranger.failed
    ann.ends = mine
    ann.begin()
    rig.gather()
    ann.caller.say(sine(440, 2.0, 48_000))
    rig.run(2.0)
    assert heard(bob.heard[-48_000:], 440, 48_000) and not rig.told_of(MediaDead)


def test_what_is_not_protected_is_as_if_it_had_never_come() -> None:
    """Plain packets before and after the handshake latch nothing and are not heard."""
    rig = DtlsRig()
    ann, bob = rig.call_by_dtls("ann", active=True, mux=True), rig.call("bob", PCMU)
    rig.gather()
    ann.caller.network = lambda data, at: [(0.001, data)]
    ann.caller.say(sine(440, 3.0, 48_000))
    rig.run(1.0)
    ann.begin()
    rig.run(1.0)
    assert rig.dump("ann")["latched"] is None and rig.dump("ann")["packets_received"] == 0
    assert not heard(bob.heard[24_000:], 440, 48_000)


def test_a_hold_keeps_the_association_and_a_new_certificate_ends_it() -> None:
    """The same fingerprint goes on with its keys; another one is another far end, with a handshake of its own."""
    rig = DtlsRig()
    ann, bob = rig.call_by_dtls("ann", active=True, mux=True), rig.call("bob", PCMU)
    rig.gather()
    ann.begin()
    rig.run(0.5)
    before = ann.datagrams
    rig.describe(ann, receives=False)
    rig.describe(ann)
    ann.caller.say(sine(440, 1.0, 48_000))
    rig.run(1.0)
    assert ann.datagrams == before and heard(bob.heard[-24_000:], 440, 48_000)
    ann.certificate = Certificate()
    ann.ends = [DtlsClient(ann.certificate)]
    rig.describe(ann)
    ann.begin()
    ann.caller.say(sine(440, 2.0, 48_000))
    rig.run(2.0)
    assert ann.datagrams > before and heard(bob.heard[-24_000:], 440, 48_000)


def test_a_prompt_waits_for_the_keys() -> None:
    """What is played while a handshake is under way begins when it is done: nobody misses its first words."""
    rig = DtlsRig()
    ann = rig.call_by_dtls("ann", active=False, mux=True)
    rig.play("ann", "enter-pin")
    ann.loses = 1
    rig.run(3.0)
    plain = rig.call("plain", PCMU)
    rig.play("plain", "enter-pin", play=2)
    rig.run(3.0)
    loud = [sum(abs(sound) > 0.05) for sound in (ann.caller.heard, plain.heard)]
    assert loud[1] > 1000 and abs(loud[0] - loud[1]) < loud[1] * 0.05


@pytest.mark.parametrize(
    "dtls",
    [
        DtlsRemote(fingerprint="nonsense"),
        DtlsRemote(client=True),
        DtlsRemote(fingerprint="AB:CD"),
    ],
)
def test_a_far_end_that_cannot_be_is_refused(dtls: DtlsRemote) -> None:
    """And no port is opened."""
    rig = DtlsRig()
    caller = Caller(rig, "ann", PCMU, 1)
    answer = rig.ask(OpenLeg(id=9, leg="ann", local="192.0.2.200", media=rig.media(caller, dtls=dtls)))
    assert isinstance(answer, Failed) and answer.code == "bad-request" and rig.ports.open_legs == {}


def test_garbage_on_the_port_is_survived() -> None:
    """Records that are none, in the middle of a handshake, neither end it nor the engine."""
    rig = DtlsRig()
    ann, bob = rig.call_by_dtls("ann", active=True, mux=True), rig.call("bob", PCMU)
    rig.gather()
    for size in (1, 13, 14, 100, 1400):
        ann.send(0, [bytes([22]) * size, bytes([63]) * size, b"\x16\xfe\xfd" + bytes(size)])
    ann.begin()
    ann.caller.say(sine(440, 2.0, 48_000))
    rig.run(0.5)
    ann.repeat()
    rig.run(1.5)
    assert heard(bob.heard[-24_000:], 440, 48_000)
