"""One leg in the engine: what arrives on its port, what it hears, and the one RTP stream it is sent."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

from parley.engine import encoders
from parley.engine.digit_sender import DigitSender
from parley.engine.digits import DigitDetector
from parley.engine.echo import EchoLine
from parley.engine.gain import AutomaticGain
from parley.engine.gauge import Gauge
from parley.engine.messages import LegMedia, LegPlan, LegQuality, LegStatistics
from parley.engine.outgoing import Outgoing
from parley.engine.packets import encoding_for
from parley.engine.prompts import Announcement, Player
from parley.engine.receiver import Receiver
from parley.engine.reception import Echo, Reception
from parley.engine.sound import SILENCE_LEVEL, SILENT_FRAME, Samples
from parley.engine.transport import Arrival, Departure, Transport
from parley.wire.rtp import (
    COMFORT_NOISE,
    MalformedPacket,
    RtpPacket,
    audio_level,
    build_goodbye,
    build_receiver_report,
    build_report,
    is_rtcp,
    ntp_middle,
    parse_rtcp,
    parse_rtp,
)

# Sent silence after sound, so that what the encoder still holds is heard before ready-made silence.
TAIL_TICKS = 2
LOSS_STEPS = (20, 10, 5, 2)  # percent
# Who has said that he falls silent may send nothing for minutes, where he sends no RTCP either.
PAUSE_PATIENCE = 10


@dataclass(slots=True)
class Hearing:
    """What a leg hears in one tick. `shared` is set when others hear the very same."""

    frame: Samples | None = None
    shared: encoders.SharedMix | None = None


@dataclass(slots=True)
class Playing:
    """What a Play asked for."""

    number: int
    player: Player


@dataclass(slots=True)
class Place:
    """A leg's place in a meeting, with its policy."""

    meeting: str
    plan: LegPlan
    announcement: Announcement | None = None
    echo: EchoLine | None = None


@dataclass(slots=True)
class Heard:
    """What the leg heard in the tick before, to carry it over to another encoder without a click."""

    frame: Samples = field(default_factory=lambda: SILENT_FRAME)
    shared: encoders.SharedMix | None = None
    quiet_ticks: int = TAIL_TICKS


def is_another_page(before: LegMedia, after: LegMedia) -> bool:
    """Whether a browser comes with another certificate: whatever was agreed with the one before is void."""
    if before.web is None or after.web is None:
        return False
    return before.web.fingerprint.upper() != after.web.fingerprint.upper()


