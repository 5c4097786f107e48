"""The media engine without clock, sockets or threads: `step(now, arrivals) -> departures`, once every 20 ms.

`now` is monotonic seconds. Requests of control are carried out by handle(), between steps; what is to be told
gathers until take_notifications(). One thread at a time.

A tick: datagrams to their legs, 20 ms from every leg, one mix per group, then 20 ms to every leg. What a leg
hears is, in this order: what Play asked for, its announcement, the mix, silence. Its stream never stops.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from parley.engine import messages
from parley.engine.leg import Arrival, Departure, Hearing, Leg, Playing
from parley.engine.meeting import BadPlan, Meeting
from parley.engine.messages import Configure, Done, Dump, Failed, LegMedia, LegOpened
from parley.engine.prompts import Player, Prompts, UnknownPrompt
from parley.engine.sound import TICK_MS

STATISTICS_TICKS = 1000 // TICK_MS
DEATH_TICKS = 5  # a look every 100 ms is fine enough for tens of seconds
REPORT_TICKS = 5000 // TICK_MS  # RFC 3550 section 6.2: the usual least interval
MAX_LOUDEST = 64
MAX_PROMPTS = 64  # in one Play
_CLOCK_RATES = {"opus": 48_000, "pcmu": 8_000}


class NoPort(Exception):
    """Every port of the range is taken."""


class BadAddress(ValueError):
    """Not a numeric address, or not one of this machine."""


class Ports(Protocol):
    """Where a leg's sockets come from."""

    def open(self, leg: str, local: str, low: int, high: int) -> int:
        """An even RTP port in the range, with RTCP on the next one. Raises NoPort or BadAddress."""

    def check_remote(self, leg_local: str, remote: str) -> None:
        """Raises BadAddress when packets cannot go from the one numeric address to the other."""

    def close(self, leg: str) -> None: ...


