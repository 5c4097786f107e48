"""The MediaEngine port over a worker process: sends the newest plan, and sends it again after a restart."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from ... import __version__
from ...app.ports import EngineListener, MediaStatistics, MediaUnavailable
from ...core.ids import LegId, MeetingId
from ...core.leg_inputs import LegAudio, SrtpKeys, WebLocal, WebRemote
from ...core.mediaplan import LegMedia, MediaPlan
from ...core.secret import Secret
from ...engine import messages as m
from .worker import Builder, WorkerDied, WorkerLink

log = structlog.get_logger(__name__)

RESTART_AFTER = 0.2  # seconds; doubled for every death in a row, so that a crash loop does not eat a core
RESTART_AFTER_MOST = 10.0


@dataclass(frozen=True, slots=True)
class WebListening:
    """Where the worker listens for browsers: numeric addresses and one UDP port (0: any), and what browsers are told.

    addresses empty: those that are listened on.
    """

    listen: tuple[str, ...]
    port: int
    addresses: tuple[str, ...] = ()


class EngineClient:
    """One worker for now; placement over several comes with the hand-over of live legs between them."""

    def __init__(
        self,
        run_directory: Path,
        *,
        ports: tuple[int, int],
        loudest: int,
        dead_after: float,
        outlive: float = 0.0,
        web: WebListening | None = None,
    ) -> None:
        """web None: legs of browsers are refused. outlive: seconds for which workers wait for another control."""
        self._socket = run_directory / "media-0.sock"
        self._web = web or WebListening((), 0)
        self._ports = ports
        self._loudest = loudest
        self._dead_after_ms = int(dead_after * 1000)
        self._outlive_ms = int(outlive * 1000)
        self._listener: EngineListener | None = None
        self._link: WorkerLink | None = None
        self._last: WorkerLink | None = None  # the one that died last
        self._legs: set[LegId] = set()
        self._found: frozenset[LegId] = frozenset()
        self._held: list[m.Notification] | None = None  # told of what was found, until `keep`
        self._plans: dict[MeetingId, MediaPlan] = {}
        self._statistics: dict[str, m.LegStatistics] = {}
        self._speakers: dict[str, tuple[str, ...]] = {}
        self._stopping = False
        self._deaths = 0
        self._restarting: asyncio.Task[None] | None = None
        self.health: m.Health | None = None

    async def start(self) -> None:
        """With the worker that a server before this one left, or a new one. Raises WorkerDied when none comes up."""
        if not await self._take_over():
            await self._start_new()

    async def _take_over(self) -> bool:
        link = self._new_link()
        self._held = []
        try:
            found = await link.take_over()
        except WorkerDied as problem:
            log.info("no media worker is taken over", why=str(problem))
            self._held = None
            return False
        self._link = link
        self._found = frozenset(LegId(leg) for leg in found.legs)
        self._legs = set(self._found)
        log.info("media worker taken over", pid=link.pid, legs=len(found.legs), meetings=len(found.meetings))
        return True

    async def _start_new(self) -> None:
        link = self._new_link()
        await link.start()
        self._link = link
        for plan in self._plans.values():
            link.tell(partial(_plan, plan=plan))

    def _new_link(self) -> WorkerLink:
        return WorkerLink(self._socket, self._configure, self._on_notification, self._on_death)

    async def stop(self) -> None:
        self._stopping = True
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)
        for link in (self._last, self._link):
            if link is not None:
                await link.stop()

    @property
    def worker_pid(self) -> int | None:
        return self._link.pid if self._link else None

    # --- the port ------------------------------------------------------------------------------------------------

    def listen(self, listener: EngineListener) -> None:
        self._listener = listener

    async def open_leg(self, leg: LegId, local: str, audio: LegAudio) -> int | WebLocal:
        media = _media(audio)
        link = self._link
        answer = await self._ask(lambda number: m.OpenLeg(id=number, leg=leg, local=local, media=media))
        if self._link is not link:
            raise MediaUnavailable("the media worker died after it had opened the port")
        if not isinstance(answer, m.LegOpened):
            raise MediaUnavailable(getattr(answer, "text", "unexpected answer"))
        self._legs.add(leg)
        return answer.port if answer.web is None else _web_local(answer.web)

    async def change_leg(self, leg: LegId, audio: LegAudio) -> WebLocal | None:
        media = _media(audio)
        answer = await self._ask(lambda number: m.SetMedia(id=number, leg=leg, media=media))
        if isinstance(answer, m.LegOpened) and answer.web is not None:
            return _web_local(answer.web)
        if not isinstance(answer, m.Done):
            raise MediaUnavailable(getattr(answer, "text", "unexpected answer"))
        return None

    def close_leg(self, leg: LegId) -> None:
        self._legs.discard(leg)
        self._statistics.pop(leg, None)
        self._tell(lambda number: m.CloseLeg(id=number, leg=leg))

    def play(self, leg: LegId, play: int, prompts: Sequence[str], language: str) -> None:
        names = tuple(prompts)
        self._tell(lambda number: m.Play(id=number, leg=leg, play=play, prompts=names, language=language))

    def stop_playing(self, leg: LegId) -> None:
        self._tell(lambda number: m.StopPlaying(id=number, leg=leg))

    def apply(self, plan: MediaPlan) -> None:
        known = self._plans.get(plan.meeting)
        if known is not None and plan.number <= known.number:
            return
        self._plans[plan.meeting] = plan
        self._tell(lambda number: _plan(number, plan))

    def drop(self, meeting: MeetingId) -> None:
        self._plans.pop(meeting, None)
        self._speakers.pop(meeting, None)
        self._tell(lambda number: m.DropMeeting(id=number, meeting=meeting))

    def statistics(self, leg: LegId) -> MediaStatistics | None:
        found = self._statistics.get(leg)
        if found is None:
            return None
        return MediaStatistics(**{name: getattr(found, name) for name in MediaStatistics.__slots__})

    def speakers(self, meeting: MeetingId) -> tuple[LegId, ...]:
        return tuple(LegId(leg) for leg in self._speakers.get(meeting, ()))

    def found(self) -> frozenset[LegId]:
        return self._found

    def keep(self, legs: Collection[LegId], meetings: Collection[MeetingId]) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        opened_since = self._legs - self._found
        self._legs = opened_since | (self._legs & set(legs))
        kept = tuple(sorted(self._legs))
        self._found = frozenset()
        self._tell(lambda number: m.Keep(id=number, legs=kept, meetings=tuple(sorted(meetings))))
        for message in held:
            self._on_notification(message)

    # --- the worker ----------------------------------------------------------------------------------------------

    def _configure(self, number: int) -> m.Configure:
        return m.Configure(
            id=number,
            port_low=self._ports[0],
            port_high=self._ports[1],
            loudest=self._loudest,
            dead_after_ms=self._dead_after_ms,
            web_listen=self._web.listen,
            web_port=self._web.port,
            web_addresses=self._web.addresses,
            version=__version__,
            outlive_ms=self._outlive_ms,
        )

    async def _ask(self, build: Builder) -> m.Response:
        if self._link is None:
            raise MediaUnavailable("no media worker lives")
        try:
            return await self._link.ask(build)
        except WorkerDied as problem:
            raise MediaUnavailable(str(problem)) from problem

    def _tell(self, build: Builder) -> None:
        if self._link is not None:
            self._link.tell(build)

    def _on_notification(self, message: m.Notification) -> None:
        listener = self._listener
        if self._held is not None and isinstance(message, m.Reliable):
            self._held.append(message)
            return
        match message:
            case m.Statistics():
                self._statistics = {leg: numbers for leg, numbers in message.legs.items() if leg in self._legs}
            case m.Speakers():
                self._speakers[message.meeting] = message.legs
            case m.Health():
                self.health = message
                self._deaths = 0
            case m.Log():
                log.info("media worker", text=message.text, level_of_worker=message.level, dropped=message.dropped)
            case m.DigitHeard() if listener:
                listener.digit(LegId(message.leg), message.digit)
            case m.PlayEnded() if listener:
                listener.play_ended(LegId(message.leg), message.play)
            case m.MediaReady() if listener:
                listener.media_ready(LegId(message.leg))
            case m.MediaDead() if listener:
                listener.media_died(LegId(message.leg))

    def _on_death(self) -> None:
        """The worker's legs have lost their media; a new worker serves those that come."""
        self._link, self._last = None, self._link
        self._statistics, self._speakers = {}, {}
        lost, self._legs = self._legs, set()
        for leg in sorted(lost):
            self._on_notification(m.MediaDead(seq=0, leg=leg, silent_ms=0))
        if not self._stopping:
            self._restarting = asyncio.get_running_loop().create_task(self._restart())

    async def _restart(self) -> None:
        while not self._stopping:
            await asyncio.sleep(min(RESTART_AFTER * 2**self._deaths, RESTART_AFTER_MOST))
            self._deaths += 1
            try:
                await self._start_new()
            except (WorkerDied, OSError) as problem:
                log.error("media worker did not start again", problem=str(problem))
            else:
                return


