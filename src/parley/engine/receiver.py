"""One leg's incoming voice: packets in at any pace, exactly 20 ms of sound out at every tick.

Concealment and the control of delay live here; order and lateness live in jitter.py, the delay that the network needs
is worked out in delay.py. Playing lags behind the quickest packets by 20 ms or by the jitter of late; wherever it lags
by more or less than aimed at, one voice period is cut out or repeated, at most twice a second unless it is far off.
Clock skew is the slow form of the same thing.
"""

from __future__ import annotations

import numpy as np

from parley.engine import splice
from parley.engine.decoders import make_decoder
from parley.engine.delay import Delays
from parley.engine.jitter import Gap, JitterBuffer, Packet, Verdict
from parley.engine.noise import ComfortNoise
from parley.engine.sound import FRAME, RATE, SILENCE_LEVEL, SILENT_FRAME, ZEROS, Samples, level, ramp
from parley.wire.rtp import MalformedPacket, RtpPacket, noise_level

_MS = RATE // 1000
# Off the aim that is not worth a splice. What is lacking is missed when packets slip over a tick; what is too much must
# be more than a splice takes away, so that none follows it the other way.
LACK, SURPLUS = 2 * _MS, 17 * _MS
WINDOW = 25  # ticks from one look at the delay to the next
FAR_OFF, SHORT_WINDOW = 60 * _MS, 5  # a great excess is worked off faster
UNDERSTATED_DB = 2.0  # the median of how much too low a guess is, of speech
# So many packets without speech in a row, and nothing of what waits to be played is speech or the end of it.
SPEECHLESS_PACKETS = 10
MAX_DEPTH = 400 * _MS  # beyond that, old sound is thrown away at once
# How loud concealed sound is, as it goes on: a vowel survives 40 ms, then fades (G.711 Appendix I is alike).
_FADE: Samples = np.concatenate([ramp(start, end, FRAME) for start, end in ((1.0, 1.0), (1.0, 0.5), (0.5, 0.0))])


