"""One leg's incoming voice: packets in at any pace, exactly 20 ms of sound out at every tick.

Decoding, concealment and the control of delay live here; order and lateness live in jitter.py. Delay starts
at about 40 ms, grows when packets come too late, and is cut back by splicing out single voice periods once
the buffer has been deeper than needed for half a second. Clock skew is the slow form of the same thing.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from parley.engine import g711, splice
from parley.engine.g722 import G722Decoder
from parley.engine.jitter import Gap, JitterBuffer, Packet, Verdict
from parley.engine.opus import OpusDecoder, has_copy, packet_samples
from parley.engine.resample import Upsampler
from parley.engine.sound import FRAME, RATE, SILENT_FRAME, ZEROS, Samples, ramp
from parley.wire.rtp import RtpPacket

_MS = RATE // 1000
LAWS = {"pcmu": g711.MU, "pcma": g711.A}
TARGET = (
    40 * _MS
)  # one packet being played and one in reserve: the least that survives arrival on either side of a tick
HIGHEST_TARGET = 160 * _MS
TARGET_STEP = 20 * _MS
CALM_TICKS = 500  # 10 s without a late packet take one step back
SLACK = 10 * _MS  # depth over target that is not worth a splice
WINDOW = 25  # ticks over which the least depth is taken
FAR_OVER, SHORT_WINDOW = 80 * _MS, 5  # a great excess is worked off faster
MAX_DEPTH = 400 * _MS  # beyond that, old sound is thrown away at once
# Concealed frames in a row, and how loud: a vowel survives 40 ms, then fades (G.711 Appendix I is alike).
_FADES = ((1.0, 1.0), (1.0, 0.5), (0.5, 0.0))
_FADE_RAMPS = tuple(ramp(start, end, FRAME) for start, end in _FADES)


class Decoder(Protocol):
    """What a codec must do for a receiver; sound is 48 kHz mono."""

    scale: int  # 48000 over the RTP clock

    def duration(self, payload: bytes) -> int:
        """Samples in a packet; 0 when it is not one."""

    def decode(self, payload: bytes) -> Samples: ...

    def conceal(self, length: int) -> Samples | None:
        """What the codec itself would put in place of lost packets; None when it has no idea."""

    def recover(self, next_payload: bytes, length: int) -> Samples | None:
        """The one lost packet before `next_payload`, out of a copy in there; None when it holds none."""

    def is_pause(self, payload: bytes) -> bool:
        """Whether the packet says that its sender falls silent now (DTX): what follows late is not lost."""

    def start_after(self, payload: bytes) -> None:
        """Forget what came before, but be as if this packet had been decoded: those between were not."""


class _Telephone:
    """What G.711 and G.722 have in common: a byte is six samples at 48 kHz, and nothing is known of what is lost."""

    scale = 6

    def duration(self, payload: bytes) -> int:
        return len(payload) * self.scale if len(payload) <= 960 else 0

    def conceal(self, length: int) -> Samples | None:
        return None

    def recover(self, next_payload: bytes, length: int) -> Samples | None:
        return None

    def is_pause(self, payload: bytes) -> bool:
        return False


class G711Decoder(_Telephone):
    """Either law, at 8 kHz."""

    def __init__(self, law: g711.Law) -> None:
        self._law = law
        self._upsampler = Upsampler(6)

    def decode(self, payload: bytes) -> Samples:
        return self._upsampler.run(self._law.expand(payload))

    def start_after(self, payload: bytes) -> None:
        self.decode(payload)


class G722VoiceDecoder(_Telephone):
    """16 kHz of sound on an RTP clock of 8 kHz."""

    def __init__(self) -> None:
        self._decoder = G722Decoder()
        self._upsampler = Upsampler(3)

    def decode(self, payload: bytes) -> Samples:
        return self._upsampler.run(self._decoder.decode(payload))

    def start_after(self, payload: bytes) -> None:
        self._decoder, self._upsampler = G722Decoder(), Upsampler(3)
        self.decode(payload)


class OpusVoiceDecoder:
    """libopus, which conceals by itself."""

    scale = 1

    def __init__(self) -> None:
        self._decoder = OpusDecoder()

    def duration(self, payload: bytes) -> int:
        return packet_samples(payload)

    def decode(self, payload: bytes) -> Samples:
        samples = self._decoder.decode(payload)
        return self._decoder.conceal(packet_samples(payload)) if samples is None else samples

    def conceal(self, length: int) -> Samples | None:
        return self._decoder.conceal(-(-length // 120) * 120)[:length]  # it works in steps of 2.5 ms

    def recover(self, next_payload: bytes, length: int) -> Samples | None:
        return self._decoder.recover(next_payload, length) if length % 480 == 0 and has_copy(next_payload) else None

    def is_pause(self, payload: bytes) -> bool:
        return len(payload) <= 2  # RFC 6716 section 2.1.9

    def start_after(self, payload: bytes) -> None:
        self._decoder.reset()
        self._decoder.decode(payload)


def make_decoder(codec: str) -> Decoder:
    if codec == "opus":
        return OpusVoiceDecoder()
    return G722VoiceDecoder() if codec == "g722" else G711Decoder(LAWS[codec])


class Receiver:
    """One codec, one sender; a new SSRC is taken over after two packets that agree."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._start_stream()
        self._ssrc: int | None = None
        self._stranger: RtpPacket | None = None  # first packet of what may be a new stream
        self._target = TARGET
        self._calm = 0
        self.concealed_ms = 0
        self.late = 0

    def _start_stream(self) -> None:
        self._decoder = make_decoder(self._codec)
        self._buffer = JitterBuffer(self._decoder.scale)
        self._ready: Samples = ZEROS[:0]  # decoded, not yet played
        self._playing = False
        self._waited = 0  # ticks since the first packet of a start
        self._past: Samples = ZEROS[: splice.CONCEAL_NEEDS]  # the newest sound produced
        self._expected: Samples | None = None  # how invented sound would go on, to fade from
        self._concealed_run = 0
        self._doubtful_ms = 0  # invented while nothing came: a pause of the sender, or loss
        self._pausing = False  # the last packet taken said that a silence begins
        self._undecoded: bytes | None = None  # the last packet taken, when it was not wanted
        self._restart_window()

    def _restart_window(self) -> None:
        self._least_depth, self._window, self._shorten = MAX_DEPTH, 0, False

    @property
    def ssrc(self) -> int | None:
        return self._ssrc

    @property
    def depth_ms(self) -> float:
        return (self._buffer.depth + len(self._ready)) / _MS

    def continues(self, packet: RtpPacket) -> bool:
        """Whether the packet belongs to the stream being received, by SSRC and sequence number."""
        return packet.ssrc == self._ssrc and self._buffer.is_near(packet.sequence)

    @property
    def announced(self) -> int | None:
        """The level of what is to be played next, in dBov, as its sender tells (RFC 6464)."""
        return self._buffer.next_level

    def push(self, packet: RtpPacket, level: int | None = None) -> bool:
        """File one voice packet. False: it was not usable (not this codec, or a lone stranger).

        level: in dBov, as the packet tells.
        """
        duration = self._decoder.duration(packet.payload)
        if duration == 0:
            return False
        if self._ssrc is not None and not self.continues(packet):
            first, self._stranger = self._stranger, packet
            if first is None or first.ssrc != packet.ssrc or packet.sequence != (first.sequence + 1) & 0xFFFF:
                return False
            self._start_stream()
            self._ssrc = first.ssrc
            self._insert(first, self._decoder.duration(first.payload), level)
        self._ssrc, self._stranger = packet.ssrc, None
        self._insert(packet, duration, level)
        return True

    def _insert(self, packet: RtpPacket, duration: int, level: int | None) -> None:
        verdict = self._buffer.insert(packet.sequence, packet.timestamp, duration, packet.payload, level)
        if verdict is Verdict.LATE:
            self.late += 1
        if verdict in (Verdict.LATE, Verdict.STRETCHED):
            self._target = min(self._target + TARGET_STEP, HIGHEST_TARGET)
            self._calm = 0
        if verdict is Verdict.STRETCHED:
            self._settle_doubt(lost=True)

    def _settle_doubt(self, *, lost: bool) -> None:
        if lost:
            self.concealed_ms += self._doubtful_ms
        self._doubtful_ms = 0

    def drop_stored(self) -> None:
        """Throw away what waits to be played (a key is being pressed); later packets start afresh."""
        self._buffer.clear()
        self._ready = ZEROS[:0]
        self._playing, self._waited = False, 0

    def pull(self, wanted: bool) -> Samples | None:
        """The next 20 ms; None is silence. When not wanted, time passes but nothing is decoded."""
        self._calm += 1
        if self._calm >= CALM_TICKS:
            self._target, self._calm = max(self._target - TARGET_STEP, TARGET), 0
        if not self._playing and not self._may_start():
            return None
        self._watch_depth()
        parts, have = [self._ready], len(self._ready)
        need = FRAME
        if self._shorten and wanted:
            need = FRAME + splice.SHORTEN_NEEDS
        while have < FRAME or (have < need and len(self._buffer)):
            produced = self._produce(wanted)
            if produced is None:
                break
            parts.append(produced)
            have += len(produced)
        if have == 0:
            return None
        sound = parts[1] if len(parts) == 2 and not len(parts[0]) else np.concatenate(parts)
        return self._cut(sound, need, wanted)

    def _cut(self, sound: Samples, need: int, wanted: bool) -> Samples | None:
        if self._shorten and len(sound) >= need:
            sound = splice.shorten(sound) if wanted else sound[FRAME // 2 :]
            self._restart_window()
        if len(sound) < FRAME:  # the stream fell silent in the middle of a frame
            sound = np.concatenate((sound, SILENT_FRAME[len(sound) :]))
        self._ready = sound[FRAME:]
        return sound[:FRAME] if wanted else None

    def _may_start(self) -> bool:
        """A start waits until the delay aimed at has passed since its first packet."""
        if not len(self._buffer):
            return False
        self._waited += 1
        if self._waited * FRAME < self._target:
            return False
        self._playing, self._waited, self._concealed_run = True, 0, 0
        self._buffer.begin()
        self._restart_window()
        return True

    def _watch_depth(self) -> None:
        depth = self._buffer.depth + len(self._ready)
        while depth > MAX_DEPTH and len(self._buffer) > 1:
            self._buffer.take()
            self._ready = ZEROS[:0]
            depth = self._buffer.depth
        self._least_depth = min(self._least_depth, depth)
        self._window += 1
        excess = self._least_depth - self._target
        if self._window >= (SHORT_WINDOW if excess > FAR_OVER else WINDOW):
            shorten = excess > SLACK
            self._restart_window()
            self._shorten = shorten

    def _produce(self, wanted: bool) -> Samples | None:
        """Decode or invent the next piece. None: the stream is silent, and playing has stopped."""
        before = self._buffer.taken
        taken = self._buffer.take()
        if isinstance(taken, Packet):
            lost = taken.sequence != before + 1
            samples = self._decode(taken, lost) if wanted else self._pass_over(taken)
            self._settle_doubt(lost=lost)
            self._concealed_run = 0
            self._pausing = self._decoder.is_pause(taken.payload)
            return samples
        if isinstance(taken, Gap):
            return self._fill(taken, wanted)
        if self._pausing or self._concealed_run >= len(_FADES):
            self._playing = False
            self._buffer.pause()
            return None
        self._buffer.skip(FRAME)
        self._doubtful_ms += FRAME // _MS
        if wanted:
            return self._invent(FRAME, known_lost=False)
        self._concealed_run += 1
        return ZEROS[:FRAME]

    def _pass_over(self, packet: Packet) -> Samples:
        self._undecoded = packet.payload
        self._past, self._expected = ZEROS[: splice.CONCEAL_NEEDS], None
        return ZEROS[: packet.duration]

    def _fill(self, gap: Gap, wanted: bool) -> Samples:
        if not gap.lost:
            return ZEROS[: gap.length]
        if wanted and gap.cover is not None and self._undecoded is None:
            copy = self._decoder.recover(gap.cover, gap.length)
            if copy is not None:
                self._concealed_run = 0
                self._remember(copy)
                return copy
        self.concealed_ms += gap.length // _MS
        return self._invent(gap.length, known_lost=True) if wanted else ZEROS[: gap.length]

    def _decode(self, packet: Packet, lost: bool) -> Samples:
        if self._undecoded is not None:
            self._decoder.start_after(self._undecoded)
            self._undecoded = None
        elif lost and self._doubtful_ms:
            # What was invented stood for packets that did not come: the decoder must learn of them too.
            self._decoder.conceal(self._doubtful_ms * _MS)
        samples = self._decoder.decode(packet.payload)
        if self._expected is not None:
            samples = splice.join(self._expected, samples)
            self._expected = None
        self._remember(samples)
        return samples

    def _invent(self, length: int, *, known_lost: bool) -> Samples:
        """Sound in place of what is missing.

        A packet that is merely late still comes to the decoder afterwards, so the decoder is asked only when the
        packet is known to be lost; otherwise the last voice period is repeated.
        """
        run, self._concealed_run = self._concealed_run, self._concealed_run + 1
        if run >= len(_FADES):
            return ZEROS[:length]
        samples = self._decoder.conceal(length) if known_lost else None
        if samples is None:
            invented = splice.conceal(self._past, length + FRAME)
            samples, self._expected = invented[:length], invented[length:] * np.float32(_FADES[run][1])
        self._remember(samples)
        return samples * _FADE_RAMPS[run][:length]

    def _remember(self, samples: Samples) -> None:
        if len(samples) >= splice.CONCEAL_NEEDS:
            self._past = samples
        else:
            self._past = np.concatenate((self._past, samples))[-splice.CONCEAL_NEEDS :]
