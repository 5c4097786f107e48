"""What a browser's Opus brings: copies against loss, pauses without noise, levels that spare decoding."""

from __future__ import annotations

import ctypes
import time

import numpy as np
import pytest

from parley.engine import opus
from parley.engine.decoders import OpusVoiceDecoder
from parley.engine.messages import Statistics
from parley.engine.mixer import Mixer
from parley.engine.opus import OpusDecoder, OpusEncoder, has_copy
from parley.engine.receiver import Receiver
from parley.engine.reception import Echo, Reception
from parley.engine.sound import FRAME, SILENT_FRAME, Samples
from parley.wire.rtp import (
    RECEIVER_REPORT,
    ReportBlock,
    RtpPacket,
    build_receiver_report,
    parse_rtcp,
    report_blocks,
)
from tests.engine.web_rig import Browser, WebRig
from tests.kit.tones import heard, level, longest_hole, sine, strength

RATE = 48_000
SET_DTX, SET_FORCE_CHANNELS, SET_MAX_BANDWIDTH, WIDEBAND = 4016, 4022, 4004, 1103


def voice(seconds: float, pitch: float = 140.0) -> Samples:
    """A vowel, which Opus codes as speech."""
    at = np.arange(round(seconds * RATE)) / RATE
    return sum(0.15 / n * np.sin(2 * np.pi * pitch * n * at) for n in range(1, 20)).astype(np.float32)  # type: ignore[union-attr]


def copying_encoder(loss: int = 20) -> OpusEncoder:
    encoder = OpusEncoder()
    encoder._set(SET_MAX_BANDWIDTH, WIDEBAND)
    encoder.expect_loss(loss)
    return encoder


def pulled(payloads: list[bytes | None], ticks: int) -> tuple[Receiver, Samples]:
    """What a receiver plays of these packets, one each 20 ms; None is lost."""
    receiver, parts = Receiver("opus"), []
    for number in range(ticks):
        payload = payloads[number] if number < len(payloads) else None
        if payload is not None:
            receiver.push(RtpPacket(111, False, number, number * FRAME, 5, payload))
        frame = receiver.pull(True)
        parts.append(SILENT_FRAME if frame is None else frame)
    return receiver, np.concatenate(parts)


# --- copies against loss ----------------------------------------------------------------------------------------


def test_copies_are_seen_where_they_are() -> None:
    """By the packet's first bits, without decoding; music and empty packets have none."""
    frames = voice(1.0).reshape(-1, FRAME)
    with_copies = [copying.encode(frame) for copying in [copying_encoder()] for frame in frames]
    without = [plain.encode(frame) for plain in [OpusEncoder()] for frame in frames]
    assert all(has_copy(payload) for payload in with_copies[1:20])
    assert not any(has_copy(payload) for payload in without)
    assert not has_copy(b"") and not has_copy(b"\x08") and not has_copy(b"\xf8\xff\xff")


def test_one_lost_packet_is_made_good_by_the_copy_in_the_next() -> None:
    """Closer to what was said than what concealment invents, and not counted as concealed; two in a row are."""
    frames = np.concatenate((voice(0.5, 140.0), voice(0.5, 190.0))).reshape(-1, FRAME)
    encoder = copying_encoder()
    payloads: list[bytes | None] = [encoder.encode(frame) for frame in frames]
    _, whole = pulled(payloads, 55)
    lost = 26  # just after the pitch has changed, where repeating the past is wrong
    one: list[bytes | None] = [*payloads[:lost], None, *payloads[lost + 1 :]]
    receiver, repaired = pulled(one, 55)
    assert receiver.concealed_ms == 0
    bare: list[bytes | None] = [plain.encode(frame) for plain in [copying_encoder(0)] for frame in frames]
    _, bare_whole = pulled(bare, 55)
    concealing, invented = pulled([*bare[:lost], None, *bare[lost + 1 :]], 55)
    assert concealing.concealed_ms == 20
    at = slice((lost + 1) * FRAME, (lost + 3) * FRAME)
    assert np.abs(repaired[at] - whole[at]).mean() < 0.6 * np.abs(invented[at] - bare_whole[at]).mean()
    two: list[bytes | None] = [*payloads[:lost], None, None, *payloads[lost + 2 :]]
    assert pulled(two, 55)[0].concealed_ms == 40


