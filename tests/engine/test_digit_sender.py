"""Keys that we press for a phone: what it gets, packet by packet, and what it hears meanwhile."""

from __future__ import annotations

from itertools import pairwise

import pytest

from parley.engine.messages import Codec, Done, Failed, LegMedia, SendDigits, SetMedia
from parley.wire.rtp import DIGITS, parse_event, parse_rtp
from tests.engine.rig import EVENTS, OPUS, PCMU, Caller, Rig
from tests.kit.tones import sine


def send(rig: Rig, digits: str, ms: int = 100, leg: str = "ann") -> object:
    return rig.ask(SendDigits(id=9, leg=leg, digits=digits, ms=ms))


def presses(caller: Caller) -> list[tuple[str, list[int], int]]:
    """Of each press: the key, the durations of its packets in order, and how many of them were its end."""
    found: dict[int, tuple[str, list[int], int]] = {}
    for data in caller.received:
        packet = parse_rtp(data)
        if packet.payload_type != EVENTS:
            continue
        event = parse_event(packet.payload)
        digit, durations, ends = found.get(packet.timestamp, (DIGITS[event.event], [], 0))
        assert packet.marker == (not durations), "the first packet of a press alone is marked"
        found[packet.timestamp] = (digit, [*durations, event.duration], ends + event.end)
    return list(found.values())


@pytest.mark.parametrize(("codec", "tick"), [(PCMU, 160), (OPUS, 960)])
def test_a_press_grows_and_its_end_is_told_three_times(codec: Codec, tick: int) -> None:
    """Five packets of 20 ms, whose last is sent thrice; the same key again is another press."""
    rig = Rig()
    ann = rig.call("ann", codec, dtmf_clock_rate=codec.clock_rate)
    ann.say(sine(440, 5.0, 48_000))
    rig.run(0.1)
    assert isinstance(send(rig, "11#"), Done)
    rig.run(1.0)
    durations = [tick, 2 * tick, 3 * tick, 4 * tick, 5 * tick, 5 * tick, 5 * tick]
    assert presses(ann) == [("1", durations, 3), ("1", durations, 3), ("#", durations, 3)]
    sequence = [parse_rtp(data).sequence for data in ann.received]
    assert all((after - before) & 0xFFFF == 1 for before, after in pairwise(sequence))


def test_the_stream_goes_on_between_keys() -> None:
    """One packet every 20 ms throughout; voice for 100 ms between two keys, and for 2 s at a comma."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    ann.say(sine(440, 5.0, 48_000))
    rig.run(0.1)
    ann.received.clear()
    send(rig, "1,2", ms=40)
    rig.run(3.0)
    kinds = [parse_rtp(data).payload_type == EVENTS for data in ann.received]
    assert len(kinds) == 150
    first, second = kinds.index(True), len(kinds) - 1 - kinds[::-1].index(True)
    voice_between = kinds[first : second + 1].count(False)
    assert voice_between == pytest.approx((0.1 + 2.0) / 0.02, abs=2)


def test_voice_after_a_key_begins_a_talkspurt() -> None:
    """The first packet of voice after the last of a key is marked (RFC 3551 section 4.1), and no other of that talk."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.gather()
    bob.say(sine(440, 5.0, 48_000))
    rig.run(1.0)
    ann.received.clear()
    send(rig, "7", ms=40)
    rig.run(1.0)
    packets = [parse_rtp(data) for data in ann.received]
    last = max(number for number, packet in enumerate(packets) if packet.payload_type == EVENTS)
    assert [number for number, packet in enumerate(packets) if packet.marker and number > last] == [last + 1]


def test_keys_wait_while_the_far_end_is_not_sent_to() -> None:
    """What is asked for before the answer, or during a hold, is pressed when the way is open."""
    rig = Rig()
    ann = rig.call("ann", PCMU, sends=False)
    ann.say(sine(440, 5.0, 48_000))
    send(rig, "5")
    rig.run(0.5)
    assert presses(ann) == []
    ann.say(sine(440, 5.0, 48_000))
    rig.run(0.1)
    rig.ask(_again(rig.media(ann, sends=True)))
    rig.run(0.5)
    assert [digit for digit, _, _ in presses(ann)] == ["5"]


def test_a_phone_without_telephone_events_gets_none() -> None:
    """And the keys do not wait for ever."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    rig.ask(_again(rig.media(ann, dtmf_payload_type=None)))
    ann.say(sine(440, 5.0, 48_000))
    rig.run(0.1)
    assert isinstance(send(rig, "123"), Done)
    rig.run(0.5)
    assert presses(ann) == []
    rig.ask(_again(rig.media(ann, dtmf_payload_type=EVENTS)))
    rig.run(0.5)
    assert presses(ann) == []


@pytest.mark.parametrize(("digits", "ms"), [("1x", 100), ("1" * 129, 100), ("1", 0), ("1", 5000)])
def test_what_are_no_keys(digits: str, ms: int) -> None:
    """The request is refused and nothing is sent."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    ann.say(sine(440, 5.0, 48_000))
    rig.run(0.1)
    answer = send(rig, digits, ms)
    assert isinstance(answer, Failed) and answer.code == "bad-request"
    rig.run(0.3)
    assert presses(ann) == []


def test_an_unknown_leg() -> None:
    """Is said to be unknown."""
    answer = send(Rig(), "1", leg="nobody")
    assert isinstance(answer, Failed) and answer.code == "unknown-leg"


def _again(media: LegMedia) -> SetMedia:
    return SetMedia(id=3, leg="ann", media=media)
