"""The media engine without clock, sockets or threads: `step(now, arrivals) -> departures`, once every 20 ms.

`now` is monotonic seconds. Requests of control are carried out by handle(), between steps; what is to be told
gathers until take_notifications(). One thread at a time.

A tick: datagrams to their legs, 20 ms from every leg, one mix per group, then 20 ms to every leg. What a leg
hears is, in this order: what Play asked for, its announcement, the mix, silence. Its stream never stops.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from parley.engine import messages
from parley.engine.browsers import Browsers
from parley.engine.checks import BadMedia, check_media
from parley.engine.digit_sender import BadDigits
from parley.engine.faults import MOST_FAULTS, Faults
from parley.engine.holdings import Holdings, Refused
from parley.engine.leg import Hearing, Leg, Playing
from parley.engine.meeting import BadPlan
from parley.engine.messages import Configure, Done, Dump, Failed, LegOpened
from parley.engine.phone_dtls import DtlsTransport, PhoneHandshakes
from parley.engine.ports import BadAddress, NoPort, NotTaken, Ports
from parley.engine.prompts import BadPromptFile, Player, Prompts, UnknownPrompt
from parley.engine.sound import TICK_MS
from parley.engine.transport import Arrival, Departure, PortTransport, Transport, with_agreed_keys
from parley.engine.web_transport import WebTransport
from parley.wire.rtp import report_interval

STATISTICS_TICKS = 1000 // TICK_MS
DEATH_TICKS = 5  # a look every 100 ms is fine enough for tens of seconds
QUALITY_TICKS = messages.QUALITY_SECONDS * 1000 // TICK_MS
REPORT_TICKS = 2500 // TICK_MS  # to the first report at most (RFC 3550 section 6.2: half an interval)
MAX_LOUDEST = 64
MAX_PROMPTS = 64  # in one Play


class Engine:
    """All legs and meetings of one worker."""

    def __init__(self, ports: Ports, prompts: Prompts, dice: random.Random, unix_time: Callable[[], float]) -> None:
        self._ports = ports
        self._prompts = prompts
        self._dice = dice
        self._unix_time = unix_time
        self._configuration: Configure | None = None
        self._held = Holdings(ports, prompts, dice)
        self._legs, self._locals, self._meetings = self._held.legs, self._held.locals, self._held.meetings
        self._report_at: dict[str, int] = {}
        self._stepped_at = 0.0
        self._browsers: Browsers | None = None
        self._phones = PhoneHandshakes()
        self._faults = Faults()
        self._tick = 0
        self._next_seq = 1
        self._told: list[messages.Notification] = []

    # --- requests -----------------------------------------------------------------------------------------

    def handle(self, request: messages.Request, now: float) -> messages.Response | None:
        """Carry out one request; a failed one has changed nothing. Ack has no answer."""
        if isinstance(request, messages.Ack | messages.Shutdown):
            return None
        try:
            return self._handle(request, now)
        except Refused as refused:
            return Failed(id=request.id, code=refused.code, text=str(refused))
        except UnknownPrompt as unknown:
            return Failed(id=request.id, code="unknown-prompt", text=str(unknown))
        except BadPromptFile as bad:
            return Failed(id=request.id, code="bad-file", text=str(bad))
        except BadAddress as bad:
            return Failed(id=request.id, code="bad-address", text=str(bad))
        except NoPort as none:
            return Failed(id=request.id, code="no-port", text=str(none))
        except NotTaken as problem:
            return Failed(id=request.id, code="not-taken", text=str(problem))
        except (BadPlan, BadMedia) as bad:
            return Failed(id=request.id, code="bad-request", text=str(bad))

    def _handle(self, request: messages.Request, now: float) -> messages.Response:
        answer: messages.Response | None = None
        match request:
            case messages.GetDump():
                answer = Dump(id=request.id, state=self.dump())
            case Configure():
                self._configure(request)
            case messages.Ping():
                pass
            case _ if self._configuration is None:
                raise Refused("bad-request", "Configure comes first")
            case messages.GiveLeg() | messages.TakeLeg():
                answer = self._hand_over(request, now)
            case messages.OpenLeg():
                answer = self._open_leg(request, self._configuration, now)
            case messages.SetMedia():
                answer = self._set_media(request, now)
            case messages.CloseLeg():
                self._close_leg(request.leg, now)
            case messages.Play() | messages.StopPlaying():
                self._play(request)
            case messages.SendDigits() | messages.Announce() | messages.LoadPrompts():
                self._sound(request)
            case messages.SetPlan() | messages.DropMeeting():
                self._held.plan(request, self._configuration.loudest)
            case messages.GetFound() | messages.Keep():
                answer = self._take_over(request, now)
        return Done(id=request.id) if answer is None else answer  # type: ignore[union-attr]

    def _configure(self, request: Configure) -> None:
        if request.schema != messages.SCHEMA:
            raise Refused("bad-request", f"schema {request.schema}; this worker speaks {messages.SCHEMA}")
        if not 1 <= request.port_low < request.port_high <= 65535:
            raise Refused("bad-request", f"ports {request.port_low}-{request.port_high}")
        if not 1 <= request.loudest <= MAX_LOUDEST or request.dead_after_ms < 1:
            raise Refused("bad-request", "loudest or dead_after_ms out of range")
        self._check_again(request)
        self._open_shared(request)
        self._configuration = request
        for meeting in self._meetings.values():
            meeting.set_loudest(request.loudest)

    def _check_again(self, request: Configure) -> None:
        """Another control may take this worker over only as what it is."""
        before = self._configuration
        if before is None:
            return
        if request.version != before.version:
            raise Refused("bad-request", f"version {request.version!r}; this worker was started by {before.version!r}")
        ports = (request.port_low, request.port_high)
        if self._locals and ports != (before.port_low, before.port_high):
            raise Refused("bad-request", "legs are open on other ports")

    def _take_over(self, request: messages.GetFound | messages.Keep, now: float) -> messages.Found | None:
        """Another control asks what there is, then says what of it is to stay."""
        if isinstance(request, messages.GetFound):
            self._take_given(now)
            return self._held.found(request.id)
        for name in self._legs.keys() - set(request.legs):
            self._close_leg(name, now)
        for name in self._meetings.keys() - set(request.meetings):
            self._held.drop_meeting(name)
        return None

    def _hand_over(self, request: messages.GiveLeg | messages.TakeLeg, now: float) -> LegOpened | None:
        """A leg goes to another worker, or comes from one."""
        if isinstance(request, messages.TakeLeg):
            self._take_given(now)
            return LegOpened(id=request.id, port=self._leg(request.leg).transport.port)
        transport = self._leg(request.leg).transport
        self._held.give(request.leg, request.to, self._stepped_at)
        if isinstance(transport, DtlsTransport):
            self._phones.close(transport)
        del self._report_at[request.leg]
        return None

    def _take_given(self, now: float) -> None:
        for leg in self._held.take_given(now):
            self._spread_report(leg.name)

    def _leg(self, name: str) -> Leg:
        return self._held.leg(name)

    def _open_shared(self, request: Configure) -> None:
        """The browsers' sockets are opened once; only what browsers are told may change afterwards."""
        before = self._configuration
        if before is not None and (before.web_listen, before.web_port) != (request.web_listen, request.web_port):
            raise Refused("bad-request", "the browsers' sockets stay where they were opened")
        if self._browsers is None and request.web_listen:
            port, addresses = self._ports.open_shared(request.web_listen, request.web_port)
            self._browsers = Browsers(port, addresses, self._dice)
        if self._browsers is not None and request.web_addresses:
            self._browsers.addresses = request.web_addresses

    def _open_leg(self, request: messages.OpenLeg, configuration: Configure, now: float) -> LegOpened:
        name, media = request.leg, request.media
        if name in self._legs:
            raise Refused("bad-request", f"leg {name!r} is open already")
        check_media(media)
        transport: Transport
        web: messages.WebLocal | None = None
        if media.web is not None:
            if self._browsers is None:
                raise Refused("no-port", "no port for browsers is set")
            transport = self._browsers.open(name, media.web)
            web = transport.local
        else:
            self._ports.check_remote(request.local, media.remote_host)
            low, high = configuration.port_low, configuration.port_high
            if request.port:
                low, high = request.port, request.port + 1
            if request.stream is not None:
                media = with_agreed_keys(media, request.stream.agreed)
                check_media(media)
            port = self._ports.open(name, request.local, low, high)
            if media.dtls is None:
                transport = PortTransport(name, port, media)
            else:
                transport = self._phones.open(name, port, media, now)
                web = transport.local
            if request.stream is not None:
                transport.resume(request.stream, now)
        self._held.add(Leg(name, transport, media, now, self._dice), request.local)
        self._spread_report(name)
        return LegOpened(id=request.id, port=transport.port, web=web)

    def _spread_report(self, name: str) -> None:
        """Over the interval, so that a hundred legs do not report in one tick."""
        self._report_at[name] = self._tick + self._dice.randint(1, REPORT_TICKS)

    def _set_media(self, request: messages.SetMedia, now: float) -> LegOpened | None:
        leg, media = self._leg(request.leg), request.media
        check_media(media)
        if (media.web is None) != (leg.media.web is None):
            raise Refused("bad-request", "a phone's leg does not become a browser's, nor the other way")
        agreed = leg.transport.agreed if isinstance(leg.transport, PortTransport) else None
        media = with_agreed_keys(media, agreed)
        if (media.dtls is None) != (leg.media.dtls is None):
            raise Refused("bad-request", "keys by DTLS do not become others, nor the other way")
        if media.web is None:
            self._ports.check_remote(self._locals[request.leg], media.remote_host)
        leg.set_media(media, now)
        if isinstance(leg.transport, DtlsTransport):
            self._phones.renamed(leg.transport, now)
        if not isinstance(leg.transport, WebTransport) or self._browsers is None:
            return None
        self._browsers.renamed(leg.transport)
        return LegOpened(id=request.id, port=leg.transport.port, web=leg.transport.local)

    def _close_leg(self, name: str, now: float) -> None:
        leg = self._held.remove(name)
        if leg is None:
            return
        del self._report_at[name]
        goodbye = leg.goodbye()
        if goodbye is not None:
            self._ports.send([goodbye])
        if isinstance(leg.transport, WebTransport) and self._browsers is not None:
            self._browsers.close(leg.transport, now)
        else:
            if isinstance(leg.transport, DtlsTransport):
                self._phones.close(leg.transport)
            self._ports.close(name)

    def _play(self, request: messages.Play | messages.StopPlaying) -> None:
        leg = self._leg(request.leg)
        if isinstance(request, messages.StopPlaying):
            leg.playing = None
            return
        if len(request.prompts) > MAX_PROMPTS:
            raise Refused("bad-request", f"more than {MAX_PROMPTS} prompts")
        clips = self._prompts.clips(request.prompts, request.language, request.brand)
        leg.playing = Playing(request.play, Player(clips))

    def _sound(self, request: messages.SendDigits | messages.Announce | messages.LoadPrompts) -> None:
        match request:
            case messages.LoadPrompts():
                self._prompts.load_brand(request.brand, request.files)
            case messages.SendDigits():
                try:
                    self._leg(request.leg).keys.add(request.digits, request.ms)
                except BadDigits as bad:
                    raise Refused("bad-request", str(bad)) from None
            case messages.Announce():
                clip = self._prompts.clip(request.prompt, request.language, request.brand)
                meeting = self._meetings.get(request.meeting)
                if meeting is not None:
                    meeting.overlays.add(clip, request.legs)

    # --- ticks --------------------------------------------------------------------------------------------

    def step(self, now: float, arrivals: Iterable[Arrival]) -> list[Departure]:
        """One tick of 20 ms."""
        self._tick += 1
        self._stepped_at = now
        if self._browsers is not None:
            self._browsers.begin_tick()
        for arrival in arrivals:
            try:
                self._receive(now, arrival)
            except Exception as problem:
                self._fault(arrival.leg, now, problem)
        for meeting in self._meetings.values():
            meeting.begin(self._tick)
        for leg in self._legs.values():
            if leg.place is None:
                try:
                    leg.voice(now)
                except Exception as problem:
                    self._fault(leg.name, now, problem)
        for meeting in self._meetings.values():
            meeting.listen(now, self._fault)
            meeting.mix(self._tick)
        departures = self._emit(now)
        if self._browsers is not None:
            departures += self._browsers.take_departures()
        self._tell(now)
        return departures

    def _fault(self, leg: str, now: float, problem: Exception) -> None:
        """An error of ours with one leg: it is silent in this tick, and given up when that goes on."""
        count = self._faults.note(leg, self._tick)
        if count == 1:
            self._told.append(messages.Log(level="error", text=f"leg {leg!r} failed in a tick: {problem!r}"))
        if count == MOST_FAULTS and leg in self._legs:
            self._tell_death(self._legs[leg], now)

    def _receive(self, now: float, arrival: Arrival) -> None:
        if arrival.via is not None:
            plain = None if self._browsers is None else self._browsers.take(now, arrival)
            if plain is None:
                return
            arrival, leg = plain, self._legs.get(plain.leg)
        else:
            leg = self._legs.get(arrival.leg)
            if (
                leg is not None
                and isinstance(leg.transport, DtlsTransport)
                and self._phones.take(leg.transport, arrival)
            ):
                return
            data = None if leg is None else leg.transport.unwrap(arrival.data)
            if data is None:
                return
            if data is not arrival.data:
                arrival = msgspec.structs.replace(arrival, data=data)
        digit = None if leg is None else leg.receive(now, arrival)
        if digit is not None:
            self._told.append(messages.DigitHeard(seq=self._seq(), leg=arrival.leg, digit=digit))

    def negotiate(self, now: float) -> list[Departure] | None:
        """One step of a handshake, a millisecond at most, for when the tick's sound has left.

        None: nothing is waiting.
        """
        departures = None if self._browsers is None else self._browsers.negotiate(now)
        return self._phones.negotiate(now) if departures is None else departures

    def skip(self, ticks: int) -> None:
        """That many ticks are never made up for: the streams' clocks go on, their sequence numbers do not."""
        for leg in self._legs.values():
            leg.pass_over(ticks)

    def _emit(self, now: float) -> list[Departure]:
        hearings: list[tuple[Leg, Hearing]] = []
        for leg in self._legs.values():
            hearing = self._hearing(leg)
            if hearing.shared is not None and hearing.frame is not None:
                if leg.is_newcomer_to(hearing.shared):
                    hearing.shared.expect_newcomer(leg.encoding)
                if leg.lost_percent:
                    hearing.shared.expect_loss(leg.encoding, leg.lost_percent)
            hearings.append((leg, hearing))
        departures: list[Departure] = []
        for leg, hearing in hearings:
            try:
                leg.emit(self._tick, hearing, departures)
            except Exception as problem:
                leg.pass_over(1)
                self._fault(leg.name, now, problem)
            if self._tick >= self._report_at[leg.name]:
                seconds = report_interval(self._dice.random())
                self._report_at[leg.name] = self._tick + round(seconds * 1000 / TICK_MS)
                report = leg.report(now, self._unix_time())
                if report is not None:
                    departures.append(report)
        return departures

    def _hearing(self, leg: Leg) -> Hearing:
        if leg.playing is not None and isinstance(leg.transport, DtlsTransport) and leg.transport.handshakes:
            return Hearing(None)  # nothing is played to nobody
        place = leg.place
        if leg.playing is None and place is not None and place.announcement is None:
            return self._meetings[place.meeting].hearing(leg)
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
        if self._browsers is not None:
            self._tell_of_browsers(self._browsers, now)
        for transport in self._phones.take_failed():
            self._tell_death(self._legs[transport.leg], now)
        if self._configuration is not None and self._tick % DEATH_TICKS == 0:
            for leg in self._legs.values():
                if leg.is_dead(now, self._configuration.dead_after_ms):
                    self._tell_death(leg, now)
        if self._tick % STATISTICS_TICKS == 0:
            self._take_given(now)  # by now control asks for it, unless it died in the middle of a hand-over
        if self._legs and self._tick % STATISTICS_TICKS == 0:
            legs = {name: leg.statistics(now) for name, leg in self._legs.items()}
            transports = ((name, leg.transport) for name, leg in self._legs.items())
            streams = {name: port.stream() for name, port in transports if isinstance(port, PortTransport)}
            self._told.append(messages.Statistics(legs=legs, streams=streams))
        if self._legs and self._tick % QUALITY_TICKS == 0:
            windows = {name: leg.quality(now) for name, leg in self._legs.items()}
            self._told.append(messages.Quality(legs=windows))

    def _tell_of_browsers(self, browsers: Browsers, now: float) -> None:
        if self._tick % STATISTICS_TICKS == 0:
            browsers.expire(now)
        for transport in browsers.take_news():
            leg = self._legs[transport.leg]
            if transport.has_failed:
                self._tell_death(leg, now)
            else:
                self._told.append(messages.MediaReady(seq=self._seq(), leg=leg.name))

    def _tell_death(self, leg: Leg, now: float) -> None:
        if not leg.told_dead:
            leg.told_dead = True
            self._told.append(messages.MediaDead(seq=self._seq(), leg=leg.name, silent_ms=leg.silent_ms(now)))

    def take_notifications(self) -> list[messages.Notification]:
        """What there is to tell since the last call, oldest first."""
        told, self._told = self._told, []
        return told

    def dump(self) -> dict[str, Any]:
        """The whole state as plain values, for operators and tests."""
        return {
            "tick": self._tick,
            "configured": self._configuration is not None,
            "browsers": None if self._browsers is None else self._browsers.dump(),
            "brands": self._prompts.brands(),
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
