"""What is told every five seconds of each leg."""

import math

import pytest

from parley.engine.messages import Quality
from tests.engine.rig import OPUS, PCMU, Rig
from tests.engine.test_network import jittery, losing
from tests.kit.tones import sine

RATE = 48_000


def test_every_leg_is_told_of_every_five_seconds() -> None:
    """Packets, losses, concealment and level of the window alone; a leg that came in the midst has a shorter one."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    rig.run(2)
    rig.call("bob", OPUS)
    rig.gather()
    ann.say(sine(440, 3, RATE))
    rig.run(18)
    told = rig.told_of(Quality)
    assert len(told) == 4
    first, second = told[0].legs["ann"], told[1].legs["ann"]
    assert (first.seconds, told[0].legs["bob"].seconds, second.seconds) == (5, 3, 5)
    assert first.received == pytest.approx(250, abs=1) and second.received == pytest.approx(250, abs=1)
    assert first.sent == second.sent == 250
    assert first.bytes_sent == 250 * 172
    spoken = 20 * math.log10(0.25 / math.sqrt(2)) + 10 * math.log10(3 / 5)  # of five seconds three were a tone
    assert first.level == pytest.approx(spoken, abs=1.5)
    assert told[2].legs["ann"].level < -80  # the second still holds what was on its way
    assert (first.lost, first.concealed_ms, first.codec) == (0, 0, "pcmu")


def test_a_bad_window_is_told_as_such_and_the_next_is_clean() -> None:
    """Loss and concealment belong to the window in which they were."""
    rig = Rig()
    ann, _ = rig.calls(["ann", "bob"], PCMU)
    rig.gather()
    rig.run(5)
    ann.network = losing(0.1)
    rig.run(5)
    ann.network = lambda data, at: [(0.001, data)]
    rig.run(10)
    windows = [told.legs["ann"] for told in rig.told_of(Quality)]
    assert [window.lost > 10 for window in windows] == [False, True, False, False]
    assert windows[1].lost / 250 == pytest.approx(0.1, abs=0.06)
    assert windows[1].concealed_ms == pytest.approx(20 * windows[1].lost, abs=60)
    assert windows[3].concealed_ms == 0
    assert sum(window.lost for window in windows) == rig.told_statistics("ann").packets_lost


@pytest.mark.parametrize("packet_ms", [10, 20, 40, 60])
def test_jitter_is_of_the_network_not_of_the_ticks(packet_ms: int) -> None:
    """Sockets are looked at every 20 ms: packets that come two at a time are not jitter."""
    rig = Rig()
    ann, _ = rig.calls(["ann", "bob"], PCMU)
    ann.packet_ms = packet_ms
    rig.gather()
    rig.run(5)
    assert rig.told_of(Quality)[-1].legs["ann"].jitter_ms < 1
    ann.network = jittery(0.1)
    rig.run(10)
    assert rig.told_of(Quality)[-1].legs["ann"].jitter_ms > 10