class Leg:
    """Driven by the engine: receive() for each datagram, then once a tick voice() and emit()."""

    def __init__(self, name: str, transport: Transport, media: LegMedia, now: float, dice: random.Random) -> None:
        self.name = name
        self.transport = transport
        self.media = media
        self.place: Place | None = None
        self.playing: Playing | None = None
        self.level: float = SILENCE_LEVEL
        self.outgoing = Outgoing(dice)
        self.last_life = now
        self.told_dead = False
        self.digits = DigitDetector()
        self.keys = DigitSender()
        self.receiver = Receiver(media.codec.name)
        self.reception = Reception(media.codec.clock_rate)
        self.echo = Echo()
        self.lost_percent = 0  # of what we send
        self._reports = False  # the far end sends RTCP
        self._agc: AutomaticGain | None = None
        self._concealed_before = 0
        self._gauge = Gauge()
        self._last_heard = Heard()
        self._voice_in: set[int | None] = set()
        self._events_in: set[int | None] = set()
        self._know_payload_types()
        self._use_codec()

    def _know_payload_types(self) -> None:
        """What the far end may send with: our offer's numbers (RFC 3264 section 5.1), and its answer's, as some do."""
        media = self.media
        voice, events = media.payload_type_in, media.dtmf_payload_type_in
        self._voice_in = {voice, media.codec.payload_type} - {None, events}
        self._events_in = {events, media.dtmf_payload_type} - {None, voice}

    def _use_codec(self) -> None:
        self.encoding = encoding_for(self.media.codec.name, self.media.packet_ms)
        self._encoder = encoders.make_encoder(self.encoding)
        self._silence = encoders.silence(self.encoding)
        self.outgoing.describe(self.media.codec, self.media.packet_ms)

    @property
    def _level_extension(self) -> int | None:
        """In which header extension its packets tell their level."""
        web = self.media.web
        return None if web is None else web.level_extension

    def use_agc(self, wanted: bool) -> None:
        """A gain that is on already goes on as it is."""
        if wanted != (self._agc is not None):
            self._agc = AutomaticGain() if wanted else None

    @property
    def is_speechless(self) -> bool:
        """Whether it is said to be silent; a gain that is on has to hear how loud that silence is."""
        return self.receiver.speechless and self._agc is None

    @property
    def own_gain(self) -> float:
        """What its voice is brought to the common level by, besides the plan's gain."""
        return 1.0 if self._agc is None else self._agc.gain

    def set_media(self, media: LegMedia, now: float) -> None:
        """Take over a re-negotiation; port, SSRC and sequence numbers stay."""
        before, self.media = self.media, media
        self._know_payload_types()
        self.transport.describe(media, now)
        if media.codec != before.codec or (media.srtp is None) != (before.srtp is None):
            self._concealed_before += self.receiver.concealed_ms
            self.receiver = Receiver(media.codec.name)
            self.reception.clock_rate = media.codec.clock_rate
            self._last_heard = Heard()
            self._use_codec()
        elif media.packet_ms != before.packet_ms:
            self._use_codec()
        if is_another_page(before, media) or (media.receives and not before.receives):
            self.last_life, self.told_dead = now, False

    def carry_on(self, now: float, concealed_ms: int, last_life: float, told_dead: bool) -> None:
        """What another worker knew of it; called when all else has been carried over."""
        self._concealed_before = concealed_ms
        self.last_life, self.told_dead = last_life, told_dead
        self._gauge.start_from(self.statistics(now))

    # --- in -------------------------------------------------------------------------------------------

    def receive(self, now: float, arrival: Arrival) -> str | None:
        """Take one datagram. A digit, when it begins a key press."""
        data = arrival.data
        if arrival.rtcp or is_rtcp(data):
            self._receive_rtcp(now, arrival)
            return None
        try:
            packet = parse_rtp(data)
        except MalformedPacket:
            return None
        payload_type = packet.payload_type
        is_event = payload_type in self._events_in
        is_voice = payload_type in self._voice_in and not is_event
        is_noise = payload_type == COMFORT_NOISE and self.media.codec.clock_rate == 8000 and not is_event
        if not (is_voice or is_event or is_noise):
            # A format of its own invention: a sign of life from the one who is believed, and nothing else.
            if self.transport.is_known(arrival.source):
                self._alive(now)
            return None
        continues = self.receiver.continues(packet)
        if not self.transport.accepts(now, arrival.source, continues):
            return None
        self._alive(now)
        self.reception.count(packet, len(data))
        if is_event:
            return self._receive_event(now, packet)
        if is_noise:
            self.receiver.push_noise(packet)
            return None
        self.reception.time(now, packet)
        if not self.digits.is_pressed(now):
            announced, extension = None, self._level_extension
            if extension is not None:
                announced = audio_level(data, extension)
            self.receiver.push(packet, announced, continues=continues)
        return None

    def _receive_event(self, now: float, packet: RtpPacket) -> str | None:
        digit = self.digits.push(now, packet)
        if self.digits.is_pressed(now):
            self.receiver.drop_stored()
        return digit

    def _receive_rtcp(self, now: float, arrival: Arrival) -> None:
        try:
            packets = parse_rtcp(arrival.data)
        except MalformedPacket:
            return
        if self.transport.accepts_report(now, arrival):
            self._alive(now)
            self._reports = True
            for packet in packets:
                self.reception.hear(now, packet)
                self.echo.hear(now, packet, self.outgoing.ssrc)
            self.lost_percent = self._lost_percent(now)

    def _lost_percent(self, now: float) -> int:
        """Of what we send, in coarse steps, so that an encoder is not set anew for every report."""
        percent = self.echo.loss(now) * 100
        return next((step for step in LOSS_STEPS if percent >= step), 0)

    def _alive(self, now: float) -> None:
        self.last_life, self.told_dead = now, False

    def silent_ms(self, now: float) -> int:
        """How long the leg has given no sign of life; 0 while none is expected."""
        return int(self.transport.silent_seconds(now, self.last_life, self.media.receives) * 1000)

    def is_dead(self, now: float, after_ms: int) -> bool:
        """Whether it has given no sign of life for so long; much longer, where it announced a silence and nothing else
        is to be expected of it: a browser checks its path, and who sends reports goes on with them."""
        patient = self.receiver.is_pausing and not self._reports and self.media.web is None
        return self.silent_ms(now) >= after_ms * (PAUSE_PATIENCE if patient else 1)

    def voice(self, now: float, bar: float = -math.inf, rests: bool = False) -> Samples | None:
        """The leg's 20 ms of this tick, for the others; None is silence or a leg that nobody may hear.

        bar: what is quieter than this, in dBov, cannot be heard, and need not be decoded. rests: nobody listens in this
        tick, unless the packets tell their level; it is then the last that was found out, below the bar.
        """
        wanted = self.place is not None and self.place.plan.contributes and not self.digits.is_pressed(now)
        wanted = wanted and self.media.receives  # what comes from who holds is music for somebody else
        rests = rests and wanted and self._level_extension is None
        frame = None
        if not wanted:
            self.receiver.pull(False)
            self.level = SILENCE_LEVEL
        elif rests:
            self.receiver.rest()
            self.level = min(self.level, bar)
        else:
            frame, self.level = self.receiver.hear(bar)
        if self._agc is not None and not rests:
            self._agc.hear(self.level)
        self._gauge.hear(self.level)
        return frame

    # --- out ------------------------------------------------------------------------------------------

    def prompt_frame(self) -> tuple[Samples | None, int | None]:
        """The prompt's 20 ms, Play before announcement, and the number of a Play that ended with it."""
        if self.playing is not None:
            frame = self.playing.player.next_frame()
            ended = None
            if self.playing.player.ended:
                ended, self.playing = self.playing.number, None
            return frame, ended
        if self.place is not None and self.place.announcement is not None:
            return self.place.announcement.next_frame(), None
        return None, None

    def is_newcomer_to(self, shared: encoders.SharedMix) -> bool:
        return self._last_heard.shared is not shared

    def emit(self, tick: int, hearing: Hearing, departures: list[Departure]) -> None:
        """Encode and wrap what the leg hears; what is to be sent now goes on the list."""
        heard = self._last_heard
        frame = hearing.frame
        heard.quiet_ticks = heard.quiet_ticks + 1 if frame is None else 0
        can_send = self.media.sends and self.transport.is_open
        key = self.keys.next(self.media, self.outgoing.timestamp) if can_send else None
        if key is not None:
            self.outgoing.interrupt()
            departures.append(self.transport.voice(self.outgoing.key(key)))
        elif can_send:
            if frame is None and heard.quiet_ticks > TAIL_TICKS:
                pieces = self._silence
            elif hearing.shared is not None and frame is not None:
                pieces = hearing.shared.payload(tick, self.encoding)
            else:
                sound = SILENT_FRAME if frame is None else frame
                self._encoder.expect_loss(self.lost_percent)
                pieces = self._encoder.encode(tick, heard.frame, sound, heard.shared is not None)
            for data in self.outgoing.packets_of(pieces, silent=frame is None):
                departures.append(self.transport.voice(data))
        else:
            self.outgoing.interrupt()
        self.outgoing.advance()
        heard.frame = SILENT_FRAME if frame is None else frame
        heard.shared = hearing.shared

    def pass_over(self, ticks: int) -> None:
        """Time passed in which nothing could be sent."""
        self.outgoing.interrupt()
        self.outgoing.advance(ticks)

    def report(self, now: float, unix_time: float) -> Departure | None:
        """What we have sent and received so far; None when there is nothing to tell, or no way for it."""
        self.lost_percent = self._lost_percent(now)
        name, block = f"{self.outgoing.ssrc:08x}", self.reception.block(now)
        if self.media.sends and self.outgoing.packets:
            data = build_report(
                self.outgoing.ssrc,
                name,
                unix_time=unix_time,
                timestamp=self.outgoing.timestamp,
                packets=self.outgoing.packets,
                octets=self.outgoing.octets,
                block=block,
            )
            self.echo.sent(now, ntp_middle(unix_time))
        elif block is not None:
            data = build_receiver_report(self.outgoing.ssrc, name, block)
        else:
            return None
        return self.transport.report(data)

    def goodbye(self) -> Departure | None:
        """The end of what we sent; None when it never began, or there is no way for it."""
        if not self.outgoing.packets:
            return None
        return self.transport.report(build_goodbye(self.outgoing.ssrc, f"{self.outgoing.ssrc:08x}"))

    # --- told -----------------------------------------------------------------------------------------

    def statistics(self, now: float) -> LegStatistics:
        echo = self.echo
        return LegStatistics(
            codec=self.media.codec.name,
            packets_received=self.reception.packets,
            packets_sent=self.outgoing.packets,
            packets_lost=self.reception.lost,
            bytes_received=self.reception.octets,
            bytes_sent=self.outgoing.octets + 12 * self.outgoing.packets,
            jitter_ms=round(self.reception.jitter_ms, 2),
            buffer_ms=self.receiver.depth_ms,
            concealed_ms=self.concealed_ms,
            level=round(self.level),
            round_trip_ms=None if echo.round_trip is None else round(echo.round_trip * 1000, 1),
            far_lost=echo.lost,
            far_loss_percent=round(echo.loss(now) * 100, 1),
            far_jitter_ms=round(echo.jitter * 1000 / self.media.codec.clock_rate, 2),
            gain=0.0 if self._agc is None else self._agc.decibels,
            losses=self.reception.runs(self.receiver.packet_ms),
        )

    @property
    def concealed_ms(self) -> int:
        """Sound invented in place of packets that were lost or late, since the leg opened."""
        return self._concealed_before + self.receiver.concealed_ms

    def quality(self, now: float) -> LegQuality:
        """How the leg fared since the last call."""
        return self._gauge.window(self.statistics(now))

    def dump(self) -> dict[str, Any]:
        """The leg as plain values."""
        place = self.place
        return {
            "port": self.transport.port,
            "codec": self.media.codec.name,
            **self.transport.dump(),
            "sends": self.media.sends,
            "receives": self.media.receives,
            "ssrc_out": self.outgoing.ssrc,
            "ssrc_in": self.receiver.ssrc,
            "meeting": None if place is None else place.meeting,
            "contributes": place is not None and place.plan.contributes,
            "hears": place is not None and place.plan.receives,
            "group": None if place is None else place.plan.group,
            "gain": None if place is None else place.plan.gain,
            "announcement": None if place is None else place.plan.announcement,
            "playing": None if self.playing is None else self.playing.number,
            "told_dead": self.told_dead,
            "packets_received": self.reception.packets,
            "packets_sent": self.outgoing.packets,
            "packets_lost": self.reception.lost,
            "packets_late": self.receiver.late,
            "buffer_ms": self.receiver.depth_ms,
            "level": round(self.level),
            "automatic_gain_db": None if self._agc is None else self._agc.decibels,
        }
