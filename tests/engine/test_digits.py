"""Keys pressed on phones, by RFC 4733."""

import pytest

from parley.engine.messages import Codec, DigitHeard, SetMedia
from parley.wire.rtp import TelephoneEvent, build_event
from tests.engine.rig import EVENTS, PCMU, Rig
from tests.kit.tones import longest_hole, sine, strength

RATE = 48_000


def digits(rig: Rig) -> str:
    return "".join(message.digit for message in rig.told_of(DigitHeard))


def test_every_key_is_told_once_and_in_order() -> None:
    """Sixteen presses of eight packets each are sixteen digits."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    for digit in "0123456789*#ABCD":
        ann.inject(*ann.key(digit))
        rig.run(0.1)
    assert digits(rig) == "0123456789*#ABCD"
    assert [message.seq for message in rig.told_of(DigitHeard)] == list(range(1, 17))


def test_a_digit_is_told_at_its_first_packet() -> None:
    """Nobody waits for the key to come up."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    ann.inject(ann.key("7")[0])
    rig.tick()
    assert digits(rig) == "7"


@pytest.mark.parametrize("arriving", [[0], [1, 2], [4], [7], [0, 7], [5, 6, 7], [3, 2, 1, 0], [2, 2, 2], [7, 0]])
def test_any_packets_of_a_press_make_one_digit(arriving: list[int]) -> None:
    """Lost first packets, lost ends, copies and disorder: still exactly one, and the same key again is another."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    for _ in range(2):
        packets = ann.key("5")
        ann.inject(*(packets[index] for index in arriving))
        rig.run(0.3)
    assert digits(rig) == "55"


def test_a_straggler_of_an_earlier_press_is_not_a_new_one() -> None:
    """A packet of the first key that arrives after the second key began repeats nothing."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    first, second = ann.key("1"), ann.key("2")
    ann.inject(*first[:5], second[0], *first[5:], *second[1:])
    rig.run(0.2)
    assert digits(rig) == "12"


def test_a_very_long_press_is_one_digit() -> None:
    """After 8.2 s the duration is full and the event goes on under a new timestamp (RFC 4733 2.5.1.3)."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    start = ann.timestamp
    long = TelephoneEvent(9, False, 10, 0xFFFF)
    more = TelephoneEvent(9, True, 10, 400)
    ann.inject(ann.packet(build_event(long), EVENTS, start))
    ann.inject(ann.packet(build_event(more), EVENTS, start + 0xFFFF))
    rig.run(0.1)
    assert digits(rig) == "9"


@pytest.mark.parametrize("body", [b"", b"\x05", b"\x05\x0a\x00", bytes([16, 10, 0, 160]), bytes([255, 255, 255, 255])])
def test_what_is_no_digit_is_not_told(body: bytes) -> None:
    """Short payloads and events that are no keys (flash is 16) are ignored."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    ann.inject(ann.packet(body, EVENTS))
    rig.run(0.1)
    assert digits(rig) == ""


def test_no_digits_where_none_were_negotiated() -> None:
    """Without a payload type for events, packets of that type mean nothing."""
    rig = Rig()
    ann = rig.call("ann", PCMU, dtmf_payload_type=None)  # type: ignore[arg-type]
    ann.inject(*ann.key("5"))
    rig.run(0.1)
    assert digits(rig) == ""


@pytest.mark.parametrize(
    ("payload_type", "pressed"), [(110, "5"), (EVENTS, "5"), (97, "")], ids=["ours", "the answer's", "nobody's"]
)
def test_digits_come_by_the_number_that_we_offered(payload_type: int, pressed: str) -> None:
    """Whoever answered with another payload type sends with ours (RFC 3264 section 5.1), or with his own."""
    rig = Rig()
    ann = rig.call("ann", PCMU, dtmf_payload_type_in=110)
    for packet in ann.key("5"):
        ann.inject(packet[:1] + bytes([packet[1] & 0x80 | payload_type]) + packet[2:])
    rig.run(0.1)
    assert digits(rig) == pressed


@pytest.mark.parametrize(
    ("sent", "agreed", "events", "heard"),
    [(111, 96, EVENTS, True), (96, 96, EVENTS, True), (98, 96, EVENTS, False), (111, 96, 111, True)],
    ids=["ours", "the answer's", "nobody's", "ours, which means digits in the answer"],
)
def test_voice_comes_by_the_number_that_we_offered(sent: int, agreed: int, events: int, heard: bool) -> None:
    """So does the voice; where one number means two things, ours is what they send."""
    rig = Rig()
    spoken, answered = (Codec(name="pcmu", payload_type=number, clock_rate=8000) for number in (sent, agreed))
    ann, bob = rig.call("ann", spoken), rig.call("bob")
    media = rig.media(ann, codec=answered, dtmf_payload_type=events, payload_type_in=111, dtmf_payload_type_in=110)
    rig.ask(SetMedia(id=next(rig.ids), leg="ann", media=media))
    rig.gather()
    ann.say(sine(400, 1, RATE))
    rig.run(1)
    assert bool(strength(bob.heard[RATE // 2 :], 400, RATE).max() > 0.01) is heard


def test_others_do_not_hear_a_leg_while_its_key_is_down() -> None:
    """In-band sound sent along with the event stays out of the mix; the voice is back right after."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.gather()
    ann.say(sine(400, 4, RATE))
    rig.run(1)
    packets = ann.key("5", packets=20)
    bob.forget()
    for packet in packets[:20]:
        ann.inject(packet)
        rig.tick()
    assert strength(bob.heard[RATE * 60 // 1000 :], 400, RATE).max() < 0.01
    ann.inject(*packets[20:])
    rig.run(0.2)
    bob.forget()
    rig.run(1)
    assert longest_hole(bob.heard, 400, RATE) == 0


def test_a_press_whose_end_is_lost_lets_the_voice_through_again() -> None:
    """100 ms after the last event packet the leg is heard even if no end ever came."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.gather()
    ann.say(sine(400, 4, RATE))
    rig.run(1)
    ann.inject(ann.key("5")[0])
    rig.run(0.25)
    bob.forget()
    rig.run(0.5)
    assert strength(bob.heard, 400, RATE).min() > 0.15
