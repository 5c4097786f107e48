"""The jitter buffer by itself: order, lateness, gaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engine.jitter import MAX_PACKETS, Gap, JitterBuffer, Packet, Verdict


def buffer_with(*sequences: int) -> JitterBuffer:
    buffer = JitterBuffer(1)
    for sequence in sequences:
        put(buffer, sequence)
    return buffer


def put(buffer: JitterBuffer, sequence: int) -> Verdict:
    return buffer.insert(sequence & 0xFFFF, sequence * 960 & 0xFFFFFFFF, 960, b"%d" % sequence)


def taken(buffer: JitterBuffer, count: int) -> list[str]:
    """What comes out: payloads, "lost", "pause" or "-"."""
    out = []
    for _ in range(count):
        found = buffer.take()
        if isinstance(found, Packet):
            out.append(found.payload.decode())
        elif isinstance(found, Gap):
            out.append("lost" if found.lost else "pause")
        else:
            out.append("-")
    return out


@pytest.mark.parametrize(
    ("arriving", "expected"),
    [
        ([1, 2, 3], ["1", "2", "3", "-"]),
        ([3, 1, 2], ["1", "2", "3", "-"]),
        ([1, 1, 2, 1, 2], ["1", "2", "-", "-"]),
        ([1, 3], ["1", "lost", "3", "-"]),
        ([1, 4], ["1", "lost", "lost", "4"]),
        ([1, 50], ["1", "50", "-", "-"]),
        ([65_535, 65_537, 65_536], ["65535", "65536", "65537", "-"]),
    ],
)
def test_packets_come_out_in_order_with_their_gaps(arriving: list[int], expected: list[str]) -> None:
    """Disorder, copies, loss and a wrapped counter; a very long gap is jumped over."""
    buffer = buffer_with(*arriving)
    buffer.begin()
    assert taken(buffer, 4) == expected


def test_a_timestamp_gap_without_a_sequence_gap_is_a_pause() -> None:
    """What was never sent is not lost."""
    buffer = JitterBuffer(1)
    buffer.insert(1, 0, 960, b"a")
    buffer.insert(2, 3 * 960, 960, b"b")
    buffer.begin()
    assert taken(buffer, 4) == ["a", "pause", "pause", "b"]


def test_a_packet_after_its_turn_is_late() -> None:
    """Once a newer one was played, an older one is of no use; a copy of a played one is a duplicate."""
    buffer = buffer_with(1, 3)
    buffer.begin()
    taken(buffer, 3)
    assert put(buffer, 2) is Verdict.LATE
    assert put(buffer, 3) is Verdict.DUPLICATE


def test_a_buffer_that_ran_dry_waits_for_the_late() -> None:
    """After sound was invented because nothing was there, the late packets are played, later than planned."""
    buffer = buffer_with(1)
    buffer.begin()
    assert taken(buffer, 2) == ["1", "-"]
    buffer.skip(960)
    assert put(buffer, 2) is Verdict.STRETCHED
    assert put(buffer, 3) is Verdict.STORED
    assert buffer.depth == 1920
    assert taken(buffer, 3) == ["2", "3", "-"]


def test_the_buffer_is_bounded() -> None:
    """A flood of packets pushes out the oldest."""
    buffer = buffer_with(*range(1, 500))
    assert len(buffer) == MAX_PACKETS
    buffer.begin()
    assert taken(buffer, 1) == [str(500 - MAX_PACKETS)]


@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.sampled_from([120, 960, 5760])),
        max_size=200,
    )
)
def test_no_history_of_packets_breaks_it(history: list[tuple[int, int, int]]) -> None:
    """Whatever the counters say, taking ends, the buffer stays bounded and nothing comes out twice."""
    buffer = JitterBuffer(6)
    seen = []
    for number, (sequence, timestamp, duration) in enumerate(history):
        buffer.insert(sequence, timestamp, duration, b"%d" % number)
        if number % 3 == 0 and len(buffer):
            buffer.begin()
        found = buffer.take()
        if isinstance(found, Packet):
            seen.append(found.payload)
        assert len(buffer) <= MAX_PACKETS
    assert len(seen) == len(set(seen))