class Receiver:
    """One codec, one sender; a new SSRC is taken over after two packets that agree."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._ticks = 0  # of 20 ms: the clock by which packets are played
        self._start_stream()
        self._ssrc: int | None = None
        self._stranger: RtpPacket | None = None  # first packet of what may be a new stream
        self._hiss: ComfortNoise | None = None  # made when it is first needed
        self.concealed_ms = 0
        self.late = 0
        self._duration = FRAME  # of the newest packet

    def _start_stream(self) -> None:
        self._decoder = make_decoder(self._codec)
        self._buffer = JitterBuffer(self._decoder.scale)
        self._delays = Delays()
        self._ready: Samples = ZEROS[:0]  # decoded, not yet played
        self._playing = False
        self._waited = 0  # ticks since the first packet of a start
        self._past: Samples = ZEROS[: splice.CONCEAL_NEEDS]  # the newest sound produced
        self._expected: Samples | None = None  # how invented sound would go on, to fade from
        self._concealed = 0  # samples in a row
        self._doubtful_ms = 0  # invented while nothing came: a pause of the sender, or loss
        self._pausing = False  # the last packet taken said that a silence begins
        self._noise: int | None = None  # dBov of the background in that silence
        self.speechless = False  # nothing that was said lately, or will be played soon, is speech
        self._speechless_packets = 0  # in a row
        self._undecoded: bytes | None = None  # the last packet taken, when it was not wanted
        self._rested = 0  # ticks that have passed since, in which nobody listened
        self._window = 0  # ticks since the start
        self._splice = 0  # 1: a period is to be cut out, -1: to be repeated

    @property
    def ssrc(self) -> int | None:
        return self._ssrc

    @property
    def packet_ms(self) -> float:
        """Of sound in the newest packet."""
        return self._duration / _MS

    @property
    def depth_ms(self) -> float:
        return max(self._buffer.depth + len(self._ready) - self._rested * FRAME, 0) / _MS

    @property
    def is_pausing(self) -> bool:
        """Whether the sender said that it would fall silent, and has not been heard since (DTX, comfort noise)."""
        return self._pausing

    def begin_pausing(self) -> None:
        """Its sender said so to another worker."""
        self._pausing = True

    def continues(self, packet: RtpPacket) -> bool:
        """Whether the packet belongs to the stream being received, by SSRC and sequence number."""
        return packet.ssrc == self._ssrc and self._buffer.is_near(packet.sequence)

    def push(self, packet: RtpPacket, level: int | None = None, *, continues: bool | None = None) -> bool:
        """File one voice packet. False: it was not usable (not this codec, or a lone stranger).

        level: in dBov, as the packet tells. continues: what `continues` says of it, where that is known already.
        """
        duration = self._decoder.duration(packet.payload)
        if duration == 0:
            return False
        if continues is None:
            continues = self.continues(packet)
        if self._ssrc is not None and not continues:
            first, self._stranger = self._stranger, packet
            if first is None or first.ssrc != packet.ssrc or packet.sequence != (first.sequence + 1) & 0xFFFF:
                return False
            self._start_stream()
            self._ssrc = first.ssrc
            self._insert(first, self._decoder.duration(first.payload), level)
        self._ssrc, self._stranger = packet.ssrc, None
        self._duration = duration
        self._insert(packet, duration, level)
        self._speechless_packets = self._speechless_packets + 1 if self._decoder.is_speechless(packet.payload) else 0
        self.speechless = self._speechless_packets >= SPEECHLESS_PACKETS
        return True

    def push_noise(self, packet: RtpPacket) -> None:
        """File one packet of comfort noise (RFC 3389)."""
        try:
            told = noise_level(packet.payload)
        except MalformedPacket:
            return
        if self._ssrc is None:
            self._ssrc = packet.ssrc
        if self.continues(packet):
            self._buffer.insert(packet.sequence, packet.timestamp, 0, packet.payload, noise=told)

    def _insert(self, packet: RtpPacket, duration: int, level: int | None) -> None:
        buffer = self._buffer
        starts = buffer.starts
        verdict = buffer.insert(packet.sequence, packet.timestamp, duration, packet.payload, level)
        if verdict is Verdict.DUPLICATE:
            return
        if buffer.starts != starts:
            self._delays.clear()
        self._delays.note((self._ticks + self._rested) * FRAME - buffer.placed)
        if verdict is Verdict.STORED:
            return
        if verdict is Verdict.LATE:
            self.late += 1
        else:
            self._settle_doubt(lost=True)

    def _settle_doubt(self, *, lost: bool) -> None:
        if lost:
            self.concealed_ms += self._doubtful_ms
        self._doubtful_ms = 0

    def drop_stored(self) -> None:
        """Throw away what waits to be played (a key is being pressed); later packets start afresh."""
        self._catch_up()
        self._buffer.clear()
        self._ready = ZEROS[:0]
        self._playing, self._waited = False, 0

    def hear(self, bar: float) -> tuple[Samples | None, float]:
        """The next 20 ms, and their level in dBov. No sound: silence, or something below the bar, not decoded."""
        if bar > SILENCE_LEVEL:
            glance = self._glance()
            if glance is not None and glance < bar:
                self.pull(False)
                return None, glance
        frame = self.pull(True)
        return frame, SILENCE_LEVEL if frame is None else level(frame)

    def _glance(self) -> float | None:
        """How loud the next 20 ms are, where that is told or found out more cheaply than by decoding them."""
        rested = self._rested > 0
        self._catch_up()
        announced = self._buffer.next_level
        if announced is not None or not self._playing or len(self._ready):
            return announced
        payload = self._buffer.next_payload
        if payload is None:
            return None
        found = self._decoder.glance(payload)
        if found is None and rested and self._undecoded is not None:
            found = self._decoder.guess(self._undecoded) + UNDERSTATED_DB  # about as loud as what came before it
        return found

    def rest(self) -> None:
        """20 ms pass in which nobody listens; what came in them is passed over when somebody does again."""
        self._rested += 1

    def _catch_up(self) -> None:
        if self._rested and self._playing and not self._splice and not len(self._ready):
            passed, payload = self._buffer.pass_over(self._rested * FRAME)
            if passed:
                self._noise = None
                self._leave_undecoded(payload)
                self._heard_voice(payload, lost=False)
                self._ready = ZEROS[: passed % FRAME]
                ticks = passed // FRAME
                self._rested -= ticks
                self._ticks += ticks
                self._watch_delay(ticks)
        while self._rested:
            self._rested -= 1
            self._play(False)

    def pull(self, wanted: bool) -> Samples | None:
        """The next 20 ms; None is silence. When not wanted, time passes but nothing is decoded."""
        self._catch_up()
        return self._play(wanted)

    def _play(self, wanted: bool) -> Samples | None:
        if self._playing:
            self._watch_delay(1)
        self._ticks += 1
        if not self._playing and not self._may_start():
            return self._background(wanted)
        parts, have = [self._ready], len(self._ready)
        need = FRAME + splice.SHORTEN_NEEDS if self._splice > 0 and wanted else FRAME
        while have < FRAME or (have < need and len(self._buffer)):
            produced = self._produce(wanted)
            if produced is None:
                break
            parts.append(produced)
            have += len(produced)
        if have == 0:
            return self._background(wanted)
        sound = parts[1] if len(parts) == 2 and not len(parts[0]) else np.concatenate(parts)
        return self._cut(sound, wanted)

    def _background(self, wanted: bool) -> Samples | None:
        """What is heard of a sender that has fallen silent."""
        if self._noise is None or not wanted:
            return None
        if self._hiss is None:
            self._hiss = ComfortNoise(self._ssrc or 0)
        return self._hiss.next_frame(self._noise)

    def _cut(self, sound: Samples, wanted: bool) -> Samples | None:
        if self._splice > 0 and len(sound) >= FRAME + splice.SHORTEN_NEEDS:
            sound, self._splice = splice.shorten(sound), 0
        elif self._splice > 0 and not wanted and len(sound) > FRAME + FRAME // 2:
            sound, self._splice = sound[FRAME // 2 :], 0
        elif self._splice < 0 and len(sound) >= splice.LENGTHEN_NEEDS:
            sound = splice.lengthen(sound) if wanted else np.concatenate((sound, SILENT_FRAME[: FRAME // 2]))
            self._splice = 0
        if len(sound) < FRAME:  # the stream fell silent in the middle of a frame
            sound = np.concatenate((sound, SILENT_FRAME[len(sound) :]))
        self._ready = sound[FRAME:]
        return sound[:FRAME] if wanted else None

    def _may_start(self) -> bool:
        """A start waits until the delay aimed at has passed since its first packet."""
        if not len(self._buffer):
            return False
        self._waited += 1
        if self._waited * FRAME < self._delays.target:
            return False
        self._playing, self._waited, self._concealed = True, 0, 0
        self._buffer.begin()
        self._window, self._splice = 0, 0
        return True

    def _watch_delay(self, ticks: int) -> None:
        """Whether what is played now lags more or less than it should; rarely, as that changes slowly."""
        before, self._window = self._window, self._window + ticks
        if before // SHORT_WINDOW == self._window // SHORT_WINDOW:
            return
        if self._buffer.depth + len(self._ready) > MAX_DEPTH:
            self._throw_away()
        looks = before // WINDOW != self._window // WINDOW
        if looks:
            self._delays.look()
        aim = self._delays.aim
        if aim is None:
            return
        excess = self._ticks * FRAME - (self._buffer.position - len(self._ready)) - aim
        if abs(excess) > FAR_OFF or looks:
            self._splice = 1 if excess > SURPLUS else -1 if excess < -LACK else 0

    def _throw_away(self) -> None:
        """Of a great excess the oldest goes at once."""
        self._ready = ZEROS[:0]
        excess = self._buffer.depth - MAX_DEPTH
        while excess > 0 and len(self._buffer) > 1:
            taken = self._buffer.take()
            excess -= taken.duration if isinstance(taken, Packet) else 0 if taken is None else taken.length

    def _produce(self, wanted: bool) -> Samples | None:
        """Decode or invent the next piece. None: the stream is silent, and playing has stopped."""
        before = self._buffer.taken
        taken = self._buffer.take()
        if isinstance(taken, Packet):
            return self._take(taken, taken.sequence != before + 1, wanted)
        if isinstance(taken, Gap):
            return self._fill(taken, wanted)
        if self._pausing or self._concealed >= len(_FADE):
            self._playing = False
            self._buffer.pause()
            return None
        self._buffer.skip(FRAME)
        self._doubtful_ms += FRAME // _MS
        if wanted:
            return self._invent(FRAME, known_lost=False)
        self._concealed += FRAME
        return ZEROS[:FRAME]

    def _take(self, packet: Packet, lost: bool, wanted: bool) -> Samples:
        """lost: others between it and the one taken before did not come."""
        self._noise = packet.noise
        if packet.noise is not None:
            self._settle_doubt(lost=lost)
            self._pausing, self._expected = True, None
            return ZEROS[:0]
        if wanted:
            samples = self._decode(packet, lost)
        else:
            self._leave_undecoded(packet.payload)
            samples = ZEROS[: packet.duration]
        self._heard_voice(packet.payload, lost=lost)
        return samples

    def _heard_voice(self, payload: bytes, *, lost: bool) -> None:
        self._settle_doubt(lost=lost)
        self._concealed = 0
        self._pausing = self._decoder.is_pause(payload)

    def _leave_undecoded(self, payload: bytes) -> None:
        self._undecoded = payload
        self._past, self._expected = ZEROS[: splice.CONCEAL_NEEDS], None

    def _fill(self, gap: Gap, wanted: bool) -> Samples:
        if not gap.lost:
            noise = self._background(wanted)
            return ZEROS[: gap.length] if noise is None or gap.length > FRAME else noise[: gap.length]
        if wanted and gap.cover is not None and self._undecoded is None:
            copy = self._decoder.recover(gap.cover, gap.length)
            if copy is not None:
                self._concealed = 0
                self._remember(copy)
                return copy
        self.concealed_ms += gap.length // _MS
        if not wanted:
            return ZEROS[: gap.length]
        pieces = [self._invent(min(FRAME, gap.length - at), known_lost=True) for at in range(0, gap.length, FRAME)]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

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
        """Sound in place of what is missing, 20 ms at most.

        A packet that is merely late still comes to the decoder afterwards, so the decoder is asked only when the
        packet is known to be lost; otherwise the last voice period is repeated.
        """
        start, self._concealed = self._concealed, self._concealed + length
        if start + length > len(_FADE):
            return ZEROS[:length]
        samples = self._decoder.conceal(length) if known_lost else None
        if samples is None:
            invented = splice.conceal(self._past, length + FRAME)
            remains = _FADE[start + length] if start + length < len(_FADE) else np.float32(0.0)
            samples, self._expected = invented[:length], invented[length:] * remains
        self._remember(samples)
        return samples * _FADE[start : start + length]

    def _remember(self, samples: Samples) -> None:
        if len(samples) >= splice.CONCEAL_NEEDS:
            self._past = samples
        else:
            self._past = np.concatenate((self._past, samples))[-splice.CONCEAL_NEEDS :]
