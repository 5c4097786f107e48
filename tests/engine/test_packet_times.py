"""Packets of 10 to 60 ms, both ways, in every codec."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.engine import encoders
from parley.engine.messages import Codec, Failed, SetMedia
from parley.engine.opus import OpusDecoder, OpusEncoder, join_packets, packet_samples
from parley.engine.packets import encoding_for, make_packetiser
from parley.wire.rtp import parse_rtp
from tests.engine.rig import OPUS, PCMU, Rig
from tests.kit.tones import Sound, longest_hole, sine, strength, tone_spans

RATE = 48_000
PCMA = Codec(name="pcma", payload_type=8, clock_rate=8_000)
G722 = Codec(name="g722", payload_type=9, clock_rate=8_000)
TIMES = (10, 20, 30, 40, 50, 60)


@pytest.mark.parametrize("codec", [OPUS, PCMU, PCMA, G722], ids=["opus", "pcmu", "pcma", "g722"])
@pytest.mark.parametrize("packet_ms", TIMES)
def test_packets_of_the_negotiated_time_are_sent(codec: Codec, packet_ms: int) -> None:
    """Each holds that much sound, numbers count by one and timestamps by the time, without a gap."""
    rig = Rig()
    rig.call("ann", OPUS)
    bob = rig.call("bob", codec, packet_ms=packet_ms)
    rig.gather()
    rig.callers["ann"].say(sine(440, 2, RATE))
    bob.take = lambda departure: bob.received.append(departure.data)  # type: ignore[method-assign]
    rig.run(2)
    packets = [parse_rtp(data) for data in bob.received if data[1] & 0x7F == codec.payload_type]
    assert len(packets) == pytest.approx(2000 / packet_ms, abs=4)
    step = packet_ms * codec.clock_rate // 1000
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        lasting = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        if codec is OPUS:  # one whose encoder changed its bandwidth may be cut short
            assert lasting == packet_samples(before.payload) <= step
        else:
            assert lasting == step and len(before.payload) == packet_ms * 8


@pytest.mark.parametrize("packet_ms", TIMES)
def test_opus_in_longer_or_shorter_packets_sounds_the_same(packet_ms: int) -> None:
    """A tone comes out of the far end's decoder without a hole, and as loud."""
    rig = Rig()
    ann = rig.call("ann", OPUS)
    bob = rig.call("bob", OPUS, packet_ms=packet_ms)
    rig.gather()
    ann.say(sine(440, 2, RATE))
    rig.run(2.5)
    assert longest_hole(bob.heard, 440, RATE) == 0
    ((start, end),) = tone_spans(bob.heard, 440, RATE)
    assert end - start == pytest.approx(2, abs=0.06)
    assert strength(bob.heard, 440, RATE)[30:70] == pytest.approx(0.25, rel=0.1)


def in_frames_of_10_ms(encoder: OpusEncoder) -> Callable[[Sound], bytes]:
    def encode(sound: Sound) -> bytes:
        parts = [encoder.encode(sound[at : at + 480]) for at in range(0, len(sound), 480)]
        alike = len({part[0] & 0xFC for part in parts}) == 1
        return join_packets(parts if alike else [encoders.silence("opus/10")[0]] * len(parts))

    return encode


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(TIMES), min_size=3, max_size=12), st.sampled_from([PCMU, PCMA, G722, OPUS]))
def test_any_mixture_of_packet_times_is_heard_whole(times: list[int], codec: Codec) -> None:
    """A sender may change the length of his packets from one to the next: neither hole nor loss, and little delay."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], codec)
    bob.talking = False
    if codec is OPUS:
        ann.encode = in_frames_of_10_ms(OpusEncoder(complexity=0))  # type: ignore[method-assign]
    rig.gather()
    seconds = 0.3 * len(times) + 0.4
    ann.say(sine(440, seconds, RATE))
    for packet_ms in times:
        ann.packet_ms = packet_ms
        rig.run(0.3)
    rig.run(1)
    # Opus is encoded anew with each length; G.722 needs a moment for a tone that begins at once.
    assert longest_hole(bob.heard, 440, RATE) <= {"opus": 60.5, "g722": 20.5}.get(codec.name, 0)
    assert rig.dump("ann")["packets_lost"] == 0


@pytest.mark.parametrize("packet_ms", [0, 5, 15, 70, 100])
def test_other_packet_times_are_refused(packet_ms: int) -> None:
    """What cannot be sent is a bad request, and nothing has changed."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    answer = rig.ask(SetMedia(id=5, leg="ann", media=rig.media(ann, packet_ms=packet_ms)))
    assert isinstance(answer, Failed) and answer.code == "bad-request"


def test_a_changed_packet_time_goes_on_in_the_same_stream() -> None:
    """A re-INVITE with another ptime: numbers and timestamps continue."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    rig.run(0.5)
    rig.ask(SetMedia(id=5, leg="ann", media=rig.media(ann, packet_ms=60)))
    rig.run(0.6)
    packets = [parse_rtp(data) for data in ann.received]
    assert len(packets[0].payload) == 160 and len(packets[-1].payload) == 480
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == len(before.payload)


def test_listeners_of_other_packet_times_share_the_encode() -> None:
    """Twenty listeners at 20, 40 and 60 ms cost one Opus encoder; those at 10 and 30 ms another."""
    assert [encoding_for("opus", packet_ms) for packet_ms in TIMES] == ["opus/10", "opus"] * 3
    assert {encoding_for("pcma", packet_ms) for packet_ms in TIMES} == {"pcma"}
    rig = Rig()
    rig.call("ann", OPUS)
    for number in range(20):
        rig.call(f"listener{number}", OPUS, packet_ms=TIMES[number % 6])
    rig.gather()
    rig.callers["ann"].say(sine(440, 1, RATE))
    rig.run(1)
    shared = rig.engine._meetings["m"]._groups["main"].shared
    assert set(shared._encoders) == {"opus", "opus/10"}


@given(st.lists(st.integers(1, 1275), min_size=1, max_size=6))
def test_joined_opus_frames_are_read_back_by_libopus(sizes: list[int]) -> None:
    """Whatever the frames' sizes: libopus counts as many samples as were put in (RFC 6716 appendix B)."""
    packets = [bytes([0xF8]) + bytes([size & 0xFF]) * (size - 1) for size in sizes]
    joined = join_packets(packets)
    decoded = OpusDecoder().decode(joined)
    assert packet_samples(joined) == 960 * len(sizes)
    assert decoded is not None and len(decoded) == 960 * len(sizes)


def test_a_packet_time_of_one_tick_needs_no_packetiser() -> None:
    """The usual case costs nothing."""
    assert make_packetiser("opus", 20) is None