def test_loss_told_by_a_listener_brings_copies() -> None:
    """A browser's receiver reports turn the encoder's copies on, for all who hear the same, and off again later."""
    rig = WebRig()
    ann, bob, carl = rig.browse("ann"), rig.browse("bob"), rig.browse("carl")
    rig.gather()
    rig.connect(ann, bob, carl)
    carl.say(voice(60.0))
    rig.run(2)
    ssrc = rig.dump("ann")["ssrc_out"]
    assert isinstance(ssrc, int)

    def report(loss: float) -> None:
        block = ReportBlock(ssrc, int(loss * 256), 5, 100, 0)
        ann.transmit(ann.protect(build_receiver_report(ann.ssrc, "ann", block)))

    before = len(bob.received)
    report(0.12)
    rig.run(1)
    assert rig.engine._legs["ann"].lost_percent == 10
    after = len(bob.received)
    report(0.0)
    for _ in range(4):
        rig.run(5)
        report(0.0)
    rig.run(6)
    sizes = [
        np.mean([len(data) for data in part])
        for part in (bob.received[:before][-40:], bob.received[before:after][-40:])
    ]
    assert sizes[1] != pytest.approx(sizes[0], rel=0.02)
    for _ in range(8):
        report(0.0)
        rig.run(1)
    assert rig.engine._legs["ann"].lost_percent in {0, 2}
    rig.run(16)
    rig.engine._legs["ann"].report(rig.now, 0.0)
    assert rig.engine._legs["ann"].lost_percent == 0


# --- reports ----------------------------------------------------------------------------------------------------


def test_our_reports_echo_the_browsers_own() -> None:
    """A block names the sender report heard last and how long ago: the browser reckons its round trip from that."""
    reception = Reception(RATE)
    reception.count(RtpPacket(111, False, 1, 0, 77, b""), 50)
    (report, _) = parse_rtcp(sender_report(77))
    reception.hear(10.0, report)
    block = reception.block(10.5)
    assert block is not None and block.last_report == 0x22223333 and block.delay_since_last == 32768
    reception.count(RtpPacket(111, False, 1, 0, 78, b""), 50)
    fresh = reception.block(11.0)
    assert fresh is not None and (fresh.last_report, fresh.delay_since_last) == (0, 0)


def sender_report(ssrc: int) -> bytes:
    body = ssrc.to_bytes(4, "big") + bytes.fromhex("1111222233334444") + bytes(12)
    names = ssrc.to_bytes(4, "big") + b"\x01\x01a\x00"
    return b"\x80\xc8\x00\x06" + body + b"\x81\xca\x00\x02" + names


def test_a_listener_gets_reports_too() -> None:
    """Every five seconds, encrypted; one that may not be sent sound is told what we receive."""
    rig = WebRig()
    ann, bob = rig.browse("ann"), rig.browse("bob")
    rig.connect(ann, bob)
    rig.change(bob, sends=False)
    rig.run(11)
    assert 2 <= len(ann.reports) <= 3 and 2 <= len(bob.reports) <= 3
    packets = parse_rtcp(bob.reports[-1])
    assert packets[0].packet_type == RECEIVER_REPORT and report_blocks(packets[0])[0].ssrc == bob.ssrc


def test_loss_is_believed_at_once_and_forgotten_slowly() -> None:
    """And not at all when nothing has been heard for long; blocks about others do not count."""
    echo = Echo()

    def hear(at: float, share: float, ssrc: int = 5) -> None:
        data = build_receiver_report(9, "x", ReportBlock(ssrc, int(share * 256), 0, 0, 0))
        echo.hear(at, parse_rtcp(data)[0], 5)

    assert echo.loss(0.0) == 0.0
    hear(1.0, 0.25, ssrc=6)
    assert echo.loss(1.0) == 0.0
    hear(1.0, 0.25)
    assert echo.loss(1.0) == pytest.approx(0.25)
    hear(6.0, 0.0)
    assert echo.loss(6.0) == pytest.approx(0.2)
    assert echo.loss(30.0) == 0.0


# --- pauses and channels ----------------------------------------------------------------------------------------