class _Refused(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Engine:
    """All legs and meetings of one worker."""

    def __init__(self, ports: Ports, prompts: Prompts, dice: random.Random, unix_time: Callable[[], float]) -> None:
        self._ports = ports
        self._prompts = prompts
        self._dice = dice
        self._unix_time = unix_time
        self._configuration: Configure | None = None
        self._legs: dict[str, Leg] = {}
        self._locals: dict[str, str] = {}
        self._report_at: dict[str, int] = {}
        self._meetings: dict[str, Meeting] = {}
        self._tick = 0
        self._next_seq = 1
        self._told: list[messages.Notification] = []

    # --- requests -----------------------------------------------------------------------------------------

    def handle(self, request: messages.Request, now: float) -> messages.Response | None:
        """Carry out one request; a failed one has changed nothing. Ack has no answer."""
        if isinstance(request, messages.Ack):
            return None
        try:
            return self._handle(request, now)
        except _Refused as refused:
            return Failed(id=request.id, code=refused.code, text=str(refused))
        except UnknownPrompt as unknown:
            return Failed(id=request.id, code="unknown-prompt", text=str(unknown))
        except BadAddress as bad:
            return Failed(id=request.id, code="bad-address", text=str(bad))
        except NoPort as none:
            return Failed(id=request.id, code="no-port", text=str(none))
        except BadPlan as bad:
            return Failed(id=request.id, code="bad-request", text=str(bad))

    def _handle(self, request: messages.Request, now: float) -> messages.Response:
        answer: messages.Response | None = None
        match request:
            case messages.Ping() | messages.Ack():
                pass
            case messages.GetDump():
                answer = Dump(id=request.id, state=self.dump())
            case Configure():
                self._configure(request)
            case _ if self._configuration is None:
                raise _Refused("bad-request", "Configure comes first")
            case messages.OpenLeg():
                answer = self._open_leg(request, self._configuration, now)
            case messages.SetMedia():
                self._set_media(request, now)
            case messages.CloseLeg():
                self._close_leg(request.leg)
            case messages.Play():
                self._play(request)
            case messages.StopPlaying():
                self._leg(request.leg).playing = None
            case messages.SetPlan():
                self._set_plan(request, self._configuration)
            case messages.DropMeeting():
                self._drop_meeting(request.meeting)
        return Done(id=request.id) if answer is None else answer  # type: ignore[union-attr]

    def _configure(self, request: Configure) -> None:
        if request.schema != messages.SCHEMA:
            raise _Refused("bad-request", f"schema {request.schema}; this worker speaks {messages.SCHEMA}")
        if not 1 <= request.port_low < request.port_high <= 65535:
            raise _Refused("bad-request", f"ports {request.port_low}-{request.port_high}")
        if not 1 <= request.loudest <= MAX_LOUDEST or request.dead_after_ms < 1:
            raise _Refused("bad-request", "loudest or dead_after_ms out of range")
        self._configuration = request
        for meeting in self._meetings.values():
            meeting.set_loudest(request.loudest)

    def _leg(self, name: str) -> Leg:
        leg = self._legs.get(name)
        if leg is None:
            raise _Refused("unknown-leg", f"no leg {name!r}")
        return leg

    def _open_leg(self, request: messages.OpenLeg, configuration: Configure, now: float) -> LegOpened:
        if request.leg in self._legs:
            raise _Refused("bad-request", f"leg {request.leg!r} is open already")
        _check_media(request.media)
        self._ports.check_remote(request.local, request.media.remote_host)
        port = self._ports.open(request.leg, request.local, configuration.port_low, configuration.port_high)
        self._legs[request.leg] = Leg(request.leg, port, request.media, now, self._dice)
        self._locals[request.leg] = request.local
        # Spread over the interval, so that a hundred legs do not report in one tick.
        self._report_at[request.leg] = self._tick + self._dice.randint(1, REPORT_TICKS)
        return LegOpened(id=request.id, port=port)

    def _set_media(self, request: messages.SetMedia, now: float) -> None:
        leg = self._leg(request.leg)
        _check_media(request.media)
        self._ports.check_remote(self._locals[request.leg], request.media.remote_host)
        leg.set_media(request.media, now)

    def _close_leg(self, name: str) -> None:
        leg = self._legs.pop(name, None)
        if leg is None:
            return
        for meeting in self._meetings.values():
            meeting.remove(name)
        del self._locals[name], self._report_at[name]
        self._ports.close(name)

    def _play(self, request: messages.Play) -> None:
        leg = self._leg(request.leg)
        if len(request.prompts) > MAX_PROMPTS:
            raise _Refused("bad-request", f"more than {MAX_PROMPTS} prompts")
        clips = self._prompts.clips(request.prompts, request.language)
        leg.playing = Playing(request.play, Player(clips))

    def _set_plan(self, request: messages.SetPlan, configuration: Configure) -> None:
        known = self._meetings.get(request.meeting)
        meeting = known or Meeting(request.meeting, configuration.loudest)
        if request.number <= meeting.number:
            return
        meeting.apply(request.number, request.legs, self._legs, self._prompts)
        self._meetings[request.meeting] = meeting
        for other in self._meetings.values():
            if other is not meeting:  # a leg is in one meeting: the one that named it last
                for name in other.legs.keys() & meeting.legs.keys():
                    other.remove(name)

    def _drop_meeting(self, name: str) -> None:
        meeting = self._meetings.pop(name, None)
        if meeting is not None:
            for leg in list(meeting.legs):
                meeting.remove(leg)

    # --- ticks --------------------------------------------------------------------------------------------

    def step(self, now: float, arrivals: Iterable[Arrival]) -> list[Departure]:
        """One tick of 20 ms."""
        self._tick += 1
        for arrival in arrivals:
            leg = self._legs.get(arrival.leg)
            digit = None if leg is None else leg.receive(now, arrival)
            if digit is not None:
                self._told.append(messages.DigitHeard(seq=self._seq(), leg=arrival.leg, digit=digit))
        for leg in self._legs.values():
            frame = leg.voice(now)
            if leg.place is not None:
                self._meetings[leg.place.meeting].offer(leg, frame)
        for meeting in self._meetings.values():
            meeting.mix(self._tick)
        departures = self._emit()
        self._tell(now)
        return departures

    def skip(self, ticks: int) -> None:
        """That many ticks are never made up for: the streams' clocks go on, their sequence numbers do not."""
        for leg in self._legs.values():
            leg.pass_over(ticks)

    def _emit(self) -> list[Departure]:
        hearings: list[tuple[Leg, Hearing]] = []
        for leg in self._legs.values():
            hearing = self._hearing(leg)
            if hearing.shared is not None and hearing.frame is not None and leg.is_newcomer_to(hearing.shared):
                hearing.shared.expect_newcomer(leg.media.codec.name)
            hearings.append((leg, hearing))
        departures = []
        for leg, hearing in hearings:
            departure = leg.emit(self._tick, hearing)
            if departure is not None:
                departures.append(departure)
            if self._tick >= self._report_at[leg.name]:
                self._report_at[leg.name] = self._tick + REPORT_TICKS
                report = leg.report(self._unix_time())
                if report is not None:
                    departures.append(report)
        return departures

    def _hearing(self, leg: Leg) -> Hearing:
        was_playing = leg.playing is not None
        frame, ended = leg.prompt_frame()
        if ended is not None:
            self._told.append(messages.PlayEnded(seq=self._seq(), leg=leg.name, play=ended))
        if frame is not None or was_playing or leg.place is None:
            return Hearing(frame)
        return self._meetings[leg.place.meeting].hearing(leg)

    # --- telling ------------------------------------------------------------------------------------------

    def _seq(self) -> int:
        seq, self._next_seq = self._next_seq, self._next_seq + 1
        return seq

    def _tell(self, now: float) -> None:
        for meeting in self._meetings.values():
            speakers = meeting.new_speakers(self._tick)
            if speakers is not None:
                self._told.append(messages.Speakers(meeting=meeting.name, legs=speakers))
        if self._configuration is not None and self._tick % DEATH_TICKS == 0:
            for leg in self._legs.values():
                silent = leg.silent_ms(now)
                if silent >= self._configuration.dead_after_ms and not leg.told_dead:
                    leg.told_dead = True
                    self._told.append(messages.MediaDead(seq=self._seq(), leg=leg.name, silent_ms=silent))
        if self._legs and self._tick % STATISTICS_TICKS == 0:
            legs = {name: leg.statistics() for name, leg in self._legs.items()}
            self._told.append(messages.Statistics(legs=legs))

    def take_notifications(self) -> list[messages.Notification]:
        """What there is to tell since the last call, oldest first."""
        told, self._told = self._told, []
        return told

    def dump(self) -> dict[str, Any]:
        """The whole state as plain values, for operators and tests."""
        return {
            "tick": self._tick,
            "configured": self._configuration is not None,
            "legs": {name: leg.dump() for name, leg in self._legs.items()},
            "meetings": {
                name: {
                    "number": meeting.number,
                    "legs": list(meeting.legs),
                    "speakers": list(meeting.speakers()),
                }
                for name, meeting in self._meetings.items()
            },
        }


def _check_media(media: LegMedia) -> None:
    rate = _CLOCK_RATES.get(media.codec.name)
    if rate is None or media.codec.clock_rate != rate:
        raise _Refused("bad-request", f"codec {media.codec.name!r} at {media.codec.clock_rate} Hz")
    for payload_type in (media.codec.payload_type, media.dtmf_payload_type):
        if payload_type is not None and not 0 <= payload_type <= 127:
            raise _Refused("bad-request", f"payload type {payload_type}")
    if media.dtmf_payload_type == media.codec.payload_type:
        raise _Refused("bad-request", "one payload type for voice and digits")
    if not 0 <= media.remote_port <= 65535:
        raise _Refused("bad-request", f"remote port {media.remote_port}")
