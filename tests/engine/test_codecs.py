"""Codecs and resampling, each against numbers that do not come from this code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engine import g711
from parley.engine.decoders import make_decoder
from parley.engine.encoders import make_encoder, silence
from parley.engine.g722 import G722Decoder
from parley.engine.opus import OpusDecoder, OpusEncoder, packet_samples, silence_packet
from parley.engine.resample import Downsampler, Upsampler
from parley.engine.sound import FRAME, SILENT_FRAME, level, limit
from tests.kit.tones import sine, strength


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (0xFF, 0),
        (0x7F, 0),
        (0x80, 32124),
        (0x00, -32124),
        (0xEF, 132),
        (0xFE, 8),
        (0x8F, 16764),
        (0x0F, -16764),
    ],
)
def test_mu_law_codes_have_the_values_of_the_recommendation(code: int, value: int) -> None:
    """Decoder output values of G.711 table 2b, times 4 for 16 bits."""
    assert g711.MU.expand(bytes([code]))[0] * 32768 == value


def test_mu_law_values_survive_a_round_trip() -> None:
    """Every code comes back as itself, but negative zero as zero."""
    codes = bytes(range(256))
    assert g711.MU.compress(g711.MU.expand(codes)) == codes.replace(b"\x7f", b"\xff")


def test_mu_law_cuts_what_is_beyond_full_scale() -> None:
    """Too loud is the loudest code, not a wrapped one."""
    assert g711.MU.compress(np.array([2.0, -2.0], np.float32)) == b"\x80\x00"


@pytest.mark.parametrize("frequency", [100, 400, 1000, 3000, 3400])
def test_telephone_band_survives_both_resamplers(frequency: float) -> None:
    """Up to 48 kHz and down again costs under 1 dB within the band."""
    tone = sine(frequency, 0.4, 8000)
    up = Upsampler(6)
    raised = np.concatenate([up.run(tone[at : at + 160]) for at in range(0, len(tone), 160)])
    assert strength(raised, frequency, 48_000)[5:-5] == pytest.approx(0.25, rel=0.11)
    down, before, pieces = Downsampler(6), SILENT_FRAME, []
    for at in range(0, len(raised), FRAME):
        pieces.append(down.run(before, raised[at : at + FRAME]))
        before = raised[at : at + FRAME]
    assert strength(np.concatenate(pieces), frequency, 8000)[5:-5] == pytest.approx(0.25, rel=0.11)


@pytest.mark.parametrize(("frequency", "image"), [(1000, 7000), (3000, 5000)])
def test_images_of_the_telephone_band_are_not_heard(frequency: float, image: float) -> None:
    """What raising the rate would mirror is at least 50 dB down."""
    raised = Upsampler(6).run(sine(frequency, 0.4, 8000))
    assert strength(raised, image, 48_000)[5:-5].max() < 0.25 / 316


def test_sound_above_the_telephone_band_is_not_folded_into_it() -> None:
    """5 kHz lowered to 8 kHz does not appear as 3 kHz."""
    lowered = Downsampler(6).run(SILENT_FRAME, sine(5000, 0.4, 48_000))
    assert strength(lowered, 3000, 8000)[5:-5].max() < 0.25 / 316


@given(st.binary(max_size=400))
def test_any_bytes_may_come_to_the_opus_decoder(payload: bytes) -> None:
    """Garbage is decoded to something of bounded length or called corrupt; it never crashes."""
    decoder = OpusDecoder()
    decoded = decoder.decode(payload) if packet_samples(payload) else None
    assert decoded is None or 0 < len(decoded) <= 5760


@pytest.mark.parametrize(
    ("first", "samples"),
    [
        (b"\x08", 960),
        (b"\x09", 1920),
        (b"\x0b\x03", 2880),
        (b"\x18", 2880),
        (b"\x78", 960),
        (b"\x0b\x3f", 0),
        (b"", 0),
    ],
)
def test_opus_durations_are_read_from_the_first_bytes(first: bytes, samples: int) -> None:
    """Configuration and frame count give the samples; over 120 ms is no packet (RFC 6716 3.1, 3.2.5)."""
    assert packet_samples(first) == samples


def test_opus_carries_a_tone() -> None:
    """A tone encoded and decoded is the same tone within 1 dB."""
    encoder, decoder = OpusEncoder(), OpusDecoder()
    tone = sine(440, 1, 48_000)
    decoded = [decoder.decode(encoder.encode(frame)) for frame in tone.reshape(-1, FRAME)]
    heard = np.concatenate([frame for frame in decoded if frame is not None])
    assert strength(heard, 440, 48_000)[5:] == pytest.approx(0.25, rel=0.12)


def test_ready_made_silence_is_silence() -> None:
    """The packet sent to those who hear nothing decodes to nothing audible, also in the middle of a stream."""
    decoder = OpusDecoder()
    for _ in range(10):
        decoded = decoder.decode(silence_packet())
        assert decoded is not None
        assert level(decoded) < -90


def test_the_limiter_keeps_full_scale_and_leaves_the_rest_alone() -> None:
    """Three loud voices stay within 1.0; an ordinary one is not touched at all."""
    loud = sine(440, 0.02, 48_000, amplitude=2.5)
    assert np.abs(limit(loud)).max() <= 1.0
    ordinary = sine(440, 0.02, 48_000, amplitude=0.7)
    assert limit(ordinary) is ordinary


@pytest.mark.parametrize(
    ("code", "value"),
    [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xD4, 24), (0xC5, 264), (0x80, 5504), (0x00, -5504)],
)
def test_a_law_codes_have_the_values_of_the_recommendation(code: int, value: int) -> None:
    """Decoder output values of G.711 table 1b, times 8 for 16 bits."""
    assert g711.A.expand(bytes([code]))[0] * 32768 == value


def test_a_law_values_survive_a_round_trip() -> None:
    """Every code comes back as itself."""
    codes = bytes(range(256))
    assert g711.A.compress(g711.A.expand(codes)) == codes


@pytest.mark.parametrize("codec", ["pcma", "pcmu", "g722"])
def test_a_tone_survives_the_way_there_and_back(codec: str) -> None:
    """What an encoder makes of 1 kHz, its decoder plays as 1 kHz within 1 dB; G.722 carries 6 kHz as well."""
    for frequency in (1000, 6000) if codec == "g722" else (1000,):
        sound = sine(frequency, 0.6, 48_000)
        encoder, decoder, before, heard = make_encoder(codec), make_decoder(codec), SILENT_FRAME, []
        for tick, at in enumerate(range(0, len(sound), FRAME)):
            frame = sound[at : at + FRAME]
            (payload,) = encoder.encode(tick, before, frame, False)
            assert len(payload) == 160 and decoder.duration(payload) == FRAME
            heard.append(decoder.decode(payload))
            before = frame
        assert strength(np.concatenate(heard), frequency, 48_000)[8:-8] == pytest.approx(0.25, rel=0.12)


@pytest.mark.parametrize("codec", ["pcma", "pcmu", "g722"])
def test_ready_made_silence_is_silent(codec: str) -> None:
    """Nothing above -60 dBov."""
    decoder = make_decoder(codec)
    heard = np.concatenate([decoder.decode(silence(codec)[0]) for _ in range(10)])
    assert level(heard[FRAME:]) < -60


@given(st.binary(max_size=400))
def test_any_bytes_may_come_to_the_g722_decoder(payload: bytes) -> None:
    """Garbage is noise of a bounded length."""
    assert len(G722Decoder().decode(payload)) == 2 * len(payload)