def test_a_pause_that_the_browser_announces_brings_no_noise() -> None:
    """After a packet of two bytes or less nothing is invented; sound comes back whole with the next packet."""
    encoder = OpusEncoder()
    frames = voice(0.4).reshape(-1, FRAME)
    payloads: list[bytes | None] = [encoder.encode(frame) for frame in frames]
    payloads += [bytes([payloads[-1][0] & 0xFC]), *([None] * 19)]  # type: ignore[index]
    receiver, sound = pulled(payloads, 50)
    began = 22  # 20 packets of voice after 40 ms of delay
    assert level(sound[: began * FRAME], RATE).max() > -30
    assert np.abs(sound[(began + 1) * FRAME :]).max() == 0.0
    assert receiver.concealed_ms == 0
    _, sound = pulled([*payloads[:20], *([None] * 20)], 50)  # the same without the announcement
    assert np.abs(sound[(began) * FRAME : (began + 2) * FRAME]).max() > 0.01


def test_a_discontinuous_sender_is_heard_without_concealment() -> None:
    """libopus in DTX: its pauses are not counted as loss, and every word is there."""
    encoder = OpusEncoder()
    encoder._set(SET_DTX, 1)
    words = np.concatenate([np.concatenate((voice(0.6), np.zeros(RATE, np.float32))) for _ in range(3)])
    sent: list[bytes | None] = []
    quiet = False
    for frame in words.reshape(-1, FRAME):
        payload = encoder.encode(frame)
        sent.append(None if len(payload) <= 2 and quiet else payload)  # browsers send the first of a pause
        quiet = len(payload) <= 2
    assert sum(payload is None for payload in sent) > 60
    receiver = Receiver("opus")
    parts, number = [], 0
    for tick in range(len(sent) + 3):
        payload = sent[tick] if tick < len(sent) else None
        if payload is not None:
            receiver.push(RtpPacket(111, False, number, tick * FRAME, 5, payload))
            number += 1
        frame = receiver.pull(True)
        parts.append(SILENT_FRAME if frame is None else frame)
    assert receiver.concealed_ms == 0
    loud = level(np.concatenate(parts), RATE) > -40
    assert 85 <= int(loud.sum()) <= 100  # three times 600 ms


def test_stereo_is_heard_as_one() -> None:
    """Both channels are in the mono that the mixer takes."""
    lib = opus.library()
    error = ctypes.c_int()
    state = lib.opus_encoder_create(RATE, 2, 2049, ctypes.byref(error))
    decoder, parts = OpusDecoder(), []
    left, right = sine(440, 0.4, RATE), sine(1000, 0.4, RATE)
    buffer = ctypes.create_string_buffer(1275)
    for at in range(0, len(left), FRAME):
        both = np.ascontiguousarray(np.stack((left[at : at + FRAME], right[at : at + FRAME]), axis=1))
        size = lib.opus_encode_float(state, both.ctypes.data, FRAME, buffer, 1275)
        decoded = decoder.decode(buffer.raw[:size])
        assert decoded is not None and len(decoded) == FRAME
        parts.append(decoded)
    lib.opus_encoder_destroy(state)
    sound = np.concatenate(parts)
    assert heard(sound, 440, RATE) and heard(sound, 1000, RATE)


# --- announced levels -------------------------------------------------------------------------------------------


TURNING = np.arange(3 * RATE) / RATE  # seconds; a tone that rises all the while is no noise to anybody


class CountingDecoder(OpusVoiceDecoder):
    """Tells how often it was asked."""

    decodes = 0

    def decode(self, payload: bytes) -> Samples:
        CountingDecoder.decodes += 1
        return super().decode(payload)


def counted(monkeypatch: pytest.MonkeyPatch) -> type[CountingDecoder]:
    monkeypatch.setattr("parley.engine.receiver.make_decoder", lambda _codec: CountingDecoder())
    CountingDecoder.decodes = 0
    return CountingDecoder


def room(rig: WebRig, names: str, announced: int | None) -> list[Browser]:
    told = {} if announced is None else {"level_extension": 1, "level": announced}
    browsers = [rig.browse(name, **told) for name in names]
    rig.gather()
    rig.connect(*browsers)
    return browsers


