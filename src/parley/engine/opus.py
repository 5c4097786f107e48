"""Opus by ctypes on libopus: the system's, else the copy that the PyAV wheel carries. No root needed.

The calls go through CDLL, so each lets the interpreter's other threads run while it works.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from parley.engine.sound import FRAME, RATE, SILENT_FRAME, Samples

APPLICATION_VOIP = 2048
SET_BITRATE, SET_COMPLEXITY, SET_SIGNAL = 4002, 4010, 4024
SET_INBAND_FEC, SET_PACKET_LOSS_PERC = 4012, 4014
SET_PREDICTION_DISABLED = 4042
RESET_STATE = 4028
SIGNAL_VOICE = 3001

# Measured at 20 ms mono: complexity 0 costs 65 us, 3 costs 105, 5 costs 137, 9 costs 185-250. Encodes are
# shared, but every leg that hears a prompt has its own, so the step above 3 is not worth its price.
COMPLEXITY = 3
BITRATE = 32_000  # full-band mono speech without audible loss (RFC 7587 section 3.1.1 names 28 to 40 kbit/s)
MAX_PACKET = 1275  # RFC 6716 section 3.4 R2, one frame
MAX_SAMPLES = RATE * 120 // 1000

# Samples at 48 kHz of one frame, by the TOC's configuration number (RFC 6716 section 3.1, table 2).
_SILK, _HYBRID, _CELT = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)
_FRAME_SAMPLES = _SILK * 3 + _HYBRID * 2 + _CELT * 4


class OpusMissing(RuntimeError):
    """No libopus on this machine."""


def packet_samples(payload: bytes) -> int:
    """Samples at 48 kHz in one Opus packet; 0 when it is none (RFC 6716 section 3.2)."""
    if not payload:
        return 0
    code = payload[0] & 3
    if code == 3:
        count = payload[1] & 0x3F if len(payload) > 1 else 0
    else:
        count = 1 if code == 0 else 2
    samples = _FRAME_SAMPLES[payload[0] >> 3] * count
    return samples if samples <= MAX_SAMPLES else 0


def _frame_length(payload: bytes, at: int) -> tuple[int, int]:
    """A frame's length and how many bytes told it (RFC 6716 section 3.2.1)."""
    first = payload[at]
    return (first, 1) if first < 252 else (first + 4 * payload[at + 1], 2)


def _first_frame(payload: bytes) -> int:
    """Where the first frame of a packet begins. Raises IndexError when the packet ends before."""
    code, at = payload[0] & 3, 1
    if code == 2:
        at += _frame_length(payload, 1)[1]
    elif code == 3:
        told, at = payload[1], 2
        if told & 0x40:
            while payload[at] == 255:
                at += 1
            at += 1
        if told & 0x80:
            for _ in range((told & 0x3F) - 1):
                at += _frame_length(payload, at)[1]
    return at


def has_copy(payload: bytes) -> bool:
    """Whether a packet holds a copy of the frame before its first one (in-band FEC, RFC 6716 section 4.2.4)."""
    if len(payload) < 2:
        return False
    configuration = payload[0] >> 3
    if configuration >= 16:  # CELT alone knows no copies
        return False
    frames = (1, 1, 2, 3)[configuration & 3] if configuration < 12 else 1
    try:
        first = payload[_first_frame(payload)]
    except IndexError:
        return False
    # The range coder's first bits lie bare: for each channel one activity flag a SILK frame, then "has copies".
    flags = first >> (7 - frames) & 1
    if payload[0] & 4:
        flags |= first >> (6 - 2 * frames) & 1
    return bool(flags)


def _activity_bits(first: int) -> int:
    """Which bits of a frame tell of speech, in a packet with this first byte; 0: none, or it has several frames."""
    configuration = first >> 3
    if first & 3 or configuration >= 16:
        return 0
    frames = (1, 1, 2, 3)[configuration & 3] if configuration < 12 else 1
    one = 0xFF00 >> frames & 0xFF
    return one | one >> (frames + 1) if first & 4 else one


_ACTIVITY_BITS = bytes(_activity_bits(first) for first in range(256))


def is_speechless(payload: bytes) -> bool:
    """Whether the packet's own sender found no speech in it (RFC 6716 section 4.2.3); where it does not say, no."""
    if len(payload) < 2:
        return True
    bits = _ACTIVITY_BITS[payload[0]]
    return bits != 0 and not payload[1] & bits


def join_packets(packets: Sequence[bytes]) -> bytes:
    """One packet of several of one frame each, all of one configuration (RFC 6716 section 3.2.5, code 3)."""
    if len(packets) == 1:
        return packets[0]
    lengths = bytearray()
    for packet in packets[:-1]:
        length = len(packet) - 1
        if length < 252:
            lengths.append(length)
        else:
            lengths += bytes([252 + (length & 3), (length - 252 - (length & 3)) >> 2])
    head = bytes([packets[0][0] | 3, 0x80 | len(packets)])
    return head + bytes(lengths) + b"".join(packet[1:] for packet in packets)


def _candidates() -> list[str]:
    found = []
    system = ctypes.util.find_library("opus")
    if system:
        found.append(system)
    wheel = importlib.util.find_spec("av")  # found, not imported: importing it would load all of FFmpeg
    if wheel is not None and wheel.origin:
        libraries = Path(wheel.origin).parent.parent / "av.libs"
        found += [str(path) for path in sorted(libraries.glob("libopus-*.so*"))]
    return found


