"""The control channel's framing, and what a slow control is told."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engine import messages
from parley.engine.messages import DigitHeard, Done, Framer, Health, Log, Ping, Speakers, Statistics
from parley.engine.outbox import MOST_LOGS, Outbox


def frames(outbox: Outbox) -> list[messages.Message]:
    found: list[messages.Message] = []
    while (frame := outbox.take()) is not None:
        (body,) = Framer().feed(frame)
        found.append(messages.decode_reply(body))
    return found


@given(st.lists(st.integers(0, 1 << 40), max_size=20), st.lists(st.integers(1, 50), max_size=50))
def test_frames_survive_any_cutting_of_the_stream(numbers: list[int], cuts: list[int]) -> None:
    """However the bytes are cut, the same requests come out in order."""
    stream = b"".join(messages.encode(Ping(id=number)) for number in numbers)
    framer, bodies = Framer(), []
    for cut in [*cuts, len(stream)]:
        bodies += framer.feed(stream[:cut])
        stream = stream[cut:]
    bodies += framer.feed(stream)
    assert [messages.decode_request(body) for body in bodies] == [Ping(id=number) for number in numbers]


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_an_error(data: bytes) -> None:
    """Garbage on the channel raises ValueError or msgspec's errors, and nothing else."""
    try:
        bodies = Framer().feed(data)
    except ValueError:
        return
    for body in bodies:
        with pytest.raises((msgspec.ValidationError, msgspec.DecodeError)):
            messages.decode_request(body)


def test_an_oversized_frame_is_refused() -> None:
    """A length over the limit is an error before anything is kept for it."""
    with pytest.raises(ValueError, match="frame"):
        Framer().feed((messages.MAX_FRAME + 1).to_bytes(4, "big"))


def test_reliable_things_are_kept_until_acknowledged_and_told_again() -> None:
    """What was never acknowledged is told once more on a new channel; responses are not."""
    outbox = Outbox()
    digits = [DigitHeard(seq=number, leg="a", digit="1") for number in (1, 2, 3)]
    for digit in digits:
        outbox.put(digit)
    outbox.put(Done(id=5))
    assert frames(outbox) == [*digits, Done(id=5)]
    outbox.acknowledge(2)
    outbox.put(Done(id=6))
    outbox.start_again()
    assert frames(outbox) == digits[2:]


def test_coalesced_things_are_the_latest_only() -> None:
    """A slow control gets one Health, one Statistics, and one Speakers for each meeting, the newest."""
    outbox = Outbox()
    for number in range(5):
        outbox.put(Health(ticks=number, late_ticks=0, worst_late_ms=0.0, busy_ratio=0.0))
        outbox.put(Statistics(legs={}))
        for meeting in ("m", "n"):
            outbox.put(Speakers(meeting=meeting, legs=(str(number),)))
    told = frames(outbox)
    assert len(told) == 4
    assert Speakers(meeting="n", legs=("4",)) in told
    assert Health(ticks=4, late_ticks=0, worst_late_ms=0.0, busy_ratio=0.0) in told


def test_logs_are_bounded_and_the_dropped_are_counted() -> None:
    """Beyond a hundred unsent lines the rest is counted and told with the next line."""
    outbox = Outbox()
    for _ in range(MOST_LOGS + 7):
        outbox.put(Log(level="info", text="x"))
    assert len(frames(outbox)) == MOST_LOGS
    outbox.put(Log(level="info", text="y"))
    assert frames(outbox) == [Log(level="info", text="y", dropped=7)]
