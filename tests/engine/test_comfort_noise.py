"""Senders that fall silent: comfort noise (RFC 3389), packets left out; and what must not pass for loss or death."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.engine.messages import MediaDead
from parley.engine.noise import HIGHEST_LEVEL, ComfortNoise
from parley.engine.opus import silence_packet
from parley.engine.sound import FRAME, level
from parley.engine.transport import Arrival
from parley.wire.rtp import ReportBlock, build_receiver_report
from tests.engine.rig import OPUS, PCMU, Caller, Rig
from tests.kit.tones import heard, sine, tone_spans

RATE = 48_000


def talks(level_told: int | None) -> tuple[Rig, Caller, Caller]:
    """Ann has spoken for a second, and has then fallen silent; None: without a word of it."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    bob.talking = False
    rig.gather()
    ann.say(sine(440, 1, RATE))
    rig.run(1)
    ann.talking = False
    if level_told is not None:
        ann.inject(ann.packet(bytes([-level_told, 10, 20]), 13))  # two coefficients of a spectrum follow
    bob.forget()
    return rig, ann, bob


@pytest.mark.parametrize("told", [-40, -50])
def test_noise_is_made_at_the_level_told(told: int) -> None:
    """The others hear it as loud as the sender says his background is, until he speaks again."""
    rig, ann, bob = talks(told)
    rig.run(3)
    assert level(bob.heard[RATE:]) == pytest.approx(told, abs=1.5)
    bob.forget()
    ann.talking = True
    ann.say(sine(440, 1, RATE))
    rig.run(1.2)
    assert heard(bob.heard, 440, RATE)
    ann.talking = False
    bob.forget()
    rig.run(1)
    assert level(bob.heard[RATE // 2 :]) < -70  # no noise was told of this time


def test_a_new_level_changes_the_noise_and_a_broken_one_is_bounded() -> None:
    """Updates count from their arrival; nobody can shout by comfort noise."""
    rig, ann, bob = talks(-40)
    rig.run(1)
    ann.inject(ann.packet(b"\x37", 13))
    rig.run(0.2)
    bob.forget()
    rig.run(1)
    assert level(bob.heard) == pytest.approx(-55, abs=1.5)
    ann.inject(ann.packet(b"\x00", 13))
    rig.run(0.2)
    bob.forget()
    rig.run(1)
    assert level(bob.heard) == pytest.approx(HIGHEST_LEVEL, abs=1.5)


def test_faint_noise_takes_no_place_in_the_mix() -> None:
    """Below the silence threshold it is not mixed, like any handset's own noise."""
    rig, _, bob = talks(-68)
    rig.run(3)
    assert level(bob.heard[2 * RATE :]) < -80


@pytest.mark.parametrize("told", [-60, None])
def test_pauses_are_neither_loss_nor_concealment(told: int | None) -> None:
    """Speech with pauses of half a second, with comfort noise or just without packets: all words, no loss."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.gather()
    for _ in range(6):
        ann.talking = True
        ann.say(sine(440, 0.5, RATE))
        rig.run(0.5)
        ann.talking = False
        if told is not None:
            ann.inject(ann.packet(bytes([-told]), 13))
        rig.run(0.5)
    rig.run(1)
    assert [round(end - start, 1) for start, end in tone_spans(bob.heard, 440, RATE)] == [0.5] * 6
    found = rig.told_statistics("ann")
    assert (found.packets_lost, found.concealed_ms) == (0, 0)
    assert found.packets_received == ann.sent
    assert found.jitter_ms < 2


def test_a_lost_packet_of_noise_is_loss_all_the_same() -> None:
    """Its number is missing before the next voice."""
    rig, ann, _ = talks(None)
    ann.packet(b"\x40", 13)  # never delivered
    rig.run(0.5)
    ann.talking = True
    rig.run(1.1)
    assert rig.told_statistics("ann").packets_lost == 1


def test_an_announced_silence_is_not_death() -> None:
    """A phone that sends one packet of comfort noise and no RTCP lives on; one that just stops is dead in time."""
    rig, _, _ = talks(-60)
    rig.run(60)
    assert not [told for told in rig.told_of(MediaDead) if told.leg == "ann"]
    rig.run(260)
    assert [told for told in rig.told_of(MediaDead) if told.leg == "ann"]  # but not for ever
    reporting, ann, _ = talks(-60)
    report = build_receiver_report(ann.ssrc, "ann", ReportBlock(1, 0, 0, 0, 0))
    reporting.engine._legs["ann"].receive(reporting.now, Arrival("ann", True, report, ann.source))
    reporting.run(31)
    assert [told for told in reporting.told_of(MediaDead) if told.leg == "ann"]  # its reports would go on
    stopped, _, _ = talks(None)
    stopped.run(31)
    assert [told for told in stopped.told_of(MediaDead) if told.leg == "ann"]


def test_an_opus_pause_is_not_death_and_not_loss() -> None:
    """DTX of Opus: after a packet of one byte nothing comes for a minute (RFC 6716 section 2.1.9)."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], OPUS)
    rig.gather()
    ann.say(sine(440, 1, RATE))
    rig.run(1)
    ann.talking = False
    ann.inject(ann.packet(silence_packet()[:1]))
    rig.run(45)
    assert not [told for told in rig.told_of(MediaDead) if told.leg == "ann"]
    assert rig.told_statistics("ann").concealed_ms == 0
    bob.forget()
    ann.talking = True
    ann.say(sine(440, 1, RATE))
    rig.run(1.2)
    assert heard(bob.heard, 440, RATE)


def test_noise_of_two_legs_does_not_add_up_like_one_voice() -> None:
    """Different legs' noise is uncorrelated, and joins at its end without a step."""
    one, two = ComfortNoise(1), ComfortNoise(2)
    first = np.concatenate([one.next_frame(-40) for _ in range(97)])
    second = np.concatenate([two.next_frame(-40) for _ in range(97)])
    assert level(first + second) == pytest.approx(-37, abs=0.5)
    assert level(first) == pytest.approx(-40, abs=0.1)
    steps = np.abs(np.diff(np.concatenate((first, first))))
    assert steps[len(first) - 1] <= steps.max()
    assert len(first) == 97 * FRAME


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 13]), st.integers(-3, 40), st.integers(-400, 9000), st.binary(max_size=12)),
        max_size=50,
    )
)
def test_no_mixture_of_noise_and_voice_stops_the_ticks(history: list[tuple[int, int, int, bytes]]) -> None:
    """Whatever comes in which order: every tick ends and the delay stays bounded."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    ann.talking = bob.talking = False
    rig.gather()
    for kind, sequence, timestamp, payload in history:
        ann.sequence = (ann.sequence + sequence) & 0xFFFF
        ann.timestamp = (ann.timestamp + timestamp) & 0xFFFFFFFF
        ann.inject(ann.packet(payload, kind))
        rig.tick()
    assert len(bob.received) == len(history)
    assert float(str(rig.dump("ann")["buffer_ms"])) <= 1500