@functools.cache
def library() -> ctypes.CDLL:
    """The loaded libopus with its signatures. Raises OpusMissing."""
    for path in _candidates():
        try:
            return _declare(ctypes.CDLL(path))
        except (OSError, AttributeError):
            continue
    raise OpusMissing("libopus was found neither on the system nor in the PyAV wheel")


def _declare(lib: ctypes.CDLL) -> ctypes.CDLL:
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    lib.opus_get_version_string.restype = ctypes.c_char_p
    lib.opus_encoder_create.restype = pointer
    lib.opus_encoder_create.argtypes = [ctypes.c_int32, integer, integer, ctypes.POINTER(integer)]
    lib.opus_encoder_destroy.argtypes = [pointer]
    lib.opus_encoder_destroy.restype = None
    lib.opus_encode_float.argtypes = [pointer, pointer, integer, pointer, ctypes.c_int32]
    lib.opus_decoder_create.restype = pointer
    lib.opus_decoder_create.argtypes = [ctypes.c_int32, integer, ctypes.POINTER(integer)]
    lib.opus_decoder_destroy.argtypes = [pointer]
    lib.opus_decoder_destroy.restype = None
    lib.opus_decode_float.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int32, pointer, integer, integer]
    # The control calls are variadic, so only the fixed arguments are declared.
    lib.opus_encoder_ctl.argtypes = [pointer, integer]
    lib.opus_decoder_ctl.argtypes = [pointer, integer]
    return lib


class OpusDecoder:
    """One stream's decoder, 48 kHz mono."""

    def __init__(self) -> None:
        self._lib = library()
        error = ctypes.c_int()
        self._state = self._lib.opus_decoder_create(RATE, 1, ctypes.byref(error))
        if error.value or not self._state:
            raise OpusMissing(f"opus_decoder_create failed with {error.value}")
        self._buffer = np.empty(MAX_SAMPLES, np.float32)
        self._address = self._buffer.ctypes.data

    def decode(self, payload: bytes) -> Samples | None:
        """The packet's samples; None when libopus calls it corrupt."""
        count = self._lib.opus_decode_float(self._state, payload, len(payload), self._address, MAX_SAMPLES, 0)
        return self._buffer[:count].copy() if count > 0 else None

    def recover(self, next_payload: bytes, length: int) -> Samples | None:
        """The lost packet of `length` samples before `next_payload`, out of the copy in there."""
        count = self._lib.opus_decode_float(self._state, next_payload, len(next_payload), self._address, length, 1)
        return self._buffer[:count].copy() if count > 0 else None

    def conceal(self, length: int) -> Samples:
        """Invent `length` samples (a multiple of 2.5 ms) in place of what was lost."""
        count = self._lib.opus_decode_float(self._state, None, 0, self._address, length, 0)
        return self._buffer[:count].copy() if count > 0 else np.zeros(length, np.float32)

    def reset(self) -> None:
        self._lib.opus_decoder_ctl(self._state, RESET_STATE)

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_decoder_destroy(self._state)
            self._state = None


class OpusEncoder:
    """One stream's encoder, 48 kHz mono, for voice."""

    def __init__(self, complexity: int = COMPLEXITY) -> None:
        self._lib = library()
        error = ctypes.c_int()
        self._state = self._lib.opus_encoder_create(RATE, 1, APPLICATION_VOIP, ctypes.byref(error))
        if error.value or not self._state:
            raise OpusMissing(f"opus_encoder_create failed with {error.value}")
        self._buffer = ctypes.create_string_buffer(MAX_PACKET)
        for option, value in (
            (SET_BITRATE, BITRATE),
            (SET_COMPLEXITY, complexity),
            (SET_SIGNAL, SIGNAL_VOICE),
        ):
            self._set(option, value)
        self._independent = False
        self._loss = 0

    def expect_loss(self, percent: int) -> None:
        """From now on packets hold copies of those before them, as far as that much loss is worth it; 0: none do."""
        if percent != self._loss:
            self._loss = percent
            self._set(SET_INBAND_FEC, int(percent > 0))
            self._set(SET_PACKET_LOSS_PERC, percent)

    def _set(self, option: int, value: int) -> None:
        self._lib.opus_encoder_ctl(self._state, option, ctypes.c_int(value))

    def encode(self, frame: Samples, *, independent: bool = False) -> bytes:
        """One packet of one frame of 10 or 20 ms. An independent one can follow another encoder's packets."""
        if independent != self._independent:
            self._set(SET_PREDICTION_DISABLED, int(independent))
            self._independent = independent
        if not frame.flags.c_contiguous:
            frame = np.ascontiguousarray(frame)
        count = self._lib.opus_encode_float(self._state, frame.ctypes.data, len(frame), self._buffer, MAX_PACKET)
        if count < 0:
            raise RuntimeError(f"opus_encode_float failed with {count}")
        return self._buffer.raw[:count]

    def reset(self) -> None:
        self._lib.opus_encoder_ctl(self._state, RESET_STATE)

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_encoder_destroy(self._state)
            self._state = None


@functools.cache
def silence_packet(samples: int = FRAME) -> bytes:
    """10 or 20 ms of silence that may follow anything: made once, sent to everybody who hears nothing."""
    encoder, frame = OpusEncoder(), SILENT_FRAME[:samples]
    for _ in range(4):
        encoder.encode(frame)
    return encoder.encode(frame, independent=True)
