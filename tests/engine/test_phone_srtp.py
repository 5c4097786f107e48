"""SRTP on a phone's own ports (RFC 3711 with keys of RFC 4568): nothing plain goes out, nothing plain is believed."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from pylibsrtp import Error, Policy, Session

from parley.engine.messages import Codec, Failed, LegMedia, SetMedia, SrtpKeys
from parley.engine.srtp import MOST_SOURCES, SUITES, Inbound, Outbound
from parley.engine.transport import Arrival, Departure
from parley.wire.rtp import SENDER_REPORT, build_report, build_rtp, parse_rtcp
from tests.engine.rig import OPUS, PCMU, Caller, Rig
from tests.kit.tones import heard, sine

LONG, SHORT, GCM = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"
PROFILES = {
    LONG: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    SHORT: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}
TAGS = {LONG: 10, SHORT: 4, GCM: 16}


def keys_of(suite: str, number: int) -> SrtpKeys:
    length = 28 if suite == GCM else 30
    return SrtpKeys(suite=suite, theirs=bytes([number]) * length, ours=bytes([100 + number]) * length)


class SecureCaller:
    """The far end's SRTP around one caller of the rig: protects what it says, opens what it is sent."""

    def __init__(self, rig: SecureRig, caller: Caller, keys: SrtpKeys) -> None:
        self.rig, self.caller = rig, caller
        self.refused = 0  # packets that were not authentic
        self.lengths: set[int] = set()  # by how much a packet was longer
        self.reports: list[bytes] = []
        self.agree(keys)
        caller.network = lambda data, at: [(0.001, self.sends.protect(data))]

    def agree(self, keys: SrtpKeys) -> None:
        """Keys of the far end's own, fresh counters."""
        profile = PROFILES[keys.suite]
        self.sends = Session(Policy(key=keys.theirs, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        self.takes = Session(Policy(key=keys.ours, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))

    def open(self, departure: Departure) -> Departure | None:
        try:
            if departure.rtcp:
                self.reports.append(self.takes.unprotect_rtcp(departure.data))
                return None
            plain = self.takes.unprotect(departure.data)
        except Error:
            self.refused += 1
            return None
        self.lengths.add(len(departure.data) - len(plain))
        return msgspec.structs.replace(departure, data=plain)


class SecureRig(Rig):
    """A rig in which some callers speak SRTP."""

    def __init__(self, **settings: int) -> None:
        super().__init__(**settings)
        self.secure: dict[str, SecureCaller] = {}

    def call_by_srtp(self, name: str, codec: Codec = OPUS, keys: SrtpKeys | None = None) -> SecureCaller:
        keys = keys or keys_of(LONG, 1)
        caller = self.call(name, codec, srtp=keys)  # type: ignore[arg-type]
        self.secure[name] = SecureCaller(self, caller, keys)
        return self.secure[name]

    def carry(self, departure: Departure) -> None:
        secure = self.secure.get(departure.leg)
        opened = departure if secure is None else secure.open(departure)
        if opened is not None:
            super().carry(opened)

    def set_media(self, name: str, keys: SrtpKeys | None) -> object:
        media = self.media(self.callers[name], srtp=keys)
        return self.ask(SetMedia(id=next(self.ids), leg=name, media=media))


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
@pytest.mark.parametrize("suite", PROFILES)
def test_a_phone_with_srtp_and_a_plain_one_hear_each_other(suite: str, codec: Codec) -> None:
    """Both voices come over whole; every packet out carries the suite's tag, and reports are protected too."""
    rig = SecureRig()
    ann, bob = rig.call_by_srtp("ann", codec, keys_of(suite, 1)), rig.call("bob", codec)
    rig.gather()
    ann.caller.say(sine(440, 6.0, 48_000))
    bob.say(sine(900, 6.0, 48_000))
    rig.run(6.0)
    assert heard(bob.heard[48_000:], 440, 48_000) and heard(ann.caller.heard[48_000:], 900, 48_000)
    assert (ann.refused, ann.lengths) == (0, {TAGS[suite]})
    assert ann.reports and parse_rtcp(ann.reports[0])[0].packet_type == SENDER_REPORT
    assert rig.dump("ann")["srtp"] == suite and rig.dump("bob")["srtp"] is None


def test_what_is_not_authentic_is_as_if_it_had_never_come() -> None:
    """Plain packets, packets by another key and copies are not heard, not counted, latch nothing and are no life."""
    rig = SecureRig(dead_after_ms=1000)
    ann, bob = rig.call_by_srtp("ann"), rig.call("bob")
    rig.gather()
    stranger = Session(Policy(key=b"\x09" * 30, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=PROFILES[LONG]))
    ann.caller.network = lambda data, at: [(0.001, data), (0.001, stranger.protect(data))]
    ann.caller.say(sine(440, 2.0, 48_000))
    rig.run(2.0)
    assert not heard(bob.heard[24_000:], 440, 48_000)
    assert rig.dump("ann")["packets_received"] == 0 and rig.dump("ann")["latched"] is None
    assert rig.dump("ann")["told_dead"]
    copies: list[bytes] = []

    def twice(data: bytes, at: float) -> list[tuple[float, bytes]]:
        copies.append(ann.sends.protect(data))
        return [(0.001, copies[-1]), (0.002, copies[-1])]

    ann.caller.network = twice
    rig.run(1.0)
    assert rig.dump("ann")["packets_received"] in (len(copies), len(copies) - 1)


def test_reports_of_the_far_end_are_opened() -> None:
    """A protected report is a sign of life; a plain one is none."""
    rig = SecureRig(dead_after_ms=1000)
    ann = rig.call_by_srtp("ann")
    ann.caller.talking = False
    report = build_report(ann.caller.ssrc, "ann", unix_time=0.0, timestamp=0, packets=1, octets=1)

    def send(data: bytes) -> None:
        arrival = Arrival("ann", True, data, (ann.caller.source[0], ann.caller.source[1] + 1))
        rig._on_the_way.append((rig.now, next(rig._order), arrival))

    for _ in range(3):
        rig.run(0.6)
        send(ann.sends.protect_rtcp(report))
    assert not rig.dump("ann")["told_dead"]
    for _ in range(3):
        rig.run(0.6)
        send(report)
    assert rig.dump("ann")["told_dead"]


def test_a_new_key_takes_over_without_a_hole_and_an_equal_one_goes_on() -> None:
    """Packets by the former key are still believed until the first by the new one; counters start afresh with it."""
    rig = SecureRig()
    ann, bob = rig.call_by_srtp("ann"), rig.call("bob")
    rig.gather()
    ann.caller.say(sine(440, 6.0, 48_000))
    bob.say(sine(900, 6.0, 48_000))
    rig.run(2.0)
    rig.set_media("ann", keys_of(LONG, 1))  # a hold taken back, for instance
    rig.run(1.0)
    assert ann.refused == 0
    rig.set_media("ann", keys_of(GCM, 2))
    rig.run(0.1)  # the far end has not heard of it yet
    assert ann.refused == 5
    before = rig.dump("ann")["packets_received"]
    ann.agree(keys_of(GCM, 2))
    rig.run(1.0)
    assert rig.dump("ann")["packets_received"] == before + 50  # type: ignore[operator]
    assert rig.dump("ann")["packets_lost"] == 0 and ann.refused == 5
    bob.forget(), ann.caller.forget()
    rig.run(1.0)
    assert heard(bob.heard, 440, 48_000) and heard(ann.caller.heard, 900, 48_000)


def test_a_port_that_was_opened_before_the_answer_becomes_secure_with_it() -> None:
    """Whom we call: plain packets before the answer neither sound nor hold the port afterwards."""
    rig = SecureRig()
    ann, bob = rig.call("ann", PCMU, receives=False, sends=False), rig.call("bob", PCMU)
    ann.say(sine(440, 0.5, 48_000))
    source, ann.source = ann.source, ("203.0.113.9", 9)
    rig.run(0.5)
    ann.source = source
    rig.set_media("ann", keys_of(LONG, 1))
    rig.secure["ann"] = SecureCaller(rig, ann, keys_of(LONG, 1))
    rig.gather()
    rig.run(0.2)
    assert rig.dump("ann")["latched"] == list(source)
    assert not heard(bob.heard, 440, 48_000)


def test_packets_that_came_before_their_keys_are_not_played() -> None:
    """A far end that talks before we know its answer: what it has encrypted is no sound."""
    rig = SecureRig()
    ann, bob = rig.call("ann", PCMU, receives=False, sends=False), rig.call("bob", PCMU)
    ann.sequence = 100
    rig.secure["ann"] = SecureCaller(rig, ann, keys_of(LONG, 1))
    rig.run(0.3)
    rig.set_media("ann", keys_of(LONG, 1))
    rig.gather()
    rig.run(0.5)
    assert rig.dump("ann")["packets_received"] == 40
    assert float(np.abs(bob.heard).max()) < 0.01


def test_an_equal_key_goes_on_beyond_a_turn_of_the_sequence() -> None:
    """The far end counts the turns of our sequence, so we must not forget them at a hold, nor those of its own."""
    rig = SecureRig()
    ann, bob = rig.call_by_srtp("ann"), rig.call("bob")
    rig.engine._legs["ann"].outgoing.sequence = 65_500
    rig.gather()
    rig.run(1.0)
    rig.set_media("ann", keys_of(LONG, 1))
    rig.run(1.0)
    assert rig.engine._legs["ann"].outgoing.sequence < 100 and ann.caller.sequence < 100
    assert ann.refused == 0 and rig.dump("ann")["packets_received"] == ann.caller.sent and bob.sent == ann.caller.sent


def test_a_former_key_is_void_once_the_new_one_was_used() -> None:
    """Who knows the old key can say nothing any more."""
    rig = SecureRig()
    ann = rig.call_by_srtp("ann")
    rig.run(0.2)
    former = ann.sends
    rig.set_media("ann", keys_of(LONG, 2))
    ann.agree(keys_of(LONG, 2))
    rig.run(0.2)
    ann.sends = former
    before = rig.dump("ann")["packets_received"]
    rig.run(0.2)
    assert rig.dump("ann")["packets_received"] == before


def test_a_phone_may_take_a_new_source_as_often_as_it_likes() -> None:
    """Each hold of a long call may bring one: the newest is heard, and one that goes on beside them; what a session
    knows of them is bounded."""
    keys = keys_of(LONG, 3)
    far, ours = Outbound(SUITES[LONG], keys.theirs), Inbound(SUITES[LONG], keys.theirs)
    for source in range(100):
        for number in range(2):
            going_on = build_rtp(0, 2 * source + number, 0, 7777, b"voice")
            one = build_rtp(0, number, 0, source + 1, b"voice")
            assert ours.open(far.close(going_on)) == going_on and ours.open(far.close(one)) == one
    assert len(ours.heard()) == MOST_SOURCES and ours.heard()[7777] == 199


def test_our_sequence_begins_in_the_lower_half() -> None:
    """Else lost first packets could hide its turn from the far end's counter of turns."""
    rig = Rig()
    for number in range(50):
        rig.call(f"leg{number}")
    rig.run(0.02)
    assert all(rig.engine._legs[name].outgoing.sequence <= 0x8000 for name in rig.callers)


@pytest.mark.parametrize(
    "keys",
    [
        SrtpKeys(suite="F8_128_HMAC_SHA1_80", theirs=bytes(30), ours=bytes(30)),
        SrtpKeys(suite=LONG, theirs=bytes(28), ours=bytes(30)),
        SrtpKeys(suite=GCM, theirs=bytes(28), ours=bytes(30)),
        SrtpKeys(suite=LONG, theirs=b"", ours=b""),
    ],
)
def test_keys_that_are_none_change_nothing(keys: SrtpKeys) -> None:
    """Refused before the leg has seen them."""
    rig = SecureRig()
    rig.call_by_srtp("ann")
    answer = rig.set_media("ann", keys)
    assert isinstance(answer, Failed) and answer.code == "bad-request"
    assert rig.dump("ann")["srtp"] == LONG


def test_keys_travel_to_the_worker_and_are_not_shown() -> None:
    """The schema carries them whole; no repr has them."""
    media = LegMedia(remote_host="192.0.2.1", remote_port=4000, codec=PCMU, srtp=keys_of(LONG, 65))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(media), type=LegMedia) == media
    assert "AAA" not in repr(media) and "suite" in repr(media)
