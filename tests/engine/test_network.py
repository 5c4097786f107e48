"""What bad networks and odd senders do to one voice, as heard by another leg."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.engine.messages import Codec
from parley.wire.rtp import build_rtp, parse_rtp
from tests.engine.rig import EVENTS, OPUS, PCMU, Network, Rig, perfect
from tests.kit.tones import heard, longest_hole, sine, tone_spans

RATE = 48_000
CODECS = pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])


def losing(share: float) -> Network:
    dice = random.Random(1)
    return lambda data, at: [] if dice.random() < share else [(0.001, data)]


def jittery(seconds: float) -> Network:
    """Each packet takes its own time, so packets overtake one another."""
    dice = random.Random(2)
    return lambda data, at: [(dice.random() * seconds, data)]


def doubling(data: bytes, at: float) -> list[tuple[float, bytes]]:
    return [(0.001, data), (0.001, data), (0.045, data)]


def swapping() -> Network:
    """Every second packet comes after its successor."""
    turn = [0]

    def network(data: bytes, at: float) -> list[tuple[float, bytes]]:
        turn[0] += 1
        return [(0.001 if turn[0] % 2 else 0.0211, data)]

    return network


def talk(network: Network, codec: Codec, packet_ms: int = 20, clock: float = 1.0, seconds: float = 8.0) -> Rig:
    rig = Rig()
    ann, _ = rig.calls(["ann", "bob"], codec)
    ann.packet_ms, ann.clock, ann.network = packet_ms, clock, network
    rig.gather()
    ann.say(sine(440, seconds, RATE))
    rig.run(seconds + 0.5)
    return rig


# network, packet length, longest hole allowed, delay allowed at the end of the talk (both ms)
TABLE: list[tuple[Callable[[], Network], int, float, float]] = [
    (lambda: perfect, 10, 0, 60),
    (lambda: perfect, 20, 0, 60),
    (lambda: perfect, 30, 0, 80),
    (lambda: perfect, 40, 0, 80),
    (lambda: perfect, 60, 0, 110),
    (lambda: doubling, 20, 0, 60),
    (swapping, 20, 0, 60),
    (lambda: jittery(0.018), 20, 0, 80),
    (lambda: jittery(0.03), 20, 0, 80),
    (lambda: jittery(0.08), 20, 40, 140),
    (lambda: losing(0.02), 20, 30, 60),
]


@pytest.mark.parametrize(("network", "packet_ms", "hole", "delay"), TABLE)
def test_a_telephone_voice_arrives_whole_and_soon(
    network: Callable[[], Network], packet_ms: int, hole: float, delay: float
) -> None:
    """Packet lengths, copies, disorder, jitter and some loss leave no hole and no lasting delay (PCMU)."""
    bob = talk(network(), PCMU, packet_ms).callers["bob"]
    spans = tone_spans(bob.heard, 440, RATE)
    assert longest_hole(bob.heard, 440, RATE) <= hole
    assert (spans[-1][1] - 8.0) * 1000 <= delay


@pytest.mark.parametrize(
    ("network", "hole"), [(doubling, 0), (jittery(0.03), 0), (jittery(0.08), 40), (losing(0.02), 50)]
)
def test_an_opus_voice_arrives_whole(network: Network, hole: float) -> None:
    """The same for Opus, whose own concealment fades a steady tone a little sooner."""
    bob = talk(network, OPUS).callers["bob"]
    assert longest_hole(bob.heard, 440, RATE) <= hole


@CODECS
@pytest.mark.parametrize("clock", [1.0002, 0.9998])
def test_clock_skew_neither_grows_delay_nor_makes_holes(codec: Codec, clock: float) -> None:
    """110 s at 200 ppm slide by more than a frame: absorbed without a hole, delay as in the beginning."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], codec)
    ann.clock, bob.talking = clock, False
    rig.gather()
    ann.say(sine(440, 112, RATE))
    deepest = 0.0
    for _ in range(5):
        rig.run(22)
        assert longest_hole(bob.heard[RATE // 2 :], 440, RATE) == 0
        bob.forget()
        deepest = max(deepest, float(str(rig.dump("ann")["buffer_ms"])))
    assert deepest <= 60


@CODECS
def test_a_strong_skew_is_worked_off_as_well(codec: Codec) -> None:
    """2000 ppm for a minute would be 120 ms of delay; a splice now and then keeps it under 60."""
    rig = talk(perfect, codec, clock=1.002, seconds=60)
    assert longest_hole(rig.callers["bob"].heard, 440, RATE) == 0
    assert (tone_spans(rig.callers["bob"].heard, 440, RATE)[-1][1] - 60 / 1.002) * 1000 <= 80


@CODECS
def test_a_stall_of_the_network_is_caught_up(codec: Codec) -> None:
    """300 ms of packets in one burst: nothing lost, and the delay it brought is gone some seconds later."""

    def stalled(data: bytes, at: float) -> list[tuple[float, bytes]]:
        return [(2.3 - at if 2.0 <= at < 2.3 else 0.001, data)]

    rig = talk(stalled, codec, seconds=12)
    bob = rig.callers["bob"]
    assert longest_hole(bob.heard, 440, RATE) <= 300
    assert (tone_spans(bob.heard, 440, RATE)[-1][1] - 12) * 1000 <= 200
    assert rig.dump("ann")["packets_lost"] == 0


@CODECS
def test_a_new_ssrc_is_taken_over(codec: Codec) -> None:
    """A sender that starts anew (transfer, restart) is heard again within 100 ms."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], codec)
    rig.gather()
    ann.say(sine(440, 4, RATE))
    rig.run(1)
    ann.ssrc, ann.sequence, ann.timestamp = 77, 1000, 5_000_000
    rig.run(2)
    assert longest_hole(bob.heard, 440, RATE) <= 100
    assert rig.dump("ann")["ssrc_in"] == 77


@CODECS
@pytest.mark.parametrize(("sequence", "timestamp"), [(20_000, 0), (0, 7_000_000), (20_000, 7_000_000), (0, -900_000)])
def test_jumps_of_sequence_and_timestamp_are_survived(codec: Codec, sequence: int, timestamp: int) -> None:
    """A sender whose counters jump is heard again within 200 ms and with no more delay than before."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], codec)
    rig.gather()
    ann.say(sine(440, 4, RATE))
    rig.run(1)
    ann.sequence = (ann.sequence + sequence) & 0xFFFF
    ann.timestamp += timestamp
    rig.run(3.5)
    assert longest_hole(bob.heard, 440, RATE) <= 200
    assert (tone_spans(bob.heard, 440, RATE)[-1][1] - 4) * 1000 <= 100


def test_one_stray_packet_of_another_stream_does_no_harm() -> None:
    """A lone packet with another SSRC neither interrupts nor is heard."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.gather()
    ann.say(sine(440, 2, RATE))
    for _ in range(20):
        rig.run(0.1)
        ann.inject(build_rtp(0, 5, 5, 4242, bytes(160)))
    assert longest_hole(bob.heard, 440, RATE) == 0


@CODECS
def test_a_pause_of_the_sender_is_not_loss(codec: Codec) -> None:
    """Packets that were never sent (DTX) count neither as lost nor as concealed, and speech returns whole."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], codec)
    rig.gather()
    for _ in range(5):
        ann.talking = True
        ann.say(sine(440, 0.5, RATE))
        rig.run(0.6)
        ann.talking = False
        rig.run(0.5)
    statistics = rig.engine.dump()["legs"]["ann"]
    assert statistics["packets_lost"] == 0
    spans = tone_spans(bob.heard, 440, RATE)
    assert [round(end - start, 1) for start, end in spans] == [0.5] * 5
    rig.run(1)
    assert rig.told_statistics("ann").concealed_ms == 0


def test_losses_and_jitter_are_counted() -> None:
    """Statistics tell packets received and lost, concealment, and RFC 3550 jitter."""
    rig = talk(losing(0.1), PCMU)
    found = rig.told_statistics("ann")
    sent = rig.callers["ann"].sent
    assert found.packets_lost == pytest.approx(sent * 0.1, rel=0.4)
    assert found.packets_lost + found.packets_received == pytest.approx(sent, abs=60)
    assert found.concealed_ms == pytest.approx(found.packets_lost * 20, rel=0.1)
    assert found.jitter_ms < 1
    shaken = talk(jittery(0.08), PCMU)
    assert shaken.told_statistics("ann").jitter_ms > 10


def test_corrupt_payloads_are_survived() -> None:
    """Random bytes under the right payload type make noise at worst; the next words are heard."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], OPUS)
    rig.gather()
    dice = random.Random(3)
    for _ in range(200):
        size = dice.randrange(0, 60)
        ann.inject(ann.packet(dice.randbytes(size)), dice.randbytes(size))
        rig.tick()
    rig.run(1)
    bob.forget()
    ann.say(sine(440, 1, RATE))
    rig.run(1.2)
    assert heard(bob.heard, 440, RATE)
    assert parse_rtp(bob.received[-1]).payload_type == 111


PACKETS = st.tuples(
    st.sampled_from([0, EVENTS, 13]),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.sampled_from([1, 2]),
    st.binary(max_size=200),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), PACKETS), max_size=60))
def test_no_datagrams_stop_the_ticks(history: list[bytes | tuple[int, int, int, int, bytes]]) -> None:
    """Whatever a peer sends, every tick ends, the delay stays bounded and the others get their packets."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    ann.talking = bob.talking = False
    rig.gather()
    for one in history:
        ann.inject(one if isinstance(one, bytes) else build_rtp(*one))
        rig.tick()
        assert float(str(rig.dump("ann")["buffer_ms"])) <= 1500  # 60 packets of up to 25 ms
    assert len(bob.received) == len(history)
