"""Bursts and gaps of loss (RFC 3611 section 4.7.2)."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engine.losses import GMIN, OPEN_SEQUENCES
from parley.engine.messages import LossRuns, Quality
from parley.engine.reception import Reception
from parley.wire.rtp import RtpPacket
from tests.engine.rig import OPUS, Rig

BASE = 65_500  # so that sequence numbers wrap early


def received(order: Iterable[int], ssrc: int = 7, reception: Reception | None = None) -> Reception:
    """These packets in this order, counted from the first of the stream."""
    reception = reception or Reception(8000)
    for number in order:
        packet = RtpPacket(0, False, (BASE + number) & 0xFFFF, number * 160, ssrc, b"x" * 160)
        reception.count(packet, 172)
    return reception


def told(order: Iterable[int]) -> tuple[int, ...]:
    return values(received(order).runs(20.0))


def values(runs: LossRuns) -> tuple[int, ...]:
    """Bursts, their packets, lost ones among them; the same of gaps."""
    return runs.bursts, runs.burst_packets, runs.burst_lost, runs.gaps, runs.gap_packets, runs.gap_lost


def without(count: int, *lost: int) -> list[int]:
    return [number for number in range(count) if number not in lost]


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ((), (0, 0, 0, 1, 100, 0)),
        ((40,), (0, 0, 0, 1, 100, 1)),
        ((40, 41), (1, 2, 2, 2, 98, 0)),
        ((40, 40 + GMIN), (1, GMIN + 1, 2, 2, 99 - GMIN, 0)),
        ((40, 41 + GMIN), (0, 0, 0, 1, 100, 2)),
        ((10, 12, 40, 70, 71, 75), (2, 9, 5, 3, 91, 1)),
        ((1, 2, 97, 98), (2, 4, 4, 3, 96, 0)),
    ],
    ids=[
        "nothing lost",
        "one alone is part of the gap",
        "two in a row",
        "fewer than sixteen between",
        "sixteen between",
        "bursts and a single one",
        "at either end",
    ],
)
def test_bursts_and_gaps(lost: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Two losses or more with fewer than sixteen packets between them are a burst, everything else is gap."""
    assert told(without(100, *lost)) == expected


def test_what_comes_in_another_order_or_twice_is_not_lost() -> None:
    """Holes that are filled before long count as if nothing had happened; a copy changes nothing."""
    assert told([0, 1, 4, 3, 2, 5, 5, 3, 6]) == (0, 0, 0, 1, 7, 0)
    assert told([0, 1, 6, 4, 7]) == (1, 4, 3, 2, 4, 0)


def test_an_old_stream_and_a_new_one_add_up() -> None:
    """Another SSRC, or a jump of the sender's, begins a new gap; what lies between was not sent."""
    reception = received(without(50, 10, 11))
    received(range(20_000, 20_050), reception=reception)
    received(without(50, 5, 7), ssrc=8, reception=reception)
    assert values(reception.runs(20.0)) == (2, 2 + 3, 4, 5, 48 + 50 + 47, 0)
    assert reception.lost == 4


def by_definition(flags: list[bool]) -> tuple[int, ...]:
    """The same read off the whole row of packets, True for one that is lost."""
    lost = [place for place, missing in enumerate(flags) if missing]
    groups: list[list[int]] = []
    for place in lost:
        if groups and place - groups[-1][-1] - 1 < GMIN:
            groups[-1].append(place)
        else:
            groups.append([place])
    bursts = [group for group in groups if len(group) > 1]
    inside = {place for group in bursts for place in range(group[0], group[-1] + 1)}
    outside = [place for place in range(len(flags)) if place not in inside]
    gaps = sum(1 for place in outside if place - 1 not in outside)
    return (
        len(bursts),
        len(inside),
        sum(map(len, bursts)),
        gaps,
        len(outside),
        sum(1 for group in groups if len(group) == 1),
    )


@given(st.lists(st.sampled_from([False, False, False, True]) | st.just(False), max_size=400), st.data())
def test_runs_are_those_of_the_definition(flags: list[bool], data: st.DataObject) -> None:
    """Whatever is lost, and asked at whatever moments; packets that come a little late are not."""
    flags = [False, *flags, False]
    order = [place for place, missing in enumerate(flags) if not missing]
    for place in range(2, len(order) - 1):
        if data.draw(st.integers(0, 9)) == 0:
            order[place - 1], order[place] = order[place], order[place - 1]
    reception = received([])
    for start in range(0, len(order), 50):
        received(order[start : start + 50], reception=reception)
        reception.runs(20.0)
    assert values(reception.runs(20.0)) == by_definition(flags)


def test_a_hole_that_is_old_stays_one_and_holes_are_bounded() -> None:
    """Who comes after some hundred packets is late for good; a stream of holes takes no more room than that."""
    reception = received(without(OPEN_SEQUENCES * 3, 10, 11, 300))
    received([10, 11], reception=reception)
    assert values(reception.runs(20.0))[:3] == (1, 2, 2)
    reception = received(range(0, 4000, 2))
    assert values(reception.runs(20.0))[:3] == (1, 3997, 1999)
    assert len(reception.losses._open) <= 65


def test_a_burst_is_told_with_its_window_and_the_leg() -> None:
    """Fifteen packets lost in a row, with ten milliseconds of sound in each: 0.15 s, all of it lost."""
    rig = Rig()
    ann, _ = rig.calls(["ann", "bob"], OPUS)
    ann.packet_ms = 10
    rig.gather()
    rig.run(2)
    network, ann.network = ann.network, lambda data, at: []
    rig.run(0.15)
    ann.network = network
    rig.run(8)
    first, second = [window.legs["ann"] for window in rig.told_of(Quality)]
    runs = rig.told_statistics("ann").losses
    assert (first.bursts, second.bursts) == (1, 0)
    assert first.burst_ms == first.burst_lost * 10 == runs.burst_packets * 10
    assert (runs.bursts, runs.burst_lost, runs.packet_ms) == (1, runs.burst_packets, 10)
    assert 14 <= runs.burst_lost <= 16
    assert runs.gaps == 2


def test_totals_go_to_another_worker() -> None:
    """Bursts counted before a leg was handed over are in its totals afterwards."""
    before = received(without(100, 40, 41))
    after = Reception(8000)
    after.carry_on(before.packets, before.octets, before.lost, before.runs(20.0))
    assert values(after.runs(20.0)) == (1, 2, 2, 2, 98, 0)
    received(without(50, 5, 7), reception=after)
    assert values(after.runs(20.0)) == (2, 5, 4, 4, 145, 0)