def _media(audio: LegAudio) -> m.LegMedia:
    return m.LegMedia(
        remote_host=audio.remote_host,
        remote_port=audio.remote_port,
        codec=m.Codec(name=audio.codec.name, payload_type=audio.codec.payload_type, clock_rate=audio.codec.clock_rate),
        dtmf_payload_type=audio.dtmf_payload_type,
        dtmf_clock_rate=audio.dtmf_clock_rate,
        packet_ms=audio.packet_ms,
        sends=audio.sends,
        receives=audio.receives,
        web=_web_remote(audio.web) if audio.web is not None else None,
        srtp=_srtp_keys(audio.srtp) if audio.srtp is not None else None,
    )


def _srtp_keys(keys: SrtpKeys) -> m.SrtpKeys:
    theirs, ours = (base64.b64decode(key.reveal()) for key in (keys.theirs, keys.ours))
    return m.SrtpKeys(suite=keys.suite, theirs=theirs, ours=ours)


def _web_remote(web: WebRemote) -> m.WebRemote:
    return m.WebRemote(
        ufrag=web.ufrag,
        password=web.password.reveal(),
        fingerprint=web.fingerprint,
        setup=web.setup,
        level_extension=web.level_extension,
    )


def _web_local(web: m.WebLocal) -> WebLocal:
    return WebLocal(web.port, web.ufrag, Secret(web.password), web.fingerprint, web.addresses)


def _plan(number: int, plan: MediaPlan) -> m.SetPlan:
    return m.SetPlan(
        id=number, meeting=plan.meeting, number=plan.number, legs=tuple(_leg_plan(leg) for leg in plan.legs)
    )


def _leg_plan(leg: LegMedia) -> m.LegPlan:
    return m.LegPlan(
        leg=leg.leg,
        contributes=leg.contributes,
        receives=leg.receives,
        gain=leg.gain,
        group=leg.group,
        announcement=leg.announcement,
        language=leg.language,
        repeat_ms=None if leg.repeat_after is None else int(leg.repeat_after * 1000),
    )