@pytest.mark.parametrize(("announced", "least", "most"), [(-127, 0, 10), (None, 500, 1000)])
def test_what_is_announced_as_silence_is_not_decoded(
    monkeypatch: pytest.MonkeyPatch, announced: int | None, least: int, most: int
) -> None:
    """Eight browsers that announce silence cost no decoding, whatever they send; without a word of theirs they do."""
    counting = counted(monkeypatch)
    rig = WebRig()
    for browser in room(rig, "abcdefgh", announced):
        browser.say(np.sin(2 * np.pi * (300 + 200 * TURNING) * TURNING).astype(np.float32) * 0.2)
    rig.run(2)
    assert least <= counting.decodes <= most


def test_whoever_begins_to_speak_is_heard_from_the_first_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long silence that was not decoded: whole, steady, and without a crack at its start."""
    counted(monkeypatch)
    rig = WebRig()
    ann, bob, *_ = room(rig, "abcd", -127)
    rig.run(3)
    bob.forget()
    ann.level = -15
    ann.say(sine(440, 1.0, RATE))
    rig.run(0.9)
    ann.level = -127
    rig.run(0.4)
    found = strength(bob.heard, 440, RATE, 10.0)
    assert int((found > 0.1).sum()) >= 85 and longest_hole(bob.heard, 440, RATE) == 0
    assert np.abs(bob.heard).max() < 0.4


def test_who_cannot_be_among_the_loudest_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """While four others speak louder; when one of them falls silent he is heard."""
    counting = counted(monkeypatch)
    rig = WebRig(loudest=4)
    *loud, quiet, listener = room(rig, "abcdef", -127)
    for number, browser in enumerate(loud):
        browser.level = -15
        browser.say(sine(700 + 300 * number, 30.0, RATE))
    rig.run(1)
    quiet.level = -35
    quiet.say(sine(440, 30.0, RATE, 0.025))
    counting.decodes = 0
    rig.run(1)
    assert counting.decodes <= 4 * 50 + 8
    assert not heard(listener.heard, 440, RATE, 0.025)
    loud[0].queue.clear()
    loud[0].level = -127
    rig.run(1)
    listener.forget()
    rig.run(1)
    assert heard(listener.heard, 440, RATE, 0.025)


def test_announcing_low_silences_only_oneself() -> None:
    """Who announces silence and shouts is not heard; the level shown is what was announced."""
    rig = WebRig()
    ann, bob = room(rig, "ab", -127)
    ann.say(sine(440, 5.0, RATE))
    bob.level = -15
    bob.say(sine(620, 5.0, RATE))
    rig.run(2)
    assert not heard(bob.heard, 440, RATE) and heard(ann.heard, 620, RATE)
    assert rig.told_of(Statistics)[-1].legs["a"].level == -127


def test_the_bar_is_never_above_what_would_come_in() -> None:
    """Whatever the levels: a voice that the mixer takes in was at or above the bar said before."""
    dice = np.random.default_rng(5)
    mixer = Mixer(loudest=3)
    names = [f"v{number}" for number in range(8)]
    for tick in range(3000):
        bar = mixer.bar(tick)
        before = set(mixer.mixed)
        levels = {name: float(dice.choice([-127, -62, -58, -50, -40, -30, -20])) for name in names}
        for name, loudness in levels.items():
            if dice.random() < 0.4 or tick == 0:
                mixer.offer(name, SILENT_FRAME, loudness, 1.0)
        mixer.mix(tick)
        for name in set(mixer.mixed) - before:
            assert mixer.voices[name].level >= bar


def test_skipping_is_cheap() -> None:
    """A packet that is passed over costs a small part of one that is decoded."""
    encoder = OpusEncoder()
    payloads = [encoder.encode(frame) for frame in voice(4.0).reshape(-1, FRAME)]

    def cost(wanted: bool) -> float:
        receiver, spent = Receiver("opus"), 0.0
        for number, payload in enumerate(payloads):
            receiver.push(RtpPacket(111, False, number, number * FRAME, 5, payload), -127)
            began = time.perf_counter()
            receiver.pull(wanted)
            spent += time.perf_counter() - began
        return spent

    assert min(cost(False) for _ in range(3)) < 0.5 * min(cost(True) for _ in range(3))
