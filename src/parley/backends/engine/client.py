"""The MediaEngine port over worker processes, each of which owns whole meetings.

Media are desired state here too: what is open, what plays and the newest plans are remembered, so that a worker that
dies is replaced and told all of it; phones notice no more than a second of silence. A leg that a plan names and that
is open on another worker is handed over (hand_over.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import structlog

from ... import __version__
from ...app.ports import EngineListener, MediaStatistics, MediaUnavailable
from ...core.ids import LegId, MeetingId, SpaceId
from ...core.leg_inputs import LegAudio, WebLocal
from ...core.mediaplan import MediaPlan
from ...core.meeting_inputs import Announce
from ...engine import messages as m
from .coming_back import ComingBack
from .hand_over import HandOver
from .media_worker import MediaWorker
from .opened import OpenedLeg, numbered
from .pace import Pace
from .placement import Placement
from .translate import announce, load_prompts, media_of, set_plan, statistics_of, web_local, window_of
from .worker import Builder

log = structlog.get_logger(__name__)

MOST_DEATHS = 5  # of a worker in a row; its legs may be the reason, so they are not opened once more
RETURN_WITHIN = 10.0  # seconds without a worker; then its legs are given up
CHANGE_WITHIN = 5.0  # seconds that a change of media waits for a leg to come back


@dataclass(frozen=True, slots=True)
class WebListening:
    """Where workers listen for browsers: numeric addresses and one UDP port (0: any), and what browsers are told.

    The second worker takes the port after it, and so on. addresses empty: those that are listened on.
    """

    listen: tuple[str, ...]
    port: int
    addresses: tuple[str, ...] = ()


class EngineClient:
    """Implements MediaEngine over `workers` processes."""

    def __init__(
        self,
        run_directory: Path,
        *,
        ports: tuple[int, int],
        loudest: int,
        dead_after: float,
        outlive: float = 0.0,
        web: WebListening | None = None,
        workers: int = 1,
    ) -> None:
        """web None: legs of browsers are refused. outlive: seconds for which workers wait for another control."""
        self._web = web or WebListening((), 0)
        self._settings = m.Configure(
            id=0,
            port_low=ports[0],
            port_high=ports[1],
            loudest=loudest,
            dead_after_ms=int(dead_after * 1000),
            web_listen=self._web.listen,
            web_addresses=self._web.addresses,
            version=__version__,
            outlive_ms=int(outlive * 1000),
        )
        self._workers = [
            MediaWorker(index, run_directory, partial(self._configure, index), self) for index in range(workers)
        ]
        self._listener: EngineListener | None = None
        self._legs: dict[LegId, OpenedLeg] = {}
        self._plans: dict[MeetingId, MediaPlan] = {}
        self._homes: dict[MeetingId, MediaWorker] = {}
        self._brands: dict[str, dict[str, str]] = {}
        self._speakers: dict[MeetingId, tuple[LegId, ...]] = {}
        self._found: frozenset[LegId] = frozenset()
        self._held: list[m.Reliable] | None = None  # told of what was found, until `keep`
        self._pace = Pace(self._send_plan)
        self._placement = Placement(self._workers, self._legs, self._plans, self._homes)
        self._back = ComingBack(self._legs)
        self._hand_over = HandOver(self._back.open_again, self._back.go_on)
        self.health: m.Health | None = None

    async def start(self) -> None:
        """With the workers that a server before this one left, or new ones. Raises WorkerDied when one stays away."""
        self._held = []
        await asyncio.gather(*(self._start(worker) for worker in self._workers))
        self._found = frozenset(self._legs)
        if not self._found and not self._homes:
            self.keep((), ())

    async def _start(self, worker: MediaWorker) -> None:
        found = await worker.take_over()
        if found is None:
            await worker.start()
            return
        for name, known in found.legs.items():
            leg = LegId(name)
            opened = self._legs[leg] = OpenedLeg(leg, known.local, known.media, known.port, None, worker, worker)
            opened.ready.set()
        for meeting in found.meetings:
            self._homes.setdefault(MeetingId(meeting), worker)

    async def stop(self) -> None:
        self._pace.stop()
        await self._hand_over.stop()
        for worker in self._workers:
            await worker.stop()

    async def leave(self) -> None:
        """Workers with legs go on for the next control, as after a death of this one; the others end."""
        self._pace.stop()
        await self._hand_over.stop()
        for worker in self._workers:
            await (worker.leave() if self._back.on(worker) else worker.stop())

    @property
    def worker_pid(self) -> int | None:
        """Of the first worker."""
        return self._workers[0].pid

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Of all that live."""
        return tuple(worker.pid for worker in self._workers if worker.pid is not None)

    @property
    def loads(self) -> list[dict[str, int | float]]:
        """How each worker that has told of it keeps its time, for `parley status`."""
        return [load for worker in self._workers if (load := worker.load) is not None]

    # --- the port ------------------------------------------------------------------------------------------------

    def listen(self, listener: EngineListener) -> None:
        self._listener = self._back.listener = listener

    async def open_leg(self, leg: LegId, local: str, audio: LegAudio, space: SpaceId | None = None) -> int | WebLocal:
        media = media_of(audio)
        worker = self._placement.of_leg(space)
        link = worker.link
        answer = await worker.ask(lambda number: m.OpenLeg(id=number, leg=leg, local=local, media=media))
        if worker.link is not link:
            raise MediaUnavailable("the media worker died after it had opened the port")
        if not isinstance(answer, m.LegOpened):
            raise MediaUnavailable(getattr(answer, "text", "unexpected answer"))
        opened = self._legs[leg] = OpenedLeg(leg, local, media, answer.port, space, worker, worker)
        opened.ready.set()
        return answer.port if answer.web is None else web_local(answer.web)

    async def change_leg(self, leg: LegId, audio: LegAudio) -> WebLocal | None:
        opened = self._legs.get(leg)
        if opened is None:
            raise MediaUnavailable("the leg is not open")
        media = media_of(audio)
        if (media.web is None) != (opened.media.web is None):
            raise MediaUnavailable("a phone's leg does not become a browser's, nor the other way")
        try:
            async with asyncio.timeout(CHANGE_WITHIN):
                answer = await self._change(opened, media)
        except TimeoutError as problem:
            if opened.lost:  # the next attempt opens it, and must not find that this one has after all
                opened.worker.tell(lambda number: m.CloseLeg(id=number, leg=leg))
            raise MediaUnavailable("the leg has no media worker now") from problem
        if isinstance(answer, m.Failed):
            raise MediaUnavailable(answer.text)
        return web_local(answer.web) if isinstance(answer, m.LegOpened) and answer.web is not None else None

    async def _change(self, opened: OpenedLeg, media: m.LegMedia) -> m.Response:
        """Where its worker dies over it, its next one is asked."""
        while True:
            waits_for = opened.worker.up if opened.lost else opened.ready
            if not waits_for.is_set():  # and once more, since it may have gone on to the next worker by then
                await waits_for.wait()
                continue
            was_lost, request = opened.lost, m.SetMedia(id=0, leg=opened.leg, media=media)
            if was_lost:
                opened.describe(media)
            try:
                answer = await opened.worker.ask(opened.opening if was_lost else partial(numbered, request))
            except MediaUnavailable:
                continue
            if not isinstance(answer, m.Failed):
                opened.describe(media)
                if was_lost:
                    opened.lost = False
                    self._back.go_on(opened)
            return answer

    def close_leg(self, leg: LegId) -> None:
        opened = self._legs.pop(leg, None)
        if opened is not None:
            opened.closed = True
            if opened.ready.is_set() or opened.lost:
                opened.worker.tell(lambda number: m.CloseLeg(id=number, leg=leg))

    def play(self, leg: LegId, play: int, prompts: Sequence[str], language: str, brand: str = "") -> None:
        opened = self._legs.get(leg)
        if opened is not None:
            opened.playing = m.Play(id=0, leg=leg, play=play, prompts=tuple(prompts), language=language, brand=brand)
            self._tell_leg(opened, partial(numbered, opened.playing))

    def stop_playing(self, leg: LegId) -> None:
        opened = self._legs.get(leg)
        if opened is not None:
            opened.playing = None
            self._tell_leg(opened, lambda number: m.StopPlaying(id=number, leg=leg))

    def send_digits(self, leg: LegId, digits: str, each_ms: int) -> None:
        opened = self._legs.get(leg)
        if opened is not None:
            opened.keys.append(lambda number: m.SendDigits(id=number, leg=leg, digits=digits, ms=each_ms))
            if opened.ready.is_set():
                opened.send_keys()

    def apply(self, plan: MediaPlan) -> None:
        known = self._plans.get(plan.meeting)
        if known is not None and plan.number <= known.number:
            return
        self._plans[plan.meeting] = plan
        if plan.meeting not in self._homes:
            self._homes[plan.meeting] = self._placement.of_meeting(plan)
        self._pace.ask(plan.meeting)

    def _send_plan(self, meeting: MeetingId) -> None:
        plan, home = self._plans[meeting], self._homes[meeting]
        home.tell(partial(set_plan, plan=plan))
        self._bring_together(plan, home)

    def announce(self, announcement: Announce) -> None:
        self._pace.hurry(announcement.meeting)
        home = self._homes.get(announcement.meeting)
        if home is not None:
            home.tell(partial(announce, announcement=announcement))

    def load_prompts(self, brand: str, files: Mapping[str, Path]) -> None:
        paths = {name: str(path) for name, path in files.items()}
        self._brands.pop(brand, None)
        if paths:
            self._brands[brand] = paths
        for worker in self._workers:
            worker.tell(partial(load_prompts, brand=brand, files=paths))

    def drop(self, meeting: MeetingId) -> None:
        self._pace.forget(meeting)
        self._plans.pop(meeting, None)
        self._speakers.pop(meeting, None)
        home = self._homes.pop(meeting, None)
        if home is not None:
            home.tell(lambda number: m.DropMeeting(id=number, meeting=meeting))

    def statistics(self, leg: LegId) -> MediaStatistics | None:
        opened = self._legs.get(leg)
        if opened is None or opened.statistics is None:
            return None
        return statistics_of(opened.statistics)

    def speakers(self, meeting: MeetingId) -> tuple[LegId, ...]:
        return self._speakers.get(meeting, ())

    def found(self) -> frozenset[LegId]:
        return self._found

    def keep(self, legs: Collection[LegId], meetings: Collection[MeetingId]) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        for leg in self._found - set(legs):
            self._legs.pop(leg, None)
        self._found = frozenset()
        for meeting in self._homes.keys() - set(meetings) - self._plans.keys():
            del self._homes[meeting]
        for worker in self._workers:
            kept = tuple(sorted(leg for leg, opened in self._legs.items() if opened.worker is worker))
            homed = tuple(sorted(meeting for meeting, home in self._homes.items() if home is worker))
            worker.tell(partial(_keep, kept, homed))
        for message in held:
            self._on_reliable(message)

    # --- placement -----------------------------------------------------------------------------------------------

    def _configure(self, index: int, number: int) -> m.Configure:
        port = self._web.port + index if self._web.port else 0
        return msgspec.structs.replace(self._settings, id=number, web_port=port)

    def _bring_together(self, plan: MediaPlan, home: MediaWorker) -> None:
        for leg in plan.legs:
            opened = self._legs.get(leg.leg)
            if opened is None or opened.wanted is home:
                continue
            if opened.is_browsers:
                self._renew_elsewhere(opened, home)
            else:
                self._hand_over.bring(opened, home)

    def _renew_elsewhere(self, opened: OpenedLeg, home: MediaWorker) -> None:
        """A browser's sockets are shared, so it makes its media anew."""
        opened.worker.tell(lambda number: m.CloseLeg(id=number, leg=opened.leg))
        opened.worker = opened.wanted = home
        self._back.lose(opened)
        self._back.tell_lost(opened)

    def _tell_leg(self, opened: OpenedLeg, build: Builder) -> None:
        """While it is not open, what is remembered of it is enough."""
        if opened.ready.is_set():
            opened.worker.tell(build)

    # --- what workers tell ---------------------------------------------------------------------------------------

    def on_notification(self, worker: MediaWorker, message: m.Notification) -> None:
        match message:
            case m.Statistics():
                for leg, opened in self._legs.items():
                    if opened.worker is worker and (numbers := message.legs.get(leg)) is not None:
                        opened.statistics = numbers
                        opened.stream = message.streams.get(leg, opened.stream)
            case m.Quality():
                for name, quality in message.legs.items():
                    if self._listener is not None and LegId(name) in self._legs:
                        self._listener.quality(LegId(name), window_of(quality))
            case m.Speakers():
                if self._homes.get(MeetingId(message.meeting)) is worker:
                    self._speakers[MeetingId(message.meeting)] = tuple(LegId(leg) for leg in message.legs)
            case m.Health():
                self.health = worker.health = message
            case m.Log():
                log.info("media worker", text=message.text, level_of_worker=message.level, dropped=message.dropped)
            case _ if self._held is not None:
                self._held.append(message)
            case _:
                self._on_reliable(message)

    def _on_reliable(self, message: m.Reliable) -> None:
        opened, listener = self._legs.get(LegId(message.leg)), self._listener
        if opened is None:
            return
        if isinstance(message, m.PlayEnded) and opened.playing is not None and opened.playing.play == message.play:
            opened.playing = None
        if listener is None:
            return
        match message:
            case m.DigitHeard():
                listener.digit(opened.leg, message.digit)
            case m.PlayEnded():
                listener.play_ended(opened.leg, message.play)
            case m.MediaReady():
                listener.media_ready(opened.leg)
            case m.MediaDead():
                listener.media_died(opened.leg)

    # --- deaths --------------------------------------------------------------------------------------------------

    def on_death(self, worker: MediaWorker) -> None:
        for meeting, home in self._homes.items():
            if home is worker:
                self._speakers.pop(meeting, None)
        for opened in self._back.on(worker):
            if opened.is_browsers:
                self._back.lose(opened)
            opened.ready.clear()
            opened.statistics = None
        if worker.deaths > MOST_DEATHS:
            self._back.give_up(worker)

    def on_failed_start(self, worker: MediaWorker) -> None:
        if time.monotonic() - worker.died_at > RETURN_WITHIN:
            self._back.give_up(worker)

    async def on_return(self, worker: MediaWorker) -> None:
        """Everything that it is to know: its legs, what plays to them, and its plans."""
        legs = self._back.on(worker)
        for brand, files in self._brands.items():
            worker.tell(partial(load_prompts, brand=brand, files=files))
        await asyncio.gather(
            *(self._back.open_again(opened) for opened in legs if not opened.is_browsers and not opened.moving)
        )
        self._tell_plans(worker)
        for opened in legs:
            if opened.lost:
                self._back.tell_lost(opened)

    def _tell_plans(self, worker: MediaWorker) -> None:
        for meeting, home in self._homes.items():
            plan = self._plans.get(meeting)
            if home is worker and plan is not None:
                worker.tell(partial(set_plan, plan=plan))
                self._bring_together(plan, worker)


def _keep(legs: tuple[str, ...], meetings: tuple[str, ...], number: int) -> m.Keep:
    return m.Keep(id=number, legs=legs, meetings=meetings)
